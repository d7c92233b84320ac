//! A control database belongs to its keys: a process with others is told so at its start, and changes nothing.

use adapters::sql::SqlError;
use exchange::{cnic::Cnic, ports::citizen_keys::CitizenKeys as _};

use crate::world::World;

pub async fn another_key_is_named_at_the_start(world: &World) {
    for (keys, named) in [
        ([9, 2, 3], "lookup"),
        ([1, 9, 3], "wrapping"),
        ([1, 2, 9], "pepper"),
        ([9, 9, 3], "lookup"),
        ([1, 9, 9], "wrapping"),
        // The right secrets in each other's place.
        ([2, 1, 3], "lookup"),
        ([1, 3, 2], "wrapping"),
    ] {
        let refused = world.open(keys).await.unwrap_err();
        assert_eq!(refused, SqlError::OtherKey { key: named }, "{keys:?}");
        let text = refused.to_string();
        assert!(text.contains(&format!("`{named}.key`")) && text.contains("backup"), "{text}");
    }
    let right = world.open([1, 2, 3]).await.unwrap();
    right.healthy().await.unwrap();
    right.database().close().await;
}

pub async fn of_two_first_starts_with_different_keys_one_is_refused(world: &World) {
    for round in 0..5 {
        world.meddle("DELETE FROM key_check").await.unwrap();
        let (one, other) = tokio::join!(world.open([1, 2, 3]), world.open([1, 2, 4]));
        let refused = [&one, &other].into_iter().filter_map(|opened| opened.as_ref().err()).collect::<Vec<_>>();
        assert_eq!(refused, [&SqlError::OtherKey { key: "pepper" }], "round {round}");
        let kept = if one.is_ok() { [1, 2, 3] } else { [1, 2, 4] };
        let late = if one.is_ok() { [1, 2, 4] } else { [1, 2, 3] };
        world.open(kept).await.unwrap().database().close().await;
        world.open(late).await.unwrap_err();
        for store in [one, other].into_iter().flatten() {
            store.database().close().await;
        }
    }
}

/// Who is refused leaves no tag of his own for the keys that are missing.
pub async fn a_refused_start_keeps_nothing(world: &World) {
    world.meddle("DELETE FROM key_check WHERE name <> 'pepper'").await.unwrap();
    assert_eq!(world.open([7, 8, 9]).await.unwrap_err(), SqlError::OtherKey { key: "pepper" });
    world.open([1, 2, 3]).await.unwrap().database().close().await;
    assert_eq!(world.open([7, 2, 3]).await.unwrap_err(), SqlError::OtherKey { key: "lookup" });
}

pub async fn a_damaged_tag_is_another_key(world: &World) {
    for damage in ["tag = substr(tag, 2)", "tag = substr(tag, 1, 31)", "tag = substr(tag, 1, 0)"] {
        world.meddle(format!("UPDATE key_check SET {damage} WHERE name = 'wrapping'")).await.unwrap();
        let refused = world.open([1, 2, 3]).await.unwrap_err();
        assert_eq!(refused, SqlError::OtherKey { key: "wrapping" }, "{damage}");
    }
    // The tags are three: one does not stand for another.
    world.meddle("UPDATE key_check SET tag = (SELECT t.tag FROM key_check t WHERE t.name = 'lookup')").await.unwrap();
    assert_eq!(world.open([1, 1, 1]).await.unwrap_err(), SqlError::OtherKey { key: "wrapping" });
}

/// A thief of the database learns from a tag neither the key nor a citizen's digest.
pub async fn a_tag_is_no_digest_of_a_citizen(world: &World) {
    let Some(dump) = world.dump() else { return };
    for secret in [[1_u8; 32], [2; 32], [3; 32]] {
        assert!(!dump.windows(32).any(|window| window == secret), "a key stands in the database");
    }
    let digest = world.here.subject_key(Cnic::parse("4210112345671").unwrap());
    assert!(!dump.windows(32).any(|window| window == digest.0));
    assert!(dump.windows(9).any(|window| window == b"key_check"), "the dump holds nothing");
}

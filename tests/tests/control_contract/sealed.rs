//! What is sealed is bound to its table, row and column: moved elsewhere it does not open, and opens again when put back.

use adapters::sql::{
    SqlError,
    control::{Begun, IdempotencyScope},
};
use exchange::{cnic::Cnic, consent::ConsentUse, ids::ServiceId, ports::citizen_keys::CitizenKeys as _};

use crate::world::{PASSCODE, World, passcode};

fn is_damage(error: &SqlError) -> bool {
    matches!(error, SqlError::Other(why) if why.contains("cannot be read"))
}

/// Exchanges one column of two rows, as a thief with the database's password would.
async fn swap(world: &World, table: &str, column: &str, key: &str, [a, b]: [&str; 2]) {
    let value = |row: &str| format!("(SELECT {column} FROM swapped WHERE {key} = '{row}')");
    world
        .meddle(format!(
            "CREATE TABLE swapped AS SELECT {key}, {column} FROM {table}; \
             UPDATE {table} SET {column} = {} WHERE {key} = '{a}'; \
             UPDATE {table} SET {column} = {} WHERE {key} = '{b}'; DROP TABLE swapped",
            value(b),
            value(a)
        ))
        .await
        .unwrap();
}

pub async fn keys_and_numbers_of_two_citizens_cannot_be_exchanged(world: &World) {
    let [a, b] = ["4210112345671", "4210112345672"].map(|cnic| world.here.subject_key(Cnic::parse(cnic).unwrap()));
    for subject in [a, b] {
        world.here.key(subject).await.unwrap().unwrap();
        world.here.set_contact(subject, World::contact()).await.unwrap();
    }
    let (a_hex, b_hex) = (a.to_hex(), b.to_hex());
    for subject in [a, b] {
        assert!(world.there.contact(subject).await.is_ok() && world.there.key(subject).await.is_ok());
    }
    swap(world, "citizen_key", "wrapped", "subject", [&a_hex, &b_hex]).await;
    // The same number on both sides, and still it does not open: the place is part of the seal.
    swap(world, "contact", "mobile", "subject", [&a_hex, &b_hex]).await;
    for subject in [a, b] {
        let refused = world.open([1, 2, 3]).await.unwrap().key(subject).await.unwrap_err();
        assert!(refused.to_string().contains("citizen's key cannot be read"), "{refused}");
        assert!(is_damage(&world.there.contact(subject).await.unwrap_err()));
    }
    swap(world, "citizen_key", "wrapped", "subject", [&a_hex, &b_hex]).await;
    swap(world, "contact", "mobile", "subject", [&a_hex, &b_hex]).await;
    for subject in [a, b] {
        assert!(world.there.key(subject).await.unwrap().is_some());
        assert_eq!(world.there.contact(subject).await.unwrap(), Some(World::contact()));
    }
}

pub async fn a_sealed_value_does_not_open_in_another_table_or_column(world: &World) {
    let subject = world.subject();
    world.here.key(subject).await.unwrap().unwrap();
    world.here.set_contact(subject, World::contact()).await.unwrap();
    world.meddle("UPDATE contact SET mobile = (SELECT wrapped FROM citizen_key)").await.unwrap();
    assert!(is_damage(&world.here.contact(subject).await.unwrap_err()));
    world.here.set_contact(subject, World::contact()).await.unwrap();
    world.meddle("UPDATE citizen_key SET wrapped = (SELECT mobile FROM contact)").await.unwrap();
    world.open([1, 2, 3]).await.unwrap().key(subject).await.unwrap_err();
    // What a citizen is shown is kept under that key: with a damaged one nobody is asked.
    world.meddle("DELETE FROM citizen_key").await.unwrap();
    world.sent("one", ConsentUse::OneTime).await;
    assert_eq!(world.here.outbox(9).await.unwrap().len(), 1);
    world.meddle("UPDATE sms_outbox SET recipient = body").await.unwrap();
    assert!(is_damage(&world.here.outbox(9).await.unwrap_err()));
    world.meddle("DELETE FROM sms_outbox").await.unwrap();
    world.submitted("two", ConsentUse::OneTime).await;
    assert!(world.here.send("two", &passcode(PASSCODE), World::contact(), "+923001234567").await.unwrap());
    world.meddle("UPDATE sms_outbox SET body = recipient").await.unwrap();
    assert!(is_damage(&world.here.outbox(9).await.unwrap_err()), "body and recipient read alike and are not alike");
}

pub async fn messages_cannot_be_sent_to_each_others_citizens(world: &World) {
    for column in ["recipient", "body"] {
        for id in ["one", "two"] {
            world.sent(&format!("{id} {column}"), ConsentUse::OneTime).await;
            world.clock.advance(1);
        }
        assert_eq!(world.here.outbox(9).await.unwrap().len(), 2);
        world
            .meddle(format!(
                "UPDATE sms_outbox SET {column} = (SELECT o.{column} FROM sms_outbox o WHERE o.id <> sms_outbox.id) \
                 WHERE queued_at = (SELECT MIN(queued_at) FROM sms_outbox)"
            ))
            .await
            .unwrap();
        assert!(is_damage(&world.here.outbox(9).await.unwrap_err()), "{column}");
        assert_eq!(world.here.outbox(1).await.unwrap().len(), 1, "what was left alone still opens");
        world.meddle("DELETE FROM sms_outbox").await.unwrap();
    }
}

pub async fn an_answer_is_given_to_its_own_key_only(world: &World) {
    let service = ServiceId::parse("consent.authorize").unwrap();
    let scope = |key| IdempotencyScope { agency: &world.bank, user: Some(&world.teller), service: &service, key };
    for (key, sequence) in [("a", 1), ("b", 2)] {
        let Begun::Fresh(claim) = world.here.begin(scope(key), &[1; 32]).await.unwrap() else { panic!("{key}") };
        assert!(world.here.finish(&claim, sequence, Some(key.as_bytes())).await.unwrap());
    }
    let answer = async |key| match world.there.begin(scope(key), &[1; 32]).await {
        Ok(Begun::Done { answer, .. }) => Ok(answer),
        Ok(other) => panic!("{key}: {other:?}"),
        Err(error) => Err(error),
    };
    assert_eq!(answer("a").await, Ok(Some(b"a".to_vec())));
    let theft = "UPDATE idempotency SET answer = (SELECT o.answer FROM idempotency o WHERE o.sequence = 2) \
                 WHERE sequence = 1";
    world.meddle(theft).await.unwrap();
    assert!(is_damage(&answer("a").await.unwrap_err()));
    assert_eq!(answer("b").await, Ok(Some(b"b".to_vec())));
    if let Some(dump) = world.dump() {
        assert!(!dump.windows(9).any(|window| window == b"the key a"), "nothing sealed stands in the file");
    }
}

/// The passcode's code is bound to its request: copied into another row it opens nothing.
pub async fn a_passcodes_code_is_no_passcode_elsewhere(world: &World) {
    use exchange::consent::machine::PasscodeAnswer;
    world.sent("mine", ConsentUse::OneTime).await;
    world.clock.advance(1);
    world.submitted("theirs", ConsentUse::OneTime).await;
    assert!(world.here.send("theirs", &passcode("000001"), World::contact(), "x").await.unwrap());
    let theft = "UPDATE auth_request SET mac = (SELECT a.mac FROM auth_request a ORDER BY a.created_at LIMIT 1) \
                 WHERE created_at = (SELECT MAX(b.created_at) FROM auth_request b)";
    world.meddle(theft).await.unwrap();
    assert_eq!(world.offer("theirs", PASSCODE).await, Some(PasscodeAnswer::Wrong { tries_left: 2 }));
    assert_eq!(world.offer("mine", PASSCODE).await, Some(PasscodeAnswer::Approved));
    // Nor does it survive a change of what was asked for.
    for (n, change) in
        ["details = replace(details, 'identity.name', 'identity.photo')", "user_id = 'teller-2'"].iter().enumerate()
    {
        let id = format!("changed {n}");
        world.clock.advance(1);
        world.sent(&id, ConsentUse::OneTime).await;
        let last = "created_at = (SELECT MAX(b.created_at) FROM auth_request b)";
        world.meddle(format!("UPDATE auth_request SET {change} WHERE {last}")).await.unwrap();
        let user = exchange::ids::UserId::parse(if n == 0 { "teller-1" } else { "teller-2" }).unwrap();
        let answer = world.here.offer(&id, &world.bank, &user, &passcode(PASSCODE)).await.unwrap();
        assert_eq!(answer, Some(PasscodeAnswer::Wrong { tries_left: 2 }), "{change}");
    }
}

//! Notices by many at once: a person is held exactly while a notice is open.

use std::sync::Arc;

use exchange::cnic::Cnic;
use registry_core::{
    notice::DeathNotice,
    person::{LifeStatus, PersonId},
    ports::store::{RegistryStore as _, StoreError},
};

use crate::place::{self, Place, living, notice};

async fn people(place: &Place) -> (Arc<adapters::sql::registry::RegistrySql>, Vec<(Cnic, PersonId)>) {
    let (store, batches) = (place.store().await, place::batches(51, 200));
    place::load(store.as_ref(), &batches).await;
    (store, living(&batches))
}

pub async fn of_many_notices_of_one_source_one_is_placed(place: &Place) {
    let (store, people) = people(place).await;
    for (round, &(number, pid)) in people.iter().take(5).enumerate() {
        let placing: Vec<_> = (0..16)
            .map(|n| {
                let (store, notice) = (store.clone(), notice(&format!("r{round} n{n}"), pid, "hospital-mehran"));
                tokio::spawn(async move { store.place_notice(&notice).await.unwrap() })
            })
            .collect();
        let mut placed = Vec::new();
        for placing in placing {
            placed.push(placing.await.unwrap());
        }
        assert_eq!(placed.iter().filter(|placed| placed.fresh).count(), 1, "round {round}");
        assert!(placed.iter().all(|other| other.id == placed[0].id), "two ids for one open notice");
        assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Held);
        let id = placed[0].id.clone();
        let ending: Vec<_> = (0..16)
            .map(|_| {
                let (store, id) = (store.clone(), id.clone());
                tokio::spawn(async move { store.withdraw_notice(&id).await.unwrap() })
            })
            .collect();
        let mut ended = 0;
        for ending in ending {
            ended += u32::from(ending.await.unwrap());
        }
        assert_eq!(ended, 1, "round {round}: a notice was withdrawn {ended} times");
        assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Alive);
    }
}

pub async fn notices_of_many_sources_hold_until_the_last_is_withdrawn(place: &Place) {
    let (store, people) = people(place).await;
    let (number, pid) = people[0];
    let placing: Vec<_> = (0..10)
        .map(|n| {
            let (store, notice) = (store.clone(), notice(&format!("n{n}"), pid, &format!("hospital-{n}")));
            tokio::spawn(async move { store.place_notice(&notice).await.unwrap().fresh })
        })
        .collect();
    for placing in placing {
        assert!(placing.await.unwrap(), "each source has a notice of its own");
    }
    for left in (0..10).rev() {
        let id = format!("n{}", (left * 7) % 10);
        assert_eq!(store.withdraw_notice(&id).await, Ok(true), "{id}");
        let expected = if left == 0 { LifeStatus::Alive } else { LifeStatus::Held };
        assert_eq!(place::life(store.as_ref(), number).await, expected, "{left} notices are open");
    }
}

/// One withdraws while another places: whoever is later, a person with an open notice is held.
pub async fn a_notice_that_crosses_a_withdrawal_still_holds(place: &Place) {
    let (store, people) = people(place).await;
    let (number, pid) = people[1];
    for round in 0..12 {
        let (first, second) =
            (notice(&format!("a{round}"), pid, "hospital-mehran"), notice(&format!("b{round}"), pid, "council"));
        store.place_notice(&first).await.unwrap();
        let (withdrawn, placed) = tokio::join!(store.withdraw_notice(&first.id), store.place_notice(&second));
        assert_eq!((withdrawn, placed.unwrap().fresh), (Ok(true), true), "round {round}");
        assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Held, "round {round}");
        // The same source, withdrawn and placed at once: the answer says whether a notice is open, and so does life.
        let again = notice(&format!("c{round}"), pid, "council");
        let (withdrawn, placed) = tokio::join!(store.withdraw_notice(&second.id), store.place_notice(&again));
        let placed = placed.unwrap();
        assert_eq!(withdrawn, Ok(true), "round {round}");
        let expected = if placed.fresh { LifeStatus::Held } else { LifeStatus::Alive };
        assert_eq!(place::life(store.as_ref(), number).await, expected, "round {round}: {placed:?}");
        assert_eq!(placed.id, if placed.fresh { again.id.clone() } else { second.id.clone() });
        store.withdraw_notice(&again.id).await.unwrap();
        assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Alive, "round {round}");
    }
}

pub async fn a_notice_holds_its_own_person_only(place: &Place) {
    let (store, people) = people(place).await;
    let (_, pid) = people[2];
    store.place_notice(&notice("n1", pid, "hospital-mehran")).await.unwrap();
    for (number, other) in &people {
        let expected = if *other == pid { LifeStatus::Held } else { LifeStatus::Alive };
        assert_eq!(place::life(store.as_ref(), *number).await, expected, "person {}", other.0);
    }
    // An id that is taken is another's: nobody else is held under it.
    let (number, stranger) = people[3];
    store.place_notice(&notice("n1", stranger, "hospital-mehran")).await.unwrap_err();
    assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Alive);
    assert_eq!(place::life(place.store().await.as_ref(), number).await, LifeStatus::Alive);
    let nobody = store.place_notice(&notice("n2", PersonId(9_000_000), "hospital-mehran")).await;
    assert!(nobody.is_err(), "a notice of nobody was kept");
}

/// Every word of a notice is kept, and a withdrawn one is kept too.
pub async fn a_notice_is_kept_word_for_word(place: &Place) {
    let (store, people) = people(place).await;
    let mut told = notice("n1", people[0].1, "hospital-mehran");
    told.content = DeathNotice {
        place: "It's \"Ward 7\"; -- مہران".into(),
        informant: Some(people[1].0),
        cause: Some("$1 \\ %".into()),
        ..told.content
    };
    store.place_notice(&told).await.unwrap();
    store.withdraw_notice("n1").await.unwrap();
    let expected = format!(
        "id = 'n1' AND pid = {} AND source = 'hospital-mehran' AND received_us = {} AND died = '2026-11-20' \
         AND place = 'It''s \"Ward 7\"; -- مہران' AND informant = {} AND cause = '$1 \\ %' AND state = 'withdrawn'",
        people[0].1.0,
        told.received.micros(),
        people[1].0.as_u64()
    );
    // A row that stands as expected is turned, and only then can it be withdrawn again.
    place.meddle(format!("UPDATE death_notice SET state = 'open' WHERE {expected}")).await;
    assert_eq!(store.withdraw_notice("n1").await, Ok(true), "the notice is not kept as it was told");
}

pub async fn the_tables_keep_their_own_rules(place: &Place) {
    let (store, people) = people(place).await;
    store.place_notice(&notice("n1", people[0].1, "hospital-mehran")).await.unwrap();
    for (sql, why) in [
        ("UPDATE person SET life = 'junk'", "another life"),
        ("UPDATE person SET life = 'deceased' WHERE died IS NULL", "a death without its day"),
        ("UPDATE person SET died = '2020' WHERE life = 'alive'", "a day of death of the living"),
        ("UPDATE household SET pmt = 10001", "a score above the scale"),
        ("UPDATE household SET beneficiary = 2", "neither yes nor no"),
        ("UPDATE death_notice SET state = 'junk'", "another state"),
        (
            "INSERT INTO death_notice SELECT 'n2', pid, source, received_us, died, place, informant, cause, state FROM \
          death_notice",
            "two open notices of one source",
        ),
        ("INSERT INTO synthetic (id, seed, size) VALUES (2, '1', 1)", "two populations"),
        ("DELETE FROM person", "a person with numbers"),
    ] {
        let database = place.database().await;
        let refused = tests::meddling::meddle(&database, sql).await;
        assert_eq!(refused, Err(adapters::sql::SqlError::Conflict), "{why}");
        database.close().await;
    }
    let unknown = store.withdraw_notice("n2").await;
    assert_eq!(unknown, Ok::<_, StoreError>(false));
}

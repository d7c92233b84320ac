//! A registry that is locked, closed or read-only: readers are served if they can be, writers are told soon.

use std::time::Duration;

use adapters::sql::{Database, SqlError, registry::RegistrySql};
use registry_core::{
    person::LifeStatus,
    population::Population,
    ports::store::{RegistryStore as _, StoreError},
    report::Table,
};

use crate::place::{self, Place, living, notice};

/// Below the deadline of the service that takes notices (3 s).
const SOON: Duration = Duration::from_millis(2_800);

pub async fn a_locked_person_takes_no_notice_and_is_told_soon(place: &Place) {
    if place.is_postgres() {
        // There a row would have to be locked from outside; that waits end is held in the control store's contract.
        return;
    }
    let (store, batches) = (place.store().await, place::batches(81, 120));
    place::load(store.as_ref(), &batches).await;
    let (number, pid) = living(&batches)[0];
    store.place_notice(&notice("old", pid, "council")).await.unwrap();
    let other = place.database().await;
    let held = other.begin().await.unwrap();
    let (new, second) = (notice("new", pid, "hospital-mehran"), notice("second", pid, "mosque"));
    let asked = async {
        tokio::join!(store.place_notice(&new), store.withdraw_notice("old"), async {
            place::life(store.as_ref(), number).await
        })
    };
    let (placed, withdrawn, life) = tokio::time::timeout(SOON, asked).await.unwrap();
    assert!(matches!(placed, Err(StoreError::Unavailable(_))), "{placed:?}");
    assert!(matches!(withdrawn, Err(StoreError::Unavailable(_))), "{withdrawn:?}");
    assert_eq!(life, LifeStatus::Held, "a reader waits for nobody");
    drop(held);
    assert!(store.place_notice(&second).await.unwrap().fresh);
    for (id, expected) in [("old", true), ("new", false), ("second", true)] {
        assert_eq!(store.withdraw_notice(id).await, Ok(expected), "{id}");
    }
    assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Alive);
    other.close().await;
}

pub async fn a_closed_registry_answers_nothing(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(82, 120));
    place::load(store.as_ref(), &batches).await;
    let (number, pid) = living(&batches)[0];
    store.database().close().await;
    let unavailable = |error: Option<StoreError>, what: &str| {
        assert!(matches!(error, Some(StoreError::Unavailable(_))), "{what}: {error:?}");
    };
    unavailable(store.person(number).await.err(), "person");
    unavailable(store.household_of(number).await.err(), "household_of");
    unavailable(store.count(Table::PersonsByProvince).await.err(), "count");
    unavailable(store.place_notice(&notice("n", pid, "council")).await.err(), "place_notice");
    unavailable(store.withdraw_notice("n").await.err(), "withdraw_notice");
    unavailable(store.load(&batches[0]).await.err(), "load");
    unavailable(store.persons().await.err(), "persons");
    assert_eq!(place::life(place.store().await.as_ref(), number).await, LifeStatus::Alive);
}

pub async fn a_read_only_registry_is_refused_at_the_start(place: &Place) {
    let store = place.store().await;
    store.seed(Population::new(83, 60), |_| {}).await.unwrap();
    let url = if place.is_postgres() {
        format!("{}&options=-c%20default_transaction_read_only%3Don", place.url)
    } else {
        format!("{}?mode=ro", place.url)
    };
    let refused = match Database::open(&url, "registry").await {
        Ok(database) => RegistrySql::open(database).await.err(),
        Err(error) => Some(error),
    };
    assert!(matches!(refused, Some(SqlError::Unavailable(_))), "{refused:?}");
    assert_eq!(store.persons().await, Ok(60));
}

/// A caller that goes away in the midst of a notice leaves it done or undone, never a hold without a notice.
pub async fn a_caller_that_goes_away_leaves_nothing_half_done(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(84, 120));
    place::load(store.as_ref(), &batches).await;
    for (round, (number, pid)) in living(&batches).into_iter().take(8).enumerate() {
        let told = notice(&format!("n{round}"), pid, "council");
        let mut placing = Box::pin(store.place_notice(&told));
        for _ in 0..=round {
            let polled =
                std::future::poll_fn(|cx| std::task::Poll::Ready(placing.as_mut().poll(cx).is_pending())).await;
            if !polled {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(placing);
        // The same notice again: it is open already, or is placed now, and the person is held either way.
        assert_eq!(store.place_notice(&told).await.unwrap().id, told.id);
        assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Held, "round {round}");
        assert_eq!(store.withdraw_notice(&told.id).await, Ok(true));
        assert_eq!(place::life(store.as_ref(), number).await, LifeStatus::Alive, "round {round}");
    }
}

//! The store on SQLite; the same contract runs on PostgreSQL in `tests/tests/registry_contract.rs`.

use std::{path::PathBuf, sync::Arc};

use exchange::{ids::AgencyId, timestamp::Timestamp};
use registry_core::{
    contract::registry_contract,
    date::Day,
    notice::{DeathNotice, Notice},
    person::LifeStatus,
    population::{DEMO_SEED, Population},
    ports::store::{RegistryStore, StoreError},
};

use super::{RegistrySql, SeedError};
use crate::sql::{Database, SqlError};

/// A folder of the test's own, gone with the test.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-registry-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn url(&self) -> String {
        format!("sqlite:{}", self.0.join("registry.db").display())
    }

    pub(super) async fn store(&self) -> RegistrySql {
        RegistrySql::open(Database::open(&self.url(), "registry").await.unwrap()).await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let place = Place::new("contract");
    registry_contract(&place.store().await).await;
}

#[tokio::test]
async fn sqlite_without_the_cache_keeps_the_contract() {
    let place = Place::new("uncached");
    let mut store = place.store().await;
    store.cache = None;
    registry_contract(&store).await;
}

#[tokio::test]
async fn a_seed_is_loaded_once_and_goes_on_after_a_break() {
    let place = Place::new("seed");
    let store = place.store().await;
    let mut told = Vec::new();
    assert_eq!(store.seed(Population::new(3, 12_000), |done| told.push(done)).await, Ok(12_000));
    assert_eq!((told.first(), told.last()), (Some(&0), Some(&12_000)));
    assert!(told.is_sorted() && told.len() >= 3, "{told:?}");
    let mut again = Vec::new();
    assert_eq!(store.seed(Population::new(3, 12_000), |done| again.push(done)).await, Ok(12_000));
    assert_eq!(again, [12_000]);
    assert_eq!(store.seed(Population::new(4, 12_000), |_| {}).await, Err(SeedError::OtherPersons));

    // A break after the first batch: the rest comes with the next call.
    let first = told[1];
    for table in ["membership", "identifier"] {
        let text = format!("DELETE FROM {table} WHERE pid > {first}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(store.database.pool()).await.unwrap();
    }
    let text = format!("DELETE FROM person WHERE pid > {first}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(store.database.pool()).await.unwrap();
    let empty = "DELETE FROM household WHERE id NOT IN (SELECT household FROM membership)";
    sqlx::query(empty).execute(store.database.pool()).await.unwrap();
    let unlisted = "DELETE FROM listing WHERE household NOT IN (SELECT id FROM household)";
    sqlx::query(unlisted).execute(store.database.pool()).await.unwrap();
    assert_eq!(store.persons().await, Ok(first));
    assert_eq!(store.seed(Population::new(3, 12_000), |_| {}).await, Ok(12_000));
    assert_eq!(store.persons().await, Ok(12_000));
}

#[tokio::test]
async fn a_newer_registry_is_left_alone() {
    let place = Place::new("newer");
    let store = place.store().await;
    sqlx::query("UPDATE schema_version SET version = 99 WHERE component = 'registry'")
        .execute(store.database.pool())
        .await
        .unwrap();
    let refused = RegistrySql::open(store.database.clone()).await.unwrap_err();
    assert!(matches!(refused, SqlError::NewerSchema { found: 99, .. }), "{refused}");
}

fn notice(pid: u64) -> Notice {
    Notice {
        id: "n1".into(),
        person: registry_core::person::PersonId(pid),
        source: AgencyId::parse("hospital-mehran").unwrap(),
        received: Timestamp::from_micros(1),
        content: DeathNotice {
            died: Day::new(2026, 11, 20).unwrap(),
            place: "Mehran Hospital".into(),
            informant: None,
            cause: None,
        },
    }
}

#[tokio::test]
async fn a_read_only_registry_answers_and_says_that_it_cannot_keep() {
    let place = Place::new("read-only");
    let store = place.store().await;
    let population = Population::new(DEMO_SEED, 2_000);
    let number = population.notable().unwrap().customer;
    store.seed(population, |_| {}).await.unwrap();
    let pid = store.person(number).await.unwrap().unwrap().pid.0;
    let read_only = Database::open(&format!("{}?mode=ro", place.url()), "registry").await.unwrap();
    let read_only = RegistrySql { database: read_only, cache: None };
    assert!(read_only.person(number).await.unwrap().is_some());
    let refused = read_only.place_notice(&notice(pid)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
}

#[tokio::test]
async fn a_notice_whose_caller_went_away_is_seen_by_later_reads() {
    let place = Place::new("caller-gone");
    let store = Arc::new(place.store().await);
    let population = Population::new(DEMO_SEED, 2_000);
    let number = population.notable().unwrap().customer;
    store.seed(population, |_| {}).await.unwrap();
    let pid = store.person(number).await.unwrap().unwrap().pid.0;
    let wanted = notice(pid);
    let mut placing = Box::pin(store.place_notice(&wanted));
    // Begun, then dropped at its first wait, as when a client's connection goes.
    let begun = std::future::poll_fn(|context| std::task::Poll::Ready(placing.as_mut().poll(context).is_pending()));
    assert!(begun.await, "a write waits for the database");
    drop(placing);
    // A second notice waits its turn behind the first, so when it is answered both are done.
    assert_eq!(store.place_notice(&wanted).await.map(|placed| placed.id), Ok("n1".to_owned()));
    assert_eq!(store.person(number).await.unwrap().unwrap().life, LifeStatus::Held);
}

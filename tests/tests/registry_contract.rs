//! The registry's contract on PostgreSQL; memory and SQLite run it beside their code.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

use std::sync::Arc;

use adapters::sql::{Database, registry::RegistrySql};
use registry_core::{
    contract::registry_contract,
    population::{DEMO_SEED, Population},
    ports::store::RegistryStore as _,
};
use tests::postgres::Cluster;

async fn store() -> RegistrySql {
    let url = Cluster::shared().unwrap().database().unwrap();
    RegistrySql::open(Database::open(&url, "registry").await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn postgresql_keeps_the_contract() {
    registry_contract(&store().await).await;
}

#[tokio::test]
async fn a_hold_is_seen_at_once_by_another_process() {
    let url = Cluster::shared().unwrap().database().unwrap();
    let open = async || RegistrySql::open(Database::open(&url, "registry").await.unwrap()).await.unwrap();
    let (one, other) = (open().await, open().await);
    let population = Population::new(DEMO_SEED, 2_000);
    let number = population.notable().unwrap().patient;
    one.seed(population, |_| {}).await.unwrap();
    let person = other.person(number).await.unwrap().unwrap();
    let notice = support::notice("n1", &person);
    one.place_notice(&notice).await.unwrap();
    let life = other.person(number).await.unwrap().unwrap().life;
    assert_eq!(life, registry_core::person::LifeStatus::Held);
}

#[tokio::test]
async fn racing_notices_and_withdrawals_never_lose_a_hold() {
    let store = Arc::new(store().await);
    let population = Population::new(DEMO_SEED, 2_000);
    let number = population.notable().unwrap().patient;
    store.seed(population, |_| {}).await.unwrap();
    let person = store.person(number).await.unwrap().unwrap();
    for round in 0..20 {
        let first = support::notice(&format!("a{round}"), &person);
        let mut second = support::notice(&format!("b{round}"), &person);
        second.source = exchange::ids::AgencyId::parse("council").unwrap();
        store.place_notice(&first).await.unwrap();
        let (withdrawn, placed) = tokio::join!(store.withdraw_notice(&first.id), store.place_notice(&second));
        assert_eq!((withdrawn, placed.unwrap().fresh), (Ok(true), true));
        let life = store.person(number).await.unwrap().unwrap().life;
        assert_eq!(life, registry_core::person::LifeStatus::Held, "the second notice is open in round {round}");
        assert_eq!(store.withdraw_notice(&second.id).await, Ok(true));
    }
}

mod support {
    //! A notice by a hospital.

    use exchange::{ids::AgencyId, timestamp::Timestamp};
    use registry_core::{
        date::Day,
        notice::{DeathNotice, Notice},
        person::Person,
    };

    pub fn notice(id: &str, person: &Person) -> Notice {
        Notice {
            id: id.to_owned(),
            person: person.pid,
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
}

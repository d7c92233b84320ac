//! A database of the test's own, and the people in it.

use std::{path::PathBuf, sync::Arc};

use adapters::sql::{Database, registry::RegistrySql};
use exchange::{cnic::Cnic, ids::AgencyId, timestamp::Timestamp};
use registry_core::{
    date::Day,
    notice::{DeathNotice, Notice},
    person::{LifeStatus, PersonId},
    population::Population,
    ports::store::{Batch, RegistryStore},
};
use tests::meddling;

pub struct Place {
    pub url: String,
    folder: Option<PathBuf>,
}

impl Place {
    pub fn on_sqlite(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-registry-contract-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { url: format!("sqlite:{}", folder.join("registry.db").display()), folder: Some(folder) }
    }

    pub fn on(url: &str) -> Self {
        Self { url: url.to_owned(), folder: None }
    }

    /// A store as a process of its own has it: with nothing remembered.
    pub async fn store(&self) -> Arc<RegistrySql> {
        Arc::new(RegistrySql::open(self.database().await).await.unwrap())
    }

    pub async fn database(&self) -> Database {
        Database::open(&self.url, "registry").await.unwrap()
    }

    pub async fn meddle(&self, sql: impl Into<String>) {
        let (database, sql) = (self.database().await, sql.into());
        meddling::meddle(&database, sql.clone()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        database.close().await;
    }

    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A population in batches of a few families.
pub fn batches(seed: u64, size: u64) -> Vec<Batch> {
    Population::new(seed, size).batches(150).collect()
}

/// Number and person of everybody who has a number and lives.
pub fn living(batches: &[Batch]) -> Vec<(Cnic, PersonId)> {
    let persons = batches.iter().flat_map(|batch| &batch.persons);
    let living = persons.filter(|person| person.life == LifeStatus::Alive);
    living.filter_map(|person| Some((person.number()?, person.pid))).collect()
}

pub async fn load(store: &dyn RegistryStore, batches: &[Batch]) {
    for batch in batches {
        store.load(batch).await.unwrap();
    }
}

pub async fn life(store: &dyn RegistryStore, number: Cnic) -> LifeStatus {
    store.person(number).await.unwrap().unwrap().life
}

pub fn notice(id: &str, person: PersonId, source: &str) -> Notice {
    Notice {
        id: id.to_owned(),
        person,
        source: AgencyId::parse(source).unwrap(),
        received: Timestamp::from_micros(1_795_340_000_000_001),
        content: DeathNotice {
            died: Day::new(2026, 11, 20).unwrap(),
            place: "Mehran Hospital".into(),
            informant: None,
            cause: None,
        },
    }
}

//! The registry's store in SQL: one text for SQLite and PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{cnic::Cnic, ports::entropy::Entropy};
use registry_core::{
    household::Gharana,
    listing::{Place, Stretch},
    notice::{Notice, Placed},
    person::Person,
    ports::store::{Batch, RegistryStore, StoreError},
    report::{Cell, Table},
};

use super::{Database, Dialect, SqlError};
use crate::entropy::SystemEntropy;

mod cache;
mod counts;
mod insert;
mod listing;
mod lists;
#[cfg(test)]
mod lists_tests;
mod load;
mod notices;
mod read;
mod rows;
mod schema;
mod seed;
#[cfg(test)]
mod tests;

use cache::Cache;
pub use seed::SeedError;

/// The store of the registry role.
///
/// On SQLite, whose only writer is this process, persons that were read are kept in memory. Elsewhere another process
/// may write, so every read asks the database.
#[derive(Clone, Debug)]
pub struct RegistrySql {
    database: Database,
    cache: Option<Arc<Cache>>,
}

impl RegistrySql {
    /// Opens the registry's tables in this database, making or changing them first.
    ///
    /// # Errors
    /// [`SqlError::NewerSchema`] when a newer program has been here; [`SqlError::Unavailable`] when it cannot be reached.
    pub async fn open(database: Database) -> Result<Self, SqlError> {
        Self::open_with(database, &SystemEntropy::default()).await
    }

    /// As [`Self::open`]; the secret order of lists, which the first opening draws, comes from this entropy.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(database: Database, entropy: &dyn Entropy) -> Result<Self, SqlError> {
        database.migrate("registry", schema::MIGRATIONS).await?;
        listing::complete(&database, entropy).await?;
        let cache = (database.dialect() == Dialect::Sqlite).then(Arc::<Cache>::default);
        Ok(Self { database, cache })
    }

    /// The database, for whoever closes it.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }
}

#[async_trait]
impl RegistryStore for RegistrySql {
    async fn person(&self, number: Cnic) -> Result<Option<Arc<Person>>, StoreError> {
        let Some(cache) = &self.cache else { return self.read_person(number).await.map(|found| found.map(Arc::new)) };
        if let Some(person) = cache.get(number) {
            return Ok(Some(person));
        }
        let before = cache.epoch(number);
        let found = self.read_person(number).await?.map(Arc::new);
        if let Some(person) = &found {
            cache.put(number, before, Arc::clone(person));
        }
        Ok(found)
    }

    async fn household_of(&self, number: Cnic) -> Result<Option<Arc<Gharana>>, StoreError> {
        Ok(self.read_household(number).await?.map(Arc::new))
    }

    async fn households_in(&self, stretch: &Stretch) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError> {
        self.read_stretch(stretch).await
    }

    async fn place_notice(&self, notice: &Notice) -> Result<Placed, StoreError> {
        let (store, notice) = (self.clone(), notice.clone());
        to_the_end(async move { store.write_notice(&notice).await }).await
    }

    async fn withdraw_notice(&self, id: &str) -> Result<bool, StoreError> {
        let (store, id) = (self.clone(), id.to_owned());
        to_the_end(async move { store.end_notice(&id).await }).await
    }

    async fn count(&self, table: Table) -> Result<Vec<Cell>, StoreError> {
        self.count_cells(table).await
    }

    async fn load(&self, batch: &Batch) -> Result<(), StoreError> {
        self.write_batch(batch).await
    }
}

/// Runs a write to its end even when the caller goes away: a commit that lands after its caller was dropped must still
/// clear the cache.
async fn to_the_end<T: Send + 'static>(
    write: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(write).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Unavailable("the write was stopped".to_owned())),
    }
}

/// A database's failure as the registry's port words it.
fn store_error(error: SqlError) -> StoreError {
    match error {
        SqlError::Unavailable(why) => StoreError::Unavailable(why),
        SqlError::Conflict => StoreError::AlreadyThere,
        SqlError::NewerSchema { .. } | SqlError::OtherKey { .. } | SqlError::Other(_) => {
            tracing::error!(%error, "registry database failed");
            StoreError::Corrupt("unexpected answer of the database")
        }
    }
}

fn driver_error(error: sqlx::Error) -> StoreError {
    store_error(error.into())
}

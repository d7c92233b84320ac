//! Filling an empty registry with a synthetic population; goes on where it was interrupted.

use registry_core::{limits::LOAD_BATCH_MAX, population::Population, ports::store::StoreError};

use super::{RegistrySql, driver_error, rows::integer, store_error};

/// Why a registry was not seeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// The registry holds persons of another population, or real ones.
    #[error("registry holds other persons than this population's")]
    OtherPersons,
    /// The store failed; what was committed stays, and seeding again goes on from there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistrySql {
    /// Loads the population batch by batch, telling after each how many persons are there. A registry that has it all
    /// already is left as it is.
    ///
    /// # Errors
    /// [`SeedError`].
    pub async fn seed(
        &self,
        population: Population,
        mut on_progress: impl FnMut(u64) + Send,
    ) -> Result<u64, SeedError> {
        let size = population.size();
        let mut done = self.begin_seed(population.seed(), size).await?;
        on_progress(done);
        // Half of what a batch may hold: a batch ends with a whole family.
        for batch in population.batches(LOAD_BATCH_MAX / 2) {
            let last = batch.persons.last().map_or(0, |person| person.pid.0);
            if last <= done {
                continue;
            }
            self.write_batch(&batch).await?;
            done = last;
            on_progress(done);
        }
        Ok(done)
    }

    /// Persons in the registry.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database does not answer.
    pub async fn persons(&self) -> Result<u64, StoreError> {
        let highest: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM person")
            .fetch_one(self.database.pool())
            .await
            .map_err(driver_error)?;
        Ok(u64::try_from(highest).unwrap_or(0))
    }

    /// Notes which population is being loaded, and says up to which person it is there.
    async fn begin_seed(&self, seed: u64, size: u64) -> Result<u64, SeedError> {
        let there = self.persons().await?;
        let noted: Option<(String, i64)> = sqlx::query_as("SELECT seed, size FROM synthetic WHERE id = 1")
            .fetch_optional(self.database.pool())
            .await
            .map_err(driver_error)?;
        match noted {
            Some((noted, of)) if noted == seed.to_string() && of == integer(size) => Ok(there),
            Some(_) => Err(SeedError::OtherPersons),
            None if there > 0 => Err(SeedError::OtherPersons),
            None => {
                let _turn = self.database.turn().await.map_err(store_error)?;
                sqlx::query("INSERT INTO synthetic (id, seed, size) VALUES (1, $1, $2)")
                    .bind(seed.to_string())
                    .bind(integer(size))
                    .execute(self.database.pool())
                    .await
                    .map_err(driver_error)?;
                Ok(0)
            }
        }
    }
}

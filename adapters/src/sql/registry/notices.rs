//! Notices of death: placing and withdrawing, with the hold that follows.

use std::sync::Arc;

use exchange::cnic::Cnic;
use registry_core::{
    notice::{Notice, Placed},
    person::PersonId,
    ports::store::StoreError,
};

use super::{RegistrySql, cache::Cache, driver_error, rows::integer, store_error};
use crate::sql::Work;

/// Takes the person's row, so that notices of one person follow each other. An update that changes nothing is the one
/// row lock that both databases have.
const LOCK: &str = "UPDATE person SET life = life WHERE pid = $1";

const OPEN: &str = "INSERT INTO death_notice (id, pid, source, received_us, died, place, informant, cause, state) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open')";

impl RegistrySql {
    pub(super) async fn write_notice(&self, notice: &Notice) -> Result<Placed, StoreError> {
        let _changed = self.change(notice.person).await?;
        let mut work = self.database.begin().await.map_err(store_error)?;
        sqlx::query(LOCK).bind(integer(notice.person.0)).execute(work.on()).await.map_err(driver_error)?;
        if let Some(id) = open_notice(&mut work, notice).await? {
            return Ok(Placed { id, fresh: false });
        }
        let content = &notice.content;
        let insert = sqlx::query(OPEN)
            .bind(notice.id.as_str())
            .bind(integer(notice.person.0))
            .bind(notice.source.as_str())
            .bind(notice.received.micros())
            .bind(content.died.to_string())
            .bind(content.place.as_str())
            .bind(content.informant.map(|informant| integer(informant.as_u64())))
            .bind(content.cause.as_deref());
        insert.execute(work.on()).await.map_err(driver_error)?;
        let hold = sqlx::query("UPDATE person SET life = 'held' WHERE pid = $1 AND life = 'alive'");
        hold.bind(integer(notice.person.0)).execute(work.on()).await.map_err(driver_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(Placed { id: notice.id.clone(), fresh: true })
    }

    pub(super) async fn end_notice(&self, id: &str) -> Result<bool, StoreError> {
        let pid: Option<i64> = sqlx::query_scalar("SELECT pid FROM death_notice WHERE id = $1 AND state = 'open'")
            .bind(id)
            .fetch_optional(self.database.pool())
            .await
            .map_err(driver_error)?;
        let Some(pid) = pid else { return Ok(false) };
        let _changed = self.change(PersonId(u64::try_from(pid).unwrap_or(0))).await?;
        let mut work = self.database.begin().await.map_err(store_error)?;
        sqlx::query(LOCK).bind(pid).execute(work.on()).await.map_err(driver_error)?;
        let ended = sqlx::query("UPDATE death_notice SET state = 'withdrawn' WHERE id = $1 AND state = 'open'")
            .bind(id)
            .execute(work.on())
            .await
            .map_err(driver_error)?;
        let release = sqlx::query(
            "UPDATE person SET life = 'alive' WHERE pid = $1 AND life = 'held' AND NOT EXISTS \
             (SELECT 1 FROM death_notice d WHERE d.pid = person.pid AND d.state = 'open')",
        );
        release.bind(pid).execute(work.on()).await.map_err(driver_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(ended.rows_affected() == 1)
    }

    /// Announces a change of a person: when the guard goes, by success, failure or flight, the cache forgets them.
    async fn change(&self, pid: PersonId) -> Result<Option<Forgets>, StoreError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let values: Vec<i64> = sqlx::query_scalar("SELECT value FROM identifier WHERE pid = $1")
            .bind(integer(pid.0))
            .fetch_all(self.database.pool())
            .await
            .map_err(driver_error)?;
        let numbers = values.into_iter().filter_map(|value| Cnic::from_u64(u64::try_from(value).ok()?).ok());
        Ok(Some(Forgets { cache: Arc::clone(cache), numbers: numbers.collect() }))
    }
}

async fn open_notice(work: &mut Work, notice: &Notice) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT id FROM death_notice WHERE pid = $1 AND source = $2 AND state = 'open'")
        .bind(integer(notice.person.0))
        .bind(notice.source.as_str())
        .fetch_optional(work.on())
        .await
        .map_err(driver_error)
}

struct Forgets {
    cache: Arc<Cache>,
    numbers: Vec<Cnic>,
}

impl Drop for Forgets {
    fn drop(&mut self) {
        for number in &self.numbers {
            self.cache.forget(*number);
        }
    }
}

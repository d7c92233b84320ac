//! Writing the index: rows and the watermark before them, in one transaction.

use exchange::statement;

use super::{IndexError, Opened, schema};
use crate::sql::{Database, SqlError, Work};

/// The index's tables in one database.
#[derive(Clone, Debug)]
pub struct IndexStore {
    pub(super) database: Database,
}

impl IndexStore {
    /// Opens the index in this database and brings its tables to the newest form.
    ///
    /// # Errors
    /// [`SqlError::NewerSchema`] when a newer program made the tables; otherwise why the database did not answer.
    pub async fn open(database: Database) -> Result<Self, SqlError> {
        database.migrate(schema::COMPONENT, schema::MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// Entries of this node's log that are indexed: the sequence that comes next.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn indexed(&self, node: &str) -> Result<u64, SqlError> {
        let next: Option<i64> = sqlx::query_scalar("SELECT next_sequence FROM watermark WHERE node = $1")
            .bind(node)
            .fetch_optional(self.database.pool())
            .await?;
        Ok(next.map_or(0, |next| u64::try_from(next).unwrap_or(0)))
    }

    /// Writes consecutive entries of a node's log that begin at `from` and moves the watermark behind them, all or
    /// nothing. `false` if the watermark no longer stood at `from`: somebody else wrote them.
    ///
    /// # Errors
    /// [`IndexError::Store`]: nothing was written.
    pub async fn take(&self, node: &str, from: u64, entries: &[Opened]) -> Result<bool, IndexError> {
        let mut work = self.database.begin().await?;
        if !move_watermark(&mut work, node, from, entries.len()).await? {
            return Ok(false);
        }
        for entry in entries {
            write_entry(&mut work, entry).await?;
            write_subjects(&mut work, entry).await?;
        }
        work.commit().await?;
        Ok(true)
    }

    /// Forgets everything about a node, so that its index is built again from the log.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was forgotten.
    pub async fn forget(&self, node: &str) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        for statement in [
            "DELETE FROM subject WHERE node = $1",
            "DELETE FROM entry WHERE node = $1",
            "DELETE FROM watermark WHERE node = $1",
        ] {
            sqlx::query(statement).bind(node).execute(work.on()).await?;
        }
        work.commit().await
    }
}

async fn move_watermark(work: &mut Work, node: &str, from: u64, count: usize) -> Result<bool, SqlError> {
    sqlx::query("INSERT INTO watermark (node, next_sequence) VALUES ($1, 0) ON CONFLICT (node) DO NOTHING")
        .bind(node)
        .execute(work.on())
        .await?;
    // Compare and set: of two indexers that read the same entries, one writes them.
    let moved = sqlx::query("UPDATE watermark SET next_sequence = $3 WHERE node = $1 AND next_sequence = $2")
        .bind(node)
        .bind(stored(from))
        .bind(stored(from.saturating_add(count as u64)))
        .execute(work.on())
        .await?;
    Ok(moved.rows_affected() == 1)
}

async fn write_entry(work: &mut Work, entry: &Opened) -> Result<(), SqlError> {
    let leaf = &entry.leaf;
    let item = statement::billed(leaf);
    let released: Vec<&str> = leaf.released.iter().map(|released| released.datatype.as_str()).collect();
    sqlx::query(
        "INSERT INTO entry (node, sequence, at, kind, intent, request, caller, agency, service, purpose, basis, status, \
         code, released, row_count, amount, tariff, rate_version, billed, calls) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(&leaf.node)
    .bind(stored(leaf.sequence))
    .bind(leaf.at)
    .bind(leaf.kind.as_str())
    .bind(leaf.intent.map(stored))
    .bind(&leaf.request)
    .bind(&leaf.caller)
    .bind(&leaf.agency)
    .bind(&leaf.service)
    .bind(&leaf.purpose)
    .bind(&leaf.basis)
    .bind(i64::from(leaf.status))
    .bind(&leaf.code)
    .bind(released.join(" "))
    .bind(i64::from(leaf.rows))
    .bind(leaf.amount)
    .bind(&leaf.tariff)
    .bind(leaf.rate_version.as_deref().unwrap_or_default())
    .bind(i64::from(item.is_some()))
    .bind(item.map_or(0, |item| item.calls))
    .execute(work.on())
    .await?;
    Ok(())
}

async fn write_subjects(work: &mut Work, entry: &Opened) -> Result<(), SqlError> {
    for (subject, returned) in entry.subjects() {
        sqlx::query("INSERT INTO subject (subject_key, node, sequence, returned) VALUES ($1, $2, $3, $4)")
            .bind(subject.to_hex())
            .bind(&entry.leaf.node)
            .bind(stored(entry.leaf.sequence))
            .bind(i64::from(returned))
            .execute(work.on())
            .await?;
    }
    Ok(())
}

/// A sequence as the databases keep it; a log of 2^63 entries is beyond every disk.
pub(super) fn stored(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

//! Writing the index: rows and the watermark before them, in one transaction.

use std::sync::LazyLock;

use exchange::record::leaf::Leaf;

use super::{IndexError, Opened, schema, shown, sums};
use crate::sql::{
    Database, SqlError, Work,
    many::{self, Insertion},
};

static ENTRIES: LazyLock<Insertion> =
    LazyLock::new(|| Insertion::new("entry", "node", &["sequence", "at", "kind", "intent", "request", "shown"]));

static SUBJECTS: LazyLock<Insertion> =
    LazyLock::new(|| Insertion::new("subject", "node", &["subject_key", "sequence", "returned"]));

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
    /// nothing. An intent that [`Opened::is_closed`] gets no row: its outcome tells all that a question can ask, and a
    /// question sees whole batches only. `false` if the watermark no longer stood at `from`: somebody else wrote them.
    ///
    /// # Errors
    /// [`IndexError::Store`]: nothing was written.
    pub async fn take(&self, node: &str, from: u64, entries: &[Opened]) -> Result<bool, IndexError> {
        let mut work = self.database.begin().await?;
        if !move_watermark(&mut work, node, from, entries.len()).await? {
            return Ok(false);
        }
        let shown: Vec<&Opened> = entries.iter().filter(|entry| !entry.is_closed).collect();
        write_entries(&mut work, node, &shown).await?;
        write_subjects(&mut work, node, &shown).await?;
        sums::add(&mut work, node, entries).await?;
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
            "DELETE FROM bill WHERE node = $1",
            "DELETE FROM user_sum WHERE node = $1",
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

async fn write_entries(work: &mut Work, node: &str, entries: &[&Opened]) -> Result<(), SqlError> {
    for piece in many::pieces(entries) {
        let mut insertion = sqlx::query(ENTRIES.of(piece.len())).bind(node);
        for entry in piece {
            insertion = bind_entry(insertion, &entry.leaf);
        }
        insertion.execute(work.on()).await?;
    }
    Ok(())
}

type Bound<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn bind_entry<'q>(insertion: Bound<'q>, leaf: &'q Leaf) -> Bound<'q> {
    insertion
        .bind(stored(leaf.sequence))
        .bind(leaf.at)
        .bind(leaf.kind.as_str())
        .bind(leaf.intent.map(stored))
        .bind(&leaf.request)
        .bind(shown::text(leaf))
}

async fn write_subjects(work: &mut Work, node: &str, entries: &[&Opened]) -> Result<(), SqlError> {
    let of = |entry: &&Opened| {
        let sequence = entry.leaf.sequence;
        entry.subjects().into_iter().map(move |(subject, returned)| (subject, sequence, returned))
    };
    let subjects: Vec<_> = entries.iter().flat_map(of).collect();
    for piece in many::pieces(&subjects) {
        let mut insertion = sqlx::query(SUBJECTS.of(piece.len())).bind(node);
        for (subject, sequence, returned) in piece {
            insertion = insertion.bind(subject.to_hex()).bind(stored(*sequence)).bind(i64::from(*returned));
        }
        insertion.execute(work.on()).await?;
    }
    Ok(())
}

/// A sequence as the databases keep it; a log of 2^63 entries is beyond every disk.
pub(super) fn stored(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

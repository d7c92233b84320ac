//! Following the log into the ledger: each entry is posted exactly once, however often and wherever this is run.

use std::sync::Arc;

use exchange::{
    ledger::Batch,
    ports::record_log::{LogUnavailable, RecordLog},
    record::leaf::Leaf,
};

use super::{ControlStore, SqlError};

/// Entries of one transaction, so that a ledger of a busy log has few movements.
const BATCH: u64 = 32_768;

/// Entries read at once.
const READ: usize = 1_024;

/// Why the ledger stands where it stands.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The ledger.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogUnavailable),
    /// The log does not hold what it said that it does.
    #[error("entry {0} of the access log cannot be read")]
    Unreadable(u64),
    /// The process stops.
    #[error("the process stops")]
    Stopped,
    /// One of the two was rolled back.
    #[error(
        "the ledger is posted up to entry {posted}, and the access log ends at {durable}: one of them is not of this installation's present"
    )]
    AheadOfLog {
        /// Entries posted.
        posted: u64,
        /// Entries in the log.
        durable: u64,
    },
}

/// Brings the ledger up to the log of one node, and gives up what is held for requests that never ended.
#[derive(Clone, Debug)]
pub struct Poster {
    log: Arc<dyn RecordLog>,
    store: Arc<ControlStore>,
}

impl Poster {
    /// From this log into this ledger.
    #[must_use]
    pub fn new(log: Arc<dyn RecordLog>, store: Arc<ControlStore>) -> Self {
        Self { log, store }
    }

    /// Posts everything that is durable at the call, then gives up the holds that were overdue before it; the number of those.
    ///
    /// # Errors
    /// [`PostError`]: what was posted stays posted.
    pub async fn catch_up(&self) -> Result<u64, PostError> {
        let node = self.log.node();
        let now = self.store.clock.now();
        let mut posted = self.store.posted(node).await?;
        // Read after the clock, so that what ended before `now` stands before it, and after the mark, which others move.
        let durable = self.log.durable_size();
        if posted > durable {
            return Err(PostError::AheadOfLog { posted, durable });
        }
        while posted < durable {
            let to = durable.min(posted.saturating_add(BATCH));
            let (log, from) = (Arc::clone(&self.log), posted);
            let read = tokio::task::spawn_blocking(move || add_up(log.as_ref(), (from, to))).await;
            let batch = read.map_err(|_| PostError::Stopped)??;
            let done = self.store.post(node, (posted, to), &batch).await?;
            // Or somebody else was quicker.
            posted = if done { to } else { self.store.posted(node).await? };
        }
        Ok(self.store.void_overdue(node, now).await?)
    }
}

/// Adds up the entries `from..to` of a log, each of which must be there.
pub(super) fn add_up(log: &dyn RecordLog, (from, to): (u64, u64)) -> Result<Batch, PostError> {
    let (mut batch, mut next) = (Batch::default(), from);
    while next < to {
        let many = usize::try_from(to.saturating_sub(next)).unwrap_or(READ).min(READ);
        let entries = log.read(next, many)?;
        for entry in &entries {
            if entry.sequence != next {
                return Err(PostError::Unreadable(next));
            }
            let leaf = Leaf::from_bytes(&entry.leaf).map_err(|_| PostError::Unreadable(next))?;
            batch.add(&leaf);
            next = next.saturating_add(1);
        }
        if entries.is_empty() {
            return Err(PostError::Unreadable(next));
        }
    }
    Ok(batch)
}

//! Following the log: each durable entry is indexed exactly once, however often and wherever this is run.

use super::{IndexError, IndexStore, Opener};

/// Entries of one transaction: enough to spread the cost of its sync and to see most intents closed, few enough to hold
/// the writer's lock for milliseconds only.
const BATCH: usize = 1_024;

/// Brings the index up to the log. Several may run at once, in one process or many.
#[derive(Clone, Debug)]
pub struct Indexer {
    opener: Opener,
    store: IndexStore,
}

impl Indexer {
    /// An indexer from this log into this store.
    #[must_use]
    pub fn new(opener: Opener, store: IndexStore) -> Self {
        Self { opener, store }
    }

    /// Indexes at most one batch; returns how many entries are indexed, which is the sequence that comes next.
    ///
    /// # Errors
    /// [`IndexError`]; the index then stands where it stood.
    pub async fn advance(&self) -> Result<u64, IndexError> {
        let log = self.opener.log();
        let from = self.store.indexed(log.node()).await?;
        let durable = log.durable_size();
        if from > durable {
            return Err(IndexError::AheadOfLog { indexed: from, durable });
        }
        if from == durable {
            return Ok(from);
        }
        let entries = self.opener.range(from, BATCH).await?;
        if entries.is_empty() {
            return Err(IndexError::Unreadable(from));
        }
        if self.store.take(log.node(), from, &entries).await? {
            return Ok(from.saturating_add(entries.len() as u64));
        }
        // Somebody else took this batch.
        Ok(self.store.indexed(log.node()).await?)
    }

    /// Indexes until `sequence` entries are; returns how many are.
    ///
    /// # Errors
    /// [`IndexError`]; [`IndexError::Unreadable`] when the log does not hold that many.
    pub async fn catch_up_to(&self, sequence: u64) -> Result<u64, IndexError> {
        let mut indexed = self.advance().await?;
        while indexed < sequence {
            let before = indexed;
            indexed = self.advance().await?;
            if indexed == before {
                return Err(IndexError::Unreadable(indexed));
            }
        }
        Ok(indexed)
    }

    /// Indexes everything that is durable at the call, so that a question sees it.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn catch_up(&self) -> Result<u64, IndexError> {
        self.catch_up_to(self.opener.log().durable_size()).await
    }
}

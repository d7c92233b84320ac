//! The search index of the access log: a table that can be thrown away and built again from the log alone.
//!
//! [`Indexer`] follows the log and writes each entry exactly once; [`IndexStore`] answers "who looked at this citizen"
//! and "what does this agency owe", by day and by user. Names and addresses stay in the sealed side records, which [`Opener`]
//! opens for the few hits of one question (design/access-log-and-metering.md, The log 5).
//!
//! A user is counted under a [`UserKey`]: HMAC-SHA-256 of agency and user under a key that is derived from the log's sealing
//! key. Sums by user are therefore found again only by who holds that key and the directory's list of users.

use exchange::ports::record_log::LogUnavailable;

use super::SqlError;

mod indexer;
mod opened;
mod query;
mod schema;
mod shown;
mod store;
mod sums;
mod usage;

pub use indexer::Indexer;
pub use opened::{Opened, Opener, UserKey};
pub use query::{Access, AccessQuery};
pub use store::IndexStore;
pub use usage::UserSum;

/// Why the index cannot follow the log or answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The index's database.
    #[error(transparent)]
    Store(#[from] SqlError),
    /// The log's files.
    #[error(transparent)]
    Log(#[from] LogUnavailable),
    /// The entry at this sequence is not a record of this log, or was sealed under another key.
    #[error("entry {0} of the access log cannot be opened")]
    Unreadable(u64),
    /// The index has seen more than the log holds: it belongs to another log, or the log was rolled back.
    #[error("index has entries up to {indexed}, the access log only {durable}: find out why, then rebuild the index")]
    AheadOfLog {
        /// Entries indexed.
        indexed: u64,
        /// Entries durable.
        durable: u64,
    },
    /// The process is stopping.
    #[error("indexing was stopped")]
    Stopped,
}

impl From<sqlx::Error> for IndexError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod usage_tests;

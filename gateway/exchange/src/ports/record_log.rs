//! The access log as the door uses it.

use std::{future::Future, pin::Pin};

use crate::record::leaf::Leaf;

/// Why the log cannot take or keep a record: the door then answers 503 and releases nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogUnavailable {
    /// The disk has no room; the service resumes when there is.
    #[error("access log has no room on its disk")]
    Full,
    /// More entries wait than [`crate::limits::LOG_QUEUE_MAX`].
    #[error("access log is behind")]
    Behind,
    /// A write or sync failed: the process must stop and never sign again.
    #[error("access log failed: {0}")]
    Failed(String),
    /// The entry is larger than a leaf or side record may be.
    #[error("record is too large for the access log")]
    TooLarge,
}

/// What to append: the leaf (its `sequence` is set by the log) and the sealed side record.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The leaf.
    pub leaf: Leaf,
    /// The side record, sealed.
    pub side: Vec<u8>,
    /// Whether this closes an admitted request (outcome, part, replay): such entries may use the reserved room.
    pub closes: bool,
}

/// Where an entry stands, once durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index in this node's tree.
    pub sequence: u64,
    /// RFC 6962 leaf hash.
    pub leaf_hash: [u8; 32],
}

/// Resolves when the entry is durable.
pub type Durable = Pin<Box<dyn Future<Output = Result<Position, LogUnavailable>> + Send>>;

/// One stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Index in this node's tree.
    pub sequence: u64,
    /// The leaf's bytes as hashed.
    pub leaf: Vec<u8>,
    /// The sealed side record.
    pub side: Vec<u8>,
}

/// An inclusion proof under a signed checkpoint (C2SP tlog-proof).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The signed checkpoint (C2SP signed-note text).
    pub checkpoint: String,
    /// Index of the entry.
    pub sequence: u64,
    /// Audit path, bottom up (RFC 6962 §2.1.1).
    pub path: Vec<[u8; 32]>,
    /// The same as a C2SP tlog-proof text, which third-party tools read.
    pub tlog_proof: String,
}

/// The append-only access log of one node.
///
/// Contract: entries become durable in the order of [`Self::submit`]; a resolved [`Durable`] is never lost by a crash;
/// an index is never given twice; an entry is never changed. After a failed sync every later call fails.
pub trait RecordLog: Send + Sync + std::fmt::Debug {
    /// Queues an entry in order. The entry is durable when the returned future says so; dropping the future does not
    /// take the entry back.
    ///
    /// # Errors
    /// [`LogUnavailable`] at once when nothing can be queued.
    fn submit(&self, entry: Entry) -> Result<Durable, LogUnavailable>;

    /// Queues an entry in order for which nobody waits. It becomes durable with the next that somebody waits for, and
    /// within milliseconds if there is none.
    ///
    /// # Errors
    /// As [`Self::submit`].
    fn submit_unawaited(&self, entry: Entry) -> Result<(), LogUnavailable> {
        self.submit(entry).map(drop)
    }

    /// Entries that are durable.
    fn durable_size(&self) -> u64;

    /// Name of this log in checkpoints and receipts, such as `ijazat.example/node-1`.
    fn origin(&self) -> &str;

    /// Name of this node in leaves.
    fn node(&self) -> &str;

    /// Reads durable entries from `from` on, at most `count`, in order.
    ///
    /// # Errors
    /// [`LogUnavailable::Failed`] when the files cannot be read.
    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable>;

    /// Proves that a durable entry stands under the present checkpoint, signing one first if need be.
    ///
    /// # Errors
    /// [`LogUnavailable::Failed`] when the entry is not durable or the files cannot be read.
    fn prove(&self, sequence: u64) -> Result<InclusionProof, LogUnavailable>;

    /// The present signed checkpoint, covering everything durable at the call.
    ///
    /// # Errors
    /// [`LogUnavailable::Failed`] when it cannot be made.
    fn checkpoint(&self) -> Result<String, LogUnavailable>;

    /// Verifier key of the checkpoints' signature (C2SP signed-note `vkey`).
    fn verifier_key(&self) -> String;

    /// Whether records can be taken now.
    ///
    /// # Errors
    /// The reason why not.
    fn healthy(&self) -> Result<(), LogUnavailable>;
}

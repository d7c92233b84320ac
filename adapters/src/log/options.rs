//! How a log is opened, and why it may refuse to be.

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use exchange::{
    log::{checkpoint::CheckpointError, note::NoteError},
    ports::clock::Clock,
};

use super::{
    limits,
    observe::{HostStopwatch, LogObserver, Stopwatch, Unobserved},
};

/// How to open a log. [`Self::new`] gives every other value its default.
#[derive(Clone)]
pub struct LogOptions {
    /// The log's folder, made if it is not there.
    pub dir: PathBuf,
    /// Name of the log and of its key, such as `ijazat.example/node-1`. No spaces, no `+`.
    pub origin: String,
    /// Name of the node in leaves.
    pub node: String,
    /// Ed25519 private key of the checkpoints. Whoever has it can sign another history.
    pub signing_key_seed: [u8; 32],
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Bytes of one segment, [`limits::SEGMENT_BYTES_MIN`] to [`limits::SEGMENT_BYTES_MAX`].
    pub segment_bytes: u64,
    /// Bytes of the disk that the log leaves free.
    pub reserve_bytes: u64,
    /// Between two checkpoints while there is something new.
    pub checkpoint_every: Duration,
    /// Whether C2SP tiles are derived after each checkpoint.
    pub tiles: bool,
    /// Told of each batch.
    pub observer: Arc<dyn LogObserver>,
    /// Measures each sync for the observer.
    pub stopwatch: Arc<dyn Stopwatch>,
}

impl LogOptions {
    /// Options with defaults.
    #[must_use]
    pub fn new(dir: PathBuf, origin: &str, node: &str, signing_key_seed: [u8; 32], clock: Arc<dyn Clock>) -> Self {
        Self {
            dir,
            origin: origin.to_owned(),
            node: node.to_owned(),
            signing_key_seed,
            clock,
            segment_bytes: limits::SEGMENT_BYTES_DEFAULT,
            reserve_bytes: limits::RESERVE_BYTES_DEFAULT,
            checkpoint_every: limits::CHECKPOINT_EVERY_DEFAULT,
            tiles: true,
            observer: Arc::new(Unobserved),
            stopwatch: Arc::new(HostStopwatch::default()),
        }
    }
}

/// Leaves the key out.
impl fmt::Debug for LogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogOptions")
            .field("dir", &self.dir)
            .field("origin", &self.origin)
            .field("segment_bytes", &self.segment_bytes)
            .finish_non_exhaustive()
    }
}

/// Why a log does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An option is out of its bounds.
    #[error("access log: {0}")]
    Options(String),
    /// Another process has the folder.
    #[error("access log: folder `{0}` is in use by another process")]
    InUse(PathBuf),
    /// An entry that was signed for is not as it was. Nothing was changed; an operator must decide.
    #[error("access log is corrupt at entry {index}: {why}")]
    Corrupt {
        /// First index that is wrong.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The stored head is missing, or not this log's under this key.
    #[error("access log: head is not this log's: {0}")]
    Head(String),
    /// The signing key or its name.
    #[error("access log: signing key: {0}")]
    Key(#[from] NoteError),
    /// The host.
    #[error("access log: {0}")]
    Io(#[from] io::Error),
}

impl From<CheckpointError> for OpenError {
    fn from(error: CheckpointError) -> Self {
        Self::Head(error.to_string())
    }
}

//! The access log's files: an append-only, hash-chained, group-committed log of one node.
//!
//! Map: the door calls [`SegmentLog`] (`segment_log.rs`), whose threads `engine.rs` runs · entries wait in `queue.rs`,
//! under load for company (`batching.rs`), and are written and synced together by `writer.rs`, in files that `keeper.rs` prepares ahead; `observe.rs` measures
//! each sync and tells whoever watches · `store.rs` and `tree.rs` answer reads and hashes · `signer.rs` signs heads
//! after reading the entries again · `recover.rs` tells a torn tail from corruption at start · `publish.rs` derives C2SP
//! tiles · [`verify()`] believes none of them and computes all again · `entries.rs` reads a folder through, `evidence.rs` proves what is wanted of it · `memory.rs` is a disk that fails on command.
//!
//! Files: `segment-N.log` (frames, see `frame.rs`), `head` (the last signed checkpoint), `lock`, `tiles/`.

mod batching;
pub mod disk;
mod engine;
mod entries;
mod evidence;
pub mod files;
mod frame;
#[cfg(test)]
mod journal;
mod keeper;
pub mod keys;
pub mod limits;
pub mod memory;
mod observe;
mod options;
mod publish;
mod queue;
mod reader;
mod recover;
mod room;
mod segment;
mod segment_log;
mod signer;
mod store;
mod tree;
pub mod verify;
mod writer;

pub use entries::{Entries, entries};
pub use evidence::{Proved, SignedLog};
pub use observe::{HostStopwatch, LogObserver, Stopwatch, Unobserved};
pub use options::{LogOptions, OpenError};
pub use room::DiskRoom;
pub use segment_log::SegmentLog;
pub use verify::{VerifyError, VerifyReport, verify};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another thread panicked: what the locks of this module guard is whole between any two statements.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

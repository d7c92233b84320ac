//! `[log]`: where the access log lies and how it is cut.

use std::path::{Path, PathBuf};

use super::{
    limits,
    section::{Section, within},
};

/// `[log]`: the access log, not the operators' log (that is `[observe]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Folder of the segments and checkpoints; default `<state>/log`. Whoever controls it could destroy the record, though
    /// not change it unseen.
    pub dir: PathBuf,
    /// MiB of one preallocated segment file; default 64. Whoever lowers it makes more files, and no record changes.
    pub segment_mib: u32,
    /// Milliseconds between two signed checkpoints while entries come; default 1000. Whoever raises it lengthens the time in
    /// which a lost disk loses proof.
    pub checkpoint_interval_ms: u64,
    /// MiB of the disk that the log leaves free, below which new requests are refused; default 256. Whoever lowers it could
    /// let a full disk stop the host before the door closes.
    pub reserve_mib: u32,
}

impl Log {
    pub(super) fn read(section: &mut Section<'_>, state: &Path) -> Self {
        Self {
            dir: section.path("dir", state.join("log")),
            segment_mib: section.number("segment_mib", 64, within!(1, limits::SEGMENT_MIB_MAX)),
            checkpoint_interval_ms: section.number(
                "checkpoint_interval_ms",
                1_000,
                within!(10, limits::CHECKPOINT_MS_MAX),
            ),
            reserve_mib: section.number("reserve_mib", 256, within!(1, limits::RESERVE_MIB_MAX)),
        }
    }
}

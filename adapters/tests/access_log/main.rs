//! The access log's promises, broken into on purpose: power cuts, full and failing disks, rewritten files.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic: that is how they fail")]

mod corruption;
mod crash;
mod files;
mod observed;
mod proofs;
mod room;
mod support;
mod tampering;

/// Runs of each randomised test here; the soak tier runs the crash example with full counts.
const SEEDS: u64 = 250;

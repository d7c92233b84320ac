//! The access log's promises, broken into on purpose: power cuts, full and failing disks, rewritten files.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may panic: that is how they fail"
)]

mod closing;
mod corruption;
mod crash;
mod disks;
mod failing;
mod faulty;
mod files;
mod findings;
mod growth;
mod intents;
mod model;
mod naive;
mod observed;
mod proofs;
mod published;
mod queueing;
mod room;
mod support;
mod tampering;

/// Runs of each randomised test here; the soak tier runs the crash example with full counts.
const SEEDS: u64 = 250;

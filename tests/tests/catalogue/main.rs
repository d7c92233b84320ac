//! Every service of the catalogue through a real socket: refused, answered, tried dry, described; none is forgotten.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod answers;
mod cases;
mod described;
mod formed;
mod grounds;
mod kit;
mod later;
mod recipes;
mod refusals;
mod unbuilt;

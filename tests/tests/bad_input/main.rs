//! "Bad input, named" (issue 2), each through a real socket: a clear problem or TLS alert, a record where a peer was
//! identified, nothing lost, and a process that still answers the next good request.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod bodies;
mod callers;
mod ceilings;
mod certificates;
mod disk;
mod headers;
mod kit;
mod parameters;
mod paths;
mod state;
mod stores;
mod upstreams;

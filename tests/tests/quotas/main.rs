//! Quotas that several gateways share, and what callers are told of them (behaviours 31 and 32): the contract of the shared
//! counters, three nodes over a real Redis that is killed, frozen and emptied under them, and a whole gateway.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod contract;
mod gateway;
mod nodes;
mod told;

//! `Idempotency-Key` through real sockets: the same request twice is one request, one record of it, and one charge. The
//! phase over fakes is `gateway::phases::idempotency`; the store on both databases is `control_contract`.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod at_once;
mod held;
mod keys;
mod kit;
mod reads;
mod writes;

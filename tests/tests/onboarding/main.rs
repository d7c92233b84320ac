//! Every kind of agency of both tables of Annexure B comes in: application, papers, two persons' approval, certificate, first
//! answer; and is refused outside its row. All over sockets, everything recorded.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod broken_rules;
mod cells;
mod clients;
mod forms;
mod kinds;
mod office;
mod persons;

//! The command line through the real binary: its words, its answers, its exit codes.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::allow_attributes,
        reason = "tests may panic: that is how they fail"
    )
)]

mod admin;
mod bill;
mod client;
mod config;
mod consent;
mod doctor;
mod drain;
mod help;
mod kit;
mod ledger;
mod onboarding;
mod pki;
mod policy;
mod policy_refused;
mod roles;
mod serve;
mod state;
mod usage;
mod verify_log;

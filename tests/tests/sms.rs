//! The SMS transports against short message centres: our own, which fails on command, npm's, and one behind a real Kannel.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

#[path = "sms/common.rs"]
mod common;
#[path = "sms/foreign.rs"]
mod foreign;
#[path = "stories/installation.rs"]
#[expect(dead_code, reason = "a story uses the part of it that it needs")]
mod installation;
#[path = "sms/kannel.rs"]
mod kannel;
#[path = "sms/link.rs"]
mod link;
#[path = "sms/npm.rs"]
mod npm;
#[path = "sms/receiving.rs"]
mod receiving;
#[path = "sms/sending.rs"]
mod sending;
#[path = "sms/whole.rs"]
mod whole;

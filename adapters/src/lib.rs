//! Everything that talks to something else: SQL, Redis, log files, SMS, remote upstreams, clock and entropy.
#![forbid(unsafe_code)]
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

pub mod clock;
pub mod entropy;
pub mod log;
pub mod notify;
pub mod quotas;
pub mod sms;
pub mod sql;
pub mod upstream;

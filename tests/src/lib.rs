//! What only tests need: stories end to end, contract suites, the load generator.
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

pub mod counts;
pub mod law;
pub mod load;
pub mod meddling;
pub mod place;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod schema;
pub mod smsc;
pub mod world;

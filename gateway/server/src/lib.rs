//! The gateway `ijazat`: listeners, the ten phases, the control service, command line and composition.
//!
//! Map: a connection enters through [`listen`] (TLS in [`tls`]), its requests pass [`pipeline`] and [`phases`] behind
//! [`door`], upstreams in this process are [`routes`], [`compose`] picks a part for each port, [`cli`] is what people type.
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

pub mod cli;
pub mod compose;
pub mod config;
pub mod demo;
pub mod door;
pub mod law;
pub mod listen;
pub mod observe;
pub mod phases;
pub mod pipeline;
pub mod pki;
pub mod routes;
pub mod tls;

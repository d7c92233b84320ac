//! The edge through real sockets: TLS, HTTP/1.1, HTTP/2, bad clients, reloads, the internal listener.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod kit;

mod bounds;
mod certificates;
mod faults;
mod heads;
mod http;
mod http2_abuse;
mod internal;
mod metrics;
mod reload;
mod smuggling;

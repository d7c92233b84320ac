//! The story over real sockets and real processes: all in one, split over three, and by every protocol of the door.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod client;
mod http2;
mod installation;
mod network;
mod notify;
mod openid;
mod processes;
mod protocols;
mod record;
mod reply;
mod silence;
mod standing;

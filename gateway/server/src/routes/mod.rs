//! Upstreams of our own as axum routers: served in this process or to another one.

pub mod control;
pub mod registry;

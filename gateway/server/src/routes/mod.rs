//! Upstreams of our own as axum routers: served in this process or to another one.

pub mod answer;
pub mod control;
pub mod registry;
#[cfg(test)]
pub(crate) mod trial;

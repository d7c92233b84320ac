//! Ports: what the registry needs from the world.

pub mod store;

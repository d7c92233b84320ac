//! Upstreams: in this process, in another of our processes, or another agency's API.

pub mod breaker;
pub mod embedded;
#[cfg(test)]
mod fixtures;
pub mod remote;

//! Shared quotas: in Redis for the gateways of one installation, in memory for tests and as the contract's other reading.

mod memory;
mod redis;

pub use self::{memory::MemoryQuotas, redis::RedisQuotas};

//! The only source of time.

use crate::timestamp::Timestamp;

/// Tells the time. Never goes back by more than the host's own correction; stored deadlines decide by it.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

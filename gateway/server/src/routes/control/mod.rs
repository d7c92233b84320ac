//! The control service as an upstream: consent, and what callers and auditors read of the record.

pub mod audit;
pub mod checkpoint;
pub mod discovery;
pub mod receipt;
pub mod usage;
pub mod whoami;

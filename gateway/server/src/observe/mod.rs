//! What operators see: numbers in [`metrics`]. None of it names a person.

pub mod metrics;

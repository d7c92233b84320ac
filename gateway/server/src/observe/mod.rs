//! What operators see: [`logs`] are sentences, [`metrics`] are numbers, [`ops`] serves them, [`expiry`] warns of
//! certificates that run out, [`listeners`] feeds what they count, [`rated`] counts what answers are rated at. None of it names a person; the audit record is another thing, in the
//! access log.

pub mod expiry;
pub mod listeners;
pub mod logs;
pub mod metrics;
pub mod ops;
pub mod rated;

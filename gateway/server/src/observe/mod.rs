//! What operators see: [`logs`] are sentences, [`metrics`] are numbers, [`ops`] serves them, [`expiry`] warns of
//! certificates that run out. None of it names a person; the audit record is another thing, in the access log.

pub mod expiry;
pub mod logs;
pub mod metrics;
pub mod ops;

//! Ports: small promises that the rules need from the world. One trait a file, its contract in its doc.

pub mod citizen_keys;
pub mod clock;
pub mod consent_tokens;
pub mod directory_source;
pub mod entropy;
pub mod idempotency;
pub mod law_source;
pub mod proposals;
pub mod quotas;
pub mod record_log;
pub mod shared_quotas;
pub mod subject_status;
pub mod unrecorded;
pub mod upstream;
pub mod wallets;

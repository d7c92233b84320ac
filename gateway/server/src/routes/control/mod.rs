//! The control service as an upstream: consent, and what callers and auditors read of the record.

mod asking;
pub mod audit;
pub mod authorize;
pub mod background;
#[cfg(test)]
mod bounded_tests;
pub mod checkpoint;
pub mod consent;
#[cfg(test)]
mod consent_kit;
#[cfg(test)]
mod consent_tests;
pub mod discovery;
pub mod guessing;
pub mod introspect;
#[cfg(test)]
mod introspect_tests;
pub mod law;
pub mod onboarding;
pub mod openapi;
pub mod openid;
#[cfg(test)]
mod patience_tests;
pub mod pin;
#[cfg(test)]
mod ping_tests;
pub mod receipt;
pub mod record;
#[cfg(test)]
mod reply_tests;
pub mod resend;
#[cfg(test)]
mod resend_tests;
pub mod token;
pub mod usage;
pub mod whoami;
#[cfg(test)]
mod words_tests;

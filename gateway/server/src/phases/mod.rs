//! The ten phases of a request, one file each, in the order that `pipeline.rs` runs them.
//!
//! A phase takes what the earlier ones proved and returns what it proves itself, or a [`exchange::refusal::Refusal`].
//! What the record will need is noted on the [`trail::Trail`] as soon as it is known, so that a refusal at any phase is
//! recorded with everything that was known by then.

pub mod asked;
pub mod assertion;
pub mod authorise;
pub mod bounded;
pub mod counted;
mod drawn;
pub mod enrolment;
pub mod filter;
pub mod forward;
pub mod idempotency;
pub mod identify;
pub mod limit;
pub mod meter;
pub mod params;
pub mod parts;
pub mod quota;
pub mod record;
pub mod release;
pub mod reserve;
pub mod route;
pub mod shared;
pub mod snapshot;
pub mod standing;
pub mod stream;
#[cfg(test)]
pub(crate) mod testing;
pub mod trail;
pub mod wallet;
pub mod watch;

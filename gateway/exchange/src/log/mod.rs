//! The Merkle core of the access log: hashes, proofs, tiles, signed checkpoints. No files, no clock.
//!
//! Formats are C2SP's, so that verifiers that others wrote read our log: [`tiles`] (tlog-tiles), [`note`]
//! (signed-note), [`checkpoint`] (tlog-checkpoint), [`proof`] (tlog-proof). [`merkle`] and [`paths`] are RFC 6962 §2.1.

pub mod checkpoint;
pub mod merkle;
pub mod note;
pub mod paths;
pub mod proof;
pub mod tiles;

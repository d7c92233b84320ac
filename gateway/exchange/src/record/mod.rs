//! The access record: what is remembered of every request, for ever and by whom it can be read.
//!
//! [`leaf::Leaf`] stands in the Merkle tree and names no one. [`side::Side`] travels in the same frame, sealed.

pub mod leaf;
pub mod seal;
pub mod side;

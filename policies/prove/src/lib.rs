//! Proves the law: each theorem of `policies/theorems`, for every request that the schema allows and every value in it.
//!
//! | file | what it does |
//! |---|---|
//! | `theorem` | reads the theorems and holds them to the schema |
//! | `law` | the policies as premises, the request environments of an action |
//! | `solver` | finds cvc5, starts it once, tries it, asks it within a time |
//! | `prover`, `claims` | asks what each theorem asks, environment by environment |
//! | `example` | makes a counterexample small, readable, and true of Cedar's own authoriser |
//! | `report` | the table for people and the document for programs |
//!
//! A proof speaks of every well-formed request: all records that a policy names are whole or absent. That nothing else
//! reaches the policies is the work of `policies/src/facts.rs`; what errs all the same is refused there.
#![forbid(unsafe_code)]

mod claims;
pub mod error;
mod example;
mod law;
mod prover;
pub mod report;
mod solver;
mod theorem;

pub use error::ProveError;
pub use example::Example;
pub use law::{Law, Premise};
pub use prover::{Failure, Finding, Progress, Prover};
pub use solver::Solver;
pub use theorem::{Claim, Theorem, Theorems};

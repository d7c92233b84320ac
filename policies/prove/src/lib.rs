//! Proves the law: each theorem of `policies/theorems`, for every request that the schema allows and every value in it.
//!
//! | file | what it does |
//! |---|---|
//! | `theorem` | reads the theorems and holds them to the schema |
//! | `law` | the policies as premises, the request environments of an action |
//! | `solver` | finds cvc5, starts it once, tries it, asks it within a time |
//! | `prover`, `claims` | asks what each theorem asks, environment by environment |
//! | `workers` | shares the theorems out among several solvers |
//! | `released`, `waiver`, `wider` | the law as last released, and what is wider than it |
//! | `mutant`, `kill` | the law with one slip in one forbid, for all slips, and what the solver says of one |
//! | `example` | makes a counterexample small, readable, and true of Cedar's own authoriser |
//! | `report` | the table for people and the document for programs |
//!
//! A proof speaks of every well-formed request: all records that a policy names are whole or absent. That nothing else
//! reaches the policies is the work of `policies/src/facts.rs`; what errs all the same is refused there.
#![forbid(unsafe_code)]

mod claims;
pub mod error;
mod example;
mod kill;
mod law;
mod mutant;
mod prover;
mod released;
pub mod report;
mod solver;
mod theorem;
mod waiver;
mod wider;
pub mod workers;

pub use error::ProveError;
pub use example::Example;
pub use kill::Slipped;
pub use law::{Law, Premise};
pub use mutant::{Mutant, mutants};
pub use prover::{Failure, Finding, Progress, Prover};
pub use released::Released;
pub use solver::Solver;
pub use theorem::{Claim, Theorem, Theorems};

//! Why nothing can be said of the law: neither that it holds nor that it does not.

use policies::{BundleError, error::Problem};

/// The line that installs the solver.
pub const INSTALL: &str = "sudo apt-get update && sudo apt-get install -y cvc5";

/// What kept the prover from its work.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The solver's program cannot be run.
    #[error(
        "there is no solver: `{program}` cannot be run ({why}). Nothing was proved. Please run this line:\n    {INSTALL}"
    )]
    SolverMissing {
        /// The program that was tried.
        program: String,
        /// What the system said.
        why: String,
    },
    /// The program is another solver, or one that answers wrongly what has a known answer.
    #[error("`{program}` is not the solver cvc5: {why}. Nothing was proved. Please run this line:\n    {INSTALL}")]
    SolverWrong {
        /// The program that was tried.
        program: String,
        /// What it did.
        why: String,
    },
    /// The solver neither answered nor gave up in its time.
    #[error("the solver fell silent for {seconds} s; what was asked last is not proved")]
    SolverSilent {
        /// Seconds that it was given.
        seconds: u64,
    },
    /// The solver or the translation into its language failed.
    #[error("the solver failed: {0}")]
    SolverFailed(String),
    /// The law is none: it does not parse or breaks its schema.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The theorems cannot be read.
    #[error("{0}")]
    Theorems(Problem),
}

impl From<Problem> for ProveError {
    fn from(problem: Problem) -> Self {
        Self::Theorems(problem)
    }
}

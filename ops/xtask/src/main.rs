//! The workspace's own commands: `tidy` measures style, `deny` checks licences and sources, `bench` measures speed,
//! `prove` proves the law, `mutants` tries what guards it.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::allow_attributes,
        reason = "tests may panic: that is how they fail"
    )
)]

mod bench;
mod confine;
mod deny;
mod metadata;
mod prove;
mod say;
#[cfg(test)]
mod testing;
mod tidy;
mod tree;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Commands for those who work on Ijazat.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the tree against the style page; exit 1 when a bound breaks.
    Tidy {
        /// Print the table as JSON.
        #[arg(long)]
        json: bool,
        /// Exit 0 while no row is worse than its gap in `ops/xtask/tidy.gaps.toml`; the table says BROKEN all the same.
        #[arg(long)]
        known_gaps: bool,
    },
    /// Check the licences, bans and sources of every dependency against deny.toml; exit 1 when one breaks it.
    Deny,
    /// Measure us beside what the user would pick instead; exit 1 when a floor breaks. At most ten minutes.
    Bench {
        /// Which bench.
        name: BenchName,
        /// Write what was seen to this file.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Measure what was built before, without building anything.
        #[arg(long)]
        built: bool,
    },
    /// Make every slip in every forbid of the law and see what notices it; writes tests/evidence/mutants.json.
    Mutants,
    /// Prove the law: each theorem of policies/theorems, for every request that there can be. `prove --help` teaches.
    #[command(disable_help_flag = true)]
    Prove {
        /// Options of the prover.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

/// The benches there are.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum BenchName {
    /// The path of a request, from certificate to receipt.
    Door,
    /// A decision, from the typed request to the permit.
    Policies,
    /// What metering adds to a request, and what posting costs behind it.
    Metering,
}

/// What a command answers: whether all held, or why it could not tell.
type Verdict = Result<bool, String>;

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            say::problem(&why);
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Verdict {
    match *command {
        Command::Tidy { json, known_gaps } => tidy::run(&root(), json, known_gaps),
        Command::Deny => deny::run(&root()),
        Command::Bench { name: BenchName::Door, ref json, built } => bench::door(&root(), json.as_deref(), built),
        Command::Bench { name: BenchName::Policies, ref json, built } => {
            bench::policies(&root(), json.as_deref(), built)
        }
        Command::Bench { name: BenchName::Metering, ref json, built } => {
            bench::metering(&root(), json.as_deref(), built)
        }
        Command::Mutants => prove::mutants(&root()),
        Command::Prove { ref arguments } => prove::run(&root(), arguments),
    }
}

/// The workspace's root, two folders above this crate.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_else(|_| PathBuf::from("."))
}

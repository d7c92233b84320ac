//! `ijazat policy …`: the life of a bundle, from its first check to the day on which it is taken back.
//!
//! Map: `read` finds a law in a folder, a file or the installation · `check`, `test`, `explain`, `diff`, `dry_run` look and
//! change nothing · `keygen`, `sign` are the policy office's · `activate` and `status` are the operator's.

mod activate;
mod check;
mod diff;
mod dry_run;
mod explain;
mod keygen;
mod read;
mod sign;
mod status;
mod test;

use std::io::Write;

use clap::{Args, Subcommand};

use super::{failure::Failure, options::Place};

/// The law that decides: check it, see what a change does, sign it, put it in force, take it back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy check policies
  ijazat policy diff policies law
  ijazat policy dry-run law                   what yesterday's requests would be answered
  ijazat policy keygen ayesha                 once for each signer
  ijazat policy sign law --out law-2.bundle
  ijazat policy activate law-2.bundle         in force everywhere within a second
  ijazat policy rollback                      the law before it, under a new generation

A law is a folder laid out as `policies` is, or the one file that `sign` makes. Where none is named, the law in force at this
installation is meant. What changes guardrails, schema, datatypes' classes, Annexure B or waived theorems takes two signers.")]
pub struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
    #[command(flatten)]
    place: Place,
}

/// What to do; the words for each stand with its options.
#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Check(check::Check),
    Test(test::Test),
    Explain(explain::Explain),
    Diff(diff::Diff),
    DryRun(dry_run::DryRun),
    Keygen(keygen::Keygen),
    Sign(sign::Sign),
    Activate(activate::Activate),
    Rollback(activate::Rollback),
    Status(status::Status),
}

impl Policy {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when the law, or what was asked of it, does not hold; [`Failure::Usage`] for what is not there.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        match &self.command {
            PolicyCommand::Check(command) => command.run(&config, out),
            PolicyCommand::Test(command) => command.run(&config, out),
            PolicyCommand::Explain(command) => command.run(&config, out),
            PolicyCommand::Diff(command) => command.run(&config, out),
            PolicyCommand::DryRun(command) => command.run(&config, out),
            PolicyCommand::Keygen(command) => command.run(&config, out),
            PolicyCommand::Sign(command) => command.run(&config, out),
            PolicyCommand::Activate(command) => command.run(&config, out),
            PolicyCommand::Rollback(command) => command.run(&config, out),
            PolicyCommand::Status(_) => status::run(&config, out),
        }
    }
}

/// The law that this installation is under, loaded with every check.
pub(super) fn bundle_in_force(config: &crate::config::Config) -> Result<policies::Bundle, Failure> {
    read::in_force(config)?.bundle()
}

//! `ijazat bill …`: what an agency owes for a month, so that whoever pays can recompute it from nothing of ours but files.
//!
//! Map: `issue` reads the log and signs, `close` makes it final · `recompute` and `compare` are the agency's and need no installation · `keys` prints
//! the public keys · `making`, `folder`, `lines`, `signers` are what they share.

mod close;
mod compare;
mod folder;
mod issue;
mod keys;
pub(super) mod lines;
mod making;
mod recompute;
mod signers;

use std::io::Write;

use clap::{Args, Subcommand};

pub(super) use self::{
    compare::Compare,
    making::{LEAVES, STATEMENT, TERMS},
    recompute::Recompute,
};
use super::{failure::Failure, options::Place};

/// Issues monthly statements that follow from the access log alone, and recomputes them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill issue --month 2026-10 --agency bank-indus --out bank-indus-2026-10
  ijazat bill recompute --statement statement.note --terms terms.note --leaves leaves.ndjson --keys keys.txt
  ijazat bill compare --receipts receipts.txt --statement statement.note --keys keys.txt
  ijazat bill close --statement bank-indus-2026-10/statement.note
  ijazat bill keys

The operator issues and closes; whoever pays recomputes and compares, with files and public keys and nothing else. A statement is never
changed: what was wrong is issued anew with --reverses, which takes back what the earlier one asked for.")]
pub struct Bill {
    #[command(subcommand)]
    command: BillCommand,
    #[command(flatten)]
    place: Place,
}

/// What to do; the words for each stand with its options.
#[derive(Debug, Subcommand)]
enum BillCommand {
    Issue(issue::Issue),
    Recompute(Recompute),
    Compare(Compare),
    Close(close::Close),
    Keys(keys::PrintKeys),
}

impl Bill {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when a statement cannot be issued or does not hold; [`Failure::Usage`] for what is not there.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match &self.command {
            BillCommand::Issue(command) => command.run(&self.place.load()?, out),
            BillCommand::Close(command) => command.run(&self.place.load()?, out),
            BillCommand::Keys(command) => command.run(&self.place.load()?, out),
            // No configuration: these two work where no installation is.
            BillCommand::Recompute(command) => command.run(out),
            BillCommand::Compare(command) => command.run(out),
        }
    }
}

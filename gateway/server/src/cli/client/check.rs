//! `ijazat client check`: one word on a bill, and what to send back if it is not a good one.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;

use super::super::{
    bill::{Compare, LEAVES, Recompute, STATEMENT, TERMS},
    failure::Failure,
};

/// Judge a statement by your own receipts and proofs before you pay it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat client check bank-indus-2026-10 --leaves mine.ndjson --keys keys.txt
  ijazat client check bank-indus-2026-10 --keys keys.txt --receipts october.txt

The folder is the one that the operator handed over. It is recomputed from leaves (`ijazat bill recompute`), then your receipts
are held against it (`ijazat bill compare`). No network. Keep leaves of your own (`ijazat client evidence`): then nothing of
what is judged came with the bill. Exit code 1 when something is wrong: the lines printed are the dispute to send.")]
pub(super) struct Check {
    /// Folder of the statement, with statement.note and terms.note
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Receipts, one a line
    #[arg(long, value_name = "FILE", default_value = "receipts.txt")]
    receipts: PathBuf,
    /// Your leaves with their proofs, one a line; those of the folder where none are named
    #[arg(long, value_name = "FILE")]
    leaves: Option<PathBuf>,
    /// Public keys: your own copy, not the folder's
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
}

impl Check {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let file = |name: &str| self.folder.join(name);
        let leaves = self.leaves.clone().unwrap_or_else(|| file(LEAVES));
        let statement = file(STATEMENT);
        writeln!(out, "── The bill, made again from {}", leaves.display())?;
        let (terms, keys) = (file(TERMS), self.keys.clone());
        let recompute = Recompute::of(statement.clone(), terms, leaves.clone(), keys.clone());
        let recomputed = verdict(recompute.run(out))?;
        writeln!(out, "── Your receipts held against it")?;
        let compared = Compare::of(self.receipts.clone(), statement.clone(), keys, Some(leaves)).run(out);
        let compared = verdict(compared)?;
        match (recomputed, compared) {
            (None, None) => {
                writeln!(out, "── OK: it is what your own receipts and proofs say")?;
                Ok(())
            }
            (wrong, differs) => Err(Failure::Failed(dispute(&statement, wrong, differs))),
        }
    }
}

/// What a check found wrong, as text; what could not be checked at all ends the command.
fn verdict(result: Result<(), Failure>) -> Result<Option<String>, Failure> {
    match result {
        Ok(()) => Ok(None),
        Err(Failure::Failed(why)) => Ok(Some(why)),
        Err(other) => Err(other),
    }
}

fn dispute(statement: &Path, wrong: Option<String>, differs: Option<String>) -> String {
    let told: Vec<String> = wrong.into_iter().chain(differs).collect();
    let statement = statement.display();
    format!("{}\ndo not pay {statement} yet: send the lines above and this statement to the operator", told.join("\n"))
}

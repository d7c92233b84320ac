//! `ijazat bill compare`: the receipts that an agency kept, held against its statement.

use std::{io::Write, path::PathBuf};

use clap::Args;
use exchange::statement::{
    audit::{Prover, origin_of},
    dispute::{Leaves, compare},
};

use super::{super::failure::Failure, lines};

/// Differences that are printed one by one.
const SHOWN_MAX: usize = 1_000;

/// Hold the receipts of your answers against a statement: missing, extra, different
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill compare --receipts receipts.txt --statement statement.note --keys keys.txt
  ijazat bill compare --receipts receipts.txt --statement statement.note --keys keys.txt --leaves leaves.ndjson

receipts.txt has the values of the header Ijazat-Receipt, one a line, with or without its name; of answers in parts, the lines
that close a part. Without leaves only places are compared, and receipts of other months are told as missing. Exit code 1
and every difference, when there is one: that is the dispute to send.")]
pub(in super::super) struct Compare {
    /// Receipts, one a line
    #[arg(long, value_name = "FILE")]
    receipts: PathBuf,
    /// Signed statement
    #[arg(long, value_name = "FILE")]
    statement: PathBuf,
    /// Public keys
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Leaves with their proofs, one a line: rows, amounts and rates are compared too
    #[arg(long, value_name = "FILE")]
    leaves: Option<PathBuf>,
}

impl Compare {
    /// As if its options had been typed.
    pub(in super::super) const fn of(
        receipts: PathBuf,
        statement: PathBuf,
        keys: PathBuf,
        leaves: Option<PathBuf>,
    ) -> Self {
        Self { receipts, statement, keys, leaves }
    }

    pub(in super::super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let keys = lines::keys(&self.keys)?;
        let issued = lines::statement(&self.statement, &keys)?;
        let mut receipts = Vec::new();
        lines::each_receipt(&self.receipts, |receipt| receipts.push(receipt))?;
        let (mut leaves, mut unproved) = (Leaves::new(), Vec::new());
        if let Some(path) = &self.leaves {
            let mut prover = Prover::new(&keys);
            lines::each_leaf(path, |evidence| {
                let place = (origin_of(&evidence).to_owned(), evidence.proof.index);
                match prover.prove(&evidence) {
                    Ok(leaf) => drop(leaves.insert(place, leaf)),
                    Err(why) => unproved.push(format!("{}/{}: proof does not hold: {why}", place.0, place.1)),
                }
            })?;
        }
        let found = compare(&receipts, &issued, &leaves);
        let told = unproved.into_iter().chain(found.differences.iter().map(ToString::to_string));
        let told: Vec<String> = told.collect();
        for line in told.iter().take(SHOWN_MAX) {
            writeln!(out, "{line}")?;
        }
        if let Some(more) = told.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            writeln!(out, "and {more} more")?;
        }
        writeln!(out, "{} receipts agree, {} cost nothing or are another month's", found.agree, found.not_billed)?;
        if found.later > 0 {
            writeln!(out, "{} were recorded after this provisional statement was made", found.later)?;
        }
        if found.closings > 0 {
            writeln!(out, "{} entries without a receipt only close an answer in parts", found.closings)?;
        }
        match told.len() {
            0 => Ok(()),
            1 => Err(Failure::Failed(format!("{}: 1 difference", self.statement.display()))),
            count => Err(Failure::Failed(format!("{}: {count} differences", self.statement.display()))),
        }
    }
}

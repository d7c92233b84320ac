//! `ijazat bill close`: a month is closed by its statement, for good.

use std::{io::Write, path::PathBuf};

use clap::Args;
use exchange::{ledger::Closing, statement::Issued, tariff::rupees};

use super::{
    super::{control, failure::Failure, runtime::block_on},
    lines, signers,
};
use crate::config::Config;

/// Close a month by its statement: taxes, tiers, minimums and rounding enter the ledger, once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill close --statement bank-indus-2026-10/statement.note

Final, and recorded in the access log. Typed again, it changes nothing. A month that was closed is corrected only by a
statement that was issued with --reverses: closing it moves the difference.")]
pub(super) struct Close {
    /// Signed statement of a month that is over
    #[arg(long, value_name = "FILE")]
    statement: PathBuf,
}

impl Close {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let office = signers::statements(config)?;
        let opened = Issued::open(&lines::text(&self.statement)?, std::slice::from_ref(office.verifier()));
        let opened = opened.map_err(|error| lines::of_file(&self.statement, &error))?;
        let closing = Closing::of(&opened).map_err(|error| lines::of_file(&self.statement, &error))?;
        let new = block_on(async {
            let store = control::open(config).await?;
            let closed = store.close_month(&closing).await;
            store.database().close().await;
            closed.map_err(|error| Failure::Failed(error.to_string()))
        })?;
        let (agency, month, digest) = (&closing.agency, closing.month, closing.statement);
        let word = if new { "is closed" } else { "was closed before" };
        writeln!(out, "{month} of {agency} {word} by statement {digest}")?;
        let (tax, adjustment) = (rupees(closing.beside.tax), rupees(closing.beside.adjustment));
        writeln!(
            out,
            "  taxes {tax}; tiers, minimums and rounding {adjustment}, beside what its answers were charged"
        )?;
        Ok(())
    }
}

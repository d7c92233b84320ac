//! `ijazat bill recompute`: whoever pays a bill makes it again from its leaves, and is told which line or entry is wrong.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use exchange::{
    statement::{
        Line, PublicKeys,
        audit::{Audit, AuditError, Audited, Finding, LineName},
    },
    tariff::{Class, rupees_of_paisa},
};

use super::{super::failure::Failure, lines};

/// Findings that are printed one by one: a wrong key alone makes one for each leaf.
const SHOWN_MAX: usize = 100;

/// Recompute a bill from its leaves, its terms and public keys, and from nothing else
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill recompute --statement statement.note --terms terms.note --leaves leaves.ndjson --keys keys.txt

No installation is asked and no network. Signatures, every leaf's proof, its rate, every line, tax, total and the root are
made again. Leaves may also be answers of GET /v1/receipts, one a line. Exit code 1 and what is wrong, when something is.

keys.txt has lines `statements VKEY` and `log VKEY`: take it from the operator once, by another way than statements.")]
pub(in super::super) struct Recompute {
    /// Signed statement
    #[arg(long, value_name = "FILE")]
    statement: PathBuf,
    /// Signed terms: rate books and classes
    #[arg(long, value_name = "FILE")]
    terms: PathBuf,
    /// Leaves with their proofs, one a line
    #[arg(long, value_name = "FILE")]
    leaves: PathBuf,
    /// Public keys
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
}

impl Recompute {
    /// As if its options had been typed.
    pub(in super::super) const fn of(statement: PathBuf, terms: PathBuf, leaves: PathBuf, keys: PathBuf) -> Self {
        Self { statement, terms, leaves, keys }
    }

    pub(in super::super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let keys = lines::keys(&self.keys)?;
        let audited = audit(&self.statement, &self.terms, &self.leaves, &keys)?;
        tell(&audited, out)?;
        match audited.findings.len() {
            0 => Ok(()),
            count => {
                let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
                Err(Failure::Failed(format!("{}: does not hold: {findings}", self.statement.display())))
            }
        }
    }
}

/// Recomputes the statement of a file.
///
/// # Errors
/// [`Failure`] naming the file that cannot be read, or that is not signed by a key that was given.
pub(super) fn audit(statement: &Path, terms: &Path, leaves: &Path, keys: &PublicKeys) -> Result<Audited, Failure> {
    let begun = Audit::begin(&lines::text(statement)?, &lines::text(terms)?, keys);
    let mut audit = begun.map_err(|error| match error {
        AuditError::Statement(why) => lines::of_file(statement, &why),
        AuditError::Terms(why) => lines::of_file(terms, &why),
    })?;
    lines::each_leaf(leaves, |evidence| audit.add(&evidence))?;
    Ok(audit.finish())
}

fn tell(audited: &Audited, out: &mut dyn Write) -> Result<(), Failure> {
    let issued = &audited.issued;
    let statement = &issued.statement;
    let word = if issued.provisional { "provisional statement" } else { "statement" };
    let (agency, month, at) = (&statement.agency, statement.month, issued.issued_at.rfc3339());
    writeln!(out, "{word} of {agency} for {month}, issued {at}")?;
    if statement.sample {
        writeln!(out, "  its rates are a sample: the numbers are invented")?;
    }
    statement.lines.iter().try_for_each(|line| tell_line(line, &audited.findings, out))?;
    for tax in &statement.taxes {
        let wrong = |finding: &Finding| finding.tax() == Some((tax.rate_version.as_str(), tax.name.as_str()));
        let mark = mark(audited.findings.iter().any(wrong));
        let (amount, on) = (rupees_of_paisa(tax.tax_paisa), rupees_of_paisa(tax.on_paisa));
        writeln!(out, "  {mark:<5} {amount:>18}  {} on {on}, rate {}", tax.name, tax.rate_version)?;
    }
    let wrong = audited.findings.iter().any(|finding| matches!(finding, Finding::Total(_)));
    writeln!(out, "  {:<5} {:>18}  to be paid", mark(wrong), rupees_of_paisa(statement.total_paisa))?;
    if let Some(earlier) = &issued.reverses {
        let balance = rupees_of_paisa(issued.balance_paisa());
        writeln!(out, "        {balance:>18}  balance after statement {}", earlier.statement)?;
    }
    for finding in audited.findings.iter().take(SHOWN_MAX) {
        writeln!(out, "{finding}")?;
    }
    if let Some(more) = audited.findings.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        writeln!(out, "and {more} more")?;
    }
    let (entries, others) = (audited.entries, audited.others);
    writeln!(out, "{entries} proved leaves of this bill, {others} of no bill or another")?;
    if audited.findings.is_empty() {
        writeln!(out, "OK: signatures, proofs, rates, lines, taxes, total and root hold")?;
    }
    Ok(())
}

const fn mark(wrong: bool) -> &'static str {
    if wrong { "WRONG" } else { "OK" }
}

fn tell_line(line: &Line, findings: &[Finding], out: &mut dyn Write) -> Result<(), Failure> {
    let name = LineName::of(line);
    let wrong = findings.iter().filter_map(Finding::line).any(|wrong| wrong.whole() == name);
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let (service, rate) = (or_none(&line.service), or_none(&line.rate_version));
    let class = line.class.map_or("none", Class::as_str);
    let (units, amount) = (line.parts.iter().map(|part| part.units).fold(0, i64::saturating_add), line.payable_paisa());
    let (mark, amount) = (mark(wrong), rupees_of_paisa(amount));
    writeln!(out, "  {mark:<5} {amount:>18}  {service}, rate {rate}, class {class}, {units} units")?;
    Ok(())
}

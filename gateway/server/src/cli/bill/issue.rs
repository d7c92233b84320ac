//! `ijazat bill issue`: reads the log through, signs the statement and its terms, and checks what it wrote as the agency will.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use adapters::log::{Proved, SignedLog, VerifyError};
use clap::Args;
use exchange::{
    ids::AgencyId,
    limits::STATEMENT_SETTLES_S,
    log::note::NoteSigner,
    ports::directory_source::DirectorySource as _,
    record::leaf::Leaf,
    statement::{BillingTerms, Digest, Draft, DraftError, Evidence, Issued, Month, Reversal, is_of, views},
    tariff::rupees_of_paisa,
    timestamp::Timestamp,
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    super::{control, failure::Failure, runtime::block_on},
    folder::Unfinished,
    lines, recompute,
    signers::{self, Source},
};
use crate::{compose::World, config::Config};

/// Files of a statement's folder.
pub(super) const STATEMENT: &str = "statement.note";
pub(super) const TERMS: &str = "terms.note";
pub(super) const LEAVES: &str = "leaves.ndjson";
pub(super) const KEYS: &str = "keys.txt";

/// Read the log through and sign what an agency owes for a month
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill issue --month 2026-10 --agency bank-indus --out bank-indus-2026-10
  ijazat bill issue --month 2026-11 --agency bank-indus --out so-far --so-far
  ijazat bill issue --month 2026-10 --agency bank-indus --out again --reverses bank-indus-2026-10/statement.note

The folder holds statement.note (signed), the same as statement.json, statement.csv and statement.html (to print, English and
Urdu), terms.note (rate books and classes, signed), leaves.ndjson (every entry it was made of, with its proof) and keys.txt.
The log may be in use. What was written is recomputed as the agency will, before the folder gets its name.")]
pub(super) struct Issue {
    /// The month, such as 2026-10
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Month,
    /// The agency
    #[arg(long, value_name = "AGENCY", value_parser = agency)]
    agency: AgencyId,
    /// Folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// State what was used so far of a month that is not over: provisional, asks for nothing
    #[arg(long)]
    so_far: bool,
    /// Earlier statement of the month that this one takes the place of
    #[arg(long, value_name = "FILE", conflicts_with = "so_far")]
    reverses: Option<PathBuf>,
    /// Folder of a node's log, once for each node, each with its --vkey. This node's own unless named
    #[arg(long, value_name = "DIR")]
    log: Vec<PathBuf>,
    /// Verifier key of a node's log, in the order of --log
    #[arg(long, value_name = "VKEY")]
    vkey: Vec<String>,
}

impl Issue {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let world = World::host();
        let now = world.clock.now();
        self.check_month(now)?;
        let office = signers::statements(config)?;
        let sources = signers::logs(config, &self.log, &self.vkey)?;
        let keys = signers::public(&office, &sources);
        let reverses = self.reverses.as_deref().map(|path| self.reversal(path, &office)).transpose()?;
        let folder = Unfinished::begin(&self.out, world.entropy.as_ref())?;
        let terms = self.terms(config)?;
        let signed_terms = terms.sign(&office).map_err(|error| lines::of_file(&folder.path(TERMS), &error))?;
        let digest = BillingTerms::open(&signed_terms, &keys.statements);
        let digest = digest.map_err(|error| Failure::Failed(format!("the terms do not hold: {error}")))?.digest;
        folder.write(TERMS, &signed_terms)?;
        folder.write(KEYS, &keys.to_string())?;
        let issued = self.draft(&sources, &terms, &folder, (digest, now, reverses))?;
        write(&issued, &office, &folder)?;
        let read = |name| folder.path(name);
        let audited = recompute::audit(&read(STATEMENT), &read(TERMS), &read(LEAVES), &keys)?;
        if let Some(finding) = audited.findings.first() {
            return Err(Failure::Failed(format!("not issued, because it does not recompute: {finding}")));
        }
        folder.finish()?;
        self.tell(&issued, out)
    }

    /// A month is stated when all that began in it has ended.
    fn check_month(&self, now: Timestamp) -> Result<(), Failure> {
        let settled = self.month.until().plus_seconds(STATEMENT_SETTLES_S);
        if self.so_far || now >= settled {
            return Ok(());
        }
        let (month, from) = (self.month, settled.rfc3339());
        let told = format!("{month} is stated from {from} on; --so-far gives a provisional statement");
        Err(Failure::Usage(told))
    }

    /// What the earlier statement asked for, once it is known to be ours and of this bill.
    fn reversal(&self, path: &Path, office: &NoteSigner) -> Result<Reversal, Failure> {
        let opened = Issued::open(&lines::text(path)?, std::slice::from_ref(office.verifier()));
        let earlier = opened.map_err(|error| lines::of_file(path, &error))?;
        let statement = &earlier.body.statement;
        let why = match (&statement.agency, statement.month) {
            _ if earlier.body.provisional => "is provisional, and asked for nothing".to_owned(),
            (agency, month) if *agency != self.agency || month != self.month => format!("is {agency}'s for {month}"),
            _ => return Ok(Reversal { statement: earlier.digest, total_paisa: statement.total_paisa }),
        };
        Err(Failure::Usage(format!("{}: {why}", path.display())))
    }

    fn terms(&self, config: &Config) -> Result<BillingTerms, Failure> {
        let data = block_on(async {
            let store = control::open(config).await?;
            let told = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
            let data = store.read().await.map_err(|error| told(&error));
            let closed = store.closed_by(&self.agency, self.month).await.map_err(|error| told(&error));
            store.database().close().await;
            Ok::<_, Failure>((data?.1, closed?))
        })?;
        let (data, closed) = data;
        if let Some(digest) = closed.filter(|_| self.reverses.is_none() && !self.so_far) {
            let (agency, month) = (&self.agency, self.month);
            let told = format!("{month} of {agency} is closed by statement {digest}: name its file with --reverses");
            return Err(Failure::Usage(told));
        }
        if data.agencies.iter().all(|agency| agency.id != self.agency) {
            return Err(Failure::Failed(format!("agency `{}` is not in the directory", self.agency)));
        }
        Ok(BillingTerms::of(self.agency.clone(), self.month, &data.rate_books, &data.billing_classes()))
    }

    /// Reads the logs through; writes each leaf that is used with its proof.
    fn draft(
        &self,
        sources: &[Source],
        terms: &BillingTerms,
        folder: &Unfinished,
        (digest, now, reverses): (Digest, Timestamp, Option<Reversal>),
    ) -> Result<Issued, Failure> {
        let mut draft = Draft::new(terms);
        let mut file = folder.file(LEAVES)?;
        for source in sources {
            let told = |why: Wrong| Failure::Failed(format!("{}: {why}", source.dir.display()));
            let log = open(source).map_err(told)?;
            draft.begin(log.origin(), log.head().size).map_err(Wrong::Draft).map_err(told)?;
            let bar = bar();
            bar.set_length(log.head().size);
            let wanted = |index: u64, bytes: &[u8]| -> Result<bool, Wrong> {
                bar.set_position(index + 1);
                Ok(is_of(&leaf_of(index, bytes)?, terms))
            };
            let give = |proved: Proved| -> Result<(), Wrong> {
                draft.add(&leaf_of(proved.proof.index, &proved.leaf)?, &proved.leaf)?;
                let line = Evidence { leaf: proved.leaf, proof: proved.proof }.to_line();
                Ok(writeln!(file, "{line}")?)
            };
            log.prove_each(wanted, give).map_err(told)?;
            bar.finish_and_clear();
        }
        folder.done(LEAVES, file)?;
        let issued = draft.issue(digest, now, self.so_far, reverses);
        issued.map_err(|error| Failure::Failed(format!("not issued: {error}")))
    }

    fn tell(&self, issued: &Issued, out: &mut dyn Write) -> Result<(), Failure> {
        let (agency, month, shown) = (&self.agency, self.month, self.out.display());
        let word = if issued.provisional { "provisional statement" } else { "statement" };
        let sample = if issued.statement.sample { ", by sample rates" } else { "" };
        writeln!(out, "{shown}: {word} of {agency} for {month}, {} entries{sample}", issued.entries())?;
        writeln!(out, "  to be paid  {}", rupees_of_paisa(issued.statement.total_paisa))?;
        if issued.reverses.is_some() {
            writeln!(out, "  balance     {} after the earlier statement", rupees_of_paisa(issued.balance_paisa()))?;
        }
        writeln!(out, "  root        {}", issued.root)?;
        let file = |name: &str| self.out.join(name).display().to_string();
        let (statement, terms, leaves, keys) = (file(STATEMENT), file(TERMS), file(LEAVES), file(KEYS));
        writeln!(
            out,
            "  to check    ijazat bill recompute --statement {statement} --terms {terms} --leaves {leaves} --keys {keys}"
        )?;
        Ok(())
    }
}

/// Why a log gives no statement.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    Log(#[from] VerifyError),
    #[error(transparent)]
    Draft(#[from] DraftError),
    #[error("cannot write: {0}")]
    Write(#[from] std::io::Error),
}

fn leaf_of(index: u64, bytes: &[u8]) -> Result<Leaf, Wrong> {
    Leaf::from_bytes(bytes).map_err(|error| Wrong::Log(VerifyError::Entry { index, why: error.to_string() }))
}

fn open(source: &Source) -> Result<SignedLog, Wrong> {
    let bar = bar();
    let opened = SignedLog::open(&source.dir, &source.key.to_vkey(), &mut |read, of| {
        bar.set_length(of);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    Ok(opened?)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} entries, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// The statement, as signed and as people and programs read it.
fn write(issued: &Issued, office: &NoteSigner, folder: &Unfinished) -> Result<(), Failure> {
    let note = issued.sign(office).map_err(|error| lines::of_file(&folder.path(STATEMENT), &error))?;
    folder.write(STATEMENT, &note)?;
    folder.write("statement.json", &format!("{}\n", issued.to_json()))?;
    folder.write("statement.csv", &views::csv(issued))?;
    folder.write("statement.html", &views::page(issued))
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).map_err(|error| error.to_string())
}

fn agency(text: &str) -> Result<AgencyId, String> {
    AgencyId::parse(text).map_err(|error| error.to_string())
}

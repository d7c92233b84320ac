//! `ijazat bill issue`: states what one agency owes for a month, or every agency that used something in it.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use exchange::{
    directory::DirectoryData,
    ids::AgencyId,
    limits::STATEMENT_SETTLES_S,
    log::note::NoteSigner,
    ports::directory_source::DirectorySource as _,
    statement::{BillingTerms, Issued, Month, Reversal},
    tariff::rupees_of_paisa,
    timestamp::Timestamp,
};

use super::{
    super::{control, failure::Failure, runtime::block_on},
    folder::{Folder, Unfinished},
    lines,
    making::{self, KEYS, LEAVES, Making, Office, STATEMENT, TERMS},
    signers,
};
use crate::{compose::World, config::Config};

/// Read the log through and sign what an agency owes for a month
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill issue --month 2026-10 --agency bank-indus --out bank-indus-2026-10
  ijazat bill issue --month 2026-10 --all --out october
  ijazat bill issue --month 2026-11 --agency bank-indus --out so-far --so-far
  ijazat bill issue --month 2026-10 --agency bank-indus --out again --reverses bank-indus-2026-10/statement.note

The folder holds statement.note (signed), the same as statement.json, statement.csv and statement.html (to print, English and
Urdu), terms.note (rate books and classes, signed), leaves.ndjson (every entry it was made of, with its proof) and keys.txt.
The log may be in use. What was written is recomputed as the agency will, before the folder gets its name.

With --all the log is read once, and --out has a folder for each agency that used something. Agencies whose month is closed, or
whose statement does not recompute, are named and left out; exit code 1 for the latter.")]
pub(super) struct Issue {
    /// The month, such as 2026-10
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Month,
    /// The agency
    #[arg(long, value_name = "AGENCY", value_parser = agency, required_unless_present = "all")]
    agency: Option<AgencyId>,
    /// Every agency that used something in the month
    #[arg(long, conflicts_with_all = ["agency", "reverses"])]
    all: bool,
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

/// What the control database knows of a month.
struct Known {
    data: DirectoryData,
    /// Agencies that are stated.
    stated: Vec<AgencyId>,
    /// Agencies that are left out, with the statement that closed their month.
    closed: Vec<(AgencyId, String)>,
}

impl Issue {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let world = World::host();
        let now = world.clock.now();
        self.check_month(now)?;
        let signer = signers::statements(config)?;
        let sources = signers::logs(config, &self.log, &self.vkey)?;
        let keys = signers::public(&signer, &sources);
        let office = Office { signer: &signer, keys: &keys, now, so_far: self.so_far };
        let reverses = self.reverses.as_deref().map(|path| self.reversal(path, &signer)).transpose()?;
        let unfinished = Unfinished::begin(&self.out, world.entropy.as_ref())?;
        let known = self.known(config)?;
        let terms: Vec<BillingTerms> = known.stated.iter().map(|agency| self.terms(agency, &known.data)).collect();
        let mut making = Vec::new();
        for terms in &terms {
            making.push(Making::begin(terms, self.folder(&unfinished, &terms.agency)?, &office)?);
        }
        making::read(&sources, &mut making)?;
        if self.all {
            return self.issue_all(making, &known, &office, unfinished, out);
        }
        // One, and nothing is told of it before its folder has its name.
        let mut issued = Vec::new();
        for each in making {
            issued.push((each.terms.agency.clone(), each.issue(&office, reverses.clone())?));
        }
        unfinished.finish()?;
        issued.iter().try_for_each(|(agency, issued)| self.tell(agency, issued, &self.out, out))
    }

    /// A folder of an agency's own where there may be several.
    fn folder(&self, unfinished: &Unfinished, agency: &AgencyId) -> Result<Folder, Failure> {
        if self.all { unfinished.folder().within(agency.as_str()) } else { Ok(unfinished.folder()) }
    }

    /// Issues those that used something. What cannot be issued is named in the end and leaves no folder.
    fn issue_all(
        &self,
        making: Vec<Making<'_>>,
        known: &Known,
        office: &Office<'_>,
        unfinished: Unfinished,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let (mut issued, mut unused, mut refused) = (Vec::new(), 0_u64, Vec::new());
        for each in making {
            let (agency, folder) = (each.terms.agency.clone(), each.folder.clone());
            if each.is_empty() {
                unused += 1;
                folder.remove()?;
                continue;
            }
            match each.issue(office, None) {
                Ok(statement) => issued.push((agency, statement)),
                Err(why) => {
                    folder.remove()?;
                    refused.push(format!("{agency}: {why}"));
                }
            }
        }
        // A folder of nothing would say that something had been issued.
        if !issued.is_empty() {
            unfinished.finish()?;
        }
        for (agency, statement) in &issued {
            self.tell(agency, statement, &self.out.join(agency.as_str()), out)?;
        }
        for (agency, digest) in &known.closed {
            writeln!(out, "{agency}: left out, its month is closed by statement {digest}")?;
        }
        let (issued, month) = (issued.len(), self.month);
        writeln!(out, "{issued} statements issued; {unused} agencies used nothing of {month}")?;
        if refused.is_empty() { Ok(()) } else { Err(Failure::Failed(refused.join("\n"))) }
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
            (agency, month) if Some(agency) != self.agency.as_ref() || month != self.month => {
                format!("is {agency}'s for {month}")
            }
            _ => return Ok(Reversal { statement: earlier.digest, total_paisa: statement.total_paisa }),
        };
        Err(Failure::Usage(format!("{}: {why}", path.display())))
    }

    /// Reads the directory and which months are closed.
    fn known(&self, config: &Config) -> Result<Known, Failure> {
        let (data, wanted, closed) = block_on(async {
            let store = control::open(config).await?;
            let told = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
            let data = store.read().await.map_err(|error| told(&error))?.1;
            let of_all = data.agencies.iter().filter(|_| self.all).map(|agency| agency.id.clone());
            let wanted: Vec<AgencyId> = of_all.chain(self.agency.clone()).collect();
            let mut closed = Vec::new();
            for agency in &wanted {
                let by = store.closed_by(agency, self.month).await.map_err(|error| told(&error))?;
                closed.extend(by.map(|digest| (agency.clone(), digest)));
            }
            store.database().close().await;
            Ok::<_, Failure>((data, wanted, closed))
        })?;
        let closed: Vec<_> = if self.reverses.is_none() && !self.so_far { closed } else { Vec::new() };
        if let Some(agency) = self.agency.as_ref() {
            if let Some((_, digest)) = closed.first() {
                let month = self.month;
                let told =
                    format!("{month} of {agency} is closed by statement {digest}: name its file with --reverses");
                return Err(Failure::Usage(told));
            }
            if data.agencies.iter().all(|each| each.id != *agency) {
                return Err(Failure::Failed(format!("agency `{agency}` is not in the directory")));
            }
        }
        let is_open = |agency: &AgencyId| closed.iter().all(|(each, _)| each != agency);
        Ok(Known { data, stated: wanted.into_iter().filter(is_open).collect(), closed })
    }

    fn terms(&self, agency: &AgencyId, data: &DirectoryData) -> BillingTerms {
        BillingTerms::of(agency.clone(), self.month, &data.rate_books, &data.billing_classes())
    }

    fn tell(&self, agency: &AgencyId, issued: &Issued, folder: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let (month, shown) = (self.month, folder.display());
        let word = if issued.provisional { "provisional statement" } else { "statement" };
        let sample = if issued.statement.sample { ", by sample rates" } else { "" };
        writeln!(out, "{shown}: {word} of {agency} for {month}, {} entries{sample}", issued.entries())?;
        writeln!(out, "  to be paid  {}", rupees_of_paisa(issued.statement.total_paisa))?;
        if issued.reverses.is_some() {
            writeln!(out, "  balance     {} after the earlier statement", rupees_of_paisa(issued.balance_paisa()))?;
        }
        writeln!(out, "  root        {}", issued.root)?;
        let file = |name: &str| folder.join(name).display().to_string();
        let (statement, terms, leaves, keys) = (file(STATEMENT), file(TERMS), file(LEAVES), file(KEYS));
        writeln!(
            out,
            "  to check    ijazat bill recompute --statement {statement} --terms {terms} --leaves {leaves} --keys {keys}"
        )?;
        Ok(())
    }
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).map_err(|error| error.to_string())
}

fn agency(text: &str) -> Result<AgencyId, String> {
    AgencyId::parse(text).map_err(|error| error.to_string())
}

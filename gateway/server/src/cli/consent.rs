//! `ijazat consent …`: the record of consents, shown, verified against keys and access log, and ended by the operator.

use std::io::{IsTerminal as _, Write};

use adapters::{
    entropy::SystemEntropy,
    log::{self, entries},
    sql::control::{Audited, ControlStore, StoredRevision},
};
use clap::{Args, Subcommand};
use exchange::{
    consent::revision::{Broken, Fault},
    es256::KeyRing,
    ids::ConsentId,
    record::{
        leaf::{Kind, Leaf},
        seal::SealingKey,
        side::{Side, place},
    },
};

use super::{control, failure::Failure, options::Place, runtime::block_on};
use crate::{compose::Keys, config::Config};

/// Consents read at once while all are verified.
const PAGE: u32 = 500;

/// Findings that are told one by one.
const TOLD_MAX: usize = 20;

/// Shows, verifies and ends consents.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat consent show cns-0123456789abcdef0123456789abcdef
  ijazat consent verify
  ijazat consent revoke cns-0123456789abcdef0123456789abcdef

Each change of a consent is a signed revision that names the one before, and has a leaf in the access log. A consent's name
stands in the answer of `/token` and in the basis of every access that it allowed.")]
pub struct Consent {
    #[command(subcommand)]
    command: ConsentCommand,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum ConsentCommand {
    /// Tell what became of a consent, step by step, and whether its record holds
    #[command(after_help = "\
Examples:
  ijazat consent show cns-0123456789abcdef0123456789abcdef")]
    Show {
        /// Name of the consent
        #[arg(value_parser = consent)]
        consent: ConsentId,
        /// Show the messages that the citizen was sent, too
        #[arg(long)]
        messages: bool,
    },
    /// Verify every record, and hold it against the access log of this node
    #[command(after_help = "\
Examples:
  ijazat consent verify
  ijazat consent verify cns-0123456789abcdef0123456789abcdef

Exit code 1 where a revision was edited, left out or added: the first one of each consent is named. Nothing is changed.")]
    Verify {
        /// One consent; all unless named
        #[arg(value_parser = consent)]
        consent: Option<ConsentId>,
    },
    /// End a consent for ever, in the operator's name; its token dies within a second
    #[command(after_help = "\
Examples:
  ijazat consent revoke cns-0123456789abcdef0123456789abcdef")]
    Revoke {
        /// Name of the consent
        #[arg(value_parser = consent)]
        consent: ConsentId,
    },
}

impl Consent {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] where a record does not hold, or there is none.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        block_on(async {
            let store = control::open(&config).await?;
            let ring = Keys::open(&config, &SystemEntropy::default())?.revision_ring()?;
            let done = match &self.command {
                ConsentCommand::Show { consent, messages } => show(&store, &ring, consent, *messages, out).await,
                ConsentCommand::Verify { consent: Some(consent) } => verify_one(&store, &ring, consent, out).await,
                ConsentCommand::Verify { consent: None } => verify_all(&config, &store, &ring, out).await,
                ConsentCommand::Revoke { consent } => revoke(&store, consent, out).await,
            };
            store.database().close().await;
            done
        })
    }
}

fn consent(text: &str) -> Result<ConsentId, String> {
    ConsentId::parse(text).map_err(|error| error.to_string())
}

fn failed(error: &impl ToString) -> Failure {
    Failure::Failed(error.to_string())
}

async fn audited(store: &ControlStore, ring: &KeyRing, consent: &ConsentId) -> Result<Audited, Failure> {
    let found = store.audit_record(consent, ring).await.map_err(|error| failed(&error))?;
    if found.rows.is_empty() {
        let was = store.consent_row(consent).await.map_err(|error| failed(&error))?.is_some();
        let why = if was { "it was given before there were records" } else { "no such consent" };
        return Err(Failure::Failed(format!("{consent}: {why}")));
    }
    Ok(found)
}

async fn show(
    store: &ControlStore,
    ring: &KeyRing,
    consent: &ConsentId,
    messages: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let found = audited(store, ring, consent).await?;
    for (place, row) in found.rows.iter().enumerate() {
        let read = found.verdict.as_ref().ok().and_then(|record| record.get(place));
        let cause = read.and_then(|revision| serde_json::to_value(revision.cause).ok());
        let cause = cause.as_ref().and_then(serde_json::Value::as_str).unwrap_or("?").replace('_', " ");
        let leaf = leaf_of(row);
        writeln!(out, "{}  {}  {:<9}  {cause}{leaf}", row.revision, row.at.rfc3339(), row.state)?;
    }
    if let Some(first) = found.verdict.as_ref().ok().and_then(|record| record.first()) {
        writeln!(out, "agency {}, user {}, purpose {}, {}", first.agency, first.user, first.purpose, first.acr)?;
        writeln!(out, "asked {}", first.authorization_details)?;
    }
    if messages {
        for shown in store.shown(consent).await.map_err(|error| failed(&error))? {
            writeln!(out, "told: {}", shown.text)?;
        }
    }
    told(consent, &found.verdict, out)
}

fn leaf_of(row: &StoredRevision) -> String {
    row.leaf
        .as_ref()
        .map_or_else(|| "  (its leaf follows)".to_owned(), |(node, sequence)| format!("  leaf {sequence} of {node}"))
}

fn told<T>(consent: &ConsentId, verdict: &Result<T, Broken>, out: &mut dyn Write) -> Result<(), Failure> {
    match verdict {
        Ok(_) => Ok(writeln!(out, "the record holds")?),
        Err(broken) => Err(Failure::Failed(format!("{consent}: {broken}"))),
    }
}

async fn verify_one(
    store: &ControlStore,
    ring: &KeyRing,
    consent: &ConsentId,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    told(consent, &audited(store, ring, consent).await?.verdict, out)
}

/// What does not hold, told up to a bound and counted beyond it.
struct Findings<'a> {
    out: &'a mut dyn Write,
    count: usize,
}

impl Findings<'_> {
    fn tell(&mut self, what: &str) -> Result<(), Failure> {
        self.count += 1;
        if self.count <= TOLD_MAX {
            writeln!(self.out, "{what}")?;
        }
        Ok(())
    }
}

async fn verify_all(config: &Config, store: &ControlStore, ring: &KeyRing, out: &mut dyn Write) -> Result<(), Failure> {
    let mut findings = Findings { out, count: 0 };
    let (mut after, mut consents, mut revisions) = (String::new(), 0_u64, 0_u64);
    loop {
        let page = store.recorded_consents(&after, PAGE).await.map_err(|error| failed(&error))?;
        let Some(last) = page.last() else { break };
        after = last.as_str().to_owned();
        for consent in page {
            let found = store.audit_record(&consent, ring).await.map_err(|error| failed(&error))?;
            consents += 1;
            revisions += found.rows.len() as u64;
            if let Err(broken) = found.verdict {
                findings.tell(&format!("{consent}: {broken}"))?;
            }
        }
        progress(consents, "consents verified");
    }
    let leaves = against_log(config, store, &mut findings).await?;
    let count = findings.count;
    if count > TOLD_MAX {
        writeln!(out, "and {} more", count - TOLD_MAX)?;
    }
    writeln!(out, "{consents} consents with {revisions} revisions, {leaves}")?;
    if count == 0 { Ok(()) } else { Err(Failure::Failed(format!("{count} findings: the record does not hold"))) }
}

/// On a terminal, where somebody waits.
fn progress(count: u64, what: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r{count} {what}");
        let _ = stderr.flush();
    }
}

/// Holds each leaf of this node's log against the revision that it tells, and the number of the one against that of the other.
async fn against_log(config: &Config, store: &ControlStore, findings: &mut Findings<'_>) -> Result<String, Failure> {
    let key = config.node.state_dir.join("keys").join("side.key");
    if !key.exists() || !config.log.dir.exists() {
        return Ok("no access log here to hold them against".to_owned());
    }
    let key = log::keys::load(&key).map_err(|error| failed(&error))?;
    let key = SealingKey::new(&key).map_err(|error| failed(&error))?;
    let (mut leaves, mut end) = (0_u64, 0_u64);
    for entry in entries(&config.log.dir).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        end = entry.sequence.saturating_add(1);
        let leaf = Leaf::from_bytes(&entry.leaf).map_err(|error| failed(&error))?;
        if leaf.kind != Kind::Consent {
            continue;
        }
        leaves += 1;
        progress(end, "entries of the access log read");
        let side = key.open(&place(&leaf.request), &entry.side).ok().and_then(|side| Side::from_bytes(&side));
        let row = store.revision_of(&leaf.request).await.map_err(|error| failed(&error))?;
        if let Some(fault) = differs(&leaf, entry.sequence, side.as_ref(), row.as_ref()) {
            let name = leaf.basis.as_deref().unwrap_or("a revision");
            findings.tell(&format!("{name}, entry {}: {fault}", entry.sequence))?;
        }
    }
    let named = store.recorded_revisions(&config.node.name, end).await.map_err(|error| failed(&error))?;
    if named != leaves {
        findings
            .tell(&format!("the store names {named} leaves, the access log of {} has {leaves}", config.node.name))?;
    }
    Ok(format!("{leaves} of them in the access log of {}", config.node.name))
}

/// What is wrong between a leaf and the revision that it tells.
fn differs(leaf: &Leaf, sequence: u64, side: Option<&Side>, row: Option<&StoredRevision>) -> Option<Fault> {
    let Some(row) = row else { return Some(Fault::Missing) };
    let told = side.is_some_and(|side| side.parameters.as_slice() == row.signed.as_bytes());
    let named = leaf.basis.as_deref() == Some(format!("{}@{}", row.consent, row.revision).as_str());
    // One whose place is not noted yet was written a moment ago.
    let placed = row.leaf.as_ref().is_none_or(|(node, place)| *node == leaf.node && *place == sequence);
    (!(told && named && placed)).then_some(Fault::Log)
}

async fn revoke(store: &ControlStore, consent: &ConsentId, out: &mut dyn Write) -> Result<(), Failure> {
    if store.revoke_consent(consent).await.map_err(|error| failed(&error))? {
        writeln!(out, "{consent} is over; its token dies within a second")?;
        return Ok(());
    }
    Err(Failure::Failed(format!("{consent}: no consent of this name holds")))
}

//! Statements in the making, of one agency or of all, from one reading of the logs.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write as _},
};

use adapters::log::{Proved, SignedLog, VerifyError};
use exchange::{
    log::note::NoteSigner,
    record::leaf::Leaf,
    statement::{BillingTerms, Digest, Draft, DraftError, Evidence, Issued, PublicKeys, Reversal, is_of, views},
    timestamp::Timestamp,
};

use super::{super::failure::Failure, folder::Folder, lines, recompute, signers::Source};

/// Files of a statement's folder.
pub(in super::super) const STATEMENT: &str = "statement.note";
pub(in super::super) const TERMS: &str = "terms.note";
pub(in super::super) const LEAVES: &str = "leaves.ndjson";
pub(super) const KEYS: &str = "keys.txt";

/// Who signs, by which keys it is checked, and what all statements of one reading say alike.
#[derive(Debug)]
pub(super) struct Office<'a> {
    pub(super) signer: &'a NoteSigner,
    pub(super) keys: &'a PublicKeys,
    pub(super) now: Timestamp,
    pub(super) so_far: bool,
}

/// A statement in the making: its terms are signed and in its folder, its leaves go there as they are read.
#[derive(Debug)]
pub(super) struct Making<'t> {
    pub(super) terms: &'t BillingTerms,
    pub(super) folder: Folder,
    digest: Digest,
    leaves: BufWriter<File>,
    draft: Draft<'t>,
    entries: u64,
    /// Why it will not be issued: the statements beside it may still be.
    fault: Option<DraftError>,
}

impl<'t> Making<'t> {
    /// Signs the terms.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming a file.
    pub(super) fn begin(terms: &'t BillingTerms, folder: Folder, office: &Office<'_>) -> Result<Self, Failure> {
        let signed = terms.sign(office.signer).map_err(|error| lines::of_file(&folder.path(TERMS), &error))?;
        let digest = BillingTerms::open(&signed, &office.keys.statements);
        let digest = digest.map_err(|error| Failure::Failed(format!("the terms do not hold: {error}")))?.digest;
        folder.write(TERMS, &signed)?;
        folder.write(KEYS, &office.keys.to_string())?;
        let leaves = folder.file(LEAVES)?;
        Ok(Self { terms, folder, digest, leaves, draft: Draft::new(terms), entries: 0, fault: None })
    }

    /// Whether nothing of the month was found.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    fn add(&mut self, leaf: &Leaf, proved: Proved) -> Result<(), Wrong> {
        self.entries = self.entries.saturating_add(1);
        if self.fault.is_none() {
            self.fault = self.draft.add(leaf, &proved.leaf).err();
        }
        let line = Evidence { leaf: proved.leaf, proof: proved.proof }.to_line();
        Ok(writeln!(self.leaves, "{line}")?)
    }

    /// Signs the statement, writes it as people and programs read it, and recomputes it as the agency will.
    ///
    /// # Errors
    /// [`Failure::Failed`]: it is not issued.
    pub(super) fn issue(self, office: &Office<'_>, reverses: Option<Reversal>) -> Result<Issued, Failure> {
        let Self { folder, digest, leaves, draft, fault, .. } = self;
        let told = |error: DraftError| Failure::Failed(format!("not issued: {error}"));
        if let Some(fault) = fault {
            return Err(told(fault));
        }
        folder.done(LEAVES, leaves)?;
        let issued = draft.issue(digest, office.now, office.so_far, reverses).map_err(told)?;
        write(&issued, office.signer, &folder)?;
        let read = |name| folder.path(name);
        let audited = recompute::audit(&read(STATEMENT), &read(TERMS), &read(LEAVES), office.keys)?;
        match audited.findings.first() {
            None => Ok(issued),
            Some(finding) => Err(Failure::Failed(format!("not issued, because it does not recompute: {finding}"))),
        }
    }
}

/// The statement, as signed and as people and programs read it.
fn write(issued: &Issued, signer: &NoteSigner, folder: &Folder) -> Result<(), Failure> {
    let note = issued.sign(signer).map_err(|error| lines::of_file(&folder.path(STATEMENT), &error))?;
    folder.write(STATEMENT, &note)?;
    folder.write("statement.json", &format!("{}\n", issued.to_json()))?;
    folder.write("statement.csv", &views::csv(issued))?;
    folder.write("statement.html", &views::page(issued))
}

/// Reads the logs through, each once for all statements; each leaf that is used is written with its proof.
///
/// # Errors
/// [`Failure::Failed`] naming the log.
pub(super) fn read(sources: &[Source], making: &mut [Making<'_>]) -> Result<(), Failure> {
    let of: HashMap<&str, usize> =
        making.iter().enumerate().map(|(place, each)| (each.terms.agency.as_str(), place)).collect();
    for source in sources {
        let told = |why: Wrong| Failure::Failed(format!("{}: {why}", source.dir.display()));
        let log = open(source).map_err(told)?;
        for each in making.iter_mut() {
            each.draft.begin(log.origin(), log.head().size).map_err(Wrong::Draft).map_err(told)?;
        }
        let bar = lines::bar(log.head().size);
        let terms: Vec<&BillingTerms> = making.iter().map(|each| each.terms).collect();
        let place = |leaf: &Leaf| {
            let place = of.get(leaf.agency.as_deref()?).copied()?;
            terms.get(place).is_some_and(|terms| is_of(leaf, terms)).then_some(place)
        };
        let wanted = |index: u64, bytes: &[u8]| -> Result<bool, Wrong> {
            bar.set_position(index + 1);
            Ok(place(&leaf_of(index, bytes)?).is_some())
        };
        let give = |proved: Proved| -> Result<(), Wrong> {
            let leaf = leaf_of(proved.proof.index, &proved.leaf)?;
            match place(&leaf).and_then(|place| making.get_mut(place)) {
                Some(each) => each.add(&leaf, proved),
                None => Ok(()),
            }
        };
        log.prove_each(wanted, give).map_err(told)?;
        bar.finish_and_clear();
    }
    Ok(())
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
    let bar = lines::bar(0);
    let opened = SignedLog::open(&source.dir, &source.key.to_vkey(), &mut |read, of| {
        bar.set_length(of);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    Ok(opened?)
}

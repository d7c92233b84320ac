//! Recomputes a bill from leaves with proofs, the signed terms and public keys, and tells what of the statement is wrong.
//!
//! Nothing is believed but the keys: the statement and its terms by their signatures, each leaf by its proof under a
//! checkpoint that its log signed. A leaf is rated again by the terms; the proved leaves are summed, priced and hashed
//! again; every number is held against the statement's.

mod finding;
mod lines;
mod prover;

use std::collections::{BTreeMap, HashMap};

pub use self::{
    finding::{Differs, Finding, LineName, Unproved},
    prover::{Prover, origin_of},
};
use super::{
    bill::{Bill, Bills},
    check::rate_again,
    document::{Digest, DocumentError},
    draft::{bill_of, is_of},
    evidence::Evidence,
    issued::{Covered, Issued, node_of},
    keys::PublicKeys,
    priced::Statement,
    terms::BillingTerms,
};
use crate::log::merkle::{Frontier, Hash, leaf_hash};

/// Why nothing can be audited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The statement is malformed, or no key that was given signed it.
    #[error("statement: {0}")]
    Statement(DocumentError),
    /// The terms are malformed, or no key that was given signed them.
    #[error("terms: {0}")]
    Terms(DocumentError),
}

/// An audit under way: leaves go in one by one, in any order.
#[derive(Debug)]
pub struct Audit<'k> {
    prover: Prover<'k>,
    issued: Issued,
    terms: BillingTerms,
    /// Hashes of the proved leaves of this bill, by log and index.
    proved: BTreeMap<Log, BTreeMap<u64, Hash>>,
    bills: Bills,
    others: u64,
    findings: Vec<Finding>,
}

/// A log, in the order in which statements have them: its node's name, then its origin.
type Log = (String, String);

fn log_of(origin: &str) -> Log {
    (node_of(origin).to_owned(), origin.to_owned())
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The statement, whose signature holds.
    pub issued: Issued,
    /// The proved leaves' sums.
    pub bill: Bill,
    /// The statement that they give; `None` where they have no price.
    pub recomputed: Option<Statement>,
    /// Proved leaves of this bill.
    pub entries: u64,
    /// Proved leaves that are of no bill, of another, or later than a provisional statement.
    pub others: u64,
    /// What is wrong; nothing in a statement that holds.
    pub findings: Vec<Finding>,
}

impl<'k> Audit<'k> {
    /// Begins with the signed statement and terms.
    ///
    /// # Errors
    /// [`AuditError`] when one of them is not signed by a key that is trusted for it, or does not read.
    pub fn begin(statement: &str, terms: &str, keys: &'k PublicKeys) -> Result<Self, AuditError> {
        let issued = Issued::open(statement, &keys.statements).map_err(AuditError::Statement)?.body;
        let terms = BillingTerms::open(terms, &keys.statements).map_err(AuditError::Terms)?;
        let mut findings = Vec::new();
        let stated = &issued.statement;
        if (&stated.agency, stated.month) != (&terms.body.agency, terms.body.month) {
            let (agency, month) = (&terms.body.agency, terms.body.month);
            let why = format!("it is {}'s for {}, they are {agency}'s for {month}", stated.agency, stated.month);
            findings.push(Finding::OtherTerms(why));
        } else if issued.terms != terms.digest {
            findings.push(Finding::OtherTerms(format!("it names {}, they are {}", issued.terms, terms.digest)));
        }
        Ok(Self {
            prover: Prover::new(keys),
            issued,
            terms: terms.body,
            proved: BTreeMap::new(),
            bills: Bills::default(),
            others: 0,
            findings,
        })
    }

    /// Takes in one leaf. What is not proved is a finding and counts for nothing; the same leaf twice counts once.
    pub fn add(&mut self, evidence: &Evidence) {
        let origin = origin_of(evidence);
        let (node, index) = (node_of(origin).to_owned(), evidence.proof.index);
        match self.prover.prove(evidence) {
            Err(why) => self.findings.push(Finding::Proof { node, index, why }),
            Ok(leaf) if !is_of(&leaf, &self.terms) || self.is_later(origin, index) => {
                self.others = self.others.saturating_add(1);
            }
            Ok(leaf) => {
                let hash = leaf_hash(&evidence.leaf);
                if self.proved.entry(log_of(origin)).or_default().insert(index, hash).is_none() {
                    let faulty = rate_again(&leaf, &self.terms.books, &self.terms.classes).err();
                    self.findings.extend(faulty.map(Finding::Rated));
                    self.bills.add(&leaf);
                }
            }
        }
    }

    /// Whether an entry came after a provisional statement was made, which is not its fault.
    fn is_later(&self, origin: &str, index: u64) -> bool {
        let covered = self.issued.covered.iter().find(|covered| covered.origin == origin);
        self.issued.provisional && covered.is_none_or(|covered| index >= covered.until)
    }

    /// Holds the statement against all leaves that went in.
    #[must_use]
    pub fn finish(mut self) -> Audited {
        self.list();
        let bill = bill_of(std::mem::take(&mut self.bills), &self.terms);
        let recomputed = match Statement::price(&bill, &self.terms.books) {
            Ok(recomputed) => {
                self.findings.extend(lines::differences(&self.issued.statement, &recomputed));
                Some(recomputed)
            }
            Err(error) => {
                self.findings.push(Finding::Unpriced(error));
                None
            }
        };
        let found = Digest(self.root());
        if found != self.issued.root {
            self.findings.push(Finding::Root { stated: self.issued.root.to_string(), found: found.to_string() });
        }
        let entries = self.proved.values().fold(0, |all: u64, node| all.saturating_add(node.len() as u64));
        let (issued, others, findings) = (self.issued, self.others, self.findings);
        Audited { issued, bill, recomputed, entries, others, findings }
    }

    /// Holds the list of entries against the proved leaves, both ways.
    fn list(&mut self) {
        let nothing = BTreeMap::new();
        for covered in &self.issued.covered {
            let node = covered.node().to_owned();
            let proved = self.proved.get(&log_of(&covered.origin)).unwrap_or(&nothing);
            for &(from, until) in covered.entries.without(proved.keys().copied()).runs() {
                self.findings.push(Finding::WithoutLeaf { node: node.clone(), from, until });
            }
            self.findings.extend(beyond(covered).map(|(from, until)| Finding::Beyond {
                node: node.clone(),
                from,
                until,
            }));
        }
        let listed: HashMap<&str, &Covered> = self.issued.covered.iter().map(|it| (it.origin.as_str(), it)).collect();
        for ((node, origin), proved) in &self.proved {
            let covered = listed.get(origin.as_str());
            for index in proved.keys().copied() {
                if !covered.is_some_and(|covered| covered.entries.contains(index)) {
                    self.findings.push(Finding::Unlisted { node: node.clone(), index });
                }
            }
        }
    }

    /// Root over the proved leaves.
    fn root(&self) -> Hash {
        let mut tree = Frontier::default();
        self.proved.values().flat_map(BTreeMap::values).for_each(|hash| tree.push(*hash));
        tree.root()
    }
}

/// Runs of listed entries that lie outside of what was read.
fn beyond(covered: &Covered) -> impl Iterator<Item = (u64, u64)> + '_ {
    covered.entries.runs().iter().flat_map(|&(from, until)| {
        let before = (from, until.min(covered.from));
        let after = (from.max(covered.until), until);
        [before, after].into_iter().filter(|(from, until)| from < until)
    })
}

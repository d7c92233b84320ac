//! An agency's receipts held against its statement: what is missing, what is extra, what is different.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    bill::{billed, month_of},
    issued::Issued,
    receipt::Receipt,
};
use crate::{
    record::leaf::{Kind, Leaf},
    tariff::Class,
};

/// How receipts and statement differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// The agency has a receipt that the statement knows nothing of.
    #[error(
        "missing {origin}/{index}: you have a receipt for {amount_milli_paisa} milli-paisa, the statement does not have it"
    )]
    Missing {
        /// The log.
        origin: String,
        /// Index of the entry.
        index: u64,
        /// As the receipt says.
        amount_milli_paisa: i64,
    },
    /// The statement has entries of which the agency has no receipt.
    #[error("extra {origin}/{from}{}: in the statement, and you have no receipt", until_word(*from, *until))]
    Extra {
        /// The log.
        origin: String,
        /// First index.
        from: u64,
        /// First index after them.
        until: u64,
    },
    /// Receipt and entry say different things.
    #[error("different {origin}/{index}: {what} is {receipt} by your receipt and {entry} by the entry")]
    Different {
        /// The log.
        origin: String,
        /// Index of the entry.
        index: u64,
        /// What.
        what: &'static str,
        /// By the receipt.
        receipt: String,
        /// By the entry.
        entry: String,
    },
}

fn until_word(from: u64, until: u64) -> String {
    match until.saturating_sub(from) {
        0 | 1 => String::new(),
        count => format!(" to {} ({count} entries)", until.saturating_sub(1)),
    }
}

/// Leaves of a bill by log and index: how receipts are compared in more than their places.
pub type Leaves = BTreeMap<(String, u64), Leaf>;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Receipts that agree with the statement.
    pub agree: u64,
    /// Receipts that no statement need have: repetitions, dry runs, what costs nothing, other months by their leaves.
    pub not_billed: u64,
    /// Receipts of entries that were recorded after a provisional statement was made.
    pub later: u64,
    /// Entries without a receipt of their own that close an answer whose parts have theirs.
    pub closings: u64,
    /// How they differ, by log and index.
    pub differences: Vec<Difference>,
}

/// Compares. Without a leaf of an entry only its place is compared.
#[must_use]
pub fn compare(receipts: &[Receipt], issued: &Issued, leaves: &Leaves) -> Comparison {
    let mut found = Comparison::default();
    let mut held: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    let mut ordered: Vec<&Receipt> = receipts.iter().collect();
    ordered.sort_by_key(|receipt| (&receipt.origin, receipt.index));
    ordered.dedup();
    for receipt in ordered {
        let leaf = leaves.get(&(receipt.origin.clone(), receipt.index));
        // The first answer was lost on its way: who repeated it knows that it asked, and by which entry it is charged.
        if let Some(first) = receipt.replay_of.filter(|first| issued.lists(&receipt.origin, *first)) {
            held.entry(&receipt.origin).or_default().insert(first);
        }
        if issued.lists(&receipt.origin, receipt.index) {
            held.entry(&receipt.origin).or_default().insert(receipt.index);
            let different = leaf.map_or_else(Vec::new, |leaf| different(receipt, leaf));
            found.agree = found.agree.saturating_add(u64::from(different.is_empty()));
            found.differences.extend(different);
        } else if is_later(receipt, issued) {
            found.later = found.later.saturating_add(1);
        } else if costs_nothing(receipt) || leaf.is_some_and(|leaf| is_elsewhere(leaf, issued)) {
            found.not_billed = found.not_billed.saturating_add(1);
        } else {
            let amount_milli_paisa = receipt.amount_milli_paisa.unwrap_or(0);
            let (origin, index) = (receipt.origin.clone(), receipt.index);
            found.differences.push(Difference::Missing { origin, index, amount_milli_paisa });
        }
    }
    extra(issued, leaves, &held, &mut found);
    found
}

fn costs_nothing(receipt: &Receipt) -> bool {
    receipt.replay_of.is_some() || receipt.amount_milli_paisa.is_none_or(|amount| amount == 0)
}

/// Whether a statement that is provisional was made before this was recorded.
fn is_later(receipt: &Receipt, issued: &Issued) -> bool {
    let covered = issued.covered.iter().find(|covered| covered.origin == receipt.origin);
    issued.provisional && covered.is_some_and(|covered| receipt.index >= covered.until)
}

/// Whether the leaf itself says that this statement need not have it.
fn is_elsewhere(leaf: &Leaf, issued: &Issued) -> bool {
    billed(leaf).is_none() || month_of(leaf) != Some(issued.statement.month)
}

/// Entries of the statement without a receipt. An answer in parts says its last entry in its last line only, which a client
/// that went away never read: where the leaf shows that the entry costs nothing, it is counted and not complained of.
fn extra(issued: &Issued, leaves: &Leaves, held: &BTreeMap<&str, BTreeSet<u64>>, found: &mut Comparison) {
    let nothing = BTreeSet::new();
    for covered in &issued.covered {
        let origin = &covered.origin;
        let held = held.get(origin.as_str()).unwrap_or(&nothing);
        let closes = |leaf: &Leaf| leaf.kind == Kind::Outcome && leaf.rows == 0 && leaf.amount == 0;
        let closings: BTreeSet<u64> = leaves
            .range((origin.clone(), 0)..=(origin.clone(), u64::MAX))
            .filter(|((_, index), leaf)| closes(leaf) && covered.entries.contains(*index) && !held.contains(index))
            .map(|((_, index), _)| *index)
            .collect();
        found.closings = found.closings.saturating_add(closings.len() as u64);
        let known: BTreeSet<u64> = held.union(&closings).copied().collect();
        for &(from, until) in covered.entries.without(known.into_iter()).runs() {
            found.differences.push(Difference::Extra { origin: origin.clone(), from, until });
        }
    }
}

/// In what the receipt differs from its entry.
fn different(receipt: &Receipt, leaf: &Leaf) -> Vec<Difference> {
    let payable = if leaf.class.is_some_and(Class::is_gratis) { 0 } else { leaf.amount };
    let version = leaf.rate_version.as_deref().unwrap_or("none");
    let rows = receipt.rows.map(|rows| ("number of rows", rows.to_string(), leaf.rows.to_string()));
    let amount = receipt.amount_milli_paisa;
    let amount = amount.map(|amount| ("amount in milli-paisa", amount.to_string(), payable.to_string()));
    let rate = receipt.rate_version.as_ref().map(|rate| ("rate version", rate.clone(), version.to_owned()));
    let (origin, index) = (&receipt.origin, receipt.index);
    let differ = [rows, amount, rate].into_iter().flatten().filter(|(_, receipt, entry)| receipt != entry);
    let named = |(what, receipt, entry)| Difference::Different { origin: origin.clone(), index, what, receipt, entry };
    differ.map(named).collect()
}

//! Makes a statement while a log is read: leaves go in one by one, in the order of node and index.

use super::{
    bill::{Bill, Bills, billed, month_of},
    check::{Fault, rate_again},
    document::Digest,
    issued::{Covered, Issued, Reversal},
    places::Places,
    priced::{PriceError, Statement},
    terms::BillingTerms,
};
use crate::{
    log::merkle::{Frontier, leaf_hash},
    record::leaf::Leaf,
    timestamp::Timestamp,
};

/// Whether a leaf is of the bill that the terms are for. What is free is of none: fetching the proofs of a bill's entries does not
/// add entries to it.
#[must_use]
pub fn is_of(leaf: &Leaf, terms: &BillingTerms) -> bool {
    let priced = leaf.unit.is_some() || leaf.amount != 0;
    leaf.agency.as_deref() == Some(terms.agency.as_str())
        && priced
        && billed(leaf).is_some()
        && month_of(leaf) == Some(terms.month)
}

/// A statement in the making.
#[derive(Debug)]
pub struct Draft<'t> {
    terms: &'t BillingTerms,
    bills: Bills,
    covered: Vec<Covered>,
    tree: Frontier,
}

/// Why no statement is issued: then nobody may be asked to pay it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// A leaf was charged otherwise than the terms say.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The bill has no price.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// Nodes or entries came out of their order.
    #[error("entry {index} of `{origin}` came out of its order")]
    Order {
        /// The log.
        origin: String,
        /// Index of the entry.
        index: u64,
    },
}

impl<'t> Draft<'t> {
    /// Nothing read yet.
    #[must_use]
    pub fn new(terms: &'t BillingTerms) -> Self {
        Self { terms, bills: Bills::default(), covered: Vec::new(), tree: Frontier::default() }
    }

    /// Begins a log whose first `until` entries will be read. Logs come by their nodes' names.
    ///
    /// # Errors
    /// [`DraftError::Order`] where this one should have come before another.
    pub fn begin(&mut self, origin: &str, until: u64) -> Result<(), DraftError> {
        let next = Covered { origin: origin.to_owned(), from: 0, until, entries: Places::default() };
        if self.covered.last().is_some_and(|last| last.node() >= next.node()) {
            return Err(DraftError::Order { origin: origin.to_owned(), index: 0 });
        }
        self.covered.push(next);
        Ok(())
    }

    /// Adds an entry of the log that was begun last, if it is of this bill.
    ///
    /// # Errors
    /// [`DraftError::Fault`] where it is charged wrongly, [`DraftError::Order`] where one behind it was added before.
    pub fn add(&mut self, leaf: &Leaf, bytes: &[u8]) -> Result<(), DraftError> {
        if !is_of(leaf, self.terms) {
            return Ok(());
        }
        let index = leaf.sequence;
        let out_of_order = |origin: &str| DraftError::Order { origin: origin.to_owned(), index };
        let covered = self.covered.last_mut().ok_or_else(|| out_of_order(&leaf.node))?;
        if covered.node() != leaf.node || index >= covered.until || !covered.entries.push(index) {
            return Err(out_of_order(&covered.origin));
        }
        rate_again(leaf, &self.terms.books, &self.terms.classes)?;
        self.bills.add(leaf);
        self.tree.push(leaf_hash(bytes));
        Ok(())
    }

    /// The statement. `terms`: digest of the signed terms.
    ///
    /// # Errors
    /// [`DraftError::Price`].
    pub fn issue(
        self,
        terms: Digest,
        issued_at: Timestamp,
        provisional: bool,
        reverses: Option<Reversal>,
    ) -> Result<Issued, DraftError> {
        let bill = bill_of(self.bills, self.terms);
        let statement = Statement::price(&bill, &self.terms.books)?;
        let root = Digest(self.tree.root());
        Ok(Issued { issued_at, provisional, terms, reverses, statement, covered: self.covered, root })
    }
}

/// The one bill among those summed, which is empty where nothing was.
pub(super) fn bill_of(bills: Bills, terms: &BillingTerms) -> Bill {
    let is_ours = |bill: &Bill| bill.agency == terms.agency && bill.month == terms.month;
    bills.bills().find(is_ours).unwrap_or_else(|| Bill::of(terms.agency.clone(), terms.month, Vec::new()))
}

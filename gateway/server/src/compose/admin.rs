//! Writes a leaf of kind `admin`, or `rate-change`, for each change that an operator made, exactly once and in order.
//!
//! The change is in force from its own transaction on; its leaf follows, at the start of the process that owns the log and
//! every second after. Between the two a crash may fall anywhere: before the claim nothing was handed to the log; after it,
//! the leaf is looked for from the claimed place on before it is written, by the id that it carries.

use std::sync::Arc;

use exchange::{
    ports::{
        admin_changes::{AdminChange, AdminChanges, Claim},
        consent_tokens::ControlUnavailable,
        entropy::Entropy,
        record_log::{Entry, LogUnavailable, RecordLog},
    },
    record::{
        leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
        seal::SealingKey,
        side::{Openings, Side, commit, place},
    },
};

/// Changes read at once.
const BATCH: u32 = 64;

/// Entries read at once while a leaf is looked for.
const LOOK: usize = 256;

/// Changes of what is charged.
const RATES: [&str; 2] = ["approve-rate-book", "approve-gratis"];

/// Why the log does not tell every change yet.
#[derive(Debug, thiserror::Error)]
pub enum AdminLogError {
    /// The store of changes.
    #[error(transparent)]
    Store(#[from] ControlUnavailable),
    /// The access log.
    #[error(transparent)]
    Log(#[from] LogUnavailable),
    /// The side record could not be sealed.
    #[error("side record cannot be sealed")]
    Seal,
}

/// Brings changes into the log of this node. One for each log, and one call at a time.
#[derive(Debug)]
pub struct AdminLog {
    /// The changes.
    pub changes: Arc<dyn AdminChanges>,
    /// The log.
    pub log: Arc<dyn RecordLog>,
    /// Seals side records.
    pub side_key: Arc<SealingKey>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl AdminLog {
    /// Writes every leaf that is missing; returns how many changes are recorded now and were not before.
    ///
    /// # Errors
    /// [`AdminLogError`]: what was written stays written, the rest waits.
    pub async fn catch_up(&self) -> Result<u64, AdminLogError> {
        let mut recorded = 0;
        loop {
            let mut moved = false;
            for change in self.changes.waiting(self.log.node(), BATCH).await? {
                if let Some(sequence) = self.place(&change).await? {
                    self.changes.recorded(&change.id, sequence).await?;
                    recorded += 1;
                    moved = true;
                }
            }
            if !moved {
                return Ok(recorded);
            }
        }
    }

    /// Where the change's leaf stands, written now unless it was before; `None` where another node writes it.
    async fn place(&self, change: &AdminChange) -> Result<Option<u64>, AdminLogError> {
        if let Some(claim) = &change.claim {
            if let Some(sequence) = self.find(&change.id, claim.from)? {
                return Ok(Some(sequence));
            }
        } else {
            let claim = Claim { node: self.log.node().to_owned(), from: self.log.durable_size() };
            if !self.changes.claim(&change.id, &claim).await? {
                return Ok(None);
            }
        }
        let durable = self.log.submit(self.entry(change)?)?;
        Ok(Some(durable.await?.sequence))
    }

    fn find(&self, id: &str, from: u64) -> Result<Option<u64>, AdminLogError> {
        let mut next = from;
        loop {
            let entries = self.log.read(next, LOOK)?;
            let Some(last) = entries.last() else { return Ok(None) };
            next = last.sequence + 1;
            let ours = |bytes: &[u8]| {
                let leaf = Leaf::from_bytes(bytes);
                leaf.is_ok_and(|leaf| matches!(leaf.kind, Kind::Admin | Kind::RateChange) && leaf.request == id)
            };
            if let Some(found) = entries.iter().find(|entry| ours(&entry.leaf)) {
                return Ok(Some(found.sequence));
            }
        }
    }

    fn entry(&self, change: &AdminChange) -> Result<Entry, AdminLogError> {
        let mut keys = [[0; 32]; 2];
        for key in &mut keys {
            self.entropy.fill(key);
        }
        let [user, parameters] = keys;
        let commitments = Commitments {
            user: Some(commit("user", &user, change.operator.as_bytes()).into()),
            parameters: Some(commit("parameters", &parameters, change.detail.as_bytes()).into()),
            ..Commitments::default()
        };
        let openings = Openings { user: Some(user.into()), parameters: Some(parameters.into()), ..Openings::default() };
        let side = Side {
            openings,
            user: Some(change.operator.clone()),
            parameters: change.detail.clone().into_bytes().into(),
            ..Side::default()
        };
        let sealed = self.side_key.seal(self.entropy.as_ref(), &place(&change.id), &side.to_bytes());
        let side = sealed.map_err(|_| AdminLogError::Seal)?;
        Ok(Entry { leaf: leaf(self.log.node(), change, commitments), side, closes: false })
    }
}

fn leaf(node: &str, change: &AdminChange, commitments: Commitments) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind: if RATES.contains(&change.what.as_str()) { Kind::RateChange } else { Kind::Admin },
        at: change.at,
        node: node.to_owned(),
        sequence: 0,
        request: change.id.clone(),
        intent: None,
        caller: "Internal".to_owned(),
        agency: change.agency.clone(),
        service: Some(format!("admin.{}@1", change.what)),
        purpose: None,
        basis: None,
        agreement: None,
        status: 0,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 0,
        directory: change.generation,
        rows: 0,
        bytes: 0,
        rate_version: None,
        tariff: None,
        amount: 0,
        commitments,
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    }
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;

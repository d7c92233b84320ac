//! Writes a leaf for each change that was made beside the door, by an operator or by what a citizen said, exactly once and in order.
//!
//! The change is in force from its own transaction on; its leaf follows, at the start of the process that owns the log and
//! every second after. Between the two a crash may fall anywhere: before the claim nothing was handed to the log; after it,
//! the leaf is looked for from the claimed place on before it is written, by the id that it carries.

use std::{collections::BTreeMap, sync::Arc};

use exchange::{
    ports::{
        consent_tokens::ControlUnavailable,
        entropy::Entropy,
        record_log::{Entry, LogUnavailable, RecordLog},
        unrecorded::{Claim, UnrecordedChange, UnrecordedChanges},
    },
    record::{
        leaf::{Commitments, LEAF_VERSION, Leaf},
        seal::SealingKey,
        side::{Openings, Side, commit, place},
    },
};

/// Changes read, claimed, synced and noted at once.
const BATCH: u32 = 256;

/// Entries read at once while leaves are looked for.
const LOOK: usize = 256;

/// Why the log does not tell every change yet.
#[derive(Debug, thiserror::Error)]
pub enum ChangeLogError {
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
pub struct ChangeLog {
    /// The stores of changes.
    pub changes: Vec<Arc<dyn UnrecordedChanges>>,
    /// The log.
    pub log: Arc<dyn RecordLog>,
    /// Seals side records.
    pub side_key: Arc<SealingKey>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl ChangeLog {
    /// Writes every leaf that is missing; returns how many changes are recorded now and were not before.
    ///
    /// # Errors
    /// [`ChangeLogError`]: what was written stays written, the rest waits.
    pub async fn catch_up(&self) -> Result<usize, ChangeLogError> {
        let mut recorded = 0;
        for changes in &self.changes {
            loop {
                let moved = self.batch(changes.as_ref()).await?;
                recorded += moved;
                if moved == 0 {
                    break;
                }
            }
        }
        Ok(recorded)
    }

    /// Places the oldest changes that wait; how many.
    async fn batch(&self, changes: &dyn UnrecordedChanges) -> Result<usize, ChangeLogError> {
        let waiting = changes.waiting(self.log.node(), BATCH).await?;
        let free: Vec<String> = waiting.iter().filter(|c| c.claim.is_none()).map(|c| c.id.clone()).collect();
        let claim = Claim { node: self.log.node().to_owned(), from: self.log.durable_size() };
        let ours = if free.is_empty() { free } else { changes.claim(&free, &claim).await? };
        // What was claimed before, by a process that died, may have its leaf already.
        let mut places = self.find(&waiting)?;
        let mut durable = Vec::new();
        let mut failed = None;
        for change in waiting.iter().filter(|c| c.claim.is_some() || ours.contains(&c.id)) {
            if places.contains_key(&change.id) {
                continue;
            }
            match self.entry(change).and_then(|entry| Ok(self.log.submit(entry)?)) {
                Ok(promised) => durable.push((change.id.clone(), promised)),
                // In their order or not at all.
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        for (id, promised) in durable {
            match promised.await {
                Ok(position) => drop(places.insert(id, position.sequence)),
                Err(error) => failed = failed.or(Some(error.into())),
            }
        }
        let noted: Vec<(String, u64)> = places.into_iter().collect();
        if !noted.is_empty() {
            changes.recorded(&noted).await?;
        }
        failed.map_or(Ok(noted.len()), Err)
    }

    /// Where the leaves of changes stand that were claimed before; those that have none are not in it.
    fn find(&self, waiting: &[UnrecordedChange]) -> Result<BTreeMap<String, u64>, ChangeLogError> {
        let claims = waiting.iter().filter_map(|change| Some((change, change.claim.as_ref()?.from)));
        let claimed: BTreeMap<&str, (&UnrecordedChange, u64)> =
            claims.map(|(change, from)| (change.id.as_str(), (change, from))).collect();
        let mut found = BTreeMap::new();
        let Some(mut next) = claimed.values().map(|(_, from)| *from).min() else { return Ok(found) };
        loop {
            let entries = self.log.read(next, LOOK)?;
            let Some(last) = entries.last() else { return Ok(found) };
            next = last.sequence + 1;
            for entry in &entries {
                let Ok(leaf) = Leaf::from_bytes(&entry.leaf) else { continue };
                let ours = claimed.get(leaf.request.as_str());
                if ours.is_some_and(|(change, from)| change.kind == leaf.kind && *from <= entry.sequence) {
                    found.entry(leaf.request).or_insert(entry.sequence);
                }
            }
        }
    }

    fn entry(&self, change: &UnrecordedChange) -> Result<Entry, ChangeLogError> {
        let mut keys = [[0; 32]; 2];
        for key in &mut keys {
            self.entropy.fill(key);
        }
        let [user, parameters] = keys;
        let commitments = Commitments {
            user: change.operator.as_ref().map(|operator| commit("user", &user, operator.as_bytes()).into()),
            parameters: Some(commit("parameters", &parameters, change.detail.as_bytes()).into()),
            ..Commitments::default()
        };
        let openings = Openings {
            user: change.operator.as_ref().map(|_| user.into()),
            parameters: Some(parameters.into()),
            ..Openings::default()
        };
        let side = Side {
            openings,
            user: change.operator.clone(),
            parameters: change.detail.clone().into_bytes().into(),
            ..Side::default()
        };
        let sealed = self.side_key.seal(self.entropy.as_ref(), &place(&change.id), &side.to_bytes());
        let side = sealed.map_err(|_| ChangeLogError::Seal)?;
        Ok(Entry { leaf: leaf(self.log.node(), change, commitments), side, closes: false })
    }
}

fn leaf(node: &str, change: &UnrecordedChange, commitments: Commitments) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind: change.kind,
        at: change.at,
        node: node.to_owned(),
        sequence: 0,
        request: change.id.clone(),
        intent: None,
        caller: "Internal".to_owned(),
        agency: change.agency.clone(),
        service: Some(change.service.clone()),
        purpose: change.purpose.clone(),
        basis: change.basis.clone(),
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
#[path = "changes_kit.rs"]
mod kit;
#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;

//! Store and log of one node in memory, which fail where a test says: what the change log is tried with.

use std::sync::{Mutex, PoisonError};

use adapters::entropy::SystemEntropy;
use async_trait::async_trait;
use exchange::{
    ports::record_log::{Durable, InclusionProof, Position, StoredEntry},
    record::leaf::Kind,
};

use super::*;

pub const NODE: &str = "node-1";

/// Where a run is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The store does not answer when asked what waits.
    Waiting,
    /// The claim was not made.
    BeforeClaim,
    /// The claim was made, and whoever made it heard nothing of it.
    AfterClaim,
    /// The log takes nothing.
    Full,
    /// The entry is in the log, and whoever handed it over heard nothing of it.
    AfterEntry,
    /// The place of the leaf was not noted.
    BeforeNote,
    /// It was noted, and whoever did it heard nothing of it.
    AfterNote,
    /// The log cannot be read.
    Unreadable,
}

pub const CUTS: [Cut; 8] = [
    Cut::Waiting,
    Cut::BeforeClaim,
    Cut::AfterClaim,
    Cut::Full,
    Cut::AfterEntry,
    Cut::BeforeNote,
    Cut::AfterNote,
    Cut::Unreadable,
];

/// Store and log of one node in memory; `cut` fails the n-th passing of its place.
#[derive(Debug, Default)]
pub struct Both {
    pub rows: Mutex<Vec<(UnrecordedChange, Option<u64>)>>,
    pub entries: Mutex<Vec<StoredEntry>>,
    pub cut: Mutex<Option<(Cut, u32)>>,
}

impl Both {
    /// Whether the run is cut off here.
    pub fn cut(&self, here: Cut) -> bool {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        match *cut {
            Some((place, 0)) if place == here => {
                *cut = None;
                true
            }
            Some((place, left)) if place == here => {
                *cut = Some((place, left - 1));
                false
            }
            _ => false,
        }
    }

    pub fn stop_at(&self, cut: Cut, passing: u32) {
        *self.cut.lock().unwrap() = Some((cut, passing));
    }

    /// An operator changes something.
    pub fn change(&self, id: &str) {
        let mut rows = self.rows.lock().unwrap();
        let n = rows.len() as u64;
        let change = UnrecordedChange {
            id: id.to_owned(),
            at: 1_795_340_000_000_000 + i64::try_from(n).unwrap(),
            kind: Kind::Admin,
            service: "admin.agency-suspend@1".into(),
            agency: Some("telco-sarhad".into()),
            purpose: None,
            basis: None,
            generation: n + 5,
            detail: "{\"user\":\"officer-7\"}".into(),
            operator: Some("ayesha (1000)".into()),
            claim: None,
        };
        rows.push((change, None));
    }

    /// A request is answered meanwhile.
    pub fn request(&self, id: &str) {
        let mut leaf = crate::routes::trial::leaf(Kind::Outcome, id, "bank-indus");
        let mut entries = self.entries.lock().unwrap();
        leaf.sequence = entries.len() as u64;
        entries.push(StoredEntry { sequence: leaf.sequence, leaf: leaf.to_bytes(), side: Vec::new() });
    }

    pub fn leaves(&self) -> Vec<Leaf> {
        self.entries.lock().unwrap().iter().map(|entry| Leaf::from_bytes(&entry.leaf).unwrap()).collect()
    }

    /// Ids of the changes that the log tells, in its order.
    pub fn told(&self) -> Vec<String> {
        self.leaves().into_iter().filter(|leaf| leaf.kind == Kind::Admin).map(|leaf| leaf.request).collect()
    }

    /// Ids of the changes that the store holds, in its order, each with the place it names for the leaf.
    pub fn noted(&self) -> Vec<(String, Option<u64>)> {
        self.rows.lock().unwrap().iter().map(|(change, place)| (change.id.clone(), *place)).collect()
    }
}

pub fn gone() -> ControlUnavailable {
    ControlUnavailable("gone".into())
}

#[async_trait]
impl UnrecordedChanges for Both {
    async fn waiting(&self, node: &str, limit: u32) -> Result<Vec<UnrecordedChange>, ControlUnavailable> {
        if self.cut(Cut::Waiting) {
            return Err(gone());
        }
        let rows = self.rows.lock().unwrap();
        let ours = |change: &UnrecordedChange| change.claim.as_ref().is_none_or(|claim| claim.node == node);
        let waiting = rows.iter().filter(|(change, place)| place.is_none() && ours(change));
        Ok(waiting.take(limit as usize).map(|(change, _)| change.clone()).collect())
    }

    async fn claim(&self, ids: &[String], claim: &Claim) -> Result<Vec<String>, ControlUnavailable> {
        if self.cut(Cut::BeforeClaim) {
            return Err(gone());
        }
        let mut rows = self.rows.lock().unwrap();
        let mut claimed = Vec::new();
        for (change, _) in rows.iter_mut().filter(|(change, _)| ids.contains(&change.id) && change.claim.is_none()) {
            change.claim = Some(claim.clone());
            claimed.push(change.id.clone());
        }
        drop(rows);
        if self.cut(Cut::AfterClaim) { Err(gone()) } else { Ok(claimed) }
    }

    async fn recorded(&self, places: &[(String, u64)]) -> Result<(), ControlUnavailable> {
        if self.cut(Cut::BeforeNote) {
            return Err(gone());
        }
        let mut rows = self.rows.lock().unwrap();
        for (id, sequence) in places {
            let (_, place) = rows.iter_mut().find(|(change, _)| change.id == *id).unwrap();
            *place = place.or(Some(*sequence));
        }
        drop(rows);
        if self.cut(Cut::AfterNote) { Err(gone()) } else { Ok(()) }
    }
}

impl RecordLog for Both {
    fn submit(&self, mut entry: Entry) -> Result<Durable, LogUnavailable> {
        if self.cut(Cut::Full) {
            return Err(LogUnavailable::Full);
        }
        let mut entries = self.entries.lock().unwrap();
        let sequence = entries.len() as u64;
        entry.leaf.sequence = sequence;
        entries.push(StoredEntry { sequence, leaf: entry.leaf.to_bytes(), side: entry.side });
        drop(entries);
        let lost = self.cut(Cut::AfterEntry);
        Ok(Box::pin(async move {
            if lost {
                return Err(LogUnavailable::Failed("the power went".into()));
            }
            Ok(Position { sequence, leaf_hash: [0; 32] })
        }))
    }
    fn durable_size(&self) -> u64 {
        self.entries.lock().unwrap().len() as u64
    }
    fn origin(&self) -> &'static str {
        "ijazat.example/node-1"
    }
    fn node(&self) -> &'static str {
        NODE
    }
    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        if self.cut(Cut::Unreadable) {
            return Err(LogUnavailable::Failed("input/output error".into()));
        }
        let entries = self.entries.lock().unwrap();
        Ok(entries.iter().filter(|entry| entry.sequence >= from).take(count).cloned().collect())
    }
    fn prove(&self, _: u64) -> Result<InclusionProof, LogUnavailable> {
        Err(LogUnavailable::Full)
    }
    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Err(LogUnavailable::Full)
    }
    fn verifier_key(&self) -> String {
        String::new()
    }
    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}

pub fn key() -> SealingKey {
    SealingKey::new(&[9; 32]).unwrap()
}

/// The task of a process that has just started over this store and log.
pub fn process(both: &Arc<Both>) -> ChangeLog {
    ChangeLog {
        changes: vec![Arc::clone(both) as Arc<dyn UnrecordedChanges>],
        log: Arc::clone(both) as Arc<dyn RecordLog>,
        side_key: Arc::new(key()),
        entropy: Arc::new(SystemEntropy::default()),
    }
}

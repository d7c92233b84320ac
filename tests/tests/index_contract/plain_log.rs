//! A log in memory of which the test may change what is stored, as a disk or a thief might.

use std::sync::{Mutex, MutexGuard};

use adapters::entropy::SystemEntropy;
use exchange::{
    ports::record_log::{Durable, Entry, InclusionProof, LogUnavailable, RecordLog, StoredEntry},
    record::{leaf::Leaf, side},
};

/// What was stored, and how much of it is durable.
#[derive(Debug, Default)]
pub struct PlainLog {
    entries: Mutex<Vec<StoredEntry>>,
    broken: Mutex<bool>,
}

impl PlainLog {
    pub fn entries(&self) -> MutexGuard<'_, Vec<StoredEntry>> {
        self.entries.lock().unwrap()
    }

    /// Appends a leaf about these citizens, sealed as the door seals it.
    pub fn put(&self, mut leaf: Leaf, citizens: &[u8]) {
        let mut entries = self.entries();
        leaf.sequence = entries.len() as u64;
        let plain = super::side_of(citizens).to_bytes();
        let side = super::key().seal(&SystemEntropy::default(), &side::place(&leaf.request), &plain).unwrap();
        entries.push(StoredEntry { sequence: leaf.sequence, leaf: leaf.to_bytes(), side });
    }

    /// Makes every later read fail, or work again.
    pub fn set_broken(&self, broken: bool) {
        *self.broken.lock().unwrap() = broken;
    }
}

impl RecordLog for PlainLog {
    fn submit(&self, _: Entry) -> Result<Durable, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn durable_size(&self) -> u64 {
        self.entries().len() as u64
    }

    fn origin(&self) -> &'static str {
        "test/node-1"
    }

    fn node(&self) -> &'static str {
        "node-1"
    }

    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        if *self.broken.lock().unwrap() {
            return Err(LogUnavailable::Failed("broken".into()));
        }
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.entries().iter().skip(from).take(count).cloned().collect())
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

//! An access log in memory that notes each step and fails at the entry that a test names.

use std::sync::{Arc, Mutex};

use exchange::{
    ports::record_log::{Durable, Entry, InclusionProof, LogUnavailable, Position, RecordLog, StoredEntry},
    record::leaf::Kind,
};
use tokio::sync::Semaphore;

use super::Diary;

/// How the log fails.
#[derive(Clone, Debug)]
pub enum LogFault {
    /// It takes no entry.
    Submit(LogUnavailable),
    /// It takes the entry and then cannot keep it.
    Durable(LogUnavailable),
}

#[derive(Debug)]
pub struct FakeLog {
    diary: Diary,
    entries: Mutex<Vec<Entry>>,
    faults: Mutex<Vec<(Kind, LogFault)>>,
    gate: Arc<Semaphore>,
}

impl FakeLog {
    pub fn new(diary: Diary) -> Self {
        Self { diary, entries: Mutex::default(), faults: Mutex::default(), gate: Arc::new(Semaphore::new(1)) }
    }

    /// The next entry of this kind fails so.
    pub fn fail(&self, kind: Kind, fault: LogFault) {
        self.faults.lock().unwrap().push((kind, fault));
    }

    /// While the gate is held, nothing becomes durable.
    pub fn gate(&self) -> Arc<Semaphore> {
        Arc::clone(&self.gate)
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    fn fault(&self, kind: Kind) -> Option<LogFault> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(of, _)| *of == kind)?;
        Some(faults.remove(at).1)
    }
}

impl RecordLog for FakeLog {
    fn submit(&self, mut entry: Entry) -> Result<Durable, LogUnavailable> {
        let kind = entry.leaf.kind;
        self.diary.note(format!("submit {}", kind.as_str()));
        let failing = match self.fault(kind) {
            Some(LogFault::Submit(error)) => return Err(error),
            Some(LogFault::Durable(error)) => Some(error),
            None => None,
        };
        let sequence = {
            let mut entries = self.entries.lock().unwrap();
            entry.leaf.sequence = entries.len() as u64;
            if failing.is_none() {
                entries.push(entry.clone());
            }
            entry.leaf.sequence
        };
        let (diary, gate) = (self.diary.clone(), self.gate());
        Ok(Box::pin(async move {
            let _open = gate.acquire().await;
            if let Some(error) = failing {
                return Err(error);
            }
            diary.note(format!("durable {}", kind.as_str()));
            Ok(Position { sequence, leaf_hash: [0; 32] })
        }))
    }

    fn durable_size(&self) -> u64 {
        self.entries.lock().unwrap().len() as u64
    }
    fn origin(&self) -> &'static str {
        "ijazat.test/node-1"
    }
    fn node(&self) -> &'static str {
        "node-1"
    }
    fn read(&self, _: u64, _: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        Err(LogUnavailable::Failed("nothing is read back here".into()))
    }
    fn prove(&self, _: u64) -> Result<InclusionProof, LogUnavailable> {
        Err(LogUnavailable::Failed("nothing is proved here".into()))
    }
    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Err(LogUnavailable::Failed("nothing is signed here".into()))
    }
    fn verifier_key(&self) -> String {
        String::new()
    }
    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}

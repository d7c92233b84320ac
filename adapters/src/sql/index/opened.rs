//! A stored entry, read and its side record opened: what the index is built from and what an auditor is shown.

use std::{collections::BTreeMap, fmt, sync::Arc};

use exchange::{
    consent::SubjectKey,
    ports::record_log::{RecordLog, StoredEntry},
    record::{leaf::Leaf, seal::SealingKey, side, side::Side},
};

use super::IndexError;

/// An entry of the log with its side record open. Its text stays out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The leaf.
    pub leaf: Leaf,
    /// The side record; empty where the log holds none.
    pub side: Side,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}@{}, …)", self.leaf.sequence, self.leaf.node)
    }
}

impl Opened {
    /// Each citizen concerned, once, and whether their data was returned.
    #[must_use]
    pub fn subjects(&self) -> BTreeMap<SubjectKey, bool> {
        let mut all = BTreeMap::new();
        for entry in &self.side.subjects {
            let returned = all.entry(SubjectKey(*entry.key)).or_insert(false);
            *returned = *returned || entry.returned;
        }
        all
    }
}

/// Opens entries of one log: the only holder of the log's sealing key besides the door.
#[derive(Clone, Debug)]
pub struct Opener {
    log: Arc<dyn RecordLog>,
    key: Arc<SealingKey>,
}

impl Opener {
    /// An opener of this log's entries with the log's sealing key.
    #[must_use]
    pub fn new(log: Arc<dyn RecordLog>, key: Arc<SealingKey>) -> Self {
        Self { log, key }
    }

    /// The log whose entries it opens.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn RecordLog> {
        &self.log
    }

    /// Reads and opens durable entries from `from` on, at most `count`, in order. Reads files on a blocking thread.
    ///
    /// # Errors
    /// [`IndexError::Log`] when the log cannot be read; [`IndexError::Unreadable`] when an entry is not what the log
    /// promises, or is sealed under another key: nothing may be skipped in silence.
    pub async fn range(&self, from: u64, count: usize) -> Result<Vec<Opened>, IndexError> {
        let opener = self.clone();
        let work = move || {
            let stored = opener.log.read(from, count)?;
            stored.iter().zip(from..).map(|(entry, sequence)| opener.open(entry, sequence)).collect()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| IndexError::Stopped)?
    }

    /// Reads and opens these entries, in the order given.
    ///
    /// # Errors
    /// As [`Self::range`]; an entry that is not durable is [`IndexError::Unreadable`].
    pub async fn each(&self, sequences: Vec<u64>) -> Result<Vec<Opened>, IndexError> {
        let opener = self.clone();
        let one = move |sequence: u64| {
            let stored = opener.log.read(sequence, 1)?;
            let entry = stored.first().ok_or(IndexError::Unreadable(sequence))?;
            opener.open(entry, sequence)
        };
        let work = move || sequences.into_iter().map(one).collect();
        tokio::task::spawn_blocking(work).await.map_err(|_| IndexError::Stopped)?
    }

    fn open(&self, entry: &StoredEntry, sequence: u64) -> Result<Opened, IndexError> {
        let unreadable = || IndexError::Unreadable(sequence);
        let leaf = Leaf::from_bytes(&entry.leaf).map_err(|_| unreadable())?;
        if entry.sequence != sequence || leaf.sequence != sequence || leaf.node != self.log.node() {
            return Err(unreadable());
        }
        if entry.side.is_empty() {
            return Ok(Opened { leaf, side: Side::default() });
        }
        let plain = self.key.open(&side::place(&leaf.request), &entry.side).map_err(|_| unreadable())?;
        let side = Side::from_bytes(&plain).ok_or_else(unreadable)?;
        Ok(Opened { leaf, side })
    }
}

//! A stored entry, read and its side record opened: what the index is built from and what an auditor is shown.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::Arc,
};

use exchange::{
    consent::SubjectKey,
    ports::record_log::{RecordLog, StoredEntry},
    record::{
        leaf::{Kind, Leaf},
        seal::SealingKey,
        side,
        side::Side,
    },
};

use super::IndexError;

/// An entry of the log with its side record open. Its text stays out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The leaf.
    pub leaf: Leaf,
    /// The side record; empty where the log holds none, and left closed where [`Self::is_closed`].
    pub side: Side,
    /// Who asked, where the side record names a user of an agency.
    pub user: Option<UserKey>,
    /// Whether this is an intent that a later entry of the same range closes: its outcome then tells all there is.
    pub is_closed: bool,
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

/// A user of an agency as the index knows one: a digest that nobody makes without the log's sealing key, under which the
/// user's name lies too. Whoever has the directory and the key finds the user again; the index alone names nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserKey([u8; 32]);

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKey(…)")
    }
}

impl UserKey {
    /// The digest as the index writes it.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads a text of [`Self::to_hex`].
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok().map(|()| Self(bytes))
    }
}

/// Label of users' digests among all that the sealing key makes.
const USER: &[u8] = b"user of an agency";

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

    /// The digest under which the index counts a user of an agency.
    #[must_use]
    pub fn user_key(&self, agency: &str, user: &str) -> UserKey {
        UserKey(self.key.digest(&[USER, agency.as_bytes(), user.as_bytes()]))
    }

    /// Reads and opens durable entries from `from` on, at most `count`, in order, up to the first that does not open.
    /// Reads files on a blocking thread.
    ///
    /// # Errors
    /// [`IndexError::Log`] when the log cannot be read; [`IndexError::Unreadable`] when the first entry is not what the
    /// log promises, or is sealed under another key: nothing may be skipped in silence.
    pub async fn range(&self, from: u64, count: usize) -> Result<Vec<Opened>, IndexError> {
        let this = self.clone();
        let work = move || {
            let stored = this.log.read(from, count)?;
            let leaves: Vec<Leaf> =
                stored.iter().zip(from..).map_while(|(entry, sequence)| this.leaf(entry, sequence).ok()).collect();
            let closed: HashSet<u64> = leaves.iter().filter_map(|leaf| leaf.intent).collect();
            let mut opened = Vec::with_capacity(leaves.len());
            for (entry, leaf) in stored.iter().zip(leaves) {
                let is_closed = leaf.kind == Kind::Intent && closed.contains(&leaf.sequence);
                let side = if is_closed { Ok(Side::default()) } else { this.side(entry, &leaf) };
                match side {
                    Ok(side) => opened.push(this.joined(leaf, side, is_closed)),
                    Err(_) => break,
                }
            }
            // Nothing may be skipped in silence: what does not open is named once it stands first.
            if opened.is_empty() && !stored.is_empty() { Err(IndexError::Unreadable(from)) } else { Ok(opened) }
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
        let leaf = self.leaf(entry, sequence)?;
        let side = self.side(entry, &leaf)?;
        Ok(self.joined(leaf, side, false))
    }

    fn joined(&self, leaf: Leaf, side: Side, is_closed: bool) -> Opened {
        let user = match (&leaf.agency, &side.user) {
            (Some(agency), Some(user)) => Some(self.user_key(agency, user)),
            _ => None,
        };
        Opened { leaf, side, user, is_closed }
    }

    fn leaf(&self, entry: &StoredEntry, sequence: u64) -> Result<Leaf, IndexError> {
        let leaf = Leaf::from_bytes(&entry.leaf).map_err(|_| IndexError::Unreadable(sequence))?;
        let its_own = entry.sequence == sequence && leaf.sequence == sequence && leaf.node == self.log.node();
        if its_own { Ok(leaf) } else { Err(IndexError::Unreadable(sequence)) }
    }

    fn side(&self, entry: &StoredEntry, leaf: &Leaf) -> Result<Side, IndexError> {
        if entry.side.is_empty() {
            return Ok(Side::default());
        }
        let unreadable = || IndexError::Unreadable(leaf.sequence);
        let plain = self.key.open(&side::place(&leaf.request), &entry.side).map_err(|_| unreadable())?;
        Side::from_bytes(&plain).ok_or_else(unreadable)
    }
}

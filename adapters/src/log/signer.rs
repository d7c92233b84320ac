//! Signs heads: only after the new entries were read and hashed again, only forward, only over the head that stands.

use std::{io, sync::Mutex};

use exchange::{
    log::{
        checkpoint::Checkpoint,
        merkle::{Frontier, leaf_hash},
        note::NoteSigner,
        paths::Head,
    },
    ports::record_log::LogUnavailable,
    timestamp::Timestamp,
};

use super::{
    disk::{Disk, is_full},
    held,
    store::Store,
};

/// Name of the file that holds the last signed checkpoint.
pub(super) const HEAD_FILE: &str = "head";

/// The last signed checkpoint.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// The note, as stored.
    pub note: String,
    /// The tree that it signs.
    pub tree: Frontier,
    /// When it was signed.
    pub at: Timestamp,
}

/// Signs this log's heads.
#[derive(Debug)]
pub(super) struct Signer {
    key: NoteSigner,
    origin: String,
    last: Mutex<Signed>,
}

impl Signer {
    /// A signer that continues after `note`, which signs `tree`; for a new log it signs and stores the empty tree.
    pub fn open(
        key: NoteSigner,
        origin: &str,
        note: Option<String>,
        tree: Frontier,
        at: Timestamp,
        disk: &dyn Disk,
    ) -> io::Result<Self> {
        let note = if let Some(note) = note {
            note
        } else {
            let note = sign(&key, origin, &tree).map_err(io::Error::other)?;
            disk.replace_file(HEAD_FILE, note.as_bytes())?;
            note
        };
        Ok(Self { key, origin: origin.to_owned(), last: Mutex::new(Signed { note, tree, at }) })
    }

    /// The last checkpoint.
    pub fn last(&self) -> Signed {
        held(&self.last).clone()
    }

    /// The verifier key's text.
    pub fn vkey(&self) -> String {
        self.key.verifier().to_vkey()
    }

    /// A checkpoint over everything durable at the call.
    ///
    /// # Errors
    /// [`LogUnavailable::Full`] when the head cannot be stored for want of room, which changes nothing;
    /// [`LogUnavailable::Failed`] for anything else, after which nothing may ever be signed again.
    pub fn sign(&self, store: &Store, now: Timestamp) -> Result<Signed, LogUnavailable> {
        let asked = store.durable();
        let mut last = held(&self.last);
        if last.tree.size() >= asked {
            return Ok(last.clone());
        }
        let expected = store.tree().head();
        let tree = read_again(store, &last.tree, expected.size).map_err(|error| failed(&error))?;
        if tree.root() != expected.root {
            let from = last.tree.size();
            return Err(LogUnavailable::Failed(format!("entries from {from} on are not as they were written")));
        }
        // Nobody but this signer may have moved the head: a restored or foreign one is never signed over.
        let stored = store.disk.read_file(HEAD_FILE).map_err(|error| failed(&error))?;
        if stored.as_deref() != Some(last.note.as_bytes()) {
            return Err(LogUnavailable::Failed("the stored head is not the one that was signed last".to_owned()));
        }
        let note = sign(&self.key, &self.origin, &tree).map_err(LogUnavailable::Failed)?;
        // Stored before anyone sees it, so that no later start can sign another root at this size.
        match store.disk.replace_file(HEAD_FILE, note.as_bytes()) {
            Err(error) if is_full(&error) => return Err(LogUnavailable::Full),
            result => result.map_err(|error| failed(&error))?,
        }
        *last = Signed { note, tree, at: now };
        Ok(last.clone())
    }
}

/// The tree at `size`, from the last signed one and the entries since, read from disk (design: Yeti 2022 signed a
/// flipped bit).
fn read_again(store: &Store, signed: &Frontier, size: u64) -> io::Result<Frontier> {
    let mut tree = signed.clone();
    store.each(signed.size(), size, |frame| tree.push(leaf_hash(frame.leaf)))?;
    Ok(tree)
}

fn sign(key: &NoteSigner, origin: &str, tree: &Frontier) -> Result<String, String> {
    let head = Head { size: tree.size(), root: tree.root() };
    Checkpoint { origin: origin.to_owned(), head }.sign(key).map_err(|error| error.to_string())
}

fn failed(error: &io::Error) -> LogUnavailable {
    LogUnavailable::Failed(error.to_string())
}

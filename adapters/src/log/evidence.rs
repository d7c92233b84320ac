//! Proves entries of a log's folder offline: reads it through once and holds it against the head that was signed, then once
//! more to give each wanted entry with its proof. Read-only, also while a process writes the log.

use std::{path::Path, sync::Arc};

use exchange::log::{
    checkpoint::Checkpoint,
    merkle::{Hash, leaf_hash},
    note::NoteVerifier,
    paths::{Head, inclusion},
    proof::TlogProof,
    tiles::{TILE_HEIGHT, TILE_WIDTH},
};

use super::{
    disk::Disk,
    entries::entries_on,
    files::FsDisk,
    reader::Place,
    signer::HEAD_FILE,
    tree::{Tree, subtree_root},
    verify::VerifyError,
};

/// An entry and the proof that it stands under the signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The leaf's bytes as hashed.
    pub leaf: Vec<u8>,
    /// Its place.
    pub proof: TlogProof,
}

/// A log whose entries are those that its signed head covers.
#[derive(Debug)]
pub struct SignedLog {
    disk: Arc<dyn Disk>,
    /// The signed head, as stored.
    note: String,
    origin: String,
    head: Head,
    tree: Tree,
}

impl SignedLog {
    /// Reads the log in `dir` through and computes its root, which the head must sign under the verifier key `vkey`.
    /// `read` is told how many entries were read, and of how many.
    ///
    /// # Errors
    /// [`VerifyError`] when the head is not signed by the key, or is another log's than the entries'.
    pub fn open(dir: &Path, vkey: &str, read: &mut dyn FnMut(u64, u64)) -> Result<Self, VerifyError> {
        Self::open_on(Arc::new(FsDisk::read_only(dir)), vkey, read)
    }

    fn open_on(disk: Arc<dyn Disk>, vkey: &str, read: &mut dyn FnMut(u64, u64)) -> Result<Self, VerifyError> {
        let wrong = |why: String| VerifyError::Checkpoint(why);
        let key = NoteVerifier::parse(vkey).map_err(|error| wrong(error.to_string()))?;
        let bytes = disk.read_file(HEAD_FILE)?.ok_or_else(|| wrong("there is no signed head".to_owned()))?;
        let note = String::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
        let Checkpoint { origin, head } = Checkpoint::open(&note, &key).map_err(|error| wrong(error.to_string()))?;
        let mut log = Self { disk, note, origin, head, tree: Tree::default() };
        let mut tree = Tree::default();
        log.each(|sequence, leaf| {
            tree.push(leaf_hash(leaf), Place::first_of(0), 0);
            read(sequence + 1, head.size);
            Ok::<_, VerifyError>(())
        })?;
        if tree.head() != head {
            return Err(VerifyError::Root { index: head.size.saturating_sub(1) });
        }
        log.tree = tree;
        Ok(log)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Size and root that were signed.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Gives every entry that is wanted, in order, with its proof under the signed head.
    ///
    /// # Errors
    /// Those of `wanted` and `give`, and [`VerifyError`] where the files are not as they were when the log was opened.
    pub fn prove_each<E: From<VerifyError>>(
        &self,
        mut wanted: impl FnMut(u64, &[u8]) -> Result<bool, E>,
        mut give: impl FnMut(Proved) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut tile = Tile::default();
        self.each(|sequence, leaf| {
            let kept = wanted(sequence, leaf)?.then(|| leaf.to_vec());
            tile.push(leaf_hash(leaf), kept);
            if tile.hashes.len() as u64 == TILE_WIDTH || sequence + 1 == self.head.size {
                let first = sequence - sequence % TILE_WIDTH;
                std::mem::take(&mut tile).proved(self, first).try_for_each(|proved| give(proved?))?;
            }
            Ok(())
        })
    }

    /// Visits the entries that the head covers, in order.
    fn each<E: From<VerifyError>>(&self, mut visit: impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut entries = entries_on(Arc::clone(&self.disk)).map_err(VerifyError::Io)?;
        for index in 0..self.head.size {
            let wrong = |why: &str| VerifyError::Entry { index, why: why.to_owned() };
            let entry = entries.next().ok_or_else(|| wrong("it is not there, or not whole"))?;
            let entry = entry.map_err(VerifyError::Io)?;
            if entry.sequence != index {
                return Err(wrong("another stands in its place").into());
            }
            visit(index, &entry.leaf)?;
        }
        Ok(())
    }

    fn subtree(&self, (tile, hashes): (u64, &[Hash]), level: u32, index: u64) -> Option<Hash> {
        if level >= TILE_HEIGHT {
            return self.tree.row(level, index);
        }
        let first = index << level;
        let within = if first / TILE_WIDTH == tile { hashes } else { self.tree.tile(first / TILE_WIDTH)? };
        let from = usize::try_from(first % TILE_WIDTH).ok()?;
        within.get(from..from + (1 << level)).map(subtree_root)
    }
}

/// The entries of one tile: all hashes, and the leaves that are wanted.
#[derive(Debug, Default)]
struct Tile {
    hashes: Vec<Hash>,
    wanted: Vec<(u64, Vec<u8>)>,
}

impl Tile {
    fn push(&mut self, hash: Hash, wanted: Option<Vec<u8>>) {
        self.wanted.extend(wanted.map(|leaf| (self.hashes.len() as u64, leaf)));
        self.hashes.push(hash);
    }

    /// Proofs of what is wanted, for a tile whose first entry is `first`.
    fn proved(self, log: &SignedLog, first: u64) -> impl Iterator<Item = Result<Proved, VerifyError>> {
        let Self { hashes, wanted } = self;
        wanted.into_iter().map(move |(at, leaf)| {
            let index = first + at;
            let source = |level, index| log.subtree((first / TILE_WIDTH, &hashes), level, index);
            let path = inclusion(&source, index, log.head.size).ok_or(VerifyError::Root { index })?;
            Ok(Proved { leaf, proof: TlogProof { index, path, checkpoint: log.note.clone() } })
        })
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;

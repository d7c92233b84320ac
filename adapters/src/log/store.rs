//! The durable entries: how many, their hashes, and reading them back with every checksum looked at again.

use std::{
    cell::RefCell,
    io,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use exchange::log::{
    merkle::{Hash, HashSource, leaf_hash},
    tiles::{TILE_HEIGHT, TILE_WIDTH},
};

use super::{
    disk::Disk,
    frame::Frame,
    reader::{FrameReader, Place, Step},
    tree::{Tree, subtree_root},
};

/// What is durable.
#[derive(Debug)]
pub(super) struct Store {
    pub disk: Arc<dyn Disk>,
    tree: RwLock<Tree>,
    /// Entries in `tree`, readable without its lock.
    durable: AtomicU64,
}

/// One entry's hash and place, ready for the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub leaf_hash: Hash,
    pub place: Place,
    pub at: i64,
}

impl Store {
    pub fn new(disk: Arc<dyn Disk>, tree: Tree) -> Self {
        let durable = AtomicU64::new(tree.size());
        Self { disk, tree: RwLock::new(tree), durable }
    }

    /// Entries that are durable.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub fn tree(&self) -> RwLockReadGuard<'_, Tree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in entries that were just synced.
    pub fn append(&self, written: &[Written]) {
        let mut tree = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        for entry in written {
            tree.push(entry.leaf_hash, entry.place, entry.at);
        }
        self.durable.store(tree.size(), Ordering::Release);
    }

    /// Reads the durable entries `from..to` in order, each checked for checksum and sequence.
    ///
    /// # Errors
    /// `InvalidData` names the first entry that is not as it was written; others as the host reports.
    pub fn each(&self, from: u64, to: u64, mut visit: impl FnMut(Frame<'_>)) -> io::Result<()> {
        if from >= to || to > self.durable() {
            return if from == to { Ok(()) } else { Err(wrong(from, "is not durable")) };
        }
        let tile = usize::try_from(from / TILE_WIDTH).unwrap_or(usize::MAX);
        let stride = self.tree().strides().get(tile).copied().ok_or_else(|| wrong(from, "has no place"))?;
        let mut reader = FrameReader::open(&*self.disk, stride.place)?;
        let mut next = from - from % TILE_WIDTH;
        let mut moved = false;
        while next < to {
            match reader.step()? {
                Step::Frame(frame, _) if frame.sequence != next => return Err(wrong(next, "has another's sequence")),
                Step::Frame(frame, _) => {
                    if next >= from {
                        visit(frame);
                    }
                    next += 1;
                    moved = false;
                }
                Step::Torn(why) => return Err(wrong(next, why)),
                Step::Nothing if moved => return Err(wrong(next, "is not there")),
                Step::Nothing => {
                    reader = FrameReader::open(&*self.disk, Place::first_of(reader.place().segment + 1))?;
                    moved = true;
                }
            }
        }
        Ok(())
    }

    /// Leaf hashes of the durable entries `from..to`, hashed again from disk.
    ///
    /// # Errors
    /// As [`Self::each`].
    pub fn leaf_hashes(&self, from: u64, to: u64) -> io::Result<Vec<Hash>> {
        let mut hashes = Vec::with_capacity(usize::try_from(to.saturating_sub(from)).unwrap_or_default());
        self.each(from, to, |frame| hashes.push(leaf_hash(frame.leaf)))?;
        Ok(hashes)
    }

    /// Subtree hashes of everything durable now, for proofs.
    pub fn hashes(&self) -> Hashes<'_> {
        Hashes { store: self, tile: RefCell::new(None), error: RefCell::new(None) }
    }
}

fn wrong(sequence: u64, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("entry {sequence} {why}"))
}

/// Subtree hashes: high ones from memory, low ones from memory or, of an older tile, hashed again from disk.
#[derive(Debug)]
pub(super) struct Hashes<'a> {
    store: &'a Store,
    /// The last older tile and its leaf hashes: a proof asks for several subtrees of one tile.
    tile: RefCell<Option<(u64, Vec<Hash>)>>,
    error: RefCell<Option<io::Error>>,
}

impl Hashes<'_> {
    /// Why a hash was missing.
    pub fn error(self) -> String {
        self.error.into_inner().map_or_else(|| "a hash of the tree is missing".to_owned(), |error| error.to_string())
    }

    fn within_tile(&self, tile: u64, from: usize, to: usize) -> Option<Hash> {
        if let Some(hashes) = self.store.tree().tile(tile) {
            return hashes.get(from..to).map(subtree_root);
        }
        let mut cached = self.tile.borrow_mut();
        if cached.as_ref().is_none_or(|(held, _)| *held != tile) {
            let first = tile * TILE_WIDTH;
            match self.store.leaf_hashes(first, first + TILE_WIDTH) {
                Ok(hashes) => *cached = Some((tile, hashes)),
                Err(error) => *self.error.borrow_mut() = Some(error),
            }
        }
        let (_, hashes) = cached.as_ref().filter(|(held, _)| *held == tile)?;
        hashes.get(from..to).map(subtree_root)
    }
}

impl HashSource for Hashes<'_> {
    fn subtree(&self, level: u32, index: u64) -> Option<Hash> {
        if level >= TILE_HEIGHT {
            return self.store.tree().row(level, index);
        }
        let first = index.checked_shl(level)?;
        let from = usize::try_from(first % TILE_WIDTH).ok()?;
        self.within_tile(first / TILE_WIDTH, from, from + (1 << level))
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;

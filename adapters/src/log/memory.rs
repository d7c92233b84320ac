//! A log's folder in memory that can fail on command: no room, broken syncs, and power cuts that keep any part of what
//! was not synced.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{
    disk::{Disk, SegmentFile},
    held,
};

/// Bytes that reach a disk together or not at all.
const SECTOR_BYTES: usize = 512;

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Writing to a segment.
    Write,
    /// Syncing a segment.
    Sync,
    /// Replacing a small file, such as the head.
    Replace,
}

#[derive(Clone, Debug, Default)]
struct Content {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors of `cached` that may differ from `durable`.
    dirty: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Content>,
    free_bytes: u64,
    locked: bool,
    faults: BTreeSet<Fault>,
    /// Changing operations so far.
    operations: u64,
    dies_at: Option<u64>,
    dead: bool,
    /// While set, syncs wait.
    slow: bool,
}

/// A folder in memory. Clones are the same folder.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug)]
struct MemorySegment {
    disk: MemoryDisk,
    name: String,
    bytes: u64,
}

struct Guard(MemoryDisk);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}

impl State {
    /// Counts a changing operation; an error if it, or the disk, is to fail. `true` where the power goes in its midst.
    fn operate(&mut self, fault: Option<Fault>) -> io::Result<bool> {
        if self.dead {
            return Err(io::Error::other("the power is off"));
        }
        if fault.is_some_and(|fault| self.faults.contains(&fault)) {
            return Err(io::Error::other("input/output error"));
        }
        self.operations += 1;
        self.dead = self.dies_at.is_some_and(|at| self.operations >= at);
        Ok(self.dead)
    }
}

impl Content {
    fn durable(bytes: Vec<u8>) -> Self {
        Self { cached: bytes.clone(), durable: bytes, dirty: BTreeSet::new() }
    }

    fn settle(&mut self, sector: usize) {
        let from = sector * SECTOR_BYTES;
        let to = (from + SECTOR_BYTES).min(self.cached.len());
        if let (Some(durable), Some(cached)) = (self.durable.get_mut(from..to), self.cached.get(from..to)) {
            durable.copy_from_slice(cached);
        }
    }
}

impl MemoryDisk {
    /// An empty folder on a disk with this much room.
    #[must_use]
    pub fn new(free_bytes: u64) -> Self {
        let disk = Self::default();
        disk.state().free_bytes = free_bytes;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        held(&self.0.0)
    }

    /// Sets the room that is left.
    pub fn set_free_bytes(&self, free_bytes: u64) {
        self.state().free_bytes = free_bytes;
    }

    /// From now on this fails with an input/output error.
    pub fn break_with(&self, fault: Fault) {
        self.state().faults.insert(fault);
    }

    /// While `slow`, syncs do not return.
    pub fn set_slow(&self, slow: bool) {
        self.state().slow = slow;
        self.0.1.notify_all();
    }

    /// The power goes in the midst of the changing operation of this number, counted from now.
    pub fn cut_power_after(&self, operations: u64) {
        let mut state = self.state();
        state.dies_at = Some(state.operations + operations.max(1));
    }

    /// Changing operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The folder as found after a power cut now: of what was not synced, each sector was kept or lost as `seed` says.
    #[must_use]
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let mut state = self.state();
        state.dead = true;
        let mut dice = Dice(seed);
        let mut found = State { free_bytes: state.free_bytes, ..State::default() };
        for (name, content) in &state.files {
            let mut content = content.clone();
            for sector in std::mem::take(&mut content.dirty) {
                if dice.roll().is_multiple_of(2) {
                    content.settle(sector);
                }
            }
            found.files.insert(name.clone(), Content::durable(content.durable));
        }
        Self(Arc::new((Mutex::new(found), Condvar::new())))
    }

    /// A copy of the folder as every process sees it now.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = self.state();
        let files = state.files.iter().map(|(name, held)| (name.clone(), Content::durable(held.cached.clone())));
        let copied = State { free_bytes: state.free_bytes, files: files.collect(), ..State::default() };
        Self(Arc::new((Mutex::new(copied), Condvar::new())))
    }

    /// Changes a file's bytes behind everyone's back; makes it if it is not there.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let content = state.files.entry(name.to_owned()).or_default();
        let mut bytes = std::mem::take(&mut content.cached);
        change(&mut bytes);
        *content = Content::durable(bytes);
    }

    /// Removes a file behind everyone's back.
    pub fn forget(&self, name: &str) {
        self.state().files.remove(name);
    }

    /// Names of all files, also in folders.
    #[must_use]
    pub fn all_names(&self) -> Vec<String> {
        self.state().files.keys().cloned().collect()
    }

    fn replace(&self, name: &str, bytes: &[u8], fault: Option<Fault>) -> io::Result<()> {
        let mut state = self.state();
        let dies = state.operate(fault)?;
        if state.free_bytes < bytes.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Replaced at once or not at all; which of both, when the power goes in its midst, the count says.
        if !dies || state.operations.is_multiple_of(2) {
            state.files.insert(name.to_owned(), Content::durable(bytes.to_vec()));
        }
        if dies { Err(io::Error::other("the power went")) } else { Ok(()) }
    }
}

impl Disk for MemoryDisk {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        if std::mem::replace(&mut self.state().locked, true) {
            return Ok(None);
        }
        Ok(Some(Box::new(Guard(self.clone()))))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state().files.keys().filter(|name| !name.contains('/')).cloned().collect())
    }

    fn create_segment(&self, name: &str, header: &[u8], bytes: u64) -> io::Result<()> {
        let mut state = self.state();
        let dies = state.operate(None)?;
        if state.free_bytes < bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if dies && state.operations.is_multiple_of(2) {
            return Err(io::Error::other("the power went"));
        }
        state.free_bytes -= bytes;
        let mut content = header.to_vec();
        content.resize(usize::try_from(bytes).map_err(io::Error::other)?, 0);
        state.files.insert(name.to_owned(), Content::durable(content));
        Ok(())
    }

    fn open_segment(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        let bytes = self.state().files.get(name).map(|content| content.cached.len() as u64);
        let bytes = bytes.ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(MemorySegment { disk: self.clone(), name: name.to_owned(), bytes }))
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.state().files.get(name).map(|content| content.cached.clone()))
    }

    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.replace(name, bytes, Some(Fault::Replace))
    }

    fn put_derived(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.replace(name, bytes, None)
    }

    fn remove_derived(&self, name: &str) -> io::Result<()> {
        let folder = format!("{name}/");
        self.state().files.retain(|held, _| held != name && !held.starts_with(&folder));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.state().free_bytes)
    }
}

impl SegmentFile for MemorySegment {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let state = self.disk.state();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let content = state.files.get(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let bytes = content.cached.get(from..from + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let dies = state.operate(Some(Fault::Write))?;
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let to = from + bytes.len();
        let content = state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        content.cached.get_mut(from..to).ok_or(io::ErrorKind::StorageFull)?.copy_from_slice(bytes);
        content.dirty.extend(from / SECTOR_BYTES..to.div_ceil(SECTOR_BYTES));
        if dies { Err(io::Error::other("the power went")) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let slow = |state: &mut State| state.slow;
        let waited = self.disk.0.1.wait_while(self.disk.state(), slow);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.operate(Some(Fault::Sync))? {
            return Err(io::Error::other("the power went"));
        }
        let content = state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        for sector in std::mem::take(&mut content.dirty) {
            content.settle(sector);
        }
        Ok(())
    }
}

/// Numbers that follow from a seed (`SplitMix64`, Steele and others, 2014).
#[derive(Clone, Copy, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

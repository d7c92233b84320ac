//! A disk that remembers what was asked of it and fails on command: the n-th operation of a kind, once.

use std::{
    any::Any,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use adapters::log::{
    disk::{Disk, SegmentFile},
    memory::MemoryDisk,
};

/// What can be asked of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Lock,
    Names,
    Create,
    Open,
    ReadFile,
    Replace,
    PutDerived,
    RemoveDerived,
    FreeBytes,
    Read,
    Write,
    Sync,
}

#[derive(Debug)]
struct Rule {
    op: Op,
    /// Operations of the kind until it strikes.
    left: u64,
    kind: io::ErrorKind,
}

#[derive(Debug, Default)]
struct State {
    rule: Option<Rule>,
    asked: Vec<Op>,
    /// Length of `asked` when the rule struck.
    struck: Option<usize>,
}

/// See the module. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct FaultyDisk {
    pub inner: MemoryDisk,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct FaultyFile {
    inner: Arc<dyn SegmentFile>,
    disk: FaultyDisk,
}

impl FaultyDisk {
    pub fn new(inner: MemoryDisk) -> Self {
        Self { inner, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The n-th operation of this kind from now on fails, 1 being the next; those behind it succeed.
    pub fn fail(&self, op: Op, nth: u64, kind: io::ErrorKind) {
        self.state().rule = Some(Rule { op, left: nth, kind });
    }

    /// Whether the failure has happened.
    pub fn struck(&self) -> bool {
        self.state().struck.is_some()
    }

    /// What was asked of the disk after the failure.
    pub fn asked_since(&self) -> Vec<Op> {
        let state = self.state();
        state.struck.map(|at| state.asked[at..].to_vec()).unwrap_or_default()
    }

    fn ask(&self, op: Op) -> io::Result<()> {
        let mut state = self.state();
        state.asked.push(op);
        let Some(rule) = state.rule.as_mut().filter(|rule| rule.op == op) else { return Ok(()) };
        rule.left -= 1;
        if rule.left > 0 {
            return Ok(());
        }
        let kind = rule.kind;
        state.rule = None;
        state.struck = Some(state.asked.len());
        Err(kind.into())
    }
}

impl Disk for FaultyDisk {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        self.ask(Op::Lock).and_then(|()| self.inner.lock())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.ask(Op::Names).and_then(|()| self.inner.names())
    }

    fn create_segment(&self, name: &str, header: &[u8], bytes: u64) -> io::Result<()> {
        self.ask(Op::Create).and_then(|()| self.inner.create_segment(name, header, bytes))
    }

    fn open_segment(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        self.ask(Op::Open)?;
        Ok(Arc::new(FaultyFile { inner: self.inner.open_segment(name)?, disk: self.clone() }))
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.ask(Op::ReadFile).and_then(|()| self.inner.read_file(name))
    }

    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.ask(Op::Replace).and_then(|()| self.inner.replace_file(name, bytes))
    }

    fn put_derived(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.ask(Op::PutDerived).and_then(|()| self.inner.put_derived(name, bytes))
    }

    fn remove_derived(&self, name: &str) -> io::Result<()> {
        self.ask(Op::RemoveDerived).and_then(|()| self.inner.remove_derived(name))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.ask(Op::FreeBytes).and_then(|()| self.inner.free_bytes())
    }
}

impl SegmentFile for FaultyFile {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.disk.ask(Op::Read).and_then(|()| self.inner.read_at(offset, into))
    }

    /// A write that fails leaves its first half, as a host may.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.disk.ask(Op::Write) {
            self.inner.write_at(offset, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.inner.write_at(offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.ask(Op::Sync).and_then(|()| self.inner.sync())
    }
}

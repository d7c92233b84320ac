//! The access log as the door uses it: one queue, one writer, one keeper of room, one signer.

use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use exchange::{
    log::{note::NoteSigner, paths, proof::TlogProof},
    ports::record_log::{Durable, Entry, InclusionProof, LogUnavailable, RecordLog, StoredEntry},
};
use tokio::sync::watch;

use super::{
    disk::Disk,
    engine::{Shared, start},
    files::FsDisk,
    held,
    keeper::Keeper,
    limits,
    options::{LogOptions, OpenError},
    reader::Place,
    recover::{Recovered, recover},
    room::{self, DiskRoom},
    segment,
    signer::Signer,
    store::Store,
    writer::Writer,
};

/// The append-only access log of one node, in files.
///
/// [`Self::close`] or dropping it writes what waits, signs the last head and lets the folder go.
pub struct SegmentLog {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    cut_bytes: u64,
    guard: Mutex<Option<Box<dyn Any + Send + Sync>>>,
}

impl fmt::Debug for SegmentLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentLog")
            .field("origin", &self.shared.options.origin)
            .field("durable", &self.shared.store.durable())
            .finish_non_exhaustive()
    }
}

impl SegmentLog {
    /// Opens the log in `options.dir`, reading all of it: a torn tail is cut off, corruption stops the start.
    ///
    /// # Errors
    /// [`OpenError`]; only [`OpenError::Corrupt`] and [`OpenError::Head`] need an operator's decision.
    pub fn open(options: LogOptions) -> Result<Self, OpenError> {
        let disk = Arc::new(FsDisk::open(&options.dir)?);
        Self::open_on(options, disk)
    }

    /// Opens the log on a disk of the caller's, such as [`super::memory::MemoryDisk`]; `options.dir` is then only a name.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_on(options: LogOptions, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        if !(limits::SEGMENT_BYTES_MIN..=limits::SEGMENT_BYTES_MAX).contains(&options.segment_bytes) {
            return Err(OpenError::Options(format!("segment_bytes = {} is out of bounds", options.segment_bytes)));
        }
        let key = NoteSigner::from_seed(&options.origin, &options.signing_key_seed)?;
        let guard = disk.lock()?.ok_or_else(|| OpenError::InUse(options.dir.clone()))?;
        let Recovered { tree, end, spare, signed, note, cut_bytes } = recover(&*disk, &options.origin, key.verifier())?;
        let signer = Signer::open(key, &options.origin, note, signed, options.clock.now(), &*disk)?;
        let end = match end {
            Some(end) => end,
            None => first_segment(&options, &*disk)?,
        };
        let (bytes, reserve) = (options.segment_bytes, options.reserve_bytes);
        let keeper = Arc::new(Keeper::new(end.segment + 1, spare.is_some(), bytes, reserve, &options.origin));
        let store = Arc::new(Store::new(disk, tree));
        let writer = Writer::new(store.clone(), keeper.clone(), end, &options)?;
        let shared = Arc::new(Shared::new(options, store, keeper, signer));
        let threads = Mutex::new(start(&shared, writer)?);
        Ok(Self { shared, threads, cut_bytes, guard: Mutex::new(Some(guard)) })
    }

    /// Bytes of a torn tail that the start cut off.
    #[must_use]
    pub fn cut_bytes(&self) -> u64 {
        self.cut_bytes
    }

    /// Why the log failed for ever, if it did: the process must then stop.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.shared.failure()
    }

    /// Becomes `Some` with the reason when the log fails for ever, so that the process can stop at once.
    #[must_use]
    pub fn failure(&self) -> watch::Receiver<Option<String>> {
        self.shared.subscribe()
    }

    /// Entries that wait to become durable.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.queue.len()
    }

    /// Entries that the last checkpoint covers, and UTC microseconds of its signing.
    #[must_use]
    pub fn signed(&self) -> (u64, i64) {
        let signed = self.shared.signer.last();
        (signed.tree.size(), signed.at.micros())
    }

    /// The disk's room and how fast the log uses it.
    ///
    /// # Errors
    /// [`LogUnavailable::Failed`] when the host does not tell.
    pub fn disk(&self) -> Result<DiskRoom, LogUnavailable> {
        let Shared { options, store, .. } = &*self.shared;
        let free = store.disk.free_bytes().map_err(|error| LogUnavailable::Failed(error.to_string()))?;
        let bytes_per_day = room::bytes_per_day(&store.tree(), options.segment_bytes);
        Ok(DiskRoom { free_bytes: free.saturating_sub(options.reserve_bytes), bytes_per_day })
    }

    /// Looks at the disk's room now instead of at the next turn.
    pub fn look_at_room(&self) {
        self.shared.look_at_room();
    }

    /// Derives C2SP tiles up to the last checkpoint, a bounded number at each call; `true` once all of them stand. Done
    /// in the background after each checkpoint too.
    ///
    /// # Errors
    /// [`LogUnavailable::Failed`] as the host reports; it harms nothing but the tiles.
    pub fn write_tiles(&self) -> Result<bool, LogUnavailable> {
        self.shared.write_tiles()
    }

    /// Proof that the tree of `old` entries is a prefix of that of `new` durable entries.
    ///
    /// # Errors
    /// [`LogUnavailable::Failed`] when the sizes are not those of durable trees or the files cannot be read.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<[u8; 32]>, LogUnavailable> {
        if new > self.durable_size() {
            return Err(LogUnavailable::Failed(format!("the log has fewer than {new} durable entries")));
        }
        let hashes = self.shared.store.hashes();
        paths::consistency(&hashes, old, new).ok_or_else(|| LogUnavailable::Failed(hashes.error()))
    }

    fn may_take(&self, entry: &Entry) -> Result<(), LogUnavailable> {
        self.shared.alive()?;
        if !entry.closes && self.shared.keeper.is_full() { Err(LogUnavailable::Full) } else { Ok(()) }
    }

    /// Takes no more entries, writes what waits, signs the last head, and lets the folder go. A second call does nothing.
    pub fn close(&self) {
        let threads = std::mem::take(&mut *held(&self.threads));
        if threads.is_empty() {
            return;
        }
        self.shared.queue.close();
        self.shared.stop_ticking();
        let mut threads = threads.into_iter();
        // The writer first: it may still need the keeper to make room.
        drop(threads.next().map(JoinHandle::join));
        // If the last head cannot be signed, the next start reads the entries behind the older one all the same.
        if self.shared.sign().is_ok() && self.shared.options.tiles {
            self.shared.publish();
        }
        self.shared.keeper.stop();
        threads.for_each(|thread| drop(thread.join()));
        held(&self.guard).take();
    }
}

impl Drop for SegmentLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn first_segment(options: &LogOptions, disk: &dyn Disk) -> Result<Place, OpenError> {
    disk.create_segment(&segment::name(0), &segment::header(&options.origin, 0), options.segment_bytes)?;
    Ok(Place::first_of(0))
}

impl RecordLog for SegmentLog {
    fn submit(&self, entry: Entry) -> Result<Durable, LogUnavailable> {
        self.may_take(&entry)?;
        let answer = self.shared.queue.push(entry)?;
        Ok(Box::pin(async move {
            answer.await.unwrap_or_else(|_| Err(LogUnavailable::Failed("the log stopped".to_owned())))
        }))
    }

    fn submit_unawaited(&self, entry: Entry) -> Result<(), LogUnavailable> {
        self.may_take(&entry)?;
        self.shared.queue.push_unawaited(entry)
    }

    fn durable_size(&self) -> u64 {
        self.shared.store.durable()
    }

    fn origin(&self) -> &str {
        &self.shared.options.origin
    }

    fn node(&self) -> &str {
        &self.shared.options.node
    }

    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        let to = self.durable_size().min(from.saturating_add(count as u64));
        let mut entries = Vec::new();
        let take = |frame: super::frame::Frame<'_>| {
            let (leaf, side) = (frame.leaf.to_vec(), frame.side.to_vec());
            entries.push(StoredEntry { sequence: frame.sequence, leaf, side });
        };
        if from < to {
            let read = self.shared.store.each(from, to, take);
            read.map_err(|error| LogUnavailable::Failed(error.to_string()))?;
        }
        Ok(entries)
    }

    fn prove(&self, sequence: u64) -> Result<InclusionProof, LogUnavailable> {
        if sequence >= self.durable_size() {
            return Err(LogUnavailable::Failed(format!("entry {sequence} is not durable")));
        }
        let mut signed = self.shared.signer.last();
        if signed.tree.size() <= sequence {
            signed = self.shared.sign()?;
        }
        let hashes = self.shared.store.hashes();
        let path = paths::inclusion(&hashes, sequence, signed.tree.size());
        let path = path.ok_or_else(|| LogUnavailable::Failed(hashes.error()))?;
        let proof = TlogProof { index: sequence, path, checkpoint: signed.note };
        let tlog_proof = proof.to_text();
        Ok(InclusionProof { checkpoint: proof.checkpoint, sequence, path: proof.path, tlog_proof })
    }

    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        self.shared.sign().map(|signed| signed.note)
    }

    fn verifier_key(&self) -> String {
        self.shared.signer.vkey()
    }

    fn healthy(&self) -> Result<(), LogUnavailable> {
        self.shared.alive()?;
        if self.shared.keeper.is_full() { Err(LogUnavailable::Full) } else { Ok(()) }
    }
}

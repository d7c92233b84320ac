//! The one writer: takes what waits, writes it with one call, syncs it with one call, then wakes everyone who waited.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::Arc,
};

use exchange::{
    limits::LEAF_BYTES_MAX,
    log::merkle::leaf_hash,
    ports::record_log::{Entry, LogUnavailable, Position},
    record::leaf::{Kind, Leaf},
};

use super::{
    disk::SegmentFile,
    frame::{self, Frame},
    keeper::{Keeper, Spare},
    limits,
    observe::Observed,
    options::LogOptions,
    queue::{Queue, Waiting},
    reader::Place,
    segment,
    store::{Store, Written},
};

/// Writes batches at the log's end.
#[derive(Debug)]
pub(super) struct Writer {
    store: Arc<Store>,
    keeper: Arc<Keeper>,
    end: Place,
    file: Arc<dyn SegmentFile>,
    node: String,
    /// Requests whose intent was written and whose outcome was not, with the intent's sequence.
    open: HashMap<String, u64>,
    observed: Observed,
    /// Reused from batch to batch.
    bytes: Vec<u8>,
    written: Vec<Written>,
    /// Those whose entries stand in `bytes`.
    answered: Vec<Waiting>,
}

/// What became of an entry that was to join the batch.
enum Fit {
    /// It stands in the batch.
    Joined,
    /// The batch ends here: it needs the next segment.
    NextSegment,
    /// It cannot be taken.
    Refused(LogUnavailable),
}

impl Writer {
    /// A writer that continues at `end`.
    pub fn new(store: Arc<Store>, keeper: Arc<Keeper>, end: Place, options: &LogOptions) -> io::Result<Self> {
        let file = store.disk.open_segment(&segment::name(end.segment))?;
        let (bytes, written, answered) = (Vec::new(), Vec::new(), Vec::new());
        let observed = Observed { observer: options.observer.clone(), stopwatch: options.stopwatch.clone() };
        let (node, open) = (options.node.clone(), HashMap::new());
        Ok(Self { store, keeper, end, file, node, open, observed, bytes, written, answered })
    }

    /// Writes batches until the queue is closed and empty, or a write or sync fails: whether what it carried is durable
    /// cannot be known, so nobody may go on. `fail` is told before those who wait, so that none of them, having heard,
    /// can still have anything signed.
    pub fn run(mut self, queue: &Queue, fail: impl FnOnce(&LogUnavailable)) {
        let mut batch = VecDeque::new();
        while queue.take(&mut batch) {
            if let Err(failure) = self.write(&mut batch) {
                fail(&failure);
                return self.refuse_all(&mut batch, &failure);
            }
        }
    }

    fn refuse_all(&mut self, batch: &mut VecDeque<Waiting>, failure: &LogUnavailable) {
        for waiting in self.answered.drain(..).chain(batch.drain(..)) {
            waiting.tell(Err(failure.clone()));
        }
    }

    /// Writes one batch, in as many pieces as segments it touches.
    fn write(&mut self, batch: &mut VecDeque<Waiting>) -> Result<(), LogUnavailable> {
        while let Some(mut waiting) = batch.pop_front() {
            match self.join(&mut waiting.entry) {
                Fit::Joined => self.answered.push(waiting),
                Fit::Refused(why) => waiting.tell(Err(why)),
                Fit::NextSegment => {
                    self.flush()?;
                    match self.roll() {
                        Ok(()) => batch.push_front(waiting),
                        Err(LogUnavailable::Full) => waiting.tell(Err(LogUnavailable::Full)),
                        Err(failure) => {
                            batch.push_front(waiting);
                            return Err(failure);
                        }
                    }
                }
            }
        }
        self.flush()
    }

    /// Encodes an entry into the batch, if it fits.
    fn join(&mut self, entry: &mut Entry) -> Fit {
        let sequence = self.store.durable() + self.written.len() as u64;
        entry.leaf.sequence = sequence;
        entry.leaf.node.clone_from(&self.node);
        if entry.leaf.intent.is_none() {
            entry.leaf.intent = self.intent_of(&entry.leaf);
        }
        let leaf = entry.leaf.to_bytes();
        let bytes = frame::bytes_of(&leaf, &entry.side) as u64;
        if leaf.len() > LEAF_BYTES_MAX || bytes > self.file.bytes() - segment::HEADER_BYTES {
            return Fit::Refused(LogUnavailable::TooLarge);
        }
        if !entry.closes && !self.may_open(bytes) {
            return Fit::Refused(LogUnavailable::Full);
        }
        if bytes > self.left() {
            return Fit::NextSegment;
        }
        let place = Place { offset: self.end.offset + self.bytes.len() as u64, ..self.end };
        let back = u32::try_from(self.written.len()).unwrap_or(u32::MAX);
        frame::append(&mut self.bytes, Frame { sequence, back, leaf: &leaf, side: &entry.side });
        self.written.push(Written { leaf_hash: leaf_hash(&leaf), place, at: entry.leaf.at });
        self.follow(&entry.leaf);
        Fit::Joined
    }

    /// Where the intent stands that this entry follows: only the log knows the place of an intent that was queued and not
    /// waited for, and an intent always stands before what follows it.
    fn intent_of(&self, leaf: &Leaf) -> Option<u64> {
        let follows = matches!(leaf.kind, Kind::Outcome | Kind::Part);
        follows.then(|| self.open.get(&leaf.request).copied()).flatten()
    }

    fn follow(&mut self, leaf: &Leaf) {
        match leaf.kind {
            Kind::Intent => {
                // Requests that were given up leave theirs behind; an outcome then names no intent.
                if self.open.len() >= limits::OPEN_INTENTS_MAX {
                    self.open.clear();
                }
                self.open.insert(leaf.request.clone(), leaf.sequence);
            }
            Kind::Outcome => drop(self.open.remove(&leaf.request)),
            _ => {}
        }
    }

    /// Bytes left in this segment behind the batch.
    fn left(&self) -> u64 {
        self.file.bytes().saturating_sub(self.end.offset + self.bytes.len() as u64)
    }

    /// Whether a request may still be opened: what is prepared must keep room for the outcomes of those admitted.
    fn may_open(&self, bytes: u64) -> bool {
        let kept = self.file.bytes() / limits::CLOSING_PART;
        self.left() >= bytes + kept
            || self.keeper.has_spare()
            || matches!(self.keeper.wait_for_spare(), Spare::Ready(_))
    }

    /// Goes on to the next segment.
    fn roll(&mut self) -> Result<(), LogUnavailable> {
        let number = match self.keeper.wait_for_spare() {
            Spare::Ready(number) => number,
            Spare::NoRoom => return Err(LogUnavailable::Full),
            Spare::Stopped => return Err(LogUnavailable::Failed("the log stopped".to_owned())),
        };
        self.file = self.store.disk.open_segment(&segment::name(number)).map_err(|error| failed(&error))?;
        self.end = Place::first_of(number);
        self.keeper.begun(number);
        Ok(())
    }

    /// Makes the batch durable, then tells everyone.
    fn flush(&mut self) -> Result<(), LogUnavailable> {
        if self.written.is_empty() {
            return Ok(());
        }
        self.file.write_at(self.end.offset, &self.bytes).map_err(|error| failed(&error))?;
        // One sync for all; after an error never a second one (design: fsyncgate).
        self.observed.sync(&*self.file, self.written.len()).map_err(|error| failed(&error))?;
        self.end.offset += self.bytes.len() as u64;
        let first = self.store.durable();
        self.store.append(&self.written);
        for ((sequence, written), waiting) in (first..).zip(&self.written).zip(self.answered.drain(..)) {
            waiting.tell(Ok(Position { sequence, leaf_hash: written.leaf_hash }));
        }
        self.written.clear();
        self.bytes.clear();
        Ok(())
    }
}

fn failed(error: &io::Error) -> LogUnavailable {
    LogUnavailable::Failed(error.to_string())
}

//! Entries that wait for the writer: bounded, in order, with room kept for what closes an admitted request.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use exchange::{
    limits::{LOG_BATCH_MAX, LOG_QUEUE_MAX, SIDE_BYTES_MAX},
    ports::record_log::{Entry, LogUnavailable, Position},
};
use tokio::sync::oneshot;

use super::{
    batching::{Batching, PAUSE_MAX, UNAWAITED_MAX},
    held, limits,
};

/// What the one who submitted gets.
pub(super) type Answer = Result<Position, LogUnavailable>;

/// One entry that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub entry: Entry,
    /// Absent when nobody waits for this entry.
    pub answer: Option<oneshot::Sender<Answer>>,
}

impl Waiting {
    /// Tells whoever waits; who no longer does needs no answer.
    pub fn tell(self, answer: Answer) {
        if let Some(waits) = self.answer {
            let _ = waits.send(answer);
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// How many of `waiting` somebody waits for.
    awaited: usize,
    closed: bool,
    batching: Batching,
    /// The writer sleeps until an entry stands here.
    sleeps: bool,
    /// The writer pauses until so many are awaited.
    pauses_for: Option<usize>,
}

/// The queue between those who submit and the one writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
}

impl Queue {
    /// Puts an entry at the end, for somebody who waits until it is durable.
    ///
    /// # Errors
    /// [`LogUnavailable::TooLarge`], [`LogUnavailable::Behind`], or [`LogUnavailable::Failed`] after [`Self::close`].
    pub fn push(&self, entry: Entry) -> Result<oneshot::Receiver<Answer>, LogUnavailable> {
        let (answer, receiver) = oneshot::channel();
        self.put(Waiting { entry, answer: Some(answer) })?;
        Ok(receiver)
    }

    /// Puts an entry at the end for which nobody waits.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_unawaited(&self, entry: Entry) -> Result<(), LogUnavailable> {
        self.put(Waiting { entry, answer: None })
    }

    fn put(&self, waiting: Waiting) -> Result<(), LogUnavailable> {
        let Waiting { entry, answer } = &waiting;
        if entry.side.len() > SIDE_BYTES_MAX {
            return Err(LogUnavailable::TooLarge);
        }
        let mut inner = held(&self.inner);
        if inner.closed {
            return Err(LogUnavailable::Failed("the log was closed".to_owned()));
        }
        let extra = if entry.closes { limits::QUEUE_CLOSING_EXTRA } else { 0 };
        let behind = inner.waiting.len() >= LOG_QUEUE_MAX + extra;
        if behind || (!entry.closes && inner.bytes >= limits::QUEUE_BYTES_MAX) {
            return Err(LogUnavailable::Behind);
        }
        inner.bytes += entry.side.len();
        inner.awaited += usize::from(answer.is_some());
        inner.waiting.push_back(waiting);
        let enough = inner.pauses_for.is_some_and(|enough| inner.awaited >= enough);
        if inner.sleeps || enough {
            (inner.sleeps, inner.pauses_for) = (false, None);
            drop(inner);
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Moves the next batch to `batch`, in order, waiting for a first entry and, under load, a moment for others;
    /// `false` once closed and empty.
    pub fn take(&self, batch: &mut VecDeque<Waiting>) -> bool {
        let mut inner = held(&self.inner);
        let behind = inner.awaited;
        while inner.waiting.is_empty() {
            if inner.closed {
                return false;
            }
            inner.sleeps = true;
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        if inner.awaited == 0 {
            inner = self.pause(inner, 1, UNAWAITED_MAX);
        }
        let enough = inner.batching.enough(behind).min(LOG_BATCH_MAX);
        if inner.awaited > 0 && inner.awaited < enough {
            inner = self.pause(inner, enough, PAUSE_MAX);
        }
        let (mut bytes, mut together) = (0, 0);
        while batch.len() < LOG_BATCH_MAX && bytes < limits::BATCH_BYTES_MAX {
            let Some(next) = inner.waiting.pop_front() else { break };
            bytes += next.entry.side.len();
            together += usize::from(next.answer.is_some());
            batch.push_back(next);
        }
        inner.bytes -= bytes;
        inner.awaited -= together;
        inner.batching.taken(together);
        true
    }

    /// Waits until `enough` are awaited, the queue is closed, or the time is over.
    fn pause<'q>(
        &'q self,
        mut inner: MutexGuard<'q, Inner>,
        enough: usize,
        longest: Duration,
    ) -> MutexGuard<'q, Inner> {
        inner.pauses_for = Some(enough);
        let go_on = |inner: &mut Inner| inner.awaited < enough && !inner.closed;
        let (mut inner, _) =
            self.filled.wait_timeout_while(inner, longest, go_on).unwrap_or_else(PoisonError::into_inner);
        inner.pauses_for = None;
        inner
    }

    /// Takes no more entries; what waits is still given out.
    pub fn close(&self) {
        held(&self.inner).closed = true;
        self.filled.notify_all();
    }

    /// Closes and gives out everything that waits, to be refused.
    pub fn abandon(&self) -> VecDeque<Waiting> {
        let mut inner = held(&self.inner);
        inner.closed = true;
        (inner.bytes, inner.awaited) = (0, 0);
        std::mem::take(&mut inner.waiting)
    }

    /// Entries that wait.
    pub fn len(&self) -> usize {
        held(&self.inner).waiting.len()
    }
}

//! Entries that wait for the writer: bounded, in order, with room kept for what closes an admitted request.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, PoisonError},
};

use exchange::{
    limits::{LOG_BATCH_MAX, LOG_QUEUE_MAX, SIDE_BYTES_MAX},
    ports::record_log::{Entry, LogUnavailable, Position},
};
use tokio::sync::oneshot;

use super::{held, limits};

/// What the one who submitted gets.
pub(super) type Answer = Result<Position, LogUnavailable>;

/// One entry that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub entry: Entry,
    pub answer: oneshot::Sender<Answer>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    closed: bool,
    writer_sleeps: bool,
}

/// The queue between those who submit and the one writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
}

impl Queue {
    /// Puts an entry at the end.
    ///
    /// # Errors
    /// [`LogUnavailable::TooLarge`], [`LogUnavailable::Behind`], or [`LogUnavailable::Failed`] after [`Self::close`].
    pub fn push(&self, entry: Entry) -> Result<oneshot::Receiver<Answer>, LogUnavailable> {
        if entry.side.len() > SIDE_BYTES_MAX {
            return Err(LogUnavailable::TooLarge);
        }
        let (answer, receiver) = oneshot::channel();
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
        inner.waiting.push_back(Waiting { entry, answer });
        if std::mem::take(&mut inner.writer_sleeps) {
            drop(inner);
            self.filled.notify_one();
        }
        Ok(receiver)
    }

    /// Moves the next batch to `batch`, in order, waiting for a first entry; `false` once closed and empty.
    pub fn take(&self, batch: &mut VecDeque<Waiting>) -> bool {
        let mut inner = held(&self.inner);
        while inner.waiting.is_empty() {
            if inner.closed {
                return false;
            }
            inner.writer_sleeps = true;
            inner = self.filled.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        let mut bytes = 0;
        while batch.len() < LOG_BATCH_MAX && bytes < limits::BATCH_BYTES_MAX {
            let Some(next) = inner.waiting.pop_front() else { break };
            bytes += next.entry.side.len();
            batch.push_back(next);
        }
        inner.bytes -= bytes;
        true
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
        inner.bytes = 0;
        std::mem::take(&mut inner.waiting)
    }

    /// Entries that wait.
    pub fn len(&self) -> usize {
        held(&self.inner).waiting.len()
    }
}

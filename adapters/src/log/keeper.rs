//! Prepares the next segment ahead of need, and watches the disk's free room.

use std::{
    io,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    disk::{Disk, is_full},
    held, limits, segment,
};

/// The segment that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// To be prepared.
    Wanted(u64),
    /// Prepared, empty, durable.
    Ready(u64),
    /// The disk has no room for it; tried again at each look.
    NoRoom(u64),
}

/// What the writer gets when it asks for the next segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spare {
    /// It is there.
    Ready(u64),
    /// The disk has no room for it.
    NoRoom,
    /// The log stops.
    Stopped,
}

/// The next segment and the disk's room, shared by the writer, the keeper's thread and those who submit.
#[derive(Debug)]
pub(super) struct Keeper {
    next: Mutex<Next>,
    changed: Condvar,
    /// One look at a time, or two would prepare the same segment.
    looking: Mutex<()>,
    stopped: AtomicBool,
    full: AtomicBool,
    segment_bytes: u64,
    reserve_bytes: u64,
    origin: String,
}

impl Keeper {
    /// `first` is the number of the next segment; `ready` if it is prepared already.
    pub fn new(first: u64, ready: bool, segment_bytes: u64, reserve_bytes: u64, origin: &str) -> Self {
        let next = if ready { Next::Ready(first) } else { Next::Wanted(first) };
        Self {
            next: Mutex::new(next),
            changed: Condvar::new(),
            looking: Mutex::new(()),
            stopped: AtomicBool::new(false),
            full: AtomicBool::new(false),
            segment_bytes,
            reserve_bytes,
            origin: origin.to_owned(),
        }
    }

    /// Whether new requests are to be refused for want of room.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Looks at the disk now and prepares the next segment if one is wanted and there is room.
    ///
    /// # Errors
    /// The host's, other than a full disk.
    pub fn look(&self, disk: &dyn Disk) -> io::Result<()> {
        let _one = held(&self.looking);
        let wanted = match *held(&self.next) {
            Next::Wanted(number) | Next::NoRoom(number) => Some(number),
            Next::Ready(_) => None,
        };
        let need = self.reserve_bytes + if wanted.is_some() { self.segment_bytes } else { 0 };
        let mut room = disk.free_bytes()? >= need;
        if let (true, Some(number)) = (room, wanted) {
            // Not under the lock: preparing takes long, and the writer looks at the state.
            room = match self.prepare(disk, number) {
                Err(error) if is_full(&error) => false,
                result => result.map(|()| true)?,
            };
        }
        let mut next = held(&self.next);
        if let Some(number) = wanted {
            *next = if room { Next::Ready(number) } else { Next::NoRoom(number) };
        }
        self.full.store(!room, Ordering::Release);
        self.changed.notify_all();
        Ok(())
    }

    fn prepare(&self, disk: &dyn Disk, number: u64) -> io::Result<()> {
        disk.create_segment(&segment::name(number), &segment::header(&self.origin, number), self.segment_bytes)
    }

    /// Whether a prepared segment stands ready.
    pub fn has_spare(&self) -> bool {
        matches!(*held(&self.next), Next::Ready(_))
    }

    /// Waits until the next segment is ready, or it is known that it cannot be.
    pub fn wait_for_spare(&self) -> Spare {
        let mut next = held(&self.next);
        loop {
            match *next {
                Next::Ready(number) => return Spare::Ready(number),
                Next::NoRoom(_) => return Spare::NoRoom,
                Next::Wanted(_) if self.stopped.load(Ordering::Acquire) => return Spare::Stopped,
                Next::Wanted(_) => next = self.changed.wait(next).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Says that the writer has begun the ready segment, so that the one behind it is wanted.
    pub fn begun(&self, number: u64) {
        *held(&self.next) = Next::Wanted(number + 1);
        self.changed.notify_all();
    }

    /// The thread's work until [`Self::stop`]: look when something is wanted, and every so often.
    ///
    /// # Errors
    /// As [`Self::look`].
    pub fn run(&self, disk: &dyn Disk) -> io::Result<()> {
        while !self.stopped.load(Ordering::Acquire) {
            self.look(disk)?;
            let next = held(&self.next);
            if !matches!(*next, Next::Wanted(_)) && !self.stopped.load(Ordering::Acquire) {
                let woken = self.changed.wait_timeout(next, limits::SPACE_CHECK_EVERY);
                drop(woken.unwrap_or_else(PoisonError::into_inner));
            }
        }
        Ok(())
    }

    /// Ends [`Self::run`] and whoever waits.
    pub fn stop(&self) {
        let next = held(&self.next);
        self.stopped.store(true, Ordering::Release);
        drop(next);
        self.changed.notify_all();
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;

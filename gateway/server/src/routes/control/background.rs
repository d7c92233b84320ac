//! Work behind an answer that was already given: bounded, and awaited by whoever must see it done.

use std::{future::Future, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pieces of work that may wait: some seconds of consent requests at the pace that this service is built for.
const WAITING_MAX: u32 = 4_096;

/// Runs work behind answers. Clones share one count.
#[derive(Clone, Debug)]
pub struct Background(Arc<Semaphore>);

/// A place for one piece of work, taken before the answer is given, so that what was promised can be done.
#[derive(Debug)]
pub struct Slot(OwnedSemaphorePermit);

impl Default for Background {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WAITING_MAX as usize)))
    }
}

impl Background {
    /// Takes a place; `None` when too much waits already.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        Arc::clone(&self.0).try_acquire_owned().ok().map(Slot)
    }

    /// Waits until everything that was begun before has ended: for tests, and for a process that drains.
    pub async fn idle(&self) {
        // All places together can be had only when none is taken; the closed form never occurs, for nobody closes it.
        let _all = self.0.acquire_many(WAITING_MAX).await;
    }
}

impl Slot {
    /// Begins the work, on the runtime that called.
    pub fn run(self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(async move {
            work.await;
            drop(self.0);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn idle_waits_for_all_that_was_begun() {
        let background = Background::default();
        let done = Arc::new(AtomicU32::new(0));
        for _ in 0..50 {
            let done = Arc::clone(&done);
            background.slot().unwrap().run(async move {
                tokio::task::yield_now().await;
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        background.idle().await;
        assert_eq!(done.load(Ordering::SeqCst), 50);
    }

    #[tokio::test]
    async fn no_more_waits_than_there_are_places() {
        let background = Background::default();
        let taken: Vec<_> = (0..WAITING_MAX).map(|_| background.slot().unwrap()).collect();
        assert!(background.slot().is_none());
        drop(taken);
        assert!(background.slot().is_some());
    }
}

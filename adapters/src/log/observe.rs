//! What the log tells whoever watches it: one line for each batch, measured by a monotonic clock that tests may hold.

use std::{
    fmt::Debug,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::disk::SegmentFile;

/// Told of each batch, by the writer's own thread: what it does must be quick and must not wait.
pub trait LogObserver: Send + Sync + Debug {
    /// One sync, which took `took`, made `entries` durable; nobody who waits for them was told yet. A sync that fails
    /// is not told: it ends the log.
    fn batch(&self, entries: usize, took: Duration);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl LogObserver for Unobserved {
    fn batch(&self, _: usize, _: Duration) {}
}

/// Measures how long something takes. Never goes back, whatever is done to the host's wall clock.
pub trait Stopwatch: Send + Sync + Debug {
    /// Time since a moment of the stopwatch's own choice, always the same one.
    fn reading(&self) -> Duration;
}

/// The host's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct HostStopwatch(Instant);

impl Default for HostStopwatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch for HostStopwatch {
    fn reading(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Syncs, measures, tells.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub observer: Arc<dyn LogObserver>,
    pub stopwatch: Arc<dyn Stopwatch>,
}

impl Observed {
    /// Makes `entries` that were written to `file` durable, and says so.
    ///
    /// # Errors
    /// As [`SegmentFile::sync`].
    pub fn sync(&self, file: &dyn SegmentFile, entries: usize) -> io::Result<()> {
        let began = self.stopwatch.reading();
        file.sync()?;
        self.observer.batch(entries, self.stopwatch.reading().saturating_sub(began));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;

    /// Milliseconds that went by, as this test says.
    #[derive(Debug, Default)]
    struct Hand(AtomicU64);

    impl Hand {
        fn pass(&self, millis: u64) {
            self.0.fetch_add(millis, Ordering::SeqCst);
        }
    }

    impl Stopwatch for Hand {
        fn reading(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<(usize, Duration)>>);

    impl LogObserver for Told {
        fn batch(&self, entries: usize, took: Duration) {
            self.0.lock().unwrap().push((entries, took));
        }
    }

    /// A file whose sync takes as long as it was made to.
    #[derive(Debug)]
    struct Slow {
        hand: Arc<Hand>,
        takes_ms: u64,
        breaks: bool,
    }

    impl SegmentFile for Slow {
        fn bytes(&self) -> u64 {
            0
        }

        fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync(&self) -> io::Result<()> {
            self.hand.pass(self.takes_ms);
            if self.breaks { Err(io::Error::other("input/output error")) } else { Ok(()) }
        }
    }

    #[test]
    fn what_is_told_is_the_sync_alone_and_only_one_that_succeeded() {
        let (hand, told) = (Arc::new(Hand::default()), Arc::new(Told::default()));
        hand.pass(1_000);
        let observed = Observed { observer: told.clone(), stopwatch: hand.clone() };
        let sync = |entries, takes_ms, breaks| {
            let file = Slow { hand: hand.clone(), takes_ms, breaks };
            observed.sync(&file, entries).is_ok()
        };
        assert!(sync(3, 7, false));
        hand.pass(400);
        assert!(!sync(9, 11, true));
        assert!(sync(1, 0, false));
        let expected = vec![(3, Duration::from_millis(7)), (1, Duration::ZERO)];
        assert_eq!(*told.0.lock().unwrap(), expected);
    }

    #[test]
    fn a_stopwatch_that_goes_back_measures_nothing_rather_than_ages() {
        #[derive(Debug, Default)]
        struct Back(AtomicU64);
        impl Stopwatch for Back {
            fn reading(&self) -> Duration {
                Duration::from_secs(100 - self.0.fetch_add(1, Ordering::SeqCst))
            }
        }
        let told = Arc::new(Told::default());
        let observed = Observed { observer: told.clone(), stopwatch: Arc::new(Back::default()) };
        observed.sync(&Slow { hand: Arc::default(), takes_ms: 0, breaks: false }, 2).unwrap();
        assert_eq!(*told.0.lock().unwrap(), vec![(2, Duration::ZERO)]);
    }
}

//! The clocks: the host's, one that a socket sets for stories against the real binary, one that tests hold.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use exchange::{ports::clock::Clock, timestamp::Timestamp};

mod dev;

pub use dev::{DevClock, DevClockServer};

/// The host's wall clock in UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the host's clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until its holder moves it. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Stands at an instant.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.micros())))
    }

    /// Moves to an instant, back or forth.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves on by seconds, back when negative; saturates.
    pub fn advance(&self, seconds: i64) {
        let later = |micros| Some(Timestamp::from_micros(micros).plus_seconds(seconds).micros());
        // The closure always gives a value, so the update cannot fail.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_and_moves_only_by_its_holder() {
        let clock = ManualClock::new(Timestamp::from_micros(1_500_000));
        let seen = clock.clone();
        assert_eq!((seen.now().micros(), seen.now().micros()), (1_500_000, 1_500_000));
        for (moved, shows) in [(2, 3_500_000), (-3, 500_000), (-1, -500_000), (0, -500_000)] {
            clock.advance(moved);
            assert_eq!(seen.now().micros(), shows, "{moved}");
        }
        seen.set(Timestamp::from_micros(7));
        assert_eq!(clock.now().micros(), 7);
    }

    #[test]
    fn a_manual_clock_moved_too_far_stops_at_the_end_of_time() {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        clock.advance(i64::MAX);
        let end = clock.now();
        assert!(end.micros() > 0);
        clock.advance(i64::MAX);
        assert_eq!(clock.now(), end);
        clock.advance(i64::MIN);
        assert!(clock.now() < end, "and can be moved back from there");
    }

    #[test]
    fn the_hosts_clock_shows_this_century_in_microseconds() {
        let (before, after) = (SystemClock.now(), SystemClock.now());
        let first = Timestamp::parse_rfc3339("2020-01-01T00:00:00Z").unwrap();
        let last = Timestamp::parse_rfc3339("2120-01-01T00:00:00Z").unwrap();
        assert!(first < before && before <= after && after < last, "{before:?} {after:?}");
    }
}

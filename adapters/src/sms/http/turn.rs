//! Whose turn it is: as many requests at the same time and in a second as the contract allows.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep_until, timeout_at},
};

/// The contract's rate and window. Turns are spaced evenly: an aggregator that counts by the second sees no burst.
#[derive(Debug)]
pub struct Turns {
    spacing: Duration,
    next: Mutex<Option<Instant>>,
    window: Semaphore,
}

impl Turns {
    /// As many turns in a second, and as many at the same time; both at least one.
    pub fn new(a_second: u32, window: u32) -> Self {
        let window = Semaphore::new(usize::try_from(window.max(1)).unwrap_or(Semaphore::MAX_PERMITS));
        Self { spacing: Duration::from_secs(1) / a_second.max(1), next: Mutex::new(None), window }
    }

    /// Waits for a turn, which ends when the permit is dropped; none comes within the span when too many wait already.
    pub async fn take(&self, within: Duration) -> Option<SemaphorePermit<'_>> {
        let last = Instant::now() + within;
        // The window first, so that no place in the rate is spent on waiting for it.
        let permit = timeout_at(last, self.window.acquire()).await.ok()?.ok()?;
        sleep_until(self.place(Instant::now(), last)?).await;
        Some(permit)
    }

    /// The next free place from now on, which is then no longer free; none when it comes after the last.
    fn place(&self, now: Instant, last: Instant) -> Option<Instant> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let place = next.map_or(now, |next| next.max(now));
        if place > last {
            return None;
        }
        *next = Some(place + self.spacing);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn turns_are_spaced_by_the_rate_and_a_pause_earns_no_burst() {
        let turns = Turns::new(10, 5);
        let at = Instant::now();
        let later = |ms| at + Duration::from_millis(ms);
        let check = |now_ms, expected_ms: Option<u64>| {
            let place = turns.place(later(now_ms), later(now_ms + 150));
            assert_eq!(place, expected_ms.map(later), "at {now_ms}");
        };
        check(0, Some(0));
        check(0, Some(100));
        // The third would come after its 150 ms, and takes no place.
        check(0, None);
        check(60, Some(200));
        check(250, Some(300));
        check(5_000, Some(5_000));
        check(5_000, Some(5_100));
    }

    #[tokio::test]
    async fn no_more_have_a_turn_at_the_same_time_than_the_window_allows() {
        let turns = Turns::new(10_000, 2);
        let (first, second) = (turns.take(SECOND).await, turns.take(SECOND).await);
        assert!(first.is_some() && second.is_some());
        assert!(turns.take(Duration::from_millis(1)).await.is_none());
        drop(first);
        assert!(turns.take(SECOND).await.is_some());
        assert_eq!(turns.window.available_permits(), 1);
        drop(second);
        assert_eq!(turns.window.available_permits(), 2);
    }
}

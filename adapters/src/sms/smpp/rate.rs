//! The contract's rate: whoever sends waits its turn, and all wait while the far end is overrun.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::limits::{THROTTLE_PAUSE_MAX, THROTTLE_PAUSE_MIN};

/// How late a turn may be for the next to come sooner: the runtime's timer counts in milliseconds. No longer, so that the
/// rate holds, to half a percent, in whichever second the far end counts.
const CAUGHT_UP_MAX: Duration = Duration::from_millis(5);

/// Turns at even distances, without bursts.
#[derive(Debug)]
pub struct Rate {
    interval: Duration,
    /// Held by whoever is next; the others queue behind it in order.
    next: tokio::sync::Mutex<Instant>,
    pause: Mutex<Pause>,
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    length: Duration,
}

impl Rate {
    /// So many turns each second, at least one.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let now = Instant::now();
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            next: tokio::sync::Mutex::new(now),
            pause: Mutex::new(Pause { until: now, length: Duration::ZERO }),
        }
    }

    /// Returns when it is the caller's turn. A caller that gives up takes no turn.
    pub async fn turn(&self) {
        let mut next = self.next.lock().await;
        loop {
            let due = (*next).max(self.paused_until());
            if due <= Instant::now() {
                break;
            }
            sleep_until(due).await;
        }
        let now = Instant::now();
        let earliest = now.checked_sub(CAUGHT_UP_MAX).unwrap_or(now);
        *next = (*next).max(earliest) + self.interval;
    }

    /// The far end is overrun: nobody's turn comes for a while, twice as long as the last time. Says how long.
    pub fn overrun(&self) -> Duration {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        // Refusals of what was under way when the pause began do not lengthen it.
        if pause.until <= now {
            pause.length = (pause.length * 2).clamp(THROTTLE_PAUSE_MIN, THROTTLE_PAUSE_MAX);
            pause.until = now + pause.length;
        }
        pause.until - now
    }

    /// The far end took a piece: the next pause is a short one again.
    pub fn taken(&self) {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        if pause.until <= Instant::now() {
            pause.length = Duration::ZERO;
        }
    }

    fn paused_until(&self) -> Instant {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner).until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_at_even_distances() {
        let rate = Rate::new(1_000);
        let began = Instant::now();
        for _ in 0..20 {
            rate.turn().await;
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(19 - 5), "{took:?}");
    }

    #[tokio::test]
    async fn a_rate_above_what_the_timer_counts_is_reached() {
        let rate = Rate::new(10_000);
        let began = Instant::now();
        for _ in 0..3_000 {
            rate.turn().await;
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(290) && took < Duration::from_secs(3), "{took:?}");
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_takes_no_turn() {
        let rate = Rate::new(1);
        rate.turn().await;
        let gave_up = tokio::time::timeout(Duration::from_millis(1), rate.turn()).await;
        assert!(gave_up.is_err());
        assert!(*rate.next.lock().await <= Instant::now() + Duration::from_secs(1));
    }

    #[tokio::test]
    async fn an_overrun_far_end_pauses_all_longer_each_time() {
        let rate = Rate::new(1_000);
        assert_eq!(rate.overrun().as_millis().div_ceil(100), 10);
        assert!(rate.overrun() <= THROTTLE_PAUSE_MIN, "the same pause");
        assert!(rate.paused_until() > Instant::now());
        rate.pause.lock().unwrap().until = Instant::now();
        assert!(rate.overrun() > THROTTLE_PAUSE_MIN);
        rate.pause.lock().unwrap().until = Instant::now();
        rate.taken();
        assert!(rate.overrun() <= THROTTLE_PAUSE_MIN);
        for _ in 0..10 {
            rate.pause.lock().unwrap().until = Instant::now();
            rate.overrun();
        }
        assert_eq!(rate.pause.lock().unwrap().length, THROTTLE_PAUSE_MAX);
    }
}

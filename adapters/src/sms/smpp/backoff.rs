//! How long to wait before connecting again: twice as long after each failure, and never all nodes at once.

use std::time::Duration;

use exchange::ports::entropy::Entropy;

/// Counts failures in a row.
#[derive(Debug)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    /// Pauses from `min` to `max`.
    #[must_use]
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, failures: 0 }
    }

    /// The next pause: its length doubles to the longest, and of it the second half is drawn.
    pub fn pause(&mut self, entropy: &dyn Entropy) -> Duration {
        let doubled = 2u32.checked_pow(self.failures).and_then(|times| self.min.checked_mul(times));
        let whole = doubled.map_or(self.max, |pause| pause.min(self.max));
        self.failures = self.failures.saturating_add(1);
        let mut drawn = [0; 4];
        entropy.fill(&mut drawn);
        let half = whole / 2;
        half + half.mul_f64(f64::from(u32::from_be_bytes(drawn)) / f64::from(u32::MAX))
    }

    /// The link stood: the next failure is a first one.
    pub const fn steady(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn pauses_double_to_the_longest_and_begin_anew_once_the_link_stood() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10));
        let longest: Vec<u64> = (0..40).map(|_| backoff.pause(&Always(255)).as_secs()).collect();
        assert_eq!(longest[..6], [1, 2, 4, 8, 10, 10]);
        assert!(longest[6..].iter().all(|pause| *pause == 10));
        backoff.steady();
        assert_eq!(backoff.pause(&Always(0)), Duration::from_millis(500));
        assert_eq!(backoff.pause(&Always(0)), Duration::from_secs(1));
    }
}

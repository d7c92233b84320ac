//! Latencies in logarithmic buckets: constant memory, under one percent of error, addable.

/// Linear buckets within each power of two: 128 make the relative error at most 1/128.
const STEPS_BITS: u32 = 7;

/// Powers of two above the linear part that are told apart: up to 2⁴³ ns, over two hours.
const POWERS: usize = 37;

/// A histogram of durations in nanoseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; POWERS << STEPS_BITS], count: 0, sum_ns: 0, min_ns: u64::MAX, max_ns: 0 }
    }
}

impl Histogram {
    /// Adds one duration, in nanoseconds. What is longer than two hours counts in the last bucket.
    pub fn record(&mut self, ns: u64) {
        if let Some(bucket) = self.buckets.get_mut(index(ns)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum_ns += u128::from(ns);
        self.min_ns = self.min_ns.min(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    /// Adds one duration of a loop that sends every `interval_ns` when it can: while it waited for this answer, the
    /// requests it ought to have sent would have waited too, each one interval less. Leaving them out is the coordinated
    /// omission that makes a stall of a second look like one slow request.
    pub fn record_corrected(&mut self, ns: u64, interval_ns: u64) {
        self.record(ns);
        if interval_ns == 0 {
            return;
        }
        let mut missed_ns = ns.saturating_sub(interval_ns);
        while missed_ns >= interval_ns {
            self.record(missed_ns);
            missed_ns -= interval_ns;
        }
    }

    /// Adds all that another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *ours += theirs;
        }
        self.count += other.count;
        self.sum_ns += other.sum_ns;
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many durations were added.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest, in nanoseconds; zero when there are none.
    #[must_use]
    pub fn min_ns(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min_ns }
    }

    /// The longest, in nanoseconds.
    #[must_use]
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The mean, in nanoseconds; zero when there are none.
    #[must_use]
    pub fn mean_ns(&self) -> u64 {
        u64::try_from(self.sum_ns / u128::from(self.count.max(1))).unwrap_or(u64::MAX)
    }

    /// The duration that `per_mille` thousandths of all do not exceed (999 is p99.9), in nanoseconds: the upper edge of
    /// its bucket, never above the longest.
    #[must_use]
    pub fn percentile_ns(&self, per_mille: u64) -> u64 {
        let rank = (u128::from(self.count) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen: u128 = 0;
        for (bucket, count) in (0..).zip(&self.buckets) {
            seen += u128::from(*count);
            if seen >= rank {
                return upper_edge(bucket).min(self.max_ns);
            }
        }
        self.max_ns
    }
}

/// The bucket of a value: the power of two, then [`STEPS_BITS`] bits below its highest.
fn index(ns: u64) -> usize {
    let power = (u64::BITS - ns.leading_zeros()).saturating_sub(STEPS_BITS + 1);
    let step = ns >> power;
    let bucket = (u64::from(power) << STEPS_BITS) + step;
    usize::try_from(bucket).unwrap_or(usize::MAX).min((POWERS << STEPS_BITS) - 1)
}

/// The largest value of a bucket.
fn upper_edge(bucket: u64) -> u64 {
    let steps = 1 << STEPS_BITS;
    if bucket < 2 * steps {
        return bucket;
    }
    let (power, step) = ((bucket >> STEPS_BITS) - 1, (bucket % steps) + steps);
    ((step + 1) << power) - 1
}

#[cfg(test)]
#[path = "histogram_tests.rs"]
mod law_tests;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values.into_iter().for_each(|ns| histogram.record(ns));
        histogram
    }

    #[test]
    fn percentiles_of_a_thousand_equal_steps_are_within_one_percent() {
        let histogram = of((1..=1000).map(|n| n * 1000));
        let check = |per_mille, expected: u64| {
            let given = histogram.percentile_ns(per_mille);
            assert!(given >= expected && given <= expected + expected / 100, "{per_mille}: {given}, not {expected}");
        };
        check(500, 500_000);
        check(950, 950_000);
        check(990, 990_000);
        check(999, 999_000);
        assert_eq!((histogram.min_ns(), histogram.max_ns(), histogram.mean_ns()), (1000, 1_000_000, 500_500));
    }

    #[test]
    fn an_empty_histogram_is_all_zero() {
        let empty = Histogram::default();
        let all = [empty.min_ns(), empty.max_ns(), empty.mean_ns(), empty.percentile_ns(990), empty.count()];
        assert_eq!(all, [0; 5]);
    }

    #[test]
    fn merging_is_the_same_as_recording_all() {
        let (mut left, right) = (of(1..500), of(500..=1000));
        left.merge(&right);
        let whole = of(1..=1000);
        assert_eq!((left.count(), left.percentile_ns(990), left.mean_ns()), (1000, whole.percentile_ns(990), 500));
    }

    #[test]
    fn a_stall_counts_for_every_request_that_it_held_up() {
        // One request a millisecond for a second, then one that takes a second: half of all time was spent stalled.
        let (mut naive, mut corrected) = (Histogram::default(), Histogram::default());
        for ns in std::iter::repeat_n(100_000, 1000).chain([1_000_000_000]) {
            naive.record(ns);
            corrected.record_corrected(ns, 1_000_000);
        }
        assert!(naive.percentile_ns(990) < 110_000, "a plain loop hides the stall");
        assert_eq!(corrected.count(), 2000);
        let p99 = corrected.percentile_ns(990);
        assert!((975_000_000..=995_000_000).contains(&p99), "{p99}");
    }

    #[test]
    fn a_loop_in_time_needs_no_correction() {
        let mut histogram = Histogram::default();
        (0..100).for_each(|_| histogram.record_corrected(900_000, 1_000_000));
        histogram.record_corrected(5, 0);
        assert_eq!(histogram.count(), 101);
    }

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket_within_one_part_of_128(ns in 0..(1_u64 << 43)) {
            let edge = upper_edge(u64::try_from(index(ns)).unwrap());
            prop_assert!(edge >= ns && edge - ns <= ns / 128, "{ns} in a bucket up to {edge}");
        }

        #[test]
        fn a_percentile_is_never_below_the_exact_one(mut values in prop::collection::vec(0..10_000_000_u64, 1..200), share in 1..=1000_u64) {
            let given = of(values.iter().copied()).percentile_ns(share);
            values.sort_unstable();
            let rank = usize::try_from((values.len() as u64 * share).div_ceil(1000)).unwrap();
            let exact = values[rank - 1];
            prop_assert!(given >= exact && given - exact <= exact / 128, "{given}, exactly {exact}");
        }
    }
}

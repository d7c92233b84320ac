//! The histogram against a sorted list, its laws of addition, and the correction against a loop that never stalls.

use proptest::prelude::*;

use super::*;

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    for ns in values {
        histogram.record(*ns);
    }
    histogram
}

/// All that a report reads.
fn read(histogram: &Histogram) -> Vec<u64> {
    let shares = (0..=1000).step_by(25).map(|share| histogram.percentile_ns(share));
    let rest = [histogram.count(), histogram.min_ns(), histogram.max_ns(), histogram.mean_ns()];
    shares.chain(rest).collect()
}

/// What a loop saw that sends whenever it ought to: an answer that took `ns` held up one request at each interval.
fn held_up(ns: u64, interval_ns: u64) -> Vec<u64> {
    let mut all = vec![ns];
    let mut missed = 1;
    while missed * interval_ns < ns && ns - missed * interval_ns >= interval_ns {
        all.push(ns - missed * interval_ns);
        missed += 1;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn merging_knows_no_order_and_no_grouping(
        a in prop::collection::vec(any::<u64>(), 0..30),
        b in prop::collection::vec(0..5_000_000_u64, 0..30),
        c in prop::collection::vec(0..300_u64, 0..30),
    ) {
        let merged = |parts: &[&[u64]]| {
            let mut sum = Histogram::default();
            for part in parts {
                sum.merge(&of(part));
            }
            read(&sum)
        };
        let whole = read(&of(&[&a[..], &b, &c].concat()));
        prop_assert_eq!(&merged(&[&a, &b, &c]), &whole);
        prop_assert_eq!(&merged(&[&c, &a, &b]), &whole);
        let mut nested = of(&b);
        nested.merge(&of(&c));
        let mut outer = of(&a);
        outer.merge(&nested);
        prop_assert_eq!(&read(&outer), &whole);
    }

    #[test]
    fn percentiles_rise_and_end_at_the_longest(values in prop::collection::vec(0..(1_u64 << 42), 1..100)) {
        let histogram = of(&values);
        let shares: Vec<u64> = (0..=1000).map(|share| histogram.percentile_ns(share)).collect();
        prop_assert!(shares.windows(2).all(|two| two[0] <= two[1]));
        prop_assert_eq!(shares[1000], *values.iter().max().unwrap());
        prop_assert!(shares[0] >= *values.iter().min().unwrap());
    }

    #[test]
    fn the_mean_is_that_of_the_values_themselves(values in prop::collection::vec(any::<u64>(), 1..50)) {
        let sum: u128 = values.iter().map(|value| u128::from(*value)).sum();
        prop_assert_eq!(u128::from(of(&values).mean_ns()), sum / values.len() as u128);
        prop_assert_eq!(of(&values).min_ns(), *values.iter().min().unwrap());
    }

    #[test]
    fn a_corrected_answer_counts_once_for_each_request_that_it_held_up(ns in 0..2_000_u64, interval_ns in 1..300_u64) {
        let mut corrected = Histogram::default();
        corrected.record_corrected(ns, interval_ns);
        prop_assert_eq!(read(&corrected), read(&of(&held_up(ns, interval_ns))), "{} by {}", ns, interval_ns);
    }

    #[test]
    fn buckets_are_in_the_order_of_their_values(low in 0..(1_u64 << 43), high in 0..(1_u64 << 43)) {
        let (low, high) = (low.min(high), low.max(high));
        prop_assert!(index(low) <= index(high));
        prop_assert!(upper_edge(index(low) as u64) <= upper_edge(index(high) as u64));
    }
}

#[test]
fn an_edge_is_the_last_value_of_its_bucket() {
    for bucket in 0..(POWERS << STEPS_BITS) - 1 {
        let edge = upper_edge(bucket as u64);
        assert_eq!(index(edge), bucket, "{edge}");
        assert_eq!(index(edge + 1), bucket + 1, "{edge}");
    }
}

#[test]
fn what_is_longer_than_two_hours_counts_last_and_keeps_its_length() {
    let histogram = of(&[1, u64::MAX]);
    assert_eq!((histogram.count(), histogram.max_ns(), histogram.min_ns()), (2, u64::MAX, 1));
    assert_eq!(index(u64::MAX), (POWERS << STEPS_BITS) - 1);
    assert_eq!(histogram.percentile_ns(500), 1);
    assert!(histogram.percentile_ns(1000) > 1_u64 << 42);
}

#[test]
fn a_thousandth_of_few_values_is_the_least_and_none_is_the_same() {
    let check = |share, expected| assert_eq!(of(&[10, 20, 30]).percentile_ns(share), expected, "{share}");
    check(0, 10);
    check(1, 10);
    check(333, 10);
    check(334, 20);
    check(666, 20);
    check(667, 30);
    check(1000, 30);
}

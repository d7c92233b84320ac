//! Statistics against plain models: percentiles, pairs, and what is kept of each repetition.

use proptest::prelude::*;

use super::*;

/// By the definition: the least value that at least so many thousandths of all do not exceed.
fn model(values: &[f64], per_mille: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.iter().copied().find(|value| {
        let within = values.iter().filter(|other| *other <= value).count();
        within * 1000 >= per_mille * values.len()
    })
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0..400_i32).prop_map(|n| f64::from(n) / 8.0), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_percentile_is_what_its_definition_says(values in values(), per_mille in 0..=1000_usize) {
        prop_assert_eq!(percentile(&values, per_mille), model(&values, per_mille));
    }

    #[test]
    fn a_percentile_does_not_depend_on_the_order(mut values in values(), per_mille in 0..=1000_usize) {
        let before = percentile(&values, per_mille);
        values.reverse();
        prop_assert_eq!(percentile(&values, per_mille), before);
    }

    #[test]
    fn percentiles_rise_from_the_least_to_the_greatest(values in values(), low in 0..=1000_usize, high in 0..=1000_usize) {
        let (low, high) = (low.min(high), low.max(high));
        prop_assert!(percentile(&values, low) <= percentile(&values, high));
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert_eq!((percentile(&values, 0), percentile(&values, 1000)), (Some(least), Some(greatest)));
    }

    #[test]
    fn a_ratio_turned_around_is_its_inverse(pairs in prop::collection::vec((1..1000_u32, 1..1000_u32), 1..20)) {
        // The median by nearest rank is its own mirror image where the count is odd.
        prop_assume!(pairs.len() % 2 == 1);
        let mut samples = Samples::default();
        for (ours, theirs) in &pairs {
            samples.add("us", "c", "m", "u", f64::from(*ours), 0);
            samples.add("them", "c", "m", "u", f64::from(*theirs), 0);
        }
        let (there, back) = (samples.paired_ratio("us", "them", "c", "m"), samples.paired_ratio("them", "us", "c", "m"));
        prop_assert!((there.unwrap() * back.unwrap() - 1.0).abs() < 1e-9);
        let difference = samples.paired_difference("us", "them", "c", "m").unwrap();
        prop_assert!((difference + samples.paired_difference("them", "us", "c", "m").unwrap()).abs() < 1e-9);
    }

    #[test]
    fn the_least_is_one_of_the_values_and_below_all(values in values()) {
        let mut samples = Samples::default();
        for value in &values {
            samples.add("us", "c", "m", "u", *value, 1);
        }
        let least = samples.min("us", "c", "m").unwrap();
        prop_assert!(values.contains(&least) && values.iter().all(|value| *value >= least));
        prop_assert_eq!(samples.values("us", "c", "m"), &values[..]);
    }
}

#[test]
fn the_nearest_rank_is_taken_and_nothing_between() {
    let check =
        |values: &[f64], per_mille, expected| assert_eq!(percentile(values, per_mille), expected, "{per_mille}");
    check(&[], 500, None);
    check(&[4.0], 0, Some(4.0));
    check(&[4.0], 1000, Some(4.0));
    check(&[1.0, 2.0], 500, Some(1.0));
    check(&[1.0, 2.0], 501, Some(2.0));
    check(&[3.0, 1.0, 2.0], 500, Some(2.0));
    check(&[1.0, 2.0, 3.0, 4.0], 250, Some(1.0));
    check(&[1.0, 2.0, 3.0, 4.0], 251, Some(2.0));
    check(&[1.0, 1.0, 9.0], 666, Some(1.0));
    check(&[1.0, 1.0, 9.0], 667, Some(9.0));
    check(&[-1.0, -2.0], 0, Some(-2.0));
}

#[test]
fn series_are_told_apart_by_each_part_of_their_key() {
    let mut samples = Samples::default();
    samples.add("us", "closed 64", "rate", "1/s", 1.0, 0);
    samples.add("them", "closed 64", "rate", "1/s", 2.0, 0);
    samples.add("us", "closed 256", "rate", "1/s", 3.0, 0);
    samples.add("us", "closed 64", "cpu", "µs", 4.0, 0);
    samples.add("us", "closed 64", "rate", "1/s", 5.0, 2);
    let check = |who, case, metric, expected: &[f64]| assert_eq!(samples.values(who, case, metric), expected);
    check("us", "closed 64", "rate", &[1.0, 5.0]);
    check("them", "closed 64", "rate", &[2.0]);
    check("us", "closed 256", "rate", &[3.0]);
    check("us", "closed 64", "cpu", &[4.0]);
    check("us", "closed", "rate", &[]);
    check("nobody", "closed 64", "rate", &[]);
    let keys: Vec<_> =
        samples.iter().map(|(key, series)| (key.who.as_str(), key.case.as_str(), series.errors)).collect();
    assert_eq!(
        keys,
        [("them", "closed 64", 0), ("us", "closed 256", 0), ("us", "closed 64", 0), ("us", "closed 64", 2)]
    );
}

#[test]
fn a_pair_needs_both_sides_and_the_shorter_one_counts() {
    let mut samples = Samples::default();
    for value in [10.0, 20.0, 90.0] {
        samples.add("us", "c", "m", "u", value, 0);
    }
    assert_eq!(samples.paired_ratio("us", "them", "c", "m"), None);
    assert_eq!(samples.paired_difference("them", "us", "c", "m"), None);
    samples.add("them", "c", "m", "u", 5.0, 0);
    assert_eq!(samples.paired_ratio("us", "them", "c", "m"), Some(2.0));
    samples.add("them", "c", "m", "u", 5.0, 0);
    // Two pairs, 2 and 4: the lower one is the nearest rank of the median; the third repetition has no pair.
    assert_eq!(samples.paired_ratio("us", "them", "c", "m"), Some(2.0));
    assert_eq!(samples.paired_difference("us", "them", "c", "m"), Some(5.0));
    assert_eq!(samples.min("them", "c", "other"), None);
}

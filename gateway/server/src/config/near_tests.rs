//! The distance between two keys is a metric, and the nearest of several is the one that is named.

use proptest::prelude::*;

use super::*;

/// Levenshtein's distance by its definition.
fn defined(from: &[u8], to: &[u8]) -> usize {
    match (from, to) {
        ([], rest) | (rest, []) => rest.len(),
        ([a, from_rest @ ..], [b, to_rest @ ..]) => {
            let change = defined(from_rest, to_rest) + usize::from(a != b);
            change.min(defined(from_rest, to) + 1).min(defined(from, to_rest) + 1)
        }
    }
}

#[test]
fn a_key_two_letters_off_is_recognised_and_a_stranger_is_not() {
    let known = ["passcode_ttl_s", "token_ttl_s", "poll_interval_s"];
    let check = |key: &str, expected| assert_eq!(nearest(key, &known), expected, "{key}");
    check("passcode_ttl", Some("passcode_ttl_s"));
    check("passcode_tt", None);
    check("pascode_ttl_s", Some("passcode_ttl_s"));
    check("tokenttl_s", Some("token_ttl_s"));
    check("PASSCODE_TTL_S", None);
    check("colour", None);
    check("", None);
}

#[test]
fn of_several_near_keys_the_nearest_is_named_and_of_equals_the_first_by_name() {
    let check = |key: &str, known: &[&'static str], expected| assert_eq!(nearest(key, known), expected, "{key}");
    check("dirs", &["dirty", "dir"], Some("dir"));
    check("bat", &["cat", "bar"], Some("bar"));
    check("bat", &["bar", "cat"], Some("bar"));
    check("exact", &["exac", "exact", "exacts"], Some("exact"));
    check("anything", &[], None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_distance_is_the_one_that_is_defined(a in "[a-c_]{0,6}", b in "[a-c_]{0,6}") {
        prop_assert_eq!(distance(&a, &b), defined(a.as_bytes(), b.as_bytes()));
    }

    #[test]
    fn the_distance_is_a_metric(a in "[a-d]{0,9}", b in "[a-d]{0,9}", c in "[a-d]{0,9}") {
        prop_assert_eq!(distance(&a, &b) == 0, a == b);
        prop_assert_eq!(distance(&a, &b), distance(&b, &a));
        prop_assert!(distance(&a, &c) <= distance(&a, &b) + distance(&b, &c));
        prop_assert!(distance(&a, &b) >= a.len().abs_diff(b.len()));
        prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
    }

    #[test]
    fn one_slip_is_always_forgiven(key in "[a-z_]{3,20}", at in 0..20_usize, letter in "[a-z]") {
        let at = at % key.len();
        let mut wrong = key.clone();
        wrong.replace_range(at..=at, &letter);
        let known: &'static str = Box::leak(key.into_boxed_str());
        prop_assert_eq!(nearest(&wrong, &[known]), Some(known));
    }
}

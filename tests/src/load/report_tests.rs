//! The whole document of each kind of run, as `cargo xtask bench` reads it.

use std::time::Duration;

use super::*;
use crate::load::drive::Tally;

#[test]
fn the_document_of_a_run_is_the_golden_one() {
    let mut tally = Tally { failures: 1, unexpected: 2, resumed: 3, own_cpu_ns: 50_000, ..Tally::default() };
    tally.kept = vec!["\"o/1\";rows=1".to_owned()];
    for ns in [1_000, 2_000, 3_000, 10_000] {
        tally.latencies.record(ns);
    }
    let servers_cpu_ns = vec![("server".to_owned(), 110_000), ("twin".to_owned(), 0)];
    let measured = Measured { tally, elapsed: Duration::from_millis(1500), servers_cpu_ns };
    let expected = json!({
        "case": "closed", "seconds": 1.5, "answered": 4, "failures": 1, "unexpected": 2, "resumed": 3,
        "per_second": 2.667, "cpu_us_each": { "server": 27.5, "twin": 0.0 }, "generator_cpu_us_each": 12.5,
        "latency_us": { "min": 1.0, "mean": 4.0, "p50": 2.007, "p95": 10.0, "p99": 10.0, "p999": 10.0, "max": 10.0 },
        "kept": ["\"o/1\";rows=1"],
    });
    assert_eq!(of_run("closed", &measured), expected);
}

#[test]
fn the_document_of_idle_connections_is_the_golden_one() {
    let memory = Memory { before_kib: 100, after_kib: 300, connections: 10 };
    let expected = json!({
        "case": "idle", "connections": 10, "bytes_each": 20_480, "pss_before_kib": 100, "pss_after_kib": 300,
    });
    assert_eq!(of_memory(memory), expected);
}

#[test]
fn tallies_of_threads_add_up_in_each_part() {
    let one = |n: u64| {
        let mut tally = Tally { failures: n, unexpected: 10 * n, resumed: 100 * n, own_cpu_ns: n, ..Tally::default() };
        tally.kept.push(n.to_string());
        tally.latencies.record(n);
        tally
    };
    let mut sum = one(1);
    sum.merge(one(2));
    sum.merge(Tally::default());
    assert_eq!((sum.failures, sum.unexpected, sum.resumed, sum.own_cpu_ns), (3, 30, 300, 3));
    assert_eq!((sum.kept, sum.latencies.count(), sum.latencies.max_ns()), (vec!["1".to_owned(), "2".to_owned()], 2, 2));
}

#[test]
fn numbers_are_rounded_to_a_thousandth_and_not_cut() {
    let check = |value: f64, expected: &str| assert_eq!(rounded(value).to_string(), expected);
    check(1.0004, "1");
    check(1.0006, "1.001");
    check(0.0, "0");
    check(2.6666, "2.667");
    assert_eq!(per(10, 0).to_string(), "10", "nothing is divided by nothing");
    assert_eq!(per(10, 4).to_string(), "2.5");
}

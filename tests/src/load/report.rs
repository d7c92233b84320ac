//! What a run took, as JSON for `cargo xtask bench` and for people.

use serde_json::{Value, json};

use super::{drive::Measured, histogram::Histogram, idle::Memory};

/// A run of requests: rates, latencies in microseconds, CPU time per answered request.
#[must_use]
pub fn of_run(case: &str, measured: &Measured) -> Value {
    let tally = &measured.tally;
    let answered = tally.latencies.count();
    let cpu: serde_json::Map<String, Value> = measured
        .servers_cpu_ns
        .iter()
        .map(|(name, ns)| (name.clone(), json!(rounded(per(*ns, answered) / 1000.0))))
        .collect();
    json!({
        "case": case,
        "seconds": rounded(measured.elapsed.as_secs_f64()),
        "answered": answered,
        "failures": tally.failures,
        "unexpected": tally.unexpected,
        "resumed": tally.resumed,
        "per_second": rounded(number(answered) / measured.elapsed.as_secs_f64()),
        "cpu_us_each": cpu,
        "generator_cpu_us_each": rounded(per(tally.own_cpu_ns, answered) / 1000.0),
        "latency_us": latencies(&tally.latencies),
        "kept": tally.kept,
    })
}

/// Memory of idle connections.
#[must_use]
pub fn of_memory(memory: Memory) -> Value {
    json!({
        "case": "idle", "connections": memory.connections, "bytes_each": memory.bytes_each(),
        "pss_before_kib": memory.before_kib, "pss_after_kib": memory.after_kib,
    })
}

fn latencies(histogram: &Histogram) -> Value {
    let us = |ns: u64| rounded(number(ns) / 1000.0);
    json!({
        "min": us(histogram.min_ns()), "mean": us(histogram.mean_ns()), "p50": us(histogram.percentile_ns(500)),
        "p95": us(histogram.percentile_ns(950)), "p99": us(histogram.percentile_ns(990)),
        "p999": us(histogram.percentile_ns(999)), "max": us(histogram.max_ns()),
    })
}

/// To a thousandth: what is finer is noise.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn per(whole: u64, count: u64) -> f64 {
    number(whole) / number(count.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "a report needs three digits of a count, not sixteen")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod golden_tests;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::drive::Tally;

    #[test]
    fn a_report_divides_by_what_was_answered() {
        let mut tally = Tally { failures: 1, own_cpu_ns: 40_000, ..Tally::default() };
        (1..=4).for_each(|n| tally.latencies.record(n * 1000));
        let servers_cpu_ns = vec![("nginx".to_owned(), 100_000)];
        let measured = Measured { tally, elapsed: Duration::from_secs(2), servers_cpu_ns };
        let report = of_run("closed", &measured);
        let check = |pointer: &str, expected: Value| assert_eq!(report.pointer(pointer), Some(&expected), "{pointer}");
        check("/answered", json!(4));
        check("/failures", json!(1));
        check("/per_second", json!(2.0));
        check("/cpu_us_each/nginx", json!(25.0));
        check("/generator_cpu_us_each", json!(10.0));
        check("/latency_us/min", json!(1.0));
        check("/latency_us/max", json!(4.0));
    }

    #[test]
    fn a_run_without_answers_reports_zeros() {
        let measured =
            Measured { tally: Tally::default(), elapsed: Duration::from_secs(1), servers_cpu_ns: Vec::new() };
        assert_eq!(of_run("closed", &measured).pointer("/latency_us/p99"), Some(&json!(0.0)));
    }
}

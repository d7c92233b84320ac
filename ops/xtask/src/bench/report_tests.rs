//! The documents that people and programs read, whole, as golden texts.

use super::*;

fn samples() -> Samples {
    let mut samples = Samples::default();
    for (rate, errors) in [(900.0, 0), (1000.0, 2), (1100.0, 0), (1234.5, 1)] {
        samples.add("ours E", "closed 64", "rate", "1/s", rate, errors);
    }
    samples.add("ours E", "closed 64", "latency p99", "ms", 7.0, 0);
    samples.add("ours E", "fixed rate 500/s", "latency p99", "ms", 1.25, 0);
    samples.add("ours E", "fixed rate 500/s", "latency mean", "ms", 0.5, 0);
    samples.add("nginx", "closed 64", "rate", "1/s", 2000.0, 0);
    samples
}

fn goal(id: &'static str, value: Option<f64>, why: Option<&str>, better: Better) -> Goal {
    Goal {
        id,
        what: format!("what {id} is"),
        value,
        why: why.map(str::to_owned),
        unit: "ratio",
        must: 0.6,
        aim: 1.0,
        better,
    }
}

fn goals() -> Vec<Goal> {
    vec![
        goal("G1e", Some(0.5), None, Better::Higher),
        goal("G2e", Some(0.7), None, Better::Higher),
        goal("G3e", Some(1.0), None, Better::Higher),
        goal("G7", Some(0.55), None, Better::Lower),
        goal("G8", None, Some("its runs failed; see above"), Better::Lower),
    ]
}

#[test]
fn the_table_for_people_is_the_golden_one() {
    let expected = "\
who                      case                     metric           unit        min     median        max  errors
nginx                    closed 64                rate              1/s    2000.00    2000.00    2000.00       0
ours E                   closed 64                rate              1/s     900.00    1000.00    1234.50       3
ours E                   fixed rate 500/s         latency p99        ms       1.25       1.25       1.25       0

goal      value      must       aim  what
G1e        0.50     ≥0.60     ≥1.00  what G1e is [ratio]  BROKEN
G2e        0.70     ≥0.60     ≥1.00  what G2e is [ratio]  (aim not reached)
G3e        1.00     ≥0.60     ≥1.00  what G3e is [ratio]
G7         0.55     ≤0.60     ≤1.00  what G7 is [ratio]
G8            -     ≤0.60     ≤1.00  what G8 is [ratio]  BROKEN  not measured: its runs failed; see above
";
    assert_eq!(as_text(&samples(), &goals()), expected);
}

#[test]
fn the_document_for_programs_is_the_golden_one() {
    let began = Now { at: "2026-11-25T10:00:00Z".into(), machine: json!({ "cores": 2, "kernel": "6.1" }) };
    let versions = BTreeMap::from([("nginx", "nginx/1.22".to_owned()), ("envoy", String::new())]);
    let mut few = Samples::default();
    for value in [3.0, 1.0, 2.0, 10.0] {
        few.add("ours E", "closed 64", "cpu", "µs", value, 1);
    }
    let goals = [goals().swap_remove(1), goals().swap_remove(4)];
    let document: Value = serde_json::from_str(&as_json("door", &began, &versions, &few, &goals)).unwrap();
    let expected = json!({
        "bench": "door",
        "at": "2026-11-25T10:00:00Z",
        "machine": { "cores": 2, "kernel": "6.1" },
        "versions": { "envoy": "", "nginx": "nginx/1.22" },
        "rows": [{
            "who": "ours E", "case": "closed 64", "metric": "cpu", "unit": "µs", "min": 1.0, "p50": 2.0, "p95": 10.0,
            "p99": 10.0, "p999": 10.0, "max": 10.0, "mean": 4.0, "samples": 4, "errors": 4,
        }],
        "goals": [
            { "id": "G2e", "what": "what G2e is", "value": 0.7, "unit": "ratio", "must": 0.6, "goal": 1.0,
              "better": "higher" },
            { "id": "G8", "what": "what G8 is", "value": null, "unit": "ratio", "must": 0.6, "goal": 1.0,
              "better": "lower", "why": "its runs failed; see above" },
        ],
    });
    assert_eq!(document, expected);
}

#[test]
fn a_document_ends_its_last_line_and_is_written_for_reading() {
    let began = Now { at: String::new(), machine: Value::Null };
    let text = as_json("door", &began, &BTreeMap::new(), &Samples::default(), &[]);
    assert!(text.ends_with("}\n") && text.lines().count() > 5, "{text}");
}

#[test]
fn latencies_are_shown_of_fixed_rates_only_and_only_three_of_them() {
    let check = |case: &str, metric: &str, expected: bool| {
        let key = Key { who: "x".into(), case: case.into(), metric: metric.into(), unit: "ms" };
        assert_eq!(is_shown(&key), expected, "{case} {metric}");
    };
    check("closed 64", "rate", true);
    check("closed 64", "cpu", true);
    check("closed 64", "latency p50", false);
    check("handshakes, full", "latency p99", false);
    check("fixed rate 500/s", "latency p50", true);
    check("fixed rate 500/s", "latency p99", true);
    check("fixed rate 500/s", "latency p999", true);
    check("fixed rate 500/s", "latency p95", false);
    check("fixed rate 500/s", "latency max", false);
    check("disk", "p50", true);
}

#[test]
fn numbers_of_a_series_are_by_nearest_rank_and_a_plain_mean() {
    let series = Series { values: (1..=1000).map(f64::from).collect(), errors: 0 };
    let found = numbers(&series);
    let all = [found.min, found.p50, found.p95, found.p99, found.p999, found.max, found.mean];
    assert_eq!(all.map(|number| number.to_string()), ["1", "500", "950", "990", "999", "1000", "500.5"]);
}

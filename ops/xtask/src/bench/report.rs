//! The bench for people and for programs, in the form that every bench of this workspace has.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use super::{
    goals::{Better, Goal},
    machine::Now,
    samples::{Key, Samples, Series, percentile},
};

/// The tables for people: what was seen, then what it must be.
pub fn as_text(samples: &Samples, goals: &[Goal]) -> String {
    let mut text = format!(
        "{:<24} {:<24} {:<14} {:>6} {:>10} {:>10} {:>10} {:>7}\n",
        "who", "case", "metric", "unit", "min", "median", "max", "errors"
    );
    for (key, series) in samples.iter().filter(|(key, _)| is_shown(key)) {
        let row = numbers(series);
        let _ = writeln!(
            text,
            "{:<24} {:<24} {:<14} {:>6} {:>10.2} {:>10.2} {:>10.2} {:>7}",
            key.who, key.case, key.metric, key.unit, row.min, row.p50, row.max, series.errors
        );
    }
    let _ = writeln!(text, "\n{:<5} {:>9} {:>9} {:>9}  what", "goal", "value", "must", "aim");
    for goal in goals {
        let value = goal.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        let sign = if goal.better == Better::Higher { '≥' } else { '≤' };
        let verdict = match (goal.floor_holds(), goal.aim_reached()) {
            (_, true) => "",
            (true, false) => "  (aim not reached)",
            (false, false) => "  BROKEN",
        };
        let why = goal.why.as_ref().map(|why| format!("  not measured: {why}")).unwrap_or_default();
        let (must, aim) = (format!("{sign}{:.2}", goal.must), format!("{sign}{:.2}", goal.aim));
        let _ =
            writeln!(text, "{:<5} {value:>9} {must:>9} {aim:>9}  {} [{}]{verdict}{why}", goal.id, goal.what, goal.unit);
    }
    text
}

/// Latencies of closed loops say nothing about users; the rest of them stand in the JSON.
fn is_shown(key: &Key) -> bool {
    !key.metric.starts_with("latency")
        || key.case.starts_with("fixed")
            && ["latency p50", "latency p99", "latency p999"].contains(&key.metric.as_str())
}

/// The document that every bench writes.
pub fn as_json(
    bench: &str,
    began: &Now,
    versions: &BTreeMap<&'static str, String>,
    samples: &Samples,
    goals: &[Goal],
) -> String {
    let rows: Vec<Value> = samples.iter().map(|(key, series)| row(key, series)).collect();
    let goals: Vec<Value> = goals.iter().map(goal).collect();
    let document = json!({
        "bench": bench, "at": began.at, "machine": began.machine, "versions": versions, "rows": rows, "goals": goals,
    });
    format!("{document:#}\n")
}

fn row(key: &Key, series: &Series) -> Value {
    let numbers = numbers(series);
    json!({
        "who": key.who, "case": key.case, "metric": key.metric, "unit": key.unit,
        "min": numbers.min, "p50": numbers.p50, "p95": numbers.p95, "p99": numbers.p99, "p999": numbers.p999,
        "max": numbers.max, "mean": numbers.mean, "samples": series.values.len(), "errors": series.errors,
    })
}

fn goal(goal: &Goal) -> Value {
    let better = if goal.better == Better::Higher { "higher" } else { "lower" };
    let mut value = json!({
        "id": goal.id, "what": goal.what, "value": goal.value, "unit": goal.unit, "must": goal.must, "goal": goal.aim,
        "better": better,
    });
    if let (Some(why), Some(members)) = (&goal.why, value.as_object_mut()) {
        members.insert("why".into(), json!(why));
    }
    value
}

struct Numbers {
    min: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    p999: f64,
    max: f64,
    mean: f64,
}

fn numbers(series: &Series) -> Numbers {
    let at = |per_mille| percentile(&series.values, per_mille).unwrap_or(f64::NAN);
    let count = f64::from(u32::try_from(series.values.len()).unwrap_or(u32::MAX));
    let mean = series.values.iter().sum::<f64>() / count;
    Numbers { min: at(0), p50: at(500), p95: at(950), p99: at(990), p999: at(999), max: at(1000), mean }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod golden_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        let mut samples = Samples::default();
        for value in [3.0, 1.0, 2.0] {
            samples.add("nginx", "closed 64", "cpu", "µs", value, 1);
            samples.add("nginx", "closed 64", "latency p99", "ms", value, 0);
        }
        samples
    }

    fn goals() -> Vec<Goal> {
        let goal = |id, value: Option<f64>, why: Option<&str>| Goal {
            id,
            what: "x".into(),
            value,
            why: why.map(str::to_owned),
            unit: "ratio",
            must: 0.5,
            aim: 1.0,
            better: Better::Higher,
        };
        vec![goal("A", Some(0.7), None), goal("B", Some(0.3), None), goal("C", None, Some("no wheel"))]
    }

    #[test]
    fn the_document_has_the_members_that_every_bench_has() {
        let now = Now { at: "2026-11-22T00:00:00Z".into(), machine: json!({ "cores": 2 }) };
        let text = as_json("door", &now, &BTreeMap::from([("nginx", "1.22".to_owned())]), &samples(), &goals());
        let document: Value = serde_json::from_str(&text).unwrap();
        let check =
            |pointer: &str, expected: Value| assert_eq!(document.pointer(pointer), Some(&expected), "{pointer}");
        check("/bench", json!("door"));
        check("/rows/0/min", json!(1.0));
        check("/rows/0/p50", json!(2.0));
        check("/rows/0/p999", json!(3.0));
        check("/rows/0/mean", json!(2.0));
        check("/rows/0/samples", json!(3));
        check("/rows/0/errors", json!(3));
        check("/goals/0/value", json!(0.7));
        check("/goals/0/better", json!("higher"));
        check("/goals/2/value", Value::Null);
        check("/goals/2/why", json!("no wheel"));
        assert_eq!(document.pointer("/goals/0/why"), None);
    }

    #[test]
    fn the_table_says_which_floor_broke_and_what_was_not_measured() {
        let text = as_text(&samples(), &goals());
        let line = |id: &str| text.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
        assert!(line("A ").ends_with("(aim not reached)"), "{text}");
        assert!(line("B ").ends_with("BROKEN"), "{text}");
        assert!(line("C ").ends_with("not measured: no wheel"), "{text}");
        assert!(text.contains("cpu") && !text.contains("latency"), "{text}");
    }
}

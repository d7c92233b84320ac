//! G8: ours is killed under load, and every receipt that a client holds must have its record.

use std::{thread, time::Duration};

use serde_json::Value;

use super::{Bench, load::Load, metrics, ours::Ready};

/// How often it is killed here; the full count is a soak's.
pub const KILLS: u32 = 3;

/// Milliseconds of load.
const LOAD_MS: u32 = 1_200;

/// When the kill falls within them.
const KILLED_AFTER: Duration = Duration::from_millis(600);

/// What one kill left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Receipts that the client holds.
    pub receipts: u64,
    /// Those of them without a record in the log.
    pub lost: u64,
}

/// Starts it, kills it under load, starts it again and compares; then verifies the whole log.
///
/// # Errors
/// When it does not start again, or its log does not verify.
pub fn once(bench: &Bench, load: &Load, ready: &Ready) -> Result<Left, String> {
    let target = ready.start(bench)?;
    let report = thread::scope(|scope| {
        let loading = scope.spawn(|| load.keeping_receipts(&target, LOAD_MS));
        thread::park_timeout(KILLED_AFTER);
        target.running.kill();
        loading.join().unwrap_or_else(|_| Err("the thread of the load ended early".into()))
    });
    drop(target);
    let again = ready.start(bench)?;
    let size = again.ops.and_then(|ops| metrics::read(ops).ok()).and_then(|text| metrics::value(&text, SIZE));
    let size = size.ok_or("no size of the log in the metrics")?;
    drop(again);
    ready.verify_log(bench)?;
    Ok(left(&report?, size))
}

/// Receipts that the report kept, and those of them that a log of this size does not have.
fn left(report: &Value, size: f64) -> Left {
    let sequences = sequences(report);
    Left { receipts: count(sequences.len()), lost: count(sequences.iter().filter(|its| **its >= size).count()) }
}

/// Entries of the log that are durable.
const SIZE: &str = "ijazat_log_durable_size";

/// The sequences in receipts such as `"localhost/17";rows=1`, as numbers that compare with a metric.
fn sequences(report: &Value) -> Vec<f64> {
    let kept = report.get("kept").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let quoted = kept.filter_map(|receipt| receipt.split('"').nth(1));
    quoted.filter_map(|name| name.rsplit_once('/')?.1.parse().ok()).collect()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_receipt_names_the_place_of_its_record() {
        let report = json!({ "kept": ["\"localhost/17\";rows=1;rate=\"r/2\"", "\"a.b/18\"", "nonsense"] });
        assert_eq!(sequences(&report), [17.0, 18.0]);
    }

    #[test]
    fn what_stands_beyond_the_log_is_lost_and_what_stands_last_is_not() {
        let receipts = |sequences: &[u64]| {
            let kept: Vec<_> = sequences.iter().map(|its| format!("\"localhost/{its}\";rows=1")).collect();
            json!({ "kept": kept })
        };
        let check = |sequences: &[u64], size: f64, all: u64, lost: u64| {
            assert_eq!(left(&receipts(sequences), size), Left { receipts: all, lost }, "{sequences:?} of {size}");
        };
        check(&[], 10.0, 0, 0);
        check(&[0, 9], 10.0, 2, 0);
        check(&[9, 10], 10.0, 2, 1);
        check(&[5, 5], 5.0, 2, 2);
        check(&[1, 2, 3], 0.0, 3, 3);
    }

    #[test]
    fn words_that_are_no_receipts_are_not_counted() {
        let check = |kept: Value| assert_eq!(sequences(&json!({ "kept": kept })), Vec::<f64>::new());
        check(json!(null));
        check(json!("\"a/1\""));
        check(json!([1, null, {}, ["\"a/1\""]]));
        check(json!(["a/1", "\"a\"", "\"a/\"", "\"a/x\"", "\"", ""]));
        assert_eq!(sequences(&json!({})), Vec::<f64>::new());
        assert_eq!(sequences(&json!({ "kept": ["\"a/b/3\";rate=\"c/4\""] })), [3.0], "the origin may have a slash");
    }
}

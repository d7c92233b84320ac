//! What is noted of a run, and who takes part.

use serde_json::json;

use super::*;
use crate::testing::{Folder, answers_once, bench};

fn target(folder: &Folder, who: &'static str) -> Target {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = std::process::Command::new("sleep");
    let within = std::time::Duration::from_secs(5);
    let log = folder.path().join("log");
    let running = crate::bench::running::Running::start(command.arg("30"), &log, address, within).unwrap();
    Target { who, address, client: None, request: Request::stand_in(), ops: None, running }
}

fn report() -> Value {
    json!({
        "answered": 100, "failures": 2, "unexpected": 3, "resumed": 90, "per_second": 1234.5,
        "cpu_us_each": { "server": 27.5 },
        "latency_us": { "min": 100.0, "mean": 250.0, "p50": 200.0, "p95": 400.0, "p99": 900.0, "p999": 1500.0, "max": 2000.0 },
    })
}

#[test]
fn a_run_gives_rate_cost_and_latencies_in_their_units() {
    let folder = Folder::new("plan");
    let (target, mut samples) = (target(&folder, "nginx"), Samples::default());
    note_run(&mut samples, &target, "closed 64", Ok(report()));
    let check = |metric: &str, unit: &str, expected: f64| {
        let (key, series) = samples.iter().find(|(key, _)| key.metric == metric).unwrap_or_else(|| panic!("{metric}"));
        assert_eq!((key.who.as_str(), key.case.as_str(), key.unit), ("nginx", "closed 64", unit), "{metric}");
        assert_eq!((&series.values[..], series.errors), (&[expected][..], 5), "{metric}");
    };
    check("rate", "1/s", 1234.5);
    check("cpu", "µs", 27.5);
    check("latency min", "ms", 0.1);
    check("latency mean", "ms", 0.25);
    check("latency p50", "ms", 0.2);
    check("latency p95", "ms", 0.4);
    check("latency p99", "ms", 0.9);
    check("latency p999", "ms", 1.5);
    check("latency max", "ms", 2.0);
    assert_eq!(samples.iter().count(), 9);
}

#[test]
fn resumed_handshakes_say_which_share_was_resumed() {
    let folder = Folder::new("plan");
    let (target, mut samples) = (target(&folder, "envoy"), Samples::default());
    note_run(&mut samples, &target, "handshakes, full", Ok(report()));
    assert!(samples.values("envoy", "handshakes, full", "resumed").is_empty());
    note_run(&mut samples, &target, "handshakes, resumed", Ok(report()));
    assert_eq!(samples.values("envoy", "handshakes, resumed", "resumed"), [0.9]);
}

#[test]
fn a_run_that_failed_leaves_a_gap_and_no_number() {
    let folder = Folder::new("plan");
    let (target, mut samples) = (target(&folder, "nginx"), Samples::default());
    note_run(&mut samples, &target, "closed 64", Err("nginx: it broke".into()));
    assert_eq!(samples.iter().count(), 0);
}

#[test]
fn a_report_that_lacks_a_number_does_not_make_one_up() {
    let folder = Folder::new("plan");
    let (target, mut samples) = (target(&folder, "nginx"), Samples::default());
    note_run(&mut samples, &target, "closed 64", Ok(json!({ "per_second": "fast", "failures": -1 })));
    for (key, series) in samples.iter() {
        assert!(series.values[0].is_nan(), "{key:?}");
        assert_eq!(series.errors, 0, "{key:?}");
    }
}

#[test]
fn who_cannot_start_is_absent_with_the_reason_and_stays_so() {
    let folder = Folder::new("plan");
    let mut bench = bench(&folder);
    let mut targets = Vec::new();
    take(&mut bench, "nginx", &mut targets, |_| Err("not installed".into()));
    take(&mut bench, "nginx", &mut targets, |_| panic!("absent is absent"));
    take(&mut bench, "envoy", &mut targets, |_| Ok(target(&folder, "envoy")));
    assert_eq!(bench.absent.get("nginx").map(String::as_str), Some("not installed"));
    assert_eq!(targets.iter().map(|target| target.who).collect::<Vec<_>>(), ["envoy"]);
    assert_eq!(bench.absent.len(), 1);
}

#[test]
fn each_phase_is_noted_by_what_one_run_of_it_took() {
    let folder = Folder::new("plan");
    let body = "ijazat_phase_seconds_sum{phase=\"limit\"} 0.5\nijazat_phase_seconds_count{phase=\"limit\"} 1000\n\
                ijazat_phase_seconds_sum{phase=\"idle\"} 0\nijazat_phase_seconds_count{phase=\"idle\"} 0\n";
    let (ops, server) = answers_once(format!("HTTP/1.1 200 OK\r\n\r\n{body}").into_bytes());
    let mut ours = target(&folder, "ours E");
    ours.ops = Some(ops);
    let load = Load::new(&bench(&folder));
    let field = Field { targets: vec![ours, target(&folder, "nginx")], ready: None, load };
    let mut samples = Samples::default();
    phases(&field, &mut samples);
    assert!(server.join().unwrap().starts_with("GET /metrics HTTP/1.1\r\n"));
    assert_eq!(samples.values("ours E", "phase limit", "time each"), [500.0]);
    assert_eq!(samples.values("ours E", "phase idle", "time each"), [0.0], "nothing is divided by nothing");
    assert_eq!(samples.iter().count(), 2);
}

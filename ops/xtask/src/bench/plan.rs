//! What is run: everyone in turn, again and again, so that whatever else the machine does falls on all alike.

use serde_json::Value;

use super::{
    Bench, bare, disk, kill,
    load::Load,
    metrics,
    ours::{self, Form, Ready},
    peers,
    pki::Pki,
    samples::{self, Samples},
    target::{Request, Target},
};
use crate::say;

/// Repetitions: the least CPU time of five is stable within a few percent on a shared machine.
const REPETITIONS: u32 = 5;

/// Connections of the closed loops, as the goals name them.
const CONNECTIONS: [u32; 2] = [64, 256];

/// Milliseconds of one closed loop.
const CLOSED_MS: u32 = 1_000;

/// Requests per second of the open loop.
const RATE: u32 = 500;

/// Milliseconds of one open loop: a thousand requests, of which ten are above the 99th percentile.
const OPEN_MS: u32 = 2_000;

/// New connections of one measurement.
const HANDSHAKES: u32 = 400;

/// Idle connections.
const IDLE: u32 = 1_000;

/// Everyone who runs.
struct Field {
    targets: Vec<Target>,
    ready: Option<Ready>,
    load: Load,
}

/// Starts everyone, runs everything, stops everyone.
///
/// # Errors
/// When the upstream or the certificates cannot be had: then there is nothing to compare.
pub fn run(bench: &mut Bench) -> Result<Samples, String> {
    let mut samples = Samples::default();
    let mut field = gather(bench)?;
    for repetition in 1..=REPETITIONS {
        say::line(&format!("repetition {repetition} of {REPETITIONS}"));
        closed_loops(&field, &mut samples);
        handshakes(&field, &mut samples);
        fixed_rate(bench, &field, &mut samples)?;
    }
    idle(&field, &mut samples);
    phases(&field, &mut samples);
    field.targets.clear();
    drop(std::fs::remove_dir_all(ours::memory_folder()));
    if let Some(ready) = &field.ready {
        kills(bench, &field.load, ready, &mut samples);
    }
    Ok(samples)
}

/// Prepares ours first, because it says what everyone is asked.
fn gather(bench: &mut Bench) -> Result<Field, String> {
    let ready = ours::prepare(bench, Form::Embedded, None);
    let request = ready.as_ref().map_or_else(|_| Request::stand_in(), |ready| ready.prepared.request.clone());
    let pki = Pki::make(&bench.folder("pki")?)?;
    let mut upstream = peers::upstream(bench)?;
    upstream.request = request.clone();
    let address = upstream.address;
    let mut targets = vec![upstream];
    targets.extend(peers::start(bench, address, &pki, &request));
    take(bench, bare::WHO, &mut targets, |bench| bare::start(bench, &pki, &request));
    let ready = match ready {
        Ok(ready) => Some(ready),
        Err(why) => {
            for form in [Form::Embedded, Form::InMemory, Form::Proxied] {
                bench.absent.insert(form.who(), why.clone());
            }
            None
        }
    };
    if let Some(embedded) = &ready {
        take(bench, Form::Embedded.who(), &mut targets, |bench| embedded.start(bench));
        take(bench, Form::InMemory.who(), &mut targets, |bench| {
            ours::prepare(bench, Form::InMemory, None)?.start(bench)
        });
        take(bench, Form::Proxied.who(), &mut targets, |bench| {
            ours::prepare(bench, Form::Proxied, Some(address))?.start(bench)
        });
    }
    for (who, why) in &bench.absent {
        say::line(&format!("{who} does not take part: {why}"));
    }
    Ok(Field { targets, ready, load: Load::new(bench) })
}

/// Adds one participant, or notes why it cannot take part.
fn take(
    bench: &mut Bench,
    who: &'static str,
    targets: &mut Vec<Target>,
    start: impl FnOnce(&Bench) -> Result<Target, String>,
) {
    if bench.absent.contains_key(who) {
        return;
    }
    match start(bench) {
        Ok(target) => targets.push(target),
        Err(why) => drop(bench.absent.insert(who, why)),
    }
}

fn closed_loops(field: &Field, samples: &mut Samples) {
    for connections in CONNECTIONS {
        for target in &field.targets {
            let case = format!("closed {connections}");
            note_run(samples, target, &case, field.load.closed(target, connections, CLOSED_MS));
        }
    }
}

fn handshakes(field: &Field, samples: &mut Samples) {
    for target in field.targets.iter().filter(|target| target.client.is_some()) {
        note_run(samples, target, "handshakes, full", field.load.handshakes(target, HANDSHAKES, false));
        note_run(samples, target, "handshakes, resumed", field.load.handshakes(target, HANDSHAKES, true));
    }
}

/// Only those whose tails a goal names; the disk is asked in the same minute.
fn fixed_rate(bench: &Bench, field: &Field, samples: &mut Samples) -> Result<(), String> {
    let named = ["nginx", Form::Embedded.who(), Form::InMemory.who()];
    for target in field.targets.iter().filter(|target| named.contains(&target.who)) {
        note_run(samples, target, "fixed rate 500/s", field.load.open(target, RATE, OPEN_MS));
    }
    let took_ms = disk::durable_writes_ms(&bench.scratch)?;
    for (name, per_mille) in [("p50", 500), ("p99", 990)] {
        if let Some(value) = samples::percentile(&took_ms, per_mille) {
            samples.add("disk", "fdatasync of 512 bytes", name, "ms", value, 0);
        }
    }
    Ok(())
}

fn idle(field: &Field, samples: &mut Samples) {
    for target in field.targets.iter().filter(|target| target.client.is_some()) {
        match field.load.idle(target, IDLE) {
            Ok(report) => {
                let bytes = report.get("bytes_each").and_then(Value::as_f64).unwrap_or(f64::NAN);
                samples.add(target.who, "idle connections", "memory each", "KiB", bytes / 1024.0, 0);
            }
            Err(why) => say::problem(&why),
        }
    }
}

/// What each phase took, over all requests of the run.
fn phases(field: &Field, samples: &mut Samples) {
    for target in &field.targets {
        let Some(text) = target.ops.and_then(|ops| metrics::read(ops).ok()) else { continue };
        for (phase, seconds, count) in metrics::phases(&text) {
            let each_us = seconds * 1e6 / count.max(1.0);
            samples.add(target.who, &format!("phase {phase}"), "time each", "µs", each_us, 0);
        }
    }
}

fn kills(bench: &Bench, load: &Load, ready: &Ready, samples: &mut Samples) {
    for _ in 0..kill::KILLS {
        match kill::once(bench, load, ready) {
            Ok(left) => {
                let case = "killed under load";
                samples.add(Form::Embedded.who(), case, "receipts", "receipts", to_number(left.receipts), 0);
                samples.add(Form::Embedded.who(), case, "lost", "receipts", to_number(left.lost), 0);
            }
            Err(why) => say::problem(&why),
        }
    }
}

/// Notes rate, CPU time and latencies of one run; one that could not be made is told and leaves a gap.
fn note_run(samples: &mut Samples, target: &Target, case: &str, report: Result<Value, String>) {
    let report = match report {
        Ok(report) => report,
        Err(why) => return say::problem(&why),
    };
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let count = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let errors = count("/failures") + count("/unexpected");
    samples.add(target.who, case, "rate", "1/s", number("/per_second"), errors);
    samples.add(target.who, case, "cpu", "µs", number("/cpu_us_each/server"), errors);
    if case.starts_with("handshakes, resumed") {
        samples.add(target.who, case, "resumed", "share", number("/resumed") / number("/answered"), errors);
    }
    for name in ["min", "mean", "p50", "p95", "p99", "p999", "max"] {
        samples.add(
            target.who,
            case,
            &format!("latency {name}"),
            "ms",
            number(&format!("/latency_us/{name}")) / 1000.0,
            errors,
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one second's receipts")]
fn to_number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

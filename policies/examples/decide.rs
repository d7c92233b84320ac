//! Measures decisions: `cargo run --release -p policies --example decide`. Prints microseconds for each case.

use std::{hint::black_box, time::Instant};

use exchange::decision::{Decider, Question};
use policies::Bundle;

/// Decisions of one measurement.
const ROUNDS: usize = 20_000;

/// The cases that are measured, by their names in `policies/cases`.
const CASES: [&str; 4] = [
    "a bank checks particulars with the citizen's consent",
    "a bank opens an account: what its agreement names is released, the rest withheld",
    "Power with the Board's approval sees card numbers and contacts too",
    "anyone reads a published report",
];

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn main() -> Result<(), String> {
    let bundle = Bundle::embedded().map_err(|error| error.to_string())?;
    let names = ["plain p50", "p99", "afresh p50", "p99", "memo p50", "p99"].map(|name| format!("{name:>11}"));
    println!("{:<84}{:>5}{}", "case", "types", names.concat());
    for name in CASES {
        let case = bundle.cases().cases.iter().find(|case| case.name == name).ok_or(name)?;
        let mut question = bundle.question(case)?;
        // A standing consent, as the bench's request has one: a one-time consent is never remembered.
        if let Some(consent) = &mut question.consent {
            consent.usage = exchange::consent::ConsentUse::Standing;
        }
        let plain = measure(|| drop(black_box(bundle.decide_plainly(&question))));
        let afresh = measure(|| drop(black_box(bundle.decide_afresh(&question))));
        let memo = measure(|| drop(black_box(decide(&bundle, &question))));
        let types = question.datatypes.len();
        let micros = [plain, afresh, memo].map(|(p50, p99)| format!("{p50:>11.2}{p99:>11.2}"));
        println!("{name:<84}{types:>5}{}", micros.concat());
    }
    Ok(())
}

fn decide(bundle: &Bundle, question: &Question) -> exchange::decision::Decision {
    Decider::decide(bundle, black_box(question))
}

/// Median and 99th percentile, microseconds.
fn measure(mut work: impl FnMut()) -> (f64, f64) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(ROUNDS * share / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

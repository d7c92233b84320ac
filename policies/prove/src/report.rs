//! What was found, as a table for people and as a document for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    example::Example,
    prover::{Failure, Finding},
};

/// Failures told of one theorem, at most: a longer list is not read.
const TOLD_MAX: usize = 3;

/// What a run was about.
#[derive(Clone, Debug)]
pub struct Run {
    /// The solver's version.
    pub solver: String,
    /// Policies in the law.
    pub policies: usize,
    /// Request environments of the schema: an action with a kind of caller.
    pub environments: usize,
    /// Milliseconds from start to end.
    pub ms: u64,
}

/// The table, and beneath it why something does not hold.
#[must_use]
pub fn as_text(run: &Run, findings: &[Finding]) -> String {
    let mut text = format!("{:<32} {:<22} {:>7}  {:<15} {:>7}\n", "theorem", "from", "queries", "result", "ms");
    for finding in findings {
        let Finding { id, queries, ms, premise, .. } = finding;
        let _ = writeln!(text, "{id:<32} {:<22} {queries:>7}  {:<15} {ms:>7}", premise.as_str(), result(finding));
    }
    for finding in findings.iter().filter(|finding| !finding.proved()) {
        tell(&mut text, finding);
    }
    for finding in findings.iter().filter(|finding| !finding.waived.is_empty()) {
        let _ = writeln!(text, "\n{}: what a waiver lets pass", finding.id);
        finding.waived.iter().for_each(|waived| tell_of(&mut text, waived));
    }
    let proved = findings.iter().filter(|finding| finding.proved()).count();
    let queries: usize = findings.iter().map(|finding| finding.queries).sum();
    let _ = writeln!(
        text,
        "\n{proved} of {} proved, {queries} queries, {} policies, {} environments, {} ms, cvc5 {}",
        findings.len(),
        run.policies,
        run.environments,
        run.ms,
        run.solver
    );
    text
}

/// A theorem's result in one word.
#[must_use]
pub fn result(finding: &Finding) -> &'static str {
    match finding.failures.as_slice() {
        [] => "proved",
        failures if failures.iter().any(|failure| failure.example.is_some()) => "counterexample",
        _ => "NOT PROVED",
    }
}

fn tell(text: &mut String, finding: &Finding) {
    let _ = writeln!(text, "\n{} does not follow from {}: {}", finding.id, finding.premise.as_str(), finding.title);
    finding.failures.iter().take(TOLD_MAX).for_each(|failure| tell_of(text, failure));
    if let Some(more @ 1..) = finding.failures.len().checked_sub(TOLD_MAX) {
        let _ = writeln!(text, "  and {more} more");
    }
}

fn tell_of(text: &mut String, Failure { said, example }: &Failure) {
    let _ = writeln!(text, "  {said}");
    for line in example.iter().flat_map(Example::lines) {
        let _ = writeln!(text, "    {line}");
    }
}

/// The document.
#[must_use]
pub fn as_json(run: &Run, findings: &[Finding]) -> Value {
    let failure = |failure: &Failure| json!({ "said": failure.said, "example": failure.example });
    let theorems: Vec<_> = findings
        .iter()
        .map(|it| {
            json!({ "id": it.id, "title": it.title, "from": it.premise.as_str(), "queries": it.queries, "result": result(it),
                    "ms": it.ms, "failures": it.failures.iter().map(failure).collect::<Vec<_>>(),
                    "waived": it.waived.iter().map(failure).collect::<Vec<_>>() })
        })
        .collect();
    json!({ "prove": { "solver": format!("cvc5 {}", run.solver), "policies": run.policies,
            "environments": run.environments, "ms": run.ms, "theorems": theorems } })
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;

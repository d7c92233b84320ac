//! Laws, changed in memory, and what the prover finds of them.

use std::path::{Path, PathBuf};

use policies::source::Source;
use prove::{Finding, Law, ProveError, Prover, Solver, Theorems};

/// The folder `policies`.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The solver that the machine has.
pub(crate) fn cvc5() -> Solver {
    Solver { program: "cvc5".into(), seconds: 60 }
}

/// A program of `tests/solvers` in the solver's place.
pub(crate) fn stand_in(name: &str, seconds: u64) -> Solver {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/solvers").join(name);
    Solver { program: program.display().to_string(), seconds }
}

/// The embedded law with one passage of one file changed; the passage must be there.
pub(crate) fn changed(file: &str, from: &str, to: &str) -> Source {
    replaced(Source::embedded(), file, from, to)
}

/// The same of a law that is changed already.
pub(crate) fn replaced(source: Source, file: &str, from: &str, to: &str) -> Source {
    let text = source.file(file).unwrap_or_else(|| panic!("no file {file}")).to_owned();
    assert!(text.contains(from), "{file} has no `{from}` any more");
    source.with(file, &text.replacen(from, to, 1))
}

/// What the prover finds of the theorems whose names begin with `only`.
pub(crate) fn findings_by(solver: &Solver, source: &Source, only: &str) -> Result<Vec<Finding>, ProveError> {
    findings_until(solver, source, only, |_| false)
}

/// The same with the solver that the machine has.
pub(crate) fn findings(source: &Source, only: &str) -> Vec<Finding> {
    findings_by(&cvc5(), source, only).unwrap_or_else(|error| panic!("{error}"))
}

/// The same up to the first that does not hold: one counterexample shows a fault, and each further one costs as much again.
pub(crate) fn findings_until_broken(source: &Source, only: &str) -> Vec<Finding> {
    findings_until(&cvc5(), source, only, |finding| !finding.proved()).unwrap_or_else(|error| panic!("{error}"))
}

fn findings_until(
    solver: &Solver,
    source: &Source,
    only: &str,
    enough: impl Fn(&Finding) -> bool,
) -> Result<Vec<Finding>, ProveError> {
    let law = Law::read(source)?;
    let theorems = Theorems::read(&folder().join("theorems"), &law)?.only(&[only.to_owned()])?;
    let mut prover = Prover::start(&law, solver)?;
    let mut found = Vec::new();
    for theorem in &theorems.0 {
        for &premise in &theorem.from {
            let mut told = 0;
            let finding = prover.prove(theorem, premise, &mut |asked| told = asked)?;
            assert_eq!(told, finding.queries, "progress is told to the end");
            let last = enough(&finding);
            found.push(finding);
            if last {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Everything that is told of a theorem which does not hold, one string.
pub(crate) fn told(findings: &[Finding]) -> String {
    let failures = findings.iter().flat_map(|finding| &finding.failures);
    let lines = failures.flat_map(|failure| {
        let example = failure.example.iter().flat_map(prove::Example::lines);
        std::iter::once(failure.said.clone()).chain(example).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

//! No solver, another solver, a solver that lies, falls silent, gives up or dies: never a proof.

use policies::source::Source;
use prove::{ProveError, Solver};

use super::support::{cvc5, findings_by, stand_in};

const INSTALL: &str = "\n    sudo apt-get update && sudo apt-get install -y cvc5";

fn refused(solver: &Solver) -> ProveError {
    findings_by(solver, &Source::embedded(), "TH16").unwrap_err()
}

#[test]
fn the_machines_solver_says_its_version() {
    let version = cvc5().version().unwrap_or_else(|error| panic!("{error}"));
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{version}");
}

#[test]
fn a_missing_solver_is_an_error_with_the_line_that_installs_it() {
    let error = refused(&Solver { program: "/nonexistent/cvc5".into(), seconds: 60 });
    assert!(matches!(error, ProveError::SolverMissing { .. }));
    let text = error.to_string();
    assert!(text.starts_with("there is no solver: `/nonexistent/cvc5` cannot be run"), "{text}");
    assert!(text.contains("Nothing was proved") && text.ends_with(INSTALL), "{text}");
}

#[test]
fn another_solver_is_an_error() {
    let text = refused(&stand_in("another", 60)).to_string();
    assert!(text.contains("is not the solver cvc5: asked for its version it says `Z3 version"), "{text}");
    assert!(text.ends_with(INSTALL), "{text}");
}

#[test]
fn a_solver_that_finds_nothing_ever_is_tried_and_refused() {
    let text = refused(&stand_in("yes-sayer", 60)).to_string();
    assert!(text.contains("it answers Some(Unsat) where Sat is right"), "{text}");
}

#[test]
fn a_solver_that_dies_proves_nothing() {
    let text = refused(&stand_in("dier", 60)).to_string();
    assert!(text.starts_with("the solver failed: "), "{text}");
}

#[test]
fn a_question_that_the_solver_gives_up_on_is_a_theorem_not_proved() {
    let found = findings_by(&stand_in("quitter", 60), &Source::embedded(), "TH17").unwrap();
    assert!(found.iter().all(|finding| !finding.proved()));
    let failure = &found[0].failures[0];
    assert_eq!(failure.said, "readAccesses by User: the solver gave up in its time; nothing is proved of it");
    assert!(failure.example.is_none());
    let found = findings_by(&stand_in("quitter", 60), &Source::embedded(), "TH02").unwrap();
    assert!(found[0].failures.iter().all(|failure| failure.said.contains("the solver gave up before")));
}

#[test]
fn a_solver_that_falls_silent_is_not_waited_for_without_end() {
    let error = refused(&stand_in("silent", 0));
    assert!(matches!(error, ProveError::SolverSilent { seconds: 10 }), "{error}");
}

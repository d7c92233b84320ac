//! The law as it stands: every theorem follows, and from what it says it follows.

use std::collections::BTreeSet;

use policies::source::Source;
use prove::{Claim, Law, Premise, Prover, Theorems};

use super::support::{cvc5, folder, told};

/// Proves every theorem whose name begins so, as the command does; how many questions that took.
fn holds(only: &str) -> usize {
    let law = Law::read(&Source::embedded()).unwrap();
    let theorems = Theorems::read(&folder().join("theorems"), &law).unwrap().only(&[only.to_owned()]).unwrap();
    let mut prover = Prover::start(&law, &cvc5()).unwrap();
    let found: Vec<_> = theorems.0.iter().flat_map(|theorem| prover.prove_all(theorem, &mut |_| ()).unwrap()).collect();
    assert!(!found.is_empty(), "no theorem {only}");
    assert_eq!(told(&found), "", "{only}");
    found.iter().map(|finding| finding.queries).sum()
}

#[test]
fn no_policy_errs_and_none_is_dead() {
    let policies = Law::read(&Source::embedded()).unwrap().policies().count();
    assert!(holds("TH01") >= policies);
    assert!(holds("TH02") >= policies);
    assert!(holds("TH05") > 0);
}

#[test]
fn every_caller_can_get_something_by_each_action_and_nobody_everything() {
    let environments = Law::read(&Source::embedded()).unwrap().envs(&[]).len();
    assert_eq!(holds("TH03"), environments);
    assert_eq!(holds("TH04"), environments);
}

#[test]
fn what_the_law_says_of_data_follows_whatever_permits_are_added() {
    assert!(holds("TH1") > 0);
}

#[test]
fn what_the_law_says_of_callers_follows_whatever_permits_are_added() {
    assert!(holds("TH2") > 0);
}

#[test]
fn what_the_law_says_of_kinds_of_agencies_follows_whatever_permits_are_added() {
    assert!(holds("TH3") > 0);
}

#[test]
fn what_the_law_says_of_instruments_reports_and_citizens_follows_whatever_permits_are_added() {
    assert!(holds("TH4") > 0);
}

#[test]
fn every_theorem_is_proved_by_one_of_these_tests() {
    let law = Law::read(&Source::embedded()).unwrap();
    // `wider` compares with the released law.
    let here = ["TH01", "TH02", "TH03", "TH04", "TH05", "TH06", "TH1", "TH2", "TH3", "TH4"];
    for theorem in Theorems::read(&folder().join("theorems"), &law).unwrap().0 {
        assert!(here.iter().any(|start| theorem.id.starts_with(start)), "{} is proved by no test", theorem.id);
    }
}

#[test]
fn what_a_template_gives_is_bound_like_everything_else() {
    // The theorems of the guardrails, again with the templates in the place of a permit for everything.
    let law = Law::read(&Source::embedded()).unwrap();
    let theorems = Theorems::read(&folder().join("theorems"), &law).unwrap();
    let mut prover = Prover::start(&law, &cvc5()).unwrap();
    let mut count = 0;
    for theorem in theorems.0.iter().filter(|theorem| theorem.from.contains(&Premise::Guardrails)) {
        let finding = prover.prove(theorem, Premise::Templates, &mut |_| ()).unwrap();
        assert!(finding.proved(), "{}", told(&[finding]));
        count += 1;
    }
    assert!(count > 15, "{count}");
}

#[test]
fn what_holds_of_the_forbids_alone_is_not_asked_of_the_law_again() {
    // TH17 fails of the forbids without A02 while the permits alone still keep it: then the law is asked.
    let check = |source: &Source, expected: [(Premise, bool, bool); 2]| {
        let law = Law::read(source).unwrap();
        let theorems = Theorems::read(&folder().join("theorems"), &law).unwrap().only(&["TH17".to_owned()]).unwrap();
        let mut prover = Prover::start(&law, &cvc5()).unwrap();
        let found = prover.prove_all(&theorems.0[0], &mut |_| ()).unwrap();
        let told: Vec<_> = found.iter().map(|it| (it.premise, it.proved(), it.queries > 0)).collect();
        assert_eq!(told, expected);
    };
    check(&Source::embedded(), [(Premise::Law, true, false), (Premise::Forbids, true, true)]);
    let open = Source::embedded().without("domains/audit/A02-auditors-only.cedar");
    check(&open, [(Premise::Law, true, true), (Premise::Forbids, false, true)]);
}

#[test]
fn every_theorem_about_requests_follows_from_forbids_alone_too() {
    let law = Law::read(&Source::embedded()).unwrap();
    for theorem in Theorems::read(&folder().join("theorems"), &law).unwrap().0 {
        let about_requests = matches!(theorem.claim, Claim::Implies(_));
        let premises: BTreeSet<_> = theorem.from.iter().copied().collect();
        if premises.contains(&Premise::Templates) {
            // The law has other permits beside the templates.
            assert_eq!((about_requests, premises.len()), (true, 1), "{}", theorem.id);
        } else {
            assert!(premises.contains(&Premise::Law), "{}", theorem.id);
            assert_eq!(premises.len() == 2, about_requests, "{}", theorem.id);
        }
        assert!(theorem.title.split(' ').count() >= 5, "{}: a title is a sentence", theorem.id);
    }
}

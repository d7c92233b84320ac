//! Theorems shared out among solvers: the same findings in the same order as one solver's, and one that fails fails all.

use std::sync::Mutex;

use policies::source::Source;
use prove::{Law, ProveError, Theorems, workers};

use super::support::{cvc5, folder, stand_in};

/// Theorems that are quickly proved.
fn quick(law: &Law) -> Result<Theorems, ProveError> {
    let only = ["TH16", "TH17", "TH26", "TH36", "TH37"].map(str::to_owned);
    Theorems::read(&folder().join("theorems"), law)?.only(&only)
}

#[test]
fn several_solvers_find_what_one_finds_in_the_order_of_the_list() {
    let law = Law::read(&Source::embedded()).unwrap();
    let theorems = quick(&law).unwrap();
    let found = |solvers: usize| {
        let told = Mutex::new(Vec::new());
        let proved = workers::prove(&law, &theorems, &cvc5(), solvers, &|id, asked| {
            told.lock().unwrap().push((id.to_owned(), asked));
        });
        let found = proved.unwrap().findings.into_iter();
        let found: Vec<_> = found.map(|it| (it.id.clone(), it.premise, it.queries, it.proved())).collect();
        let asked: usize = found.iter().map(|(_, _, queries, _)| queries).sum();
        assert_eq!(told.into_inner().unwrap().len(), asked, "each question is told");
        found
    };
    let one = found(1);
    assert_eq!(one.len(), 10, "law and forbids of each");
    assert!(one.iter().all(|(_, _, _, proved)| *proved) && one.is_sorted_by_key(|(id, ..)| id.clone()));
    assert_eq!(found(3), one);
    assert_eq!(found(40), one, "more solvers than theorems");
    assert_eq!(found(0), one, "at least one");
}

#[test]
fn a_solver_that_fails_among_several_proves_nothing() {
    let law = Law::read(&Source::embedded()).unwrap();
    let error = workers::prove(&law, &quick(&law).unwrap(), &stand_in("dier", 60), 2, &|_, _| ()).unwrap_err();
    assert!(error.to_string().starts_with("the solver failed: "), "{error}");
}

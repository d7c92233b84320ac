//! A sample of the slips in CI; all of them, with evidence, by `cargo xtask mutants`. A slip that opens something and that
//! nothing notices fails; one that only closes more is told in the evidence, since no theorem can break by it.

use std::collections::BTreeMap;

use policies::source::Source;
use prove::{Mutant, mutants};
use serde_json::json;

use super::{
    counts::{count, machine, write_evidence},
    nets::{Fate, Nets, law},
    questions::Dice,
};

/// Questions for the law written down anew.
const QUESTIONS: usize = 4_000;

/// So many mutants, drawn without regard to their order but the same in every run.
fn drawn(count: usize) -> (Vec<Mutant>, usize) {
    let mut all = mutants(&Source::embedded()).unwrap();
    let (total, mut dice) = (all.len(), Dice(0x5eed_0f5a_3b1e_0002));
    if count >= total {
        return (all, total);
    }
    let drawn = (0..count).map(|_| all.swap_remove(dice.roll(all.len()))).collect();
    (drawn, total)
}

#[test]
fn no_slip_in_a_forbid_goes_unnoticed() {
    let (count, full) = count("mutants");
    let (mutants, total) = drawn(count);
    let law = law();
    let mut nets = Nets::new(&law, if full { QUESTIONS } else { QUESTIONS / 4 });
    let (mut fates, mut survivors) = (BTreeMap::<&str, usize>::new(), Vec::new());
    let mut theorems = BTreeMap::<String, usize>::new();
    let (mut equivalent, mut stricter) = (Vec::new(), Vec::new());
    for mutant in &mutants {
        let fate = nets.fate(mutant);
        if !matches!(fate, Fate::Refused | Fate::Case) {
            eprintln!("{}: {}: {fate:?}", mutant.id, mutant.slip);
        }
        let net = match fate {
            Fate::Refused => "refused_by_the_loader",
            Fate::Case => "broken_case",
            Fate::Model => "other_than_the_model",
            Fate::Theorem(id) => {
                *theorems.entry(id).or_default() += 1;
                "broken_theorem"
            }
            Fate::Equivalent => {
                equivalent.push(format!("{}: {}", mutant.id, mutant.slip));
                "equivalent_by_proof"
            }
            Fate::Stricter => {
                stricter.push(format!("{}: {}", mutant.id, mutant.slip));
                "stricter_unnoticed"
            }
            Fate::Survived => {
                survivors.push(format!("{}: {}", mutant.id, mutant.slip));
                "survived"
            }
        };
        *fates.entry(net).or_default() += 1;
    }
    if full {
        let evidence = json!({
            "what": "every slip in every guardrail and domain forbid, and the first net that noticed it",
            "mutants": total, "nets": fates, "theorems": theorems, "equivalent": equivalent, "survivors": survivors, "stricter_unnoticed": stricter,
            "questions_for_the_model": QUESTIONS, "machine": machine(),
        });
        write_evidence("mutants.json", &evidence);
    }
    assert!(survivors.is_empty(), "{} of {}: {survivors:#?}\n{fates:?}", survivors.len(), mutants.len());
    assert!(fates.get("broken_case").is_some_and(|noticed| *noticed > mutants.len() / 4), "{fates:?}");
}

#[test]
fn the_law_itself_is_no_mutant() {
    let law = law();
    let same = Mutant {
        id: "none".into(),
        policy: "G06-agreement-in-force".into(),
        slip: "none".into(),
        source: Source::embedded(),
    };
    assert_eq!(Nets::new(&law, 200).fate(&same), Fate::Equivalent, "no net is torn by the law as it stands");
}

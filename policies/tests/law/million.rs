//! Random questions, a million of them in the soak: remembered, grouped, plain and written down anew, the law says the same of
//! each. `IJAZAT_COUNTS=soak cargo test --release -p policies --test law -- random_questions` writes
//! `tests/evidence/questions.json`.

use std::collections::BTreeMap;

use exchange::decision::{Decider, Decision, Question};
use policies::Bundle;
use serde_json::json;

use super::{
    counts::{count, machine, write_evidence},
    model::{expected, told},
    questions::{Dice, Pools},
    support::bundle,
};

const SEED: u64 = 0x0123_4567_89ab_cdef;

/// Verdicts that each policy must have determined in the soak, so that its agreement proves something.
const REACHED_MIN: usize = 1_000;

/// Policies that no question can meet: the schema's actions have no caller but an agency's (G02), no datatype is biometric
/// (G17), and no service opens what these hold back from permits that are still to be written. Theorems keep them
/// (`policies/prove/tests/law/faults.rs`).
const UNREACHED: [&str; 7] = [
    "G02-agency-known",
    "G17-no-raw-biometric-to-private",
    "G18-public-without-agreement",
    "G19-citizens-own",
    "I04-match-only",
    "S06-licence-verify-only",
    "V02-notice-names-nobody",
];

/// What was seen.
#[derive(Default)]
struct Seen {
    permitted: usize,
    refused: usize,
    remembered: usize,
    reached: BTreeMap<String, usize>,
}

#[test]
fn random_questions_are_decided_alike_in_every_way() {
    let (count, full) = count("questions");
    let bundle = Bundle::embedded().unwrap();
    assert!(bundle.remembers(), "a policy reckons with the present: decisions are made afresh each time");
    let mut dice = Dice(SEED);
    let pools = Pools::new(&bundle, &mut dice);
    let mut seen = Seen::default();
    let mut previous = pools.question(&mut dice);
    for place in 0..count {
        let question = match place % 4 {
            // The same again, a little earlier or later: the memo may or may not answer.
            0 => Question { now: pools.near(&mut dice), ..previous },
            1 => pools.question(&mut dice),
            _ => pools.near_question(&mut dice),
        };
        let decision = alike(&bundle, &question, &mut seen);
        seen.count(&decision);
        previous = question;
    }
    let least = seen.least_reached(&bundle);
    if full {
        write_evidence("questions.json", &evidence(count, &seen, &least));
        assert!(least.1 >= REACHED_MIN, "{} determined only {} verdicts", least.0, least.1);
    }
    assert!(
        seen.permitted > count / 4,
        "only {} permits: the questions are too wild to prove anything",
        seen.permitted
    );
    assert!(seen.refused > count, "only {} refusals", seen.refused);
    assert!(seen.remembered >= count, "the memo was not asked");
}

/// The decision, after every way to it and the law written down anew have said the same.
fn alike(bundle: &Bundle, question: &Question, seen: &mut Seen) -> Decision {
    let plain = bundle.decide_plainly(question);
    assert_eq!(bundle.decide_afresh(question), plain, "grouped: {question:?}");
    for _ in 0..2 {
        assert_eq!(bundle.decide(question), plain, "remembered: {question:?}");
        seen.remembered += 1;
    }
    let erred = question.datatypes.iter().any(|id| bundle.catalogue().datatype(id.as_str()).is_none());
    assert_eq!(plain.errored, erred, "{question:?}");
    for verdict in &plain.verdicts {
        assert_eq!(told(verdict), expected(question, &verdict.datatype), "{} of {question:?}", verdict.datatype);
        assert_eq!(verdict.allowed, verdict.code.is_none());
    }
    plain
}

impl Seen {
    fn count(&mut self, decision: &Decision) {
        for verdict in &decision.verdicts {
            *(if verdict.allowed { &mut self.permitted } else { &mut self.refused }) += 1;
            for policy in &verdict.policies {
                *self.reached.entry(policy.to_string()).or_default() += 1;
            }
        }
    }

    /// The policy that determined the fewest verdicts, of those that any question can meet; nothing meets the others.
    fn least_reached(&self, bundle: &Bundle) -> (String, usize) {
        let (mut least, mut unreached) = (None, Vec::new());
        for policy in bundle.policies() {
            let name = policy.to_string();
            let times = self.reached.get(&name).copied().unwrap_or_default();
            if UNREACHED.contains(&name.as_str()) {
                unreached.push(times);
            } else if least.as_ref().is_none_or(|(_, fewest)| times < *fewest) {
                least = Some((name, times));
            }
        }
        assert_eq!(unreached, [0; UNREACHED.len()], "a policy that was never met is met now: take it off the list");
        least.unwrap()
    }
}

fn evidence(count: usize, seen: &Seen, least: &(String, usize)) -> serde_json::Value {
    json!({
        "what": "random questions decided by the memo, by groups of datatypes, one by one, and by the law written down anew: all alike",
        "questions": count, "seed": format!("{SEED:#x}"),
        "verdicts_permitted": seen.permitted, "verdicts_refused": seen.refused, "differences": 0,
        "least_reached": { "policy": least.0, "verdicts": least.1 },
        "verdicts_by_policy": seen.reached, "met_by_no_question": UNREACHED, "machine": machine(),
    })
}

#[test]
fn a_policy_that_says_otherwise_than_the_law_written_down_anew_is_noticed() {
    let file = "guardrails/G16-row-limit.cedar";
    let source = policies::source::Source::embedded();
    let text = source.file(file).unwrap().replace("context.rows <= context", "context.rows < context");
    let other = Bundle::load(&source.with(file, &text)).unwrap();
    let mut dice = Dice(SEED);
    let pools = Pools::new(bundle(), &mut dice);
    let differs = |question: Question| {
        let verdicts = other.decide_plainly(&question).verdicts;
        verdicts.iter().any(|verdict| told(verdict) != expected(&question, &verdict.datatype))
    };
    assert!((0..400).any(|_| differs(pools.near_question(&mut dice))), "one row too few is not noticed");
}

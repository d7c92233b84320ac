//! Random questions: the policies say what the law written down anew (`model`) says.

use exchange::decision::Obligation;
use policies::{Bundle, source::Source};

use super::{
    model::{domain_forbids, expected, guardrails, may_ask, told},
    questions::{Dice, Pools},
    support::{bundle, decide, spoken},
};

/// Questions of one run, each asked at three instants.
const QUESTIONS: usize = 700;

#[test]
fn the_policies_say_what_the_law_written_down_anew_says() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let pools = Pools::new(bundle(), &mut dice);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..QUESTIONS {
        let mut question = pools.question(&mut dice);
        for _ in 0..3 {
            for verdict in decide(bundle(), &question).verdicts {
                let expected = expected(&question, &verdict.datatype);
                assert_eq!(told(&verdict), expected, "{} of {question:?}", verdict.datatype);
                assert_eq!(verdict.allowed, verdict.code.is_none());
                seen.extend(verdict.policies.iter().map(ToString::to_string));
            }
            question.now = pools.near(&mut dice);
        }
    }
    for guardrail in (1..=16).filter(|n| *n != 2) {
        let found = seen.iter().any(|policy| policy.starts_with(&format!("G{guardrail:02}")));
        assert!(found, "no question met G{guardrail:02}: {seen:?}");
    }
}

#[test]
fn a_permit_for_everything_opens_nothing_that_a_guardrail_closes() {
    let open = "@id(\"X99-all\")@authority(\"test\")@obligation(\"log;notice\")permit (principal, action, resource);";
    let lax = Bundle::load(&Source::embedded().with("domains/x/X99-all.cedar", &spoken(open))).unwrap();
    let mut dice = Dice(0x0dd0_cafe_1234_5678);
    let pools = Pools::new(bundle(), &mut dice);
    let (mut opened, mut closed) = (0, 0);
    for _ in 0..QUESTIONS {
        let question = pools.question(&mut dice);
        let decision = decide(&lax, &question);
        for verdict in &decision.verdicts {
            let (id, released) = (&verdict.datatype, question.service.fields.values().any(|f| *f == verdict.datatype));
            let forbids = [guardrails(&question, id), domain_forbids(&question, id)].concat();
            let open = may_ask(&question) && released && forbids.is_empty();
            assert_eq!(verdict.allowed, open, "{id} of {question:?}");
            opened += usize::from(verdict.allowed);
            closed += usize::from(!verdict.allowed);
        }
        let any = decision.verdicts.iter().any(|verdict| verdict.allowed);
        assert_eq!(decision.obligations.contains(&Obligation::Notice), any, "{question:?}");
    }
    assert!(opened > 50 && closed > 50, "{opened} opened, {closed} closed");
}

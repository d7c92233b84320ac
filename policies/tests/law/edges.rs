//! Every recorded instant, to the millisecond and within it: nothing begins early, nothing ends late, and the memo that
//! was asked on one side of an instant does not answer on the other.

use exchange::{
    catalogue::ConsentRule,
    decision::{Decider, Question},
    timestamp::Timestamp,
};

use super::support::{
    all_permitted, bundle, decide, of_agency, of_agreement, of_approval, of_consent, of_programme, secret,
};

/// One recorded instant: its name, the questions that rest on it, how it is set, whether it begins something.
type Instant = (&'static str, fn(&Question) -> bool, fn(&mut Question, Timestamp), bool);

const INSTANTS: &[Instant] = &[
    ("agreement from", |q| q.service.purpose_required, |q, at| of_agreement(q, |a| a.valid_from = at), true),
    ("agreement until", |q| q.service.purpose_required, |q, at| of_agreement(q, |a| a.valid_until = at), false),
    ("NDA from", |q| q.service.purpose_required, |q, at| of_agency(q, |a| a.nda_from = at), true),
    ("NDA until", |q| q.service.purpose_required, |q, at| of_agency(q, |a| a.nda_until = at), false),
    ("consent from", consented, |q, at| of_consent(q, |c| c.granted_at = at), true),
    ("consent until", consented, |q, at| of_consent(q, |c| c.expires_at = at), false),
    ("programme from", by_programme, |q, at| of_programme(q, |p| p.valid_from = at), true),
    ("programme until", by_programme, |q, at| of_programme(q, |p| p.valid_until = at), false),
];

const APPROVAL: &[Instant] = &[
    ("approval from", |_| true, |q, at| of_approval(q, |a| a.valid_from = at), true),
    ("approval until", |_| true, |q, at| of_approval(q, |a| a.valid_until = at), false),
];

fn consented(question: &Question) -> bool {
    question.service.consent != ConsentRule::None && question.consent.is_some() && question.programme.is_none()
}

fn by_programme(question: &Question) -> bool {
    question.service.consent == ConsentRule::Basis && question.programme.is_some()
}

/// Microseconds around an instant at which something could go wrong.
const AROUND: [i64; 9] = [-1_001, -1_000, -999, -1, 0, 1, 999, 1_000, 1_001];

/// Whether something that begins or ends at `at` holds at `now`, in whole milliseconds, never early and never late.
fn holds(begins: bool, at: i64, now: i64) -> bool {
    let now = now.div_euclid(1_000);
    if begins { (at + 999).div_euclid(1_000) <= now } else { now < at.div_euclid(1_000) }
}

fn hold_at_every_edge(questions: &[(String, Question)], instants: &[Instant]) {
    for (name, applies, set, begins) in instants {
        let mut tried = 0;
        for (what, permitted) in questions.iter().filter(|(_, question)| applies(question)) {
            tried += 1;
            let now = permitted.now.micros();
            for offset in AROUND {
                let mut question = permitted.clone();
                set(&mut question, Timestamp::from_micros(now + offset));
                let expected = holds(*begins, now + offset, now);
                for verdict in decide(bundle(), &question).verdicts {
                    assert_eq!(verdict.allowed, expected, "{what}: {name} at {offset} µs of the request");
                }
            }
        }
        assert!(tried > 0, "{name} is an instant of no permitted question");
    }
}

#[test]
fn nothing_holds_a_moment_early_or_late() {
    hold_at_every_edge(&all_permitted(), INSTANTS);
}

#[test]
fn an_approval_holds_no_moment_early_or_late() {
    hold_at_every_edge(&secret(), APPROVAL);
}

#[test]
fn a_remembered_decision_ends_with_the_millisecond() {
    // The same parts, only the present moves: from here on the memo could answer, and must not beyond an instant.
    let instants: Vec<_> = INSTANTS.iter().map(|instant| (all_permitted(), instant)).collect();
    let approvals = APPROVAL.iter().map(|instant| (secret(), instant));
    for (questions, (name, applies, set, begins)) in instants.into_iter().chain(approvals) {
        for (what, mut question) in questions.into_iter().filter(|(_, question)| applies(question)) {
            of_consent(&mut question, |consent| consent.usage = exchange::consent::ConsentUse::Standing);
            let at = question.now.micros();
            set(&mut question, Timestamp::from_micros(at));
            for offset in AROUND.iter().chain(AROUND.iter().rev().skip(1).step_by(2)) {
                question.now = Timestamp::from_micros(at + offset);
                let remembered = bundle().decide(&question);
                let expected = holds(*begins, at, at + offset);
                let allowed = remembered.verdicts.iter().all(|verdict| verdict.allowed);
                // Other instants of the same question are a second away at the least, and hold.
                assert_eq!(allowed, expected, "{what}: {offset} µs from {name}");
                assert_eq!(remembered, bundle().decide_plainly(&question), "{what}: {offset} µs from {name}");
            }
        }
    }
}

#[test]
fn a_changed_part_is_another_question() {
    // A swap of the directory puts new parts in the place of old ones: what was remembered for those is not for these.
    for (what, question) in all_permitted() {
        let mut question = question;
        of_consent(&mut question, |consent| consent.usage = exchange::consent::ConsentUse::Standing);
        assert!(bundle().decide(&question).verdicts.iter().all(|verdict| verdict.allowed), "{what}");
        let changes: [fn(&mut Question); 5] = [
            |q| of_agency(q, |agency| agency.suspended = true),
            |q| of_agreement(q, |agreement| agreement.revoked = true),
            |q| of_programme(q, |programme| programme.revoked = true),
            |q| of_consent(q, |consent| consent.active = false),
            |q| q.address = [203, 0, 113, 9].into(),
        ];
        for change in changes {
            let mut other = question.clone();
            change(&mut other);
            assert_eq!(bundle().decide(&other), bundle().decide_plainly(&other), "{what}");
            assert_eq!(bundle().decide(&question), bundle().decide_plainly(&question), "{what}: and back");
        }
    }
}

#[test]
fn a_consent_that_serves_once_is_judged_each_time() {
    for (what, question) in all_permitted().into_iter().filter(|(_, question)| consented(question)) {
        let mut used = question.clone();
        of_consent(&mut used, |consent| consent.active = false);
        for _ in 0..2 {
            assert!(bundle().decide(&question).verdicts.iter().all(|verdict| verdict.allowed), "{what}");
            assert!(bundle().decide(&used).verdicts.iter().all(|verdict| !verdict.allowed), "{what}");
        }
    }
}

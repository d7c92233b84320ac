//! Which laws may be remembered, and that a law which may not be is asked anew each time.

use exchange::{
    consent::ConsentUse,
    decision::{Decider, Question},
    timestamp::Timestamp,
};
use policies::{Bundle, source::Source};

use super::support::{bundle, case, of_consent, spoken};

/// The embedded law with one more forbid for yes/no checks.
fn with(condition: &str) -> Bundle {
    let policy = format!(
        "@id(\"X01-when\")@authority(\"test\")@reason(\"policy_denied\")
         forbid (principal, action == Ijazat::Action::\"verifyYesNo\", resource) when {{ {condition} }};"
    );
    let source = Source::embedded().with("domains/x/X01-when.cedar", &spoken(&policy));
    Bundle::load(&source).unwrap_or_else(|error| panic!("{condition}: {error}"))
}

/// A permitted question with a standing consent, so that its decision may be remembered.
fn question() -> Question {
    let mut question = case("a bank checks particulars with the citizen's consent");
    of_consent(&mut question, |consent| consent.usage = ConsentUse::Standing);
    question
}

#[test]
fn a_law_is_remembered_only_if_every_policy_is_steady() {
    assert!(bundle().remembers());
    let check = |condition: &str, expected: bool| assert_eq!(with(condition).remembers(), expected, "{condition}");
    check("context has agreement && !(context.agreement.validUntil > context.now)", true);
    check("context.now == 0 || context.rows > 5", false);
    check("context has consent && context.now - context.consent.grantedAt > 86400000", false);
}

#[test]
fn a_law_that_reckons_with_the_present_turns_at_its_own_instant() {
    let mut question = question();
    let turn = question.now.millis() + 60_000;
    let bundle = with(&format!("context.now >= {turn}"));
    assert!(!bundle.remembers());
    for offset in [-60_000, -1, 0, 1, -1, 0, -60_000] {
        question.now = Timestamp::from_micros((turn + offset) * 1_000);
        let decision = bundle.decide(&question);
        assert_eq!(decision, bundle.decide_plainly(&question));
        assert_eq!(decision.verdicts[0].allowed, offset < 0, "{offset} ms from the turn");
    }
}

#[test]
fn a_law_of_ages_and_spans_is_judged_at_every_instant() {
    // A consent of more than a minute's age opens nothing: no recorded instant says when that is.
    let bundle = with("context has consent && context.now - context.consent.grantedAt > 60000");
    let mut question = question();
    let given = question.consent.as_ref().unwrap().granted_at.millis();
    for (age_ms, allowed) in [(0, true), (60_000, true), (60_001, false), (59_999, true), (100_000, false)] {
        question.now = Timestamp::from_micros((given + age_ms) * 1_000);
        assert_eq!(bundle.decide(&question).verdicts[0].allowed, allowed, "{age_ms} ms old");
    }
}

#[test]
fn bundles_do_not_remember_for_each_other() {
    // One question, two laws in turn, as in a swap: each answers by its own.
    let question = question();
    let stricter = with("context.rows == 1");
    let twin = with("context.rows == 2");
    for _ in 0..3 {
        assert!(bundle().decide(&question).verdicts[0].allowed);
        assert!(!stricter.decide(&question).verdicts[0].allowed);
        assert!(twin.decide(&question).verdicts[0].allowed);
    }
}

#[test]
fn a_full_memo_still_answers_as_plain_evaluation_does() {
    // More distinct questions than the memo keeps: whatever was dropped is decided anew.
    let mut question = question();
    let until = question.consent.as_ref().unwrap().expires_at;
    let law = with("context.rows > 5");
    assert!(law.remembers());
    for round in 0..2 {
        for n in 0..1_500_i64 {
            of_consent(&mut question, |consent| consent.expires_at = until.plus_seconds(n));
            question.rows = if n % 3 == 0 { 6 } else { 1 };
            let allowed = law.decide(&question).verdicts[0].allowed;
            assert_eq!(allowed, n % 3 != 0, "round {round}, question {n}");
        }
    }
}

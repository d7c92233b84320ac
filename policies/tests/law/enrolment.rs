//! Ages of enrolment are data: another set is another answer, by a word or by the day, and no set goes under the guardrail.

use std::sync::Arc;

use exchange::{
    day::Day,
    decision::{Decider, Question},
    enrolment::{EnrolmentFacts, Missing, Modality},
    timestamp::Timestamp,
};
use policies::{Bundle, source::Source};

use super::support::{bundle, case, decide, of_agency, of_agreement, spoken};

const FILE: &str = "rules/child-biometrics.toml";

/// The embedded law with a set in force by name.
fn under(set: &str) -> Bundle {
    let header = format!("generation = 1\ntitle = \"Under another set\"\nchild_biometrics = \"{set}\"");
    Bundle::load(&Source::embedded().with("bundle.toml", &header)).unwrap()
}

/// Enrolment of somebody of this age on 22 November 2026.
fn of_age(modality: Modality, years: u16) -> Question {
    let mut question = case("a child of five is photographed");
    let born = Day::parse(&format!("{:04}-11-22", 2026 - years)).unwrap();
    question.enrolment = Some(EnrolmentFacts { modality, born, sample: true, missing: None, supervisor: None });
    question
}

fn allows(bundle: &Bundle, question: &Question) -> bool {
    decide(bundle, question).verdicts[0].allowed
}

#[test]
fn another_set_is_another_answer_for_a_child_of_seven() {
    let (first, second) = (under("2025-01"), under("2025-06"));
    for age in [0, 5, 6, 7, 9, 10, 11, 17, 18, 90] {
        let finger = of_age(Modality::Fingerprint, age);
        assert_eq!(allows(&first, &finger), age >= 6, "{age}");
        assert_eq!(allows(&second, &finger), age >= 10, "{age}");
        for law in [&first, &second] {
            assert_eq!(allows(law, &of_age(Modality::Iris, age)), age >= 6, "{age}");
            assert!(allows(law, &of_age(Modality::Face, age)), "{age}");
        }
    }
}

#[test]
fn the_set_in_force_is_the_latest_that_has_begun_in_pakistan() {
    let at = |text: &str| {
        let mut question = of_age(Modality::Fingerprint, 7);
        question.now = Timestamp::parse_rfc3339(text).unwrap();
        question.enrolment.as_mut().unwrap().born = Day::parse("2018-01-01").unwrap();
        let early = Timestamp::parse_rfc3339("2024-01-01T00:00:00Z").unwrap();
        of_agency(&mut question, |agency| agency.nda_from = early);
        of_agreement(&mut question, |agreement| agreement.valid_from = early);
        let verdict = decide(bundle(), &question).verdicts.remove(0);
        verdict.policies.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(at("2024-12-31T23:59:59+05:00"), "EN04-of-age EN05-missing-supervised G34-no-young-marks");
    assert_eq!(at("2025-01-01T00:00:00+05:00"), "EN02-fingerprint");
    assert_eq!(at("2025-05-31T18:59:59Z"), "EN02-fingerprint");
    assert_eq!(at("2025-05-31T19:00:00Z"), "EN04-of-age");
}

#[test]
fn a_remembered_answer_ends_with_the_birthday() {
    let law = Bundle::embedded().unwrap();
    let mut question = of_age(Modality::Fingerprint, 10);
    let midnight = Timestamp::parse_rfc3339("2026-11-22T00:00:00+05:00").unwrap();
    for offset in [-1, 0, -1, 0, -86_400, 86_400] {
        question.now = midnight.plus_seconds(offset);
        assert_eq!(law.decide(&question).verdicts[0].allowed, offset >= 0, "{offset}");
    }
}

#[test]
fn every_reason_opens_with_a_supervisor_and_none_without() {
    let world = &bundle().cases().world;
    let question = of_age(Modality::Iris, 40);
    let agency = question.caller.agency().unwrap();
    let supervisor = world.user(&agency.id, "supervisor-1").map(Arc::clone);
    for &missing in Missing::ALL {
        for (supervisor, expected) in [(supervisor.clone(), true), (None, false)] {
            let mut question = question.clone();
            let facts = question.enrolment.as_mut().unwrap();
            (facts.missing, facts.supervisor, facts.sample) = (Some(missing), supervisor, false);
            assert_eq!(allows(bundle(), &question), expected, "{missing:?}");
        }
    }
}

#[test]
fn who_lived_longer_than_anybody_is_not_enrolled() {
    assert!(allows(bundle(), &of_age(Modality::Face, 150)));
    assert!(!allows(bundle(), &of_age(Modality::Face, 151)));
}

#[test]
fn no_permit_takes_a_finger_under_six() {
    let open = "@id(\"X99-all\")@authority(\"test\")@obligation(\"log\")permit (principal, action, resource);";
    let source = Source::embedded().with("domains/x/X99-all.cedar", &spoken(open));
    let lax = Bundle::load(&source.without("domains/biometrics/EN04-of-age.cedar")).unwrap();
    for age in 0..12 {
        for &modality in Modality::ALL {
            let expected = age >= 6 || modality == Modality::Face;
            assert_eq!(allows(&lax, &of_age(modality, age)), expected, "{modality:?} at {age}");
        }
    }
}

#[test]
fn a_set_that_is_not_whole_or_goes_too_low_is_refused() {
    let check = |from: &str, to: &str, reason: &str| {
        let text = Source::embedded().file(FILE).unwrap().to_owned();
        assert!(text.contains(from), "{FILE} has no `{from}` any more");
        let error = Bundle::load(&Source::embedded().with(FILE, &text.replacen(from, to, 1))).unwrap_err();
        let found = error.problems().iter().any(|problem| problem.file == FILE && problem.reason.contains(reason));
        assert!(found, "wanted `{reason}`: {error}");
    };
    let too_low = "`2025-01` takes a finger or an iris before the age of guardrail G34";
    check("fingerprint_from = 6", "fingerprint_from = 5", too_low);
    check("iris_from = 6", "iris_from = 0", too_low);
    check("fingerprint_from = 10", "fingerprint_from = 151", "`2025-06` waits for an age that nobody has");
    check("id = \"2025-06\"", "id = \"2025-01\"", "`2025-01` is listed twice");
    check("since = \"2025-06-01\"", "since = \"2025-01-01\"", "`2025-06` begins on the day of another");
    check("source = \"S0 9.2.8\"", "source = \"\"", "`2025-01` needs a source");
    check("since = \"2025-01-01\"", "since = \"2025-02-29\"", "not a day of the calendar");
    check("face_from = 0", "voice_from = 0", "unknown field `voice_from`");
    let error = Bundle::load(&Source::embedded().without(FILE)).unwrap_err();
    assert_eq!(error.to_string(), format!("bundle is refused for 1 problem(s)\n  {FILE}: is missing"));
    let header = "generation = 1\ntitle = \"x\"\nchild_biometrics = \"2031-01\"";
    let error = Bundle::load(&Source::embedded().with("bundle.toml", header)).unwrap_err();
    assert!(
        error.to_string().contains("bundle.toml: puts `2031-01` of rules/child-biometrics.toml in force"),
        "{error}"
    );
}

//! The form of a decision: one verdict for each datatype, in order, with its policies and one code; obligations once.

use std::sync::Arc;

use exchange::{
    codes::Code,
    decision::{Decider, Obligation},
    ids::DatatypeId,
};
use policies::{Bundle, precedence, source::Source};

use super::support::{all_permitted, bundle, case, decide, of_agency, of_agreement, of_user, spoken};

const YES_NO: &str = "a bank checks particulars with the citizen's consent";
const BASIC: &str = "Basic sees name, address and PMT of the searched person";

fn id(text: &str) -> DatatypeId {
    DatatypeId::parse(text).unwrap()
}

#[test]
fn a_verdict_stands_for_each_datatype_in_the_order_asked() {
    let mut question = case(BASIC);
    let asked = ["nser.pmt", "nser.cnic", "nser.pmt", "identity.match", "nser.name", "nser.nonsense", "nser.id"];
    question.datatypes = asked.map(id).into();
    let decision = decide(bundle(), &question);
    let said: Vec<_> =
        decision.verdicts.iter().map(|verdict| (verdict.datatype.as_str(), verdict.allowed, verdict.code)).collect();
    let expected = [
        ("nser.pmt", true, None),
        ("nser.cnic", false, Some(Code::SecretNeedsBoard)),
        ("nser.pmt", true, None),
        ("identity.match", false, Some(Code::PolicyDenied)),
        ("nser.name", true, None),
        ("nser.nonsense", false, Some(Code::PolicyDenied)),
        ("nser.id", false, Some(Code::PolicyDenied)),
    ];
    assert_eq!(said, expected);
    assert!(!decision.errored, "asking for anything is no alarm");
    assert_eq!(decision.generation, bundle().generation());
}

#[test]
fn nothing_asked_is_nothing_said() {
    for (what, mut question) in all_permitted() {
        question.datatypes.clear();
        let decision = decide(bundle(), &question);
        assert!(decision.verdicts.is_empty() && decision.obligations.is_empty() && !decision.errored, "{what}");
    }
}

#[test]
fn obligations_are_those_of_the_permits_that_released_each_once() {
    let check = |name: &str, asked: &[&str], expected: &[Obligation]| {
        let mut question = case(name);
        question.datatypes = asked.iter().map(|text| id(text)).collect();
        assert_eq!(decide(bundle(), &question).obligations, expected, "{name}: {asked:?}");
    };
    let all = [Obligation::Log, Obligation::Meter, Obligation::SubjectOnly];
    check(BASIC, &["nser.pmt", "nser.name", "nser.pmt"], &all);
    check(BASIC, &["nser.cnic", "nser.pmt"], &all);
    check(BASIC, &["nser.cnic"], &[]);
    check(YES_NO, &["identity.match"], &[Obligation::Log, Obligation::Meter]);
    check("a hospital gives notice of a death", &["vital.notice"], &[Obligation::Log]);
}

#[test]
fn every_permit_obliges_the_door_to_record() {
    for (what, question) in all_permitted() {
        assert_eq!(decide(bundle(), &question).obligations.first(), Some(&Obligation::Log), "{what}");
    }
}

#[test]
fn a_refusal_names_every_forbid_sorted_and_shows_the_foremost() {
    let mut question = case(YES_NO);
    of_user(&mut question, |user| user.disabled = true);
    of_agency(&mut question, |agency| agency.networks.clear());
    of_agreement(&mut question, |agreement| agreement.purposes.clear());
    question.consent = None;
    question.rows = 0;
    let verdict = decide(bundle(), &question).verdicts.remove(0);
    let named: Vec<_> = verdict.policies.iter().map(exchange::ids::PolicyId::as_str).collect();
    let expected = ["G04-user-enabled", "G05-network", "G08-purpose-named", "G10-consent-or-basis", "G16-row-limit"];
    assert_eq!((named.as_slice(), verdict.code), (expected.as_slice(), Some(Code::UserDisabled)));
    // Each thing that is put right shows the next.
    of_user(&mut question, |user| user.disabled = false);
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::NetworkRefused));
    of_agency(&mut question, |agency| agency.networks.push("127.0.0.0/8".into()));
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::PurposeRequired));
    let purpose = question.purpose.clone().unwrap();
    of_agreement(&mut question, |agreement| agreement.purposes.push(purpose.code.clone()));
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::ConsentRequired));
    question.consent = case(YES_NO).consent;
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::PolicyDenied));
    question.rows = 1;
    assert_eq!(decide(bundle(), &question).verdicts[0].code, None);
}

#[test]
fn the_foremost_code_does_not_depend_on_the_order_they_are_met() {
    for (place, &first) in precedence::PRECEDENCE.iter().enumerate() {
        assert_eq!(precedence::place(first), Some(place), "{first} stands once");
        for &second in &precedence::PRECEDENCE[place..] {
            assert_eq!(precedence::foremost([first, second]), first);
            assert_eq!(precedence::foremost([second, first]), first);
        }
    }
    let unplaced: Vec<_> = Code::ALL.iter().filter(|code| precedence::place(**code).is_none()).collect();
    assert!(unplaced.contains(&&Code::Internal) && unplaced.contains(&&Code::PolicyError), "no policy gives these");
    assert_eq!(precedence::foremost([Code::Internal, Code::PolicyError]).as_str(), Code::Internal.as_str());
}

#[test]
fn two_permits_both_speak() {
    let second = "@id(\"I09-twin\")@authority(\"test\")@obligation(\"log;notice\")
        permit (principal is Ijazat::User, action == Ijazat::Action::\"verifyYesNo\", resource);";
    let bundle = Bundle::load(&Source::embedded().with("domains/identity/I09-twin.cedar", &spoken(second))).unwrap();
    let decision = decide(&bundle, &case(YES_NO));
    let named: Vec<_> = decision.verdicts[0].policies.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["I01-yes-no", "I09-twin"]);
    assert_eq!(decision.obligations, [Obligation::Log, Obligation::Meter, Obligation::Notice]);
}

#[test]
fn policies_that_err_refuse_what_they_speak_to_and_nothing_else() {
    // One errs for every user of a bank, whatever the datatype; one only where a Secret datatype is asked for.
    let errs = |name: &str, condition: &str| {
        spoken(&format!(
            "@id(\"{name}\")@authority(\"test\")@reason(\"policy_denied\")forbid (principal, action, resource)
             when {{ {condition} && context.rows * 9223372036854775807 == 0 }};"
        ))
    };
    let on_banks = errs("X02-banks", "context has agency && context.agency.kind == Ijazat::AgencyKind::\"Bank\"");
    let on_secret = errs("X03-secret", "resource.class == Ijazat::Classification::\"Secret\"");
    let source = Source::embedded().with("domains/x/X02-banks.cedar", &on_banks);
    let bundle = Bundle::load(&source.with("domains/x/X03-secret.cedar", &on_secret)).unwrap();
    let wide = |mut question: exchange::decision::Question| {
        question.rows = 2;
        of_agreement(&mut question, |agreement| agreement.row_limit = 2);
        question
    };
    let bank = decide(&bundle, &wide(case(YES_NO)));
    assert!(bank.errored && bank.obligations.is_empty());
    assert_eq!((bank.verdicts[0].code, bank.verdicts[0].allowed), (Some(Code::PolicyError), false));
    assert_eq!(bank.verdicts[0].policies[0].as_str(), "X02-banks");
    let hospital = decide(&bundle, &wide(case("a hospital gives notice of a death")));
    assert!(!hospital.errored && hospital.verdicts[0].allowed, "nobody else is touched");
    let household = decide(&bundle, &wide(case("Power with the Board's approval sees card numbers and contacts too")));
    assert!(household.errored, "one broken verdict is an alarm for the whole");
    for verdict in &household.verdicts {
        let secret = ["nser.cnic", "nser.location", "nser.sensitive"].contains(&verdict.datatype.as_str());
        assert_eq!(verdict.code == Some(Code::PolicyError), secret, "{}", verdict.datatype);
    }
    let permitted = household.verdicts.iter().filter(|verdict| verdict.allowed).count();
    assert!(permitted > 3 && household.obligations.contains(&Obligation::Meter), "what is sound is still decided");
}

#[test]
fn a_permit_that_errs_refuses_too() {
    let errs = "@id(\"X04-permit\")@authority(\"test\")@obligation(\"log\")
        permit (principal, action == Ijazat::Action::\"verifyYesNo\", resource)
        when { context.rows * 9223372036854775807 == 0 };";
    let bundle = Bundle::load(&Source::embedded().with("domains/x/X04-permit.cedar", &spoken(errs))).unwrap();
    let mut question = case(YES_NO);
    assert!(decide(&bundle, &question).verdicts[0].allowed);
    question.rows = 2;
    of_agreement(&mut question, |agreement| agreement.row_limit = 2);
    let decision = decide(&bundle, &question);
    assert!(decision.errored && !decision.verdicts[0].allowed, "although I01 alone would permit");
    // What erred is not remembered as a decision: put right, it is permitted again.
    question.rows = 1;
    assert!(decide(&bundle, &question).verdicts[0].allowed);
}

#[test]
fn a_service_of_another_action_is_judged_by_that_action() {
    // The action is the service's: a catalogue that names another one asks another question.
    let mut question = case(YES_NO);
    let mut service = (*question.service).clone();
    service.action = "releaseKyc".into();
    question.service = Arc::new(service);
    let verdict = decide(bundle(), &question).verdicts.remove(0);
    let named: Vec<_> = verdict.policies.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["I02-kyc"], "the policies of the action that is named, and no other's");
    let mut service = (*question.service).clone();
    service.action = "readAccesses".into();
    question.service = Arc::new(service);
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::PolicyDenied));
}

#[test]
fn a_duty_that_no_upstream_declares_is_done_by_nobody() {
    // The door refuses a permission whose duty neither it nor the service does (`Service::does`).
    for (word, duty) in [
        ("dual_control", Obligation::DualControl),
        ("watermark", Obligation::Watermark),
        ("small_cells", Obligation::SmallCells),
    ] {
        let policy = format!(
            "@id(\"I09-twin\")@authority(\"test\")@obligation(\"log;{word}\")
             permit (principal is Ijazat::User, action == Ijazat::Action::\"verifyYesNo\", resource);"
        );
        let source = Source::embedded().with("domains/identity/I09-twin.cedar", &spoken(&policy));
        let question = case(YES_NO);
        let decision = decide(&Bundle::load(&source).unwrap(), &question);
        assert!(decision.obligations.contains(&duty), "{word}");
        assert!(!question.service.does(duty), "{word}");
        let mut declares = (*question.service).clone();
        declares.discharges.push(word.to_owned());
        assert!(declares.does(duty), "{word}");
        for other in Obligation::ALL.iter().filter(|other| !other.is_the_doors() && **other != duty) {
            assert!(!declares.does(*other), "{word} is not {other:?}");
        }
    }
}

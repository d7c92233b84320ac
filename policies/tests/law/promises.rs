//! The bundle's cases: each policy is held by one, each broken promise is told in words.

use std::collections::{BTreeMap, BTreeSet};

use exchange::decision::Decider;
use policies::{Bundle, cases::Case, source::Source};

use super::support::{bundle, services};

/// Policies that no case notices when they are taken away, since no request that we can make today meets them; each is held
/// by a theorem instead, which `policies/prove/tests/law/faults.rs` shows to break without it.
///
/// G02 cannot be met, since the schema's action has no caller but an agency's; nor G15 by a case, whose role is reckoned as
/// the lower of two (`refusals` meets it); G17 waits for the first biometric datatype; I04, S06, V02, G18 and G19 for the first permit
/// that would open more than they let through.
const HELD_BY_PROOF: [&str; 8] = [
    "domains/identity/I04-match-only.cedar",
    "domains/state/S06-licence-verify-only.cedar",
    "domains/vital/V02-notice-names-nobody.cedar",
    "guardrails/G02-agency-known.cedar",
    "guardrails/G15-role-ceiling.cedar",
    "guardrails/G17-no-raw-biometric-to-private.cedar",
    "guardrails/G18-public-without-agreement.cedar",
    "guardrails/G19-citizens-own.cedar",
];

fn differences(bundle: &Bundle) -> Vec<String> {
    bundle.run_cases().iter().map(ToString::to_string).collect()
}

#[test]
fn no_policy_can_be_taken_away_unnoticed() {
    let source = Source::embedded();
    let verdicts = bundle().cases().cases.iter().flat_map(|case| {
        let question = bundle().question(case).unwrap();
        bundle().decide_plainly(&question).verdicts
    });
    // Where one policy alone decides, the verdict turns without it, and its case says so.
    let alone: BTreeSet<_> = verdicts.filter(|v| v.policies.len() == 1).map(|v| v.policies[0].to_string()).collect();
    let path = |file: &str| file.rsplit('/').next().unwrap().trim_end_matches(".cedar").to_owned();
    let others = source.matching("", ".cedar").map(|(file, _)| file).filter(|file| !alone.contains(&path(file)));
    let unnoticed =
        |file: &&str| Bundle::load(&Source::embedded().without(file)).is_ok_and(|bundle| bundle.run_cases().is_empty());
    assert_eq!(others.filter(unnoticed).collect::<Vec<_>>(), HELD_BY_PROOF);
    assert!(alone.len() > 20, "{alone:?}");
}

#[test]
fn no_kind_of_file_can_be_taken_away_unnoticed() {
    for path in [
        "bundle.toml",
        "schema/ijazat.cedarschema",
        "cases/world.toml",
        "cases/identity.toml",
        "matrices/kinds.toml",
        "matrices/target.toml",
        "rules/clientage.toml",
        "rules/holidays.toml",
        "rules/onboarding.toml",
        "catalogue/tax.toml",
        "dictionary/tax.toml",
    ] {
        let source = Source::embedded();
        assert!(source.file(path).is_some() && Bundle::load(&source.without(path)).is_err(), "{path}");
    }
}

#[test]
fn every_service_has_a_case_of_each_kind_and_every_case_a_sentence() {
    let mut names = BTreeSet::new();
    let mut kinds: BTreeMap<_, BTreeSet<bool>> = BTreeMap::new();
    for case in &bundle().cases().cases {
        assert!(names.insert(&case.name), "two cases are called `{}`", case.name);
        assert!(case.name.split(' ').count() >= 3, "`{}` is no sentence", case.name);
        kinds.entry(case.service.clone()).or_default().insert(case.permits());
    }
    for service in services() {
        assert_eq!(kinds.get(&service.id).map(BTreeSet::len), Some(2), "{}", service.id);
    }
}

#[test]
fn a_broken_promise_is_told_in_full() {
    let kept = |name: &str| bundle().cases().cases.iter().find(|case| case.name == name).unwrap().clone();
    let check = |name: &str, change: fn(&mut Case), expected: &[&str]| {
        let mut case = kept(name);
        change(&mut case);
        let told: Vec<_> = bundle().run_case(&case).into_iter().map(|difference| difference.reason).collect();
        assert_eq!(told, expected, "{name}");
    };
    let bank = "a bank checks particulars with the citizen's consent";
    check(bank, |_| {}, &[]);
    check(bank, |c| c.permitted.clear(), &["`identity.match` is permitted by I01-yes-no; the case says nothing of it"]);
    check(
        bank,
        |c| drop(c.permitted.insert("identity.match".into(), "I02-kyc".into())),
        &["`identity.match` is permitted by I01-yes-no; the case says permitted by I02-kyc"],
    );
    check(
        bank,
        |c| c.consent = None,
        &[
            "`identity.match` is refused, consent_required: G10-consent-or-basis; the case says permitted by I01-yes-no",
            "obligations are []",
        ],
    );
    check(bank, |c| c.obligations = Some(vec!["log".into()]), &["obligations are [Log, Meter]"]);
    check(bank, |c| c.obligations = Some(vec!["log".into(), "bow".into()]), &["obligations are [Log, Meter]"]);
    check(
        bank,
        |c| c.service = "identity.nothing".to_owned().try_into().unwrap(),
        &["the case's world has no service `identity.nothing`"],
    );
    check(bank, |c| c.user = Some("nobody".into()), &["the case's world has no user `nobody`"]);
    check(bank, |c| c.purpose = Some("NO-1".into()), &["the case's world has no purpose `NO-1`"]);
    check(bank, |c| c.programme = Some("p".into()), &["the case's world has no programme `p`"]);
    check(bank, |c| c.approval = Some("a".into()), &["the case's world has no approval `a`"]);
    check(bank, |c| c.address = Some("here".into()), &["the case's world has no address `here`"]);
    check(bank, |c| c.at = Some("yesterday".into()), &["the case's world has no instant `yesterday`"]);
    let refused = "a bank without the citizen's consent is refused";
    check(
        refused,
        |c| drop(c.refused.insert("identity.match".into(), "policy_denied".into())),
        &["`identity.match` is refused, consent_required: G10-consent-or-basis; the case says refused, policy_denied"],
    );
    check(
        refused,
        |c| drop(c.refused.insert("identity.match".into(), "consent_required: G11-consent-covers".into())),
        &[
            "`identity.match` is refused, consent_required: G10-consent-or-basis; the case says refused, consent_required: G11-consent-covers",
        ],
    );
    check(refused, |c| drop(c.refused.insert("identity.match".into(), "consent_required".into())), &[]);
}

#[test]
fn a_name_is_worth_more_than_the_star() {
    let case = bundle().cases().cases.iter().find(|case| case.name.starts_with("Power without the Board")).unwrap();
    let told = |change: fn(&mut Case)| {
        let mut case = case.clone();
        change(&mut case);
        bundle().run_case(&case).len()
    };
    assert_eq!(told(|_| {}), 0);
    assert_eq!(told(|c| drop(c.refused.remove("nser.payments"))), 1, "the star permits what is not named");
    assert_eq!(told(|c| drop(c.refused.insert("*".into(), "policy_denied".into()))), 0, "a permit's star comes first");
    assert!(told(|c| drop(c.permitted.remove("*"))) > 5);
}

#[test]
fn a_case_that_asks_at_another_instant_asks_another_question() {
    let case = bundle().cases().cases.iter().find(|case| case.name.starts_with("a bank checks particulars")).unwrap();
    let at = |text: Option<&str>| {
        let mut case = case.clone();
        case.at = text.map(str::to_owned);
        let question = bundle().question(&case).unwrap();
        (question.now.rfc3339(), bundle().decide_plainly(&question).verdicts[0].allowed)
    };
    assert_eq!(at(None), ("2026-11-22T12:00:00+05:00".into(), true));
    assert_eq!(at(Some("2026-01-01T00:00:00+05:00")), ("2026-01-01T00:00:00+05:00".into(), true));
    assert!(!at(Some("2025-12-31T23:59:59+05:00")).1);
    assert!(at(Some("2027-12-31T23:59:59+05:00")).1);
    assert!(!at(Some("2028-01-01T00:00:00+05:00")).1);
}

#[test]
fn differences_of_a_changed_law_name_the_cases_that_break() {
    let source = Source::embedded().without("guardrails/G10-consent-or-basis.cedar");
    let told = differences(&Bundle::load(&source).unwrap());
    assert!(told.iter().any(|line| line.starts_with("a bank without the citizen's consent is refused: ")), "{told:?}");
    assert!(told.iter().all(|line| line.contains(": `")), "{told:?}");
    let source = Source::embedded().without("domains/report/R01-published.cedar");
    let told = differences(&Bundle::load(&source).unwrap());
    assert!(told.iter().any(|line| line.starts_with("anyone reads a published report: ")), "{told:?}");
}

#[test]
fn the_title_and_generation_are_the_headers() {
    let header = "generation = 42\ntitle = \"Another law\"";
    let bundle = Bundle::load(&Source::embedded().with("bundle.toml", header)).unwrap();
    assert_eq!((bundle.title(), Decider::generation(&bundle)), ("Another law", 42));
    let question = bundle.question(&bundle.cases().cases[0]).unwrap();
    assert_eq!(bundle.decide(&question).generation, 42, "each decision says by which law");
    assert_eq!(format!("{bundle:?}"), "Bundle { generation: 42, title: \"Another law\", .. }");
}

#[test]
fn every_duty_of_a_permit_is_done_by_the_door_or_by_the_services_upstream() {
    let mut seen = std::collections::BTreeSet::new();
    for (what, question) in super::support::all_permitted() {
        for duty in super::support::decide(bundle(), &question).obligations {
            assert!(question.service.does(duty), "{what}: who does {duty:?} for {}?", question.service.id);
            seen.insert(duty);
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

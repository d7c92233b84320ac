//! Each rule broken alone, and the sound change beside it.

use proptest::prelude::*;

use super::{checks::apply, *};
use crate::{
    classification::{BasisKind, Channel, Role, Sector},
    ids::{AgreementId, ApprovalId, ProgrammeId, ServiceId, UserId},
    onboarding::{
        application::Application,
        case::State,
        testing::{agency, agreement, application, catalogue, category, directory, now, opened, report, rules},
    },
    programme::{Cadence, Period, Population},
};

fn approved(application: Application, forum: Forum) -> Case {
    let verdict = Verdict { application: "app-1".into(), forum, minutes: "1/2026".into(), approves: true };
    let mut case = Case::draft("app-1", application);
    (case.state, case.verdict) = (State::Approved, Some(verdict));
    case
}

fn judged(directory: &DirectoryData, cases: &[Case], change: &Change) -> Option<Rule> {
    let (catalogue, rules) = (catalogue(), rules());
    let judge = Judge { directory, cases, catalogue: &catalogue, rules: &rules, now: now() };
    judge.check(change).err().map(|fault| fault.rule)
}

#[test]
fn an_agency_is_what_an_approved_application_says() {
    let newcomer = agency("newcomer", "Company", Sector::Private);
    let case = [approved(application(Sector::Private), Forum::SecretaryBisp)];
    let check = |agency: Agency, cases: &[Case], expected| {
        assert_eq!(judged(&directory(), cases, &Change::Agency(agency.clone())), expected, "{agency:?}");
    };
    check(newcomer.clone(), &case, None);
    check(newcomer.clone(), &[], Some(Rule::ConditionUnseen));
    check(Agency { condition_met: false, ..newcomer.clone() }, &[], None);
    check(Agency { sector: Sector::Federal, ..newcomer.clone() }, &case, Some(Rule::KindOfSector));
    check(Agency { kind: "Circus".into(), ..newcomer.clone() }, &case, Some(Rule::KindUnknown));
    check(Agency { kind: "Bank".into(), ..newcomer.clone() }, &case, Some(Rule::ConditionUnseen));
    check(Agency { nda_until: newcomer.nda_from, ..newcomer.clone() }, &case, Some(Rule::DatesReversed));
    for network in ["10.0.0.0/33", "everywhere", "::/129", "10.0.0.0/"] {
        let networks = vec![network.to_owned()];
        check(Agency { networks, ..newcomer.clone() }, &case, Some(Rule::NetworkInvalid));
    }
    check(Agency { keys: vec!["AB".repeat(32)], ..newcomer }, &case, Some(Rule::KeyInvalid));
    // One that is known keeps its condition without applying again, as what it was.
    let mill = agency("mill", "Company", Sector::Private);
    check(Agency { requests_per_s: 99, ..mill.clone() }, &[], None);
    check(Agency { kind: "Bank".into(), ..mill }, &[], Some(Rule::ConditionUnseen));
}

#[test]
fn a_person_acts_for_one_agency() {
    let mut directory = directory();
    directory.agencies.push(agency("bank", "Bank", Sector::Private));
    let key = "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n".to_owned();
    directory.users[0].assertion_key = Some(key.clone());
    let clerk = directory.users[0].clone();
    let teller = User { agency: AgencyId::parse("bank").unwrap(), name: "Sample Teller".into(), ..clerk.clone() };
    let check = |user: User, expected| {
        assert_eq!(judged(&directory, &[], &Change::User(user.clone())), expected, "{user:?}");
    };
    check(User { role: Role::Basic, ..clerk.clone() }, None);
    check(teller.clone(), Some(Rule::UserElsewhere));
    check(User { assertion_key: None, ..teller.clone() }, None);
    check(User { assertion_key: None, name: clerk.name, ..teller.clone() }, Some(Rule::UserElsewhere));
    check(User { assertion_key: Some("secret".into()), ..teller.clone() }, Some(Rule::KeyInvalid));
    check(User { name: " ".into(), assertion_key: None, ..teller.clone() }, Some(Rule::Empty));
    check(User { agency: AgencyId::parse("nobody").unwrap(), ..teller }, Some(Rule::AgencyUnknown));
}

#[test]
fn a_person_whom_one_agency_disabled_may_act_for_another_and_not_for_both() {
    let mut directory = directory();
    directory.agencies.push(agency("bank", "Bank", Sector::Private));
    let clerk = directory.users[0].clone();
    let teller = User { agency: AgencyId::parse("bank").unwrap(), ..clerk.clone() };
    let disabled = |user: &User| Change::User(User { disabled: true, ..user.clone() });
    let enabled = |user: &User| Change::User(user.clone());
    assert_eq!(judged(&directory, &[], &enabled(&teller)), Some(Rule::UserElsewhere));
    assert_eq!(judged(&directory, &[], &disabled(&teller)), None, "who may not act acts nowhere else");
    apply(&disabled(&clerk), &mut directory);
    assert_eq!(judged(&directory, &[], &enabled(&teller)), None, "the clerk left");
    apply(&enabled(&teller), &mut directory);
    assert_eq!(judged(&directory, &[], &enabled(&clerk)), Some(Rule::UserElsewhere), "and may not come back meanwhile");
    assert_eq!(
        judged(&directory, &[], &disabled(&clerk)),
        None,
        "what is disabled may stay so, under another name too"
    );
    apply(&disabled(&teller), &mut directory);
    assert_eq!(judged(&directory, &[], &enabled(&clerk)), None);
}

#[test]
fn an_agreement_opens_what_was_applied_for_by_a_forum_that_may() {
    let mut directory = directory();
    directory.agencies.push(agency("newcomer", "Ngo", Sector::LocalNgo));
    let mut asked = opened(Sector::LocalNgo, "nser.household", &["nser.pmt", "nser.cnic"]);
    let cases = [approved(asked.clone(), Forum::SecretaryBisp)];
    let sound = agreement("agr-1", "newcomer", Forum::SecretaryBisp);
    let check = |agreement: Agreement, cases: &[Case], expected| {
        assert_eq!(judged(&directory, cases, &Change::Agreement(agreement.clone())), expected, "{agreement:?}");
    };
    check(sound.clone(), &cases, None);
    check(sound.clone(), &[], Some(Rule::NotAppliedFor));
    check(Agreement { valid_until: sound.valid_from, ..sound.clone() }, &cases, Some(Rule::DatesReversed));
    check(Agreement { forum: Forum::DgNser, ..sound.clone() }, &cases, Some(Rule::ForumTooLow));
    check(Agreement { forum: Forum::BispBoard, ..sound.clone() }, &cases, Some(Rule::NotAppliedFor));
    check(Agreement { revision: 2, ..sound.clone() }, &cases, Some(Rule::RevisionStale));
    check(Agreement { row_limit: 0, ..sound.clone() }, &cases, Some(Rule::Empty));
    check(Agreement { id: AgreementId::parse("agr-mill").unwrap(), ..sound.clone() }, &cases, Some(Rule::NameTaken));
    let purposes = |code: &str| vec![PurposeCode::parse(code).unwrap()];
    check(Agreement { purposes: purposes("P-0"), ..sound.clone() }, &cases, Some(Rule::PurposeCeiling));
    check(Agreement { purposes: purposes("P-7"), ..sound.clone() }, &cases, Some(Rule::PurposeUnknown));
    check(Agreement { purposes: purposes("P-9"), ..sound.clone() }, &cases, Some(Rule::PurposeForbidden));
    let datatypes = |id: &str| vec![DatatypeId::parse(id).unwrap()];
    check(Agreement { datatypes: datatypes("nser.soul"), ..sound.clone() }, &cases, Some(Rule::DatatypeUnknown));
    check(Agreement { datatypes: datatypes("nser.cnic"), ..sound.clone() }, &cases, Some(Rule::PurposeCeiling));
    let services = |id: &str| vec![ServiceId::parse(id).unwrap()];
    check(Agreement { services: services("nser.soul"), ..sound.clone() }, &cases, Some(Rule::ServiceUnknown));
    check(Agreement { services: services("fbr.taxpayer"), ..sound.clone() }, &cases, Some(Rule::NotAppliedFor));
    asked.datatypes.clear();
    check(sound, &[approved(asked, Forum::SecretaryBisp)], Some(Rule::NotAppliedFor));
}

#[test]
fn the_dg_decides_for_a_member_of_a_category_that_the_secretary_approved() {
    let mut directory = directory();
    directory.agencies.push(agency("newcomer", "Company", Sector::Private));
    let cases = [approved(opened(Sector::Private, "nser.household", &["nser.pmt"]), Forum::DgNser)];
    let change = Change::Agreement(agreement("agr-1", "newcomer", Forum::DgNser));
    assert_eq!(judged(&directory, &cases, &change), Some(Rule::ForumTooLow));
    directory.categories = vec![category("Bank")];
    assert_eq!(judged(&directory, &cases, &change), Some(Rule::ForumTooLow));
    directory.categories = vec![category("Company")];
    assert_eq!(judged(&directory, &cases, &change), None);
}

#[test]
fn an_agreement_is_ended_and_narrowed_without_a_new_application() {
    let before = agreement("agr-mill", "mill", Forum::SecretaryBisp);
    let check = |after: Agreement, expected| {
        assert_eq!(judged(&directory(), &[], &Change::Agreement(after.clone())), expected, "{after:?}");
    };
    let next = Agreement { revision: 2, ..before };
    check(Agreement { revoked: true, services: Vec::new(), ..next.clone() }, None);
    check(Agreement { valid_until: now(), ..next.clone() }, None);
    check(Agreement { role: Role::Basic, ..next.clone() }, None);
    check(Agreement { role: Role::Power, ..next.clone() }, Some(Rule::NotAppliedFor));
    check(Agreement { row_limit: 2, ..next.clone() }, Some(Rule::NotAppliedFor));
    check(Agreement { valid_until: next.valid_until.plus_seconds(1), ..next }, Some(Rule::NotAppliedFor));
}

#[test]
fn instruments_keep_their_ceilings_forums_and_dates() {
    let datatypes = |id: &str| vec![DatatypeId::parse(id).unwrap()];
    let (valid_from, valid_until) = (now(), now().plus_seconds(9));
    let approval = Approval {
        template: None,
        services: vec![ServiceId::parse("nser.household").unwrap()],
        id: ApprovalId::parse("appr-1").unwrap(),
        agency: AgencyId::parse("mill").unwrap(),
        forum: Forum::SecretaryBisp,
        purpose: PurposeCode::parse("P-1").unwrap(),
        datatypes: datatypes("nser.pmt"),
        valid_from,
        valid_until,
    };
    let mut directory = directory();
    directory.purposes[1].class_max = Classification::Secret;
    let judged = |change| super::tests::judged(&directory, &[], &change);
    assert_eq!(judged(Change::Approval(approval.clone())), None);
    let nowhere = Approval { services: Vec::new(), ..approval.clone() };
    assert_eq!(judged(Change::Approval(nowhere)), Some(Rule::Empty));
    let unknown = Approval { services: vec![ServiceId::parse("nser.soul").unwrap()], ..approval.clone() };
    assert_eq!(judged(Change::Approval(unknown)), Some(Rule::ServiceUnknown));
    let secret =
        Approval { purpose: PurposeCode::parse("P-0").unwrap(), datatypes: datatypes("nser.cnic"), ..approval.clone() };
    assert_eq!(judged(Change::Approval(secret.clone())), Some(Rule::ForumTooLow));
    assert_eq!(judged(Change::Approval(Approval { forum: Forum::BispBoard, ..secret })), None);
    let over = Approval { datatypes: datatypes("nser.cnic"), ..approval.clone() };
    assert_eq!(judged(Change::Approval(over)), Some(Rule::PurposeCeiling));
    let over = Approval { valid_until: valid_from, ..approval };
    assert_eq!(judged(Change::Approval(over)), Some(Rule::DatesReversed));
}

#[test]
fn a_programme_keeps_its_forum_its_bounds_and_its_seal() {
    let datatypes = |id: &str| vec![DatatypeId::parse(id).unwrap()];
    let (valid_from, valid_until) = (now(), now().plus_seconds(9));
    let mut directory = directory();
    directory.purposes[1].class_max = Classification::Secret;
    let judged = |change| super::tests::judged(&directory, &[], &change);
    let programme = Programme {
        id: ProgrammeId::parse("prog-1").unwrap(),
        instrument: "Act of 2010".into(),
        kind: BasisKind::Programme,
        forum: Forum::DgNser,
        agency: AgencyId::parse("mill").unwrap(),
        purpose: PurposeCode::parse("P-1").unwrap(),
        datatypes: datatypes("nser.pmt"),
        population: Population::default(),
        cadence: None,
        channels: vec![Channel::Api],
        sealed_until: None,
        valid_from,
        valid_until,
        revoked: false,
    };
    assert_eq!(judged(Change::Programme(programme.clone())), None);
    let check = |programme: Programme, expected| assert_eq!(judged(Change::Programme(programme)), Some(expected));
    check(Programme { forum: Forum::Nadra, ..programme.clone() }, Rule::ForumTooLow);
    check(Programme { instrument: String::new(), ..programme.clone() }, Rule::Empty);
    check(Programme { valid_until: valid_from, ..programme.clone() }, Rule::DatesReversed);
    check(Programme { channels: Vec::new(), ..programme.clone() }, Rule::Empty);
    let every = Period::Month;
    check(Programme { cadence: Some(Cadence { times: 0, every }), ..programme.clone() }, Rule::Empty);
    for districts in [[""], [" Badin"]] {
        let population = Population { districts: districts.map(str::to_owned).to_vec(), ..Population::default() };
        check(Programme { population, ..programme.clone() }, Rule::Empty);
    }
    for tehsils in ["", "Matli", "/Matli", "Badin/", "Badin/ Matli", " Badin/Matli"] {
        let population = Population { tehsils: vec![tehsils.into()], ..Population::default() };
        check(Programme { population, ..programme.clone() }, Rule::Empty);
    }
    for scores in [(-1.0, 5.0), (0.0, 100.5), (32.0, 10.0), (f64::NAN, 5.0)] {
        let population = Population { scores: Some(scores), ..Population::default() };
        check(Programme { population, ..programme.clone() }, Rule::Empty);
    }
    let bounds = Programme {
        population: Population {
            districts: vec!["Badin".into()],
            tehsils: vec!["Thatta/Keti Bandar".into()],
            scores: Some((0.0, 100.0)),
        },
        cadence: Some(Cadence { times: 1, every }),
        ..programme.clone()
    };
    assert_eq!(judged(Change::Programme(bounds)), None);
    let seal = |kind, until| Programme { kind, sealed_until: Some(until), ..programme.clone() };
    for kind in [BasisKind::CourtOrder, BasisKind::Statute, BasisKind::NationalSecurity] {
        assert_eq!(judged(Change::Programme(seal(kind, valid_until))), None);
        check(seal(kind, valid_from), Rule::DatesReversed);
    }
    for kind in [BasisKind::Programme, BasisKind::VitalInterest] {
        check(seal(kind, valid_until), Rule::SealUnlawful);
        assert_eq!(seal(kind, valid_until).seal(), None, "nor does it count where no judge saw it");
    }
    assert_eq!(seal(BasisKind::Statute, valid_until).seal(), Some(valid_until));
    check(Programme { datatypes: datatypes("nser.soul"), ..programme }, Rule::DatatypeUnknown);
}

#[test]
fn a_category_is_of_a_known_kind_and_the_secretarys_to_approve() {
    let judged = |change: fn(&mut Category)| {
        let mut category = category("Bank");
        change(&mut category);
        judged(&directory(), &[], &Change::Category(category))
    };
    assert_eq!(judged(|_| ()), None);
    assert_eq!(judged(|c| c.forum = Forum::BispBoard), None);
    assert_eq!(judged(|c| c.forum = Forum::DgNser), Some(Rule::ForumTooLow));
    assert_eq!(judged(|c| c.forum = Forum::Nadra), Some(Rule::ForumTooLow));
    assert_eq!(judged(|c| c.kind = "Bazaar".into()), Some(Rule::KindUnknown));
    assert_eq!(judged(|c| c.instrument = " ".into()), Some(Rule::Empty));
    assert_eq!(judged(|c| c.valid_until = c.valid_from), Some(Rule::DatesReversed));
    assert_eq!(judged(|c| (c.revoked, c.instrument) = (true, String::new())), None, "ending one needs no paper");
}

#[test]
fn a_report_is_countable_and_the_dgs_to_approve() {
    let judged = |change: fn(&mut Report)| {
        let mut report = report();
        change(&mut report);
        judged(&directory(), &[], &Change::Report(report))
    };
    assert_eq!(judged(|_| ()), None);
    assert_eq!(judged(|r| r.forum = Forum::SecretaryBisp), None);
    assert_eq!(judged(|r| r.forum = Forum::BispBoard), None);
    assert_eq!(judged(|r| r.forum = Forum::Nadra), Some(Rule::ForumTooLow));
    assert_eq!(judged(|r| r.forum = Forum::NotRequired), Some(Rule::ForumTooLow));
    assert_eq!(judged(|r| r.name = "By Tehsil".into()), Some(Rule::ReportDesign));
    assert_eq!(judged(|r| r.name = "persons-by-district".into()), Some(Rule::NameTaken));
    assert_eq!(judged(|r| r.design.member_employment = Some("idle".into())), Some(Rule::ReportDesign));
    assert_eq!(judged(|r| r.title = " ".into()), Some(Rule::Empty));
    assert_eq!(judged(|r| r.title_ur = "in English".into()), Some(Rule::Empty));
    assert_eq!(judged(|r| r.instrument = String::new()), Some(Rule::Empty));
    assert_eq!(judged(|r| r.valid_until = r.valid_from), Some(Rule::DatesReversed));
    assert_eq!(judged(|r| (r.revoked, r.instrument) = (true, String::new())), None, "withdrawing one needs no paper");
}

#[test]
fn a_purpose_is_short_plain_and_no_standing_leave_for_secrets() {
    let purpose = directory().purposes[0].clone();
    let check = |purpose: Purpose, expected| {
        assert_eq!(judged(&directory(), &[], &Change::Purpose(purpose.clone())), expected, "{purpose:?}");
    };
    check(purpose.clone(), None);
    check(Purpose { text: "x".repeat(25), ..purpose.clone() }, Some(Rule::Empty));
    check(Purpose { text_ur: "in English".into(), ..purpose.clone() }, Some(Rule::Empty));
    check(Purpose { standing_days_max: 367, ..purpose.clone() }, Some(Rule::PurposeCeiling));
    let secret = Purpose { class_max: Classification::Secret, standing_days_max: 1, ..purpose };
    check(secret, Some(Rule::PurposeCeiling));
}

#[test]
fn a_key_belongs_to_one_agency_and_a_verdict_to_an_application() {
    let mut directory = directory();
    directory.agencies.push(agency("bank", "Bank", Sector::Private));
    directory.agencies[1].keys = vec!["01".repeat(32)];
    let key = |agency: &str, sha256: String| Change::Key(Key { agency: AgencyId::parse(agency).unwrap(), sha256 });
    assert_eq!(judged(&directory, &[], &key("bank", "ef".repeat(32))), None);
    assert_eq!(judged(&directory, &[], &key("bank", "cd".repeat(32))), Some(Rule::NameTaken));
    assert_eq!(judged(&directory, &[], &key("bank", "xy".repeat(32))), Some(Rule::KeyInvalid));
    assert_eq!(judged(&directory, &[], &key("nobody", "ef".repeat(32))), Some(Rule::AgencyUnknown));
    let case = approved(application(Sector::Private), Forum::DgNser);
    let change = Change::Decision(case.verdict.clone().unwrap());
    assert_eq!(judged(&directory, &[case], &change), None);
    assert_eq!(judged(&directory, &[], &change), Some(Rule::ApplicationUnknown));
}

#[test]
fn what_is_applied_stands_once_and_reads_back() {
    let mut directory = directory();
    let changes = [
        Change::Agency(agency("bank", "Bank", Sector::Private)),
        Change::Key(Key { agency: AgencyId::parse("bank").unwrap(), sha256: "ef".repeat(32) }),
        Change::User(User { id: UserId::parse("new").unwrap(), ..directory.users[0].clone() }),
        Change::Agreement(Agreement { revision: 2, ..directory.agreements[0].clone() }),
        Change::Purpose(directory.purposes[0].clone()),
    ];
    for change in &changes {
        let text = serde_json::to_string(change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), *change, "{text}");
        apply(change, &mut directory);
        apply(change, &mut directory);
    }
    let counts =
        (directory.agencies.len(), directory.users.len(), directory.agreements.len(), directory.purposes.len());
    assert_eq!(counts, (2, 2, 1, 3));
    assert_eq!((directory.agencies[1].keys.len(), directory.agreements[0].revision), (2, 2));
    assert!(serde_json::from_str::<Change>(r#"{"kind":"key","entry":{"agency":"a","sha256":"","x":1}}"#).is_err());
}

proptest! {
    /// Whatever dates, forum and revision: what the judge lets pass begins before it ends, follows the revision in force and
    /// is of a forum that may open it.
    #[test]
    fn a_sound_agreement_is_sound(
        from in -100_i64..100, length in -100_i64..100, forum in prop::sample::select(Forum::ALL), revision in 0_u32..4
    ) {
        let mut directory = directory();
        directory.agencies.push(agency("newcomer", "Ngo", Sector::LocalNgo));
        let cases = [approved(opened(Sector::LocalNgo, "nser.household", &["nser.pmt"]), Forum::BispBoard)];
        let valid_from = now().plus_seconds(from);
        let valid_until = valid_from.plus_seconds(length);
        let agreement = Agreement { revision, valid_from, valid_until, ..agreement("agr-1", "newcomer", forum) };
        let sound = judged(&directory, &cases, &Change::Agreement(agreement)).is_none();
        let expected = length > 0 && revision == 1 && matches!(forum, Forum::SecretaryBisp | Forum::BispBoard);
        prop_assert_eq!(sound, expected);
    }
}

//! The answers' JSON as golden text: the order and the words that clients of upstreams read.

use std::sync::Arc;

use exchange::{classification::Role, cnic::Cnic};

use super::{HouseholdAnswer, IdentityAnswer, MatchAnswer, NoticeAnswer, ReportAnswer};
use crate::{
    address::Address,
    date::{Day, PartialDate},
    household::{
        Disability, Education, Employment, Gharana, Household, HouseholdId, Membership, Payment, Position, Relation,
        Surveyed,
    },
    identifier::{Identifier, IdentifierKind, IdentifierState},
    name::Name,
    person::{Gender, LifeStatus, Person, PersonId},
    report::Row,
    service::{
        id,
        testing::{cnic, permit},
    },
};

const HEAD: &str = "4010112345671";
const WIFE: &str = "4010112345682";

const IDENTITY: &[&str] = &[
    "identity.name",
    "identity.parentage",
    "identity.birth",
    "identity.gender",
    "identity.address",
    "identity.contact",
    "identity.card",
];
const HOUSEHOLD: &[&str] = &[
    "nser.id",
    "nser.name",
    "nser.relation",
    "nser.gender",
    "nser.age",
    "nser.address",
    "nser.disability",
    "nser.education",
    "nser.employment",
    "nser.assets",
    "nser.pmt",
    "nser.contact",
    "nser.payments",
    "nser.cnic",
    "nser.location",
];

fn address() -> Address {
    Address {
        province: "Sindh".into(),
        district: "Thatta".into(),
        tehsil: "Keti Bandar".into(),
        text: "House 12, Goth 7".into(),
    }
}

fn card(number: &str, kind: IdentifierKind, expires: Option<&str>) -> Identifier {
    let expires = expires.map(|text| Day::parse(text).unwrap());
    Identifier { kind, value: cnic(number), state: IdentifierState::Active, expires }
}

fn head() -> Person {
    Person {
        pid: PersonId(1),
        name: Name::new("Ghulam Akbar Soomro", "غلام اکبر سومرو"),
        father: Name::new("Muhammad Daud Soomro", "محمد داؤد سومرو"),
        gender: Gender::Male,
        birth: PartialDate::parse("1979-08-14").unwrap(),
        life: LifeStatus::Alive,
        identifiers: vec![card(HEAD, IdentifierKind::Cnic, Some("2031-05-06"))],
        address: address(),
        mobile: exchange::mobile::Mobile::parse("03990000007").ok(),
    }
}

fn wife() -> Person {
    Person {
        pid: PersonId(2),
        name: Name::new("Sakina Bibi", "سکینہ بی بی"),
        gender: Gender::Female,
        birth: PartialDate::Year(1984),
        identifiers: vec![card(WIFE, IdentifierKind::Cnic, Some("2029-01-31"))],
        mobile: None,
        ..head()
    }
}

fn infant() -> Person {
    Person { pid: PersonId(3), birth: PartialDate::Month(2026, 3), identifiers: Vec::new(), mobile: None, ..head() }
}

fn gharana() -> Gharana {
    let relations = [Relation::Head, Relation::Spouse, Relation::Daughter];
    let persons = [head(), wife(), infant()];
    let surveyed = [
        Surveyed {
            disability: Some(Disability::None),
            education: Some(Education::Primary),
            employment: Some(Employment::OwnAccount),
        },
        Surveyed { disability: Some(Disability::Walking), ..Surveyed::default() },
        Surveyed::default(),
    ];
    let of = relations.iter().zip(&persons).zip(surveyed);
    let members = of.map(|((&relation, p), surveyed)| Membership { pid: p.pid, relation, surveyed }).collect();
    let household = Household {
        id: HouseholdId(1_234_567),
        address: address(),
        position: Some(Position { latitude_e6: 24_144_500, longitude_e6: 67_450_001 }),
        pmt: 1_805,
        assets: vec!["Bicycle".into(), "Two goats".into()],
        beneficiary: true,
        payments: vec![
            Payment { month: "2025-10".into(), amount: 13_500 },
            Payment { month: "2026-01".into(), amount: 0 },
        ],
        members,
    };
    Gharana { household, persons: relations.into_iter().zip(persons.map(Arc::new)).collect() }
}

fn household(role: Role, searched: &str, datatypes: &[&str], gharana: &Gharana) -> String {
    let permit = permit(id::HOUSEHOLD, searched).role(role).datatypes(datatypes).mint();
    let on = Day::parse("2026-11-22").unwrap();
    serde_json::to_string(&HouseholdAnswer::of(gharana, cnic(searched), &permit, on)).unwrap()
}

fn identity(person: &Person, number: &str, datatypes: &[&str]) -> String {
    let permit = permit(id::KYC, number).datatypes(datatypes).mint();
    serde_json::to_string(&IdentityAnswer::of(person, cnic(number), &permit)).unwrap()
}

#[test]
fn particulars_of_one_person() {
    let golden = concat!(
        r#"{"cnic":"4010112345671","name":"Ghulam Akbar Soomro","name_ur":"غلام اکبر سومرو","#,
        r#""father_name":"Muhammad Daud Soomro","father_name_ur":"محمد داؤد سومرو","#,
        r#""date_of_birth":"1979-08-14","gender":"M","district":"Thatta","tehsil":"Keti Bandar","#,
        r#""address":"House 12, Goth 7","mobile":"+923990000007","card_status":"active","card_expiry":"2031-05-06"}"#,
    );
    assert_eq!(identity(&head(), HEAD, IDENTITY), golden);
}

#[test]
fn what_a_person_has_not_is_left_out_and_not_made_up() {
    let check = |change: fn(&mut Person), datatype: &str, expected: &str| {
        let mut person = head();
        change(&mut person);
        assert_eq!(identity(&person, HEAD, &[datatype]), format!("{{\"cnic\":\"{HEAD}\"{expected}}}"), "{datatype}");
    };
    check(|p| p.mobile = None, "identity.contact", "");
    check(|p| p.identifiers[0].expires = None, "identity.card", r#","card_status":"active""#);
    check(|p| p.identifiers.clear(), "identity.card", "");
    check(|p| p.birth = PartialDate::Year(1979), "identity.birth", r#","date_of_birth":"1979""#);
    check(|p| p.birth = PartialDate::Month(1979, 8), "identity.birth", r#","date_of_birth":"1979-08""#);
    check(|p| p.gender = Gender::Transgender, "identity.gender", r#","gender":"X""#);
}

#[test]
fn the_card_that_is_told_is_the_one_that_was_asked() {
    let mut person = head();
    let mut old = card(WIFE, IdentifierKind::Nicop, Some("2019-09-30"));
    old.state = IdentifierState::Cancelled;
    person.identifiers.push(old);
    let expected = r#"{"cnic":"4010112345682","card_status":"cancelled","card_expiry":"2019-09-30"}"#;
    assert_eq!(identity(&person, WIFE, &["identity.card"]), expected);
    let first = r#"{"cnic":"4010112345671","card_status":"active","card_expiry":"2031-05-06"}"#;
    assert_eq!(identity(&person, HEAD, &["identity.card"]), first);
}

#[test]
fn a_household_with_all_that_is_known_of_it() {
    let golden = concat!(
        r#"{"subjects":["4010112345671","4010112345682"],"household":{"id":"NSER-0001234567","#,
        r#""district":"Thatta","tehsil":"Keti Bandar","address":"House 12, Goth 7","pmt":18.05,"#,
        r#""assets":["Bicycle","Two goats"],"beneficiary":true,"#,
        r#""payments":[{"month":"2025-10","amount":13500},{"month":"2026-01","amount":0}],"#,
        r#""latitude":24.1445,"longitude":67.450001,"members":["#,
        r#"{"searched":false,"name":"Ghulam Akbar Soomro","name_ur":"غلام اکبر سومرو","relation":"head","#,
        r#""gender":"M","age":47,"disability":"none","education":"primary","employment":"own_account","#,
        r#""cnic":"4010112345671","mobile":"+923990000007"},"#,
        r#"{"searched":true,"name":"Sakina Bibi","name_ur":"سکینہ بی بی","relation":"spouse","#,
        r#""gender":"F","age":"41-42","disability":"walking","cnic":"4010112345682"},"#,
        r#"{"searched":false,"name":"Ghulam Akbar Soomro","name_ur":"غلام اکبر سومرو","relation":"daughter","#,
        r#""gender":"M","age":0}]}}"#,
    );
    assert_eq!(household(Role::Power, WIFE, HOUSEHOLD, &gharana()), golden);
}

#[test]
fn basic_is_told_of_the_searched_person_whoever_that_is() {
    let check = |searched: &str, expected: &str| {
        let got = household(Role::Basic, searched, &["nser.name", "nser.cnic"], &gharana());
        assert_eq!(got, expected, "{searched}");
    };
    check(
        HEAD,
        concat!(
            r#"{"subjects":["4010112345671"],"household":{"members":[{"name":"Ghulam Akbar Soomro","#,
            r#""name_ur":"غلام اکبر سومرو","cnic":"4010112345671"}]}}"#
        ),
    );
    check(
        WIFE,
        concat!(
            r#"{"subjects":["4010112345682"],"household":{"members":[{"name":"Sakina Bibi","#,
            r#""name_ur":"سکینہ بی بی","cnic":"4010112345682"}]}}"#
        ),
    );
    check("4010112345690", r#"{"subjects":[],"household":{"members":[]}}"#);
}

#[test]
fn who_may_see_the_searched_persons_own_row_only_sees_no_other_in_any_role() {
    let on = Day::parse("2026-11-22").unwrap();
    for role in [Role::Basic, Role::Standard, Role::Power] {
        let asks = permit(id::HOUSEHOLD, WIFE).role(role).datatypes(&["nser.name"]);
        let answer = HouseholdAnswer::of(&gharana(), cnic(WIFE), &asks.own_row().mint(), on);
        let shown = serde_json::to_value(&answer.household.members).unwrap();
        assert_eq!((shown.as_array().unwrap().len(), &shown[0]["name"]), (1, &"Sakina Bibi".into()), "{role}");
        assert_eq!(answer.subjects, [WIFE], "{role}: the record names nobody else");
    }
}

#[test]
fn minors_follow_the_head_who_consented_and_nobody_else_is_shown() {
    let day = |text: &str| Day::parse(text).unwrap();
    let shown = |searched: &str, role, gharana: &Gharana, on: &str| {
        let asks = permit(id::HOUSEHOLD, searched).role(role).datatypes(&["nser.name"]).with_wards();
        let answer = HouseholdAnswer::of(gharana, cnic(searched), &asks.mint(), day(on));
        let names = answer.household.members.into_iter().map(|member| member.name.unwrap_or_default());
        names.collect::<Vec<_>>()
    };
    let (head, wife) = ("Ghulam Akbar Soomro", "Sakina Bibi");
    // The infant has the head's name in this household, and was born in March 2026.
    let at = |on: &str| shown(HEAD, Role::Standard, &gharana(), on);
    assert_eq!(at("2026-11-22"), [head, head], "the daughter beside the head, the wife not");
    assert_eq!(at("2044-02-28"), [head, head], "seventeen");
    assert_eq!(at("2044-03-15"), [head], "perhaps eighteen");
    assert_eq!(shown(WIFE, Role::Standard, &gharana(), "2026-11-22"), [wife], "she is not the head");
    assert_eq!(shown(HEAD, Role::Basic, &gharana(), "2026-11-22"), [head], "Basic sees no other row");
    let mut others = gharana();
    others.persons[2].0 = Relation::Other;
    assert_eq!(
        shown(HEAD, Role::Power, &others, "2026-11-22"),
        [head],
        "of other minors the registry knows no guardian"
    );
}

#[test]
fn a_member_is_the_searched_one_by_any_of_the_members_numbers() {
    let mut gharana = gharana();
    let mut first = head();
    first.identifiers.push(card("4010112345693", IdentifierKind::Nicop, None));
    gharana.persons[0].1 = Arc::new(first);
    let got = household(Role::Basic, "4010112345693", &["nser.relation", "nser.cnic"], &gharana);
    let expected = concat!(
        r#"{"subjects":["4010112345671"],"household":{"members":["#,
        r#"{"searched":true,"relation":"head","cnic":"4010112345671"}]}}"#
    );
    assert_eq!(got, expected);
}

#[test]
fn the_ends_of_a_households_numbers() {
    let check = |change: fn(&mut Household), datatypes: &[&str], expected: &str| {
        let mut gharana = gharana();
        gharana.persons.clear();
        change(&mut gharana.household);
        let got = household(Role::Power, HEAD, datatypes, &gharana);
        assert_eq!(got, format!("{{\"subjects\":[],\"household\":{{{expected}\"members\":[]}}}}"));
    };
    check(|h| h.pmt = 0, &["nser.pmt"], r#""pmt":0.0,"#);
    check(|h| h.pmt = 10_000, &["nser.pmt"], r#""pmt":100.0,"#);
    check(|h| h.pmt = 1, &["nser.pmt"], r#""pmt":0.01,"#);
    check(|h| h.id = HouseholdId(0), &["nser.id"], r#""id":"NSER-0000000000","#);
    check(|h| h.id = HouseholdId(12_345_678_901), &["nser.id"], r#""id":"NSER-12345678901","#);
    check(|h| h.position = None, &["nser.location"], "");
    check(|h| h.assets.clear(), &["nser.assets"], r#""assets":[],"#);
    check(|h| h.payments.clear(), &["nser.payments"], r#""beneficiary":true,"payments":[],"#);
    let south = |h: &mut Household| h.position = Some(Position { latitude_e6: -1, longitude_e6: 0 });
    check(south, &["nser.location"], r#""latitude":-1e-6,"longitude":0.0,"#);
}

#[test]
fn the_short_answers() {
    let json = |value: serde_json::Result<String>| value.unwrap();
    assert_eq!(json(serde_json::to_string(&MatchAnswer { matches: true })), r#"{"match":true}"#);
    assert_eq!(json(serde_json::to_string(&MatchAnswer { matches: false })), r#"{"match":false}"#);
    let notice = NoticeAnswer { notice: "00ff".into(), status: "received" };
    assert_eq!(json(serde_json::to_string(&notice)), r#"{"notice":"00ff","status":"received"}"#);
    let report = ReportAnswer {
        report: "persons-by-province".into(),
        title: "Living persons".into(),
        title_ur: "زندہ افراد".into(),
        as_of: "2026-11-22T10:00:00+05:00".into(),
        rows: vec![Row { area: "Punjab".into(), count: Some(10) }, Row { area: "Sindh".into(), count: None }],
    };
    let golden = concat!(
        r#"{"report":"persons-by-province","title":"Living persons","title_ur":"زندہ افراد","#,
        r#""as_of":"2026-11-22T10:00:00+05:00","rows":[{"area":"Punjab","count":10},{"area":"Sindh","count":null}]}"#
    );
    assert_eq!(json(serde_json::to_string(&report)), golden);
}

#[test]
fn numbers_keep_their_leading_zeros() {
    let zero = Cnic::from_u64(17).unwrap().digits();
    let mut person = head();
    person.identifiers[0].value = cnic(&zero);
    assert_eq!(identity(&person, &zero, &[]), r#"{"cnic":"0000000000017"}"#);
}

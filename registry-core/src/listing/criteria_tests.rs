//! What each criterion lets through, alone and together.

use std::sync::Arc;

use super::*;
use crate::{
    date::PartialDate,
    household::{Household, HouseholdId, Membership, Surveyed},
    person::{PersonId, tests::adult},
};

/// Anything changed of the household of [`gharana`].
type Change = fn(&mut Vec<(Relation, Person)>);

fn member(pid: u64, relation: Relation, gender: Gender, birth: &str) -> (Relation, Person) {
    let mut person = adult(pid, "3010112345671");
    person.gender = gender;
    person.birth = PartialDate::parse(birth).unwrap();
    (relation, person)
}

/// The father works on his own account, the mother walks with difficulty and helps him, the son has several difficulties.
fn surveyed(pid: PersonId) -> Surveyed {
    let (disability, employment) = match pid.0 {
        1 => (Disability::None, Some(Employment::OwnAccount)),
        2 => (Disability::Walking, Some(Employment::FamilyWorker)),
        _ => (Disability::Several, None),
    };
    Surveyed { disability: Some(disability), education: None, employment }
}

/// A father of 47, a mother of 41 or 42, a son of 8.
fn gharana(change: Change) -> Gharana {
    let mut persons = vec![
        member(1, Relation::Head, Gender::Male, "1979-08-14"),
        member(2, Relation::Spouse, Gender::Female, "1984"),
        member(3, Relation::Son, Gender::Male, "2018-03-05"),
    ];
    change(&mut persons);
    let household = Household {
        id: HouseholdId(1),
        address: adult(1, "3010112345671").address,
        position: None,
        pmt: 3_000,
        assets: vec!["Bicycle".into(), "Two goats".into()],
        beneficiary: false,
        payments: Vec::new(),
        members: persons
            .iter()
            .map(|(relation, p)| Membership { pid: p.pid, relation: *relation, surveyed: surveyed(p.pid) })
            .collect(),
    };
    Gharana { household, persons: persons.into_iter().map(|(relation, p)| (relation, Arc::new(p))).collect() }
}

fn met(criteria: &Criteria, change: Change) -> bool {
    criteria.are_met_by(&gharana(change), Day::parse("2026-11-22").unwrap())
}

fn owning(assets: &[&str]) -> Criteria {
    Criteria { assets: assets.iter().map(|asset| (*asset).to_owned()).collect(), ..Criteria::default() }
}

fn aged(member_age_min: Option<u32>, member_age_max: Option<u32>) -> Criteria {
    Criteria { member_age_min, member_age_max, ..Criteria::default() }
}

fn sized(members_min: Option<u32>, members_max: Option<u32>) -> Criteria {
    Criteria { members_min, members_max, ..Criteria::default() }
}

fn asking(member_disability: Option<&str>, member_employment: Option<&str>) -> Criteria {
    let disability = member_disability.map(|word| DisabilityAsked::parse(word).unwrap());
    let employment = member_employment.map(|word| Employment::parse(word).unwrap());
    Criteria { member_disability: disability, member_employment: employment, ..Criteria::default() }
}

#[test]
fn nothing_asked_is_met_by_all() {
    assert!(Criteria::default().is_empty());
    assert!(met(&Criteria::default(), |_| {}));
    assert!(met(&Criteria::default(), Vec::clear));
    assert!(!owning(&["Car"]).is_empty());
    assert!(!aged(Some(0), None).is_empty());
}

#[test]
fn a_household_owns_all_that_is_named() {
    let check = |assets: &[&str], expected| assert_eq!(met(&owning(assets), |_| {}), expected, "{assets:?}");
    check(&["Bicycle"], true);
    check(&["Two goats", "Bicycle"], true);
    check(&[" bicycle ", "TWO GOATS"], true);
    check(&["Bicycle", "Car"], false);
    check(&["Goats"], false);
    check(&["Bicycl"], false);
    check(&["%"], false);
}

#[test]
fn the_heads_gender_is_the_heads() {
    let of = |gender| Criteria { head_gender: Some(gender), ..Criteria::default() };
    assert!(met(&of(Gender::Male), |_| {}));
    assert!(!met(&of(Gender::Female), |_| {}));
    assert!(met(&of(Gender::Transgender), |persons| persons[0].1.gender = Gender::Transgender));
    assert!(met(&of(Gender::Male), |persons| persons.reverse()), "the head is found wherever listed");
    assert!(!met(&of(Gender::Male), |persons| drop(persons.remove(0))), "a household without a head has no gender");
}

#[test]
fn members_are_counted_as_listed() {
    let check = |least, most, expected| assert_eq!(met(&sized(least, most), |_| {}), expected, "{least:?} {most:?}");
    check(Some(3), None, true);
    check(Some(4), None, false);
    check(None, Some(3), true);
    check(None, Some(2), false);
    check(Some(3), Some(3), true);
    check(Some(0), Some(u32::MAX), true);
    assert!(met(&sized(None, Some(0)), Vec::clear));
}

#[test]
fn an_age_fits_only_where_it_surely_does() {
    let check = |least, most, expected| assert_eq!(met(&aged(least, most), |_| {}), expected, "{least:?} {most:?}");
    check(Some(47), Some(47), true);
    check(Some(48), None, false);
    check(None, Some(8), true);
    check(None, Some(7), false);
    // The mother is 41 or 42.
    check(Some(41), Some(42), true);
    check(Some(42), Some(46), false);
    check(Some(40), Some(41), false);
    // Between nobody's: the son is too young, the father too old; no two members meet one bound each.
    check(Some(9), Some(40), false);
    check(Some(0), None, true);
}

#[test]
fn the_dead_have_no_age_and_the_held_have() {
    let child = aged(None, Some(10));
    assert!(met(&child, |persons| persons[2].1.life = LifeStatus::Held));
    assert!(!met(&child, |persons| persons[2].1.life = LifeStatus::Deceased(PartialDate::Year(2025))));
}

#[test]
fn one_member_has_the_disability_the_work_and_the_age_that_are_asked() {
    let check = |disability, employment, expected| {
        assert_eq!(met(&asking(disability, employment), |_| {}), expected, "{disability:?} {employment:?}");
    };
    check(Some("any"), None, true);
    check(Some("walking"), None, true);
    check(Some("several"), None, true);
    check(Some("hearing"), None, false);
    check(None, Some("own_account"), true);
    check(None, Some("unemployed"), false);
    check(Some("walking"), Some("family_worker"), true);
    check(Some("any"), Some("own_account"), false);
    let young = |disability| Criteria { member_age_max: Some(17), ..asking(Some(disability), None) };
    assert!(met(&young("any"), |_| {}), "the son");
    assert!(!met(&young("walking"), |_| {}), "the mother is older");
    let buried = |persons: &mut Vec<(Relation, Person)>| {
        persons[1].1.life = LifeStatus::Deceased(PartialDate::Year(2025));
    };
    assert!(!met(&asking(Some("walking"), None), buried), "the dead are not listed");
    assert!(!met(&asking(Some("any"), None), |persons| persons.truncate(1)), "who has none has not any");
    assert_eq!(DisabilityAsked::parse("none"), None);
    assert!(!asking(Some("any"), None).is_empty());
}

#[test]
fn all_that_is_asked_must_be_met() {
    let all = Criteria {
        assets: vec!["Bicycle".into()],
        head_gender: Some(Gender::Male),
        members_min: Some(2),
        members_max: Some(4),
        member_age_min: Some(5),
        member_age_max: Some(9),
        ..asking(Some("several"), None)
    };
    assert!(met(&all, |_| {}));
    let spoilt: [fn(&mut Criteria); 8] = [
        |c| c.assets.push("Car".into()),
        |c| c.head_gender = Some(Gender::Female),
        |c| c.members_min = Some(4),
        |c| c.members_max = Some(2),
        |c| c.member_age_min = Some(9),
        |c| c.member_age_max = Some(7),
        |c| c.member_disability = DisabilityAsked::parse("walking"),
        |c| c.member_employment = Some(Employment::OwnAccount),
    ];
    for (place, spoil) in spoilt.iter().enumerate() {
        let mut criteria = all.clone();
        spoil(&mut criteria);
        assert!(!met(&criteria, |_| {}), "criterion {place} was not asked");
    }
}

#[test]
fn what_nobody_can_meet_is_refused_by_its_parameter() {
    let check = |criteria: Criteria, refused: Option<&'static str>| {
        assert_eq!(criteria.check().err(), refused.map(RegistryError::Parameter), "{criteria:?}");
    };
    check(Criteria::default(), None);
    check(sized(Some(3), Some(3)), None);
    check(sized(Some(4), Some(3)), Some("members_min"));
    check(aged(Some(18), Some(18)), None);
    check(aged(Some(19), Some(18)), Some("member_age_min"));
    check(owning(&["Bicycle"; LIST_ASSETS_MAX]), None);
    check(owning(&["Bicycle"; LIST_ASSETS_MAX + 1]), Some("assets"));
    check(owning(&["Bicycle", " "]), Some("assets"));
}

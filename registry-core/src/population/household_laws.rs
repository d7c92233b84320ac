//! What holds of every surveyed household, of batches, and of a smaller population beside a larger one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    family_laws::{Register, everywhere},
    *,
};
use crate::{
    date::{Day, PartialDate},
    household::{Household, Relation},
    identifier::{IdentifierKind, IdentifierState},
    limits::HOUSEHOLD_MEMBERS_MAX,
    person::{Gender, LifeStatus},
};

fn households(register: &Register) -> impl Iterator<Item = &Household> {
    register.families.iter().flat_map(|family| &family.households)
}

#[test]
fn a_person_lives_in_one_household_alive_and_among_family() {
    everywhere(|register, at| {
        let mut homes = BTreeSet::new();
        for (family, all) in register.families.iter().enumerate() {
            for household in &all.households {
                assert!((1..=HOUSEHOLD_MEMBERS_MAX).contains(&household.members.len()), "{at}");
                for member in &household.members {
                    assert!(homes.insert(member.pid), "{at}: {} lives twice", member.pid.0);
                    assert_eq!(register.places[&member.pid].0, family, "{at}: strangers share no household");
                    assert_eq!(register.truth(member.pid).died, None, "{at}: the dead live nowhere");
                    assert_eq!(register.person(member.pid).life, LifeStatus::Alive, "{at}");
                    assert_eq!(register.person(member.pid).address, household.address, "{at}: one address for all");
                }
            }
        }
    });
}

#[test]
fn a_relation_is_what_the_truth_says_it_is() {
    everywhere(|register, at| {
        for household in households(register) {
            let head = household.members[0].pid;
            let wife = household.members.iter().find(|member| member.relation == Relation::Spouse).map(|m| m.pid);
            for member in &household.members[1..] {
                let (person, truth) = (register.person(member.pid), register.truth(member.pid));
                let of_head = |parents: Option<(PersonId, PersonId)>| {
                    parents
                        .is_some_and(|(father, mother)| [father, mother].iter().any(|p| *p == head || Some(*p) == wife))
                };
                let parents_of_head = register.truth(head).parents;
                let fits = match member.relation {
                    Relation::Spouse => truth.spouse == Some(head),
                    Relation::Son => person.gender == Gender::Male && of_head(truth.parents),
                    Relation::Daughter => person.gender == Gender::Female && of_head(truth.parents),
                    Relation::Father => parents_of_head.is_some_and(|(father, _)| father == member.pid),
                    Relation::Mother => parents_of_head.is_some_and(|(_, mother)| mother == member.pid),
                    Relation::Head | Relation::FatherInLaw | Relation::MotherInLaw => false,
                    Relation::Other => truth.spouse != Some(head),
                };
                assert!(fits, "{at}: {} is not {:?} of {}", member.pid.0, member.relation, head.0);
            }
        }
    });
}

#[test]
fn the_survey_paid_who_was_to_be_paid() {
    everywhere(|register, at| {
        for household in households(register) {
            assert!(household.pmt <= 8_000, "{at}: {}", household.pmt);
            let wife = household.members.iter().any(|m| matches!(m.relation, Relation::Spouse | Relation::Mother));
            assert_eq!(household.beneficiary, household.pmt <= 3_200 && wife, "{at}: {}", household.pmt);
            let months: Vec<_> = household.payments.iter().map(|payment| payment.month.as_str()).collect();
            let expected: &[&str] =
                if household.beneficiary { &["2025-01", "2025-04", "2025-07", "2025-10"] } else { &[] };
            assert_eq!(months, expected, "{at}: oldest first, none after the reference day");
            assert!(household.payments.iter().all(|payment| payment.amount == 13_500), "{at}");
            let assets: BTreeSet<_> = household.assets.iter().collect();
            assert_eq!(assets.len(), household.assets.len(), "{at}: an asset twice");
        }
    });
}

#[test]
fn a_house_stands_within_its_province_in_a_real_tehsil() {
    let csv = include_str!("../../data/admin_units.csv");
    let listed: BTreeSet<(&str, &str)> = csv
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split(',');
            Some((columns.next()?, columns.next()?))
        })
        .collect();
    let degrees = BTreeMap::from([
        ("Punjab", [29, 32, 71, 73]),
        ("Sindh", [25, 28, 67, 69]),
        ("Khyber Pakhtunkhwa", [33, 35, 71, 72]),
        ("Balochistan", [27, 30, 64, 67]),
        ("Islamabad Capital Territory", [33, 34, 73, 74]),
        ("Azad Kashmir", [33, 34, 73, 74]),
        ("Gilgit-Baltistan", [35, 36, 74, 76]),
    ]);
    everywhere(|register, at| {
        for (person, _) in register.everybody() {
            let address = &person.address;
            assert!(listed.contains(&(address.province.as_str(), address.district.as_str())), "{at}: {address:?}");
            assert!(csv.contains(&address.tehsil), "{at}: {}", address.tehsil);
        }
        for household in households(register) {
            let [south, north, west, east] = degrees[household.address.province.as_str()].map(|d: i32| d * 1_000_000);
            let place = household.position.unwrap();
            assert!((south..=north).contains(&place.latitude_e6), "{at}: {}", household.address.province);
            assert!((west..=east).contains(&place.longitude_e6), "{at}: {}", household.address.province);
        }
    });
}

#[test]
fn a_smaller_population_is_the_beginning_of_a_larger_one_but_for_its_last_family() {
    for seed in [1, DEMO_SEED] {
        let whole: Vec<_> = Population::new(seed, 2_000).collect();
        for size in [1, 10, 99, 500, 1_234] {
            let small: Vec<_> = Population::new(seed, size).collect();
            let (last, before) = small.split_last().unwrap();
            for (one, other) in before.iter().zip(&whole) {
                assert!(one.persons == other.persons && one.truth == other.truth, "seed {seed}, {size}");
                assert!(one.households == other.households, "seed {seed}, {size}");
            }
            // The last family is cut: those who are left were there, and nothing points to those who are not.
            let uncut = &whole[before.len()];
            assert!(last.persons.len() <= uncut.persons.len());
            let names = last.truth.iter().zip(&uncut.truth).all(|(one, other)| one.name == other.name);
            assert!(names, "seed {seed}, {size}");
            let pointed =
                last.truth.iter().flat_map(|t| t.parents.into_iter().flat_map(|(f, m)| [f, m]).chain(t.spouse));
            assert!(pointed.into_iter().all(|pid| pid.0 <= size), "seed {seed}, {size}");
            let members = last.households.iter().flat_map(|household| &household.members);
            assert!(members.into_iter().all(|member| member.pid.0 <= size), "seed {seed}, {size}");
        }
    }
}

#[test]
fn batches_of_any_size_are_the_same_families_in_order() {
    let families: Vec<_> = Population::new(7, 700).collect();
    let persons: Vec<_> = families.iter().flat_map(|family| family.persons.clone()).collect();
    let homes: Vec<_> = families.iter().flat_map(|family| family.households.clone()).collect();
    for size in [1, 7, 100, 500, 699, 700, 10_000] {
        let batches: Vec<_> = Population::new(7, 700).batches(size).collect();
        let all: Vec<_> = batches.iter().flat_map(|batch| batch.persons.clone()).collect();
        assert!(all == persons, "batches of {size}");
        let all: Vec<_> = batches.iter().flat_map(|batch| batch.households.clone()).collect();
        assert!(all == homes, "batches of {size}");
        for batch in &batches {
            assert!(!batch.persons.is_empty(), "batches of {size}");
            let own: BTreeSet<_> = batch.persons.iter().map(|person| person.pid).collect();
            let housed = batch.households.iter().flat_map(|household| &household.members);
            assert!(
                housed.into_iter().all(|member| own.contains(&member.pid)),
                "batches of {size}: a house is not cut"
            );
        }
        assert!(batches.iter().rev().skip(1).all(|batch| batch.persons.len() >= size), "batches of {size}");
    }
    assert_eq!(Population::new(7, 0).batches(10).count(), 0);
}

/// The person of a number, with the households and truth of the family.
fn find(seed: u64, size: u64, number: exchange::cnic::Cnic) -> (Person, Family) {
    let holds = |family: &Family| family.persons.iter().position(|person| person.number() == Some(number));
    let mut families = Population::new(seed, size);
    let (place, family) = families.find_map(|family| Some((holds(&family)?, family))).unwrap();
    (family.persons[place].clone(), family)
}

#[test]
fn the_notable_are_who_they_are_said_to_be_under_every_seed() {
    let size = 40_000;
    for seed in [1, 2, DEMO_SEED] {
        let notable = Population::new(seed, size).notable().unwrap();
        let person = |number| find(seed, size, number).0;
        let card = |person: &Person| person.identifiers[0].clone();
        let long = Day::new(2033, 1, 1).unwrap();
        for number in [notable.customer, notable.patient, notable.household_head] {
            let person = person(number);
            assert!(matches!(person.birth, PartialDate::Day(_)) && person.mobile.is_some(), "seed {seed}");
            assert_eq!(person.verifiable(number, long), Ok(()), "seed {seed}");
            assert_eq!(card(&person).kind, IdentifierKind::Cnic, "seed {seed}");
        }
        let year_only = person(notable.year_only);
        assert!(matches!(year_only.birth, PartialDate::Year(_)), "seed {seed}");
        assert_eq!(year_only.verifiable(notable.year_only, long), Ok(()), "seed {seed}");
        let expired = person(notable.expired);
        assert!(card(&expired).expired_on(Day::REFERENCE) && expired.life == LifeStatus::Alive, "seed {seed}");
        let impounded = person(notable.impounded);
        assert_eq!((card(&impounded).state, impounded.life), (IdentifierState::Impounded, LifeStatus::Alive));
        assert!(matches!(person(notable.deceased).life, LifeStatus::Deceased(_)), "seed {seed}");
        let (head, family) = find(seed, size, notable.household_head);
        let home = family.households.iter().find(|home| home.members[0].pid == head.pid).unwrap();
        let members: Vec<_> =
            home.members.iter().map(|m| family.persons.iter().find(|p| p.pid == m.pid).unwrap()).collect();
        assert!(home.beneficiary && members.len() >= 5 && head.gender == Gender::Male, "seed {seed}");
        assert!(members.iter().all(|member| member.number().is_some()), "seed {seed}");
        assert!(members.iter().any(|member| member.gender == Gender::Female), "seed {seed}");
        assert!(members.iter().any(|member| card(member).kind == IdentifierKind::Crc), "seed {seed}");
    }
}

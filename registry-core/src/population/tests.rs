//! What a synthetic population promises.

use std::{collections::HashSet, fmt::Write as _};

use super::*;
use crate::{
    date::{Day, PartialDate},
    household::{Relation, Surveyed},
    identifier::IdentifierKind,
    person::{Gender, LifeStatus},
};

fn population() -> Vec<Family> {
    Population::new(DEMO_SEED, 20_000).collect()
}

/// A digest that never changes with a compiler or library: FNV-1a (Fowler, Noll, Vo), 64 bits.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn written(size: u64) -> String {
    let mut text = String::new();
    for family in Population::new(DEMO_SEED, size) {
        for (person, truth) in family.persons.iter().zip(&family.truth) {
            let numbers: Vec<_> = person.identifiers.iter().map(|i| (i.value.digits(), i.state, i.expires)).collect();
            let names = [&person.name, &person.father, &truth.name].map(|name| (&name.roman, &name.urdu));
            let mobile = person.mobile.map(exchange::mobile::Mobile::e164);
            let rest = (person.pid, person.gender, person.birth, person.life, &person.address.text, mobile);
            writeln!(text, "{names:?} {numbers:?} {rest:?} {:?} {:?}", truth.born, truth.slips).unwrap();
        }
        for household in &family.households {
            let place = household.position.map(|p| (p.latitude_e6, p.longitude_e6));
            let surveyed = |of: &Surveyed| (of.disability, of.education, of.employment);
            let members: Vec<_> =
                household.members.iter().map(|m| (m.pid, m.relation, surveyed(&m.surveyed))).collect();
            let rest = (household.pmt, &household.assets, members, &household.payments);
            writeln!(text, "{:?} {} {place:?} {rest:?}", household.id, household.address.tehsil).unwrap();
        }
    }
    text
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let text = written(1_000);
    assert_eq!(text, written(1_000));
    assert_eq!(format!("{:016x}", fnv(&text)), "f8ed77b50b545bfa");
}

#[test]
fn a_population_has_exactly_its_size_and_no_number_or_mobile_twice() {
    let persons: Vec<_> = population().into_iter().flat_map(|family| family.persons).collect();
    assert_eq!(persons.len(), 20_000);
    let numbers: Vec<_> = persons.iter().flat_map(|p| &p.identifiers).map(|i| i.value).collect();
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
    let mobiles: Vec<_> = persons.iter().filter_map(|p| p.mobile).collect();
    assert_eq!(mobiles.iter().collect::<HashSet<_>>().len(), mobiles.len());
    let pids: HashSet<_> = persons.iter().map(|p| p.pid.0).collect();
    assert_eq!(pids, (1..=20_000).collect());
}

#[test]
fn a_number_is_odd_for_men_even_for_women_and_nobodys() {
    for person in population().iter().flat_map(|family| &family.persons) {
        for digits in person.identifiers.iter().map(|i| i.value.digits()) {
            let last = digits.as_bytes()[12] - b'0';
            assert_eq!(last % 2 == 1, person.gender == Gender::Male);
            assert_eq!(digits.as_bytes()[1], b'0');
            assert!((b'1'..=b'8').contains(&digits.as_bytes()[0]));
        }
    }
}

#[test]
fn households_have_one_head_and_nobody_twice_and_only_the_living() {
    let mut homes = HashSet::new();
    let mut ids = HashSet::new();
    for family in population() {
        for household in &family.households {
            assert!(ids.insert(household.id));
            assert_eq!(household.members[0].relation, Relation::Head);
            assert_eq!(household.members.iter().filter(|m| m.relation == Relation::Head).count(), 1);
            assert!(household.members.len() <= crate::limits::HOUSEHOLD_MEMBERS_MAX);
            for member in &household.members {
                assert!(homes.insert(member.pid), "{:?}", member.pid);
                let person = family.persons.iter().find(|p| p.pid == member.pid).unwrap();
                assert_eq!(person.life, LifeStatus::Alive);
            }
        }
    }
    assert!((9_000..20_000).contains(&homes.len()), "{}", homes.len());
}

#[test]
fn the_truth_names_every_error_and_no_other() {
    for family in population() {
        for (person, truth) in family.persons.iter().zip(&family.truth) {
            let has = |slip| truth.slips.contains(&slip);
            assert_eq!(has(Slip::YearOnly), matches!(person.birth, PartialDate::Year(_)));
            assert_eq!(has(Slip::NameMisspelt), person.name != truth.name);
            assert_eq!(has(Slip::NoNumber), person.identifiers.is_empty());
            assert_eq!(has(Slip::DeathUnregistered), truth.died.is_some() && person.life == LifeStatus::Alive);
            if person.father != truth.father {
                assert!(has(Slip::HusbandAsFather));
            }
            if !has(Slip::YearOnly) && !has(Slip::FirstOfJanuary) {
                assert_eq!(person.birth, PartialDate::Day(truth.born));
            }
            assert_eq!(person.birth.year(), truth.born.year());
        }
    }
}

#[test]
fn errors_and_ages_come_about_as_often_as_meant() {
    let families = population();
    let all = families.iter().map(|f| f.persons.len()).sum::<usize>();
    let persons = || families.iter().flat_map(|f| &f.persons);
    let check = |count: usize, least: usize, most: usize, what: &str| {
        let per_mille = count * 1000 / all;
        assert!((least..=most).contains(&per_mille), "{what}: {per_mille} in a thousand");
    };
    let slip = |slip| families.iter().flat_map(|f| &f.truth).filter(|t| t.slips.contains(&slip)).count();
    check(slip(Slip::YearOnly), 220, 330, "year of birth only");
    check(slip(Slip::NameMisspelt), 15, 35, "misspelt names");
    check(persons().filter(|p| p.life != LifeStatus::Alive).count(), 50, 350, "dead");
    check(persons().filter(|p| p.mobile.is_some()).count(), 300, 700, "with a mobile");
    let children = persons().filter(|p| p.identifiers.iter().any(|i| i.kind == IdentifierKind::Crc)).count();
    check(children, 100, 450, "children with a number");
    let expired = |p: &&Person| p.identifiers.iter().any(|i| i.expired_on(Day::REFERENCE));
    check(persons().filter(expired).count(), 20, 100, "expired");
    let paid = families.iter().flat_map(|f| &f.households).filter(|h| h.beneficiary).count();
    let households = families.iter().map(|f| f.households.len()).sum::<usize>();
    assert!((100..500).contains(&(paid * 1000 / households)), "{paid} of {households} households paid");
}

#[test]
fn the_notable_are_the_same_in_every_population_that_has_them() {
    let notable = Population::new(DEMO_SEED, 100_000).notable().unwrap();
    assert_eq!(Population::new(DEMO_SEED, 5_000).notable(), Some(notable));
    assert_eq!(Population::new(DEMO_SEED, 50).notable(), None);
    let all = [
        notable.household_head,
        notable.customer,
        notable.patient,
        notable.year_only,
        notable.expired,
        notable.impounded,
        notable.deceased,
    ];
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    let digits = all.map(exchange::cnic::Cnic::digits);
    let golden = [
        "4015141451093",
        "1029049703061",
        "1013340447350",
        "5014170082053",
        "1008034732111",
        "3002149228574",
        "4021364534103",
    ];
    assert_eq!(digits.join(" "), golden.join(" "));
}

#[test]
fn a_smaller_population_is_the_beginning_of_a_larger_one() {
    let first = |size| Population::new(DEMO_SEED, size).next().unwrap().persons;
    assert_eq!(first(500), first(50_000));
}

#[test]
fn batches_hold_everybody_once() {
    let batches: Vec<_> = Population::new(DEMO_SEED, 3_000).batches(1_000).collect();
    assert_eq!(batches.iter().map(|batch| batch.persons.len()).sum::<usize>(), 3_000);
    assert!(batches.iter().all(|batch| batch.persons.len() < 1_200));
}

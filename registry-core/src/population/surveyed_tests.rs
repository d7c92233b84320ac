//! What is found of members depends on their age, and is the same for the same seed.

use std::collections::BTreeSet;

use super::*;
use crate::population::{DEMO_SEED, Population, calendar::day_of};

/// Every member with the age in whole years that the survey counted.
fn members() -> Vec<(i64, Surveyed)> {
    let mut members = Vec::new();
    for family in Population::new(DEMO_SEED, 5_000) {
        for member in family.households.iter().flat_map(|household| &household.members) {
            let place = family.persons.iter().position(|person| person.pid == member.pid).unwrap();
            let written = family.truth[place].born.to_string();
            let parts: Vec<i64> = written.split('-').map(|part| part.parse().unwrap()).collect();
            members.push(((REFERENCE_DAY - day_of(parts[0], parts[1], parts[2])) / 365, member.surveyed));
        }
    }
    members
}

#[test]
fn children_are_not_asked_of_school_and_work() {
    for (years, found) in members() {
        assert!(found.disability.is_some());
        assert_eq!((found.education.is_some(), found.employment.is_some()), (years >= 5, years >= 10), "{years}");
        assert!(found.education != Some(Education::Tertiary) || years >= 21, "{years}");
        assert!(found.employment.is_none_or(|it| it == Employment::Outside) || (15..65).contains(&years), "{years}");
    }
}

#[test]
fn every_word_is_found_of_somebody() {
    let members = members();
    let disabilities: BTreeSet<_> = members.iter().filter_map(|(_, found)| found.disability).collect();
    let educations: BTreeSet<_> = members.iter().filter_map(|(_, found)| found.education).collect();
    let employments: BTreeSet<_> = members.iter().filter_map(|(_, found)| found.employment).collect();
    assert!(disabilities.iter().eq(Disability::ALL), "{disabilities:?}");
    assert!(educations.iter().eq(Education::ALL), "{educations:?}");
    assert!(employments.iter().eq(Employment::ALL), "{employments:?}");
}

//! What holds of the truth in every population, whatever its seed and size: who was born to whom, when, and who married.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;
use crate::{
    date::{Day, PartialDate},
    household::Relation,
    identifier::{IdentifierKind, IdentifierState},
    person::{Gender, LifeStatus},
};

/// Seeds and sizes at which every law is held: alone, a pair, part of a family, some families, many.
pub(super) const TRIED: [(u64, u64); 7] =
    [(1, 1), (2, 2), (3, 49), (7, 500), (DEMO_SEED, 3_000), (u64::MAX, 1_000), (0, 1_000)];

/// A whole population with its persons by number.
pub(super) struct Register {
    pub(super) families: Vec<Family>,
    pub(super) places: HashMap<PersonId, (usize, usize)>,
}

impl Register {
    pub(super) fn new(seed: u64, size: u64) -> Self {
        let families: Vec<_> = Population::new(seed, size).collect();
        let places = families.iter().enumerate().flat_map(|(family, all)| {
            all.persons.iter().enumerate().map(move |(place, person)| (person.pid, (family, place)))
        });
        Self { places: places.collect(), families }
    }

    pub(super) fn everybody(&self) -> impl Iterator<Item = (&Person, &Truth)> {
        self.families.iter().flat_map(|family| family.persons.iter().zip(&family.truth))
    }

    pub(super) fn truth(&self, pid: PersonId) -> &Truth {
        let (family, place) = self.places[&pid];
        &self.families[family].truth[place]
    }

    pub(super) fn person(&self, pid: PersonId) -> &Person {
        let (family, place) = self.places[&pid];
        &self.families[family].persons[place]
    }
}

/// Holds a law at every seed and size.
pub(super) fn everywhere(law: impl Fn(&Register, &str)) {
    for (seed, size) in TRIED {
        law(&Register::new(seed, size), &format!("seed {seed}, {size} persons"));
    }
}

/// Days from 1970, by counting: independent of the generator's own arithmetic.
pub(super) fn number_of(day: Day) -> i64 {
    let text = day.to_string();
    let at = exchange::timestamp::Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap();
    at.seconds() / 86_400
}

#[test]
fn everybody_is_there_once_in_order_with_their_own_truth() {
    for (seed, size) in TRIED {
        let register = Register::new(seed, size);
        let pids: Vec<_> = register.everybody().map(|(person, _)| person.pid.0).collect();
        assert_eq!(pids, (1..=size).collect::<Vec<_>>(), "seed {seed}");
        assert!(register.everybody().all(|(person, truth)| person.pid == truth.pid), "seed {seed}");
        assert!(register.families.iter().all(|family| !family.persons.is_empty()), "seed {seed}");
    }
    assert!(Population::new(5, 0).next().is_none(), "nobody is nobody");
    assert_eq!(Population::new(5, u64::MAX).size(), POPULATION_MAX);
}

#[test]
fn nobody_is_their_own_ancestor() {
    everywhere(|register, at| {
        for (person, truth) in register.everybody() {
            let Some((father, mother)) = truth.parents else { continue };
            assert!(father < person.pid && mother < person.pid, "{at}: parents come before their children");
            assert_ne!(father, mother, "{at}");
            assert_eq!(register.person(father).gender, Gender::Male, "{at}");
            assert_eq!(register.person(mother).gender, Gender::Female, "{at}");
            let (family, _) = register.places[&person.pid];
            assert_eq!(register.places[&father].0, family, "{at}: a child belongs to its parents' family");
        }
    });
}

#[test]
fn parents_are_of_an_age_to_be_parents() {
    everywhere(|register, at| {
        for (person, truth) in register.everybody() {
            let Some((father, mother)) = truth.parents else { continue };
            let (father, mother) = (register.truth(father), register.truth(mother));
            let (his, hers) = (father.born.years_until(truth.born), mother.born.years_until(truth.born));
            assert!((17..=44).contains(&hers), "{at}: the mother of {} was {hers}", person.pid.0);
            assert!((17..=53).contains(&his), "{at}: the father of {} was {his}", person.pid.0);
            assert!(mother.died.is_none_or(|died| died >= truth.born), "{at}: a mother lives at the birth");
        }
    });
}

#[test]
fn no_child_is_born_long_after_its_fathers_death() {
    // F08 calls a birth more than 300 days after the father's death a forgery: the truth must hold none.
    everywhere(|register, at| {
        for (person, truth) in register.everybody() {
            let Some((father, _)) = truth.parents else { continue };
            let died = register.truth(father).died;
            let after = died.map_or(0, |died| number_of(truth.born) - number_of(died));
            assert!(after <= 300, "{at}: {} was born {after} days after the father's death", person.pid.0);
        }
    });
}

#[test]
fn nobody_was_married_to_one_who_died_a_child() {
    // F07 calls a marriage after death a forgery.
    everywhere(|register, at| {
        for (person, truth) in register.everybody().filter(|(_, truth)| truth.spouse.is_some()) {
            let Some(died) = truth.died else { continue };
            let years = truth.born.years_until(died);
            assert!(years >= 17, "{at}: {} was married and died at {years}", person.pid.0);
            let spouse = register.truth(truth.spouse.unwrap());
            let theirs = i64::from(spouse.born.years_until(died));
            assert!(theirs >= 17, "{at}: the spouse of {} was {theirs} when widowed", person.pid.0);
        }
    });
}

#[test]
fn brothers_and_sisters_are_born_apart() {
    everywhere(|register, at| {
        let mut births: BTreeMap<PersonId, Vec<i64>> = BTreeMap::new();
        for (_, truth) in register.everybody() {
            if let Some((_, mother)) = truth.parents {
                births.entry(mother).or_default().push(number_of(truth.born));
            }
        }
        for (mother, days) in births {
            assert!(days.is_sorted(), "{at}: children stand in the order of their births");
            let close = days.windows(2).any(|pair| pair[1] - pair[0] < 280);
            assert!(!close, "{at}: {} bore two children within nine months", mother.0);
            assert!(days.len() <= 5, "{at}");
        }
    });
}

#[test]
fn a_marriage_has_two_sides_and_no_blood() {
    everywhere(|register, at| {
        for (person, truth) in register.everybody() {
            let Some(spouse) = truth.spouse else { continue };
            let other = register.truth(spouse);
            assert_eq!(other.spouse, Some(person.pid), "{at}: a marriage is mutual");
            assert_ne!(person.gender, register.person(spouse).gender, "{at}");
            assert!(truth.parents.is_none() || other.parents.is_none(), "{at}: one of two comes from outside the clan");
            let (older, younger) = (truth.born.min(other.born), truth.born.max(other.born));
            assert!(older.years_until(younger) <= 8, "{at}: {} and {}", person.pid.0, spouse.0);
        }
    });
}

#[test]
fn parents_are_married_to_each_other() {
    everywhere(|register, at| {
        for (_, truth) in register.everybody() {
            let Some((father, mother)) = truth.parents else { continue };
            assert_eq!(register.truth(father).spouse, Some(mother), "{at}");
        }
    });
}

#[test]
fn nobody_died_before_birth_or_after_the_reference_day() {
    everywhere(|register, at| {
        for (person, truth) in register.everybody() {
            assert!(truth.born <= Day::REFERENCE, "{at}");
            assert!(truth.died.is_none_or(|died| truth.born <= died && died <= Day::REFERENCE), "{at}");
            let age = truth.born.years_until(truth.died.unwrap_or(Day::REFERENCE));
            assert!(age <= 95, "{at}: {} came to {age}", person.pid.0);
        }
    });
}

#[test]
fn a_child_bears_the_father_that_the_truth_names() {
    everywhere(|register, at| {
        for (_, truth) in register.everybody() {
            if let Some((father, _)) = truth.parents {
                assert_eq!(truth.father, register.truth(father).name, "{at}");
            }
            assert!(!truth.name.roman.is_empty() && !truth.name.urdu.is_empty(), "{at}");
        }
    });
}

#[test]
fn the_record_is_the_truth_but_for_its_slips() {
    everywhere(|register, at| {
        for (person, truth) in register.everybody() {
            let has = |slip| truth.slips.contains(&slip);
            let places: Vec<_> = truth.slips.iter().map(|slip| Slip::ALL.iter().position(|s| s == slip)).collect();
            assert!(places.is_sorted_by(|a, b| a < b), "{at}: slips stand in order, each once");
            let birth = match person.birth {
                PartialDate::Year(year) => has(Slip::YearOnly) && year == truth.born.year(),
                PartialDate::Day(day) if has(Slip::FirstOfJanuary) => Some(day) == Day::new(truth.born.year(), 1, 1),
                PartialDate::Day(day) => day == truth.born && !has(Slip::YearOnly),
                PartialDate::Month(..) => false,
            };
            assert!(birth, "{at}: birth of {}", person.pid.0);
            let life = match (truth.died, person.life) {
                (None, LifeStatus::Alive) => !has(Slip::DeathUnregistered),
                (Some(_), LifeStatus::Alive) => has(Slip::DeathUnregistered),
                (Some(died), LifeStatus::Deceased(told)) => told == PartialDate::Day(died),
                _ => false,
            };
            assert!(life, "{at}: life of {}", person.pid.0);
            let husband = truth.spouse.map(|spouse| &register.truth(spouse).name);
            let father = if has(Slip::HusbandAsFather) {
                person.gender == Gender::Female && husband.is_none_or(|husband| person.father == *husband)
            } else {
                person.father == truth.father
            };
            assert!(father, "{at}: father of {}", person.pid.0);
            assert_eq!(person.name.urdu, truth.name.urdu, "{at}: only Roman letters are misspelt");
            assert_eq!(has(Slip::NoNumber), person.identifiers.is_empty(), "{at}");
        }
    });
}

#[test]
fn a_card_fits_its_holders_age_and_life() {
    everywhere(|register, at| {
        let reference = number_of(Day::REFERENCE);
        for (person, truth) in register.everybody() {
            let years = truth.born.years_until(truth.died.unwrap_or(Day::REFERENCE));
            assert!(person.identifiers.len() <= 1, "{at}");
            for card in &person.identifiers {
                match card.kind {
                    IdentifierKind::Cnic => {
                        assert!(years >= 18, "{at}: a card at {years}");
                        let left = number_of(card.expires.unwrap()) - reference;
                        assert!((-330..=3_650).contains(&left), "{at}: runs out in {left} days");
                    }
                    IdentifierKind::Crc => {
                        assert!(years <= 18, "{at}: a child's certificate at {years}");
                        assert_eq!((card.state, card.expires), (IdentifierState::Active, None), "{at}");
                    }
                    other => panic!("{at}: {other:?}"),
                }
            }
            if person.mobile.is_some() {
                assert!(years >= 18 && truth.died.is_none(), "{at}: a mobile is a living adult's");
            }
            let gone = truth.died.is_some_and(|died| died.year() < 2001);
            assert!(!gone || person.identifiers.is_empty(), "{at}: nobody who died before the first cards has one");
        }
    });
}

#[test]
fn a_number_tells_the_province_and_is_nobodys() {
    let digits = BTreeMap::from([
        ("Khyber Pakhtunkhwa", '1'),
        ("Punjab", '3'),
        ("Sindh", '4'),
        ("Balochistan", '5'),
        ("Islamabad Capital Territory", '6'),
        ("Gilgit-Baltistan", '7'),
        ("Azad Kashmir", '8'),
    ]);
    everywhere(|register, at| {
        let (mut numbers, mut serials, mut mobiles) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (person, _) in register.everybody() {
            for card in &person.identifiers {
                let text = card.value.digits();
                assert_eq!(text.chars().next(), digits.get(person.address.province.as_str()).copied(), "{at}: {text}");
                assert_eq!(text.chars().nth(1), Some('0'), "{at}: no real area's second digit is 0");
                let odd = (text.as_bytes()[12] - b'0') % 2 == 1;
                assert_eq!(odd, person.gender == Gender::Male, "{at}");
                assert!(numbers.insert(card.value), "{at}: a number twice");
                assert!(serials.insert(text.get(5..12).unwrap().to_owned()), "{at}: seven digits twice");
            }
            if let Some(mobile) = person.mobile {
                assert!(mobile.e164().starts_with("+92399"), "{at}: {mobile:?} may reach somebody");
                assert!(mobiles.insert(mobile.e164()), "{at}: a mobile twice");
            }
        }
    });
}

#[test]
fn another_seed_is_other_people() {
    let numbers = |seed| -> BTreeSet<_> {
        let persons = Population::new(seed, 1_000).flat_map(|family| family.persons);
        persons.filter_map(|person| person.number()).collect()
    };
    let (one, other) = (numbers(1), numbers(2));
    let shared = one.intersection(&other).count();
    assert!(shared < 5, "{shared} numbers of {} are in both", one.len());
    assert_eq!(one, numbers(1));
}

#[test]
fn a_head_is_the_first_of_the_household_that_the_survey_found() {
    everywhere(|register, at| {
        let households: Vec<_> = register.families.iter().flat_map(|family| &family.households).collect();
        let ids: Vec<_> = households.iter().map(|household| household.id.0).collect();
        let wanted: Vec<_> = (1..).take(ids.len()).collect();
        assert_eq!(ids, wanted, "{at}: households are numbered without a gap");
        for household in households {
            let heads = household.members.iter().filter(|member| member.relation == Relation::Head).count();
            assert_eq!((household.members[0].relation, heads), (Relation::Head, 1), "{at}");
        }
    });
}

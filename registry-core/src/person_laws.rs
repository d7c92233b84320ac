//! Whether a person may be verified: every combination against the rule written down anew, and every number's words.

use std::collections::BTreeSet;

use super::{tests::adult, *};
use crate::{
    household::Relation,
    identifier::IdentifierKind,
    population::{DEMO_SEED, Population, Slip},
    report::Table,
};

const NUMBER: &str = "3010112345671";
const SECOND: &str = "3010112345689";
const FOREIGN: &str = "3010112345697";

fn cnic(text: &str) -> Cnic {
    Cnic::parse(text).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

const LIVES: [LifeStatus; 3] = [LifeStatus::Alive, LifeStatus::Held, LifeStatus::Deceased(PartialDate::Year(2020))];

/// The rule in other words: the dead first, then the held, then whose number it is, then what was decided, then the date.
fn expected(life: LifeStatus, state: IdentifierState, expired: bool, own: bool) -> Result<(), Unverifiable> {
    let reasons = [
        (matches!(life, LifeStatus::Deceased(_)), Unverifiable::Deceased),
        (life == LifeStatus::Held, Unverifiable::DeathNotice),
        (!own, Unverifiable::Unknown),
        (state == IdentifierState::Impounded, Unverifiable::CardImpounded),
        (state == IdentifierState::Blocked, Unverifiable::CardBlocked),
        (state == IdentifierState::Cancelled, Unverifiable::CardCancelled),
        (expired, Unverifiable::CardExpired),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

#[test]
fn the_weightiest_reason_is_told_in_every_combination() {
    let mut permitted = 0;
    for life in LIVES {
        for &state in IdentifierState::ALL {
            for expires in [None, Some(day("2026-11-21")), Some(day("2026-11-22"))] {
                for asked in [NUMBER, FOREIGN] {
                    let mut person = adult(1, NUMBER);
                    person.life = life;
                    person.identifiers[0].state = state;
                    person.identifiers[0].expires = expires;
                    let got = person.verifiable(cnic(asked), day("2026-11-22"));
                    let expired = expires == Some(day("2026-11-21"));
                    assert_eq!(got, expected(life, state, expired, asked == NUMBER), "{life:?} {state:?} {expires:?}");
                    permitted += usize::from(got.is_ok());
                }
            }
        }
    }
    assert_eq!(permitted, 2, "only the living with an active number in its time");
}

#[test]
fn each_number_of_a_person_stands_for_itself() {
    let mut person = adult(1, NUMBER);
    let old = Identifier {
        kind: IdentifierKind::Nicop,
        value: cnic(SECOND),
        state: IdentifierState::Cancelled,
        expires: None,
    };
    person.identifiers.push(old);
    let on = day("2026-11-22");
    assert_eq!(person.verifiable(cnic(NUMBER), on), Ok(()), "another number's end does not end this one");
    assert_eq!(person.verifiable(cnic(SECOND), on), Err(Unverifiable::CardCancelled));
    assert_eq!(person.verifiable(cnic(FOREIGN), on), Err(Unverifiable::Unknown));
    assert_eq!(person.number(), Some(cnic(NUMBER)), "the first number is the one in use");
    person.identifiers.reverse();
    assert_eq!(person.number(), Some(cnic(SECOND)));
    assert_eq!(person.verifiable(cnic(NUMBER), on), Ok(()), "the order decides nothing else");
    person.identifiers.clear();
    assert_eq!(person.number(), None);
}

#[test]
fn a_card_is_good_through_its_last_day_and_never_again() {
    let check = |expires: &str, on: &str, expected| {
        let mut person = adult(1, NUMBER);
        person.identifiers[0].expires = Some(day(expires));
        assert_eq!(person.verifiable(cnic(NUMBER), day(on)).is_ok(), expected, "{expires} on {on}");
    };
    check("2026-02-28", "2026-02-28", true);
    check("2026-02-28", "2026-03-01", false);
    check("2026-12-31", "2027-01-01", false);
    check("2027-01-01", "2026-12-31", true);
    check("2026-11-30", "2026-12-01", false);
    check("9999-12-31", "9999-12-31", true);
}

#[test]
fn nothing_of_a_person_shows_in_a_log() {
    let family = Population::new(DEMO_SEED, 60).next().unwrap();
    for person in &family.persons {
        let shown = format!("{person:?} {:?} {:?} {:?}", person.name, person.address, person.identifiers);
        let secret = [&person.name.roman, &person.name.urdu, &person.father.roman, &person.address.tehsil];
        for text in secret.into_iter().filter(|text| !person.address.province.contains(text.as_str())) {
            assert!(!shown.contains(text.as_str()), "{shown}");
        }
        for number in person.identifiers.iter().map(|identifier| identifier.value.digits()) {
            assert!(!shown.contains(&number) && !shown.contains(number.get(..11).unwrap()), "{shown}");
        }
    }
    for household in &family.households {
        let position = household.position.unwrap();
        let shown = format!("{household:?} {position:?}");
        assert_eq!(shown, format!("Household({}) Position(…)", household.id.0));
    }
}

/// A vocabulary's words and how each reads back.
fn words<T: Copy + PartialEq>(
    all: &[T],
    word: fn(T) -> &'static str,
    parse: fn(&str) -> Option<T>,
) -> Vec<&'static str> {
    for &one in all {
        let text = word(one);
        assert!(parse(text) == Some(one), "{text}");
        let case = if text == text.to_uppercase() { text.to_lowercase() } else { text.to_uppercase() };
        for near in
            [case, format!(" {text}"), format!("{text} "), format!("{text}\0"), text.get(1..).unwrap().to_owned()]
        {
            assert!(parse(&near).is_none_or(|other| other != one), "{near:?} is not {text}");
        }
    }
    assert!(parse("").is_none());
    all.iter().map(|&one| word(one)).collect()
}

#[test]
fn the_words_of_stores_and_answers_are_these() {
    let check = |got: Vec<&str>, expected: &str| {
        assert_eq!(got.join(" "), expected);
        assert_eq!(got.iter().collect::<BTreeSet<_>>().len(), got.len(), "a word stands twice");
    };
    check(words(IdentifierKind::ALL, IdentifierKind::as_str, IdentifierKind::parse), "CNIC CRC UIN NICOP POC PoR");
    check(
        words(IdentifierState::ALL, IdentifierState::as_str, IdentifierState::parse),
        "active blocked impounded cancelled",
    );
    check(words(Gender::ALL, Gender::as_str, Gender::parse), "M F X");
    check(
        words(Unverifiable::ALL, Unverifiable::as_str, Unverifiable::parse),
        "unknown deceased death_notice card_blocked card_impounded card_cancelled card_expired no_household",
    );
    check(
        words(Relation::ALL, Relation::as_str, Relation::parse),
        "head spouse son daughter father mother father_in_law mother_in_law other",
    );
    check(
        words(Table::ALL, Table::as_str, Table::parse),
        "persons-by-province persons-by-district beneficiary-households-by-province beneficiary-households-by-district",
    );
    check(
        words(Slip::ALL, Slip::as_str, Slip::parse),
        "year_only first_of_january name_misspelt husband_as_father death_unregistered no_number",
    );
}

#[test]
fn a_word_in_json_is_the_word_in_stores() {
    let check = |json: serde_json::Value, expected: &str| assert_eq!(json, expected);
    for &state in IdentifierState::ALL {
        check(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for &gender in Gender::ALL {
        check(serde_json::to_value(gender).unwrap(), gender.as_str());
    }
    for &relation in Relation::ALL {
        check(serde_json::to_value(relation).unwrap(), relation.as_str());
    }
}

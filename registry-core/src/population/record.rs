//! From a person as they are to the record that a register has of them, errors included.

use exchange::{cnic::Cnic, mobile::Mobile};

use super::{
    areas::Area,
    calendar,
    clan::Individual,
    names,
    prng::Chance,
    truth::{Slip, Truth},
};
use crate::{
    address::Address,
    date::{Day, PartialDate},
    identifier::{Identifier, IdentifierKind, IdentifierState},
    person::{Gender, LifeStatus, Person, PersonId},
};

/// Age in days from which a person has a card.
const ADULT_DAYS: i64 = 18 * 365 + 5;
/// Numbers of seven digits.
const SEVEN_DIGITS: u64 = 10_000_000;
/// The first cards of today's form: nobody who died before has a number.
const FIRST_CARDS: i64 = 11_323;

/// Everything that a record is drawn from.
pub(super) struct Source<'a> {
    /// Who.
    pub(super) person: &'a Individual,
    /// Number in the population, from 1.
    pub(super) pid: PersonId,
    /// The seed's shift of numbers.
    pub(super) shift: u64,
    /// Where the person lives or lived.
    pub(super) area: Area,
    /// Address beneath the tehsil.
    pub(super) text: &'a str,
    /// Name of the husband, of a wife.
    pub(super) husband: Option<&'a crate::name::Name>,
}

/// The record and the errors in it.
pub(super) fn draw(chance: &mut Chance, source: &Source<'_>) -> (Person, Vec<Slip>) {
    let mut slips = Vec::new();
    let person = source.person;
    let birth = birth(chance, person.born, &mut slips);
    let mut name = person.name.clone();
    if chance.one_of_thousand(30) {
        name = names::misspell(&name);
        slips.extend((name != person.name).then_some(Slip::NameMisspelt));
    }
    let mut father = person.father_name.clone();
    if let Some(husband) = source.husband.filter(|_| chance.one_of_thousand(25)) {
        father = husband.clone();
        slips.push(Slip::HusbandAsFather);
    }
    let life = life(chance, person.died, &mut slips);
    let identifiers: Vec<_> = identifier(chance, source).into_iter().collect();
    slips.extend(identifiers.is_empty().then_some(Slip::NoNumber));
    let adult = calendar::REFERENCE_DAY - person.born >= ADULT_DAYS;
    let reachable = adult && person.died.is_none() && chance.one_of_thousand(800);
    let record = Person {
        pid: source.pid,
        name,
        father,
        gender: if person.male { Gender::Male } else { Gender::Female },
        birth,
        life,
        identifiers,
        address: address(source.area, source.text),
        mobile: if reachable { mobile(source) } else { None },
    };
    (record, slips)
}

/// The truth beside the record.
pub(super) fn truth(source: &Source<'_>, first_pid: u64, kept: usize, slips: Vec<Slip>) -> Truth {
    let person = source.person;
    let pid =
        |place: usize| (place < kept).then(|| PersonId(first_pid.saturating_add(u64::try_from(place).unwrap_or(0))));
    Truth {
        pid: source.pid,
        name: person.name.clone(),
        father: person.father_name.clone(),
        born: calendar::day(person.born),
        died: person.died.map(calendar::day),
        parents: person.parents.and_then(|(father, mother)| Some((pid(father)?, pid(mother)?))),
        spouse: person.spouse.and_then(pid),
        slips,
    }
}

/// An address from its area and text.
pub(super) fn address(area: Area, text: &str) -> Address {
    Address {
        province: area.province.name.to_owned(),
        district: area.district.to_owned(),
        tehsil: area.tehsil.to_owned(),
        text: text.to_owned(),
    }
}

/// The older, the likelier that only a year is known: a quarter of all in the end (R010: 58.3 of 227 million).
fn birth(chance: &mut Chance, born: i64, slips: &mut Vec<Slip>) -> PartialDate {
    let day = calendar::day(born);
    let old = day.year() < 1980;
    if chance.one_of_thousand(if old { 450 } else { 180 }) {
        slips.push(Slip::YearOnly);
        return PartialDate::Year(day.year());
    }
    if chance.one_of_thousand(if old { 120 } else { 20 }) {
        slips.push(Slip::FirstOfJanuary);
        return Day::new(day.year(), 1, 1).map_or(PartialDate::Year(day.year()), PartialDate::Day);
    }
    PartialDate::Day(day)
}

fn life(chance: &mut Chance, died: Option<i64>, slips: &mut Vec<Slip>) -> LifeStatus {
    match died {
        None => LifeStatus::Alive,
        Some(_) if chance.one_of_thousand(60) => {
            slips.push(Slip::DeathUnregistered);
            LifeStatus::Alive
        }
        Some(died) => LifeStatus::Deceased(PartialDate::Day(calendar::day(died))),
    }
}

/// Nobody who died before the first cards, and not every child, has a number.
fn identifier(chance: &mut Chance, source: &Source<'_>) -> Option<Identifier> {
    let person = source.person;
    let adult = person.died.unwrap_or(calendar::REFERENCE_DAY) - person.born >= ADULT_DAYS;
    let without = person.died.is_some_and(|died| died < FIRST_CARDS) || (!adult && chance.one_of_thousand(80));
    let state = match chance.below(1000) {
        0..=1 => IdentifierState::Blocked,
        2 => IdentifierState::Impounded,
        _ => IdentifierState::Active,
    };
    // Cards live ten years; those of a twelfth had run out by the reference day.
    let expires = calendar::day(calendar::REFERENCE_DAY + chance.between(-330, 3650));
    let value = number(chance, source)?;
    let identifier = if adult {
        Identifier { kind: IdentifierKind::Cnic, value, state, expires: Some(expires) }
    } else {
        Identifier { kind: IdentifierKind::Crc, value, state: IdentifierState::Active, expires: None }
    };
    (!without).then_some(identifier)
}

/// Province, 0, district (two digits), tehsil; seven digits that no other person of the population has; a digit odd for
/// men, even for women.
///
/// No real area has 0 in the second place as far as the known numbers show, so that no number here is anybody's.
fn number(chance: &mut Chance, source: &Source<'_>) -> Option<Cnic> {
    let area = source.area;
    let sex = 2 * chance.below(5) + u64::from(source.person.male);
    let place = u64::from(area.district_code % 100) * 10 + u64::from(area.tehsil_code % 10);
    let head = u64::from(area.province.digit) * 10_000 + place;
    Cnic::from_u64((head * SEVEN_DIGITS + scrambled(source)) * 10 + sex).ok()
}

/// Prefix 399 is given to no operator, so that no message reaches anybody.
fn mobile(source: &Source<'_>) -> Option<Mobile> {
    Mobile::parse(&format!("0399{:07}", scrambled(source))).ok()
}

/// Seven digits, different for different persons: an affine map modulo ten million is one to one where the factor shares
/// no divisor with ten.
fn scrambled(source: &Source<'_>) -> u64 {
    (source.pid.0 * 7_390_577 + source.shift) % SEVEN_DIGITS
}

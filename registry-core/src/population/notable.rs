//! Persons that a demonstration can rely on by number.

use exchange::cnic::Cnic;

use super::{Family, Population};
use crate::{
    date::{Day, PartialDate},
    household::{Household, Relation},
    identifier::{IdentifierKind, IdentifierState},
    person::{Gender, LifeStatus, Person},
};

/// Numbers of persons with a part to play, the first of each kind in the population. No two are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notable {
    /// A living man, head of a beneficiary household of five or more with both sexes and a minor; has a mobile.
    pub household_head: Cnic,
    /// A living adult with a mobile and a whole date of birth, whose card is valid until 2033 at least.
    pub customer: Cnic,
    /// Another such, in another family: the one whose death a hospital reports.
    pub patient: Cnic,
    /// A living adult with a mobile and a valid card, of whose birth only the year is known.
    pub year_only: Cnic,
    /// A living adult whose card had run out by 2026.
    pub expired: Cnic,
    /// A living adult whose card is impounded.
    pub impounded: Cnic,
    /// Somebody whose death is registered.
    pub deceased: Cnic,
}

/// Cards that are valid beyond this day keep a demonstration running for years.
const LONG_VALID: (i16, u8, u8) = (2033, 1, 1);

#[derive(Default)]
struct Found {
    household_head: Option<Cnic>,
    customer: Option<Cnic>,
    patient: Option<Cnic>,
    year_only: Option<Cnic>,
    expired: Option<Cnic>,
    impounded: Option<Cnic>,
    deceased: Option<Cnic>,
}

impl Notable {
    pub(super) fn find(population: Population) -> Option<Self> {
        let mut found = Found::default();
        for family in population {
            found.look_at(&family);
            if let Some(all) = found.all() {
                return Some(all);
            }
        }
        None
    }
}

impl Found {
    fn look_at(&mut self, family: &Family) {
        // One family gives at most one of those who answer, so that no story's person is another's relative.
        if self.household_head.is_none() {
            self.household_head = family.households.iter().find_map(|household| head(family, household));
        } else if self.customer.is_none() {
            self.customer = first(family, |person| reachable(person) && whole_birth(person));
        } else if self.patient.is_none() {
            self.patient = first(family, |person| reachable(person) && whole_birth(person));
        } else if self.year_only.is_none() {
            self.year_only = first(family, |person| reachable(person) && !whole_birth(person));
        } else if self.expired.is_none() {
            self.expired = first(family, expired);
        } else if self.deceased.is_none() {
            self.deceased = first(family, |person| matches!(person.life, LifeStatus::Deceased(_)));
        } else if self.impounded.is_none() {
            self.impounded = first(family, impounded);
        }
    }

    fn all(&self) -> Option<Notable> {
        Some(Notable {
            household_head: self.household_head?,
            customer: self.customer?,
            patient: self.patient?,
            year_only: self.year_only?,
            expired: self.expired?,
            impounded: self.impounded?,
            deceased: self.deceased?,
        })
    }
}

fn first(family: &Family, wanted: impl Fn(&Person) -> bool) -> Option<Cnic> {
    family.persons.iter().filter(|person| wanted(person)).find_map(Person::number)
}

fn head(family: &Family, household: &Household) -> Option<Cnic> {
    let members: Vec<_> =
        household.members.iter().filter_map(|m| family.persons.iter().find(|p| p.pid == m.pid)).collect();
    let head = *members.first()?;
    let numbered = members.iter().all(|member| member.number().is_some());
    let minor = members.iter().any(|m| m.identifiers.iter().any(|i| i.kind == IdentifierKind::Crc));
    let woman = members.iter().any(|member| member.gender == Gender::Female);
    let of_note = household.beneficiary
        && members.len() >= 5
        && household.members.iter().any(|m| m.relation == Relation::Spouse)
        && (numbered && minor && woman)
        && (head.gender == Gender::Male && reachable(head) && whole_birth(head));
    of_note.then(|| head.number()).flatten()
}

/// Alive, with a mobile and a card that stays valid for long.
fn reachable(person: &Person) -> bool {
    let (year, month, day) = LONG_VALID;
    let card = person.identifiers.first();
    let valid = card.is_some_and(|card| {
        card.kind == IdentifierKind::Cnic
            && card.state == IdentifierState::Active
            && Day::new(year, month, day).is_some_and(|day| !card.expired_on(day))
    });
    person.life == LifeStatus::Alive && person.mobile.is_some() && valid
}

fn whole_birth(person: &Person) -> bool {
    matches!(person.birth, PartialDate::Day(_))
}

fn expired(person: &Person) -> bool {
    let state =
        |card: &crate::identifier::Identifier| card.state == IdentifierState::Active && card.expired_on(Day::REFERENCE);
    person.life == LifeStatus::Alive && person.identifiers.first().is_some_and(state)
}

fn impounded(person: &Person) -> bool {
    let state = |card: &crate::identifier::Identifier| card.state == IdentifierState::Impounded;
    person.life == LifeStatus::Alive && person.identifiers.first().is_some_and(state)
}

//! A person, and whether anything may be said of one.

use std::fmt;

use exchange::{cnic::Cnic, mobile::Mobile};

use crate::{
    address::Address,
    date::{Day, PartialDate},
    identifier::{Identifier, IdentifierState, words},
    name::Name,
};

/// The registry's own number of a person: never shown outside, never re-used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub u64);

words! {
    /// Gender as printed on the card.
    Gender {
        /// Male.
        Male = "M",
        /// Female.
        Female = "F",
        /// Transgender person (Act of 2018).
        Transgender = "X",
    }
    /// Why a person cannot be verified. Told only to agencies that may know (`subject_status`).
    Unverifiable {
        /// No such number is registered.
        Unknown = "unknown",
        /// Death is registered.
        Deceased = "deceased",
        /// A notice of death is on hold until a registrar decides.
        DeathNotice = "death_notice",
        /// The number is blocked.
        CardBlocked = "card_blocked",
        /// The number is impounded.
        CardImpounded = "card_impounded",
        /// The number is cancelled.
        CardCancelled = "card_cancelled",
        /// The card ran out.
        CardExpired = "card_expired",
        /// The survey has no household of this person.
        NoHousehold = "no_household",
    }
}

/// Whether the person lives, as far as the registry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeStatus {
    /// Alive.
    Alive,
    /// A notice of death is open: a reversible hold (decisions.md, 8009).
    Held,
    /// Death is registered.
    Deceased(PartialDate),
}

/// A person as the registry has one.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The registry's own number.
    pub pid: PersonId,
    /// Name in both scripts.
    pub name: Name,
    /// Father's name in both scripts.
    pub father: Name,
    /// Gender.
    pub gender: Gender,
    /// Birth, with the precision that was stored.
    pub birth: PartialDate,
    /// Life status.
    pub life: LifeStatus,
    /// Numbers, the first being the one in use.
    pub identifiers: Vec<Identifier>,
    /// Permanent address.
    pub address: Address,
    /// Mobile number on record.
    pub mobile: Option<Mobile>,
}

impl Person {
    /// The number in use.
    #[must_use]
    pub fn number(&self) -> Option<Cnic> {
        self.identifiers.first().map(|identifier| identifier.value)
    }

    /// Whether the number is the person's and in use, run out or not.
    #[must_use]
    pub fn uses(&self, number: Cnic) -> bool {
        self.identifiers.iter().any(|it| it.value == number && it.state == IdentifierState::Active)
    }

    /// Whether the person may be verified by this number on this day.
    ///
    /// # Errors
    /// [`Unverifiable`], the weightiest reason first.
    pub fn verifiable(&self, number: Cnic, on: Day) -> Result<(), Unverifiable> {
        match self.life {
            LifeStatus::Deceased(_) => return Err(Unverifiable::Deceased),
            LifeStatus::Held => return Err(Unverifiable::DeathNotice),
            LifeStatus::Alive => {}
        }
        let identifier = self.identifiers.iter().find(|i| i.value == number).ok_or(Unverifiable::Unknown)?;
        match identifier.state {
            IdentifierState::Impounded => Err(Unverifiable::CardImpounded),
            IdentifierState::Blocked => Err(Unverifiable::CardBlocked),
            IdentifierState::Cancelled => Err(Unverifiable::CardCancelled),
            IdentifierState::Active if identifier.expired_on(on) => Err(Unverifiable::CardExpired),
            IdentifierState::Active => Ok(()),
        }
    }
}

/// Shows the registry's own number only.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({})", self.pid.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::identifier::IdentifierKind;

    /// A living adult with a valid card.
    pub(crate) fn adult(pid: u64, number: &str) -> Person {
        Person {
            pid: PersonId(pid),
            name: Name::new("Muhammad Aslam", "محمد اسلم"),
            father: Name::new("Ghulam Rasool", "غلام رسول"),
            gender: Gender::Male,
            birth: PartialDate::Year(1985),
            life: LifeStatus::Alive,
            identifiers: vec![Identifier {
                kind: IdentifierKind::Cnic,
                value: Cnic::parse(number).unwrap(),
                state: IdentifierState::Active,
                expires: Day::new(2030, 1, 1),
            }],
            address: Address {
                province: "Punjab".into(),
                district: "Jhang".into(),
                tehsil: "Jhang".into(),
                text: "House 4".into(),
            },
            mobile: Mobile::parse("03990000001").ok(),
        }
    }

    #[test]
    fn only_the_living_with_a_valid_number_are_verified() {
        const NUMBER: &str = "3010112345671";
        let check = |change: fn(&mut Person), expected| {
            let mut person = adult(1, NUMBER);
            change(&mut person);
            let on = Day::new(2026, 11, 22).unwrap();
            assert_eq!(person.verifiable(Cnic::parse(NUMBER).unwrap(), on), expected);
        };
        check(|_| {}, Ok(()));
        check(|p| p.life = LifeStatus::Held, Err(Unverifiable::DeathNotice));
        check(|p| p.life = LifeStatus::Deceased(PartialDate::Year(2020)), Err(Unverifiable::Deceased));
        check(|p| p.identifiers[0].state = IdentifierState::Blocked, Err(Unverifiable::CardBlocked));
        check(|p| p.identifiers[0].state = IdentifierState::Impounded, Err(Unverifiable::CardImpounded));
        check(|p| p.identifiers[0].state = IdentifierState::Cancelled, Err(Unverifiable::CardCancelled));
        check(|p| p.identifiers[0].expires = Day::new(2026, 11, 21), Err(Unverifiable::CardExpired));
        check(|p| p.identifiers[0].expires = None, Ok(()));
        check(|p| p.identifiers.clear(), Err(Unverifiable::Unknown));
    }

    #[test]
    fn a_person_is_not_shown_in_logs() {
        let text = format!("{:?}", adult(7, "3010112345671"));
        assert_eq!(text, "Person(7)");
    }
}

#[cfg(test)]
#[path = "person_laws.rs"]
mod laws;

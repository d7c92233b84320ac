//! Facts of one person instead of the particulars that they follow from.

use exchange::{cnic::Cnic, permit::Permit};
use serde::Serialize;

use super::datatype;
use crate::{
    band::PmtBand,
    date::Day,
    limits::OF_AGE,
    person::{LifeStatus, Person, Unverifiable},
};

/// Yes or no to each predicate that may be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PredicatesAnswer {
    /// The number that was asked, so that the door can see whose answer this is.
    pub cnic: String,
    /// Whether the person is surely of age; where only the year of birth is known, yes from the day on which nobody born in
    /// it is younger. Told of a person who can be verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_18: Option<bool>,
    /// Whether the person lives. Not told while a notice of death is on hold, nor of a number that is not in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub living: Option<bool>,
    /// Whether a person can be verified by this number today. A no does not tell why, nor whether anybody has the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_valid: Option<bool>,
}

impl PredicatesAnswer {
    /// What may be told of what the permit names.
    ///
    /// # Errors
    /// Why nothing of it can be told.
    pub fn of(person: Option<&Person>, number: Cnic, today: Day, permit: &Permit) -> Result<Self, Unverifiable> {
        let verifiable = person.map_or(Err(Unverifiable::Unknown), |person| person.verifiable(number, today));
        let living = person.filter(|person| person.uses(number)).and_then(|person| match person.life {
            LifeStatus::Deceased(_) => Some(false),
            LifeStatus::Alive => Some(true),
            LifeStatus::Held => None,
        });
        let of_age = person.filter(|_| verifiable.is_ok());
        let of_age = of_age.map(|person| person.birth.age_on(today).at_least() >= OF_AGE);
        let answer = Self {
            cnic: number.digits(),
            over_18: of_age.filter(|_| permit.allows(datatype::OVER_18)),
            living: living.filter(|_| permit.allows(datatype::LIVING)),
            card_valid: permit.allows(datatype::CARD_VALID).then_some(verifiable.is_ok()),
        };
        match verifiable {
            Err(reason) if [answer.over_18, answer.living, answer.card_valid] == [None; 3] => Err(reason),
            _ => Ok(answer),
        }
    }
}

/// The band of a household's poverty score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BandAnswer {
    /// The number that was asked, so that the door can see whose answer this is.
    pub cnic: String,
    /// The band.
    pub band: PmtBand,
}

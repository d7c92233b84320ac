//! Answers about one person.

use exchange::{cnic::Cnic, permit::Permit};
use serde::Serialize;

use super::datatype;
use crate::{
    date::PartialDate,
    identifier::IdentifierState,
    person::{Gender, Person},
};

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MatchAnswer {
    /// Whether everything that was given is the person's.
    #[serde(rename = "match")]
    pub matches: bool,
}

/// Particulars of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IdentityAnswer {
    /// The number that was asked, so that the door can see whose answer this is.
    pub cnic: String,
    /// Name in Roman letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name in Urdu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_ur: Option<String>,
    /// Father's name in Roman letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub father_name: Option<String>,
    /// Father's name in Urdu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub father_name_ur: Option<String>,
    /// Birth with the precision that is stored: `1985`, `1985-03` or `1985-03-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<PartialDate>,
    /// Gender as on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// District of the permanent address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Tehsil of the permanent address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tehsil: Option<String>,
    /// House, street, village of the permanent address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Registered mobile, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// State of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_status: Option<IdentifierState>,
    /// Last day of the card, `YYYY-MM-DD`; absent where it never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_expiry: Option<String>,
}

impl IdentityAnswer {
    /// Builds what the permit names, and nothing else.
    #[must_use]
    pub fn of(person: &Person, number: Cnic, permit: &Permit) -> Self {
        let mut answer = Self { cnic: number.digits(), ..Self::default() };
        if permit.allows(datatype::NAME) {
            answer.name = Some(person.name.roman.clone());
            answer.name_ur = Some(person.name.urdu.clone());
        }
        if permit.allows(datatype::PARENTAGE) {
            answer.father_name = Some(person.father.roman.clone());
            answer.father_name_ur = Some(person.father.urdu.clone());
        }
        answer.date_of_birth = permit.allows(datatype::BIRTH).then_some(person.birth);
        answer.gender = permit.allows(datatype::GENDER).then_some(person.gender);
        if permit.allows(datatype::ADDRESS) {
            answer.district = Some(person.address.district.clone());
            answer.tehsil = Some(person.address.tehsil.clone());
            answer.address = Some(person.address.text.clone());
        }
        if permit.allows(datatype::CONTACT) {
            answer.mobile = person.mobile.map(exchange::mobile::Mobile::e164);
        }
        if permit.allows(datatype::CARD) {
            let card = person.identifiers.iter().find(|identifier| identifier.value == number);
            answer.card_status = card.map(|card| card.state);
            answer.card_expiry = card.and_then(|card| card.expires).map(|day| day.to_string());
        }
        answer
    }
}

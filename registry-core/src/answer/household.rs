//! The answer about one household, by number or among others.

use exchange::{classification::Role, cnic::Cnic, decision::Obligation, mobile::Mobile, permit::Permit};
use serde::Serialize;

use super::datatype;
use crate::{
    date::{Age, Day},
    household::{Disability, Education, Employment, Gharana, Household, Payment, Relation, Surveyed},
    limits::OF_AGE,
    person::{Gender, Person},
};

/// One household.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HouseholdAnswer {
    /// Numbers of everyone whose data stands below: for the record ("who looked at me"), which must name them even
    /// where their numbers may not be released. No field of the catalogue, so the door never passes it on.
    pub subjects: Vec<String>,
    /// The household.
    pub household: HouseholdBody,
}

/// What is said of the household itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HouseholdBody {
    /// The register's number, such as `NSER-0000000042`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// District.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Tehsil.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tehsil: Option<String>,
    /// House, street, village.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Poverty score in points, 0 to 100, two decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pmt: Option<f64>,
    /// What the household owns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assets: Option<Vec<String>>,
    /// Whether the programme pays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<bool>,
    /// Payments, oldest first; amounts in rupees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payments: Option<Vec<Payment>>,
    /// Degrees north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Members, the head first.
    pub members: Vec<MemberAnswer>,
}

/// What is said of one member.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberAnswer {
    /// Whether this is the person that was searched; told with the relation, and never in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched: Option<bool>,
    /// Name in Roman letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name in Urdu.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_ur: Option<String>,
    /// Relation to the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// Gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Age in years, or a range such as `40-41`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    /// Disability, as the survey found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disability: Option<Disability>,
    /// Education.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub education: Option<Education>,
    /// Employment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employment: Option<Employment>,
    /// Number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnic: Option<String>,
    /// Registered mobile, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
}

impl HouseholdAnswer {
    /// Builds what the permit names, as of this day; a household is one row, however many live in it. Basic sees the
    /// searched person's own row only (R143).
    #[must_use]
    pub fn of(gharana: &Gharana, searched: Cnic, permit: &Permit, on: Day) -> Self {
        let mut subjects = Vec::new();
        let household = HouseholdBody::of(gharana, Some(searched), permit, on, &mut subjects);
        Self { subjects, household }
    }
}

/// Households of a list. One answer may name thousands of people, and says so to the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HouseholdList {
    /// Numbers of everyone whose data stands below, as in [`HouseholdAnswer::subjects`].
    pub subjects: Vec<String>,
    /// The households, in the order of all lists, which tells nothing of them.
    pub households: Vec<HouseholdBody>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl HouseholdList {
    /// Adds what the permit names of a household, as of this day.
    pub(crate) fn push(&mut self, gharana: &Gharana, permit: &Permit, on: Day) {
        self.households.push(HouseholdBody::of(gharana, None, permit, on, &mut self.subjects));
    }
}

impl HouseholdBody {
    /// Builds what the permit names and adds to `subjects` the numbers of those who are shown. Where nobody was searched,
    /// nobody is told apart.
    fn of(gharana: &Gharana, searched: Option<Cnic>, permit: &Permit, on: Day, subjects: &mut Vec<String>) -> Self {
        let shown = searched.map(|searched| Shown::of(gharana, searched, permit, on));
        let mut members = Vec::with_capacity(gharana.persons.len());
        for (relation, person) in &gharana.persons {
            let is_searched = searched.map(|searched| is_searched(person, searched));
            if shown.is_some_and(|shown| !shown.has(is_searched == Some(true), *relation, person)) {
                continue;
            }
            subjects.extend(person.number().map(Cnic::digits));
            let surveyed = gharana.surveyed(person.pid);
            members.push(member(is_searched, *relation, person, permit, on).with(surveyed, permit));
        }
        Self { members, ..particulars(&gharana.household, permit) }
    }
}

/// Whose rows are shown where somebody was searched: by the permit's duty, whoever has it, and Basic sees no other row.
#[derive(Clone, Copy)]
enum Shown {
    Everybody,
    Searched,
    /// The head, whom the minors among the head's sons and daughters follow on this day.
    WithWards(Day),
}

impl Shown {
    fn of(gharana: &Gharana, searched: Cnic, permit: &Permit, on: Day) -> Self {
        let grant = permit.grant();
        let wards = grant.obligations.contains(&Obligation::SubjectAndWards);
        let heads =
            gharana.persons.iter().any(|(relation, it)| *relation == Relation::Head && is_searched(it, searched));
        if grant.role == Role::Basic || grant.obligations.contains(&Obligation::SubjectOnly) || (wards && !heads) {
            Self::Searched
        } else if wards {
            Self::WithWards(on)
        } else {
            Self::Everybody
        }
    }

    fn has(self, is_searched: bool, relation: Relation, person: &Person) -> bool {
        is_searched
            || match self {
                Self::Everybody => true,
                Self::Searched => false,
                // Who may be of age on that day follows nobody.
                Self::WithWards(on) => {
                    matches!(relation, Relation::Son | Relation::Daughter) && person.birth.age_on(on).at_most() < OF_AGE
                }
            }
    }
}

impl MemberAnswer {
    /// The same with what the permit names of the survey's answers.
    fn with(self, surveyed: Surveyed, permit: &Permit) -> Self {
        Self {
            disability: surveyed.disability.filter(|_| permit.allows(datatype::NSER_DISABILITY)),
            education: surveyed.education.filter(|_| permit.allows(datatype::NSER_EDUCATION)),
            employment: surveyed.employment.filter(|_| permit.allows(datatype::NSER_EMPLOYMENT)),
            ..self
        }
    }
}

fn is_searched(person: &Person, searched: Cnic) -> bool {
    person.identifiers.iter().any(|identifier| identifier.value == searched)
}

fn particulars(household: &Household, permit: &Permit) -> HouseholdBody {
    let address = permit.allows(datatype::NSER_ADDRESS).then(|| household.address.clone());
    let position = household.position.filter(|_| permit.allows(datatype::NSER_LOCATION));
    let payments = permit.allows(datatype::NSER_PAYMENTS);
    HouseholdBody {
        id: permit.allows(datatype::NSER_ID).then(|| format!("NSER-{:010}", household.id.0)),
        district: address.as_ref().map(|address| address.district.clone()),
        tehsil: address.as_ref().map(|address| address.tehsil.clone()),
        address: address.map(|address| address.text),
        pmt: permit.allows(datatype::NSER_PMT).then(|| f64::from(household.pmt) / 100.0),
        assets: permit.allows(datatype::NSER_ASSETS).then(|| household.assets.clone()),
        beneficiary: payments.then_some(household.beneficiary),
        payments: payments.then(|| household.payments.clone()),
        latitude: position.map(|position| f64::from(position.latitude_e6) / 1e6),
        longitude: position.map(|position| f64::from(position.longitude_e6) / 1e6),
        members: Vec::new(),
    }
}

fn member(searched: Option<bool>, relation: Relation, person: &Person, permit: &Permit, on: Day) -> MemberAnswer {
    let named = permit.allows(datatype::NSER_NAME);
    let contact = permit.allows(datatype::NSER_CONTACT);
    let related = permit.allows(datatype::NSER_RELATION);
    MemberAnswer {
        searched: searched.filter(|_| related),
        name: named.then(|| person.name.roman.clone()),
        name_ur: named.then(|| person.name.urdu.clone()),
        relation: related.then_some(relation),
        gender: permit.allows(datatype::NSER_GENDER).then_some(person.gender),
        age: permit.allows(datatype::NSER_AGE).then(|| person.birth.age_on(on)),
        disability: None,
        education: None,
        employment: None,
        cnic: permit.allows(datatype::NSER_CNIC).then(|| person.number().map(Cnic::digits)).flatten(),
        mobile: contact.then(|| person.mobile.map(Mobile::e164)).flatten(),
    }
}

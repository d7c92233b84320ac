//! What the registry answers: each field built only if the permit names its datatype.

#[cfg(test)]
mod catalogue_tests;
#[cfg(test)]
mod golden_tests;
mod household;
mod identity;
mod predicates;

pub use household::{HouseholdAnswer, HouseholdBody, HouseholdList, MemberAnswer};
pub use identity::{IdentityAnswer, MatchAnswer};
pub use predicates::{BandAnswer, PredicatesAnswer};
use serde::Serialize;

use crate::report::Row;

/// Datatypes of the data dictionary (`policies/dictionary`) that the registry answers.
pub mod datatype {
    /// Yes or no.
    pub const MATCH: &str = "identity.match";
    /// A person's name.
    pub const NAME: &str = "identity.name";
    /// A person's father's name.
    pub const PARENTAGE: &str = "identity.parentage";
    /// Date of birth.
    pub const BIRTH: &str = "identity.birth";
    /// Gender.
    pub const GENDER: &str = "identity.gender";
    /// Permanent address.
    pub const ADDRESS: &str = "identity.address";
    /// Registered mobile number.
    pub const CONTACT: &str = "identity.contact";
    /// Card status and dates.
    pub const CARD: &str = "identity.card";
    /// Whether a person is of age.
    pub const OVER_18: &str = "identity.over-18";
    /// Whether a person lives.
    pub const LIVING: &str = "identity.living";
    /// Whether a person's card is valid.
    pub const CARD_VALID: &str = "identity.card-valid";
    /// Household number.
    pub const NSER_ID: &str = "nser.id";
    /// Names of members.
    pub const NSER_NAME: &str = "nser.name";
    /// Relation to the head.
    pub const NSER_RELATION: &str = "nser.relation";
    /// Gender of members.
    pub const NSER_GENDER: &str = "nser.gender";
    /// Age of members.
    pub const NSER_AGE: &str = "nser.age";
    /// Address of the household.
    pub const NSER_ADDRESS: &str = "nser.address";
    /// Disability of members.
    pub const NSER_DISABILITY: &str = "nser.disability";
    /// Education of members.
    pub const NSER_EDUCATION: &str = "nser.education";
    /// Employment of members.
    pub const NSER_EMPLOYMENT: &str = "nser.employment";
    /// Assets.
    pub const NSER_ASSETS: &str = "nser.assets";
    /// Poverty score.
    pub const NSER_PMT: &str = "nser.pmt";
    /// Band of the poverty score.
    pub const NSER_BAND: &str = "nser.band";
    /// Mobile numbers of members.
    pub const NSER_CONTACT: &str = "nser.contact";
    /// Beneficiary status and payments.
    pub const NSER_PAYMENTS: &str = "nser.payments";
    /// Numbers of members.
    pub const NSER_CNIC: &str = "nser.cnic";
    /// Where the house stands.
    pub const NSER_LOCATION: &str = "nser.location";
    /// Number and state of a notice.
    pub const NOTICE: &str = "vital.notice";
    /// Published counts.
    pub const STATISTICS: &str = "report.statistics";
}

/// What a feeder gets for a notice: the same words whoever the person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeAnswer {
    /// Id under which the notice is known.
    pub notice: String,
    /// `received`, always: whether the person lived on in the register is not the feeder's to learn.
    pub status: &'static str,
}

/// A published report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportAnswer {
    /// Its name.
    pub report: String,
    /// English title.
    pub title: String,
    /// Urdu title.
    pub title_ur: String,
    /// Instant of the count, RFC 3339 in Pakistan's time.
    pub as_of: String,
    /// Rows by area.
    pub rows: Vec<Row>,
}

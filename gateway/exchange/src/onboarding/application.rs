//! The Data Request Form (S3 §8.2.5) as typed values; text becomes them once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    classification::{Channel, Sector},
    day::Day,
    ids::{AgencyId, DatatypeId, PurposeCode, ServiceId},
};

/// One application of one agency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The name that the agency is to have in SAN URIs, records and bills.
    pub agency: AgencyId,
    /// Its name in English.
    pub name: String,
    /// Its name in Urdu.
    pub name_ur: String,
    /// Where it sits.
    pub address: String,
    /// Row of Annexure B that it says it belongs to.
    pub kind: String,
    /// Type of client that it says it is (S3 §7.2).
    pub sector: Sector,
    /// What the organisation is for.
    pub about: String,
    /// What it will do with the data.
    pub utilisation: String,
    /// Form in which it wants them.
    pub wants: Wants,
    /// Whether a report of this design was published before; asked of statistical reports only.
    #[serde(default)]
    pub published_before: bool,
    /// Services.
    #[serde(default)]
    pub services: Vec<ServiceId>,
    /// Purposes, as registered.
    #[serde(default)]
    pub purposes: Vec<PurposeCode>,
    /// Types of data.
    #[serde(default)]
    pub datatypes: Vec<DatatypeId>,
    /// How fine.
    pub granularity: Granularity,
    /// How often.
    pub frequency: Frequency,
    /// Channels that it wants to use (R183).
    pub channels: Vec<Channel>,
    /// Networks that it will call from, CIDR.
    pub networks: Vec<String>,
    /// Whom to speak to.
    pub focal_person: FocalPerson,
    /// What it states to each precondition of S3 §9.3, by the precondition's word.
    #[serde(default)]
    pub statements: BTreeMap<String, String>,
    /// Papers that come with it.
    #[serde(default, rename = "document")]
    pub documents: Vec<Document>,
}

/// Form in which data are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wants {
    /// A statistical report.
    StatisticalReport,
    /// Access to online applications.
    OnlineAccess,
    /// Sample data.
    SampleData,
    /// All fields of the registry of households at once.
    CompleteExport,
}

/// How fine the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// Counts and sums.
    Aggregate,
    /// Households.
    Household,
    /// Persons.
    Person,
}

/// How often data are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// Once.
    OneTime,
    /// As long as the agreement lasts.
    Continuous,
}

/// Whom to speak to at the agency.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FocalPerson {
    /// Name.
    pub name: String,
    /// Post.
    pub designation: String,
    /// E-mail address or telephone number.
    pub contact: String,
}

/// A person's name and number: a log line must not have them.
impl std::fmt::Debug for FocalPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FocalPerson(…)")
    }
}

/// A paper, by its digest: the exchange keeps no copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is: a word of the rules, such as `registration` or `non-disclosure-agreement`.
    pub kind: String,
    /// Its number or date, as the issuer gives it.
    pub reference: String,
    /// SHA-256 of the paper, lower-case hex.
    pub sha256: Digest,
    /// Version, of papers that have one.
    #[serde(default)]
    pub version: Option<String>,
    /// Last day on which it is valid; absent where it does not end.
    #[serde(default)]
    pub valid_until: Option<Day>,
}

/// 64 digits of lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl TryFrom<String> for Digest {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(hex) { Ok(Self(text)) } else { Err("not 64 digits of lower-case hex") }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

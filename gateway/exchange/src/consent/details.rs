//! What an agency asks the citizen for: RFC 9396 `authorization_details` of type `urn:pk:ijazat:consent:1`.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::{
    ConsentUse,
    frequency::{Bounds, DataLife, Frequency},
    revision::Terms,
};
use crate::{
    catalogue::Catalogue,
    classification::Classification,
    directory::{Agreement, Directory, Purpose},
    ids::{AgencyId, DatatypeId, PurposeCode},
    limits,
    timestamp::Timestamp,
};

/// The one type of authorization details that this exchange knows.
pub const DETAILS_TYPE: &str = "urn:pk:ijazat:consent:1";

const DAY_S: i64 = 24 * 3600;

/// What is asked of the citizen, read and in canonical form; [`Self::check`] says whether it may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Why.
    pub purpose: PurposeCode,
    /// What, sorted, each once.
    pub datatypes: Vec<DatatypeId>,
    /// How often.
    pub usage: ConsentUse,
    /// First instant at which it no longer holds, to the second; always there for a standing consent.
    pub valid_until: Option<Timestamp>,
    /// What bounds a standing consent beside its end, and how long its answers may be kept.
    pub bounds: Bounds,
}

/// Why authorization details were refused. Each is `invalid_authorization_details`; the text tells which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetailsError {
    /// Longer than [`limits::AUTHORIZATION_DETAILS_BYTES_MAX`].
    #[error("authorization_details has more than {} bytes", limits::AUTHORIZATION_DETAILS_BYTES_MAX)]
    TooLong,
    /// Not JSON, an unknown member, or a value of the wrong form.
    #[error("authorization_details is not an array of objects with the members of {DETAILS_TYPE}")]
    Malformed,
    /// Not exactly one object.
    #[error("authorization_details must hold exactly one object")]
    NotOne,
    /// Another type.
    #[error("type must be {DETAILS_TYPE}")]
    Type,
    /// `uses` and `fetch` contradict each other, or `uses` is none or too many.
    #[error("uses is 1 with fetch one_time, or standing or 2 to {} with fetch standing", limits::CONSENT_USES_MAX)]
    Uses,
    /// How often: none, too often, or said of one use.
    #[error("frequency is 1 to {} in each HOUR, DAY, WEEK or MONTH of a standing consent", limits::CONSENT_USES_MAX)]
    Frequency,
    /// How long an answer may be kept: nothing, or too long.
    #[error("data_life is one HOUR to {} days", limits::DATA_LIFE_DAYS_MAX)]
    DataLife,
    /// Not a date and time with an offset.
    #[error("valid_until must be an RFC 3339 date and time")]
    ValidUntil,
    /// A standing consent without its end.
    #[error("a standing consent needs valid_until")]
    ValidUntilMissing,
    /// An end that has passed.
    #[error("valid_until has passed")]
    ValidUntilPast,
    /// None, or more than [`limits::CONSENT_DATATYPES_MAX`].
    #[error("datatypes must name 1 to {} datatypes", limits::CONSENT_DATATYPES_MAX)]
    Datatypes,
    /// Not in the dictionary.
    #[error("a datatype is not in the dictionary")]
    DatatypeUnknown,
    /// Secret data cannot be consented to (S3 §7.3: it needs the Board).
    #[error("a datatype is Secret and cannot be consented to")]
    Secret,
    /// Above the class that the purpose may carry.
    #[error("a datatype is of a higher class than the purpose may carry")]
    AbovePurpose,
    /// Not registered, or forbidden.
    #[error("purpose is not registered or is forbidden")]
    Purpose,
    /// No agreement in force of this agency names the purpose and all the datatypes.
    #[error("no agreement in force covers this purpose and these datatypes")]
    Agreement,
    /// The purpose allows no standing consent, or a shorter one.
    #[error("valid_until is beyond the purpose's ceiling for standing consent")]
    AboveCeiling,
    /// The purpose allows fewer uses in a period than are asked for, or than an unbounded consent would have.
    #[error("frequency is missing or beyond the purpose's ceiling")]
    AboveFrequency,
    /// The purpose allows answers to be kept for less long, or asks that it be said how long.
    #[error("data_life is missing or beyond the purpose's ceiling")]
    AboveDataLife,
}

/// The members on the wire. Unknown ones are refused: a limit that we do not know is one that we would not keep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    r#type: String,
    purpose: PurposeCode,
    datatypes: Vec<DatatypeId>,
    uses: Option<Uses>,
    fetch: Option<ConsentUse>,
    valid_until: Option<String>,
    frequency: Option<Frequency>,
    data_life: Option<DataLife>,
    channel: Option<Channel>,
    #[serde(rename = "subject_relation")]
    _subject_relation: Option<Relation>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Uses {
    Times(u32),
    Word(ConsentUse),
}

/// Where the citizen is. It decides how the citizen may answer ([`super::mode::Mode::choose`]) and is no part of what is consented to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Before the clerk.
    #[default]
    Counter,
    /// On the telephone or in front of a web page: whoever asks for a passcode there could be anybody.
    Remote,
}

/// For whom the citizen speaks.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Relation {
    #[serde(rename = "self")]
    Own,
}

/// Canonical form: fixed members in a fixed order.
#[derive(Serialize)]
struct Canonical<'a> {
    r#type: &'static str,
    purpose: &'a PurposeCode,
    datatypes: &'a [DatatypeId],
    fetch: ConsentUse,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    /// Nothing is written for what is not asked: such a request reads as it did before there were bounds.
    #[serde(flatten)]
    bounds: Bounds,
}

impl Details {
    /// Reads the parameter's text: an array of exactly one object.
    ///
    /// # Errors
    /// [`DetailsError`] for anything unknown, missing or contradictory.
    pub fn parse(text: &str) -> Result<Self, DetailsError> {
        Self::parse_asked(text).map(|(details, _)| details)
    }

    /// The same with where the citizen is, as the agency says; at the counter where it says nothing.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_asked(text: &str) -> Result<(Self, Channel), DetailsError> {
        if text.len() > limits::AUTHORIZATION_DETAILS_BYTES_MAX {
            return Err(DetailsError::TooLong);
        }
        let all: Vec<Wire> = serde_json::from_str(text).map_err(|_| DetailsError::Malformed)?;
        let [wire] = <[Wire; 1]>::try_from(all).map_err(|_| DetailsError::NotOne)?;
        if wire.r#type != DETAILS_TYPE {
            return Err(DetailsError::Type);
        }
        let (usage, uses) = usage(wire.uses.as_ref(), wire.fetch)?;
        let bounds = Bounds { uses, frequency: wire.frequency, data_life: wire.data_life };
        sound(usage, &bounds)?;
        let valid_until = wire.valid_until.as_deref().map(second).transpose()?;
        if usage == ConsentUse::Standing && valid_until.is_none() {
            return Err(DetailsError::ValidUntilMissing);
        }
        let mut datatypes = wire.datatypes;
        datatypes.sort();
        datatypes.dedup();
        if datatypes.is_empty() || datatypes.len() > limits::CONSENT_DATATYPES_MAX {
            return Err(DetailsError::Datatypes);
        }
        let details = Self { purpose: wire.purpose, datatypes, usage, valid_until, bounds };
        Ok((details, wire.channel.unwrap_or_default()))
    }

    /// The canonical text: what is stored, hashed and given back with the token.
    #[must_use]
    pub fn canonical(&self) -> String {
        let object = Canonical {
            r#type: DETAILS_TYPE,
            purpose: &self.purpose,
            datatypes: &self.datatypes,
            fetch: self.usage,
            valid_until: self.valid_until.map(Timestamp::rfc3339),
            bounds: self.bounds,
        };
        serde_json::to_string(&[object]).unwrap_or_default()
    }

    /// SHA-256 of the canonical text: what the passcode is bound to.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, self.canonical().as_bytes());
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Whether the agency may ask this of a citizen now, and under which agreement. What it asks above a ceiling is refused, never
    /// shown to the citizen for approval.
    ///
    /// # Errors
    /// [`DetailsError`] names the first rule that is broken.
    pub fn check(
        &self,
        agency: &AgencyId,
        directory: &Directory,
        catalogue: &Catalogue,
        now: Timestamp,
    ) -> Result<Terms, DetailsError> {
        let purpose = directory.purpose(self.purpose.as_str()).filter(|p| !p.forbidden).ok_or(DetailsError::Purpose)?;
        for datatype in &self.datatypes {
            let class = catalogue.datatype(datatype.as_str()).ok_or(DetailsError::DatatypeUnknown)?.class;
            if class == Classification::Secret {
                return Err(DetailsError::Secret);
            }
            if class > purpose.class_max {
                return Err(DetailsError::AbovePurpose);
            }
        }
        let covers = |a: &Agreement| {
            let live = !a.revoked && a.valid_from <= now && now < a.valid_until;
            live && a.purposes.contains(&self.purpose) && self.datatypes.iter().all(|d| a.datatypes.contains(d))
        };
        let all = directory.agreements(agency);
        let agreement = all.iter().find(|a| covers(a)).ok_or(DetailsError::Agreement)?;
        self.check_bounds(purpose)?;
        self.check_end(purpose, now)?;
        Ok(Terms::of(agreement))
    }

    /// A purpose with a ceiling leaves nothing unsaid: what is not bounded is above every ceiling.
    fn check_bounds(&self, purpose: &Purpose) -> Result<(), DetailsError> {
        if let (Some(ceiling), ConsentUse::Standing) = (purpose.frequency_max, self.usage)
            && self.bounds.frequency.is_none_or(|frequency| !frequency.is_within(ceiling))
        {
            return Err(DetailsError::AboveFrequency);
        }
        if let Some(days) = purpose.data_life_days_max
            && self.bounds.data_life.is_none_or(|life| !life.is_within(days))
        {
            return Err(DetailsError::AboveDataLife);
        }
        Ok(())
    }

    fn check_end(&self, purpose: &Purpose, now: Timestamp) -> Result<(), DetailsError> {
        let Some(end) = self.valid_until else { return Ok(()) };
        if end <= now {
            return Err(DetailsError::ValidUntilPast);
        }
        let days = i64::from(purpose.standing_days_max).min(limits::STANDING_CONSENT_DAYS_MAX);
        match self.usage {
            ConsentUse::Standing if end > now.plus_seconds(days * DAY_S) => Err(DetailsError::AboveCeiling),
            ConsentUse::Standing | ConsentUse::OneTime => Ok(()),
        }
    }
}

/// How often, and how often in all where that is said of a standing consent.
fn usage(uses: Option<&Uses>, fetch: Option<ConsentUse>) -> Result<(ConsentUse, Option<u32>), DetailsError> {
    let (uses, times) = match uses {
        None => (None, None),
        Some(Uses::Times(1)) => (Some(ConsentUse::OneTime), None),
        Some(Uses::Times(times @ 2..=limits::CONSENT_USES_MAX)) => (Some(ConsentUse::Standing), Some(*times)),
        Some(Uses::Word(ConsentUse::Standing)) => (Some(ConsentUse::Standing), None),
        Some(Uses::Times(_) | Uses::Word(ConsentUse::OneTime)) => return Err(DetailsError::Uses),
    };
    match (uses, fetch) {
        (Some(uses), Some(fetch)) if uses != fetch => Err(DetailsError::Uses),
        (uses, fetch) => Ok((uses.or(fetch).unwrap_or(ConsentUse::OneTime), times)),
    }
}

/// Whether the bounds can be kept: one use has no frequency.
fn sound(usage: ConsentUse, bounds: &Bounds) -> Result<(), DetailsError> {
    if bounds.frequency.is_some_and(|frequency| usage == ConsentUse::OneTime || !frequency.is_sound()) {
        return Err(DetailsError::Frequency);
    }
    if bounds.data_life.is_some_and(|life| !life.is_sound()) {
        return Err(DetailsError::DataLife);
    }
    Ok(())
}

fn second(text: &str) -> Result<Timestamp, DetailsError> {
    let at = Timestamp::parse_rfc3339(text).ok_or(DetailsError::ValidUntil)?;
    let at = Timestamp::from_micros(0).plus_seconds(at.seconds());
    // An instant beyond the calendar has no text that could be stored, hashed or shown to the citizen.
    if Timestamp::parse_rfc3339(&at.rfc3339()) == Some(at) { Ok(at) } else { Err(DetailsError::ValidUntil) }
}

#[cfg(test)]
#[path = "details_tests.rs"]
mod tests;

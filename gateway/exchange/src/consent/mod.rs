//! The citizen's yes: what is asked ([`details`]) and in which way ([`mode`]), how it is told ([`message`], [`reply_text`]), what the
//! citizen gives back ([`passcode`]), how narrowly it is bounded ([`frequency`]), how much is asked ([`patience`]), how a request moves
//! ([`machine`]), how its record is kept ([`revision`]) and shown ([`receipt`]), what the citizen is told unasked ([`notices`]), texts
//! ([`reply`], [`word`]) and is answered ([`answer`], [`word_text`]), what stands on phones that others look into ([`discreet`]), and
//! what the policies see of it here.

use serde::{Deserialize, Serialize};

use self::frequency::Bounds;
use crate::{
    ids::{AgencyId, ConsentId, DatatypeId, PurposeCode, UserId},
    timestamp::Timestamp,
};

pub mod answer;
mod answer_roman;
pub mod details;
pub mod discreet;
pub mod frequency;
pub mod machine;
pub mod message;
pub mod mode;
pub mod notices;
pub mod passcode;
pub mod patience;
pub mod receipt;
pub mod reply;
pub mod reply_text;
pub mod revision;
pub mod word;
pub mod word_text;

/// A citizen as stores know one: HMAC-SHA-256 of the CNIC under the contact lookup key, never the number itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectKey(pub [u8; 32]);

impl SubjectKey {
    /// Lower-case hex, for stores.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads back [`Self::to_hex`].
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectKey(…)")
    }
}

/// How often a consent may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentUse {
    /// One request.
    OneTime,
    /// Any number of requests until its last instant.
    Standing,
}

/// A granted consent as the policies see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentFacts {
    /// Its name in records.
    pub id: ConsentId,
    /// Rises with each change of state.
    pub revision: u32,
    /// The citizen who said yes.
    pub subject: SubjectKey,
    /// The agency that asked.
    pub agency: AgencyId,
    /// The user who asked.
    pub user: UserId,
    /// The purpose that the citizen was told.
    pub purpose: PurposeCode,
    /// The datatypes that the citizen was told.
    pub datatypes: Vec<DatatypeId>,
    /// How often it may be used.
    pub usage: ConsentUse,
    /// When the citizen said yes.
    pub granted_at: Timestamp,
    /// First instant at which it no longer holds.
    pub expires_at: Timestamp,
    /// Whether it is active: not revoked, paused or used up.
    pub active: bool,
    /// What bounds it beside its end; the door counts, the policies do not.
    pub bounds: Bounds,
}

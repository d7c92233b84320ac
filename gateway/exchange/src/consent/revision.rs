//! The record of a consent: revisions that are only ever added, each signed, each naming the one before by its hash
//! (`Revision` of the consent building block of `GovStack`; design/consent.md, 6.4 and 6.6). Revision 0 is the request; whoever has the published key reads the rest.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    consent::SubjectKey,
    directory::Agreement,
    es256::{KeyRing, KeyUnusable, SigningKey},
    ids::{AgencyId, AgreementId, ConsentId, PurposeCode, UserId},
    record::side::commit,
    timestamp::Timestamp,
};

/// Type of the signature's header.
pub const REVISION_TYPE: &str = "consent-revision+jwt";

/// Names the form of the members.
pub const SCHEMA: &str = "urn:pk:ijazat:consent-revision:1";

/// What a citizen is committed to under.
const SUBJECT_LABEL: &str = "subject";

/// Where a consent stands after a revision. That one ran out or was used up needs no revision: its end and its uses are told by its
/// details and by the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// An agency asks.
    Requested,
    /// The citizen said yes.
    Active,
    /// It counts for nothing until it goes on.
    Paused,
    /// Over, whoever ended it.
    Revoked,
    /// The citizen said no.
    Denied,
    /// Wrong passcodes used up its tries.
    Locked,
    /// The agency took its request back.
    Withdrawn,
}

impl Standing {
    /// The word in stores and in names of leaves.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Revoked => "revoked",
            Self::Denied => "denied",
            Self::Locked => "locked",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether one may follow the other.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Requested, Self::Active | Self::Denied | Self::Locked | Self::Withdrawn)
                | (Self::Active, Self::Paused | Self::Revoked)
                | (Self::Paused, Self::Active | Self::Revoked)
        )
    }
}

/// Who made a consent change, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The agency asked.
    AgencyAsked,
    /// The citizen read the passcode out at the counter.
    PasscodeAtCounter,
    /// The citizen texted `OK`.
    OkBySms,
    /// The citizen texted `NO`.
    NoBySms,
    /// The citizen texted `STOP`.
    StopBySms,
    /// The citizen texted `PAUSE`.
    PauseBySms,
    /// The citizen texted `RESUME`.
    ResumeBySms,
    /// Passcodes were wrong too often.
    TriesSpent,
    /// The agency took its request back.
    AgencyWithdrew,
    /// The agency gave the consent back.
    AgencyGaveBack,
    /// The citizen's number is about to change.
    NumberChanges,
    /// The citizen confirmed the new number.
    NumberConfirmed,
    /// The citizen was reported dead.
    DeathNotice,
    /// The report of the citizen's death was withdrawn.
    NoticeWithdrawn,
    /// Somebody of the operator's.
    Operator,
    /// The consent was given before there were revisions: its beginning is told by its row.
    Adopted,
}

/// The agreement that covered the request when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Its name.
    pub id: AgreementId,
    /// Its revision.
    pub revision: u32,
    /// SHA-256 of its entry in the directory as JSON, hex.
    pub sha256: String,
}

impl Terms {
    /// An agreement as it stands now.
    #[must_use]
    pub fn of(agreement: &Agreement) -> Self {
        let text = serde_json::to_vec(agreement).unwrap_or_default();
        let sha256 = hex::encode(digest::digest(&digest::SHA256, &text));
        Self { id: agreement.id.clone(), revision: agreement.revision, sha256 }
    }
}

/// One revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// [`SCHEMA`].
    pub schema: String,
    /// The consent.
    pub consent: ConsentId,
    /// From 0, one by one.
    pub revision: u32,
    /// Where it stands from here on.
    pub state: Standing,
    /// Why.
    pub cause: Cause,
    /// Since when.
    #[serde(with = "exact")]
    pub at: Timestamp,
    /// Who asked.
    pub agency: AgencyId,
    /// The agency's user who asked.
    pub user: UserId,
    /// Why the agency asked.
    pub purpose: PurposeCode,
    /// What it asked (RFC 9396), canonical.
    pub authorization_details: Value,
    /// How the citizen answers (OpenID Connect Core 1.0 §2, `acr`).
    pub acr: String,
    /// What the agency and the operator had agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Terms>,
    /// Commitment to the citizen, base64url: no name that two agencies could hold side by side.
    pub subject: String,
    /// Commitments to the messages that the citizen was shown, base64url, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// SHA-256 of the revision before, as it was signed, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<String>,
}

/// What the citizen's commitment is opened with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SubjectOpening(pub [u8; 32]);

impl std::fmt::Debug for SubjectOpening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubjectOpening(…)")
    }
}

impl SubjectOpening {
    /// The commitment to a citizen.
    #[must_use]
    pub fn commit(&self, subject: SubjectKey) -> String {
        URL_SAFE_NO_PAD.encode(commit(SUBJECT_LABEL, &self.0, &subject.0))
    }
}

impl Revision {
    /// The one that follows: what changes, by what, since when, and what the citizen was shown until then.
    #[must_use]
    pub fn followed_by(&self, signed: &str, (state, cause): (Standing, Cause), at: Timestamp) -> Self {
        Self {
            revision: self.revision.saturating_add(1),
            state,
            cause,
            // A clock that was set back does not turn the order of things round.
            at: at.max(self.at),
            evidence: Vec::new(),
            predecessor: Some(hash(signed)),
            ..self.clone()
        }
    }

    /// Signs it in compact form (RFC 7515).
    ///
    /// # Errors
    /// [`KeyUnusable`].
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyUnusable> {
        key.sign(REVISION_TYPE, &serde_json::to_vec(self).map_err(|_| KeyUnusable)?)
    }

    /// Reads a signed one; `None` if nobody who is believed signed it, or its members are not ours.
    #[must_use]
    pub fn open(keys: &KeyRing, signed: &str) -> Option<Self> {
        let revision: Self = serde_json::from_slice(&keys.open(REVISION_TYPE, signed)?).ok()?;
        (revision.schema == SCHEMA).then_some(revision)
    }
}

/// SHA-256 of a signed revision, base64url: how the next one names it.
#[must_use]
pub fn hash(signed: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, signed.as_bytes()))
}

/// What is wrong with a chain, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revision {revision}: {fault}")]
pub struct Broken {
    /// The first revision that does not hold; the number after the last where one is missing at the end.
    pub revision: u32,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is none.
    #[error("it is missing")]
    Missing,
    /// Nobody who is believed signed these words.
    #[error("its signature does not hold")]
    Signature,
    /// It is of another consent, or its number is not the next one.
    #[error("it stands in another's place")]
    Place,
    /// It does not name the one before.
    #[error("it does not follow the one before")]
    Predecessor,
    /// What never changes has changed.
    #[error("it changes what was asked")]
    Changed,
    /// No such step is taken, or time went backwards.
    #[error("no such step is possible")]
    Step,
    /// Its row tells another story than its words.
    #[error("its row says something else")]
    Row,
    /// The access log has another one in its place.
    #[error("the access log has something else")]
    Log,
}

/// Holds the whole chain of a consent: each signature, number and predecessor, each step, and that what was asked never changed.
///
/// # Errors
/// [`Broken`] names the first revision that does not hold.
pub fn verify<T: AsRef<str>>(keys: &KeyRing, consent: &ConsentId, chain: &[T]) -> Result<Vec<Revision>, Broken> {
    let mut all: Vec<Revision> = Vec::with_capacity(chain.len());
    let mut before: Option<&str> = None;
    for (signed, place) in chain.iter().map(AsRef::as_ref).zip(0_u32..) {
        let broken = |fault| Broken { revision: place, fault };
        let revision = Revision::open(keys, signed).ok_or(broken(Fault::Signature))?;
        if revision.consent != *consent || revision.revision != place {
            return Err(broken(Fault::Place));
        }
        if revision.predecessor != before.map(hash) {
            return Err(broken(Fault::Predecessor));
        }
        match all.last() {
            None if revision.state != Standing::Requested => return Err(broken(Fault::Step)),
            Some(last) if !last.state.may_become(revision.state) || revision.at < last.at => {
                return Err(broken(Fault::Step));
            }
            Some(last) if !last.same_request(&revision) => return Err(broken(Fault::Changed)),
            None | Some(_) => {}
        }
        all.push(revision);
        before = Some(signed);
    }
    if all.is_empty() { Err(Broken { revision: 0, fault: Fault::Missing }) } else { Ok(all) }
}

impl Revision {
    fn same_request(&self, other: &Self) -> bool {
        self.agency == other.agency
            && self.user == other.user
            && self.purpose == other.purpose
            && self.authorization_details == other.authorization_details
            && self.acr == other.acr
            && self.agreement == other.agreement
            && self.subject == other.subject
    }
}

/// An instant to the microsecond, RFC 3339.
mod exact {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::timestamp::Timestamp;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.rfc3339_exact())
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).ok_or_else(|| D::Error::custom("no RFC 3339 instant"))
    }
}

#[cfg(test)]
#[path = "revision_tests.rs"]
mod tests;

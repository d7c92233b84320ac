//! Keys of clients under which the same request is done once (decisions.md, "Idempotency").

use async_trait::async_trait;

use super::consent_tokens::ControlUnavailable;
use crate::{
    ids::{AgencyId, RequestId, ServiceId, UserId},
    timestamp::Timestamp,
};

/// What one key is unique within.
#[derive(Clone, Copy, Debug)]
pub struct IdempotencyScope<'a> {
    /// The agency.
    pub agency: &'a AgencyId,
    /// The user, if one is named.
    pub user: Option<&'a UserId>,
    /// The service.
    pub service: &'a ServiceId,
    /// `Idempotency-Key` as sent.
    pub key: &'a str,
}

/// Who does the work of a key, and what is noted of it should its process die between the record and [`IdempotencyKeys::finish`].
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// The request.
    pub request: &'a RequestId,
    /// What the door notes before it knows the answer.
    pub note: &'a [u8],
}

/// The right to do the work of one key; hand it back to [`IdempotencyKeys::finish`] or [`IdempotencyKeys::abandon`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Digest of the scope: the store never holds a client's key.
    pub scope: String,
    /// When the request that holds the claim began; two claims of one scope differ in it.
    pub begun_at: Timestamp,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: do the work, then finish or abandon it.
    Fresh(Claim),
    /// Somebody is at it: 409.
    InProgress,
    /// It was used with another body: 422.
    OtherBody,
    /// It was done.
    Done {
        /// Place of the first answer in the access log.
        sequence: u64,
        /// What the door noted of the first answer.
        answer: Option<Vec<u8>>,
        /// When the first request began.
        at: Timestamp,
        /// For [`IdempotencyKeys::count_replay`].
        claim: Claim,
    },
}

/// Remembers keys for a day.
///
/// Contract: of all who [`Self::begin`] one scope at once, one gets [`Begun::Fresh`]. Unfinished work is taken over by the
/// same body after a minute, unless its answer was recorded meanwhile: whoever follows the record finishes the key with what was
/// noted at its beginning, so that what was charged once is not done and charged again. Who lost the claim can neither finish nor abandon it. At most `max` calls of
/// [`Self::count_replay`] for one finished key return `true`, however many race. What is noted is sealed at rest.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync + std::fmt::Debug {
    /// Claims a key for a body, or tells what became of it.
    async fn begin(
        &self,
        scope: IdempotencyScope<'_>,
        body_sha256: &[u8; 32],
        beginning: Beginning<'_>,
    ) -> Result<Begun, ControlUnavailable>;

    /// The work is done and recorded at `sequence`. `false` if the claim was taken over meanwhile; a key that was finished by
    /// whoever follows the record is finished again with this answer.
    async fn finish(&self, claim: &Claim, sequence: u64, answer: Option<&[u8]>) -> Result<bool, ControlUnavailable>;

    /// The work had no effect: the key is free again.
    async fn abandon(&self, claim: &Claim) -> Result<(), ControlUnavailable>;

    /// Counts one repetition; `false` when there were `max` before.
    async fn count_replay(&self, claim: &Claim, max: u32) -> Result<bool, ControlUnavailable>;

    /// Deletes the keys that are older than a day; how many there were.
    async fn forget_old(&self) -> Result<u64, ControlUnavailable>;
}

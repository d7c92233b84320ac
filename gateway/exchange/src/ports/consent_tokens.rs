//! What the door asks the control service about tokens and approvals.

use async_trait::async_trait;

use crate::{
    caller::Thumbprint,
    consent::{ConsentFacts, frequency::Turn},
    ids::{ApprovalId, ConsentId, ProgrammeId, RequestId},
    timestamp::Timestamp,
};

/// The control store did not answer: the door fails closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("control store is unavailable: {0}")]
pub struct ControlUnavailable(pub String);

/// What comes of using a consent whose uses are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It is used.
    Taken,
    /// The period has no use left.
    TooOften,
    /// The consent has none left, or is not active any more.
    Ended,
}

/// Tokens of consent and single-use approvals.
///
/// Contract: at most one [`Self::consume`] of a one-time token and at most one [`Self::use_approval`] of an approval
/// returns `true`, and of [`Self::use_programme`] in one window at most as many as it may be used, and of [`Self::use_consent`] no more than
/// its turn says, however many race and whatever crashes. A standing token may be consumed any number of times while
/// its consent is active. [`Self::restore`] undoes a consumption by the same request, for a request that released nothing.
#[async_trait]
pub trait ConsentTokens: Send + Sync + std::fmt::Debug {
    /// The consent behind a token presented under this certificate; `None` if unknown, expired, used, revoked or bound
    /// to another certificate.
    async fn find(&self, token: &str, certificate: Thumbprint) -> Result<Option<ConsentFacts>, ControlUnavailable>;

    /// The consent behind a token as [`Self::find`] tells it, for a repetition of the request `by`: a one-time token that
    /// `by` itself used still counts, for [`crate::limits::REPLAY_WITHIN_S`] after its use, while the consent is active and
    /// not beyond the end that was asked of the citizen.
    async fn find_again(
        &self,
        token: &str,
        certificate: Thumbprint,
        by: &RequestId,
    ) -> Result<Option<ConsentFacts>, ControlUnavailable>;

    /// Uses the token for this request.
    async fn consume(&self, token: &str, request: &RequestId) -> Result<bool, ControlUnavailable>;

    /// Gives back a one-time token that this request consumed without releasing anything.
    async fn restore(&self, token: &str, request: &RequestId) -> Result<(), ControlUnavailable>;

    /// Uses a consent whose uses are counted, beside its token. The same request uses it once, however often it asks.
    async fn use_consent(
        &self,
        consent: &ConsentId,
        turn: Turn,
        request: &RequestId,
    ) -> Result<Turned, ControlUnavailable>;

    /// Gives back a use of a consent by a request that released nothing.
    async fn restore_consent(&self, consent: &ConsentId, request: &RequestId) -> Result<(), ControlUnavailable>;

    /// Uses a single-use approval for this request.
    async fn use_approval(&self, approval: &ApprovalId, request: &RequestId) -> Result<bool, ControlUnavailable>;

    /// Gives back an approval that this request used without releasing anything.
    async fn restore_approval(&self, approval: &ApprovalId, request: &RequestId) -> Result<(), ControlUnavailable>;

    /// Uses a programme once in the window that begins at this instant, if fewer than `times` requests have.
    async fn use_programme(
        &self,
        programme: &ProgrammeId,
        (window, times): (Timestamp, u32),
        request: &RequestId,
    ) -> Result<bool, ControlUnavailable>;

    /// Gives back a use of a programme by a request that released nothing.
    async fn restore_programme(&self, programme: &ProgrammeId, request: &RequestId) -> Result<(), ControlUnavailable>;
}

//! Whether a citizen may be asked for consent at all.

use async_trait::async_trait;

use crate::cnic::Cnic;

/// The registry did not answer: nobody is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("subject's status is unavailable: {0}")]
pub struct SubjectStatusUnavailable(pub String);

/// What the consent service asks of the registry.
///
/// Contract: `true` only for a citizen who is on the register, alive (no registered death and no open notice of one), of
/// age, and whose number is neither blocked nor impounded. Never told to the agency.
#[async_trait]
pub trait SubjectStatus: Send + Sync + std::fmt::Debug {
    /// Whether a passcode may go to this citizen.
    async fn may_be_asked(&self, cnic: Cnic) -> Result<bool, SubjectStatusUnavailable>;
}

//! What the registry says when it does not answer: a code of `exchange/codes.toml`, which the door turns into a problem.

use exchange::{codes::Code, refusal::Refusal};
use registry_core::{ports::store::StoreError, service::RegistryError};

use crate::routes::answer::Failure;

/// Seconds after which a locked store is worth another try.
const STORE_RETRY_S: u32 = 2;

/// A member of the body breaks its rule.
pub(super) fn parameter(name: &'static str) -> Failure {
    Refusal::new(Code::ParameterInvalid).member("parameter", name).into()
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotPermitted => Code::PolicyDenied.into(),
            RegistryError::OtherSubject => parameter("cnic"),
            RegistryError::NotVerifiable(None) => Code::SubjectNotVerifiable.into(),
            RegistryError::NotVerifiable(Some(reason)) => {
                Refusal::new(Code::SubjectNotVerifiable).member("reason", reason.as_str()).into()
            }
            RegistryError::NoSuchReport => Code::NotFound.into(),
            RegistryError::Parameter(name) => parameter(name),
            RegistryError::Store(StoreError::Unavailable(cause)) => {
                tracing::warn!(cause, "registry store is unavailable");
                Refusal::new(Code::StoreUnavailable).retry_after(STORE_RETRY_S).into()
            }
            RegistryError::Store(error @ (StoreError::Corrupt(_) | StoreError::AlreadyThere)) => {
                tracing::error!(%error, "registry store broke its promise");
                Code::Internal.into()
            }
            RegistryError::Clock => {
                tracing::error!("a permit's instant is outside the calendar");
                Code::Internal.into()
            }
        }
    }
}

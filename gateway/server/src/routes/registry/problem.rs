//! What the registry says when it does not answer: a code of `exchange/codes.toml`, which the door turns into a problem.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::codes::Code;
use registry_core::{ports::store::StoreError, service::RegistryError};
use serde_json::{Map, Value, json};

/// Seconds after which a locked store is worth another try.
const STORE_RETRY_S: u32 = 2;

/// A failure on its way to the door.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: Code,
    members: Map<String, Value>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// No permit came with the request, so nobody decided it.
    #[must_use]
    pub fn no_permit() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Code::PolicyDenied.into() }
    }

    /// The body is not the service's JSON object.
    #[must_use]
    pub fn malformed() -> Self {
        Code::BodyMalformed.into()
    }

    /// A member of the body breaks its rule.
    #[must_use]
    pub fn parameter(name: &str) -> Self {
        Self::from(Code::ParameterInvalid).member("parameter", name)
    }

    fn member(mut self, name: &str, value: &str) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, members: Map::new(), retry_after_s: None }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotPermitted => Code::PolicyDenied.into(),
            RegistryError::OtherSubject => Self::parameter("cnic"),
            RegistryError::NotVerifiable(None) => Code::SubjectNotVerifiable.into(),
            RegistryError::NotVerifiable(Some(reason)) => {
                Self::from(Code::SubjectNotVerifiable).member("reason", reason.as_str())
            }
            RegistryError::NoSuchReport => Code::NotFound.into(),
            RegistryError::Parameter(name) => Self::parameter(name),
            RegistryError::Store(StoreError::Unavailable(cause)) => {
                tracing::warn!(cause, "registry store is unavailable");
                Self { retry_after_s: Some(STORE_RETRY_S), ..Code::StoreUnavailable.into() }
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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({ "code": self.code.as_str() });
        if let Some(body) = body.as_object_mut() {
            if !self.members.is_empty() {
                body.insert("members".to_owned(), Value::Object(self.members));
            }
            if let Some(seconds) = self.retry_after_s {
                body.insert("retry_after_s".to_owned(), seconds.into());
            }
        }
        (self.status, Json(body)).into_response()
    }
}

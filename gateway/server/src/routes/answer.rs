//! How our own upstreams speak to the door: plain JSON on success, a problem code on failure, never without a permit.

use std::sync::Arc;

use axum::{
    Extension, Json,
    response::{IntoResponse, Response},
};
use exchange::{codes::Code, permit::Permit, refusal::Refusal};
use http::StatusCode;
use serde_json::{Map, Value};

/// The permit among a request's extensions, if somebody put one there.
pub type MaybePermit = Option<Extension<Arc<Permit>>>;

/// The permit, if it is one for this service.
///
/// # Errors
/// `internal`: without a permit for this very service nothing is answered, and the door never sends such a request.
pub fn permit_for(permit: MaybePermit, service: &str) -> Result<Arc<Permit>, Failure> {
    match permit {
        Some(Extension(permit)) if permit.grant().service.as_str() == service => Ok(permit),
        _ => {
            tracing::error!(service.id = service, "a request reached a service without a permit for it");
            Err(Failure(Code::Internal.into()))
        }
    }
}

/// A refusal on its way to the door: `{"code", "members"?, "retry_after_s"?}` under the code's status.
#[derive(Debug)]
pub struct Failure(pub Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self(code.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut document = Map::new();
        document.insert("code".into(), self.0.code.as_str().into());
        if !self.0.members.is_empty() {
            let members = self.0.members.into_iter().map(|(name, value)| (name.to_owned(), value));
            document.insert("members".into(), Value::Object(members.collect()));
        }
        if let Some(seconds) = self.0.retry_after_s {
            document.insert("retry_after_s".into(), seconds.into());
        }
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(Value::Object(document))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::trial::permit;

    async fn shown(failure: Failure) -> (u16, Value) {
        let answer = failure.into_response();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_failure_carries_code_members_and_the_wait() {
        let refusal = Refusal::new(Code::StoreUnavailable).retry_after(5).member("parameter", "month");
        let expected = serde_json::json!({
            "code": "store_unavailable", "members": {"parameter": "month"}, "retry_after_s": 5
        });
        assert_eq!(shown(refusal.into()).await, (503, expected));
        assert_eq!(shown(Code::NotFound.into()).await, (404, serde_json::json!({"code": "not_found"})));
    }

    #[test]
    fn only_a_permit_for_the_very_service_opens_it() {
        let check = |given: Option<&str>, expected| {
            let given = given.map(|service| Extension(permit(service, "bank-indus")));
            assert_eq!(permit_for(given, "usage.month").is_ok(), expected);
        };
        check(Some("usage.month"), true);
        check(Some("receipt.get"), false);
        check(None, false);
    }
}

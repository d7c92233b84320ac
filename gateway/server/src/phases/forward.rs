//! Phase 6. Afterwards the upstream has answered whole and in time, or its failure has a name.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use exchange::{
    catalogue::{BodyForm, Service},
    codes::Code,
    limits,
    permit::Permit,
    ports::upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest},
    refusal::Refusal,
};
use serde_json::Value;

use super::{parts::Parts, route::Routed, trail::Trail};

/// Problem codes that our own upstreams may answer with; anything else of theirs is `upstream_failed`.
const PASSED_ON: &[Code] = &[
    Code::AccessDenied,
    Code::AcrTooLow,
    Code::AuthorizationPending,
    Code::CallerNotAllowed,
    Code::CnicInvalid,
    Code::ClientMismatch,
    Code::Conflict,
    Code::ExpiredToken,
    Code::InvalidAuthorizationDetails,
    Code::InvalidBindingMessage,
    Code::InvalidGrant,
    Code::InvalidPin,
    Code::NotBuilt,
    Code::NotFound,
    Code::ParameterInvalid,
    Code::PinModeNotAllowed,
    Code::PinUsed,
    Code::ResendsUsedUp,
    Code::ChangeRefused,
    Code::ApplicationIncomplete,
    Code::SecondPersonRequired,
    Code::RateLimited,
    Code::SlowDown,
    Code::StoreUnavailable,
    Code::SubjectNotVerifiable,
    Code::UnknownUserId,
];

/// Members of a failure that our own upstreams may add to the problem document.
const MEMBERS_PASSED_ON: &[&str] = &["tries_left", "parameter", "interval", "reason", "rule", "missing"];

/// Asks the upstream; tries once more only when the service is idempotent and nothing had answered.
///
/// # Errors
/// `upstream_*`, `not_built`, or the code of our own upstream.
pub async fn forward(
    parts: &Parts,
    routed: &Routed,
    permit: &Arc<Permit>,
    trail: &Trail,
) -> Result<UpstreamAnswer, Refusal> {
    forward_body(parts, routed, permit, trail, &routed.body).await
}

/// The same with another body than the client's own: that of a later batch.
///
/// # Errors
/// As [`forward`].
pub async fn forward_body(
    parts: &Parts,
    routed: &Routed,
    permit: &Arc<Permit>,
    trail: &Trail,
    body: &Bytes,
) -> Result<UpstreamAnswer, Refusal> {
    let service = &routed.service;
    if service.not_built {
        return Err(Code::NotBuilt.into());
    }
    let upstream = parts
        .upstreams
        .get(&service.upstream)
        .ok_or_else(|| Refusal::new(Code::UpstreamUnavailable).retry_after(30))?;
    let mut answer = upstream.call(permit, request(routed, trail, body)).await;
    if service.idempotent && matches!(answer, Err(UpstreamError::Unreachable(_))) {
        answer = upstream.call(permit, request(routed, trail, body)).await;
    }
    let answer = answer.map_err(|error| failure(service, &error))?;
    accept(upstream.as_ref(), answer)
}

fn request(routed: &Routed, trail: &Trail, body: &Bytes) -> UpstreamRequest {
    let service = &routed.service;
    UpstreamRequest {
        method: service.method.clone(),
        path: routed.path.clone(),
        body: body.clone(),
        content_type: match service.body {
            BodyForm::Form => "application/x-www-form-urlencoded",
            BodyForm::Json | BodyForm::None => "application/json",
        },
        traceparent: trail.traceparent.clone(),
        deadline: Duration::from_millis(u64::from(service.timeout_ms)),
        answer_bytes_max: limits::ANSWER_BYTES_MAX,
    }
}

fn failure(service: &Service, error: &UpstreamError) -> Refusal {
    tracing::warn!(upstream = %service.upstream, service = %service.id, error = %error, "upstream failed");
    match error {
        UpstreamError::Unreachable(_) => Code::UpstreamFailed.into(),
        UpstreamError::Timeout => Code::UpstreamTimeout.into(),
        UpstreamError::TooLarge => Code::UpstreamAnswerRefused.into(),
        UpstreamError::CircuitOpen => Refusal::new(Code::UpstreamUnavailable).retry_after(5),
    }
}

fn accept(upstream: &dyn Upstream, answer: UpstreamAnswer) -> Result<UpstreamAnswer, Refusal> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    if upstream.is_ours() {
        return Err(own_failure(&answer.body));
    }
    // What an external agency says of its failure may name a person: only its status class is heard.
    Err(match answer.status {
        404 => Code::SubjectNotVerifiable.into(),
        _ => Code::UpstreamFailed.into(),
    })
}

fn own_failure(body: &[u8]) -> Refusal {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let code = body.get("code").and_then(Value::as_str).and_then(Code::parse);
    let Some(code) = code.filter(|code| PASSED_ON.contains(code)) else { return Code::UpstreamFailed.into() };
    let mut refusal = Refusal::new(code);
    refusal.retry_after_s = body.get("retry_after_s").and_then(Value::as_u64).and_then(|s| u32::try_from(s).ok());
    for name in MEMBERS_PASSED_ON {
        if let Some(value) = body.get("members").and_then(|members| members.get(name)) {
            refusal = refusal.member(name, value.clone());
        }
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_failure_keeps_its_code_and_known_members_only() {
        let refusal = own_failure(br#"{"code":"invalid_pin","members":{"tries_left":2,"cnic":"x"}}"#);
        assert_eq!(refusal.code, Code::InvalidPin);
        assert_eq!(refusal.members, [("tries_left", Value::from(2))]);
    }

    #[test]
    fn what_only_consents_endpoints_say_reaches_the_client() {
        for code in [
            Code::AccessDenied,
            Code::AuthorizationPending,
            Code::ClientMismatch,
            Code::ExpiredToken,
            Code::InvalidAuthorizationDetails,
            Code::InvalidBindingMessage,
            Code::InvalidGrant,
            Code::InvalidPin,
            Code::PinUsed,
            Code::ResendsUsedUp,
            Code::SlowDown,
            Code::UnknownUserId,
        ] {
            let said = serde_json::json!({ "code": code.as_str() }).to_string();
            assert_eq!(own_failure(said.as_bytes()).code, code);
        }
    }

    #[test]
    fn a_code_that_is_the_doors_own_cannot_be_claimed() {
        assert_eq!(own_failure(br#"{"code":"agency_suspended"}"#).code, Code::UpstreamFailed);
        assert_eq!(own_failure(b"garbage").code, Code::UpstreamFailed);
    }
}

#[cfg(test)]
#[path = "forward_tests.rs"]
mod upstream_tests;

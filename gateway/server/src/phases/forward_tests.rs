//! Phase 6 alone: when an upstream is asked once more, what it is asked, and which of its words are heard.

use std::collections::BTreeSet;

use exchange::consent::ConsentUse;
use serde_json::json;

use super::*;
use crate::phases::testing::{CITIZEN, Call, Trial};

async fn forwarded(trial: &Trial, call: &Call) -> Result<UpstreamAnswer, Refusal> {
    let (routed, authorised, trail) = trial.authorised(call).await.unwrap();
    forward(&trial.parts, &routed, &authorised.permit, &trail).await
}

fn taxpayer() -> Call {
    Call::json("/v1/fbr/taxpayer", &json!({"cnic": CITIZEN}))
        .by("bank-indus", "teller-1")
        .with("ijazat-purpose", "TAX-301")
}

#[tokio::test]
async fn the_upstream_is_asked_what_the_policies_saw_byte_for_byte() {
    let trial = Trial::new().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let call = Call::household().with("traceparent", trace);
    forwarded(&trial, &call).await.unwrap();
    let (grant, request) = trial.upstream.seen().remove(0);
    assert_eq!(
        (request.method.as_str(), request.path.as_str(), request.body),
        ("POST", "/v1/nser/household", call.body)
    );
    assert_eq!((request.content_type, request.traceparent.as_deref()), ("application/json", Some(trace)));
    assert_eq!((request.deadline.as_millis(), request.answer_bytes_max), (3_000, limits::ANSWER_BYTES_MAX));
    assert_eq!((grant.service.as_str(), grant.request.as_str()), ("nser.household", "the-request"));
    let form = Call::form("/token", &[("grant_type", "x"), ("auth_req_id", "r")]).by("bank-indus", "");
    forwarded(&trial, &form).await.unwrap();
    assert_eq!(trial.upstream.seen()[1].1.content_type, "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn only_what_may_be_asked_twice_is_and_only_when_nobody_answered() {
    let gone = || UpstreamError::Unreachable("refused".into());
    let check = async |call: Call, error: UpstreamError, calls: usize, expected: Result<u16, Code>| {
        let trial = Trial::new().await;
        trial.upstream.fails(error.clone());
        let got = forwarded(&trial, &call).await;
        assert_eq!(got.map(|answer| answer.status).map_err(|refusal| refusal.code), expected, "{error}");
        assert_eq!(trial.upstream.seen().len(), calls, "{error} {}", call.target);
    };
    check(Call::household(), gone(), 2, Ok(200)).await;
    check(Call::notice(), gone(), 1, Err(Code::UpstreamFailed)).await;
    check(Call::household(), UpstreamError::Timeout, 1, Err(Code::UpstreamTimeout)).await;
    check(Call::household(), UpstreamError::TooLarge, 1, Err(Code::UpstreamAnswerRefused)).await;
    check(Call::household(), UpstreamError::CircuitOpen, 1, Err(Code::UpstreamUnavailable)).await;
    let trial = Trial::new().await;
    for _ in 0..2 {
        trial.upstream.fails(gone());
    }
    assert_eq!(forwarded(&trial, &Call::household()).await.unwrap_err().code, Code::UpstreamFailed);
    assert_eq!(trial.upstream.seen().len(), 2, "twice is enough");
}

#[tokio::test]
async fn every_service_that_writes_is_asked_once() {
    let trial = Trial::new().await;
    for service in trial.parts.law.load_full().catalogue.services() {
        assert!(!(service.writes && service.idempotent), "{} would be written twice", service.id);
    }
}

#[tokio::test]
async fn an_open_circuit_tells_when_to_come_back_and_a_failure_does_not() {
    let trial = Trial::new().await;
    trial.upstream.fails(UpstreamError::CircuitOpen);
    assert_eq!(forwarded(&trial, &Call::notice()).await.unwrap_err().retry_after_s, Some(5));
    trial.upstream.fails(UpstreamError::Timeout);
    assert_eq!(forwarded(&trial, &Call::notice()).await.unwrap_err().retry_after_s, None);
}

#[tokio::test]
async fn what_an_upstream_says_of_its_failure_stays_inside() {
    let trial = Trial::new().await;
    trial.upstream.fails(UpstreamError::Unreachable(format!("no route to {CITIZEN}")));
    let refusal = forwarded(&trial, &Call::notice()).await.unwrap_err();
    assert_eq!((refusal.detail, refusal.members.len()), (None, 0));
}

#[tokio::test]
async fn a_service_without_its_upstream_or_not_built_says_so() {
    let trial = Trial::with(|setup| {
        setup.service("nser.household").not_built = true;
        setup.service("vital.death-notice").upstream = exchange::ids::UpstreamId::parse("nowhere").unwrap();
    })
    .await;
    assert_eq!(forwarded(&trial, &Call::household()).await.unwrap_err().code, Code::NotBuilt);
    let refusal = forwarded(&trial, &Call::notice()).await.unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_s), (Code::UpstreamUnavailable, Some(30)));
    assert!(trial.upstream.seen().is_empty());
}

#[tokio::test]
async fn every_code_is_passed_on_or_not_as_the_list_says() {
    let passed: BTreeSet<_> = PASSED_ON.iter().map(|code| code.as_str()).collect();
    assert_eq!(passed.len(), PASSED_ON.len(), "a code stands twice");
    for &code in Code::ALL {
        let trial = Trial::new().await;
        trial.upstream.answers(code.status(), &json!({"code": code.as_str()}));
        let got = forwarded(&trial, &Call::notice()).await.unwrap_err().code;
        let expected = if passed.contains(code.as_str()) { code } else { Code::UpstreamFailed };
        assert_eq!(got, expected, "{code}");
    }
}

#[tokio::test]
async fn what_would_speak_for_the_door_is_never_passed_on() {
    let doors = [
        Code::CertificateRevoked,
        Code::AgencySuspended,
        Code::UserUnknown,
        Code::LogUnavailable,
        Code::PolicyDenied,
        Code::PolicyError,
        Code::TokenInvalid,
        Code::IdempotencyConflict,
        Code::IdempotencySpent,
        Code::DirectoryStale,
    ];
    for code in doors {
        assert!(!PASSED_ON.contains(&code), "{code}");
    }
}

#[tokio::test]
async fn known_members_pass_and_the_wait_with_them() {
    let trial = Trial::new().await;
    let body = json!({"code": "slow_down", "retry_after_s": 7,
                      "members": {"interval": 10, "reason": "r", "name": "Zarina", "tries_left": 0}});
    trial.upstream.answers(400, &body);
    let refusal = forwarded(&trial, &Call::notice()).await.unwrap_err();
    assert_eq!((refusal.code, refusal.retry_after_s), (Code::SlowDown, Some(7)));
    assert_eq!(refusal.members, [("tries_left", json!(0)), ("interval", json!(10)), ("reason", json!("r"))]);
    for wait in [json!(-1), json!(1.5), json!("7"), json!(u64::MAX)] {
        trial.upstream.answers(400, &json!({"code": "slow_down", "retry_after_s": wait}));
        assert_eq!(forwarded(&trial, &Call::notice()).await.unwrap_err().retry_after_s, None, "{wait}");
    }
}

#[tokio::test]
async fn of_another_agencys_failure_only_the_class_is_heard() {
    let check = async |status: u16, expected: Code| {
        let trial = Trial::new().await;
        trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
        trial.foreign.answers(status, &json!({"code": "not_found", "members": {"reason": "Zarina died"}}));
        let refusal = forwarded(&trial, &taxpayer()).await.unwrap_err();
        assert_eq!((refusal.code, refusal.members.len(), refusal.detail), (expected, 0, None), "{status}");
    };
    check(404, Code::SubjectNotVerifiable).await;
    for status in [100, 199, 300, 301, 304, 400, 401, 403, 410, 422, 429, 500, 503, 599] {
        check(status, Code::UpstreamFailed).await;
    }
}

#[tokio::test]
async fn every_two_hundred_is_an_answer() {
    let trial = Trial::new().await;
    for status in [200, 201, 202, 204, 299] {
        trial.upstream.answers(status, &json!({"notice": "n"}));
        assert_eq!(forwarded(&trial, &Call::notice()).await.unwrap().status, status);
    }
}

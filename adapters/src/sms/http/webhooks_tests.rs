//! The webhooks as an aggregator meets them: what is taken, by whom, and what is answered.

use std::sync::Mutex;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use exchange::{mobile::Mobile, timestamp::Timestamp};
use tower::ServiceExt as _;

use super::*;
use crate::{
    clock::ManualClock,
    sms::port::{Fate, Incoming, NotKept, Receipt},
};

const NOW_S: i64 = 1_795_000_000;
const MESSAGE: &str = r#"{"from":"923001234567","to":"8009","text":"OK 482913"}"#;

/// Keeps everything, or nothing.
#[derive(Debug, Default)]
struct Kept {
    full: bool,
    messages: Mutex<Vec<Incoming>>,
    receipts: Mutex<Vec<Receipt>>,
}

impl Kept {
    fn texts(&self) -> Vec<String> {
        self.messages.lock().unwrap().iter().map(|message| message.text.clone()).collect()
    }
}

#[async_trait]
impl SmsReceiver for Kept {
    async fn message(&self, message: Incoming) -> Result<(), NotKept> {
        if self.full {
            return Err(NotKept);
        }
        self.messages.lock().unwrap().push(message);
        Ok(())
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), NotKept> {
        if self.full {
            return Err(NotKept);
        }
        self.receipts.lock().unwrap().push(receipt);
        Ok(())
    }
}

fn secret() -> WebhookSecret {
    WebhookSecret::parse(&"s".repeat(32)).unwrap()
}

fn token() -> String {
    "t".repeat(32)
}

fn hooks(kept: &Arc<Kept>, unsigned: Unsigned) -> Router {
    let clock = ManualClock::new(Timestamp::from_micros(NOW_S * 1_000_000));
    webhooks(Arc::clone(kept) as Arc<dyn SmsReceiver>, &secret(), unsigned, Arc::new(clock))
}

fn signature(at_s: i64, path: &str, body: &str) -> String {
    let digest = hmac::sign(&secret().key(), format!("{at_s}.POST {path}.{body}").as_bytes());
    format!("t={at_s},v1={}", hex::encode(digest))
}

fn post(path: &str, body: &str, signature: Option<&str>) -> Request {
    let mut builder = http::Request::post(path).header("content-type", "application/json");
    if let Some(signature) = signature {
        builder = builder.header(SIGNATURE_HEADER, signature);
    }
    builder.body(Body::from(body.to_owned())).unwrap()
}

fn signed(path: &str, body: &str) -> Request {
    post(path, body, Some(&signature(NOW_S, path, body)))
}

fn get(target: &str) -> Request {
    http::Request::get(target).body(Body::empty()).unwrap()
}

/// Status and body of the answer; a refusal must be a problem document that repeats neither words nor numbers of anyone.
async fn answer(hooks: &Router, request: Request) -> (u16, String) {
    let response = hooks.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let status = head.status.as_u16();
    if status == 200 {
        assert_eq!((head.headers["content-type"].to_str().unwrap(), body.as_str()), ("text/plain", ""));
        return (status, String::new());
    }
    assert_eq!(head.headers["content-type"], "application/problem+json");
    assert!(!body.contains("482913") && !body.contains("3001234567"), "{body}");
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    let code = problem["code"].as_str().unwrap().to_owned();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("urn:pk:ijazat:problem:{code}"));
    assert!(problem["title"].is_string() && problem["title_ur"].is_string() && problem["action"].is_string());
    let expected = [(401, "www-authenticate"), (405, "allow"), (503, "retry-after")];
    for (status_with, header) in expected {
        assert_eq!(head.headers.contains_key(header), status == status_with, "{status} {header}");
    }
    (status, code)
}

async fn check(hooks: &Router, request: Request, status: u16, code: &str) {
    let shown = format!("{} {}", request.method(), request.uri());
    assert_eq!(answer(hooks, request).await, (status, code.to_owned()), "{shown}");
}

#[tokio::test]
async fn a_signed_message_and_a_signed_receipt_are_kept() {
    let kept = Arc::new(Kept::default());
    let hooks = hooks(&kept, Unsigned::Refused);
    check(&hooks, signed("/sms/mo", MESSAGE), 200, "").await;
    let id = "00112233445566778899aabbccddeeff";
    let url = format!("/sms/dlr?id={id}");
    check(&hooks, signed(&url, r#"{"message_id":"M1","status":"delivered"}"#), 200, "").await;
    let from = Mobile::parse("03001234567").unwrap();
    let expected = Incoming { from, text: "OK 482913".to_owned(), part: None };
    assert_eq!(*kept.messages.lock().unwrap(), [expected]);
    let receipt = Receipt {
        message_id: "M1".to_owned(),
        to: None,
        reference: Some((id.to_owned(), 0)),
        short: None,
        fate: Fate::Delivered,
    };
    assert_eq!(*kept.receipts.lock().unwrap(), [receipt]);
}

#[tokio::test]
async fn what_the_aggregator_did_not_sign_now_is_unauthorised() {
    let kept = Arc::new(Kept::default());
    let hooks = hooks(&kept, Unsigned::Refused);
    let refused = async |request| check(&hooks, request, 401, "webhook_unauthorised").await;
    refused(post("/sms/mo", MESSAGE, None)).await;
    refused(post("/sms/mo", MESSAGE, Some(""))).await;
    refused(post("/sms/mo", MESSAGE, Some("t=1795000000"))).await;
    // Of another body, of another webhook.
    refused(post("/sms/mo", MESSAGE, Some(&signature(NOW_S, "/sms/mo", "{}")))).await;
    refused(post("/sms/mo", MESSAGE, Some(&signature(NOW_S, "/sms/dlr", MESSAGE)))).await;
    refused(post("/sms/mo?a=b", MESSAGE, Some(&signature(NOW_S, "/sms/mo", MESSAGE)))).await;
    // By another secret.
    let other =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"other"), format!("{NOW_S}.POST /sms/mo.{MESSAGE}").as_bytes());
    refused(post("/sms/mo", MESSAGE, Some(&format!("t={NOW_S},v1={}", hex::encode(other))))).await;
    // Six minutes old, six minutes early.
    for late_s in [-360, -301, 301, 360] {
        refused(post("/sms/mo", MESSAGE, Some(&signature(NOW_S + late_s, "/sms/mo", MESSAGE)))).await;
    }
    // Two signatures, one of them right.
    let mut twice = signed("/sms/mo", MESSAGE);
    twice.headers_mut().append(SIGNATURE_HEADER, "t=1,v1=00".parse().unwrap());
    refused(twice).await;
    assert!(kept.texts().is_empty());
}

#[tokio::test]
async fn a_signed_request_can_be_repeated_for_five_minutes_and_no_longer() {
    let kept = Arc::new(Kept::default());
    let clock = ManualClock::new(Timestamp::from_micros(NOW_S * 1_000_000));
    let receiver = Arc::clone(&kept) as Arc<dyn SmsReceiver>;
    let hooks = webhooks(receiver, &secret(), Unsigned::Refused, Arc::new(clock.clone()));
    check(&hooks, signed("/sms/mo", MESSAGE), 200, "").await;
    clock.advance(300);
    check(&hooks, signed("/sms/mo", MESSAGE), 200, "").await;
    assert_eq!(kept.texts(), ["OK 482913", "OK 482913"], "the receiver is told both and knows them for the same");
    clock.advance(1);
    check(&hooks, signed("/sms/mo", MESSAGE), 401, "webhook_unauthorised").await;
    assert_eq!(kept.texts().len(), 2);
}

#[tokio::test]
async fn a_signed_body_that_is_not_as_agreed_is_refused() {
    let kept = Arc::new(Kept::default());
    let hooks = hooks(&kept, Unsigned::Refused);
    check(&hooks, signed("/sms/mo", "{"), 400, "body_malformed").await;
    let unknown = r#"{"from":"923001234567","text":"OK 482913","more":1}"#;
    check(&hooks, signed("/sms/mo", unknown), 400, "parameter_invalid").await;
    check(&hooks, signed("/sms/dlr", MESSAGE), 400, "parameter_invalid").await;
    check(&hooks, signed("/sms/mo?a=b", MESSAGE), 400, "parameter_invalid").await;
    let large = format!(r#"{{"from":"923001234567","text":"{}"}}"#, "x".repeat(16 * 1024));
    check(&hooks, signed("/sms/mo", &large), 413, "body_too_large").await;
    let mut text = signed("/sms/mo", MESSAGE);
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    check(&hooks, text, 415, "content_type_unsupported").await;
    let mut none = signed("/sms/mo", MESSAGE);
    none.headers_mut().remove("content-type");
    check(&hooks, none, 415, "content_type_unsupported").await;
    assert!(kept.texts().is_empty());
    let mut put = signed("/sms/mo", MESSAGE);
    *put.method_mut() = Method::PUT;
    check(&hooks, put, 405, "method_not_allowed").await;
    let mut utf8 = signed("/sms/mo", MESSAGE);
    utf8.headers_mut().insert("content-type", "Application/JSON; charset=utf-8".parse().unwrap());
    check(&hooks, utf8, 200, "").await;
}

#[tokio::test]
async fn a_token_is_taken_only_where_that_was_chosen() {
    let kept = Arc::new(Kept::default());
    let message = format!("/sms/mo?token={}&from=%2B923001234567&to=8009&text=OK+482913", token());
    check(&hooks(&kept, Unsigned::Refused), get(&message), 405, "method_not_allowed").await;
    let chosen = Unsigned::Token(WebhookSecret::parse(&token()).unwrap());
    let hooks = hooks(&kept, chosen);
    check(&hooks, get(&message), 200, "").await;
    check(&hooks, signed("/sms/mo", MESSAGE), 200, "").await;
    let id = "00112233445566778899aabbccddeeff";
    check(&hooks, get(&format!("/sms/dlr?token={}&id={id}&status=1&message_id=&to=", token())), 200, "").await;
    assert_eq!(kept.receipts.lock().unwrap()[0].reference, Some((id.to_owned(), 0)));
    let other = "/sms/mo?from=923001234567&text=OK+482913";
    let refused = async |target: &str| check(&hooks, get(target), 401, "webhook_unauthorised").await;
    refused("/sms/mo").await;
    refused(other).await;
    refused(&format!("{other}&token=")).await;
    refused(&format!("{other}&token={}", "s".repeat(32))).await;
    refused(&format!("{other}&token={}&token={}", token(), "s".repeat(32))).await;
    let invalid = async |more: &str| {
        check(&hooks, get(&format!("{other}&token={}{more}", token())), 400, "parameter_invalid").await;
    };
    invalid("&text=again").await;
    invalid("&more=x").await;
    let large = format!("{other}&token={}&to={}", token(), "8".repeat(16 * 1024));
    check(&hooks, get(&large), 413, "body_too_large").await;
    assert_eq!(kept.texts(), ["OK 482913", "OK 482913"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_asked_for_again() {
    let kept = Arc::new(Kept { full: true, ..Kept::default() });
    let hooks = hooks(&kept, Unsigned::Refused);
    check(&hooks, signed("/sms/mo", MESSAGE), 503, "store_unavailable").await;
    check(&hooks, signed("/sms/dlr", r#"{"message_id":"M1","status":"sent"}"#), 503, "store_unavailable").await;
}

#[tokio::test]
async fn a_strangers_message_is_acknowledged_and_dropped() {
    let kept = Arc::new(Kept { full: true, ..Kept::default() });
    let hooks = hooks(&kept, Unsigned::Refused);
    for from in ["+447700900123", "Bank", "8008"] {
        check(&hooks, signed("/sms/mo", &format!(r#"{{"from":"{from}","text":"hello"}}"#)), 200, "").await;
    }
}

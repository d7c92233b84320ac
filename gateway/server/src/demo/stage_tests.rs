//! What the stage makes of texts: passcodes, demands, signatures in an officer's name.

use adapters::{clock::ManualClock, entropy::SystemEntropy};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::timestamp::Timestamp;
use jsonwebtoken::{DecodingKey, Validation};
use proptest::prelude::*;

use super::*;

const NOW_S: i64 = 1_795_340_000;

#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Phone for Nobody {
    async fn message(&self, reference: &str) -> Result<String, ClientError> {
        Err(ClientError(format!("no phone for {reference}")))
    }
}

#[async_trait]
impl Operators for Nobody {
    async fn revoke(&self, actor: &str) -> Result<(), ClientError> {
        Err(ClientError(format!("nobody revokes {actor}")))
    }
}

fn stage(officer: &rcgen::KeyPair) -> Stage {
    let cnic = Cnic::parse("4210112345671").unwrap();
    Stage {
        agency: SocketAddr::from(([127, 0, 0, 1], 1)),
        public: SocketAddr::from(([127, 0, 0, 1], 1)),
        server_ca: String::new(),
        credentials: HashMap::new(),
        officer_key: officer.serialize_pem(),
        audience: "exchange.example".into(),
        cast: Cast { citizen: cnic, head: cnic, dying: cnic, taxpayer: cnic },
        phone: Arc::new(Nobody),
        operators: Arc::new(Nobody),
        clock: Arc::new(ManualClock::new(Timestamp::from_micros(NOW_S * 1_000_000))),
        entropy: Arc::new(SystemEntropy::default()),
    }
}

fn answer(status: u16, body: Value) -> Answer {
    Answer { status, headers: http::HeaderMap::new(), body }
}

#[test]
fn the_passcode_is_the_first_six_digits_that_stand_alone() {
    let check = |message: &str, expected: Option<&str>| {
        assert_eq!(passcode(message).ok().as_deref(), expected, "{message}");
    };
    check("Ijazat code 482913: SBL seeks name. Ref K7Q4", Some("482913"));
    check("482913", Some("482913"));
    check("call 03001234567 or type 111222.", Some("111222"));
    check("کوڈ 123456 ہے", Some("123456"));
    check("۱۲۳۴۵۶", None);
    check("nothing here 12345 or 1234567", None);
    check("12-3456", None);
    check("", None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_passcode_is_found_between_any_words(code in "[0-9]{6}", before in "[^0-9]{0,20}", after in "[^0-9]{0,20}") {
        prop_assert_eq!(passcode(&format!("{before}{code}{after}")).unwrap(), code);
    }
}

#[test]
fn a_demand_that_is_not_met_tells_what_came_instead() {
    expect(&answer(200, Value::Null), 200, "token").unwrap();
    let refused = answer(403, json!({ "code": "policy_denied", "detail": "not for this purpose" }));
    let told = expect(&refused, 200, "token").unwrap_err().to_string();
    assert_eq!(told, "token: expected 200, got 403 policy_denied not for this purpose");
    let told = expect(&answer(200, Value::Null), 403, "refusal").unwrap_err().to_string();
    assert_eq!(told, "refusal: expected 403, got 200  ");
}

/// The claims of a signed request, if the officer's public key and the audience verify it.
fn claims(token: &str, officer: &rcgen::KeyPair, audience: &str) -> Option<Value> {
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[audience]);
    // The story's time is the clock's, not this machine's.
    rules.validate_exp = false;
    let key = DecodingKey::from_ec_pem(officer.public_key_pem().as_bytes()).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &rules).ok().map(|data| data.claims)
}

#[test]
fn a_signature_binds_user_method_path_and_body_for_a_minute() {
    let officer = rcgen::KeyPair::generate().unwrap();
    let stage = stage(&officer);
    let call = Call::json("/v1/nser/household", &json!({ "cnic": "4210112345671" }));
    let token = stage.assertion("power-1", &call).unwrap();
    let signed = claims(&token, &officer, "exchange.example").unwrap();
    assert_eq!(
        (&signed["sub"], &signed["htm"], &signed["htu"]),
        (&json!("power-1"), &json!("POST"), &json!(call.path))
    );
    assert_eq!((signed["iat"].as_i64(), signed["exp"].as_i64()), (Some(NOW_S), Some(NOW_S + 60)));
    let digest = hex::encode(digest::digest(&digest::SHA256, &call.body));
    assert_eq!(signed["body_sha256"], digest);
    assert_eq!(claims(&token, &officer, "exchange.other"), None, "another audience");
    assert_eq!(claims(&token, &rcgen::KeyPair::generate().unwrap(), "exchange.example"), None, "another key");
}

#[test]
fn no_two_signatures_share_an_id_even_for_the_same_call() {
    let officer = rcgen::KeyPair::generate().unwrap();
    let stage = stage(&officer);
    let call = Call::get("/v1/self/whoami");
    let id = || claims(&stage.assertion("u", &call).unwrap(), &officer, "exchange.example").unwrap()["jti"].clone();
    let (one, two) = (id(), id());
    assert_ne!(one, two);
    assert_eq!(one.as_str().unwrap().len(), 32);
}

#[test]
fn a_changed_call_has_another_digest_and_a_changed_token_does_not_verify() {
    let officer = rcgen::KeyPair::generate().unwrap();
    let stage = stage(&officer);
    let signed = |call: &Call| claims(&stage.assertion("u", call).unwrap(), &officer, "exchange.example").unwrap();
    let (one, two) = (signed(&Call::json("/a", &json!({ "a": 1 }))), signed(&Call::json("/a", &json!({ "a": 2 }))));
    assert_ne!(one["body_sha256"], two["body_sha256"]);
    assert_ne!(signed(&Call::get("/a"))["htm"], signed(&Call::form("/a", &[]))["htm"]);
    let token = stage.assertion("u", &Call::get("/a")).unwrap();
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut body: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
    body["sub"] = json!("somebody-else");
    parts[1] = URL_SAFE_NO_PAD.encode(body.to_string());
    assert_eq!(claims(&parts.join("."), &officer, "exchange.example"), None);
}

#[test]
fn a_key_that_is_none_is_told_without_being_repeated() {
    let mut stage = stage(&rcgen::KeyPair::generate().unwrap());
    stage.officer_key = "hunter2".into();
    let told = stage.assertion("u", &Call::get("/")).unwrap_err().to_string();
    assert!(told.starts_with("officer's key: ") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn an_agency_without_a_certificate_cannot_come_on_stage() {
    crate::tls::install_provider();
    let stage = stage(&rcgen::KeyPair::generate().unwrap());
    let told = stage.actor("bank-indus", None).await.unwrap_err().to_string();
    assert_eq!(told, "bank-indus has no certificate");
    // An empty authority trusts nobody, and nobody listens there anyway.
    assert!(stage.anyone().await.is_err());
}

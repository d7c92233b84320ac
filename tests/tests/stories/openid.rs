//! What an agency's OpenID library relies on: the endpoints that discovery names, and tokens that the published keys verify.

use gateway::demo::{
    client::{Answer, Call},
    stage::{Actor, Stage, passcode},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::installation::{BINARY, Installation};

/// A path of this server that discovery names.
fn named(discovery: &Value, endpoint: &str) -> String {
    let issuer = discovery["issuer"].as_str().unwrap();
    let url = discovery[endpoint].as_str().unwrap();
    url.strip_prefix(issuer).unwrap_or_else(|| panic!("{url} is not the issuer's")).to_owned()
}

async fn keys(stage: &Stage) -> JwkSet {
    let mut anyone = stage.anyone().await.unwrap();
    let discovery = anyone.send(Call::get("/.well-known/openid-configuration")).await.unwrap().body;
    let answer = anyone.send(Call::get(named(&discovery, "jwks_uri"))).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_value(answer.body).unwrap()
}

/// The bank asks the story's customer, who says yes.
async fn agreed(stage: &Stage, bank: &mut Actor<'_>) -> Answer {
    let asked = bank.ask(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let told = stage.phone.message(&asked.reference).await.unwrap();
    let given = bank.give(&asked, &passcode(&told).unwrap()).await.unwrap();
    assert_eq!(given.status, 200, "{}", given.body);
    bank.fetch(&asked).await.unwrap()
}

/// The claims, if a set of keys verifies the token for an agency.
fn verified(set: &JwkSet, token: &str, issuer: &str, agency: &str) -> Option<Value> {
    let key = set.find(&decode_header(token).unwrap().kid.unwrap())?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[agency]);
    rules.set_issuer(&[issuer]);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    let decoded = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules);
    decoded.ok().map(|token| token.claims)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_is_verified_by_the_published_keys_also_after_they_turned_over() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let port = gateway.address("agencies").unwrap().port();
    let issuer = format!("https://{}:{port}", installation.config.node.origin);
    let before = keys(&stage).await;

    let first = agreed(&stage, &mut bank).await;
    let claims = verified(&before, first.text("/id_token"), &issuer, "bank-indus").unwrap();
    assert_eq!(claims["acr"], "urn:nadra:acr:sms-pin");
    let sub = claims["sub"].as_str().unwrap();
    assert!(!first.text("/id_token").is_empty() && !sub.contains(stage.cast.citizen.digits().as_str()));
    assert!(verified(&before, first.text("/id_token"), &issuer, "telco-sarhad").is_none(), "it is the bank's");

    let folder = installation.config.node.state_dir.display().to_string();
    let turned = Command::new(BINARY).args(["keys", "rotate", "jwks", "--state", &folder]).output().await.unwrap();
    assert!(turned.status.success(), "{}", String::from_utf8_lossy(&turned.stderr));
    let second = agreed(&stage, &mut bank).await;
    let after = keys(&stage).await;
    assert_ne!(
        decode_header(first.text("/id_token")).unwrap().kid,
        decode_header(second.text("/id_token")).unwrap().kid
    );
    for (set, token) in [(&before, &second), (&after, &first), (&after, &second)] {
        let claims = verified(set, token.text("/id_token"), &issuer, "bank-indus").unwrap();
        assert_eq!(claims["sub"], sub, "the citizen's name at the bank is the same each time");
    }
    gateway.stop().await.unwrap();
}

/// What the citizens' phones have got so far.
async fn messages(installation: &Installation) -> String {
    let state = installation.config.node.state_dir.display().to_string();
    let told = Command::new(BINARY).args(["sms", "--last", "100", "--state", &state]).output().await.unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_c07_what_may_not_be_asked_is_refused_by_its_name_and_nobody_gets_a_message() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let hint = format!("cnic:{}", stage.cast.citizen.digits());
    let details = json!([{
        "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"], "fetch": "one_time",
    }]);
    let usual = [
        ("scope", "openid consent"),
        ("login_hint", hint.as_str()),
        ("authorization_details", &details.to_string()),
        ("binding_message", "COUNTER-04"),
    ];
    let unknown_member = details.to_string().replace("fetch", "fetched");
    let long = "x".repeat(200);
    let cases = [
        ("binding_message", "see http://x", "invalid_binding_message", "invalid_binding_message"),
        ("binding_message", "two\nlines", "parameter_invalid", "invalid_binding_message"),
        ("binding_message", "\u{1f600}", "invalid_binding_message", "invalid_binding_message"),
        ("binding_message", "123456", "invalid_binding_message", "invalid_binding_message"),
        ("binding_message", &long, "parameter_invalid", "invalid_binding_message"),
        ("scope", "consent", "parameter_invalid", "invalid_request"),
        ("login_hint", "4210112345671", "parameter_invalid", "invalid_request"),
        ("authorization_details", &unknown_member, "invalid_authorization_details", "invalid_authorization_details"),
        ("client_id", "telco-sarhad", "client_mismatch", "invalid_client"),
    ];
    let before = messages(&installation).await;
    for (name, value, code, error) in cases {
        let fields: Vec<_> = usual.iter().copied().filter(|(each, _)| *each != name).chain([(name, value)]).collect();
        let answer = bank.send(Call::form("/bc-authorize", &fields)).await.unwrap();
        let status = if code == "client_mismatch" { 401 } else { 400 };
        let told = (answer.status, answer.code(), answer.text("/error"));
        assert_eq!(told, (status, code, error), "{name}={value:?}: {}", answer.body);
    }
    let nobody: Vec<_> = usual.iter().copied().filter(|(name, _)| *name != "login_hint").collect();
    assert_eq!(bank.send(Call::form("/bc-authorize", &nobody)).await.unwrap().status, 400);
    assert_eq!(messages(&installation).await, before);
    // Who names itself in a form is who its certificate says, or its poll is none.
    let asked = bank.ask(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    for (client, status, code) in
        [("telco-sarhad", 401, "client_mismatch"), ("bank-indus", 400, "authorization_pending")]
    {
        let grant = "urn:openid:params:grant-type:ciba";
        let fields = [("grant_type", grant), ("auth_req_id", asked.id.as_str()), ("client_id", client)];
        let answer = bank.send(Call::form("/token", &fields)).await.unwrap();
        assert_eq!((answer.status, answer.code()), (status, code), "{client}");
    }
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_waits_for_a_key_to_sign_with() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let key = installation.config.node.state_dir.join("keys/jwks.key");
    let away = key.with_extension("away");
    std::fs::rename(&key, &away).unwrap();
    let asked = bank.ask(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let told = stage.phone.message(&asked.reference).await.unwrap();
    assert_eq!(bank.give(&asked, &passcode(&told).unwrap()).await.unwrap().status, 200);
    let refused = bank.fetch(&asked).await.unwrap();
    assert_eq!((refused.status, refused.code()), (503, "store_unavailable"), "{}", refused.body);
    std::fs::rename(&away, &key).unwrap();
    let fetched = bank.fetch(&asked).await.unwrap();
    assert!(fetched.status == 200 && !fetched.text("/id_token").is_empty(), "{}", fetched.body);
    gateway.stop().await.unwrap();
}

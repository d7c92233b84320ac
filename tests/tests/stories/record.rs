//! The record of a consent, seen from outside: a receipt that a library of others verifies, a log that tells each step, and what is
//! found where somebody edits the store.

use adapters::sql::Database;
use gateway::demo::{
    client::{Answer, Call},
    stage::{Actor, Granted, Stage},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use tests::meddling::meddle;
use tokio::process::Command;

use crate::installation::{BINARY, Installation};

/// What a command prints, and whether it went well.
async fn ijazat(installation: &Installation, words: &[&str]) -> (bool, String) {
    let state = installation.config.node.state_dir.display().to_string();
    let done = Command::new(BINARY).args(words).args(["--state", &state]).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.success(), text(&done.stdout) + &text(&done.stderr))
}

async fn receipt(bank: &mut Actor<'_>, granted: &Granted) -> Answer {
    bank.send(Call::get(format!("/v1/consents/{}/receipt", granted.consent))).await.unwrap()
}

/// What stands in the revisions of a receipt, each verified by the published keys.
async fn revisions(stage: &Stage, told: &Answer) -> Vec<Value> {
    let mut anyone = stage.anyone().await.unwrap();
    let set: JwkSet = serde_json::from_value(anyone.send(Call::get("/jwks")).await.unwrap().body).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let open = |text: &Value| {
        let text = text.as_str().unwrap();
        let head = decode_header(text).unwrap();
        assert_eq!(head.typ.as_deref(), Some("consent-revision+jwt"));
        let key = DecodingKey::from_jwk(set.find(&head.kid.unwrap()).unwrap()).unwrap();
        decode::<Value>(text, &key, &rules).unwrap().claims
    };
    told.body["data"]["revisions"].as_array().unwrap().iter().map(open).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn c44_a_receipt_is_verified_with_the_published_keys_and_tells_of_the_end_too() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = bank.consent(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let told = receipt(&mut bank, &granted).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let given = revisions(&stage, &told).await;
    assert_eq!(given.iter().map(|r| r["state"].as_str().unwrap()).collect::<Vec<_>>(), ["requested", "active"]);
    assert_eq!(given[1]["cause"], "passcode_at_counter");
    assert!(!told.body.to_string().contains(stage.cast.citizen.digits().as_str()));
    let mut clerk = stage.actor("telco-sarhad", Some("clerk-1")).await.unwrap();
    assert_eq!(receipt(&mut clerk, &granted).await.status, 404, "it is another's");

    assert_eq!(bank.send(Call::form("/revoke", &[("token", granted.consent.as_str())])).await.unwrap().status, 200);
    let told = receipt(&mut bank, &granted).await;
    let ended = revisions(&stage, &told).await;
    assert_eq!((&ended[2]["state"], &ended[2]["cause"]), (&json!("revoked"), &json!("agency_gave_back")));
    assert_eq!(told.body["data"]["receipt"]["state"], "revoked");
    assert_eq!(told.body["data"]["receipt"]["events"][2]["event_type"], "https://w3id.org/dpv#ConsentWithdrawn");
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c45_each_step_is_in_the_access_log_and_what_was_edited_or_cut_off_is_found() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = bank.consent(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let consent = granted.consent.as_str();
    let (done, told) = ijazat(&installation, &["consent", "revoke", consent]).await;
    assert!(done && told.contains("is over"), "{told}");
    let (done, told) = ijazat(&installation, &["consent", "revoke", consent]).await;
    assert!(!done && told.contains("no consent of this name holds"), "{told}");
    gateway.stop().await.unwrap();
    // Before it answers anybody, the next process tells what is not told yet.
    installation.serve.start().await.unwrap().stop().await.unwrap();

    let (done, told) = ijazat(&installation, &["consent", "verify"]).await;
    assert!(done && told.contains("1 consents with 3 revisions, 3 of them in the access log"), "{told}");
    let (done, told) = ijazat(&installation, &["consent", "show", consent, "--messages"]).await;
    assert!(done && told.contains("the record holds") && told.contains("••••••"), "{told}");
    assert!(told.contains("requested") && told.contains("passcode at counter") && told.contains("operator"), "{told}");

    let url = installation.config.database.control.expose().to_owned();
    let store = Database::open(&url, "control").await.unwrap();
    // Somebody who knows the tables well: the end is gone from record and consent alike.
    let cut = format!(
        "DELETE FROM consent_revision WHERE consent = '{consent}' AND revision = 2; \
         UPDATE consent SET state = 'active', revision = 1 WHERE id = '{consent}'"
    );
    meddle(&store, cut).await.unwrap();
    let (done, told) = ijazat(&installation, &["consent", "verify", consent]).await;
    assert!(done, "in itself it holds: {told}");
    let (done, told) = ijazat(&installation, &["consent", "verify"]).await;
    assert!(!done && told.contains(&format!("{consent}@2")) && told.contains("it is missing"), "{told}");
    meddle(&store, format!("UPDATE consent_revision SET at = at + 1 WHERE consent = '{consent}' AND revision = 0"))
        .await
        .unwrap();
    let (done, told) = ijazat(&installation, &["consent", "verify", consent]).await;
    assert!(!done && told.contains("revision 0: its row says something else"), "{told}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c45_an_auditor_sees_what_a_citizen_said_and_took_back() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = bank.consent(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let asked = Call::json("/v1/audit/consents", &json!({ "cnic": stage.cast.citizen.digits() }));
    let mut auditor = stage.actor("auditor-general", Some("auditor-1")).await.unwrap();
    let told = auditor.send(asked.clone().with("ijazat-purpose", "AUD-501")).await.unwrap();
    assert_eq!(told.status, 200, "{}", told.body);
    let consent = &told.body["data"]["consents"][0];
    assert_eq!((consent["consent"].as_str(), &consent["holds"]), (Some(granted.consent.as_str()), &json!(true)));
    let states: Vec<_> = consent["revisions"].as_array().unwrap().iter().map(|r| r["state"].clone()).collect();
    assert_eq!(states, [json!("requested"), json!("active")]);
    assert!(!told.body.to_string().contains(&granted.passcode), "the passcode is struck out");
    let refused = bank.send(asked.with("ijazat-purpose", "AUD-501")).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "caller_not_allowed"), "{}", refused.body);
    gateway.stop().await.unwrap();
}

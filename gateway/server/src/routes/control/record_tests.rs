//! What an agency holds of a consent, and what an auditor sees of a citizen's.

use exchange::{cnic::Cnic, consent::revision::verify, es256::SigningKey};
use serde_json::json;

use super::{
    super::consent_kit::{ALIVE, Counter, permit, permit_of},
    *,
};
use crate::routes::trial;

fn ring() -> KeyRing {
    [SigningKey::new(&[4; 32]).unwrap().public().clone()].into_iter().collect()
}

async fn ask(
    counter: &Counter,
    permit: Arc<exchange::permit::Permit>,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let parts = RecordParts {
        store: Arc::clone(&counter.parts.store),
        directory: Arc::clone(&counter.parts.directory),
        id_tokens: counter.parts.id_tokens.clone(),
        ring: ring(),
    };
    trial::ask(routes(Arc::new(parts)), Some(permit), method, path, body).await
}

/// A consent that was given and fetched.
async fn given(counter: &Counter) -> Value {
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let passcode = counter.passcode().await;
    assert_eq!(counter.pin(id, &passcode).await.0, 200);
    let (status, token) = counter.token(id).await;
    assert_eq!(status, 200);
    token
}

async fn receipt_of(counter: &Counter, agency: &str, consent: &str) -> (u16, Value) {
    let permit = permit_of("consent.receipt", agency, None, false);
    ask(counter, permit, "GET", &format!("/v1/consents/{consent}/receipt"), "").await
}

#[tokio::test]
async fn c44_a_receipt_is_verified_by_the_published_key_alone() {
    let counter = Counter::open("receipt").await;
    let token = given(&counter).await;
    let consent = token["consent_id"].as_str().unwrap();
    let (status, found) = receipt_of(&counter, "bank-indus", consent).await;
    assert_eq!(status, 200, "{found}");
    let signed: Vec<String> = serde_json::from_value(found["revisions"].clone()).unwrap();
    let record = verify(&ring(), &ConsentId::parse(consent).unwrap(), &signed).unwrap();
    assert_eq!(record.len(), 2);
    assert_eq!(record[1].evidence.len(), 1, "what the citizen was shown is committed to");
    let agreement = record[0].agreement.as_ref().unwrap();
    let directory = counter.parts.directory.any();
    assert_eq!(agreement, &exchange::consent::revision::Terms::of(&directory.agreements(&record[0].agency)[0]));
    let receipt = &found["receipt"];
    assert_eq!(receipt["record_id"], json!(consent));
    assert_eq!(receipt["purposes"][0]["description"], json!("account opening"));
    let (_, told) = counter
        .ask(permit("consent.introspect"), "/introspect", &format!("token={}", token["access_token"].as_str().unwrap()))
        .await;
    assert_eq!(receipt["pii_principal_id"], told["sub"], "the name that the agency knows the citizen by");
    let text = found.to_string();
    let subject = counter.parts.store.subject_key(Cnic::parse(ALIVE).unwrap()).to_hex();
    assert!(!text.contains(ALIVE) && !text.contains(&subject), "no name that two agencies could hold side by side");
    counter.close().await;
}

#[tokio::test]
async fn c44_what_is_absent_and_what_is_another_agencys_get_one_answer() {
    let counter = Counter::open("receipt-of-another").await;
    let token = given(&counter).await;
    let consent = token["consent_id"].as_str().unwrap();
    let absent = receipt_of(&counter, "bank-indus", "cns-none").await;
    assert_eq!(absent, (404, json!({ "code": "not_found" })));
    assert_eq!(receipt_of(&counter, "telco-sarhad", consent).await, absent);
    counter.close().await;
}

#[tokio::test]
async fn c45_an_auditor_sees_each_step_and_the_first_that_was_edited() {
    let counter = Counter::open("audit-of-consents").await;
    let token = given(&counter).await;
    let (audit, body) = (trial::permit("audit.consents", "auditor-general"), json!({ "cnic": ALIVE }).to_string());
    let (status, found) = ask(&counter, Arc::clone(&audit), "POST", "/v1/audit/consents", &body).await;
    assert_eq!(status, 200, "{found}");
    let consent = &found["consents"][0];
    assert_eq!((&consent["consent"], &consent["holds"]), (&token["consent_id"], &json!(true)));
    let steps: Vec<_> = consent["revisions"].as_array().unwrap().iter().map(|r| r["state"].clone()).collect();
    assert_eq!(steps, [json!("requested"), json!("active")]);
    let text = consent["shown"][0]["text"].as_str().unwrap();
    assert!(text.contains("••••••") && text.contains("account opening"), "{text}");
    let passcode = counter.passcode().await;
    assert!(!found.to_string().contains(&passcode), "the passcode is struck out");
    let edit = "UPDATE consent_revision SET state = 'paused' WHERE revision = 1";
    meddle(&counter, edit).await;
    let (_, found) = ask(&counter, audit, "POST", "/v1/audit/consents", &body).await;
    let consent = &found["consents"][0];
    assert_eq!((&consent["holds"], &consent["broken"]), (&json!(false), &json!(1)));
    let (status, _) = receipt_of(&counter, "bank-indus", token["consent_id"].as_str().unwrap()).await;
    assert_eq!(status, 500, "what does not hold is not shown as if it did");
    counter.close().await;
}

#[tokio::test]
async fn an_auditor_turns_pages_and_sees_each_consent_once() {
    let counter = Counter::open("pages-of-consents").await;
    let mut all = std::collections::BTreeSet::new();
    for n in 0..7 {
        // An hour apart: a citizen is asked by one agency so often a day, and answers each time.
        counter.at(n * 3_600);
        all.insert(given(&counter).await["consent_id"].as_str().unwrap().to_owned());
    }
    let audit = trial::permit("audit.consents", "auditor-general");
    let (mut seen, mut cursor, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let body = json!({ "cnic": ALIVE, "cursor": cursor }).to_string();
        let (status, found) = ask(&counter, Arc::clone(&audit), "POST", "/v1/audit/consents", &body).await;
        assert_eq!(status, 200, "{found}");
        pages += 1;
        let page = found["consents"].as_array().unwrap();
        assert!(page.len() <= 3 && page.iter().all(|consent| consent["holds"] == json!(true)), "{found}");
        seen.extend(page.iter().map(|consent| consent["consent"].as_str().unwrap().to_owned()));
        cursor = found["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (3, 7));
    assert_eq!(seen.into_iter().collect::<std::collections::BTreeSet<_>>(), all);
    counter.close().await;
}

#[tokio::test]
async fn who_is_not_permitted_or_asks_in_another_form_is_told_nothing() {
    let counter = Counter::open("audit-refused").await;
    given(&counter).await;
    let audit = trial::permit("audit.consents", "auditor-general");
    let (status, told) = ask(&counter, Arc::clone(&audit), "POST", "/v1/audit/consents", "[").await;
    assert_eq!((status, &told["code"]), (400, &json!("body_malformed")));
    let (status, told) = ask(&counter, Arc::clone(&audit), "POST", "/v1/audit/consents", r#"{"cursor":1}"#).await;
    assert_eq!((status, &told["code"]), (400, &json!("body_malformed")));
    let (status, _) = ask(&counter, Arc::clone(&audit), "GET", "/v1/audit/consents", "").await;
    assert_eq!(status, 405);
    // A permit for another service opens neither.
    for (method, path) in [("POST", "/v1/audit/consents"), ("GET", "/v1/consents/cns-1/receipt")] {
        let other = trial::permit("audit.accesses", "auditor-general");
        let (status, told) = ask(&counter, other, method, path, "{}").await;
        assert_eq!((status, told.get("consents")), (500, None), "{told}");
    }
    // A citizen who was never asked has no consents, and looks like one who does not exist.
    counter.at(5);
    let (status, found) = ask(&counter, audit, "POST", "/v1/audit/consents", r#"{"cursor":"zzz"}"#).await;
    assert_eq!((status, found), (200, json!({ "consents": [], "next": null })));
    counter.close().await;
}

#[tokio::test]
async fn c44_a_receipt_tells_of_a_yes_by_sms_and_of_its_end() {
    let counter = Counter::open("receipt-of-an-end").await;
    let token = given(&counter).await;
    let consent = token["consent_id"].as_str().unwrap();
    let number = exchange::mobile::Mobile::parse("03001234567").unwrap();
    counter.at(30);
    let told = counter.message().await;
    let reference = told.split("Ref ").nth(1).unwrap().split('.').next().unwrap().to_owned();
    counter.parts.store.take_sms(number, &format!("STOP {reference}")).await.unwrap();
    let (status, found) = receipt_of(&counter, "bank-indus", consent).await;
    assert_eq!(status, 200, "{found}");
    let receipt = &found["receipt"];
    assert_eq!((&receipt["state"], &receipt["receipt_id"]), (&json!("revoked"), &json!(format!("{consent}@2"))));
    let last = &receipt["events"][2];
    assert_eq!((&last["method"], &last["entity"]), (&json!("stop_by_sms"), &json!("pii_principal")));
    assert_eq!(last["event_type"], json!("https://w3id.org/dpv#ConsentWithdrawn"));
    assert_eq!(found["revisions"].as_array().unwrap().len(), 3);
    assert!(found["keys"].as_str().unwrap().ends_with("/jwks"));
    counter.close().await;
}

/// What nobody of ours does.
async fn meddle(counter: &Counter, sql: &'static str) {
    let mut work = counter.parts.store.database().begin().await.unwrap();
    assert_eq!(work.run(sql).await.unwrap(), 1);
    work.commit().await.unwrap();
}

//! Consent over its endpoints: what agencies send, what they learn, and what they never learn.

use std::sync::{Arc, atomic::Ordering};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{cnic::Cnic, ids::AgencyId, ports::citizen_keys::CitizenKeys as _};
use serde_json::Value;

use super::consent_kit::{ALIVE, Counter, DEAD, DETAILS, UNENROLLED, UNKNOWN, form, permit, permit_of};
use crate::routes::trial;

#[tokio::test]
async fn a_citizen_says_yes_and_the_token_names_what_was_asked() {
    let counter = Counter::open("yes").await;
    let asked = counter.authorize(ALIVE).await;
    assert_eq!((&asked["expires_in"], &asked["interval"]), (&300.into(), &5.into()));
    let id = asked["auth_req_id"].as_str().unwrap();
    assert!(id.len() >= 22, "fewer than 128 bits");
    let text = counter.parts.store.outbox(1).await.unwrap().remove(0).text;
    for part in ["Agency bank-indus", "Name", "account opening", asked["ref"].as_str().unwrap()] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(counter.token(id).await.1["code"], "authorization_pending");
    assert_eq!(counter.token(id).await.1["code"], "slow_down");
    let passcode = counter.passcode().await;
    assert_eq!(counter.pin(id, &passcode).await, (200, serde_json::json!({"status": "approved"})));
    let (status, token) = counter.token(id).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 120);
    assert_eq!(token["authorization_details"][0]["datatypes"], serde_json::json!(["identity.name"]));
    assert!(token["consent_id"].as_str().unwrap().starts_with("cns-"));
    let claims = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((&claims["aud"], &claims["auth_time"]), (&"bank-indus".into(), &(trial::AT / 1_000_000).into()));
    assert_eq!(claims["urn:openid:params:jwt:claim:auth_req_id"], id);
    let subject = counter.parts.store.subject_key(Cnic::parse(ALIVE).unwrap());
    assert_eq!(claims["sub"], counter.parts.id_tokens.subject(&AgencyId::parse("bank-indus").unwrap(), subject));
    assert_eq!(counter.pin(id, &passcode).await.1["code"], "pin_used");
    assert_eq!(counter.token(id).await.1["code"], "invalid_grant");
    counter.close().await;
}

#[tokio::test]
async fn what_may_not_be_asked_is_refused_with_its_reason_and_nobody_gets_a_message() {
    let counter = Counter::open("refused").await;
    let check = async |body: String, expected: &str| {
        let (status, answer) = counter.ask(permit("consent.authorize"), "/bc-authorize", &body).await;
        assert_eq!((answer["code"].as_str(), status / 100), (Some(expected), 4), "{body}: {answer}");
    };
    let secret = DETAILS.replace("identity.name", "nser.secret");
    let unknown_member = DETAILS.replace(r#""uses":1"#, r#""uses":1,"frequency":9"#);
    let too_long = DETAILS.replace(r#""uses":1"#, r#""uses":"standing","valid_until":"2099-01-01T00:00:00Z""#);
    check(form(ALIVE, &secret, ""), "invalid_authorization_details").await;
    check(form(ALIVE, &unknown_member, ""), "invalid_authorization_details").await;
    check(form(ALIVE, &too_long, ""), "invalid_authorization_details").await;
    check(form(ALIVE, &DETAILS.replace("KYC-101", "XYZ-1"), ""), "invalid_authorization_details").await;
    check(form("421011234567", DETAILS, ""), "cnic_invalid").await;
    check(form("42101123456ab", DETAILS, ""), "cnic_invalid").await;
    check(form(ALIVE, DETAILS, "&login_hint=cnic%3A1"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&login_hint_token=x"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&scope=openid"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&requested_expiry=30"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&requested_expiry=601"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&acr_values=urn:nadra:acr:app"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&binding_message=see+x.pk%2Fa"), "invalid_binding_message").await;
    check(form(ALIVE, DETAILS, "&binding_message=482913"), "invalid_binding_message").await;
    check(form(ALIVE, DETAILS, "&binding_message=a%0Ab"), "invalid_binding_message").await;
    check(form(ALIVE, DETAILS, &format!("&binding_message={}", "a".repeat(200))), "invalid_binding_message").await;
    check("scope=openid".into(), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "").replace("scope=openid", "scope=profile"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "").replace("cnic%3A", "tel%3A"), "parameter_invalid").await;
    let nobody = permit_of("consent.authorize", "bank-indus", None, false);
    let (_, answer) = counter.ask(nobody, "/bc-authorize", &form(ALIVE, DETAILS, "")).await;
    assert_eq!(answer["code"], "user_required");
    assert_eq!(counter.messages().await, 0);
    counter.close().await;
}

/// The members of an answer and the length of each: all that an observer could compare.
fn shape(answer: &Value) -> Vec<(String, usize)> {
    answer.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string().len())).collect()
}

#[tokio::test]
async fn nobody_learns_whether_a_citizen_exists() {
    let counter = Counter::open("oracle").await;
    let alive = counter.authorize(ALIVE).await;
    for cnic in [DEAD, UNENROLLED, UNKNOWN] {
        // What was asked before has run out: more than three do not wait for one citizen.
        counter.clock.0.fetch_add(301_000_000, Ordering::SeqCst);
        let answer = counter.authorize(cnic).await;
        assert_eq!(shape(&answer), shape(&alive), "{cnic}");
        let again = counter.authorize(ALIVE).await;
        let (a, b) = (again["auth_req_id"].as_str().unwrap(), answer["auth_req_id"].as_str().unwrap());
        assert_eq!(counter.token(b).await, counter.token(a).await, "{cnic}");
        let right = counter.passcode().await;
        let wrong = if right == "000000" { "000001" } else { "000000" };
        assert_eq!(counter.pin(b, wrong).await, counter.pin(a, wrong).await, "{cnic}");
    }
    assert_eq!(counter.messages().await, 4, "someone who may not be asked got a message");
    let last = counter.authorize(UNKNOWN).await;
    counter.clock.0.fetch_add(300_000_000, Ordering::SeqCst);
    let id = last["auth_req_id"].as_str().unwrap();
    assert_eq!(counter.token(id).await.1["code"], "expired_token");
    assert_eq!(counter.pin(id, "000000").await.1["code"], "expired_token");
    counter.close().await;
}

#[tokio::test]
async fn only_who_may_learn_a_status_learns_it() {
    let counter = Counter::open("status").await;
    for (cnic, expected) in [(ALIVE, 200), (DEAD, 400), (UNENROLLED, 400), (UNKNOWN, 400)] {
        let privileged = permit_of("consent.authorize", "bank-indus", Some("teller-1"), true);
        let (status, answer) = counter.ask(privileged, "/bc-authorize", &form(cnic, DETAILS, "")).await;
        assert_eq!(status, expected, "{answer}");
        if expected == 400 {
            assert_eq!(answer["code"], "unknown_user_id");
        }
    }
    counter.close().await;
}

#[tokio::test]
async fn the_answer_waits_for_nothing_that_depends_on_the_citizen() {
    let counter = Counter::open("before").await;
    let shut = Arc::clone(&counter.gate).acquire_owned().await.unwrap();
    let (status, _) = counter.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, "")).await;
    assert_eq!(status, 200);
    assert!(counter.parts.store.outbox(1).await.unwrap().is_empty(), "the message was sent before the registry spoke");
    drop(shut);
    assert_eq!(counter.messages().await, 1);
    counter.close().await;
}

#[tokio::test]
async fn three_wrong_passcodes_end_it_and_a_slip_costs_none() {
    let counter = Counter::open("tries").await;
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let right = counter.passcode().await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for slip in ["", "12345", "1234567", "abcdef"] {
        assert_eq!(counter.pin(id, slip).await.1["code"], "parameter_invalid", "{slip}");
    }
    for tries_left in [2, 1] {
        let (status, answer) = counter.pin(id, wrong).await;
        assert_eq!((status, &answer["code"]), (400, &"invalid_pin".into()));
        assert_eq!(answer["members"]["tries_left"], tries_left);
    }
    for digits in [wrong, &right] {
        let (status, answer) = counter.pin(id, digits).await;
        assert_eq!((status, &answer["code"]), (403, &"access_denied".into()));
    }
    assert_eq!(counter.token(id).await.1["code"], "access_denied");
    counter.close().await;
}

#[tokio::test]
async fn anothers_request_is_no_grant() {
    let counter = Counter::open("another").await;
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let right = counter.passcode().await;
    let pin = format!("/bc-authorize/{id}/pin");
    let body = format!(r#"{{"pin":"{right}"}}"#);
    for (agency, user) in [("telco-sarhad", "clerk-1"), ("bank-indus", "teller-2")] {
        let stranger = permit_of("consent.pin", agency, Some(user), false);
        assert_eq!(counter.ask(stranger, &pin, &body).await.1["code"], "invalid_grant", "{agency} {user}");
    }
    assert_eq!(counter.pin("unknown", &right).await.1["code"], "invalid_grant");
    assert_eq!(counter.pin(id, &right).await.0, 200);
    let stranger = permit_of("consent.token", "telco-sarhad", None, false);
    let poll = format!("grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id={id}");
    assert_eq!(counter.ask(stranger, "/token", &poll).await.1["code"], "invalid_grant");
    let other = format!("grant_type=authorization_code&auth_req_id={id}");
    assert_eq!(counter.ask(permit("consent.token"), "/token", &other).await.1["code"], "parameter_invalid");
    let unattended = permit_of("consent.token", "bank-indus", None, false);
    assert_eq!(counter.ask(unattended, "/token", &poll).await.0, 200, "the agency's own system may collect");
    counter.close().await;
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_as_such_and_approves_nothing() {
    let counter = Counter::open("gone").await;
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let right = counter.passcode().await;
    counter.parts.store.database().close().await;
    let (_, authorized) = counter.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, "")).await;
    for answer in [authorized, counter.pin(id, &right).await.1, counter.token(id).await.1] {
        assert_eq!((&answer["code"], &answer["retry_after_s"]), (&"store_unavailable".into(), &2.into()));
    }
    counter.close().await;
}

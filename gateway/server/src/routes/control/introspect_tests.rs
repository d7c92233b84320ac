//! What an agency learns of tokens, and which it can give back.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::consent_kit::{ALIVE, Counter, DETAILS, form, permit, permit_of};
use crate::routes::trial;

impl Counter {
    async fn introspect(&self, token: &str) -> Value {
        let (status, answer) = self.ask(permit("consent.introspect"), "/introspect", &body(token)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn granted(&self, details: &str) -> Value {
        let (_, asked) = self.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, details, "")).await;
        self.parts.background.idle().await;
        let id = asked["auth_req_id"].as_str().unwrap();
        let passcode = self.passcode().await;
        assert_eq!(self.pin(id, &passcode).await.0, 200);
        let (status, token) = self.token(id).await;
        assert_eq!(status, 200, "{token}");
        token
    }
}

fn body(token: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish()
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn a_token_tells_its_agency_what_it_stands_for() {
    let counter = Counter::open("introspect").await;
    let token = counter.granted(DETAILS).await;
    let found = counter.introspect(token["access_token"].as_str().unwrap()).await;
    let claims = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let expected = json!({
        "active": true,
        "iss": "https://exchange.example",
        "client_id": "bank-indus",
        "sub": claims["sub"],
        "token_type": "Bearer",
        "nbf": trial::AT / 1_000_000,
        "exp": trial::AT / 1_000_000 + 120,
        "jti": token["consent_id"],
        "consent_id": token["consent_id"],
        "acr": claims["acr"],
        "amr": claims["amr"],
        "cnf": { "x5t#S256": URL_SAFE_NO_PAD.encode([7; 32]) },
        "authorization_details": token["authorization_details"],
    });
    assert_eq!(found, expected);
    counter.at(120);
    assert_eq!(counter.introspect(token["access_token"].as_str().unwrap()).await, inactive());
    counter.close().await;
}

#[tokio::test]
async fn of_other_tokens_nobody_learns_anything() {
    let counter = Counter::open("introspect-other").await;
    let token = counter.granted(DETAILS).await;
    let token = token["access_token"].as_str().unwrap();
    let stranger = permit_of("consent.introspect", "telco-sarhad", None, false);
    assert_eq!(counter.ask(stranger, "/introspect", &body(token)).await, (200, inactive()));
    assert_eq!(counter.introspect("unknown").await, inactive());
    for wrong in ["", "token=", "token=a&token=b", "token=a&scope=x"] {
        let (status, answer) = counter.ask(permit("consent.introspect"), "/introspect", wrong).await;
        assert_eq!((status, &answer["code"]), (400, &"parameter_invalid".into()), "{wrong}");
    }
    let named = format!("{}&client_id=telco-sarhad&token_type_hint=access_token", body(token));
    let (_, answer) = counter.ask(permit("consent.introspect"), "/introspect", &named).await;
    assert_eq!(answer["code"], "client_mismatch");
    counter.close().await;
}

#[tokio::test]
async fn what_is_given_back_holds_no_more_and_nobody_gives_back_anothers() {
    let counter = Counter::open("give-back").await;
    let standing = DETAILS.replace(r#""uses":1"#, r#""uses":"standing","valid_until":"2026-12-20T00:00:00+05:00""#);
    let cases = [(DETAILS, "access_token"), (DETAILS, "consent_id"), (&standing, "access_token")];
    for (second, (details, name)) in (0..).zip(cases) {
        // Messages of one instant have no order.
        counter.at(second);
        let token = counter.granted(details).await;
        let text = token["access_token"].as_str().unwrap();
        let handed = body(token[name].as_str().unwrap());
        let done = (200, json!({ "status": "revoked" }));
        // Nobody learns by it which tokens there are.
        let stranger = permit_of("consent.revoke", "telco-sarhad", None, false);
        assert_eq!(counter.ask(stranger, "/revoke", &handed).await, done);
        assert_eq!(counter.ask(permit("consent.revoke"), "/revoke", "token=unknown").await, done);
        assert_eq!(counter.introspect(text).await["active"], true, "{name}");
        for _ in 0..2 {
            assert_eq!(counter.ask(permit("consent.revoke"), "/revoke", &handed).await, done);
            assert_eq!(counter.introspect(text).await, inactive(), "{name}");
        }
    }
    assert_eq!(counter.ask(permit("consent.revoke"), "/revoke", "").await.1["code"], "parameter_invalid");
    counter.close().await;
}

//! What bounds a consent, over the endpoints: refused above a ceiling, and told with the token.

use serde_json::json;

use super::consent_kit::{ALIVE, Counter, form, permit};

fn details(more: &str) -> String {
    format!(
        r#"[{{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-103","datatypes":["identity.name"],"fetch":"standing","valid_until":"2026-12-31T00:00:00+05:00"{more}}}]"#
    )
}

const KEPT: &str = r#","data_life":{"unit":"DAY","value":30}"#;

#[tokio::test]
async fn c06_c31_what_is_above_a_ceiling_is_refused_and_nobody_gets_a_message() {
    let counter = Counter::open("ceilings").await;
    let daily = |times: u32| format!(r#"{KEPT},"frequency":{{"unit":"DAY","value":{times}}}"#);
    let monthly = format!(r#"{KEPT},"frequency":{{"unit":"MONTH","value":3}}"#);
    let longer = daily(2).replace("30", "31");
    for more in [daily(3), monthly, longer, KEPT.to_owned(), daily(0), daily(2).replace(KEPT, "")] {
        let body = form(ALIVE, &details(&more), "");
        let (status, answer) = counter.ask(permit("consent.authorize"), "/bc-authorize", &body).await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_authorization_details")), "{more}: {answer}");
        assert!(answer["members"]["reason"].is_string(), "{answer}");
    }
    assert_eq!(counter.messages().await, 0);
    counter.close().await;
}

#[tokio::test]
async fn c31_token_and_introspection_tell_what_bounds_the_consent() {
    let counter = Counter::open("bounds").await;
    let more = format!(r#"{KEPT},"uses":12,"frequency":{{"unit":"DAY","value":2}}"#);
    let body = form(ALIVE, &details(&more), "");
    let (status, asked) = counter.ask(permit("consent.authorize"), "/bc-authorize", &body).await;
    assert_eq!(status, 200, "{asked}");
    counter.parts.background.idle().await;
    let id = asked["auth_req_id"].as_str().unwrap();
    assert_eq!(counter.pin(id, &counter.passcode().await).await.0, 200);
    let (_, token) = counter.token(id).await;
    let form = format!("token={}", token["access_token"].as_str().unwrap());
    let (_, shown) = counter.ask(permit("consent.introspect"), "/introspect", &form).await;
    for told in [&token["authorization_details"][0], &shown["authorization_details"][0]] {
        assert_eq!(told["frequency"], json!({ "unit": "DAY", "value": 2 }), "{told}");
        assert_eq!(told["data_life"], json!({ "unit": "DAY", "value": 30 }));
        assert_eq!((&told["uses"], &told["fetch"]), (&json!(12), &json!("standing")));
    }
    counter.close().await;
}

//! Behaviour 28 at `POST /bc-authorize`: who is told by ping gives a token to be known by, and nobody is ever pushed one.

use std::sync::Arc;

use exchange::notify::{DeliveryMode, Notify, NotifyUrl};

use super::consent_kit::{ALIVE, Counter, DETAILS, UNKNOWN, directory, form, permit, permit_of};
use crate::routes::trial;

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// The endpoints before a bank that learns of answers in this mode.
async fn counter(name: &str, mode: DeliveryMode) -> Counter {
    let mut data = directory();
    let url = |path: &str| NotifyUrl::parse(&format!("https://bank.example/{path}")).ok();
    data.agencies[0].notify = Some(Notify::new(mode, url("ping"), None).unwrap());
    let mut counter = Counter::open(name).await;
    Arc::get_mut(&mut counter.parts).unwrap().directory = trial::directory(data).await;
    counter
}

async fn ask(counter: &Counter, cnic: &str, token: Option<&str>) -> (u16, serde_json::Value) {
    let more = token.map(|token| format!("&client_notification_token={token}")).unwrap_or_default();
    counter.ask(permit("consent.authorize"), "/bc-authorize", &form(cnic, DETAILS, &more)).await
}

#[tokio::test]
async fn c28_an_agency_that_is_told_by_ping_must_give_a_token_to_be_known_by() {
    let counter = counter("ping-token", DeliveryMode::Ping).await;
    let long = "a".repeat(1_025);
    for wrong in [None, Some(""), Some("short"), Some("with%20a%20blank%20and%20long%20enough"), Some(long.as_str())] {
        let (status, answer) = ask(&counter, ALIVE, wrong).await;
        assert_eq!((status, &answer["code"]), (400, &"parameter_invalid".into()), "{wrong:?}: {answer}");
        assert_eq!(answer["members"]["parameter"], "client_notification_token");
    }
    assert_eq!(counter.messages().await, 0, "nobody was asked");
    assert_eq!(counter.parts.store.notifications_waiting().await.unwrap(), 0);
    for (waiting, cnic) in [(1, ALIVE), (2, UNKNOWN)] {
        let (status, answer) = ask(&counter, cnic, Some(TOKEN)).await;
        assert_eq!(status, 200, "{answer}");
        counter.parts.background.idle().await;
        assert_eq!(counter.parts.store.notifications_waiting().await.unwrap(), waiting, "there or not");
    }
    counter.close().await;
}

#[tokio::test]
async fn c28_where_the_agency_polls_the_token_is_ignored_and_nothing_is_kept() {
    let counter = counter("poll-token", DeliveryMode::Poll).await;
    for given in [None, Some(TOKEN), Some("short")] {
        let (status, answer) = ask(&counter, ALIVE, given).await;
        assert_eq!(status, 200, "{given:?}: {answer}");
    }
    counter.parts.background.idle().await;
    assert_eq!(counter.parts.store.notifications_waiting().await.unwrap(), 0);
    counter.close().await;
}

#[tokio::test]
async fn c28_no_request_can_ask_for_push() {
    let counter = counter("push", DeliveryMode::Ping).await;
    for (name, mode) in [("backchannel_token_delivery_mode", "push"), ("delivery_mode", "push")] {
        let more = format!("&client_notification_token={TOKEN}&{name}={mode}");
        let body = form(ALIVE, DETAILS, &more);
        let (status, answer) = counter.ask(permit("consent.authorize"), "/bc-authorize", &body).await;
        assert_eq!((status, &answer["code"]), (400, &"parameter_invalid".into()), "{name}: {answer}");
    }
    assert_eq!(counter.messages().await, 0);
    counter.close().await;
}

#[tokio::test]
async fn c28_of_a_request_that_was_refused_after_all_nothing_is_told() {
    let counter = counter("ping-refused", DeliveryMode::Ping).await;
    let knows = permit_of("consent.authorize", "bank-indus", Some("teller-1"), true);
    let body = form(UNKNOWN, DETAILS, &format!("&client_notification_token={TOKEN}"));
    let (status, answer) = counter.ask(knows, "/bc-authorize", &body).await;
    assert_eq!((status, &answer["code"]), (400, &"unknown_user_id".into()), "{answer}");
    assert_eq!(counter.parts.store.notifications_waiting().await.unwrap(), 0);
    counter.close().await;
}

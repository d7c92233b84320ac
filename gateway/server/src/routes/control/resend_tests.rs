//! A passcode that is sent again, and a request that is taken back.

use exchange::{
    cnic::Cnic,
    ids::{AgencyId, ConsentId},
    ports::citizen_keys::CitizenKeys as _,
};
use serde_json::{Value, json};

use super::consent_kit::{ALIVE, Counter, DEAD, DETAILS, UNENROLLED, UNKNOWN, form, permit, permit_of};

impl Counter {
    async fn resend(&self, id: &str) -> (u16, Value) {
        let answer = self.ask(permit("consent.resend"), &format!("/bc-authorize/{id}/resend"), "").await;
        self.parts.background.idle().await;
        answer
    }

    async fn cancel(&self, id: &str) -> (u16, Value) {
        self.send(permit("consent.cancel"), "DELETE", &format!("/bc-authorize/{id}"), "").await
    }
}

fn id_of(asked: &Value) -> &str {
    asked["auth_req_id"].as_str().unwrap()
}

fn other_than(passcode: &str) -> &'static str {
    if passcode == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn c14_a_resend_brings_another_passcode_and_gives_no_try_back() {
    let counter = Counter::open("resend").await;
    let (status, asked) = counter
        .ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, "&binding_message=SDR-04"))
        .await;
    assert_eq!((status, &asked["resend_after"]), (200, &60.into()));
    let id = id_of(&asked);
    let text = counter.message().await;
    let old = counter.passcode().await;
    for tries_left in [2, 1] {
        assert_eq!(counter.pin(id, other_than(&old)).await.1["members"]["tries_left"], tries_left);
    }
    counter.at(61);
    let expected = json!({ "ref": asked["ref"], "expires_in": 239, "tries_left": 1, "resend_after": 60 });
    assert_eq!(counter.resend(id).await, (200, expected));
    assert_eq!(counter.messages().await, 2);
    let new = counter.passcode().await;
    // The words are the same, with the counter's mark; one in a million passcodes is the same too.
    assert_eq!(counter.message().await.replace(&new, ""), text.replace(&old, ""));
    assert!(text.contains("SDR-04"), "{text}");
    if new != old {
        assert_eq!(counter.pin(id, &old).await.1["code"], "access_denied", "the last try");
    }
    counter.close().await;
}

#[tokio::test]
async fn c14_the_new_passcode_is_a_yes() {
    let counter = Counter::open("resend-yes").await;
    let asked = counter.authorize(ALIVE).await;
    counter.at(60);
    assert_eq!(counter.resend(id_of(&asked)).await.0, 200);
    let new = counter.passcode().await;
    assert_eq!(counter.pin(id_of(&asked), &new).await.0, 200);
    assert_eq!(counter.resend(id_of(&asked)).await.1["code"], "pin_used");
    counter.close().await;
}

#[tokio::test]
async fn c17_a_resend_waits_a_minute_and_comes_twice_whether_there_is_a_citizen_or_not() {
    let counter = Counter::open("resends").await;
    let mut all = Vec::new();
    for cnic in [ALIVE, DEAD, UNENROLLED, UNKNOWN] {
        counter.at(0);
        let asked = counter.authorize(cnic).await;
        let mut seen = Vec::new();
        for seconds in [0, 59, 60, 119, 120, 180, 300] {
            counter.at(seconds);
            let (status, mut answer) = counter.resend(id_of(&asked)).await;
            answer.as_object_mut().unwrap().remove("ref");
            seen.push((seconds, status, answer));
        }
        all.push(seen);
    }
    let (alive, others) = all.split_first().unwrap();
    let too_soon = |wait: u32| json!({ "code": "rate_limited", "retry_after_s": wait });
    let expected = [
        (0, 429, too_soon(60)),
        (59, 429, too_soon(1)),
        (60, 200, json!({ "expires_in": 240, "tries_left": 3, "resend_after": 60 })),
        (119, 429, too_soon(1)),
        (120, 200, json!({ "expires_in": 180, "tries_left": 3 })),
        (180, 409, json!({ "code": "resends_used_up" })),
        (300, 400, json!({ "code": "expired_token" })),
    ];
    assert_eq!(alive[..], expected);
    for other in others {
        assert_eq!(other, alive, "an agency learned whether there is a citizen");
    }
    assert_eq!(counter.messages().await, 3, "only who was asked is asked again");
    counter.close().await;
}

#[tokio::test]
async fn a_short_request_promises_no_second_message() {
    let counter = Counter::open("short").await;
    let body = form(ALIVE, DETAILS, "&requested_expiry=60");
    let (status, asked) = counter.ask(permit("consent.authorize"), "/bc-authorize", &body).await;
    assert_eq!((status, asked.get("resend_after")), (200, None), "{asked}");
    counter.close().await;
}

#[tokio::test]
async fn c11_a_request_that_was_taken_back_lets_nobody_in() {
    let counter = Counter::open("cancel").await;
    for cnic in [ALIVE, UNENROLLED] {
        let asked = counter.authorize(cnic).await;
        let passcode = counter.passcode().await;
        for _ in 0..2 {
            assert_eq!(counter.cancel(id_of(&asked)).await, (200, json!({ "status": "cancelled" })));
        }
        assert_eq!(counter.pin(id_of(&asked), &passcode).await.1["code"], "access_denied");
        assert_eq!(counter.token(id_of(&asked)).await.1["code"], "access_denied");
        counter.at(100);
        assert_eq!(counter.resend(id_of(&asked)).await.1["code"], "access_denied");
        counter.at(0);
    }
    counter.close().await;
}

#[tokio::test]
async fn a_yes_that_nobody_fetched_ends_with_its_request() {
    let counter = Counter::open("cancel-yes").await;
    let asked = counter.authorize(ALIVE).await;
    let passcode = counter.passcode().await;
    assert_eq!(counter.pin(id_of(&asked), &passcode).await.0, 200);
    let store = &counter.parts.store;
    let consents = store.consents_of(store.subject_key(Cnic::parse(ALIVE).unwrap())).await.unwrap();
    let [consent] = &consents[..] else { panic!("{consents:?}") };
    assert_eq!(counter.cancel(id_of(&asked)).await.0, 200);
    assert_eq!(counter.token(id_of(&asked)).await.1["code"], "access_denied");
    assert!(!store.revoke_consent(consent).await.unwrap(), "it had ended");
    counter.close().await;
}

#[tokio::test]
async fn what_is_over_is_not_taken_back() {
    let counter = Counter::open("cancel-late").await;
    let asked = counter.authorize(ALIVE).await;
    let passcode = counter.passcode().await;
    counter.pin(id_of(&asked), &passcode).await;
    let (status, token) = counter.token(id_of(&asked)).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(counter.cancel(id_of(&asked)).await.1["code"], "invalid_grant", "the token is what can be given back");
    let consent = ConsentId::parse(token["consent_id"].as_str().unwrap()).unwrap();
    assert!(counter.parts.store.revoke_consent(&consent).await.unwrap(), "it still held");
    let locked = counter.authorize(ALIVE).await;
    let passcode = counter.passcode().await;
    for _ in 0..3 {
        counter.pin(id_of(&locked), other_than(&passcode)).await;
    }
    assert_eq!(counter.cancel(id_of(&locked)).await.1["code"], "access_denied");
    let late = counter.authorize(ALIVE).await;
    counter.at(300);
    assert_eq!(counter.cancel(id_of(&late)).await.1["code"], "expired_token");
    counter.close().await;
}

#[tokio::test]
async fn only_who_asked_sends_again_or_takes_back() {
    let counter = Counter::open("others").await;
    let asked = counter.authorize(ALIVE).await;
    counter.at(60);
    let (resend, cancel) =
        (format!("/bc-authorize/{}/resend", id_of(&asked)), format!("/bc-authorize/{}", id_of(&asked)));
    for (agency, user) in [("telco-sarhad", "clerk-1"), ("bank-indus", "teller-2")] {
        let stranger = |service| permit_of(service, agency, Some(user), false);
        assert_eq!(counter.ask(stranger("consent.resend"), &resend, "").await.1["code"], "invalid_grant");
        let (_, answer) = counter.send(stranger("consent.cancel"), "DELETE", &cancel, "").await;
        assert_eq!(answer["code"], "invalid_grant");
    }
    assert_eq!(counter.resend("unknown").await.1["code"], "invalid_grant");
    assert_eq!(counter.cancel("unknown").await.1["code"], "invalid_grant");
    assert_eq!(counter.messages().await, 1);
    let bank = AgencyId::parse("bank-indus").unwrap();
    assert!(counter.parts.store.introspect("unknown", &bank).await.unwrap().is_none());
    assert_eq!(counter.resend(id_of(&asked)).await.0, 200);
    counter.close().await;
}

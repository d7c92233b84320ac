//! A citizen who is asked enough, an agency that guesses: what either looks like to whoever asks.

use exchange::ids::AgencyId;
use serde_json::Value;

use super::consent_kit::{ALIVE, Counter, DETAILS, UNKNOWN, form, permit, permit_of};

const PIN: &str = "&acr_values=urn%3Anadra%3Aacr%3Asms-pin";
const REPLY: &str = "&acr_values=urn%3Anadra%3Aacr%3Asms-reply";

async fn id(counter: &Counter, cnic: &str) -> String {
    counter.authorize(cnic).await["auth_req_id"].as_str().unwrap().to_owned()
}

/// Names and kinds of an answer's members, and the lengths of its texts.
fn shape(answer: &Value) -> Vec<(String, usize)> {
    let members = answer.as_object().unwrap().iter();
    members.map(|(name, value)| (name.clone(), value.as_str().map_or(0, str::len))).collect()
}

#[tokio::test]
async fn c15_c19_c20_a_citizen_who_is_spared_looks_like_one_that_nobody_knows() {
    let counter = Counter::open("spared").await;
    let heard = counter.authorize(ALIVE).await;
    for _ in 0..2 {
        id(&counter, ALIVE).await;
    }
    assert_eq!(counter.messages().await, 3);
    let spared = counter.authorize(ALIVE).await;
    let nobody = counter.authorize(UNKNOWN).await;
    assert_eq!(counter.messages().await, 3, "a fourth request was heard while three wait");
    assert_eq!((shape(&spared), shape(&nobody)), (shape(&heard), shape(&heard)));
    // A wrong passcode, the polls and the end are the same too.
    let told = async |answer: &Value| {
        let id = answer["auth_req_id"].as_str().unwrap().to_owned();
        let (status, wrong) = counter.pin(&id, "000000").await;
        let poll = counter.token(&id).await;
        (status, wrong["code"].clone(), wrong["tries_left"].clone(), poll.0, poll.1["code"].clone())
    };
    assert_eq!(told(&spared).await, told(&nobody).await);
    counter.at(301);
    let ends = async |answer: &Value| counter.token(answer["auth_req_id"].as_str().unwrap()).await.1["code"].clone();
    assert_eq!((ends(&spared).await, ends(&nobody).await), ("expired_token".into(), "expired_token".into()));
    counter.close().await;
}

#[tokio::test]
async fn c21_who_may_know_learns_of_nobody_and_not_of_who_is_spared() {
    let counter = Counter::open("privileged").await;
    let ask = async |cnic: &str| {
        let permit = permit_of("consent.authorize", "bank-indus", Some("teller-1"), true);
        counter.ask(permit, "/bc-authorize", &form(cnic, DETAILS, "")).await
    };
    for n in 0..5 {
        assert_eq!(ask(ALIVE).await.0, 200, "{n}");
    }
    assert_eq!(counter.messages().await, 3);
    let (status, unknown) = ask(UNKNOWN).await;
    assert_eq!((status, &unknown["code"]), (400, &"unknown_user_id".into()));
    counter.close().await;
}

#[tokio::test]
async fn c16_an_agency_that_guesses_is_answered_by_sms_only() {
    let counter = Counter::open("guesses").await;
    let bank = AgencyId::parse("bank-indus").unwrap();
    for _ in 0..200 {
        counter.parts.guessing.offered(&bank, true);
    }
    let (status, refused) = counter.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, PIN)).await;
    assert_eq!((status, &refused["code"]), (400, &"acr_too_low".into()), "{refused}");
    assert_eq!(counter.messages().await, 0);
    // Whoever leaves the way to us gets the one that is left, and so does whoever asks for it.
    for more in ["", REPLY] {
        let (status, asked) =
            counter.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, more)).await;
        assert_eq!(status, 200, "{asked}");
        assert!(asked["screen_number"].is_string(), "{asked}");
    }
    counter.close().await;
}

#[tokio::test]
async fn c16_passcodes_at_the_counter_are_counted() {
    let counter = Counter::open("counted").await;
    let bank = AgencyId::parse("bank-indus").unwrap();
    for _ in 0..199 {
        counter.parts.guessing.offered(&bank, true);
    }
    let id = id(&counter, ALIVE).await;
    assert!(!counter.parts.guessing.is_held(&bank));
    // Not six digits is no passcode; a wrong one is the two hundredth.
    assert_eq!(counter.pin(&id, "12").await.0, 400);
    assert!(!counter.parts.guessing.is_held(&bank));
    let right = counter.passcode().await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    assert_eq!(counter.pin(&id, wrong).await.1["code"], "invalid_pin");
    assert!(counter.parts.guessing.is_held(&bank));
    // What waits already goes on.
    assert_eq!(counter.pin(&id, &right).await.0, 200);
    counter.close().await;
}

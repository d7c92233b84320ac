//! A citizen allows a bank to look once a day, for a while: the bank looks, waits, looks again, and is let in no more after the end.

use exchange::{ports::clock::Clock as _, timestamp::Timestamp};
use gateway::demo::{
    client::{Answer, Call},
    stage::{Actor, Asked, Granted, Stage, passcode},
};
use serde_json::json;
use tests::process::advance;

use crate::network::Scene;

const DAY_S: i64 = 86_400;

/// The token of a standing consent with these members more, given at the counter.
pub(crate) async fn standing(stage: &Stage, bank: &mut Actor<'_>, more: serde_json::Value) -> Granted {
    let mut details = json!({
        "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-102", "datatypes": ["identity.name"], "fetch": "standing",
    });
    for (name, value) in more.as_object().unwrap() {
        details[name] = value.clone();
    }
    let fields = [
        ("scope", "openid consent".to_owned()),
        ("login_hint", format!("cnic:{}", stage.cast.citizen.digits())),
        ("authorization_details", json!([details]).to_string()),
    ];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = bank.send(Call::form("/bc-authorize", &fields)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let asked = Asked { id: answer.text("/auth_req_id").to_owned(), reference: answer.text("/ref").to_owned() };
    let passcode = passcode(&stage.phone.message(&asked.reference).await.unwrap()).unwrap();
    assert_eq!(bank.give(&asked, &passcode).await.unwrap().status, 200);
    let token = bank.fetch(&asked).await.unwrap();
    assert_eq!(token.status, 200, "{}", token.body);
    for (name, value) in more.as_object().unwrap().iter().filter(|(name, _)| *name != "valid_until") {
        assert_eq!(token.body["authorization_details"][0][name], *value);
    }
    Granted {
        asked,
        passcode,
        token: token.text("/access_token").to_owned(),
        consent: token.text("/consent_id").to_owned(),
    }
}

pub(crate) async fn review(stage: &Stage, bank: &mut Actor<'_>, granted: &Granted, key: Option<&str>) -> Answer {
    let mut call = Call::json("/v1/identity/kyc", &json!({ "cnic": stage.cast.citizen.digits() }))
        .with("ijazat-purpose", "KYC-102")
        .with("authorization", format!("Bearer {}", granted.token));
    if let Some(key) = key {
        call = call.with("idempotency-key", key);
    }
    bank.send(call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c31_a_standing_consent_is_used_once_a_day_until_its_end_which_is_announced() {
    let scene = Scene::new().await;
    let socket = scene.installation.config.node.state_dir.join("clock");
    let gateway = scene.serve.clone().by_clock(&socket).start().await.unwrap();
    scene.bound().await;
    // Noon in Pakistan, so that no step comes near a midnight.
    let now = adapters::clock::SystemClock.now();
    let to_noon = (12 * 3_600 - (now.seconds() + 5 * 3_600)).rem_euclid(DAY_S);
    advance(&socket, to_noon).await.unwrap();
    let noon = now.plus_seconds(to_noon);
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let until = noon.plus_seconds(9 * DAY_S).rfc3339();
    let bounds = json!({
        "valid_until": until, "frequency": { "unit": "DAY", "value": 1 }, "data_life": { "unit": "DAY", "value": 30 },
    });
    let granted = standing(&stage, &mut bank, bounds).await;
    let first = review(&stage, &mut bank, &granted, Some("day-1")).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let by = Timestamp::parse_rfc3339(first.text("/erase_by")).unwrap();
    let days = (by.seconds() - noon.seconds()) / DAY_S;
    assert!((30..=31).contains(&days), "{by:?}");
    // The same request again is no other use.
    let again = review(&stage, &mut bank, &granted, Some("day-1")).await;
    assert_eq!((again.status, again.text("/erase_by")), (200, first.text("/erase_by")), "{}", again.body);
    let second = review(&stage, &mut bank, &granted, None).await;
    assert_eq!((second.status, second.code()), (403, "frequency_exceeded"), "{}", second.body);
    let wait: i64 = second.header("retry-after").parse().unwrap();
    let next = Timestamp::parse_rfc3339(second.text("/available_at")).unwrap();
    assert!((1..=DAY_S / 2).contains(&wait) && next.karachi_hour() == 0, "{wait} {}", second.body);

    advance(&socket, DAY_S).await.unwrap();
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    assert_eq!(review(&stage, &mut bank, &granted, None).await.status, 200, "another day");
    assert_eq!(review(&stage, &mut bank, &granted, None).await.code(), "frequency_exceeded");
    let number = scene.smsc.until_text(&granted.asked.reference).await.unwrap().0.to;
    let stop = format!("STOP {}", granted.asked.reference);
    let announced = || scene.smsc.texts(&number).iter().filter(|text| text.contains(&stop)).count();
    assert_eq!(announced(), 0, "too soon to announce the end");
    advance(&socket, DAY_S + 60).await.unwrap();
    scene.smsc.until_text(&stop).await.unwrap();

    advance(&socket, 7 * DAY_S).await.unwrap();
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let late = review(&stage, &mut bank, &granted, None).await;
    assert_eq!(late.code(), "token_invalid", "{}", late.body);
    gateway.stop().await.unwrap();
    assert_eq!(announced(), 1);
}

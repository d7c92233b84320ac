//! The least that answers the question, through sockets: a fact instead of the particular, a band instead of the score.

use exchange::cnic::Cnic;
use gateway::demo::client::{Answer, Call};
use serde_json::json;
use tests::world::World;

use crate::ask;

/// The bank asks, with a consent to exactly these datatypes.
async fn bank(world: &World, person: Cnic, (path, purpose): (&str, &str), datatypes: &[&str]) -> Answer {
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(person, purpose, datatypes).await.unwrap();
    let call = Call::json(path, &json!({ "cnic": person.digits() }))
        .with("ijazat-purpose", purpose)
        .with("authorization", format!("Bearer {}", granted.token));
    teller.send(call).await.unwrap()
}

#[tokio::test]
async fn a_bank_learns_that_a_citizen_is_of_age_and_not_when_born() {
    let world = World::start().await.unwrap();
    let service = ("/v1/identity/predicates", "KYC-101");
    let answer = bank(&world, world.stage.cast.citizen, service, &["identity.over-18", "identity.card-valid"]).await;
    assert_eq!((answer.status, &answer.body["data"]), (200, &json!({"over_18": true, "card_valid": true})));
    let withheld = &answer.body["withheld"][0];
    assert_eq!((&withheld["datatype"], &withheld["code"]), (&json!("identity.living"), &json!("consent_mismatch")));
}

#[tokio::test]
async fn a_bank_learns_the_band_of_who_asks_for_a_loan_and_not_the_score() {
    let world = World::start().await.unwrap();
    let head = world.stage.cast.head;
    let household =
        ask(&world, "standard-1", "prog-kafalat", "/v1/nser/household", &json!({ "cnic": head.digits() })).await;
    let score = household.body["data"]["household"]["pmt"].as_f64().unwrap();
    let answer = bank(&world, head, ("/v1/nser/band", "CRD-111"), &["nser.band"]).await;
    let band = answer.body["data"]["band"].as_str().unwrap_or_default();
    assert_eq!((answer.status, &answer.body["data"]), (200, &json!({ "band": band })));
    let (from, to) = band.split_once('-').unwrap();
    assert!((from.parse().unwrap()..=to.parse().unwrap()).contains(&score), "{score} in {band}");
}

#[tokio::test]
async fn a_programme_asks_who_lives_and_a_notice_of_death_keeps_the_answer_back() {
    let world = World::start().await.unwrap();
    let (dying, path) = (world.stage.cast.dying, "/v1/identity/predicates");
    let living =
        async || ask(&world, "standard-1", "prog-kafalat-living", path, &json!({ "cnic": dying.digits() })).await;
    let answer = living().await;
    assert_eq!((answer.status, &answer.body["data"]), (200, &json!({ "living": true })), "{}", answer.body);
    let (year, month, day) = world.stage.clock.now().karachi_date();
    let notice = json!({
        "cnic": dying.digits(), "date_of_death": format!("{year:04}-{month:02}-{day:02}"), "place": "Mehran Hospital",
    });
    let mut doctor = world.stage.actor("hospital-mehran", Some("doctor-1")).await.unwrap();
    let call = Call::json("/v1/vital/death-notices", &notice).with("ijazat-purpose", "VIT-401");
    assert_eq!(doctor.send(call).await.unwrap().status, 200);
    let held = living().await;
    assert_eq!((held.status, held.code()), (422, "subject_not_verifiable"), "a notice is no death yet");
}

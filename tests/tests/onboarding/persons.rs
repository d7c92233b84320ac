//! Who may do what at the office: two persons, their own signatures, nobody else's agency; the clock of an application.

use exchange::{classification::Forum, onboarding::Change};
use gateway::demo::client::Call;
use serde_json::json;
use tests::world::World;

use crate::{
    cells::rows,
    forms,
    office::{ONE, Office, TWO, asked},
};

/// A change that breaks no rule: another key for the bank.
fn key(digit: &str) -> Change {
    let entry = json!({ "kind": "key", "entry": { "agency": "bank-indus", "sha256": digit.repeat(64) } });
    serde_json::from_value(entry).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_their_own_proposal_and_nothing_is_decided_twice() {
    let world = World::start().await.unwrap();
    let mut office = Office::open(&world).await;
    let proposed = office.propose(&key("1")).await;
    let proposal = proposed.text("/data/proposal").to_owned();
    let own = office.decide(ONE, &proposal).await;
    assert_eq!((own.status, own.code()), (403, "second_person_required"));
    assert_eq!(own.body["policies"], json!(["OB08-second-person"]), "the law said it, not the service");
    let waiting = office.get(TWO, "proposals").await;
    assert_eq!(waiting.text("/data/proposals/0/proposed_by"), "registry-office/registrar-1", "{}", waiting.body);
    assert_eq!(waiting.text("/data/proposals/0/change/entry/sha256"), "1".repeat(64));
    assert_eq!(office.decide(TWO, &proposal).await.status, 200);
    let again = office.decide(TWO, &proposal).await;
    assert_eq!(again.code(), "second_person_required");
    assert_eq!(office.get(TWO, "proposals").await.body["data"]["proposals"], json!([]));
    let refused = world.recorded().unwrap().into_iter().filter(|entry| entry.code() == "second_person_required");
    assert_eq!(refused.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_registrars_with_their_own_signature_propose() {
    let world = World::start().await.unwrap();
    let body = json!({ "change": key("2") });
    let call = || Call::json("/v1/onboarding/proposals", &body);
    let check = |answer: gateway::demo::client::Answer, code: &str| assert_eq!(answer.code(), code, "{}", answer.body);
    let unsigned = call().with("ijazat-user", "registrar-1");
    check(asked(&world, "registry-office", unsigned).await, "user_assertion_required");
    let power = call().with("ijazat-user-assertion", world.stage.assertion("power-1", &call()).unwrap());
    check(asked(&world, "bisp", power.with("ijazat-user", "power-1")).await, "caller_not_allowed");
    check(asked(&world, "bank-indus", call().with("ijazat-user", "teller-1")).await, "caller_not_allowed");
    let read = Call::get("/v1/onboarding/proposals").with("ijazat-user", "teller-1");
    check(asked(&world, "bank-indus", read).await, "caller_not_allowed");
    // One registrar's key signs for nobody else.
    let signed = world.signed_by("registrar-1", call()).unwrap();
    let headers = signed.headers.into_iter().map(|(name, value)| match name {
        "ijazat-user" => (name, "registrar-2".to_owned()),
        _ => (name, value),
    });
    let forged = Call { headers: headers.collect(), ..call() };
    check(asked(&world, "registry-office", forged).await, "user_assertion_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_sees_its_own_application_with_its_clock_and_nobody_elses() {
    let world = World::start().await.unwrap();
    let office = Office::open(&world).await;
    let row = rows("target").into_iter().find(|row| row.kind == "Bank").unwrap();
    let service = [office.catalogue.service("identity.yes-no").unwrap().clone()];
    let form = forms::form(&office.rules, "bank-indus", &row, &service, true);
    let call = Call::json("/v1/onboarding/applications", &json!({ "form": form }));
    let handed = asked(&world, "bank-indus", call.clone().with("ijazat-user", "teller-1")).await;
    assert_eq!((handed.status, handed.text("/data/forum")), (200, Forum::Nadra.as_str()), "{}", handed.body);
    assert_eq!(handed.body["data"]["clock"]["working_days"], 5);
    let anothers = asked(&world, "telco-sarhad", call.with("ijazat-user", "clerk-1")).await;
    assert_eq!(anothers.code(), "caller_not_allowed", "in another's name");
    let path = format!("/v1/onboarding/applications/{}", handed.text("/data/application"));
    let get = |user: &str| Call::get(path.clone()).with("ijazat-user", user);
    assert_eq!(asked(&world, "telco-sarhad", get("clerk-1")).await.code(), "not_found");
    let fresh = asked(&world, "bank-indus", get("teller-1")).await;
    assert_eq!(fresh.body["data"]["clock"]["breached"], false, "{}", fresh.body);
    // Five working days are never more than a fortnight after the last of them.
    world.clock.advance(21 * 24 * 3600);
    let late = asked(&world, "bank-indus", get("teller-1")).await;
    assert_eq!(late.body["data"]["clock"]["breached"], true, "{}", late.body);
}

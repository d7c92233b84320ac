//! Requests beyond what they rest on: an approval after its end, more rows than the agreement gives, a consent for longer or
//! for more than its purpose may carry.

use exchange::{
    classification::Classification,
    directory::DirectoryData,
    ports::{clock::Clock as _, directory_source::DirectorySource as _},
    timestamp::Timestamp,
};
use gateway::demo::client::Call;
use serde_json::json;
use tests::world::{World, until};

use crate::kit::{Bad, refused};

const DAY_S: i64 = 86_400;

/// Changes the directory, until the gateway knows it.
async fn changed(world: &World, edit: impl FnOnce(&mut DirectoryData)) {
    let mut data = world.store.read().await.unwrap().1;
    edit(&mut data);
    // Known is what disables a user beside it.
    data.users.iter_mut().filter(|user| user.id.as_str() == "basic-1").for_each(|user| user.disabled = true);
    world.store.replace_directory(&data).await.unwrap();
    let whoami = || Call::get("/v1/self/whoami").with("ijazat-user", "basic-1");
    let known = async || world.ask("bisp", whoami()).await.unwrap().code() == "user_disabled";
    until("the directory is known", known).await.unwrap();
}

/// These parts of a household under the Board's approval of card numbers, signed anew each time.
fn approved(world: &World, fields: &[&str]) -> Call {
    let body = json!({ "cnic": world.stage.cast.head.digits(), "fields": fields });
    let call = Call::json("/v1/nser/household", &body)
        .with("ijazat-user", "power-1")
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat, appr-board-1");
    let assertion = world.stage.assertion("power-1", &call).unwrap();
    call.with("ijazat-user-assertion", assertion)
}

#[tokio::test]
async fn an_approval_that_has_ended_opens_nothing_and_the_record_says_what_was_kept_back() {
    let world = World::start().await.unwrap();
    let now = world.clock.now();
    changed(&world, |data| data.approvals.iter_mut().for_each(|approval| approval.valid_until = now)).await;
    let before = world.recorded().unwrap().len();
    let all = [
        Bad::call("card numbers alone", &approved(&world, &["nser.cnic"]), 403, "secret_needs_board"),
        Bad::call("beside the names", &approved(&world, &["nser.name", "nser.cnic"]), 403, "fields_not_permitted"),
    ];
    refused(&world, "bisp", &all).await;
    let recorded = world.recorded().unwrap();
    for (bad, entry) in all.iter().zip(&recorded[before..]) {
        let kept: Vec<_> = entry.leaf.withheld.iter().map(|one| one.datatype.as_str()).collect();
        assert_eq!(kept, ["nser.cnic"], "{}", bad.name);
        assert_eq!(entry.leaf.basis.as_deref(), Some("prog-kafalat,appr-board-1"), "{}", bad.name);
    }
}

/// A page of so many households of a district.
fn page(limit: u32) -> Call {
    Call::json("/v1/nser/households/by-address", &json!({ "district": "Badin", "limit": limit }))
        .with("ijazat-user", "standard-1")
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat")
}

#[tokio::test]
async fn more_rows_than_the_agreement_gives_are_refused() {
    let world = World::start().await.unwrap();
    changed(&world, |data| {
        let lists = data.agreements.iter_mut().find(|agreement| agreement.id.as_str() == "agr-bisp-2").unwrap();
        lists.row_limit = 2;
    })
    .await;
    refused(&world, "bisp", &[3, 100].map(|rows| Bad::call(rows.to_string(), &page(rows), 403, "policy_denied"))).await;
    for rows in [1, 2] {
        let answer = world.ask("bisp", page(rows)).await.unwrap();
        assert_eq!(answer.status, 200, "{rows}: {}", answer.body);
    }
}

/// A bank's question to a citizen, for a purpose and until an instant.
fn asks(world: &World, purpose: &str, datatype: &str, until: Option<Timestamp>) -> Call {
    let mut details = json!([{
        "type": "urn:pk:ijazat:consent:1", "purpose": purpose, "datatypes": [datatype], "fetch": "one_time",
    }]);
    if let Some(until) = until {
        details[0]["fetch"] = json!("standing");
        details[0]["valid_until"] = json!(until.rfc3339());
    }
    let fields = [
        ("scope", "openid consent"),
        ("login_hint", &format!("cnic:{}", world.stage.cast.citizen.digits())),
        ("authorization_details", &details.to_string()),
    ];
    Call::form("/bc-authorize", &fields).with("ijazat-user", "teller-1")
}

#[tokio::test]
async fn a_consent_beyond_its_purposes_ceilings_is_not_asked_of_the_citizen() {
    let world = World::start().await.unwrap();
    changed(&world, |data| {
        let review = data.purposes.iter_mut().find(|purpose| purpose.code.as_str() == "TAX-301").unwrap();
        review.class_max = Classification::Public;
    })
    .await;
    let now = world.clock.now();
    let days = |days: i64, seconds: i64| Some(now.plus_seconds(days * DAY_S + seconds));
    let bad = |name: &str, call: &Call| Bad::call(name, call, 400, "invalid_authorization_details");
    let above = || asks(&world, "TAX-301", "fbr.status", None);
    let name = "identity.name";
    let all = [
        bad("a class above the purpose's", &above()),
        bad("a purpose without standing consent", &asks(&world, "KYC-101", name, days(0, 60))),
        bad("a second above the purpose's year", &asks(&world, "KYC-102", name, days(365, 1))),
        bad("for ever", &asks(&world, "KYC-102", name, days(36_500, 0))),
        bad("already over", &asks(&world, "KYC-102", name, days(0, -1))),
        bad("a forbidden purpose", &asks(&world, "MKT-001", name, None)),
        bad("a purpose of another's agreement", &asks(&world, "NSER-202", "nser.name", None)),
        bad("Secret data", &asks(&world, "NSER-201", "nser.cnic", None)),
    ];
    refused(&world, "bank-indus", &all).await;
    for (call, ceiling) in [
        (above(), "a datatype is of a higher class than the purpose may carry"),
        (
            asks(&world, "KYC-102", name, days(365, 1)),
            "valid_until is beyond the purpose's ceiling for standing consent",
        ),
    ] {
        assert_eq!(world.ask("bank-indus", call).await.unwrap().text("/reason"), ceiling);
    }
    let most = world.ask("bank-indus", asks(&world, "KYC-102", name, days(365, 0))).await.unwrap();
    assert_eq!(most.status, 200, "up to the ceiling the citizen is asked: {}", most.body);
}

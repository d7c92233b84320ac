//! Rule 4: the record is the meter. `exchange::statement` tests the sum over leaves; here the leaves, the bill that the
//! agency is shown and the receipts that it kept are three counts of the same requests.

use exchange::{ids::AgencyId, month::Month, ports::clock::Clock as _, statement::recompute};
use gateway::demo::{
    client::Call,
    told::{amount_of, sequence_of},
};
use serde_json::json;
use tests::world::World;

#[tokio::test]
async fn leaves_bill_and_receipts_say_the_same() {
    let world = World::start().await.unwrap();
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let citizen = world.stage.cast.citizen;
    let mut receipts = Vec::new();
    for (path, datatype) in [("/v1/identity/kyc", "identity.name"), ("/v1/identity/yes-no", "identity.match")] {
        let granted = teller.consent(citizen, "KYC-101", &[datatype]).await.unwrap();
        let call = Call::json(path, &json!({ "cnic": citizen.digits() }))
            .with("ijazat-purpose", "KYC-101")
            .with("authorization", format!("Bearer {}", granted.token));
        let answer = teller.send(call.clone()).await.unwrap();
        assert_eq!(answer.status, 200, "{path} {}", answer.code());
        let receipt = answer.header("ijazat-receipt");
        receipts.push((sequence_of(receipt).unwrap(), amount_of(receipt)));
        // Neither a refusal nor a dry run is charged.
        assert_eq!(teller.send(call.clone()).await.unwrap().code(), "token_invalid");
        teller.send(Call::get("/v1/self/whoami").with("ijazat-dry-run", "1")).await.unwrap();
    }
    let month = world.clock.now().karachi_month();
    let usage = teller.send(Call::get(format!("/v1/usage/{month}"))).await.unwrap();
    let recorded = world.recorded().unwrap();
    let charged = recorded.iter().map(|entry| &entry.leaf).filter(|leaf| leaf.amount != 0);
    let of_identity = charged.clone().filter(|leaf| leaf.service.as_ref().unwrap().starts_with("identity."));
    let leaves: Vec<_> = of_identity.map(|leaf| (leaf.sequence, leaf.amount)).collect();
    assert_eq!(leaves, receipts, "each receipt is its leaf, and there are no others");
    // Asking the citizen has its price too; its receipts came with the backchannel's answers.
    assert!(charged.clone().all(|leaf| leaf.agency.as_deref() == Some("bank-indus") && leaf.code.is_none()));
    let total: i64 = charged.map(|leaf| leaf.amount).sum();
    let bank = AgencyId::parse("bank-indus").unwrap();
    let statement = recompute(recorded.iter().map(|entry| &entry.leaf), &bank, Month::parse(&month).unwrap());
    assert_eq!(
        (usage.body["data"]["total_milli_paisa"].as_i64(), statement.payable_milli_paisa()),
        (Some(total), total)
    );
}

#[tokio::test]
async fn nobody_is_shown_another_agencys_bill() {
    let world = World::start().await.unwrap();
    world.serves().await.unwrap();
    let month = world.clock.now().karachi_month();
    let usage = world.ask("bank-indus", Call::get(format!("/v1/usage/{month}"))).await.unwrap();
    assert_eq!((usage.status, usage.body["data"]["agency"].as_str()), (200, Some("bank-indus")));
    assert_eq!(usage.body["data"]["total_milli_paisa"], 0, "BISP's household is not the bank's to pay");
}

/// The members of a list, summed.
fn total(list: &serde_json::Value, member: &str) -> i64 {
    list.as_array().unwrap().iter().map(|one| one[member].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn days_users_and_revenue_are_the_same_sums_as_the_bill() {
    let world = World::start().await.unwrap();
    world.serves().await.unwrap();
    let month = world.clock.now().karachi_month();
    let bisp = |path: String| world.ask("bisp", Call::get(path).with("ijazat-user", "standard-1"));
    let bill = bisp(format!("/v1/usage/{month}")).await.unwrap().body["data"].clone();
    let rated = bill["rated_milli_paisa"].as_i64().unwrap();
    assert!(rated > 0, "{bill}");
    assert_eq!(total(&bill["lines"], "amount_milli_paisa"), rated);
    assert_eq!(total(&bill["days"], "amount_milli_paisa"), rated);
    assert_eq!(total(&bill["lines"], "calls"), total(&bill["days"], "calls"));
    // Everything was asked by one user on one day; asking for the bill is an answer of its own by then.
    let users = bisp(format!("/v1/usage/{month}/users")).await.unwrap().body["data"].clone();
    assert_eq!((total(&users["users"], "amount_milli_paisa"), &users["rated_milli_paisa"]), (rated, &json!(rated)));
    assert_eq!(total(&users["users"], "calls"), total(&bill["lines"], "calls") + 1);
    assert!(users["users"].as_array().unwrap().iter().all(|line| line["user"] == "standard-1"), "{users}");
    let chart = bisp(format!("/v1/usage/{month}/chart")).await.unwrap();
    let svg = chart.body["data"]["svg"].as_str().unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains(&format!("Usage of Benazir Income Support Programme in {month}")));
    let revenue = Call::get(format!("/v1/revenue/{month}"));
    let told = world.ask_as_registrar("registrar-1", revenue.clone()).await.unwrap().body["data"].clone();
    let agencies = told["agencies"].as_array().unwrap();
    let own = agencies.iter().find(|line| line["agency"] == "bisp").unwrap();
    assert_eq!((&own["amount_milli_paisa"], &own["kind"]), (&json!(rated), &json!("Bisp")));
    for level in ["lines", "kinds", "agencies", "users"] {
        assert_eq!(total(&told[level], "amount_milli_paisa"), told["rated_milli_paisa"], "{level}");
        assert_eq!(total(&told[level], "payable_milli_paisa"), told["revenue_milli_paisa"], "{level}");
        assert_eq!(total(&told[level], "calls"), told["calls"], "{level}");
    }
    // Nobody else is told: neither the highest officer of another agency nor the operator's own system without a person.
    let refused = bisp(format!("/v1/revenue/{month}")).await.unwrap();
    assert_eq!((refused.status, refused.code()), (403, "policy_denied"));
    let bare = world.ask("registry-office", revenue).await.unwrap();
    assert_eq!((bare.status, bare.code()), (403, "policy_denied"));
}

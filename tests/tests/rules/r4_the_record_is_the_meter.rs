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

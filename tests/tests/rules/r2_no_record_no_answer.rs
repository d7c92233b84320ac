//! Rule 2: no record, no answer. A full disk is in `bad_input::disk`, kills under load in the stories, crashes of the log in
//! `adapters`; here every answer that came is found in the record, bound to its very bytes.

use exchange::record::{leaf::Kind, side::commit};
use gateway::demo::client::Call;
use gateway::demo::told::sequence_of;
use tests::world::{Recorded, World, wire::Reply};

/// The record that the receipt names commits to exactly the bytes that came.
fn bound(recorded: &[Recorded], reply: &Reply) {
    let sequence = sequence_of(reply.header("ijazat-receipt")).expect("an answer without a receipt");
    let entry = &recorded[usize::try_from(sequence).unwrap()];
    let id = reply.header("ijazat-request-id");
    assert_eq!((entry.leaf.sequence, entry.leaf.request.as_str(), entry.leaf.status), (sequence, id, 200));
    assert_eq!((entry.leaf.kind, entry.leaf.bytes), (Kind::Outcome, reply.body.len() as u64));
    let opening = *entry.side.openings.response.unwrap();
    let committed = *entry.leaf.commitments.response.unwrap();
    assert_eq!(committed, commit("response", &opening, &reply.body), "the record is of other bytes");
    let mut changed = reply.body.clone();
    changed[0] ^= 1;
    assert_ne!(committed, commit("response", &opening, &changed));
}

#[tokio::test]
async fn every_answer_has_its_record_and_the_record_its_bytes() {
    let world = World::start().await.unwrap();
    let mut bank = world.agency("bank-indus").await.unwrap();
    let mut bisp = world.agency("bisp").await.unwrap();
    for _ in 0..5 {
        let answers = [
            bisp.call(&world.household()).await.unwrap(),
            bank.call(&Call::get("/v1/self/whoami")).await.unwrap(),
            bank.call(&Call::get("/v1/log/checkpoint")).await.unwrap(),
        ];
        // Read only after the answers came: what is durable by then was durable before they left, or never will be.
        let recorded = world.recorded().unwrap();
        for reply in answers {
            assert_eq!(reply.status, 200, "{}", reply.code());
            bound(&recorded, &reply);
        }
    }
}

#[tokio::test]
async fn every_refusal_has_its_record_too() {
    let world = World::start().await.unwrap();
    let mut bank = world.agency("bank-indus").await.unwrap();
    let calls = [Call::get("/v1/nobody"), world.household(), Call::get("/v1//x"), Call::get("/v1/receipts/999999")];
    for call in calls {
        let reply = bank.call(&call).await.unwrap();
        assert!(reply.status >= 400, "{}", call.path);
        let recorded = world.recorded().unwrap();
        let id = reply.header("ijazat-request-id");
        let ends = recorded.iter().find(|entry| entry.leaf.request == id && entry.leaf.kind != Kind::Intent).unwrap();
        assert_eq!((ends.leaf.status, ends.code(), ends.agency()), (reply.status, reply.code().as_str(), "bank-indus"));
        if reply.header("connection").eq_ignore_ascii_case("close") {
            bank = world.agency("bank-indus").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_dry_run_is_recorded_and_releases_nothing() {
    let world = World::start().await.unwrap();
    let call = world.household().with("ijazat-dry-run", "1");
    let reply = world.agency("bisp").await.unwrap().call(&call).await.unwrap();
    assert_eq!((reply.status, reply.json()["dry_run"].as_bool()), (200, Some(true)));
    assert!(reply.json().get("data").is_none());
    let recorded = world.recorded().unwrap();
    bound(&recorded, &reply);
    let leaf = &recorded.last().unwrap().leaf;
    assert_eq!((leaf.dry_run, leaf.amount, leaf.rows, leaf.released.len()), (true, 0, 0, 0));
}

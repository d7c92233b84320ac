//! A read under a key is asked again, decided again and not charged again: three times, within ten minutes.

use exchange::{codes::Code, ids::AgencyId, ports::citizen_keys::CitizenKeys as _, record::leaf::Kind};
use gateway::{demo::client::Call, pki::inspect::facts};
use tests::world::{Flaw, World, client_certificate, until};

use crate::kit::{
    billed, forwarded, is_first, keyed, kinds, kyc, notice, receipt, refused, repeats, send, under, with,
};

/// A household's price for a federal body.
const HOUSEHOLD: i64 = 100_000;

/// A customer's price for a private body.
const KYC: i64 = 600_000;

#[tokio::test]
async fn a_read_is_given_again_three_times_and_then_refused() {
    let world = World::start().await.unwrap();
    let call = keyed(world.household());
    let first = send(&world, "bisp", &call).await;
    is_first(&first, HOUSEHOLD);
    let asked = forwarded(&world).await;
    for _ in 0..3 {
        repeats(&send(&world, "bisp", &call).await, &first);
    }
    assert_eq!(forwarded(&world).await, asked + 3, "nothing that names a person is kept: it is asked again");
    for _ in 0..2 {
        refused("a fourth time", &send(&world, "bisp", &call).await, Code::IdempotencySpent);
    }
    assert_eq!(forwarded(&world).await, asked + 3);
    let replay = [Kind::Intent, Kind::Replay];
    let all = [&[Kind::Intent, Kind::Outcome][..], &replay, &replay, &replay, &[Kind::Refused; 2]].concat();
    assert_eq!(kinds(&world, "nser.household@1"), all);
    assert_eq!(billed(&world, "bisp", "nser.household").await, (1, HOUSEHOLD));
}

#[tokio::test]
async fn ten_minutes_are_the_last_moment() {
    let world = World::start().await.unwrap();
    let call = keyed(world.household());
    let first = send(&world, "bisp", &call).await;
    world.clock.advance(600);
    repeats(&send(&world, "bisp", &call).await, &first);
    world.clock.advance(1);
    refused("too late", &send(&world, "bisp", &call).await, Code::IdempotencySpent);
    is_first(&send(&world, "bisp", &under(world.household(), "fresh")).await, HOUSEHOLD);
}

#[tokio::test]
async fn a_token_that_is_used_once_serves_its_own_repetition_only() {
    let world = World::start().await.unwrap();
    let call = kyc(&world).await;
    let first = send(&world, "bank-indus", &keyed(call.clone())).await;
    is_first(&first, KYC);
    // The token's two minutes are over: its use was in time.
    world.clock.advance(300);
    repeats(&send(&world, "bank-indus", &keyed(call.clone())).await, &first);
    refused("no key", &send(&world, "bank-indus", &call).await, Code::TokenInvalid);
    refused("another key", &send(&world, "bank-indus", &under(call.clone(), "another")).await, Code::TokenInvalid);
    repeats(&send(&world, "bank-indus", &keyed(call)).await, &first);
    assert_eq!(billed(&world, "bank-indus", "identity.kyc").await, (1, KYC));
}

/// The Board approves one answer: neither another key nor the same one gets a second.
#[tokio::test]
async fn an_approval_that_is_used_once_serves_no_repetition() {
    let world = World::start().await.unwrap();
    let mut call = with(keyed(world.household()), "ijazat-basis", "prog-kafalat, appr-board-1");
    call.headers.retain(|(name, _)| *name != "ijazat-user");
    let mut officer = world.stage.actor("bisp", Some("power-1")).await.unwrap();
    let first = officer.send_signed(call.clone()).await.unwrap();
    assert!(first.body.to_string().contains("\"cnic\""), "{} {}", first.status, first.code());
    let asked = forwarded(&world).await;
    for _ in 0..2 {
        let again = officer.send_signed(call.clone()).await.unwrap();
        assert_eq!((again.status, again.code()), (403, "basis_unknown"));
    }
    assert_eq!(forwarded(&world).await, asked, "the registry was asked for Secret data again");
}

#[tokio::test]
async fn what_was_withdrawn_meanwhile_is_not_given_again() {
    let world = World::start().await.unwrap();
    let call = keyed(kyc(&world).await);
    is_first(&send(&world, "bank-indus", &call).await, KYC);
    let citizen = world.store.subject_key(world.stage.cast.dying);
    for consent in &world.store.consents_of(citizen).await.unwrap() {
        assert!(world.store.revoke_consent(consent).await.unwrap());
    }
    let asked = forwarded(&world).await;
    refused("withdrawn", &send(&world, "bank-indus", &call).await, Code::TokenInvalid);
    assert_eq!(forwarded(&world).await, asked);
    assert_eq!(billed(&world, "bank-indus", "identity.kyc").await, (1, KYC));
}

#[tokio::test]
async fn a_repetition_tells_what_is_so_now_and_not_what_was() {
    let world = World::start().await.unwrap();
    let call = keyed(kyc(&world).await);
    is_first(&send(&world, "bank-indus", &call).await, KYC);
    receipt(&send(&world, "hospital-mehran", &notice(&world, "Mehran Hospital")).await);
    let reply = send(&world, "bank-indus", &call).await;
    assert!(reply.status >= 400 && reply.json().get("data").is_none(), "{}", reply.status);
    assert_eq!(billed(&world, "bank-indus", "identity.kyc").await, (1, KYC));
}

#[tokio::test]
async fn another_certificate_of_the_agency_gets_no_repetition() {
    let world = World::start().await.unwrap();
    let call = keyed(world.household());
    let first = send(&world, "bisp", &call).await;
    let second = client_certificate(&world, "bisp", Flaw::Unregistered).unwrap();
    let key = facts(&second.certificate).unwrap().spki_sha256;
    world.store.add_key(&AgencyId::parse("bisp").unwrap(), &key).await.unwrap();
    let mut wire = world.wire(Some(&second)).await.unwrap();
    let whoami = Call::get("/v1/self/whoami");
    until("the new key is known", async || wire.call(&whoami).await.is_ok_and(|reply| reply.status == 200))
        .await
        .unwrap();
    refused("shown otherwise", &wire.call(&call).await.unwrap(), Code::IdempotencyConflict);
    repeats(&send(&world, "bisp", &call).await, &first);
    assert_eq!(billed(&world, "bisp", "nser.household").await, (1, HOUSEHOLD));
}

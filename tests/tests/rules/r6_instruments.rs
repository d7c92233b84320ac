//! Rule 6 for what a request rests on: an agreement, a programme and an approval end on a live connection, whichever way
//! the directory was changed: by two persons of the office, or by another directory in its place.

use adapters::sql::control::Newcomers;
use exchange::{
    classification::Classification,
    decision::Decider as _,
    directory::{DirectoryData, Programme},
    ids::{ApprovalId, RequestId},
    onboarding::Change,
    ports::{clock::Clock as _, consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _},
    timestamp::Timestamp,
};
use gateway::demo::client::Call;
use policies::Bundle;
use serde_json::json;
use tests::world::{
    World, until,
    wire::{Reply, Wire},
};

use crate::r6_revocation::{effective_for, world};

const APPROVAL: &str = "appr-board-1";

/// One person proposes a change and another approves it, as `ijazat agency propose` and `approve` do.
async fn approved(world: &World, law: &Bundle, change: Change) {
    let (catalogue, rules) = (law.catalogue(), law.newcomers().unwrap());
    let law = Newcomers { catalogue: &catalogue, rules: &rules };
    let proposal = world.store.propose(change, "console/one", law).await.unwrap();
    world.store.decide(&proposal.id, true, "console/two", law).await.unwrap();
}

async fn directory(world: &World) -> DirectoryData {
    world.store.read().await.unwrap().1
}

/// Puts another directory in the place of the one in force.
async fn replaced(world: &World, edit: impl FnOnce(&mut DirectoryData)) {
    let mut data = directory(world).await;
    edit(&mut data);
    world.store.replace_directory(&data).await.unwrap();
}

async fn kafalat(world: &World) -> Programme {
    let known = directory(world).await.programmes;
    known.into_iter().find(|programme| programme.id.as_str() == "prog-kafalat").unwrap()
}

/// BISP's connection, which has had its answer.
async fn served(world: &World) -> Wire {
    let mut wire = world.agency("bisp").await.unwrap();
    assert_eq!(wire.call(&world.household()).await.unwrap().status, 200);
    wire
}

/// The household with its card numbers, which the Board's approval opens once; signed anew each time.
fn card_numbers(world: &World, dry: bool) -> Call {
    let mut call = Call::json("/v1/nser/household", &json!({ "cnic": world.stage.cast.head.digits() }))
        .with("ijazat-user", "power-1")
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", format!("prog-kafalat, {APPROVAL}"));
    if dry {
        call = call.with("ijazat-dry-run", "1");
    }
    let assertion = world.stage.assertion("power-1", &call).unwrap();
    call.with("ijazat-user-assertion", assertion)
}

/// A connection on which the approval was seen to open card numbers; a dry run does not use it up.
async fn approval_opens(world: &World) -> Wire {
    let mut wire = world.agency("bisp").await.unwrap();
    let reply = wire.call(&card_numbers(world, true)).await.unwrap();
    let opened = reply.json()["would_release"].as_array().is_some_and(|all| all.contains(&json!("nser.cnic")));
    assert!(reply.status == 200 && opened, "{}", reply.json());
    wire
}

fn is_refused(reply: &Reply, code: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (403, code), "{}", reply.json());
    assert!(reply.json().get("data").is_none());
}

#[tokio::test]
async fn an_agreement_that_two_persons_ended_opens_nothing_within_a_second() {
    let (world, law) = (world().await, Bundle::embedded().unwrap());
    let mut wire = served(&world).await;
    let known = directory(&world).await.agreements;
    let mut agreement = known.into_iter().find(|agreement| agreement.id.as_str() == "agr-bisp-1").unwrap();
    agreement.revision += 1;
    agreement.revoked = true;
    approved(&world, &law, Change::Agreement(agreement)).await;
    effective_for(&mut wire, || world.household(), "agreement_required").await;
    is_refused(&wire.call(&world.household()).await.unwrap(), "agreement_required");
}

#[tokio::test]
async fn an_agreement_that_another_directory_ends_opens_nothing_within_a_second() {
    let world = world().await;
    let mut wire = served(&world).await;
    replaced(&world, |data| data.agreements.iter_mut().for_each(|agreement| agreement.revoked = true)).await;
    effective_for(&mut wire, || world.household(), "agreement_required").await;
}

#[tokio::test]
async fn a_programme_that_two_persons_ended_stands_in_no_consents_place_within_a_second() {
    let (world, law) = (world().await, Bundle::embedded().unwrap());
    let mut wire = served(&world).await;
    let ended = Programme { revoked: true, ..kafalat(&world).await };
    approved(&world, &law, Change::Programme(ended)).await;
    effective_for(&mut wire, || world.household(), "consent_required").await;
    is_refused(&wire.call(&world.household()).await.unwrap(), "consent_required");
}

#[tokio::test]
async fn a_programme_that_another_directory_lacks_is_unknown_within_a_second() {
    let world = world().await;
    let mut wire = served(&world).await;
    replaced(&world, |data| data.programmes.clear()).await;
    effective_for(&mut wire, || world.household(), "basis_unknown").await;
}

#[tokio::test]
async fn an_approval_that_was_withdrawn_is_unknown_within_a_second() {
    let world = world().await;
    let mut wire = approval_opens(&world).await;
    replaced(&world, |data| data.approvals.retain(|approval| approval.id.as_str() != APPROVAL)).await;
    effective_for(&mut wire, || card_numbers(&world, true), "basis_unknown").await;
    is_refused(&wire.call(&card_numbers(&world, false)).await.unwrap(), "basis_unknown");
    assert_eq!(wire.call(&world.household()).await.unwrap().status, 200, "the programme still stands");
}

#[tokio::test]
async fn an_approval_that_another_gateway_used_opens_nothing_at_once() {
    let world = world().await;
    let mut wire = approval_opens(&world).await;
    let (approval, elsewhere) = (ApprovalId::parse(APPROVAL).unwrap(), RequestId::parse("elsewhere-1").unwrap());
    assert!(world.store.use_approval(&approval, &elsewhere).await.unwrap());
    // At once: the snapshot may not know it yet, and the store that is asked before the answer does.
    is_refused(&wire.call(&card_numbers(&world, false)).await.unwrap(), "basis_unknown");
    effective_for(&mut wire, || card_numbers(&world, true), "basis_unknown").await;
    // What was refused has not freed it either.
    assert!(!world.store.use_approval(&approval, &elsewhere).await.unwrap());
}

/// Datatypes that a dry run says are withheld, with the code of each.
async fn withheld(wire: &mut Wire, call: &Call) -> Vec<(String, String)> {
    let reply = wire.call(call).await.unwrap();
    let body = reply.json();
    let list = body["withheld"].as_array().unwrap_or_else(|| panic!("{body}")).clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    list.iter().map(|one| (text(&one["datatype"]), text(&one["code"]))).collect()
}

#[tokio::test]
async fn an_approval_opens_nothing_from_the_instant_at_which_it_ends() {
    let world = world().await;
    let mut wire = approval_opens(&world).await;
    let ends = world.clock.now().plus_seconds(1);
    replaced(&world, |data| {
        data.approvals.iter_mut().for_each(|approval| approval.valid_until = ends);
    })
    .await;
    world.clock.set(ends);
    let expired = ("nser.cnic".to_owned(), "secret_needs_board".to_owned());
    let known = async || withheld(&mut wire, &card_numbers(&world, true)).await.contains(&expired);
    until("the approval's end is known", known).await.unwrap();
    let reply = wire.call(&card_numbers(&world, false)).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.json());
    let members = reply.json()["data"]["household"]["members"].as_array().unwrap().clone();
    assert!(!members.is_empty() && members.iter().all(|member| member.get("cnic").is_none()), "{members:?}");
    let (approval, elsewhere) = (ApprovalId::parse(APPROVAL).unwrap(), RequestId::parse("elsewhere-1").unwrap());
    assert!(world.store.use_approval(&approval, &elsewhere).await.unwrap(), "what opened nothing was not used up");
}

#[tokio::test]
async fn an_agreement_opens_nothing_before_its_first_instant() {
    let world = world().await;
    let mut wire = served(&world).await;
    // On a whole second: policies count milliseconds, and one that an agreement begins within is not yet its own.
    let begins = Timestamp::from_micros((world.clock.now().seconds() + 2) * 1_000_000);
    replaced(&world, |data| data.agreements.iter_mut().for_each(|agreement| agreement.valid_from = begins)).await;
    effective_for(&mut wire, || world.household(), "agreement_required").await;
    world.clock.advance(1);
    is_refused(&wire.call(&world.household()).await.unwrap(), "agreement_required");
    world.clock.set(begins);
    let reply = wire.call(&world.household()).await.unwrap();
    assert_eq!(reply.status, 200, "from its first instant on: {}", reply.json());
}

#[tokio::test]
async fn data_above_the_ceiling_of_its_purpose_stays_closed_whatever_the_agreement_names() {
    let world = world().await;
    let mut wire = approval_opens(&world).await;
    let lowered = |data: &mut DirectoryData| {
        for purpose in data.purposes.iter_mut().filter(|purpose| purpose.code.as_str() == "NSER-201") {
            purpose.class_max = Classification::Confidential;
        }
    };
    replaced(&world, lowered).await;
    let above = |list: &[(String, String)]| list.iter().any(|(id, code)| id == "nser.cnic" && code == "policy_denied");
    let known = async || above(&withheld(&mut wire, &card_numbers(&world, true)).await);
    until("the purpose's ceiling is known", known).await.unwrap();
    let reply = wire.call(&card_numbers(&world, false)).await.unwrap();
    assert!(reply.json()["data"]["household"]["members"][0].get("cnic").is_none(), "{}", reply.json());
}

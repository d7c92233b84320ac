//! Requests for consent against the pure machine: whatever steps come in whatever order through whichever store, the
//! store answers as the machine does, and its consents are the machine's approvals.

use adapters::sql::control::{ControlStore, Polled};
use exchange::{
    consent::{
        ConsentUse,
        machine::{CancelAnswer, PasscodeAnswer, PollAnswer, Transaction},
        passcode::PasscodeMac,
    },
    ports::{clock::Clock as _, consent_tokens::ConsentTokens as _},
};

use tests::meddling::Dice;

use crate::world::{CERTIFICATE, PASSCODE, World, passcode, request};

/// The machine compares codes only, so any two codes do.
fn mac(right: bool) -> PasscodeMac {
    PasscodeMac::from_bytes([u8::from(right); 32])
}

struct Request {
    id: String,
    machine: Transaction,
    usage: ConsentUse,
    token: Option<String>,
}

#[derive(Debug, Default)]
struct Seen {
    approved: usize,
    messages: usize,
    tokens: usize,
    refused: usize,
    again: usize,
    ended: usize,
}

async fn step(world: &World, dice: &mut Dice, request: &mut Request, seen: &mut Seen) {
    let store = if dice.below(2) == 0 { &world.here } else { &world.there };
    let (now, machine) = (world.clock.now(), request.machine.clone());
    let id = request.id.as_str();
    match dice.below(12) {
        0 => {
            let next = machine.sent(mac(true), now);
            let sent = store.send(id, &passcode(PASSCODE), World::contact(), "x").await.unwrap();
            assert_eq!(sent, next.is_some(), "send {id}");
            seen.messages += usize::from(sent);
            request.machine = next.unwrap_or(request.machine.clone());
        }
        1 if dice.below(4) == 0 => {
            let next = machine.suppressed();
            assert_eq!(store.suppress(id).await.unwrap(), next.is_some(), "suppress {id}");
            request.machine = next.unwrap_or(request.machine.clone());
        }
        2 if dice.below(4) == 0 => {
            let next = machine.denied();
            assert_eq!(store.deny(id).await.unwrap(), next.is_some(), "deny {id}");
            request.machine = next.unwrap_or(request.machine.clone());
        }
        1..=3 => {
            let right = dice.below(2) == 0;
            let digits = if right { PASSCODE } else { "000000" };
            let (next, expected) = machine.offer(&mac(right), now);
            let answer = store.offer(id, &world.bank, &world.teller, &passcode(digits)).await.unwrap();
            assert_eq!(answer, Some(expected), "offer {id}");
            seen.approved += usize::from(expected == PasscodeAnswer::Approved);
            seen.refused += usize::from(expected == PasscodeAnswer::Denied);
            request.machine = next;
        }
        4 | 5 => resend(world, store, request, seen).await,
        6 => {
            let (next, expected) = machine.cancelled(now);
            let answer = store.cancel(id, &world.bank, &world.teller).await.unwrap();
            assert_eq!(answer, Some(expected), "cancel {id}");
            seen.ended += usize::from(expected == CancelAnswer::EndsConsent);
            request.machine = next;
        }
        _ => {
            let (next, expected) = machine.poll(now);
            match store.poll(id, &world.bank, CERTIFICATE).await.unwrap().unwrap() {
                Polled::Answer(answer) => assert_eq!(answer, expected, "poll {id}"),
                Polled::Token(token) => {
                    assert_eq!(expected, PollAnswer::Issue, "poll {id}");
                    assert!(token.details.contains(DATATYPE), "{}", token.details);
                    request.token = Some(token.access_token);
                    seen.tokens += 1;
                }
            }
            request.machine = next;
        }
    }
}

async fn resend(world: &World, store: &ControlStore, request: &mut Request, seen: &mut Seen) {
    let (now, id) = (world.clock.now(), request.id.as_str());
    let counted = store.resend(id, &world.bank, &world.teller).await.unwrap().unwrap();
    match (request.machine.clone().resend(now), counted) {
        (Ok(next), Ok(again)) => {
            let left = (again.tries_left, again.resend_after_s.is_some());
            assert_eq!(left, (3 - next.tries, next.resend_at().is_some()), "resend {id}");
            let other = next.clone().resent(mac(true), now);
            assert_eq!(again.was_sent, other.is_some(), "resend {id}");
            let sent = store.send_again(id, &passcode(PASSCODE), World::contact(), "x").await.unwrap();
            assert_eq!(sent, other.is_some(), "send again {id}");
            seen.messages += usize::from(sent);
            seen.again += usize::from(sent);
            request.machine = other.unwrap_or(next);
        }
        (Err(expected), Err(told)) => assert_eq!(told, expected, "resend {id}"),
        (expected, told) => panic!("resend {id}: {expected:?}, {told:?}"),
    }
}

const DATATYPE: &str = "identity.address";

pub async fn random_steps_answer_as_the_machine_does(world: &World) {
    let mut seen = Seen::default();
    for seed in 1..17 {
        let mut dice = Dice::new(seed);
        let mut requests = Vec::new();
        for n in 0..4 {
            let usage = if dice.below(2) == 0 { ConsentUse::OneTime } else { ConsentUse::Standing };
            let id = format!("r{seed}-{n}");
            world.submitted(&id, usage).await;
            let machine = Transaction::received(world.clock.now(), 300);
            requests.push(Request { id, machine, usage, token: None });
        }
        for _ in 0..40 {
            let request = dice.below(requests.len());
            step(world, &mut dice, &mut requests[request], &mut seen).await;
            let pause = [0, 0, 1, 7_000_000, 20_000_000, 30_000_000][dice.below(6)];
            world.clock.advance_us(pause);
        }
        held_to_their_use(world, &requests).await;
    }
    let reached = seen.approved > 3 && seen.tokens > 2 && seen.refused > 3 && seen.again > 2 && seen.ended > 0;
    assert!(reached, "the steps reach too little: {seen:?}");
    assert_eq!(world.here.consents_of(world.subject()).await.unwrap().len(), seen.approved);
    assert_eq!(world.here.outbox(1_000).await.unwrap().len(), seen.messages);
}

/// A one-time token that is not too old is used once; a standing one as often as one likes.
async fn held_to_their_use(world: &World, requests: &[Request]) {
    for held in requests {
        let Some(token) = &held.token else { continue };
        let live = world.here.find(token, CERTIFICATE).await.unwrap().is_some();
        let first = world.here.consume(token, &request("first")).await.unwrap();
        let second = world.there.consume(token, &request("second")).await.unwrap();
        let standing = held.usage == ConsentUse::Standing;
        assert_eq!((first, second), (live, live && standing), "{}", held.id);
    }
}

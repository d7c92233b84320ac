//! Requests for consent against the pure machine: whatever steps come in whatever order through whichever store, the
//! store answers as the machine does, and its consents are the machine's approvals.

use std::collections::BTreeSet;

use adapters::{
    sms::SmsState,
    sql::control::{ControlStore, NewRequest, Polled, Taken},
};
use exchange::{
    consent::{
        ConsentUse,
        answer::Told,
        machine::{CancelAnswer, PasscodeAnswer, PollAnswer, Transaction},
        mode::Mode,
        passcode::{PasscodeMac, ScreenNumber},
        reply::Reference,
    },
    limits,
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
    /// On the agency's screen, in the mode that has one.
    screen: String,
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
    allowed: usize,
    wrong: usize,
    locked: usize,
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

/// The citizen texts an `OK`, with the digits of this request or with wrong ones. No two such messages are the same: those that repeat
/// each other have tests of their own.
async fn text(world: &World, dice: &mut Dice, requests: &mut [Request], seen: &mut Seen, said: &mut BTreeSet<String>) {
    let now = world.clock.now();
    let open: Vec<usize> = (0..requests.len()).filter(|n| requests[*n].machine.awaits_text(now)).collect();
    let meant = open.get(dice.below(open.len())).copied().unwrap_or_else(|| dice.below(requests.len()));
    let right = dice.below(3) > 0;
    let screen = requests[meant].screen.as_str();
    let words = if right { format!("OK {PASSCODE} {screen}") } else { format!("OK {:06} 99", said.len()) };
    if !said.insert(words.clone()) {
        return;
    }
    let hits = right && requests[meant].machine.awaits_text(now);
    let (mut told, mut fewest) = (Told::NothingWaits, None);
    for (n, request) in requests.iter_mut().enumerate() {
        if !request.machine.awaits_text(now) || (hits && n != meant) {
            continue;
        }
        let (next, answer) = request.machine.clone().texted(&mac(hits), now);
        request.machine = next;
        told = if hits { Told::Allowed(Reference::parse("K7Q4").unwrap()) } else { Told::Locked };
        if let PasscodeAnswer::Wrong { tries_left } = answer {
            fewest = Some(fewest.map_or(tries_left, |fewest: u8| fewest.min(tries_left)));
        }
    }
    let told = fewest.map_or(told, |tries_left| Told::Wrong { tries_left });
    let store = if dice.below(2) == 0 { &world.here } else { &world.there };
    let taken = store.take_sms(World::contact().mobile, &words).await.unwrap();
    // What did nothing is answered three times a day only.
    assert!(taken == Taken::Told(told.clone()) || (told == Told::NothingWaits && taken == Taken::Silent), "{taken:?}");
    seen.approved += usize::from(hits);
    seen.allowed += usize::from(hits);
    seen.wrong += usize::from(matches!(told, Told::Wrong { .. }));
    seen.locked += usize::from(told == Told::Locked);
}

/// A request in one of the two modes, by chance.
async fn submitted(world: &World, dice: &mut Dice, id: String, screen: String) -> Request {
    let usage = if dice.below(2) == 0 { ConsentUse::OneTime } else { ConsentUse::Standing };
    let mode = if dice.below(2) == 0 { Mode::SmsPin } else { Mode::SmsReply };
    let digits = ScreenNumber::parse(&screen).unwrap();
    let request = NewRequest {
        auth_req_id: &id,
        reference: "K7Q4",
        agency: &world.bank,
        user: &world.teller,
        subject: world.subject(),
        details: &world.details(usage),
        counter: None,
        screen: Some(&digits).filter(|_| mode == Mode::SmsReply),
        terms: None,
        ttl_s: 300,
        ping: None,
    };
    world.here.submit(&request).await.unwrap();
    let machine = Transaction::received_in(mode, world.clock.now(), 300);
    Request { id, screen, machine, usage, token: None }
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
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    for seed in 1..65 {
        let mut dice = Dice::new(seed);
        let mut requests = Vec::new();
        for n in 0..4 {
            requests.push(submitted(world, &mut dice, format!("r{seed}-{n}"), format!("{n:02}")).await);
        }
        let mut said = BTreeSet::new();
        for turn in 0..40 {
            // How often a citizen may be guessed at over all requests is told in `patience`; here each request is for itself.
            if turn % 5 == 0 {
                world.meddle("DELETE FROM wrong_guess").await.unwrap();
            }
            if dice.below(3) == 0 {
                text(world, &mut dice, &mut requests, &mut seen, &mut said).await;
            }
            let request = dice.below(requests.len());
            step(world, &mut dice, &mut requests[request], &mut seen).await;
            let pause = [0, 0, 1, 7_000_000, 20_000_000, 30_000_000][dice.below(6)];
            world.clock.advance_us(pause);
        }
        held_to_their_use(world, &requests).await;
        // Nothing of this round waits in the next, and no message repeats one of it.
        world.clock.advance(limits::SMS_DAY_S);
    }
    let reached = seen.approved > 3 && seen.tokens > 2 && seen.refused > 3 && seen.again > 2 && seen.ended > 0;
    let texted = seen.allowed > 3 && seen.wrong > 3 && seen.locked > 0;
    assert!(reached && texted, "the steps reach too little: {seen:?}");
    assert_eq!(world.here.consents_of(world.subject()).await.unwrap().len(), seen.approved);
    let messages = world.here.outbox(1_000).await.unwrap();
    // Of one that another replaced before it went out the text is gone.
    let asked = messages.iter().filter(|sms| sms.text == "x" || sms.state == SmsState::Late);
    assert_eq!(asked.count(), seen.messages);
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

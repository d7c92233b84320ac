//! Deadlines to the microsecond: the last instant holds, the next does not.

use adapters::sql::control::{NewRequest, Polled};
use exchange::{
    consent::{
        ConsentUse,
        details::Details,
        machine::{PasscodeAnswer, PollAnswer},
    },
    limits,
    ports::{clock::Clock as _, consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _},
    timestamp::Timestamp,
};

use crate::world::{CERTIFICATE, PASSCODE, World, passcode, request};

/// The instant, this much later.
fn later(at: Timestamp, seconds: i64, micros: i64) -> Timestamp {
    Timestamp::from_micros(at.plus_seconds(seconds).micros() + micros)
}

#[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
fn answer(polled: Option<Polled>) -> PollAnswer {
    match polled {
        Some(Polled::Answer(answer)) => answer,
        Some(Polled::Token(_)) => PollAnswer::Issue,
        None => panic!("the request is unknown"),
    }
}

pub async fn a_passcode_holds_until_its_last_microsecond(world: &World) {
    let begun = world.clock.now();
    for id in ["in time", "late"] {
        world.sent(id, ConsentUse::OneTime).await;
    }
    world.clock.set(later(begun, 300, -1));
    assert_eq!(world.offer("in time", PASSCODE).await, Some(PasscodeAnswer::Approved));
    world.clock.set(later(begun, 300, 0));
    assert_eq!(world.offer("late", PASSCODE).await, Some(PasscodeAnswer::Expired));
    assert_eq!(answer(world.poll("late").await), PollAnswer::Expired);
    assert_eq!(answer(world.poll("in time").await), PollAnswer::Issue);
}

pub async fn a_message_goes_out_until_the_last_microsecond(world: &World) {
    let begun = world.clock.now();
    for id in ["in time", "late"] {
        world.submitted(id, ConsentUse::OneTime).await;
    }
    let code = passcode(PASSCODE);
    world.clock.set(later(begun, 300, -1));
    assert!(world.here.send("in time", &code, World::contact(), "x").await.unwrap());
    world.clock.set(later(begun, 300, 0));
    assert!(!world.here.send("late", &code, World::contact(), "x").await.unwrap());
    assert_eq!(world.here.outbox(10).await.unwrap().len(), 1);
}

pub async fn a_yes_is_collected_until_its_last_microsecond(world: &World) {
    for (id, said_after, open_for) in [("early", 10, 300), ("late", 299, 359)] {
        for (edge, expected) in [(-1, PollAnswer::Issue), (0, PollAnswer::Expired)] {
            let (id, begun) = (format!("{id}{edge}"), world.clock.now());
            world.sent(&id, ConsentUse::OneTime).await;
            world.clock.set(later(begun, said_after, 0));
            assert_eq!(world.offer(&id, PASSCODE).await, Some(PasscodeAnswer::Approved), "{id}");
            world.clock.set(later(begun, open_for, edge));
            assert_eq!(answer(world.poll(&id).await), expected, "{id}");
        }
    }
}

pub async fn a_poll_is_too_fast_until_the_interval_is_over(world: &World) {
    world.submitted("one", ConsentUse::OneTime).await;
    let mut last = world.clock.now();
    // After each answer the next poll comes so many seconds and microseconds later.
    for (seconds, micros, expected) in [
        (0, 0, PollAnswer::Pending),
        (5, 0, PollAnswer::Pending),
        (5, -1, PollAnswer::SlowDown),
        (10, -1, PollAnswer::SlowDown),
        (15, 0, PollAnswer::Pending),
        (15, -1, PollAnswer::SlowDown),
        (20, 0, PollAnswer::Pending),
    ] {
        last = later(last, seconds, micros);
        world.clock.set(last);
        assert_eq!(answer(world.poll("one").await), expected, "{seconds} s {micros} µs");
    }
}

pub async fn a_token_holds_until_its_last_microsecond(world: &World) {
    let begun = world.clock.now();
    let one_time = world.token("one", ConsentUse::OneTime).await.access_token;
    let standing = world.token("two", ConsentUse::Standing).await.access_token;
    for (token, seconds) in [(one_time, limits::CONSENT_TOKEN_TTL_S), (standing, 10 * 24 * 3600)] {
        world.clock.set(later(begun, seconds, 0));
        assert_eq!(world.there.find(&token, CERTIFICATE).await.unwrap(), None, "{seconds}");
        assert!(!world.there.consume(&token, &request("late")).await.unwrap(), "{seconds}");
        world.clock.set(later(begun, seconds, -1));
        let facts = world.there.find(&token, CERTIFICATE).await.unwrap().unwrap();
        assert_eq!(facts.expires_at, later(begun, seconds, 0));
        assert!(world.there.consume(&token, &request("in-time")).await.unwrap(), "{seconds}");
    }
}

async fn asked_until(world: &World, id: &str, usage: ConsentUse, valid_until: Timestamp) {
    let details = Details { valid_until: Some(valid_until), ..world.details(usage) };
    let (agency, user, subject) = (&world.bank, &world.teller, world.subject());
    let new = NewRequest {
        auth_req_id: id,
        reference: "K7Q4",
        agency,
        user,
        subject,
        details: &details,
        counter: None,
        screen: None,
        terms: None,
        ttl_s: 300,
        ping: None,
    };
    world.here.submit(&new).await.unwrap();
    assert!(world.here.send(id, &passcode(PASSCODE), World::contact(), "x").await.unwrap());
    assert_eq!(world.offer(id, PASSCODE).await, Some(PasscodeAnswer::Approved));
}

pub async fn a_consent_that_ends_sooner_ends_its_token_sooner(world: &World) {
    let begun = world.clock.now();
    asked_until(world, "short", ConsentUse::OneTime, begun.plus_seconds(30)).await;
    let Some(Polled::Token(token)) = world.poll("short").await else { panic!("no token") };
    assert_eq!(token.expires_in_s, 30);
    world.clock.set(later(begun, 30, -1));
    assert!(world.here.find(&token.access_token, CERTIFICATE).await.unwrap().is_some());
    world.clock.set(later(begun, 30, 0));
    assert_eq!(world.here.find(&token.access_token, CERTIFICATE).await.unwrap(), None);
    assert!(!world.here.consume(&token.access_token, &request("late")).await.unwrap());
    // What ends later than a token may live ends with the token.
    let begun = world.clock.now();
    asked_until(world, "long", ConsentUse::OneTime, begun.plus_seconds(24 * 3600)).await;
    let Some(Polled::Token(token)) = world.poll("long").await else { panic!("no token") };
    assert_eq!(token.expires_in_s, limits::CONSENT_TOKEN_TTL_S);
}

pub async fn a_consent_that_ended_before_it_was_collected_gives_no_token(world: &World) {
    for usage in [ConsentUse::OneTime, ConsentUse::Standing] {
        let (id, begun) = (format!("{usage:?}"), world.clock.now());
        asked_until(world, &id, usage, begun.plus_seconds(20)).await;
        world.clock.set(later(begun, 20, 0));
        assert_eq!(answer(world.poll(&id).await), PollAnswer::Expired, "{usage:?}");
        world.clock.set(later(begun, 20, -1));
        assert_eq!(answer(world.poll(&id).await), PollAnswer::Issue, "{usage:?}: a microsecond is left");
        // The next consent's end is written to the second, so it begins with one.
        world.clock.set(later(begun, 60, 0));
    }
}

/// The policies know milliseconds and let nothing begin early, so a yes must begin with one.
pub async fn a_yes_holds_from_the_millisecond_that_it_was_said_in(world: &World) {
    for micros in [0, 1, 137, 499, 500, 999] {
        let start = Timestamp::from_micros(world.clock.now().seconds() * 1_000_000 + 5_000_000);
        world.clock.set(later(start, 0, micros));
        let token = world.token(&format!("t{micros}"), ConsentUse::OneTime).await.access_token;
        let facts = world.there.find(&token, CERTIFICATE).await.unwrap().unwrap();
        assert_eq!(facts.granted_at, start, "{micros}");
    }
}

pub async fn what_is_remembered_holds_one_second_of_silence(world: &World) {
    let issued = world.token("one", ConsentUse::Standing).await;
    let asked = world.clock.now();
    world.there.generation().await.unwrap();
    let find = async || world.there.find(&issued.access_token, CERTIFICATE).await.unwrap();
    assert!(find().await.is_some());
    assert!(world.here.revoke_consent(&issued.consent).await.unwrap());
    let edge = limits::DIRECTORY_STALE_MS_MAX * 1_000;
    world.clock.set(later(asked, 0, edge));
    assert!(find().await.is_some(), "remembered for less than a second");
    world.clock.set(later(asked, 0, edge + 1_000));
    assert_eq!(find().await, None, "a revocation took longer than a second");
}

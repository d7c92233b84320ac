//! From the question to the token.

use exchange::{
    consent::{
        ConsentUse,
        machine::{PasscodeAnswer, PollAnswer},
    },
    ids::{AgencyId, ConsentId, UserId},
    ports::consent_tokens::ConsentTokens as _,
};

use crate::world::{CERTIFICATE, CITIZEN, MOBILE, PASSCODE, World, passcode};
use adapters::sql::{SqlError, control::Polled};

fn answer(polled: Option<&Polled>) -> Option<PollAnswer> {
    match polled {
        Some(Polled::Answer(answer)) => Some(*answer),
        Some(Polled::Token(_)) => Some(PollAnswer::Issue),
        None => None,
    }
}

pub async fn a_yes_becomes_one_token_for_what_was_asked(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    assert_eq!(answer(world.poll("one").await.as_ref()), Some(PollAnswer::Pending));
    assert_eq!(answer(world.poll("one").await.as_ref()), Some(PollAnswer::SlowDown));
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Used));
    let Some(Polled::Token(token)) = world.poll("one").await else { panic!("no token") };
    assert_eq!(answer(world.poll("one").await.as_ref()), Some(PollAnswer::Used));
    assert_eq!(token.expires_in_s, 120);
    let facts = world.here.find(&token.access_token, CERTIFICATE).await.unwrap().unwrap();
    let details = world.details(ConsentUse::OneTime);
    assert_eq!((facts.agency, facts.user, facts.subject), (world.bank.clone(), world.teller.clone(), world.subject()));
    assert_eq!((facts.purpose, facts.datatypes, facts.usage), (details.purpose, details.datatypes, details.usage));
    assert_eq!(facts.id, token.consent);
    assert!(facts.active);
    let sent = world.here.outbox(10).await.unwrap();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].text.contains(PASSCODE) && sent[0].to.e164() == MOBILE);
    if let Some(dump) = world.dump() {
        for secret in [PASSCODE, CITIZEN, MOBILE, "3001234567", &token.access_token, "Ijazat code"] {
            let found = dump.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in the database");
        }
        assert!(dump.windows(10).any(|window| window == b"bank-indus"), "the dump holds nothing");
    }
    for shown in [format!("{:?}", world.here), format!("{token:?}"), format!("{sent:?}")] {
        assert!(!shown.contains(PASSCODE) && !shown.contains(&token.access_token), "{shown}");
    }
}

/// Offers one passcode `count` times at once through both stores, and counts the answers. Whoever is told that others hold
/// the store was not heard and says it again, as a client would.
async fn flood(world: &World, digits: &'static str, count: usize) -> Vec<PasscodeAnswer> {
    let offers: Vec<_> = (0..count)
        .map(|n| {
            let store = if n % 2 == 0 { &world.here } else { &world.there };
            let (store, bank, teller) = (store.clone(), world.bank.clone(), world.teller.clone());
            tokio::spawn(async move {
                loop {
                    match store.offer("one", &bank, &teller, &passcode(digits)).await {
                        Ok(answer) => return answer.unwrap(),
                        Err(error) => assert!(matches!(error, SqlError::Unavailable(_)), "{error}"),
                    }
                }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for offer in offers {
        answers.push(offer.await.unwrap());
    }
    answers
}

pub async fn of_a_hundred_right_passcodes_at_once_one_counts(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    let answers = flood(world, PASSCODE, 100).await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(PasscodeAnswer::Approved), count(PasscodeAnswer::Used)), (1, 99));
    assert_eq!(world.here.consents_of(world.subject()).await.unwrap().len(), 1);
}

pub async fn of_four_hundred_wrong_passcodes_at_once_three_are_tried(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    let answers = flood(world, "000000", 400).await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!(count(PasscodeAnswer::Wrong { tries_left: 2 }), 1);
    assert_eq!(count(PasscodeAnswer::Wrong { tries_left: 1 }), 1);
    assert_eq!(count(PasscodeAnswer::Denied), 398);
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Denied));
    assert_eq!(answer(world.poll("one").await.as_ref()), Some(PollAnswer::Denied));
}

pub async fn a_passcode_is_a_yes_to_its_own_request_only(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    world.submitted("two", ConsentUse::OneTime).await;
    assert!(world.here.send("two", &passcode("111111"), World::contact(), "111111").await.unwrap());
    assert_eq!(world.offer("two", PASSCODE).await, Some(PasscodeAnswer::Wrong { tries_left: 2 }));
    let (telco, clerk) = (AgencyId::parse("telco-sarhad").unwrap(), UserId::parse("clerk-1").unwrap());
    let right = passcode(PASSCODE);
    for (agency, user) in [(&telco, &world.teller), (&world.bank, &clerk), (&telco, &clerk)] {
        assert_eq!(world.here.offer("one", agency, user, &right).await.unwrap(), None);
    }
    assert!(world.here.poll("one", &telco, CERTIFICATE).await.unwrap().is_none());
    assert!(world.here.poll("unknown", &world.bank, CERTIFICATE).await.unwrap().is_none());
    assert_eq!(world.offer("unknown", PASSCODE).await, None);
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
}

pub async fn a_request_without_a_citizen_answers_like_any_other(world: &World) {
    world.sent("alive", ConsentUse::OneTime).await;
    world.submitted("nobody", ConsentUse::OneTime).await;
    assert!(world.here.suppress("nobody").await.unwrap());
    let before = world.here.outbox(10).await.unwrap().len();
    for id in ["alive", "nobody"] {
        assert_eq!(world.offer(id, "000000").await, Some(PasscodeAnswer::Wrong { tries_left: 2 }), "{id}");
        assert_eq!(answer(world.poll(id).await.as_ref()), Some(PollAnswer::Pending), "{id}");
        assert_eq!(answer(world.poll(id).await.as_ref()), Some(PollAnswer::SlowDown), "{id}");
    }
    world.clock.advance(300);
    for id in ["alive", "nobody"] {
        assert_eq!(world.offer(id, PASSCODE).await, Some(PasscodeAnswer::Expired), "{id}");
        assert_eq!(answer(world.poll(id).await.as_ref()), Some(PollAnswer::Expired), "{id}");
    }
    assert_eq!(world.here.outbox(10).await.unwrap().len(), before);
}

pub async fn what_comes_too_late_is_expired(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    world.submitted("two", ConsentUse::OneTime).await;
    world.clock.advance(299);
    assert_eq!(world.offer("one", "000000").await, Some(PasscodeAnswer::Wrong { tries_left: 2 }));
    world.clock.advance(1);
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Expired));
    // A passcode that would only reach the citizen after its end is not sent at all.
    assert!(!world.here.send("two", &passcode(PASSCODE), World::contact(), "late").await.unwrap());
    assert_eq!(world.here.outbox(10).await.unwrap().len(), 1);
}

pub async fn a_refused_request_takes_no_passcode(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    assert!(world.here.deny("one").await.unwrap());
    assert!(!world.here.deny("one").await.unwrap());
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Denied));
    assert_eq!(answer(world.poll("one").await.as_ref()), Some(PollAnswer::Denied));
    let none = ConsentId::parse("cns-none").unwrap();
    assert!(!world.here.revoke_consent(&none).await.unwrap());
}

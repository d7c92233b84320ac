//! Passcodes that are sent again, and requests that are taken back, while others reach for them.

use adapters::sql::control::Polled;
use exchange::{
    consent::{
        ConsentUse,
        machine::{CancelAnswer, NotResent, PasscodeAnswer, PollAnswer},
    },
    ids::{AgencyId, UserId},
    limits,
    ports::consent_tokens::ConsentTokens as _,
};

use crate::world::{CERTIFICATE, PASSCODE, World, count, passcode};

/// Another one.
const NEW: &str = "731520";

async fn send_again(world: &World, id: &str) {
    let text = format!("Ijazat code {NEW}");
    assert!(world.there.send_again(id, &passcode(NEW), World::contact(), &text).await.unwrap());
}

pub async fn the_passcode_before_is_worth_nothing_once_another_is_sent(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    assert_eq!(world.offer("one", "000000").await, Some(PasscodeAnswer::Wrong { tries_left: 2 }));
    world.clock.advance_us(limits::RESEND_AFTER_S * 1_000_000 + 1);
    let again = world.here.resend("one", &world.bank, &world.teller).await.unwrap().unwrap().unwrap();
    assert_eq!((again.reference.as_str(), again.details), ("K7Q4", world.details(ConsentUse::OneTime)));
    assert_eq!((again.was_sent, again.tries_left, again.expires_in_s), (true, 2, 239));
    assert_eq!((again.resend_after_s, again.subject), (Some(60), world.subject()));
    // Counted, and not sent yet: what the citizen has still holds.
    send_again(world, "one").await;
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Wrong { tries_left: 1 }));
    assert_eq!(world.offer("one", NEW).await, Some(PasscodeAnswer::Approved));
    assert!(!world.here.send_again("one", &passcode(NEW), World::contact(), "x").await.unwrap());
    assert_eq!(world.here.outbox(10).await.unwrap().len(), 2);
}

pub async fn of_forty_resends_at_once_one_counts(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    world.clock.advance_us(limits::RESEND_AFTER_S * 1_000_000);
    let (bank, teller) = (world.bank.clone(), world.teller.clone());
    let told = world.at_once(40, |store, _| {
        let (bank, teller) = (bank.clone(), teller.clone());
        async move { store.resend("one", &bank, &teller).await.unwrap().unwrap().err() }
    });
    let told = told.await;
    assert_eq!(count(&told, &None), 1);
    assert_eq!(count(&told, &Some(NotResent::TooSoon { wait_s: limits::RESEND_AFTER_S })), 39);
}

pub async fn nobody_elses_request_is_sent_again_or_taken_back(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    world.clock.advance_us(limits::RESEND_AFTER_S * 1_000_000);
    let (other, clerk) = (AgencyId::parse("telco-sarhad").unwrap(), UserId::parse("teller-2").unwrap());
    for (agency, user) in [(&other, &world.teller), (&world.bank, &clerk)] {
        assert!(world.here.resend("one", agency, user).await.unwrap().is_none());
        assert!(world.here.cancel("one", agency, user).await.unwrap().is_none());
    }
    assert!(world.here.resend("none", &world.bank, &world.teller).await.unwrap().is_none());
    assert!(world.here.cancel("none", &world.bank, &world.teller).await.unwrap().is_none());
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
}

pub async fn a_yes_and_a_withdrawal_at_once_leave_nothing_to_use(world: &World) {
    for round in 0..10 {
        let id = format!("r{round}");
        world.sent(&id, ConsentUse::Standing).await;
        let code = passcode(PASSCODE);
        let (cancelled, offered) = tokio::join!(
            world.there.cancel(&id, &world.bank, &world.teller),
            world.here.offer(&id, &world.bank, &world.teller, &code)
        );
        let first = match (cancelled.unwrap().unwrap(), offered.unwrap().unwrap()) {
            (CancelAnswer::EndsConsent, PasscodeAnswer::Approved) => "yes",
            (CancelAnswer::Cancelled, PasscodeAnswer::Denied) => "withdrawal",
            both => panic!("round {round}: {both:?}"),
        };
        assert!(matches!(world.poll(&id).await, Some(Polled::Answer(PollAnswer::Denied))), "round {round}: {first}");
    }
    // Whatever was granted in between has ended.
    for consent in world.here.consents_of(world.subject()).await.unwrap() {
        assert!(!world.there.revoke_consent(&consent).await.unwrap(), "{consent} still held");
    }
}

pub async fn a_token_is_fetched_or_its_request_taken_back_and_never_both(world: &World) {
    for round in 0..10 {
        let id = format!("r{round}");
        world.sent(&id, ConsentUse::OneTime).await;
        assert_eq!(world.offer(&id, PASSCODE).await, Some(PasscodeAnswer::Approved));
        let (cancelled, polled) = tokio::join!(
            world.there.cancel(&id, &world.bank, &world.teller),
            world.here.poll(&id, &world.bank, CERTIFICATE)
        );
        match (cancelled.unwrap().unwrap(), polled.unwrap().unwrap()) {
            (CancelAnswer::Used, Polled::Token(token)) => {
                let found = world.there.find(&token.access_token, CERTIFICATE).await.unwrap();
                assert!(found.is_some(), "round {round}");
            }
            (CancelAnswer::EndsConsent, Polled::Answer(PollAnswer::Denied)) => {}
            both => panic!("round {round}: {both:?}"),
        }
    }
}

pub async fn a_token_is_explained_to_its_agency_and_given_back_by_it_alone(world: &World) {
    let other = AgencyId::parse("telco-sarhad").unwrap();
    for usage in [ConsentUse::OneTime, ConsentUse::Standing] {
        let details = world.details(usage);
        let token = world.token(&format!("{usage:?}"), usage).await;
        let handed = token.access_token.as_str();
        // Remembered where it was used before.
        assert!(world.there.find(handed, CERTIFICATE).await.unwrap().is_some());
        let found = world.here.introspect(handed, &world.bank).await.unwrap().unwrap();
        assert_eq!((found.certificate, found.facts.id), (CERTIFICATE, token.consent.clone()));
        assert_eq!(found.details, details);
        assert!(world.here.introspect(handed, &other).await.unwrap().is_none());
        for what in [handed, token.consent.as_str()] {
            assert!(!world.here.give_back(what, &other).await.unwrap(), "{usage:?}");
        }
        assert!(world.here.introspect(handed, &world.bank).await.unwrap().is_some());
        let what = if usage == ConsentUse::OneTime { handed } else { token.consent.as_str() };
        assert!(world.here.give_back(what, &world.bank).await.unwrap());
        assert!(!world.here.give_back(what, &world.bank).await.unwrap(), "once");
        assert!(world.here.introspect(handed, &world.bank).await.unwrap().is_none());
        world.clock.advance_us(2_000_000);
        assert!(world.there.find(handed, CERTIFICATE).await.unwrap().is_none(), "{usage:?}");
    }
}

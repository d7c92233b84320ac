//! What citizens text: taken once, done for the number's own only, answered within bounds.

use adapters::sql::control::{Contact, Polled, Taken};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse,
        answer::Told,
        machine::{PasscodeAnswer, PollAnswer},
        message::Language,
        reply::Reference,
    },
    limits,
    mobile::Mobile,
    ports::{citizen_keys::CitizenKeys as _, consent_tokens::ConsentTokens as _},
};

use crate::world::{CERTIFICATE, PASSCODE, World, count};

fn k7q4() -> Reference {
    Reference::parse("K7Q4").unwrap()
}

fn refused() -> Taken {
    Taken::Told(Told::Refused(k7q4()))
}

fn stopped() -> Taken {
    Taken::Told(Told::Stopped(k7q4()))
}

fn nothing() -> Taken {
    Taken::Told(Told::Nothing)
}

/// A number that nobody enrolled.
fn stranger() -> Mobile {
    Mobile::parse("03459876543").unwrap()
}

/// A request of the enrolled citizen whose passcode is out, under the reference K7Q4.
async fn asked(world: &World, id: &str, usage: ConsentUse) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    world.sent(id, usage).await;
}

/// A second later, so that messages have an order.
async fn from_citizen(world: &World, text: &str) -> Taken {
    world.clock.advance_us(1_000_000);
    world.there.take_sms(World::contact().mobile, text).await.unwrap()
}

async fn answers(world: &World) -> usize {
    world.here.outbox(1_000).await.unwrap().iter().filter(|sms| !sms.text.contains(PASSCODE)).count()
}

pub async fn c29_a_no_refuses_and_the_right_passcode_comes_too_late(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    assert_eq!(from_citizen(world, "no k7q4").await, refused());
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Denied));
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Denied))));
    assert!(world.here.consents_of(world.subject()).await.unwrap().is_empty());
    let told = world.here.outbox(1).await.unwrap().remove(0);
    assert_eq!((told.to, told.text), (World::contact().mobile, Told::Refused(k7q4()).text(Language::English)));
}

pub async fn c29_c32_a_no_after_the_yes_ends_it(world: &World) {
    // Before the agency has fetched its token.
    asked(world, "one", ConsentUse::Standing).await;
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert_eq!(from_citizen(world, "NO K7Q4").await, stopped());
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Denied))));
    // And after.
    let token = world.token("two", ConsentUse::Standing).await;
    assert!(world.here.find(&token.access_token, CERTIFICATE).await.unwrap().is_some());
    assert_eq!(from_citizen(world, "STOP K7Q4").await, stopped());
    // What took the message knows at once; who remembered the consent, within its second.
    assert!(world.there.find(&token.access_token, CERTIFICATE).await.unwrap().is_none());
    world.clock.advance_us(limits::DIRECTORY_STALE_MS_MAX * 1_000 + 1_000);
    assert!(world.here.find(&token.access_token, CERTIFICATE).await.unwrap().is_none());
    assert!(!world.here.revoke_consent(&token.consent).await.unwrap());
}

pub async fn c38_a_message_that_networks_repeat_is_one(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    let taken = world.at_once(20, |store, n| async move {
        let text = ["NO K7Q4", " no  k7q4.\n", "No, K7Q4"][n % 3];
        store.take_sms(World::contact().mobile, text).await.unwrap()
    });
    let taken = taken.await;
    assert_eq!((count(&taken, &refused()), count(&taken, &Taken::Repeated)), (1, 19));
    assert_eq!(answers(world).await, 1);
    let from_citizen = async || world.there.take_sms(World::contact().mobile, "NO K7Q4").await.unwrap();
    world.clock.advance_us(limits::SMS_SAME_WITHIN_S * 1_000_000 - 1);
    assert_eq!(from_citizen().await, Taken::Repeated);
    world.clock.advance_us(1);
    assert_eq!(from_citizen().await, nothing(), "another message, and nothing waits any more");
}

pub async fn c39_another_number_refuses_and_ends_nothing(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    for text in ["NO K7Q4", "STOP K7Q4"] {
        world.clock.advance_us(1_000_000);
        assert_eq!(world.here.take_sms(stranger(), text).await.unwrap(), nothing());
    }
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert!(matches!(world.poll("one").await, Some(Polled::Token(_))));
    // Its answers are those of an enrolled number that has nothing under a reference.
    assert_eq!(from_citizen(world, "NO AAAA").await, nothing());
    let sms = world.here.outbox(100).await.unwrap();
    let told = |to: Mobile| sms.iter().filter(|sms| sms.to == to).map(|sms| sms.text.clone()).next_back().unwrap();
    assert_eq!(told(stranger()), told(World::contact().mobile));
}

pub async fn a_number_learns_its_answers_language_but_not_that_it_is_known(world: &World) {
    let urdu = Contact { language: Language::Urdu, ..World::contact() };
    world.here.set_contact(world.subject(), urdu).await.unwrap();
    world.sent("one", ConsentUse::OneTime).await;
    let newest = async || world.here.outbox(1).await.unwrap().remove(0).text;
    for (text, expected) in [
        ("HELP", Told::Help.text(Language::English)),
        ("مدد", Told::Help.text(Language::Urdu)),
        ("NO K7Q4", Told::Refused(k7q4()).text(Language::Urdu)),
    ] {
        from_citizen(world, text).await;
        assert_eq!(newest().await, expected, "{text}");
    }
}

pub async fn who_plays_is_answered_three_times_a_day_and_still_obeyed(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    for n in 0..10 {
        let taken = from_citizen(world, &format!("hello {n}")).await;
        assert_eq!(taken, if n < 3 { Taken::Told(Told::Help) } else { Taken::Silent }, "{n}");
    }
    assert_eq!(answers(world).await, 3);
    assert_eq!(from_citizen(world, "NO K7Q4").await, refused(), "what does something is always done and told");
    world.clock.advance_us(limits::SMS_DAY_S * 1_000_000);
    assert_eq!(from_citizen(world, "hello").await, Taken::Told(Told::Help));
    assert_eq!(world.here.forget_inbox().await.unwrap(), 10, "the refusal stays, and today's");
    assert_eq!(world.here.forget_inbox().await.unwrap(), 0);
}

pub async fn a_no_and_a_yes_at_once_leave_nothing_to_use(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    for round in 0..10 {
        // The words of each round are another message.
        world.clock.advance_us(limits::SMS_SAME_WITHIN_S * 1_000_000);
        let id = format!("r{round}");
        world.sent(&id, ConsentUse::Standing).await;
        let code = crate::world::passcode(PASSCODE);
        let (taken, offered) = tokio::join!(
            world.there.take_sms(World::contact().mobile, "NO K7Q4"),
            world.here.offer(&id, &world.bank, &world.teller, &code)
        );
        let both = (taken.unwrap(), offered.unwrap().unwrap());
        let expected = [(refused(), PasscodeAnswer::Denied), (stopped(), PasscodeAnswer::Approved)];
        assert!(expected.contains(&both), "round {round}: {both:?}");
        assert!(matches!(world.poll(&id).await, Some(Polled::Answer(PollAnswer::Denied))), "round {round}");
    }
    nothing_holds(world).await;
}

pub async fn a_no_and_a_fetch_at_once_leave_nothing_to_use(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    for round in 0..10 {
        world.clock.advance_us(limits::SMS_SAME_WITHIN_S * 1_000_000);
        let id = format!("r{round}");
        world.sent(&id, ConsentUse::Standing).await;
        assert_eq!(world.offer(&id, PASSCODE).await, Some(PasscodeAnswer::Approved));
        let (done, polled) = tokio::join!(
            world.there.take_sms(World::contact().mobile, "NO K7Q4"),
            world.here.poll(&id, &world.bank, CERTIFICATE)
        );
        assert_eq!(done.unwrap(), stopped(), "round {round}");
        match polled.unwrap().unwrap() {
            Polled::Token(token) => {
                world.clock.advance_us(limits::DIRECTORY_STALE_MS_MAX * 1_000 + 1_000);
                assert!(world.here.find(&token.access_token, CERTIFICATE).await.unwrap().is_none(), "round {round}");
            }
            Polled::Answer(answer) => assert_eq!(answer, PollAnswer::Denied, "round {round}"),
        }
    }
    nothing_holds(world).await;
}

async fn nothing_holds(world: &World) {
    for consent in world.here.consents_of(world.subject()).await.unwrap() {
        assert!(!world.there.revoke_consent(&consent).await.unwrap(), "{consent} still held");
    }
}

/// A reference comes again in time, and on a phone that several share: what waits is meant, then what is newest.
pub async fn a_reference_means_the_newest_that_there_is_something_to_do_about(world: &World) {
    asked(world, "old", ConsentUse::Standing).await;
    let old = world.approved_after("old").await;
    world.clock.advance_us(1_000_000);
    world.sent("new", ConsentUse::Standing).await;
    assert_eq!(from_citizen(world, "NO K7Q4").await, refused());
    assert!(world.here.reference_is_taken(world.subject(), "K7Q4").await.unwrap());
    assert!(!world.here.reference_is_taken(world.subject(), "AAAA").await.unwrap());
    assert!(world.there.find(&old.access_token, CERTIFICATE).await.unwrap().is_some(), "it was not meant");
    assert_eq!(from_citizen(world, "STOP K7Q4").await, stopped());
    assert_eq!(from_citizen(world, "BAND K7Q4").await, nothing());
    nothing_holds(world).await;
}

pub async fn who_guesses_references_is_not_listened_to_any_more_that_day(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    for n in 0..limits::SMS_FRUITLESS_A_DAY_MAX {
        let guess = from_citizen(world, &format!("NO A{n:03}")).await;
        assert_eq!(guess, if n < 3 { nothing() } else { Taken::Silent }, "{n}");
    }
    assert_eq!(from_citizen(world, "NO K7Q4").await, Taken::Silent);
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
    world.clock.advance_us(limits::SMS_DAY_S * 1_000_000);
    assert_eq!(from_citizen(world, "NO K7Q4").await, stopped());
}

/// What cannot be read, here because it is another's, stops neither the process nor the citizens beside it.
pub async fn a_contact_that_cannot_be_read_keeps_no_process_from_starting(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    let other = world.here.subject_key(Cnic::parse("4210112345673").unwrap());
    world.here.set_contact(other, Contact { mobile: stranger(), ..World::contact() }).await.unwrap();
    let (own, other) = (world.subject().to_hex(), other.to_hex());
    let copied = format!(
        "UPDATE contact SET mobile = (SELECT mobile FROM contact WHERE subject = '{own}') WHERE subject = '{other}'"
    );
    world.meddle(copied).await.unwrap();
    world.meddle("UPDATE contact SET lookup = NULL").await.unwrap();
    let store = world.open([1, 2, 3]).await.unwrap();
    assert_eq!(store.take_sms(stranger(), "NO K7Q4").await.unwrap(), nothing());
    assert_eq!(store.take_sms(World::contact().mobile, "NO K7Q4").await.unwrap(), refused());
    store.database().close().await;
}

/// No number and no words stand in the file; PostgreSQL is given the same columns.
pub async fn c46_the_inbox_names_nobody(world: &World) {
    asked(world, "one", ConsentUse::OneTime).await;
    from_citizen(world, "NO K7Q4").await;
    from_citizen(world, "my card is 4210112345671").await;
    let Some(dump) = world.dump() else { return };
    let found = |text: &str| dump.windows(text.len()).any(|window| window == text.as_bytes());
    for secret in ["3001234567", "4210112345671", "NO K7Q4", "my card", "MY CARD"] {
        assert!(!found(secret), "{secret}");
    }
}

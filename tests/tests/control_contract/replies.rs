//! What citizens allow by SMS: with the passcode and the screen's digits from their own number, once, within three tries.

use std::sync::Arc;

use adapters::sql::{
    SqlError,
    control::{Contact, ControlStore, NewRequest, Polled, Taken},
};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse, SubjectKey,
        answer::Told,
        machine::{PasscodeAnswer, PollAnswer},
        message::Language,
        mode::Mode,
        passcode::ScreenNumber,
        reply::Reference,
    },
    limits,
    ports::citizen_keys::CitizenKeys as _,
};

use crate::world::{PASSCODE, World, count, passcode};

/// What stands on the agency's screen.
const SCREEN: &str = "47";

pub fn allowed(reference: &str) -> Taken {
    Taken::Told(Told::Allowed(Reference::parse(reference).unwrap()))
}

pub fn wrong(tries_left: u8) -> Taken {
    Taken::Told(Told::Wrong { tries_left })
}

fn locked() -> Taken {
    Taken::Told(Told::Locked)
}

pub fn nothing_waits() -> Taken {
    Taken::Told(Told::NothingWaits)
}

/// A request of the citizen who answers by SMS, whose message is out.
pub struct Reply<'a> {
    pub id: &'a str,
    pub reference: &'a str,
    pub passcode: &'a str,
    pub screen: &'a str,
}

pub const ONE: Reply<'_> = Reply { id: "one", reference: "K7Q4", passcode: PASSCODE, screen: SCREEN };

impl Reply<'_> {
    pub async fn ask(&self, world: &World) {
        self.ask_of(world, world.subject(), ConsentUse::OneTime).await;
    }

    pub async fn ask_of(&self, world: &World, subject: SubjectKey, usage: ConsentUse) {
        world.here.set_contact(subject, World::contact()).await.unwrap();
        let screen = ScreenNumber::parse(self.screen).unwrap();
        let request = NewRequest {
            auth_req_id: self.id,
            reference: self.reference,
            agency: &world.bank,
            user: &world.teller,
            subject,
            details: &world.details(usage),
            counter: None,
            screen: Some(&screen),
            terms: None,
            ttl_s: 300,
            ping: None,
        };
        world.here.submit(&request).await.unwrap();
        let text = format!("reply OK {}", self.passcode);
        assert!(world.there.send(self.id, &passcode(self.passcode), World::contact(), &text).await.unwrap());
    }
}

pub async fn tries_left(world: &World, id: &str) -> u8 {
    world.here.resend(id, &world.bank, &world.teller).await.unwrap().unwrap().unwrap().tries_left
}

/// A second later, so that messages have an order.
pub async fn from_citizen(world: &World, text: &str) -> Taken {
    world.clock.advance(1);
    world.there.take_sms(World::contact().mobile, text).await.unwrap()
}

/// Whoever is told that others hold the store brings the message again, as a transport does.
async fn take(store: Arc<ControlStore>, text: String) -> Taken {
    loop {
        match store.take_sms(World::contact().mobile, &text).await {
            Ok(taken) => return taken,
            Err(error) => assert!(matches!(error, SqlError::Unavailable(_)), "{error}"),
        }
    }
}

async fn consents(world: &World) -> usize {
    world.here.consents_of(world.subject()).await.unwrap().len()
}

async fn newest(world: &World) -> String {
    world.here.outbox(1).await.unwrap().remove(0).text
}

pub async fn c30_an_ok_with_passcode_and_digits_allows(world: &World) {
    ONE.ask(world).await;
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Pending))));
    assert_eq!(from_citizen(world, "ok 482913 47").await, allowed("K7Q4"));
    let told = newest(world).await;
    assert_eq!(told, Told::Allowed(Reference::parse("K7Q4").unwrap()).text(Language::English));
    let Some(Polled::Token(token)) = world.poll("one").await else { panic!("no token") };
    assert_eq!(token.mode, Mode::SmsReply);
    let found = world.here.introspect(&token.access_token, &world.bank).await.unwrap().unwrap();
    assert_eq!((found.mode, found.details), (Mode::SmsReply, world.details(ConsentUse::OneTime)));
    assert_eq!(consents(world).await, 1);
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    assert_eq!(from_citizen(world, "OK 48291347").await, nothing_waits(), "it is a yes to one request");
    assert_eq!(consents(world).await, 1);
    // And one that was given at the counter says so.
    let token = world.token("two", ConsentUse::OneTime).await;
    let found = world.here.introspect(&token.access_token, &world.bank).await.unwrap().unwrap();
    assert_eq!((token.mode, found.mode), (Mode::SmsPin, Mode::SmsPin));
}

pub async fn c30_wrong_digits_and_a_wrong_passcode_cost_a_try_each(world: &World) {
    ONE.ask(world).await;
    let urdu = Contact { language: Language::Urdu, ..World::contact() };
    world.here.set_contact(world.subject(), urdu).await.unwrap();
    assert_eq!(from_citizen(world, "OK 482913 48").await, wrong(2), "the right passcode without the sitting");
    assert_eq!(newest(world).await, Told::Wrong { tries_left: 2 }.text(Language::Urdu));
    for slip in ["OK 482913", "OK 482913 4", "482913 47"] {
        assert_eq!(from_citizen(world, slip).await, Taken::Told(Told::Help), "{slip} is no try");
    }
    assert_eq!(from_citizen(world, "OK 482914 47").await, wrong(1));
    assert_eq!(from_citizen(world, "OK 000000 00").await, locked());
    assert_eq!(from_citizen(world, "OK 482913 47").await, Taken::Silent, "too late, and three were told today");
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Denied))));
    assert_eq!(consents(world).await, 0);
}

/// It cannot be told which was meant; so each has its three tries however many wait, on a phone that several share too.
pub async fn c30_a_wrong_ok_is_a_try_at_all_that_waits_and_a_right_one_at_nothing_else(world: &World) {
    let relative = world.here.subject_key(Cnic::parse("4210112345673").unwrap());
    let two = Reply { id: "two", reference: "AAAA", passcode: "731520", screen: "12" };
    let three = Reply { id: "three", reference: "BBBB", passcode: "111111", screen: "99" };
    ONE.ask(world).await;
    two.ask_of(world, relative, ConsentUse::OneTime).await;
    world.sent("counter", ConsentUse::OneTime).await;
    assert_eq!(from_citizen(world, "OK 482913 12").await, wrong(2), "the passcode of one, the digits of the other");
    three.ask(world).await;
    assert_eq!(from_citizen(world, "OK 731520 12").await, allowed("AAAA"));
    assert_eq!(from_citizen(world, "OK 000000 00").await, wrong(1), "the fewest that are left");
    world.clock.advance(60);
    assert_eq!((tries_left(world, "one").await, tries_left(world, "three").await), (1, 2));
    assert_eq!(tries_left(world, "counter").await, 3, "what is answered at the counter has no part in it");
    assert_eq!(from_citizen(world, "OK 000000 01").await, wrong(1), "one is closed, and three still waits");
    assert_eq!(from_citizen(world, "OK 482913 47").await, locked());
    assert_eq!(from_citizen(world, "OK 111111 99").await, nothing_waits());
    assert_eq!((consents(world).await, world.here.consents_of(relative).await.unwrap().len()), (0, 1));
    assert_eq!(world.offer("counter", PASSCODE).await, Some(PasscodeAnswer::Approved));
}

pub async fn c30_at_the_counter_the_passcode_is_not_taken_and_costs_no_try(world: &World) {
    ONE.ask(world).await;
    for digits in [PASSCODE, "000000", PASSCODE, "000001", "000002"] {
        assert_eq!(world.offer("one", digits).await, Some(PasscodeAnswer::OtherMode));
    }
    // By SMS the passcode of another way is not taken either, whatever digits stand beside it.
    world.sent("two", ConsentUse::OneTime).await;
    assert_eq!(from_citizen(world, "OK 482913 47").await, allowed("K7Q4"));
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::OtherMode));
    assert_eq!(from_citizen(world, "OK 482913 48").await, nothing_waits());
    assert_eq!(world.offer("two", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert_eq!(consents(world).await, 2);
}

pub async fn c30_c38_of_fifty_right_oks_at_once_one_counts(world: &World) {
    ONE.ask(world).await;
    let spelled = ["OK 482913 47", "ok48291347", "Haan 482-913 47.", "اجازت ۴۸۲۹۱۳ ۴۷"];
    let taken = world.at_once(50, |store, n| take(store, spelled[n % 4].to_owned())).await;
    assert_eq!((count(&taken, &allowed("K7Q4")), count(&taken, &Taken::Repeated)), (1, 49));
    assert_eq!((consents(world).await, world.here.outbox(100).await.unwrap().len()), (1, 2), "one effect, one answer");
    assert!(matches!(world.poll("one").await, Some(Polled::Token(_))));
}

pub async fn c30_of_forty_wrong_oks_at_once_three_are_tried(world: &World) {
    ONE.ask(world).await;
    let taken = world.at_once(40, |store, n| take(store, format!("OK {:06} {SCREEN}", n + 1))).await;
    assert_eq!((count(&taken, &wrong(2)), count(&taken, &wrong(1)), count(&taken, &locked())), (1, 1, 1));
    let rest = count(&taken, &nothing_waits()) + count(&taken, &Taken::Silent);
    assert_eq!(rest, 37, "{taken:?}");
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Denied))));
    assert_eq!(consents(world).await, 0);
}

pub async fn c30_c38_a_right_ok_among_wrong_ones_allows_once_or_comes_too_late(world: &World) {
    for round in 0..5 {
        let id = format!("r{round}");
        Reply { id: &id, ..ONE }.ask(world).await;
        let text = |n: usize| if n == 3 { "OK 482913 47".to_owned() } else { format!("OK {n:06} 00") };
        let taken = world.at_once(6, |store, n| take(store, text(n))).await;
        let (yes, no) = (count(&taken, &allowed("K7Q4")), count(&taken, &locked()));
        assert_eq!((yes + no, taken[3] == allowed("K7Q4")), (1, yes == 1), "round {round}: {taken:?}");
        assert_eq!(matches!(world.poll(&id).await, Some(Polled::Token(_))), yes == 1, "round {round}");
        world.clock.advance(limits::SMS_DAY_S);
    }
}

pub async fn c38_a_repeated_wrong_ok_is_one_try(world: &World) {
    ONE.ask(world).await;
    assert_eq!(from_citizen(world, "OK 482913 48").await, wrong(2));
    for same in ["OK 482913 48", "ok 48291348", "ہاں ۴۸۲۹۱۳ ۴۸"] {
        assert_eq!(from_citizen(world, same).await, Taken::Repeated, "{same}");
    }
    assert_eq!(from_citizen(world, "OK 482913 47").await, allowed("K7Q4"));
}

pub async fn c29_c30_a_late_ok_does_nothing(world: &World) {
    ONE.ask(world).await;
    assert_eq!(from_citizen(world, "NO K7Q4").await, Taken::Told(Told::Refused(Reference::parse("K7Q4").unwrap())));
    assert_eq!(from_citizen(world, "OK 482913 47").await, nothing_waits());
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Denied))));
    let two = Reply { id: "two", reference: "AAAA", passcode: "731520", screen: "12" };
    two.ask(world).await;
    world.here.cancel("two", &world.bank, &world.teller).await.unwrap().unwrap();
    assert_eq!(from_citizen(world, "OK 731520 12").await, nothing_waits());
    let three = Reply { id: "three", reference: "BBBB", passcode: "111111", screen: "99" };
    three.ask(world).await;
    world.clock.advance(299);
    assert_eq!(from_citizen(world, "OK 111111 99").await, nothing_waits());
    assert!(matches!(world.poll("three").await, Some(Polled::Answer(PollAnswer::Expired))));
    assert_eq!(consents(world).await, 0);
}

pub async fn c29_c30_a_no_and_an_ok_at_once_leave_nothing_to_use(world: &World) {
    for round in 0..10 {
        // The words of each round are another message.
        world.clock.advance(limits::SMS_SAME_WITHIN_S);
        let id = format!("r{round}");
        Reply { id: &id, ..ONE }.ask_of(world, world.subject(), ConsentUse::Standing).await;
        let mobile = World::contact().mobile;
        let (no, ok) =
            tokio::join!(world.there.take_sms(mobile, "NO K7Q4"), world.here.take_sms(mobile, "OK 482913 47"));
        let reference = || Reference::parse("K7Q4").unwrap();
        let (refused, stopped) = (Taken::Told(Told::Refused(reference())), Taken::Told(Told::Stopped(reference())));
        match (no.unwrap(), ok.unwrap()) {
            (no, ok) if ok == allowed("K7Q4") => assert_eq!(no, stopped, "round {round}"),
            (no, ok) => {
                assert!(
                    no == refused && [nothing_waits(), Taken::Silent].contains(&ok),
                    "round {round}: {no:?} {ok:?}"
                );
            }
        }
        assert!(matches!(world.poll(&id).await, Some(Polled::Answer(PollAnswer::Denied))), "round {round}");
    }
    for consent in world.here.consents_of(world.subject()).await.unwrap() {
        assert!(!world.there.revoke_consent(&consent).await.unwrap(), "{consent} still held");
    }
}

pub async fn c14_c30_a_new_passcode_comes_with_the_same_digits(world: &World) {
    ONE.ask(world).await;
    assert_eq!(from_citizen(world, "OK 482913 48").await, wrong(2));
    world.clock.advance(60);
    let again = world.here.resend("one", &world.bank, &world.teller).await.unwrap().unwrap().unwrap();
    assert_eq!((again.mode, again.tries_left, again.was_sent), (Mode::SmsReply, 2, true));
    assert!(world.there.send_again("one", &passcode("731520"), World::contact(), "x").await.unwrap());
    assert_eq!(from_citizen(world, "OK 482913 47").await, wrong(1), "the passcode before is dead");
    assert_eq!(from_citizen(world, "OK 731520 47").await, allowed("K7Q4"));
}

pub async fn requests_beyond_the_bound_wait_for_no_ok(world: &World) {
    for n in 0..=limits::REPLIES_OPEN_MAX {
        let (id, code) = (format!("r{n}"), format!("{n:06}"));
        Reply { id: &id, passcode: &code, ..ONE }.ask(world).await;
        world.clock.advance(1);
    }
    assert_eq!(from_citizen(world, "OK 000000 47").await, wrong(2), "the oldest is out of sight");
    assert_eq!(from_citizen(world, "OK 000001 47").await, allowed("K7Q4"));
    world.clock.advance(60);
    assert_eq!((tries_left(world, "r0").await, tries_left(world, "r20").await), (3, 2));
}

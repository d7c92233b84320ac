//! How much a citizen is asked and may be guessed at, at whatever agencies: exactly so much, however many try at once.

use adapters::sql::control::{AskOutcome, Contact, ControlStore, NewRequest, Taken};
use exchange::{
    consent::{
        ConsentUse, answer::Told, details::Channel, machine::PasscodeAnswer, message::Language, passcode::Passcode,
        patience::Spared,
    },
    ids::{AgencyId, UserId},
    limits,
    mobile::Mobile,
};

use crate::world::{MOBILE, PASSCODE, World, count, passcode};

const AGENCIES: [&str; 3] = ["bank-indus", "telco-sarhad", "bisp"];

fn contact() -> Contact {
    Contact { mobile: Mobile::parse(MOBILE).unwrap(), language: Language::English }
}

async fn submit(world: &World, agency: &str, id: &str) {
    world.clock.advance_us(1);
    let request = NewRequest {
        auth_req_id: id,
        reference: "K7Q4",
        agency: &AgencyId::parse(agency).unwrap(),
        user: &UserId::parse("teller-1").unwrap(),
        subject: world.subject(),
        details: &world.details(ConsentUse::OneTime),
        counter: None,
        screen: None,
        terms: None,
        ttl_s: 300,
        ping: None,
    };
    world.here.submit(&request).await.unwrap();
}

async fn ask_by(store: &ControlStore, id: &str) -> AskOutcome {
    store.ask(id, &passcode(PASSCODE), (contact(), "code"), Channel::Counter).await.unwrap()
}

/// A request that arrives and of which the citizen is asked, if so.
async fn asked(world: &World, agency: &str, id: &str) -> AskOutcome {
    submit(world, agency, id).await;
    ask_by(&world.there, id).await
}

async fn offer(world: &World, agency: &str, id: &str, digits: &str) -> Option<PasscodeAnswer> {
    let (agency, user) = (AgencyId::parse(agency).unwrap(), UserId::parse("teller-1").unwrap());
    world.here.offer(id, &agency, &user, &passcode(digits)).await.unwrap()
}

async fn enrolled(world: &World) {
    world.here.set_contact(world.subject(), contact()).await.unwrap();
}

async fn texts(world: &World, text: &str) -> Taken {
    world.clock.advance(1);
    world.there.take_sms(contact().mobile, text).await.unwrap()
}

async fn messages(world: &World) -> usize {
    world.here.outbox(1_000).await.unwrap().len()
}

/// What the citizen was told last.
async fn newest(world: &World) -> String {
    world.here.outbox(1).await.unwrap().remove(0).text
}

pub async fn c19_of_many_who_ask_at_once_three_are_heard(world: &World) {
    enrolled(world).await;
    for n in 0..24 {
        submit(world, AGENCIES[n % 3], &format!("r{n}")).await;
    }
    let outcomes = world.at_once(24, |store, n| async move { ask_by(&store, &format!("r{n}")).await }).await;
    assert_eq!(count(&outcomes, &AskOutcome::Asked), 3, "{outcomes:?}");
    assert_eq!(count(&outcomes, &AskOutcome::Spared(Spared::Open)), 21);
    assert_eq!(messages(world).await, 3);
    // Whoever is spared looks like one that nobody answers: it takes wrong passcodes, and runs out.
    let spared = outcomes.iter().position(|outcome| *outcome != AskOutcome::Asked).unwrap();
    let answer = offer(world, AGENCIES[spared % 3], &format!("r{spared}"), PASSCODE).await;
    assert_eq!(answer, Some(PasscodeAnswer::Wrong { tries_left: 2 }));
    // Once they have run out, others are heard.
    world.clock.advance(300);
    assert_eq!(asked(world, "bisp", "later").await, AskOutcome::Asked);
}

pub async fn c19_the_sixth_request_of_a_day_that_nobody_answers_is_not_heard(world: &World) {
    enrolled(world).await;
    for n in 0..5 {
        assert_eq!(asked(world, "bank-indus", &format!("r{n}")).await, AskOutcome::Asked, "{n}");
        world.clock.advance(300);
    }
    assert_eq!(asked(world, "bank-indus", "sixth").await, AskOutcome::Spared(Spared::Unanswered));
    assert_eq!(asked(world, "telco-sarhad", "other").await, AskOutcome::Asked, "another agency's count");
    // One that is answered does not count, and a day later all is as before.
    world.clock.advance(limits::SMS_DAY_S);
    for n in 0..7 {
        let id = format!("s{n}");
        assert_eq!(asked(world, "bank-indus", &id).await, AskOutcome::Asked, "{n}");
        assert_eq!(offer(world, "bank-indus", &id, PASSCODE).await, Some(PasscodeAnswer::Approved));
    }
}

pub async fn c19_two_noes_in_a_day_are_a_week_of_silence(world: &World) {
    enrolled(world).await;
    for (n, wait) in [(0, 0), (1, 23 * 3_600)] {
        world.clock.advance(wait);
        assert_eq!(asked(world, "bank-indus", &format!("r{n}")).await, AskOutcome::Asked);
        assert!(world.here.deny(&format!("r{n}")).await.unwrap());
    }
    assert_eq!(asked(world, "bank-indus", "third").await, AskOutcome::Spared(Spared::Refused));
    assert_eq!(asked(world, "telco-sarhad", "other").await, AskOutcome::Asked);
    world.clock.advance(limits::SILENCE_S - 10);
    assert_eq!(asked(world, "bank-indus", "fourth").await, AskOutcome::Spared(Spared::Refused));
    world.clock.advance(20);
    assert_eq!(asked(world, "bank-indus", "fifth").await, AskOutcome::Asked);
    // Two that are further apart than a day are no reason.
    assert!(world.here.deny("fifth").await.unwrap());
    world.clock.advance(limits::SMS_DAY_S + 1);
    assert_eq!(asked(world, "bank-indus", "sixth").await, AskOutcome::Asked);
    assert!(world.here.deny("sixth").await.unwrap());
    world.clock.advance(1);
    assert_eq!(asked(world, "bank-indus", "seventh").await, AskOutcome::Asked);
}

pub async fn c15_ten_wrong_passcodes_at_three_agencies_and_nobody_can_ask(world: &World) {
    enrolled(world).await;
    for n in 0..4 {
        let (agency, id) = (AGENCIES[n % 3], format!("r{n}"));
        assert_eq!(asked(world, agency, &id).await, AskOutcome::Asked, "{n}");
        for try_number in 0..3 {
            offer(world, agency, &id, "000000").await;
            if n == 3 && try_number == 0 {
                break;
            }
        }
    }
    // The right passcode is as good as a wrong one now, to all appearance, and the citizen is told once.
    assert_eq!(offer(world, "bank-indus", "r3", PASSCODE).await, Some(PasscodeAnswer::Wrong { tries_left: 1 }));
    assert_eq!(offer(world, "bank-indus", "r3", PASSCODE).await, Some(PasscodeAnswer::Denied));
    let told = world.here.outbox(100).await.unwrap();
    assert_eq!(told.iter().filter(|sms| sms.text.contains("too many wrong codes")).count(), 1);
    assert_eq!(messages(world).await, 5);
    for (n, agency) in AGENCIES.into_iter().enumerate() {
        let spared = asked(world, agency, &format!("s{n}")).await;
        assert_eq!(spared, AskOutcome::Spared(Spared::Guessed), "{agency}");
    }
    assert_eq!(messages(world).await, 5);
    // By a code that the citizen's own number gets, all is as before.
    unlocked(world).await;
    assert_eq!(asked(world, "bank-indus", "after").await, AskOutcome::Asked);
    assert_eq!(offer(world, "bank-indus", "after", PASSCODE).await, Some(PasscodeAnswer::Approved));
}

/// Unlocks with the code that comes by SMS.
async fn unlocked(world: &World) {
    assert!(matches!(texts(world, "unlock").await, Taken::Told(Told::UnlockCode(_))));
    let told = newest(world).await;
    let code = told.split(' ').find(|word| Passcode::parse(word).is_some()).unwrap().to_owned();
    assert_eq!(texts(world, &format!("UNLOCK {code}")).await, Taken::Told(Told::Unlocked));
}

pub async fn c15_of_many_who_guess_at_once_ten_are_heard(world: &World) {
    enrolled(world).await;
    // Nine wrong ones, so that one is left; then forty at three requests.
    for (n, agency) in AGENCIES.into_iter().enumerate() {
        asked(world, agency, &format!("r{n}")).await;
        for _ in 0..3 {
            offer(world, agency, &format!("r{n}"), "000000").await;
        }
    }
    for (n, agency) in AGENCIES.into_iter().enumerate() {
        assert_eq!(asked(world, agency, &format!("s{n}")).await, AskOutcome::Asked);
    }
    let guess = |digits: &'static str| {
        world.at_once(6, move |store, n| async move {
            let (agency, user) = (AgencyId::parse(AGENCIES[n % 3]).unwrap(), UserId::parse("teller-1").unwrap());
            store.offer(&format!("s{}", n % 3), &agency, &user, &passcode(digits)).await.unwrap()
        })
    };
    let before = messages(world).await;
    let wrong = guess("000000").await;
    assert_eq!(count(&wrong, &Some(PasscodeAnswer::Wrong { tries_left: 2 })), 3, "{wrong:?}");
    assert_eq!(messages(world).await, before + 1, "that guesses are spent is told once");
    // One try is left at each; but nothing is right any more.
    let late = guess(PASSCODE).await;
    assert_eq!(count(&late, &Some(PasscodeAnswer::Denied)), 6, "{late:?}");
}

pub async fn c15_whoever_tries_what_nobody_was_asked_for_guesses_at_nothing(world: &World) {
    enrolled(world).await;
    for n in 0..3 {
        asked(world, "bank-indus", &format!("r{n}")).await;
    }
    // Requests that are spared take passcodes like others, and none of them is the citizen's.
    for n in 0..5 {
        let id = format!("s{n}");
        assert_eq!(asked(world, "bank-indus", &id).await, AskOutcome::Spared(Spared::Open));
        for _ in 0..3 {
            offer(world, "bank-indus", &id, "000000").await;
        }
    }
    world.clock.advance(300);
    assert_eq!(asked(world, "telco-sarhad", "later").await, AskOutcome::Asked, "an agency closed a citizen to others");
    assert!(world.here.may_be_asked_again(world.subject()).await.unwrap());
}

pub async fn c19_what_never_went_out_is_not_unanswered(world: &World) {
    enrolled(world).await;
    for n in 0..5 {
        assert_eq!(asked(world, "bank-indus", &format!("r{n}")).await, AskOutcome::Asked, "{n}");
        world.clock.advance(300);
    }
    // The network was away: whoever looks into the outbox now finds them late.
    assert!(world.here.claim_sms("node-1", 9).await.unwrap().is_empty());
    assert_eq!(asked(world, "bank-indus", "sixth").await, AskOutcome::Asked);
}

pub async fn a_citizen_who_locks_is_asked_by_nobody_and_unlocks_by_a_code(world: &World) {
    enrolled(world).await;
    assert_eq!(texts(world, "lock").await, Taken::Told(Told::ConsentsLocked));
    assert_eq!(asked(world, "bank-indus", "one").await, AskOutcome::Spared(Spared::Locked));
    assert!(!world.here.may_be_asked_again(world.subject()).await.unwrap());
    assert!(matches!(texts(world, "UNLOCK").await, Taken::Told(Told::UnlockCode(_))));
    let right = newest(world).await.split(' ').find(|word| Passcode::parse(word).is_some()).unwrap().to_owned();
    let wrong = |n: u32| format!("UNLOCK {:06}", (right.parse::<u32>().unwrap() + n) % 1_000_000);
    // Not from another number; and three wrong ones spoil it.
    let stranger = Mobile::parse("03459876543").unwrap();
    let from_stranger = world.here.take_sms(stranger, &format!("UNLOCK {right}")).await.unwrap();
    assert_eq!(from_stranger, Taken::Told(Told::Help));
    for n in 1..=3 {
        assert_eq!(texts(world, &wrong(n)).await, Taken::Told(Told::WrongUnlockCode));
    }
    assert_eq!(texts(world, &format!("UNLOCK {right}")).await, Taken::Silent, "the fourth look at a code");
    assert_eq!(asked(world, "bank-indus", "two").await, AskOutcome::Spared(Spared::Locked));
    // Another code at once, for the one before is spoilt; too late; then one in time.
    assert!(matches!(texts(world, "UNLOCK").await, Taken::Told(Told::UnlockCode(_))));
    let late = newest(world).await.split(' ').find(|word| Passcode::parse(word).is_some()).unwrap().to_owned();
    world.clock.advance(limits::UNLOCK_CODE_S);
    texts(world, &format!("UNLOCK {late}")).await;
    assert_eq!(asked(world, "bank-indus", "three").await, AskOutcome::Spared(Spared::Locked));
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    unlocked(world).await;
    assert_eq!(asked(world, "bank-indus", "four").await, AskOutcome::Asked);
    // A lock after an unlock is another message, and a lock twice is one.
    assert_eq!(texts(world, "LOCK").await, Taken::Told(Told::ConsentsLocked));
    assert_eq!(texts(world, "tala").await, Taken::Repeated);
    assert_eq!(asked(world, "bank-indus", "five").await, AskOutcome::Spared(Spared::Locked));
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    assert_eq!(texts(world, "LOCK").await, Taken::Silent, "enough did nothing today");
    unlocked(world).await;
    assert!(world.here.may_be_asked_again(world.subject()).await.unwrap());
    assert!(world.dump().is_none_or(|dump| !dump.windows(6).any(|bytes| bytes == right.as_bytes())));
}

pub async fn a_number_that_nobody_enrolled_locks_nothing_and_gets_no_code(world: &World) {
    let stranger = Mobile::parse("03459876543").unwrap();
    for text in ["LOCK", "UNLOCK", "UNLOCK 482913"] {
        world.clock.advance(1);
        assert_eq!(world.here.take_sms(stranger, text).await.unwrap(), Taken::Told(Told::Help), "{text}");
    }
    assert!(world.here.may_be_asked_again(world.subject()).await.unwrap());
}

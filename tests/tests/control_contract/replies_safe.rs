//! What an OK is safe from: other numbers, thieves of the database, and readers of logs.

use std::{
    io,
    sync::{Arc, Mutex},
};

use adapters::sql::control::{Contact, Polled, Taken};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse,
        answer::Told,
        machine::{PasscodeAnswer, PollAnswer},
        message::Language,
    },
    mobile::Mobile,
    ports::citizen_keys::CitizenKeys as _,
};
use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt as _};

use crate::{
    replies::{ONE, Reply, allowed, from_citizen, nothing_waits, tries_left, wrong},
    world::{PASSCODE, World, passcode},
};

/// A number that nobody was asked at.
fn stranger() -> Mobile {
    Mobile::parse("03459876543").unwrap()
}

/// What was logged.
#[derive(Clone, Debug, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Said {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub async fn c39_the_right_ok_from_another_number_does_nothing_and_is_logged(world: &World) {
    ONE.ask(world).await;
    // Another citizen's number, of whom something else is asked, and a number of nobody.
    let neighbour = world.here.subject_key(Cnic::parse("4210112345673").unwrap());
    let other = Contact { mobile: Mobile::parse("03331112223").unwrap(), language: Language::English };
    Reply { id: "two", reference: "AAAA", passcode: "731520", screen: "12" }
        .ask_of(world, neighbour, ConsentUse::OneTime)
        .await;
    world.here.set_contact(neighbour, other).await.unwrap();
    let said = Said::default();
    let logged = tracing_subscriber::fmt().with_writer(said.clone()).with_ansi(false).finish().set_default();
    assert_eq!(world.here.take_sms(stranger(), "OK 482913 47").await.unwrap(), nothing_waits());
    assert_eq!(said.text().matches("a spoof, or a slip").count(), 1, "{}", said.text());
    assert_eq!(world.here.take_sms(other.mobile, "OK 482913 47").await.unwrap(), wrong(2), "a try at what is its own");
    drop(logged);
    for secret in ["482913", "3459876543", "3331112223", "K7Q4", "4210112345671"] {
        assert!(!said.text().contains(secret), "{}", said.text());
    }
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Pending))));
    assert!(world.here.consents_of(world.subject()).await.unwrap().is_empty());
    assert_eq!(from_citizen(world, "OK 482913 47").await, allowed("K7Q4"), "no try was counted");
    // Nobody learns by an answer whether a number is known.
    assert_eq!(from_citizen(world, "OK 482913 48").await, nothing_waits());
    let sms = world.here.outbox(100).await.unwrap();
    let told = |to: Mobile| sms.iter().rfind(|sms| sms.to == to).map(|sms| sms.text.clone()).unwrap();
    assert_eq!(told(stranger()), told(World::contact().mobile));
}

/// PostgreSQL is given the same columns.
pub async fn c46_neither_passcode_nor_digits_stand_in_the_store(world: &World) {
    ONE.ask(world).await;
    Reply { id: "two", reference: "AAAA", passcode: "731520", screen: "12" }.ask(world).await;
    from_citizen(world, "OK 482913 48").await;
    from_citizen(world, "OK 482913 47").await;
    world.meddle("UPDATE auth_request SET screen = NULL WHERE mode <> 'sms-reply'").await.unwrap();
    // The table refuses a fourth try, so this fails where it finds a row: digits that are two bytes long are not sealed.
    let plain = "UPDATE auth_request SET tries = 4 WHERE";
    world.meddle(format!("{plain} mode = 'sms-reply' AND (screen IS NULL OR length(screen) < 16)")).await.unwrap();
    assert!(world.meddle(format!("{plain} length(screen) >= 16")).await.is_err(), "there was nothing to find");
    let Some(dump) = world.dump() else { return };
    for secret in ["482913", "731520", "48291347", "OK 482913"] {
        assert!(!dump.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

/// The digits are sealed for their row; a code of one way of answering is none in the other, whatever the row says.
pub async fn c46_a_thief_who_changes_rows_gets_no_yes(world: &World) {
    Reply { id: "one", ..ONE }.ask(world).await;
    Reply { id: "two", reference: "AAAA", passcode: "731520", screen: "12" }.ask(world).await;
    let digits = |of: &str| format!("(SELECT screen FROM auth_request WHERE reference = '{of}')");
    world
        .meddle(format!("UPDATE auth_request SET screen = {} WHERE reference = 'AAAA'", digits("K7Q4")))
        .await
        .unwrap();
    world.clock.advance(60);
    assert_eq!(tries_left(world, "two").await, 3);
    let sent = world.there.send_again("two", &passcode("000007"), World::contact(), "x").await.unwrap_err();
    assert!(sent.to_string().contains("cannot be read"), "{sent}");
    world.meddle("UPDATE auth_request SET mode = 'sms-pin'").await.unwrap();
    for (id, code) in [("one", PASSCODE), ("two", "731520")] {
        assert_eq!(world.offer(id, code).await, Some(PasscodeAnswer::Wrong { tries_left: 2 }), "{id}");
    }
    world.sent("three", ConsentUse::OneTime).await;
    world.meddle("UPDATE auth_request SET mode = 'sms-reply'").await.unwrap();
    assert_eq!(from_citizen(world, "OK 111111 11").await, wrong(1));
    world.meddle("UPDATE auth_request SET mode = 'junk'").await.unwrap();
    assert!(world.here.offer("three", &world.bank, &world.teller, &passcode(PASSCODE)).await.is_err());
    assert_eq!(from_citizen(world, "OK 482913 47").await, nothing_waits());
    // From before there were modes: answered at the counter.
    world.meddle("UPDATE auth_request SET mode = NULL WHERE screen IS NULL").await.unwrap();
    assert_eq!(world.offer("three", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert_eq!(world.here.consents_of(world.subject()).await.unwrap().len(), 1);
    assert!(!matches!(from_citizen(world, "OK 731520 12").await, Taken::Told(Told::Allowed(_))));
}

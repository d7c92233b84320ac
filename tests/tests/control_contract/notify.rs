//! What agencies are told: pings when a request ends, events when a citizen ends a consent; worked off by senders that fail and die.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use adapters::{
    notify::{Courier, Delivery, Event, EventSigner, Kind, Letter, Notifier, limits},
    sql::control::{CONSENT_REVOKED, ControlStore, NewRequest},
};
use async_trait::async_trait;
use exchange::{
    consent::{ConsentUse, machine::PasscodeAnswer},
    directory::Agency,
    ids::{AgencyId, ConsentId},
    notify::{DeliveryMode, NotificationToken, Notify, NotifyUrl},
};
use serde_json::{Value, json};

use crate::{
    directory::data,
    world::{PASSCODE, World, passcode},
};

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// An agency's server that answers as it was told, else takes everything.
#[derive(Debug, Default)]
struct Place {
    answers: Mutex<VecDeque<Delivery>>,
    took: Mutex<Vec<Letter>>,
}

impl Place {
    fn new(answers: impl IntoIterator<Item = Delivery>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), took: Mutex::default() })
    }

    fn took(&self) -> Vec<Letter> {
        self.took.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<String> {
        self.took().iter().map(|letter| letter.body.to_string()).collect()
    }
}

#[async_trait]
impl Courier for Place {
    async fn deliver(&self, letter: &Letter) -> Delivery {
        self.took.lock().unwrap().push(letter.clone());
        self.answers.lock().unwrap().pop_front().unwrap_or(Delivery::Taken)
    }
}

/// Writes down what it is to sign.
#[derive(Debug)]
struct Plain;

impl EventSigner for Plain {
    fn sign(&self, event: &Event<'_>) -> Result<String, String> {
        Ok(json!({ "jti": event.id, "aud": event.agency, "events": event.events }).to_string())
    }
}

fn notifier(store: &Arc<ControlStore>, place: &Arc<Place>, node: &str) -> Arc<Notifier> {
    Notifier::new(Arc::clone(store), Arc::clone(place) as _, Arc::new(Plain), node.to_owned())
}

fn url(path: &str) -> Option<NotifyUrl> {
    NotifyUrl::parse(&format!("https://bank.example/{path}")).ok()
}

/// The bank is told by ping, and of events.
async fn registered(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    let notify = Notify::new(DeliveryMode::Ping, url("ping"), url("events")).unwrap();
    world.here.set_agency_notify(&world.bank, Some(notify)).await.unwrap();
}

async fn asked_by(world: &World, agency: &AgencyId, auth_req_id: &str) {
    let token = NotificationToken::parse(TOKEN).unwrap();
    let request = NewRequest {
        auth_req_id,
        reference: "K7Q4",
        agency,
        user: &world.teller,
        subject: world.subject(),
        details: &world.details(ConsentUse::OneTime),
        counter: None,
        screen: None,
        terms: None,
        ttl_s: 300,
        ping: Some(&token),
    };
    world.here.submit(&request).await.unwrap();
}

/// The bank waits for a ping about a citizen who has the passcode.
async fn asked(world: &World, auth_req_id: &str) {
    asked_by(world, &world.bank, auth_req_id).await;
    let text = format!("Ijazat code {PASSCODE}");
    assert!(world.there.send(auth_req_id, &passcode(PASSCODE), World::contact(), &text).await.unwrap());
}

fn ping(auth_req_id: &str) -> String {
    json!({ "auth_req_id": auth_req_id }).to_string()
}

pub async fn c28_an_approved_request_is_told_of_once_and_by_its_name_alone(world: &World) {
    registered(world).await;
    asked(world, "one").await;
    let place = Place::new([]);
    let notifier = notifier(&world.here, &place, "node-1");
    assert_eq!(notifier.round().await, 0, "nothing is ready yet");
    assert!(matches!(world.offer("one", "000000").await, Some(PasscodeAnswer::Wrong { .. })));
    assert_eq!(notifier.round().await, 0, "a wrong passcode ends nothing");
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert_eq!(notifier.round().await, 1);
    let letter = place.took().remove(0);
    assert_eq!((letter.body.as_str(), letter.content_type), (ping("one").as_str(), "application/json"));
    assert_eq!(letter.bearer.unwrap().as_str(), TOKEN);
    assert_eq!(letter.url, url("ping").unwrap());
    // Neither its token nor its end is told.
    world.poll("one").await.unwrap();
    world.clock.advance(1_000);
    assert_eq!(notifier.round().await, 0);
    assert_eq!(world.there.notifications_waiting().await.unwrap(), 0);
}

pub async fn c28_who_does_not_answer_and_who_is_not_there_are_told_of_at_one_instant(world: &World) {
    registered(world).await;
    asked(world, "asked").await;
    for id in ["suppressed", "received"] {
        asked_by(world, &world.bank, id).await;
    }
    assert!(world.here.suppress("suppressed").await.unwrap());
    let place = Place::new([]);
    let notifier = notifier(&world.here, &place, "node-1");
    world.clock.advance_us(299_999_999);
    assert_eq!(notifier.round().await, 0);
    world.clock.advance_us(1);
    assert_eq!(notifier.round().await, 3);
    let mut told = place.bodies();
    told.sort();
    assert_eq!(told, [ping("asked"), ping("received"), ping("suppressed")]);
}

pub async fn c28_a_refusal_and_the_last_try_are_told_of_and_what_the_agency_took_back_is_not(world: &World) {
    registered(world).await;
    for id in ["denied", "locked", "void"] {
        asked(world, id).await;
    }
    // One that was guessed at looks the same whether there is a citizen or not.
    asked_by(world, &world.bank, "nobody").await;
    assert!(world.here.suppress("nobody").await.unwrap());
    let place = Place::new([]);
    let notifier = notifier(&world.here, &place, "node-1");
    assert!(world.here.deny("denied").await.unwrap());
    for id in ["locked", "nobody"] {
        for _ in 0..3 {
            world.offer(id, "000000").await.unwrap();
        }
    }
    world.here.cancel("void", &world.bank, &world.teller).await.unwrap().unwrap();
    assert_eq!(notifier.round().await, 3);
    let mut told = place.bodies();
    told.sort();
    assert_eq!(told, [ping("denied"), ping("locked"), ping("nobody")]);
    world.clock.advance(1_000);
    assert_eq!(notifier.round().await, 0);
}

pub async fn c28_what_fails_is_told_again_with_doubling_waits_and_not_for_ever(world: &World) {
    registered(world).await;
    asked(world, "one").await;
    world.offer("one", PASSCODE).await;
    let tries = usize::try_from(limits::PING_TRIES_MAX).unwrap();
    let place = Place::new((0..tries + 5).map(|_| Delivery::Later("it failed")));
    let notifier = notifier(&world.here, &place, "node-1");
    for wait in [1, 2, 4, 8, 16, 32, 64] {
        assert_eq!(notifier.round().await, 1, "before {wait}");
        world.clock.advance(wait - 1);
        assert_eq!(notifier.round().await, 0, "it was tried again before {wait} s");
        world.clock.advance(1);
    }
    assert_eq!(notifier.round().await, 1);
    world.clock.advance(100_000);
    assert_eq!(notifier.round().await, 0);
    assert_eq!(place.bodies(), vec![ping("one"); tries], "the same words each time");
    assert_eq!(world.there.notifications_waiting().await.unwrap(), 0);
}

pub async fn c28_what_the_agency_will_not_have_is_not_told_again(world: &World) {
    registered(world).await;
    for (id, status) in [("moved", 302), ("gone", 410)] {
        asked(world, id).await;
        assert!(world.here.deny(id).await.unwrap());
        let place = Place::new([Delivery::Never(status)]);
        let notifier = notifier(&world.here, &place, "node-1");
        assert_eq!(notifier.round().await, 1);
        world.clock.advance(100_000);
        assert_eq!(notifier.round().await, 0, "{status}");
    }
}

pub async fn c28_whoever_dies_over_a_notification_leaves_it_to_be_told_again(world: &World) {
    registered(world).await;
    asked(world, "one").await;
    world.offer("one", PASSCODE).await;
    // Claimed, perhaps told, never noted: that is a kill.
    let held = world.here.claim_notifications("node-1", 8).await.unwrap();
    assert_eq!((held.len(), held[0].kind), (1, Kind::Ping));
    let place = Place::new([]);
    let other = notifier(&world.there, &place, "node-2");
    world.clock.advance(limits::LEASE_S - 1);
    assert_eq!(other.round().await, 0, "it is another's");
    world.clock.advance(1);
    assert_eq!(other.round().await, 1);
    assert_eq!(place.bodies(), [ping("one")]);

    asked(world, "two").await;
    world.offer("two", PASSCODE).await;
    assert_eq!(world.here.claim_notifications("node-1", 8).await.unwrap().len(), 1);
    // A process of the same name knows that its forerunner is dead.
    assert_eq!(world.there.release_notifications("node-1").await.unwrap(), 1);
    assert_eq!(other.round().await, 1);
    assert_eq!(place.bodies(), [ping("one"), ping("two")]);
}

pub async fn an_agency_that_does_not_answer_holds_no_more_than_its_share(world: &World) {
    let mut entries = data(world);
    let slow = AgencyId::parse("slow-bank").unwrap();
    entries.agencies.push(Agency { id: slow.clone(), ..entries.agencies[0].clone() });
    world.here.replace_directory(&entries).await.unwrap();
    for agency in [&slow, &world.bank] {
        let notify = Notify::new(DeliveryMode::Ping, url("ping"), None).unwrap();
        world.here.set_agency_notify(agency, Some(notify)).await.unwrap();
    }
    for n in 0..6 {
        let id = format!("slow-{n}");
        asked_by(world, &slow, &id).await;
        assert!(world.here.deny(&id).await.unwrap());
    }
    asked_by(world, &world.bank, "quick").await;
    world.clock.advance(300);
    let first = world.here.claim_notifications("node-1", 5).await.unwrap();
    assert!(first.len() == limits::AGENCY_AT_ONCE && first.iter().all(|due| due.agency == slow), "{first:?}");
    let next = world.here.claim_notifications("node-1", 5).await.unwrap();
    assert_eq!(next.iter().map(|due| due.agency.as_str()).collect::<Vec<_>>(), [world.bank.as_str()]);
}

pub async fn c28_a_ping_goes_where_the_directory_says_now_or_nowhere(world: &World) {
    registered(world).await;
    for id in ["one", "two"] {
        asked(world, id).await;
    }
    let place = Place::new([]);
    let notifier = notifier(&world.here, &place, "node-1");
    let moved = Notify::new(DeliveryMode::Poll, url("elsewhere"), None).unwrap();
    world.there.set_agency_notify(&world.bank, Some(moved)).await.unwrap();
    assert!(world.here.deny("one").await.unwrap());
    assert_eq!(notifier.round().await, 1);
    assert_eq!(place.took()[0].url, url("elsewhere").unwrap());
    world.there.set_agency_notify(&world.bank, None).await.unwrap();
    assert!(world.here.deny("two").await.unwrap());
    assert_eq!(notifier.round().await, 0);
    assert_eq!(world.there.notifications_waiting().await.unwrap(), 0);
    // Whoever asks by itself has no row at all.
    world.sent("three", ConsentUse::OneTime).await;
    assert_eq!(world.there.notifications_waiting().await.unwrap(), 0);
}

pub async fn c28_what_a_ping_carries_is_sealed_while_it_waits_and_gone_afterwards(world: &World) {
    registered(world).await;
    let id = "an-auth-req-id-of-which-only-the-hash-stands-open";
    asked(world, id).await;
    let shown = |what: &str| {
        let bytes = what.as_bytes();
        world.dump().is_some_and(|dump| dump.windows(bytes.len()).any(|window| window == bytes))
    };
    assert!(!shown(id) && !shown(TOKEN));
    // A table that takes one number only: how many rows carry nothing any more.
    let emptied = async |name: &str, rows: u32| {
        let look = format!(
            "CREATE TABLE seen_{name} (n BIGINT CHECK (n = {rows})); \
             INSERT INTO seen_{name} SELECT COUNT(*) FROM notification WHERE body = bearer"
        );
        world.meddle(look).await.unwrap();
    };
    emptied("waiting", 0).await;
    assert!(world.here.deny(id).await.unwrap());
    notifier(&world.here, &Place::new([]), "node-1").round().await;
    emptied("told", 1).await;
    world.clock.advance(limits::KEPT_S);
    world.here.forget_notifications().await.unwrap();
    emptied("forgotten", 0).await;
}

pub async fn c32_an_agency_is_told_of_a_consent_that_ends_otherwise_than_by_itself(world: &World) {
    registered(world).await;
    let place = Place::new([Delivery::Later("it failed")]);
    let notifier = notifier(&world.here, &place, "node-1");
    let mine = world.token("mine", ConsentUse::Standing).await.consent;
    assert!(world.here.give_back(mine.as_str(), &world.bank).await.unwrap());
    assert_eq!(notifier.round().await, 0, "it did that itself");
    let theirs = world.token("theirs", ConsentUse::Standing).await.consent;
    assert!(world.here.revoke_consent(&theirs).await.unwrap());
    assert!(!world.here.revoke_consent(&theirs).await.unwrap(), "once");
    assert_eq!(notifier.round().await, 1);
    world.clock.advance(1);
    assert_eq!(notifier.round().await, 1);
    let letters = place.took();
    assert_eq!(letters[0].body.as_str(), letters[1].body.as_str(), "by one name at each try");
    assert_eq!((letters[0].content_type, &letters[0].url), ("application/secevent+jwt", &url("events").unwrap()));
    assert!(letters[0].bearer.is_none());
    let told: Value = serde_json::from_str(&letters[0].body).unwrap();
    assert_eq!(told["aud"], world.bank.as_str());
    assert_eq!(told["events"][CONSENT_REVOKED]["consent_id"], theirs.as_str());
    assert_eq!(told["events"][CONSENT_REVOKED]["event"], "consent.revoked");
    // Who has no place for events is told nothing.
    world.here.set_agency_notify(&world.bank, Notify::new(DeliveryMode::Ping, url("ping"), None).ok()).await.unwrap();
    let quiet: ConsentId = world.token("quiet", ConsentUse::Standing).await.consent;
    assert!(world.here.revoke_consent(&quiet).await.unwrap());
    assert_eq!(world.there.notifications_waiting().await.unwrap(), 0);
}

//! The outbox worked off by senders over a network that does as it is told: nothing is lost, and nothing doubled that could be known.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use adapters::{
    sms::{
        Sender, SmsState, limits,
        port::{Link, NotTaken, Outgoing, SmsTransport},
    },
    sql::control::{Contact, ControlStore},
};
use async_trait::async_trait;
use exchange::{consent::ConsentUse, consent::message::Language, mobile::Mobile, ports::clock::Clock as _};

use crate::world::{MOBILE, World, passcode};

/// A network that answers as it was told, else takes everything; a `|` cuts a text into pieces.
#[derive(Debug, Default)]
pub struct Network {
    pub answers: Mutex<VecDeque<Result<String, NotTaken>>>,
    pub took: Mutex<Vec<(Outgoing, u8)>>,
    pub down: Mutex<bool>,
    /// It learns of its return by trying.
    pub probes: bool,
}

impl Network {
    pub fn new(answers: impl IntoIterator<Item = Result<String, NotTaken>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() })
    }

    /// What was handed over, as text and piece.
    pub fn texts(&self) -> Vec<(String, u8)> {
        self.took.lock().unwrap().iter().map(|(message, piece)| (message.text.clone(), *piece)).collect()
    }

    pub fn ids(&self) -> Vec<String> {
        self.took.lock().unwrap().iter().map(|(message, _)| message.id.clone()).collect()
    }
}

#[async_trait]
impl SmsTransport for Network {
    fn pieces(&self, text: &str) -> u8 {
        u8::try_from(text.split('|').count()).unwrap()
    }

    async fn hand_over(&self, message: &Outgoing, piece: u8) -> Result<String, NotTaken> {
        let mut took = self.took.lock().unwrap();
        took.push((message.clone(), piece));
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(format!("M{}", took.len())))
    }

    fn may_probe(&self) -> bool {
        self.probes
    }

    fn link(&self) -> Link {
        if *self.down.lock().unwrap() { Link::Down("told to".to_owned()) } else { Link::Up }
    }
}

pub fn later(after: Option<u64>) -> Result<String, NotTaken> {
    Err(NotTaken::Later { why: "busy".to_owned(), after: after.map(Duration::from_secs) })
}

pub fn unknown() -> Result<String, NotTaken> {
    Err(NotTaken::Unknown { why: "cut".to_owned() })
}

/// A sender of one round at a time.
pub fn sender(world: &World, store: &Arc<ControlStore>, network: &Arc<Network>, node: &str) -> Arc<Sender> {
    let transport: Arc<dyn SmsTransport> = Arc::clone(network) as _;
    let clock = Arc::clone(&world.clock);
    let (sender, noting) = Sender::new(Arc::clone(store), transport, clock, (node.to_owned(), 16));
    tokio::spawn(noting);
    sender
}

/// A message of this text in the outbox.
pub async fn queued(world: &World, id: &str, text: &str) {
    world.submitted(id, ConsentUse::OneTime).await;
    assert!(world.here.send(id, &passcode("482913"), World::contact(), text).await.unwrap());
}

pub async fn states(world: &World) -> Vec<SmsState> {
    world.there.outbox(100).await.unwrap().into_iter().map(|sms| sms.state).collect()
}

pub async fn a_message_goes_out_once_piece_by_piece_and_its_text_is_forgotten(world: &World) {
    queued(world, "one", "first|second|third").await;
    let network = Network::new([]);
    let sender = sender(world, &world.here, &network, "node-1");
    assert_eq!(world.there.outbox_depth().await.unwrap(), 1);
    assert_eq!(sender.round().await, 1);
    let text = "first|second|third".to_owned();
    assert_eq!(network.texts(), [(text.clone(), 0), (text.clone(), 1), (text, 2)]);
    assert_eq!(network.took.lock().unwrap()[0].0.to, Mobile::parse(MOBILE).unwrap());
    let shown = world.there.outbox(10).await.unwrap().remove(0);
    assert_eq!((shown.state, shown.text.as_str()), (SmsState::Taken, ""));
    assert_eq!(world.there.outbox_depth().await.unwrap(), 0);
    world.clock.advance(3_600);
    assert_eq!(sender.round().await, 0, "a message that was taken went out again");
}

pub async fn what_the_network_does_not_take_now_goes_out_later(world: &World) {
    queued(world, "one", "a").await;
    let network = Network::new([later(None), later(Some(7)), later(Some(9_999))]);
    let sender = sender(world, &world.here, &network, "node-1");
    // By its own doubling, then as told, then as told within bounds.
    for wait in [1, 7, limits::BACKOFF_S_MAX] {
        assert_eq!(sender.round().await, 1);
        world.clock.advance(wait - 1);
        assert_eq!(sender.round().await, 0, "it was tried again before {wait} s");
        world.clock.advance(1);
    }
    assert_eq!(sender.round().await, 1);
    assert_eq!(states(world).await, [SmsState::Taken]);
    assert_eq!(network.texts().len(), 4);
}

pub async fn c49_what_nobody_knows_of_goes_out_again_in_the_same_words_and_not_for_ever(world: &World) {
    queued(world, "one", "code 482913").await;
    let network = Network::new((0..9).map(|_| unknown()));
    let sender = sender(world, &world.here, &network, "node-1");
    for _ in 0..=limits::UNKNOWN_MAX {
        assert_eq!(sender.round().await, 1);
        world.clock.advance(limits::SETTLE_S);
    }
    assert_eq!(sender.round().await, 0);
    assert_eq!(states(world).await, [SmsState::Unknown]);
    let tries = usize::try_from(limits::UNKNOWN_MAX).unwrap() + 1;
    assert_eq!(network.texts(), vec![("code 482913".to_owned(), 0); tries]);
    let ids = network.ids();
    assert!(ids.iter().all(|id| *id == ids[0]), "a message has another name at each try");
}

pub async fn what_the_network_will_not_have_is_given_up(world: &World) {
    queued(world, "one", "a|b").await;
    let network = Network::new([Ok("M1".to_owned()), Err(NotTaken::Never { why: "no such number".to_owned() })]);
    let sender = sender(world, &world.here, &network, "node-1");
    assert_eq!(sender.round().await, 1);
    world.clock.advance(3_600);
    assert_eq!(sender.round().await, 0);
    assert_eq!(states(world).await, [SmsState::Refused]);
}

pub async fn what_is_of_no_use_any_more_is_not_sent(world: &World) {
    queued(world, "one", "a").await;
    world.clock.advance(300);
    let network = Network::new([]);
    assert_eq!(sender(world, &world.here, &network, "node-1").round().await, 0);
    let shown = world.there.outbox(10).await.unwrap().remove(0);
    assert_eq!((shown.state, shown.text.as_str()), (SmsState::Late, ""));
    assert!(network.texts().is_empty());
}

pub async fn of_two_senders_one_sends(world: &World) {
    for n in 0..20 {
        queued(world, &format!("r{n}"), &format!("text {n}")).await;
    }
    let network = Network::new([]);
    let mut at_work = Vec::new();
    for (store, node) in [(&world.here, "node-1"), (&world.there, "node-2"), (&world.here, "node-3")] {
        let sender = sender(world, store, &network, node);
        at_work.push(tokio::spawn(async move { while sender.round().await > 0 {} }));
    }
    for sender in at_work {
        sender.await.unwrap();
    }
    // What one of them could not take because of another, the next round does.
    while sender(world, &world.here, &network, "node-1").round().await > 0 {}
    let mut texts: Vec<_> = network.texts().into_iter().map(|(text, _)| text).collect();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), network.texts().len()), (20, 20));
}

pub async fn a_kill_between_two_pieces_repeats_neither_the_first_nor_loses_the_second(world: &World) {
    queued(world, "one", "a|b").await;
    let due = world.here.claim_sms("node-1", 9).await.unwrap().remove(0);
    let taken =
        adapters::sql::control::PieceTaken { id: due.message.id.clone(), piece: 0, name: "M1".to_owned(), last: false };
    world.here.sms_taken(&[taken]).await.unwrap();
    // The process dies here; one of the same name begins, and another one waits.
    let network = Network::new([]);
    let other = sender(world, &world.there, &network, "node-2");
    assert_eq!(other.round().await, 0, "a message was taken from a process that may live");
    assert_eq!(world.here.release_sms("node-2").await.unwrap(), 0);
    assert_eq!(world.here.release_sms("node-1").await.unwrap(), 1);
    world.clock.advance(limits::SETTLE_S - 1);
    assert_eq!(other.round().await, 0, "no time was left for a receipt");
    world.clock.advance(1);
    assert_eq!(other.round().await, 1);
    assert_eq!(network.texts(), [("a|b".to_owned(), 1)]);
    assert_eq!(states(world).await, [SmsState::Taken]);
    // The same without anybody of its name: the lease ends.
    queued(world, "two", "c").await;
    assert_eq!(world.here.claim_sms("node-9", 9).await.unwrap().len(), 1);
    world.clock.advance(limits::LEASE_S);
    assert_eq!(other.round().await, 1);
    assert_eq!(states(world).await, [SmsState::Taken; 2]);
}

pub async fn a_passcode_that_was_replaced_does_not_go_out(world: &World) {
    queued(world, "one", "code 482913").await;
    world.clock.advance(60);
    world.here.resend("one", &world.bank, &world.teller).await.unwrap().unwrap().unwrap();
    let contact = Contact { mobile: Mobile::parse(MOBILE).unwrap(), language: Language::English };
    assert!(world.there.send_again("one", &passcode("111111"), contact, "code 111111").await.unwrap());
    let network = Network::new([]);
    sender(world, &world.here, &network, "node-1").round().await;
    assert_eq!(network.texts(), [("code 111111".to_owned(), 0)]);
    assert_eq!(states(world).await, [SmsState::Late, SmsState::Taken]);
}

pub async fn a_message_that_cannot_be_read_stops_no_other(world: &World) {
    queued(world, "one", "a").await;
    world.clock.advance_us(1);
    queued(world, "two", "b").await;
    world
        .meddle("UPDATE sms_outbox SET body = recipient WHERE queued_at = (SELECT MIN(queued_at) FROM sms_outbox)")
        .await
        .unwrap();
    let network = Network::new([]);
    assert_eq!(sender(world, &world.here, &network, "node-1").round().await, 1);
    assert_eq!(network.texts(), [("b".to_owned(), 0)]);
    assert_eq!(states(world).await, [SmsState::Unknown, SmsState::Taken]);
}

pub async fn while_the_link_is_down_nothing_is_taken_out(world: &World) {
    queued(world, "one", "a").await;
    let network = Network::new([]);
    *network.down.lock().unwrap() = true;
    let sender = sender(world, &world.here, &network, "node-1");
    assert_eq!(sender.round().await, 0);
    *network.down.lock().unwrap() = false;
    assert_eq!(sender.round().await, 1, "it was taken out while nothing could be sent");
    assert_eq!(sender.counts().taken.load(std::sync::atomic::Ordering::Relaxed), 1);
}

pub async fn a_network_that_is_found_back_by_trying_is_tried_with_one_message(world: &World) {
    for n in 0..5 {
        world.clock.advance_us(1);
        queued(world, &format!("r{n}"), "a").await;
    }
    let network = Arc::new(Network { probes: true, down: Mutex::new(true), ..Network::default() });
    network.answers.lock().unwrap().push_back(later(None));
    let sender = sender(world, &world.here, &network, "node-1");
    assert_eq!(sender.round().await, 1, "more than one message was tried while the network was away");
    assert_eq!(sender.round().await, 1);
    *network.down.lock().unwrap() = false;
    world.clock.advance(1);
    assert_eq!(sender.round().await, 4);
    assert_eq!(states(world).await, [SmsState::Taken; 5]);
}

pub async fn what_became_of_messages_is_forgotten_after_a_month(world: &World) {
    queued(world, "one", "a").await;
    let network = Network::new([]);
    sender(world, &world.here, &network, "node-1").round().await;
    world.clock.advance(limits::OUTBOX_KEPT_S - 1);
    world.here.forget_outbox().await.unwrap();
    assert_eq!(states(world).await, [SmsState::Taken]);
    world.clock.advance(1);
    world.here.forget_outbox().await.unwrap();
    assert_eq!(states(world).await, []);
    assert!(world.clock.now().micros() > 0);
}

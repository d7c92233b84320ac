//! Whoever hands messages over is killed at any point of the work: nothing is lost, and with a network that sends receipts nothing is
//! doubled.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use adapters::sms::{
    Sender, SmsState, limits,
    port::{Fate, Link, NotTaken, Outgoing, Receipt, SmsReceiver as _, SmsTransport, short_reference},
};
use async_trait::async_trait;
use exchange::{consent::ConsentUse, mobile::Mobile};
use serde_json::{Value, json};
use tests::{counts::Tier, meddling::Dice};
use tokio::sync::Notify;

use crate::world::{MOBILE, World, passcode};

/// A network that tells when a hand-over has come to a certain point: before it has the piece, or after; and that stands still there,
/// or goes on.
#[derive(Debug, Default)]
struct Slow {
    took: Mutex<Vec<(String, u8)>>,
    points_left: AtomicI64,
    stands_still: AtomicBool,
    reached: Notify,
}

#[async_trait]
impl SmsTransport for Slow {
    fn pieces(&self, text: &str) -> u8 {
        u8::try_from(text.split('|').count()).unwrap()
    }

    async fn hand_over(&self, message: &Outgoing, piece: u8) -> Result<String, NotTaken> {
        self.point().await;
        let name = {
            let mut took = self.took.lock().unwrap();
            took.push((message.id.clone(), piece));
            format!("N{}", took.len())
        };
        self.point().await;
        Ok(name)
    }

    fn link(&self) -> Link {
        Link::Up
    }
}

impl Slow {
    async fn point(&self) {
        if self.points_left.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.reached.notify_one();
            if self.stands_still.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The receipts of all that the network took, as it sends them once we are back: by its own name and by ours.
    async fn send_receipts(&self, world: &World, from: usize) {
        let took: Vec<_> = self.took.lock().unwrap().iter().cloned().enumerate().skip(from).collect();
        for (at, (id, piece)) in took {
            let receipt = Receipt {
                message_id: format!("N{}", at + 1),
                to: Some(Mobile::parse(MOBILE).unwrap()),
                reference: None,
                short: Some(short_reference(&id, piece)),
                fate: Fate::Delivered,
            };
            world.there.receipt(receipt).await.unwrap();
        }
    }
}

fn sender(world: &World, network: &Arc<Slow>) -> (Arc<Sender>, tokio::task::JoinHandle<()>) {
    let transport: Arc<dyn SmsTransport> = Arc::clone(network) as _;
    let (sender, noting) =
        Sender::new(Arc::clone(&world.here), transport, world.clock.clone(), ("node-1".to_owned(), 8));
    (sender, tokio::spawn(noting))
}

/// Works until it is killed: at so many points of hand-overs from now, or so many turns of others later, which is while what was
/// handed over is noted.
async fn killed_at(world: &World, network: &Arc<Slow>, (points, turns): (usize, usize)) {
    network.points_left.store(i64::try_from(points).unwrap(), Ordering::SeqCst);
    network.stands_still.store(turns == 0, Ordering::SeqCst);
    let (sender, noting) = sender(world, network);
    let mut work = tokio::spawn(async move { while sender.round().await > 0 {} });
    tokio::select! {
        () = network.reached.notified() => {}
        _ = &mut work => {}
    }
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    // Nothing of the process goes on: neither what sends nor what notes.
    work.abort();
    noting.abort();
    while !(work.is_finished() && noting.is_finished()) {
        tokio::task::yield_now().await;
    }
    network.points_left.store(i64::MAX, Ordering::SeqCst);
}

pub async fn c49_whatever_the_kill_nothing_is_lost_and_nothing_that_a_receipt_proves_is_doubled(world: &World) {
    let tier = Tier::of_this_run().unwrap();
    let kills = tier.count("outbox_kills").unwrap();
    let (mut messages, mut left_behind) = (0, 0);
    let mut dice = Dice::new(20_261_128);
    let network = Arc::new(Slow::default());
    for kill in 0..kills {
        let before = network.took.lock().unwrap().len();
        for n in 0..=dice.below(3) {
            messages += 1;
            world.clock.advance_us(1);
            let (id, text) = (format!("k{kill}-{n}"), ["a", "a|b", "a|b|c"][dice.below(3)]);
            world.submitted(&id, ConsentUse::OneTime).await;
            assert!(world.here.send(&id, &passcode("482913"), World::contact(), text).await.unwrap());
        }
        let turns = [0, 0, 1 + dice.below(20_000)][dice.below(3)];
        let at = (dice.below(10), turns);
        killed_at(world, &network, at).await;
        left_behind += world.there.outbox_depth().await.unwrap();
        // The next of its name: receipts come before the time is over that is left for them.
        world.here.release_sms("node-1").await.unwrap();
        network.send_receipts(world, before).await;
        world.clock.advance(limits::SETTLE_S);
        let (last, noting) = sender(world, &network);
        while last.round().await > 0 {}
        noting.abort();
        assert_eq!(world.there.outbox_depth().await.unwrap(), 0, "kill {kill} at {at:?} left a message behind");
        let mut times: BTreeMap<(String, u8), usize> = BTreeMap::new();
        for piece in network.took.lock().unwrap().iter().skip(before) {
            *times.entry(piece.clone()).or_default() += 1;
        }
        assert!(times.values().all(|times| *times == 1), "kill {kill} at {at:?}: {times:?}");
        network.send_receipts(world, before).await;
        let shown = world.there.outbox(8).await.unwrap();
        assert!(shown.iter().all(|sms| sms.state == SmsState::Delivered && sms.text.is_empty()), "{kill}: {shown:?}");
    }
    // A kill that comes when all is done kills nothing.
    assert!(left_behind > i64::from(kills) / 4, "of {messages} messages {left_behind} were under way at a kill");
    if tier == Tier::Soak {
        let pieces = network.took.lock().unwrap().len();
        let found = json!({ "kills": kills, "messages": messages, "under_way_at_a_kill": left_behind, "pieces_handed_over": pieces });
        write_evidence(&world.url, &found);
    }
}

/// Nothing is lost and nothing doubled, or the test would have failed before.
fn write_evidence(url: &str, found: &Value) {
    let database = if url.starts_with("sqlite") { "sqlite" } else { "postgres" };
    let evidence = json!({
        "what": "whoever hands messages over is killed (its tasks are aborted) at a random point of a hand-over, or while it is noted; each piece reaches the network once",
        "database": database,
        "found": found,
        "lost": 0,
        "doubled": 0,
    });
    let path = format!("{}/evidence/outbox-kills-{database}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(path, format!("{evidence:#}\n")).unwrap();
}

//! Whoever hands messages over is killed at any point of the work: nothing is lost, and with a network that sends receipts nothing is
//! doubled.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use adapters::sms::{
    Sender, SmsState, limits,
    port::{Fate, Link, NotTaken, Outgoing, Receipt, SmsReceiver as _, SmsTransport, short_reference},
};
use async_trait::async_trait;
use exchange::{consent::ConsentUse, mobile::Mobile};
use tests::{counts::Tier, meddling::Dice};

use crate::world::{MOBILE, World, passcode};

/// A network that takes its time, so that a kill finds every point of a hand-over: before it has the piece, and after.
#[derive(Debug, Default)]
struct Slow {
    took: Mutex<Vec<(String, u8)>>,
    pauses: AtomicUsize,
}

#[async_trait]
impl SmsTransport for Slow {
    fn pieces(&self, text: &str) -> u8 {
        u8::try_from(text.split('|').count()).unwrap()
    }

    async fn hand_over(&self, message: &Outgoing, piece: u8) -> Result<String, NotTaken> {
        let pauses = self.pauses.load(Ordering::SeqCst);
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        let name = {
            let mut took = self.took.lock().unwrap();
            took.push((message.id.clone(), piece));
            format!("N{}", took.len())
        };
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        Ok(name)
    }

    fn link(&self) -> Link {
        Link::Up
    }
}

impl Slow {
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

/// Works until it is killed after so many steps, or done.
async fn killed_after(world: &World, network: &Arc<Slow>, steps: usize) {
    let (sender, noting) = sender(world, network);
    let work = tokio::spawn(async move { while sender.round().await > 0 {} });
    for _ in 0..steps {
        tokio::task::yield_now().await;
    }
    // Nothing of the process goes on: neither what sends nor what notes.
    work.abort();
    noting.abort();
    let (_, _) = (work.await, noting.await);
}

pub async fn c49_whatever_the_kill_nothing_is_lost_and_nothing_that_a_receipt_proves_is_doubled(world: &World) {
    let kills = Tier::of_this_run().unwrap().count("outbox_kills").unwrap();
    let mut dice = Dice::new(20_261_128);
    let network = Arc::new(Slow::default());
    for kill in 0..kills {
        let before = network.took.lock().unwrap().len();
        for n in 0..=dice.below(3) {
            world.clock.advance_us(1);
            let (id, text) = (format!("k{kill}-{n}"), ["a", "a|b", "a|b|c"][dice.below(3)]);
            world.submitted(&id, ConsentUse::OneTime).await;
            assert!(world.here.send(&id, &passcode("482913"), World::contact(), text).await.unwrap());
        }
        network.pauses.store(dice.below(40), Ordering::SeqCst);
        let steps = 1 + dice.below(400);
        killed_after(world, &network, steps).await;
        // The next of its name: receipts come before the time is over that is left for them.
        world.here.release_sms("node-1").await.unwrap();
        network.pauses.store(0, Ordering::SeqCst);
        network.send_receipts(world, before).await;
        world.clock.advance(limits::SETTLE_S);
        let (last, noting) = sender(world, &network);
        while last.round().await > 0 {}
        noting.abort();
        assert_eq!(
            world.there.outbox_depth().await.unwrap(),
            0,
            "kill {kill} after {steps} steps left a message behind"
        );
        let mut times: BTreeMap<(String, u8), usize> = BTreeMap::new();
        for piece in network.took.lock().unwrap().iter().skip(before) {
            *times.entry(piece.clone()).or_default() += 1;
        }
        assert!(times.values().all(|times| *times == 1), "kill {kill} after {steps} steps: {times:?}");
        network.send_receipts(world, before).await;
        let shown = world.there.outbox(8).await.unwrap();
        assert!(shown.iter().all(|sms| sms.state == SmsState::Delivered && sms.text.is_empty()), "{kill}: {shown:?}");
    }
    assert_eq!(world.there.outbox_depth().await.unwrap(), 0);
}

//! What the tests of the SMPP transport share: a receiver that they hold the other end of, and a bound pair.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use adapters::sms::{
    port::{Incoming, Link, NotKept, NotTaken, Outgoing, Receipt, SmsReceiver, SmsTransport as _},
    smpp::{
        Smpp,
        config::{Password, SmppConfig, Source},
    },
};
use async_trait::async_trait;
use exchange::{mobile::Mobile, ports::entropy::Entropy};
use tests::smsc::{Account, PATIENCE, Smsc};
use tokio::{sync::Semaphore, time::timeout};

/// The citizen of all these tests, as the wire writes the number.
pub const CITIZEN: &str = "923001234567";

/// Keeps what comes in memory; refuses it, or holds it back, if told to.
#[derive(Debug)]
pub struct Inbox {
    messages: Mutex<Vec<Incoming>>,
    receipts: Mutex<Vec<Receipt>>,
    refusals: Mutex<u32>,
    /// One permit lets one delivery through.
    pub gate: Semaphore,
    /// One permit for each delivery that stands at the gate or has passed it.
    pub arrived: Semaphore,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            messages: Mutex::default(),
            receipts: Mutex::default(),
            refusals: Mutex::default(),
            gate: Semaphore::new(1_000_000),
            arrived: Semaphore::new(0),
        }
    }
}

impl Inbox {
    /// One whose gate is shut.
    pub fn shut() -> Self {
        Self { gate: Semaphore::new(0), ..Self::default() }
    }

    /// Refuses the next so many.
    pub fn refuse(&self, count: u32) {
        *self.refusals.lock().unwrap() = count;
    }

    pub fn messages(&self) -> Vec<Incoming> {
        self.messages.lock().unwrap().clone()
    }

    pub fn receipts(&self) -> Vec<Receipt> {
        self.receipts.lock().unwrap().clone()
    }

    async fn pass(&self) -> Result<(), NotKept> {
        self.arrived.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(NotKept);
        }
        Ok(())
    }
}

#[async_trait]
impl SmsReceiver for Inbox {
    async fn message(&self, message: Incoming) -> Result<(), NotKept> {
        self.pass().await?;
        self.messages.lock().unwrap().push(message);
        Ok(())
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), NotKept> {
        self.pass().await?;
        self.receipts.lock().unwrap().push(receipt);
        Ok(())
    }
}

/// Always draws the same: the pauses between tries are then the longest.
#[derive(Debug)]
pub struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xFF);
    }
}

/// A centre, a transport and its receiver.
pub struct Pair {
    pub smsc: Smsc,
    pub smpp: Arc<Smpp>,
    pub inbox: Arc<Inbox>,
}

pub fn account() -> Account {
    Account { system_id: "ijazat".to_owned(), password: "s3cret".to_owned() }
}

/// Short pauses, and spans far beyond what an answer on the loopback takes.
pub fn config(address: String) -> SmppConfig {
    SmppConfig {
        rate_per_s: 1_000,
        reconnect_min: Duration::from_millis(5),
        reconnect_max: Duration::from_millis(20),
        ..SmppConfig::new(address, "ijazat", Password::new("s3cret".to_owned()), Source::short_code("8009"))
    }
}

/// A pair whose link need not be up.
pub async fn pair(inbox: Inbox, change: impl FnOnce(&mut SmppConfig), prepare: impl FnOnce(&Smsc)) -> Pair {
    let smsc = Smsc::start(account(), None).await.unwrap();
    prepare(&smsc);
    let mut config = config(smsc.address());
    change(&mut config);
    let inbox = Arc::new(inbox);
    let smpp = Arc::new(Smpp::start(config, inbox.clone(), Arc::new(Fixed)).unwrap());
    Pair { smsc, smpp, inbox }
}

/// An ordinary pair whose link is up.
pub async fn bound() -> Pair {
    bound_with(|_| {}).await
}

pub async fn bound_with(change: impl FnOnce(&mut SmppConfig)) -> Pair {
    let pair = pair(Inbox::default(), change, |_| {}).await;
    pair.up().await;
    pair
}

impl Pair {
    pub async fn up(&self) {
        timeout(PATIENCE, self.smpp.until(|link| *link == Link::Up)).await.expect("the link comes up");
    }

    pub async fn send(&self, text: &str) -> Result<String, NotTaken> {
        timeout(PATIENCE, self.smpp.hand_over(&outgoing(text), 0)).await.expect("an outcome in time")
    }

    /// Hands over all pieces of a text.
    pub async fn send_all(&self, text: &str) {
        for piece in 0..self.smpp.pieces(text) {
            self.smpp.hand_over(&outgoing(text), piece).await.unwrap();
        }
    }
}

pub fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        id: "00112233445566778899aabbccddeeff".to_owned(),
        to: Mobile::parse(CITIZEN).unwrap(),
        text: text.to_owned(),
    }
}

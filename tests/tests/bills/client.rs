//! A client as the field has them: it repeats itself, loses its connection, and asks again under the same key.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write as _},
    net::SocketAddr,
    path::Path,
};

use exchange::cnic::Cnic;
use gateway::demo::{
    client::{Call, Credential, tls},
    told::{amount_of, sequence_of},
};
use serde_json::json;
use tests::{
    meddling::Dice,
    world::{
        Broken,
        wire::{Reply, Wire, bytes_of},
    },
};

/// Of a hundred requests so many repeat an earlier key.
const REPEATED: usize = 10;

/// Of a hundred requests so many lose their connection as soon as they are sent.
const CUT: usize = 5;

/// Most questions for one key until it is known what became of it.
const TRIES: u32 = 10_000;

/// Where and as whom clients ask.
pub struct Door {
    server_ca: String,
    credential: Credential,
    head: Cnic,
}

impl Door {
    pub const fn new(server_ca: String, credential: Credential, head: Cnic) -> Self {
        Self { server_ca, credential, head }
    }

    pub async fn open(&self, address: SocketAddr) -> Result<Wire, Broken> {
        Wire::open(address, tls(&self.server_ca, Some(&self.credential))?).await
    }

    pub fn household(&self, key: &str) -> Call {
        Call::json("/v1/nser/household", &json!({ "cnic": self.head.digits() }))
            .with("ijazat-user", "standard-1")
            .with("ijazat-purpose", "NSER-201")
            .with("ijazat-basis", "prog-kafalat")
            .with("idempotency-key", key)
    }
}

/// What a client holds of the answer that its key was charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub sequence: u64,
    /// `None` if only a repetition told of it.
    pub amount: Option<i64>,
}

#[derive(Debug)]
pub struct Client {
    name: u32,
    dice: Dice,
    keys: u64,
    asked: u64,
    cuts: u64,
    replays: u64,
    known: BTreeMap<String, Receipt>,
    unknown: Vec<String>,
    last: Option<String>,
    // One receipt for each key, as it came.
    kept: BufWriter<File>,
}

/// What all clients know at the end.
#[derive(Debug, Default)]
pub struct Resolved {
    pub keys: u64,
    pub cuts: u64,
    pub replays: u64,
    /// Keys that were answered so often that nothing is told of them any more.
    pub spent: u64,
    pub receipts: Vec<Receipt>,
}

impl Resolved {
    pub fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.cuts += other.cuts;
        self.replays += other.replays;
        self.spent += other.spent;
        self.receipts.extend(other.receipts);
    }
}

impl Client {
    /// A client that keeps its receipts in this folder.
    pub fn new(name: u32, folder: &Path) -> Result<Self, Broken> {
        let dice = Dice::new(u64::from(name) + 24);
        let (known, unknown) = (BTreeMap::new(), Vec::new());
        let kept = BufWriter::new(File::create_new(folder.join(format!("client-{name}.receipts")))?);
        Ok(Self { name, dice, keys: 0, asked: 0, cuts: 0, replays: 0, known, unknown, last: None, kept })
    }

    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Asks until nobody listens any more; tells of each answer.
    pub async fn ask_until_killed(mut self, door: &Door, address: SocketAddr, answered: impl Fn()) -> Self {
        let Ok(mut wire) = door.open(address).await else { return self };
        loop {
            let key = self.next_key();
            let call = bytes_of(&door.household(&key));
            self.asked += 1;
            if self.dice.below(100) < CUT {
                wire.send(&call).await;
                self.cuts += 1;
                self.lost(key);
            } else if let Ok(reply) = wire.ask(&call).await {
                self.heard(&key, &reply);
                answered();
                continue;
            } else {
                self.lost(key);
            }
            let Ok(again) = door.open(address).await else { return self };
            wire = again;
        }
    }

    /// Asks for every key whose end is unknown, until it is known.
    pub async fn resolve(mut self, door: &Door, address: SocketAddr) -> Result<Resolved, Broken> {
        let mut wire = door.open(address).await?;
        let mut spent = 0;
        for key in std::mem::take(&mut self.unknown) {
            let mut tries = 0;
            while !self.known.contains_key(&key) {
                let reply = wire.ask(&bytes_of(&door.household(&key))).await?;
                if reply.code() == "idempotency_spent" {
                    spent += 1;
                    break;
                }
                self.heard(&key, &reply);
                tries += 1;
                if tries == TRIES {
                    return Err(format!("{key}: {} {}", reply.status, reply.code()).into());
                }
            }
        }
        self.kept.flush()?;
        let receipts = self.known.into_values().collect();
        Ok(Resolved { keys: self.keys, cuts: self.cuts, replays: self.replays, spent, receipts })
    }

    fn next_key(&mut self) -> String {
        if self.dice.below(100) < REPEATED {
            let lost = (!self.unknown.is_empty()).then(|| self.unknown.swap_remove(0));
            if let Some(key) = lost.or_else(|| self.last.clone()) {
                return key;
            }
        }
        self.keys += 1;
        format!("{}-{}", self.name, self.keys)
    }

    /// An answer did not come: it may have been given.
    fn lost(&mut self, key: String) {
        if !self.known.contains_key(&key) {
            self.unknown.push(key);
        }
    }

    fn heard(&mut self, key: &str, reply: &Reply) {
        let text = reply.header("ijazat-receipt");
        let Some(sequence) = sequence_of(text).filter(|_| reply.status == 200) else {
            let told = (reply.status, reply.code());
            // Somebody is at it or was; too often; the host is too slow for its clock.
            assert!(matches!(told.0, 409 | 422 | 429 | 503), "{told:?}");
            return self.lost(key.to_owned());
        };
        let first = text.split_once(";replay-of=").map(|(_, first)| first.parse::<u64>().unwrap());
        let receipt = match first {
            Some(sequence) => Receipt { sequence, amount: None },
            None => Receipt { sequence, amount: Some(amount_of(text)) },
        };
        if first.is_some() {
            assert_eq!(amount_of(text), 0, "a repetition costs nothing");
            self.replays += 1;
        }
        let known = *self.known.entry(key.to_owned()).or_insert_with(|| {
            writeln!(self.kept, "{text}").unwrap();
            receipt
        });
        assert_eq!(known.sequence, receipt.sequence, "{key} has one answer that is charged");
        self.last = Some(key.to_owned());
    }
}

//! A log in memory for the index's tests, filled with leaves made from numbers.

use std::sync::{Arc, Mutex};

use exchange::{
    consent::SubjectKey,
    ports::{
        entropy::Entropy,
        record_log::{Durable, Entry, InclusionProof, LogUnavailable, RecordLog, StoredEntry},
    },
    record::{
        leaf::{Commitments, Kind, LEAF_VERSION, Leaf, Released},
        seal::SealingKey,
        side::{self, Side, SubjectEntry},
    },
};

/// A name that must never reach the index.
pub const NAME: &str = "Sealed Name Of A Teller";
/// An address that must never reach the index.
pub const ADDRESS: &str = "203.0.113.77";

/// The same nonce each time: safe enough for a test's key.
#[derive(Debug)]
struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A log of which only what a test says is durable.
#[derive(Debug, Default)]
pub struct FakeLog(Mutex<Vec<StoredEntry>>);

impl FakeLog {
    /// Appends a leaf about these citizens, its side record sealed as the door seals it.
    pub fn put(&self, leaf: Leaf, subjects: &[(u8, bool)]) -> u64 {
        self.put_by(Some("teller-1"), leaf, subjects)
    }

    /// Appends a leaf of a request in which this user was named.
    pub fn put_by(&self, user: Option<&str>, mut leaf: Leaf, subjects: &[(u8, bool)]) -> u64 {
        let mut entries = self.0.lock().unwrap();
        leaf.sequence = entries.len() as u64;
        let side = Side {
            user: user.map(Into::into),
            user_name: Some(NAME.into()),
            address: ADDRESS.into(),
            subjects: subjects
                .iter()
                .map(|&(n, returned)| SubjectEntry { key: [n; 32].into(), sealed: vec![n].into(), returned })
                .collect(),
            ..Side::default()
        };
        let side = key().seal(&Sevens, &side::place(&leaf.request), &side.to_bytes()).unwrap();
        entries.push(StoredEntry { sequence: leaf.sequence, leaf: leaf.to_bytes(), side });
        leaf.sequence
    }

    /// Changes a byte of a sealed side record, as a disk might.
    pub fn damage(&self, sequence: usize) {
        *self.0.lock().unwrap()[sequence].side.last_mut().unwrap() ^= 1;
    }

    /// Every leaf.
    pub fn leaves(&self) -> Vec<Leaf> {
        self.0.lock().unwrap().iter().map(|entry| Leaf::from_bytes(&entry.leaf).unwrap()).collect()
    }
}

/// The log's sealing key.
pub fn key() -> Arc<SealingKey> {
    Arc::new(SealingKey::new(&[9; 32]).unwrap())
}

/// A citizen by number.
pub fn citizen(n: u8) -> SubjectKey {
    SubjectKey([n; 32])
}

/// An answered request of `bank-indus` at this instant.
pub fn leaf(kind: Kind, request: &str, at: i64) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind,
        at,
        node: "node-1".into(),
        sequence: 0,
        request: request.into(),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some("identity.kyc@1".into()),
        purpose: Some("KYC-101".into()),
        basis: Some("consent-1@1".into()),
        agreement: None,
        status: 200,
        code: None,
        released: vec![Released { datatype: "citizen.name".into(), policies: vec![] }],
        withheld: vec![],
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 100,
        rate_version: Some("v1".into()),
        tariff: Some("kyc".into()),
        amount: 35_000,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    }
}

impl RecordLog for FakeLog {
    fn submit(&self, _: Entry) -> Result<Durable, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn durable_size(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }

    fn origin(&self) -> &'static str {
        "test/node-1"
    }

    fn node(&self) -> &'static str {
        "node-1"
    }

    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        let entries = self.0.lock().unwrap();
        Ok(entries.iter().filter(|entry| entry.sequence >= from).take(count).cloned().collect())
    }

    fn prove(&self, _: u64) -> Result<InclusionProof, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn verifier_key(&self) -> String {
        String::new()
    }

    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}

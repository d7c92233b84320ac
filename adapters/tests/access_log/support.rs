//! A log in memory, entries to put into it, and a short way to wait.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use adapters::log::{LogOptions, OpenError, SegmentLog, memory::MemoryDisk};
use exchange::{
    ports::{
        clock::Clock,
        record_log::{Durable, Entry, LogUnavailable, Position, RecordLog},
    },
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
    timestamp::Timestamp,
};

pub const ORIGIN: &str = "ijazat.example/node-1";

/// Bytes of a segment: small, so that a few dozen entries cross several.
pub const SEGMENT_BYTES: u64 = 16 * 1024;

/// Begin of log time, UTC microseconds; entries are a millisecond apart.
pub const BEGIN: i64 = 1_795_000_000_000_000;

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(BEGIN)
    }
}

pub fn options(dir: PathBuf) -> LogOptions {
    LogOptions {
        segment_bytes: SEGMENT_BYTES,
        reserve_bytes: 0,
        // Never by itself: tests say when.
        checkpoint_every: Duration::from_hours(1),
        tiles: false,
        ..LogOptions::new(dir, ORIGIN, "node-1", [7; 32], Arc::new(Still))
    }
}

pub fn open(disk: &MemoryDisk) -> Result<SegmentLog, OpenError> {
    SegmentLog::open_on(options(PathBuf::from("memory")), Arc::new(disk.clone()))
}

pub fn leaf(number: u64) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind: [Kind::Intent, Kind::Outcome, Kind::Refused][usize::try_from(number % 3).unwrap()],
        at: BEGIN + i64::try_from(number).unwrap() * 1_000,
        node: String::new(),
        sequence: 0,
        request: format!("request-{number}"),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some("identity.yes-no@1".into()),
        purpose: Some("KYC-101".into()),
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 600,
        rate_version: None,
        tariff: None,
        amount: 2_500,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    }
}

pub fn entry(number: u64) -> Entry {
    let side = vec![u8::try_from(number % 251).unwrap(); usize::try_from(number * 37 % 700).unwrap()];
    Entry { leaf: leaf(number), side, closes: false }
}

pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Appends entries `from..to` and waits for each.
pub fn fill(log: &SegmentLog, from: u64, to: u64) -> Vec<Position> {
    let queued: Vec<Durable> = (from..to).map(|number| log.submit(entry(number)).unwrap()).collect();
    queued.into_iter().map(|durable| wait(durable).unwrap()).collect()
}

/// Submits one entry and waits.
pub fn append(log: &SegmentLog, entry: Entry) -> Result<Position, LogUnavailable> {
    wait(log.submit(entry)?)
}

/// The request named by each entry from the first on.
pub fn requests(log: &SegmentLog) -> Vec<String> {
    let entries = log.read(0, usize::MAX).unwrap();
    entries.iter().map(|entry| Leaf::from_bytes(&entry.leaf).unwrap().request).collect()
}

//! Writes a small log and what an auditor gets from it: `log_evidence FOLDER`. `tests/thirdparty` hands it to Go.

use std::{error::Error, fmt::Write as _, fs, path::PathBuf, sync::Arc};

use adapters::{
    clock::SystemClock,
    log::{LogOptions, SegmentLog},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use exchange::{
    ports::record_log::{Entry, RecordLog},
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
};

/// Entries at the first checkpoint and at the second: two full tiles and a part.
const OLD: u64 = 300;
const NEW: u64 = 700;

/// Entries whose proofs are written.
const PROVED: [u64; 6] = [0, 1, 255, 256, 511, 699];

fn entry(number: u64) -> Entry {
    let leaf = Leaf {
        version: LEAF_VERSION,
        kind: Kind::Outcome,
        at: 0,
        node: String::new(),
        sequence: 0,
        request: format!("request-{number}"),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some("identity.yes-no@1".into()),
        purpose: None,
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
        amount: 0,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    };
    Entry { leaf, side: vec![1; 40], closes: true }
}

async fn fill(log: &SegmentLog, from: u64, to: u64) -> Result<(), Box<dyn Error>> {
    for number in from..to {
        log.submit(entry(number))?.await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(std::env::args().nth(1).ok_or("usage: log_evidence FOLDER")?);
    let options = LogOptions::new(dir.join("log"), "ijazat.example/node-1", "node-1", [7; 32], Arc::new(SystemClock));
    let log = SegmentLog::open(LogOptions { segment_bytes: 1 << 20, ..options })?;
    fs::write(dir.join("vkey"), log.verifier_key())?;
    fill(&log, 0, OLD).await?;
    fs::write(dir.join("old-checkpoint"), log.checkpoint()?)?;
    fill(&log, OLD, NEW).await?;
    fs::write(dir.join("checkpoint"), log.checkpoint()?)?;
    let old: u64 = fs::read_to_string(dir.join("old-checkpoint"))?.lines().nth(1).ok_or("no size")?.parse()?;
    let mut consistency = String::new();
    for hash in log.consistency(old, NEW)? {
        writeln!(consistency, "{}", STANDARD.encode(hash))?;
    }
    fs::write(dir.join("consistency"), consistency)?;
    for sequence in PROVED {
        let stored = log.read(sequence, 1)?.pop().ok_or("the entry is not there")?;
        fs::write(dir.join(format!("{sequence}.leaf")), stored.leaf)?;
        fs::write(dir.join(format!("{sequence}.tlog-proof")), log.prove(sequence)?.tlog_proof)?;
    }
    while !log.write_tiles()? {}
    log.close();
    Ok(())
}

//! Proofs, read back by the parts that any verifier uses.

use std::sync::Arc;

use adapters::log::{
    SegmentLog, limits,
    memory::{Dice, MemoryDisk},
};
use exchange::{
    log::{
        checkpoint::Checkpoint,
        merkle::leaf_hash,
        note::NoteVerifier,
        paths::{verify_consistency, verify_inclusion},
        proof::TlogProof,
    },
    ports::record_log::{Entry, RecordLog},
    record::leaf::Leaf,
};
use proptest::prelude::*;

use crate::support::{append, entry, fill, leaf, open, options, wait};

#[test]
fn any_entry_is_proved_under_the_present_checkpoint_also_after_a_restart() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    let positions = fill(&log, 0, 1_300);
    drop(log);
    let log = open(&disk).unwrap();
    fill(&log, 1_300, 1_310);
    let key = NoteVerifier::parse(&log.verifier_key()).unwrap();
    let mut dice = Dice(3);
    for round in 0..60 {
        let sequence = if round == 0 { 1_309 } else { dice.roll() % 1_310 };
        let proof = log.prove(sequence).unwrap();
        let stored = log.read(sequence, 1).unwrap().remove(0);
        let head = Checkpoint::open(&proof.checkpoint, &key).unwrap().head;
        assert_eq!(head.size, 1_310, "the first proof asked for the newest entry");
        let hash = leaf_hash(&stored.leaf);
        assert_eq!(verify_inclusion(hash, sequence, head.size, &proof.path, &head.root), Ok(()), "{sequence}");
        if let Some(position) = positions.get(usize::try_from(sequence).unwrap()) {
            assert_eq!((position.sequence, position.leaf_hash), (sequence, hash));
        }
        let text = TlogProof::parse(&proof.tlog_proof).unwrap();
        assert!(text.verify(&stored.leaf, &key).is_ok(), "{sequence}");
        assert!(text.verify(&stored.leaf[1..], &key).is_err(), "{sequence}");
    }
    assert!(log.prove(1_310).is_err());
}

#[test]
fn an_entry_older_than_what_memory_holds_is_proved_from_disk() {
    let disk = MemoryDisk::new(1 << 30);
    let mut options = options("memory".into());
    options.segment_bytes = 1 << 20;
    let log = SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap();
    let held = 256 * limits::RECENT_TILES as u64;
    for from in (0..held + 300).step_by(5_000) {
        let submit = |number| log.submit(Entry { side: Vec::new(), ..entry(number) }).unwrap();
        let queued: Vec<_> = (from..from + 5_000).map(submit).collect();
        for durable in queued {
            wait(durable).unwrap();
        }
    }
    let key = NoteVerifier::parse(&log.verifier_key()).unwrap();
    for sequence in [0, 255, 256, held, log.durable_size() - 1] {
        let proof = TlogProof::parse(&log.prove(sequence).unwrap().tlog_proof).unwrap();
        let stored = log.read(sequence, 1).unwrap().remove(0);
        assert!(proof.verify(&stored.leaf, &key).is_ok(), "{sequence}");
    }
    // Read again and found changed, it is not proved.
    disk.tamper("segment-0000000000.log", |bytes| bytes[1_000] ^= 1);
    assert!(log.prove(0).is_err());
    assert!(log.prove(held).is_ok());
}

#[test]
fn each_checkpoint_is_a_prefix_of_every_later_one() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    let key = NoteVerifier::parse(&log.verifier_key()).unwrap();
    let mut heads = Vec::new();
    for (from, to) in [(0, 0), (0, 1), (1, 5), (5, 255), (255, 256), (256, 257), (257, 600)] {
        fill(&log, from, to);
        heads.push(Checkpoint::open(&log.checkpoint().unwrap(), &key).unwrap().head);
    }
    for (at, new) in heads.iter().enumerate() {
        for old in &heads[..=at] {
            let path = log.consistency(old.size, new.size).unwrap();
            assert_eq!(verify_consistency(*old, *new, &path), Ok(()), "{} to {}", old.size, new.size);
        }
    }
    assert!(log.consistency(3, 601).is_err());
}

#[test]
fn entries_keep_their_order_and_read_back_as_they_were_given() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 400);
    for (from, count, first, number) in [(0, 10, 0, 10), (250, 20, 250, 20), (395, 100, 395, 5), (400, 1, 0, 0)] {
        let read = log.read(from, count).unwrap();
        assert_eq!(read.len(), number, "{from} {count}");
        for (sequence, stored) in (first..).zip(&read) {
            let expected = Leaf { sequence, node: "node-1".into(), ..leaf(sequence) };
            assert_eq!(Leaf::from_bytes(&stored.leaf), Ok(expected));
            assert_eq!((stored.sequence, &stored.side), (sequence, &entry(sequence).side));
        }
    }
}

#[test]
fn dropping_a_future_does_not_take_its_entry_back() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    drop(log.submit(entry(0)).unwrap());
    assert_eq!(append(&log, entry(1)).unwrap().sequence, 1);
    log.close();
    assert!(log.submit(entry(2)).is_err());
    assert_eq!(open(&disk).unwrap().durable_size(), 2);
}

proptest! {
    #[test]
    fn a_leaf_round_trips_and_a_changed_bit_never_passes_for_it(
        number in 0_u64..1 << 40, request in "\\PC{0,80}", code in proptest::option::of("[\\x00-\\x7f]{0,40}"),
        amount in any::<i64>(), rows in any::<u32>(), bit in any::<prop::sample::Index>()
    ) {
        let given = Leaf { request, code, amount, rows, sequence: number, ..leaf(number % 9_000) };
        let bytes = given.to_bytes();
        prop_assert_eq!(Leaf::from_bytes(&bytes), Ok(given.clone()));
        let mut changed = bytes.clone();
        let at = bit.index(bytes.len() * 8);
        changed[at / 8] ^= 1 << (at % 8);
        prop_assert_ne!(Leaf::from_bytes(&changed), Ok(given));
        prop_assert_ne!(leaf_hash(&changed), leaf_hash(&bytes));
        prop_assert!(Leaf::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }
}

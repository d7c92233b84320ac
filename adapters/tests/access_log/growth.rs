//! Every proof of every index while the log grows, against the definitions of RFC 6962.

use adapters::log::memory::MemoryDisk;
use exchange::{
    log::{
        checkpoint::Checkpoint,
        merkle::Hash,
        note::NoteVerifier,
        paths::{Head, verify_consistency, verify_inclusion},
        proof::TlogProof,
    },
    ports::record_log::RecordLog,
};

use crate::{
    naive,
    support::{append, entry, fill, open},
};

/// A log, and the hash of each leaf in it.
struct Growing {
    log: adapters::log::SegmentLog,
    key: NoteVerifier,
    hashes: Vec<Hash>,
}

impl Growing {
    fn new() -> Self {
        let log = open(&MemoryDisk::new(1 << 30)).unwrap();
        let key = NoteVerifier::parse(&log.verifier_key()).unwrap();
        Self { log, key, hashes: Vec::new() }
    }

    fn grow_to(&mut self, size: usize) {
        let from = self.hashes.len() as u64;
        let positions = fill(&self.log, from, size as u64);
        self.hashes.extend(positions.iter().map(|position| position.leaf_hash));
    }

    fn head(&self, note: &str) -> Head {
        Checkpoint::open(note, &self.key).unwrap().head
    }

    /// Proves one entry and compares each part of the proof.
    fn check(&self, index: usize) {
        let (size, sequence) = (self.hashes.len(), index as u64);
        let proof = self.log.prove(sequence).unwrap();
        let head = self.head(&proof.checkpoint);
        assert_eq!(head, Head { size: size as u64, root: naive::root(&self.hashes) }, "{index} of {size}");
        assert_eq!(proof.path, naive::path(index, &self.hashes), "{index} of {size}");
        assert_eq!(proof.sequence, sequence);
        let verify = |at, leaf: usize| verify_inclusion(self.hashes[leaf], at, head.size, &proof.path, &head.root);
        assert_eq!(verify(sequence, index), Ok(()), "{index} of {size}");
        if size > 1 {
            let other = (index + 1) % size;
            assert!(verify(sequence, other).is_err(), "{index} of {size}: another leaf");
            assert!(verify(other as u64, index).is_err(), "{index} of {size}: another place");
        }
        let text = TlogProof::parse(&proof.tlog_proof).unwrap();
        assert_eq!((text.index, &text.path, &text.checkpoint), (sequence, &proof.path, &proof.checkpoint));
    }
}

#[test]
fn every_entry_is_proved_at_every_size_of_a_small_log() {
    let mut growing = Growing::new();
    for size in 1..=34 {
        growing.grow_to(size);
        // The newest first: it needs a new head, under which all others are then proved.
        (0..size).rev().for_each(|index| growing.check(index));
    }
}

#[test]
fn entries_around_the_borders_of_tiles_are_proved_at_sizes_around_them() {
    let mut growing = Growing::new();
    for size in [255, 256, 257, 511, 512, 513, 768, 1_023, 1_024, 1_025] {
        growing.grow_to(size);
        growing.log.checkpoint().unwrap();
        let indexes = [0, 1, 127, 128, 254, 255, 256, 257, 510, 511, 512, 513, 767, 768, 1_022, 1_023, 1_024];
        indexes.into_iter().filter(|index| *index < size).for_each(|index| growing.check(index));
        growing.check(size - 1);
    }
}

#[test]
fn consistency_between_any_two_sizes_is_that_of_the_definition() {
    let mut growing = Growing::new();
    growing.grow_to(300);
    let sizes: Vec<usize> = (0..36).chain([63, 64, 65, 127, 128, 200, 255, 256, 257, 258, 299, 300]).collect();
    for new in &sizes {
        let head = |size: usize| Head { size: size as u64, root: naive::root(&growing.hashes[..size]) };
        for old in sizes.iter().filter(|old| *old <= new) {
            let path = growing.log.consistency(*old as u64, *new as u64).unwrap();
            assert_eq!(path, naive::consistency(*old, &growing.hashes[..*new]), "{old} to {new}");
            assert_eq!(verify_consistency(head(*old), head(*new), &path), Ok(()), "{old} to {new}");
        }
    }
    for (old, new) in [(2, 1), (300, 299), (0, 301), (300, 301), (1, u64::MAX)] {
        assert!(growing.log.consistency(old, new).is_err(), "{old} to {new}");
    }
}

#[test]
fn a_proof_needs_a_new_head_only_for_an_entry_that_the_last_one_does_not_cover() {
    let mut growing = Growing::new();
    growing.grow_to(10);
    let size_of = |growing: &Growing, sequence| growing.head(&growing.log.prove(sequence).unwrap().checkpoint).size;
    assert_eq!(size_of(&growing, 9), 10);
    growing.grow_to(15);
    assert_eq!(size_of(&growing, 9), 10, "the last head covers it");
    assert_eq!(growing.log.signed().0, 10);
    assert_eq!(size_of(&growing, 10), 15);
    assert_eq!(size_of(&growing, 0), 15);
    let note = growing.log.checkpoint().unwrap();
    assert_eq!(growing.log.checkpoint().unwrap(), note, "nothing new, nothing signed");
    append(&growing.log, entry(15)).unwrap();
    assert_ne!(growing.log.checkpoint().unwrap(), note);
}

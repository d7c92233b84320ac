//! Reading durable entries back, and the hashes that proofs are made of.

use std::{collections::BTreeMap, thread};

use exchange::log::paths;

use super::*;
use crate::log::{
    journal::{Journal, flip},
    limits, segment,
};

/// 700 entries in batches of one to seven over many small segments: tiles begin within them anywhere.
fn journal() -> Journal {
    let mut journal = Journal::new(4_096);
    let mut number = 0_usize;
    while number < 700 {
        let count = (number % 7 + 1).min(700 - number);
        let sizes: Vec<(usize, usize)> = (number..number + count).map(|n| (20 + n % 50, n * 13 % 90)).collect();
        let bytes: usize = sizes.iter().map(|(leaf, side)| 28 + leaf + side).sum();
        if journal.end.offset + bytes as u64 > 4_096 {
            journal.roll();
        }
        journal.batch(&sizes);
        number += count;
    }
    journal
}

/// The same root by the definition of RFC 6962, section 2.1.
fn by_definition(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => exchange::log::merkle::empty_root(),
        [leaf] => leaf_hash(leaf),
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            exchange::log::merkle::node_hash(&by_definition(left), &by_definition(right))
        }
    }
}

#[test]
fn every_range_reads_its_own_entries_in_order() {
    let journal = journal();
    let store = journal.store();
    let borders = [0, 1, 2, 100, 254, 255, 256, 257, 258, 400, 511, 512, 513, 698, 699, 700];
    for from in borders {
        for to in borders.into_iter().filter(|to| *to >= from) {
            let mut read = Vec::new();
            store.each(from, to, |frame| read.push((frame.sequence, frame.leaf.to_vec()))).unwrap();
            let expected: Vec<(u64, Vec<u8>)> =
                (from..to).map(|n| (n, journal.leaves[usize::try_from(n).unwrap()].clone())).collect();
            assert_eq!(read, expected, "{from}..{to}");
        }
    }
}

#[test]
fn what_is_not_durable_is_not_read() {
    let store = journal().store();
    let check = |from, to, fine: bool| {
        let mut visited = 0;
        let read = store.each(from, to, |_| visited += 1);
        assert_eq!((read.is_ok(), visited), (fine, 0), "{from}..{to}");
    };
    check(700, 700, true);
    check(9_000, 9_000, true);
    check(699, 701, false);
    check(700, 701, false);
    check(5, 4, false);
    check(0, u64::MAX, false);
}

#[test]
fn a_damaged_entry_is_named_and_what_lies_before_it_is_still_read() {
    let journal = journal();
    let store = journal.store();
    for damaged in [0_usize, 3, 255, 256, 300, 699] {
        let place = journal.places[damaged];
        flip(&journal.disk, place, 35, 5);
        let tile = damaged - damaged % 256;
        let mut read = 0;
        let error = store.each(tile as u64, 700.min(tile as u64 + 256), |_| read += 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{damaged}");
        assert!(error.to_string().starts_with(&format!("entry {damaged} ")), "{error}");
        assert_eq!(read, damaged - tile, "{damaged}");
        // The entries of other tiles do not pass through it.
        let elsewhere = if tile == 0 { 256..700 } else { 0..tile as u64 };
        assert!(store.each(elsewhere.start, elsewhere.end, |_| ()).is_ok(), "{damaged}");
        flip(&journal.disk, place, 35, 5);
    }
    assert!(store.each(0, 700, |_| ()).is_ok());
}

#[test]
fn an_entry_that_vanished_or_moved_is_named() {
    let journal = journal();
    let store = journal.store();
    let check = |what: &str, from: u64, expected: &str, damage: &dyn Fn(&mut Vec<u8>), number: u64| {
        let kept = journal.disk.read_file(&segment::name(number)).unwrap().unwrap();
        journal.disk.tamper(&segment::name(number), damage);
        let error = store.each(from, 700, |_| ()).unwrap_err().to_string();
        assert_eq!(error, expected, "{what}");
        journal.disk.tamper(&segment::name(number), |bytes| *bytes = kept.clone());
    };
    let (place, length) = journal.frame(300);
    let at = usize::try_from(place.offset).unwrap();
    check("zeroed", 256, "entry 300 has another's sequence", &|bytes| bytes[at..].fill(0), place.segment);
    check(
        "removed",
        256,
        "entry 300 has another's sequence",
        &|bytes| drop(bytes.drain(at..at + length)),
        place.segment,
    );
    let last = journal.end.segment;
    let (place, _) = journal.frame(699);
    let at = usize::try_from(place.offset).unwrap();
    assert_eq!(place.segment, last);
    journal.disk.tamper(&segment::name(last), |bytes| bytes[at..].fill(0));
    let error = store.each(512, 700, |_| ()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound, "there is no segment behind the last one: {error}");
    journal.prepare(last + 1);
    assert_eq!(store.each(512, 700, |_| ()).unwrap_err().to_string(), "entry 699 is not there");
}

#[test]
fn subtrees_of_every_level_are_those_of_the_definition() {
    let journal = journal();
    let store = journal.store();
    let hashes = store.hashes();
    for level in 0..=9_u32 {
        let width = 1_usize << level;
        for index in 0..700_usize.div_ceil(width) {
            let expected = journal.leaves.get(index * width..(index + 1) * width).map(by_definition);
            assert_eq!(hashes.subtree(level, index as u64), expected, "level {level}, index {index}");
        }
    }
    assert_eq!(hashes.subtree(10, 0), None);
    assert_eq!(hashes.subtree(63, 0), None);
    assert_eq!(hashes.subtree(64, 0), None);
}

/// A store that forgot the leaf hashes of its oldest tiles, as a long log does.
fn long() -> (Journal, Store) {
    let mut journal = Journal::new(4 << 20);
    let tiles = limits::RECENT_TILES + 2;
    for _ in 0..tiles {
        journal.batch(&[(24, 0); 256]);
    }
    let store = journal.store();
    (journal, store)
}

#[test]
fn subtrees_of_a_tile_that_memory_let_go_are_hashed_again_from_disk_once() {
    let (journal, store) = long();
    assert_eq!(store.tree().tile(0), None);
    assert!(store.tree().tile(2).is_some());
    let hashes = store.hashes();
    let path = paths::inclusion(&hashes, 77, store.durable()).unwrap();
    let tree = journal.tree(journal.leaves.len());
    let leaf = leaf_hash(&journal.leaves[77]);
    assert_eq!(paths::verify_inclusion(leaf, 77, tree.size(), &path, &tree.root()), Ok(()));
    // The tile is held by this reader now: damage since then is not looked at again, by a new reader it is.
    flip(&journal.disk, journal.places[200], 30, 1);
    assert!(hashes.subtree(0, 76).is_some());
    assert_eq!(store.hashes().subtree(0, 76), None);
    assert!(store.hashes().subtree(8, 0).is_some(), "its root stands in memory");
    let fresh = store.hashes();
    assert_eq!(paths::inclusion(&fresh, 77, store.durable()), None);
    assert!(fresh.error().starts_with("entry 200 "), "the reason names the entry");
}

#[test]
fn entries_join_all_at_once_for_whoever_reads_meanwhile() {
    let journal = journal();
    let store = Store::new(Arc::new(journal.disk.clone()), Tree::default());
    let mut by_size = BTreeMap::new();
    for size in 0..=7 {
        by_size.insert(size * 100_u64, journal.tree(usize::try_from(size).unwrap() * 100).root());
    }
    let written: Vec<Written> = journal
        .leaves
        .iter()
        .zip(&journal.places)
        .map(|(leaf, place)| Written { leaf_hash: leaf_hash(leaf), place: *place, at: 0 })
        .collect();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = 0;
            while last < 700 {
                let durable = store.durable();
                let head = store.tree().head();
                assert!(head.size >= durable && durable >= last, "{durable} after {last}, tree of {}", head.size);
                assert_eq!(by_size.get(&head.size), Some(&head.root), "a part of a batch was seen");
                store.each(last, durable, |_| ()).unwrap();
                last = durable;
            }
        });
        for batch in written.chunks(100) {
            store.append(batch);
            thread::yield_now();
        }
        reader.join().unwrap();
    });
}

//! The tree hashes, audit paths and consistency proofs agree with RFC 6962's definitions at every size up to seventy.

use std::cell::Cell;

use aws_lc_rs::digest::{SHA256, digest};
use exchange::log::{
    merkle::{Frontier, Hash, empty_root, leaf_hash, node_hash, range_root},
    paths::{Head, PathError, consistency, inclusion, verify_consistency, verify_inclusion},
};

const SIZES: usize = 70;

fn sha256(parts: &[&[u8]]) -> Hash {
    digest(&SHA256, &parts.concat()).as_ref().try_into().unwrap()
}

/// Entries of the test tree, each another length.
pub fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| vec![u8::try_from(n % 251).unwrap(); n % 37]).enumerate().map(tagged).collect()
}

fn tagged((number, mut entry): (usize, Vec<u8>)) -> Vec<u8> {
    entry.extend_from_slice(&number.to_be_bytes());
    entry
}

/// The largest power of two that is smaller than `n`, by trying.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// MTH(D) as RFC 6962 §2.1 writes it.
pub fn mth(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => sha256(&[]),
        [one] => sha256(&[&[0], one]),
        more => {
            let (left, right) = more.split_at(split(more.len()));
            sha256(&[&[1], &mth(left), &mth(right)])
        }
    }
}

/// PATH(m, D) as RFC 6962 §2.1.1 writes it.
fn path(m: usize, entries: &[Vec<u8>]) -> Vec<Hash> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let k = split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut inner, other) = if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    inner.push(other);
    inner
}

/// SUBPROOF(m, D, b) as RFC 6962 §2.1.2 writes it.
fn subproof(m: usize, entries: &[Vec<u8>], known: bool) -> Vec<Hash> {
    if m == entries.len() {
        return if known { Vec::new() } else { vec![mth(entries)] };
    }
    let k = split(entries.len());
    let (left, right) = entries.split_at(k);
    let (mut inner, other) =
        if m <= k { (subproof(m, left, known), mth(right)) } else { (subproof(m - k, right, false), mth(left)) };
    inner.push(other);
    inner
}

/// A log that holds these entries and gives the roots of its complete subtrees.
pub fn log_of(entries: &[Vec<u8>]) -> impl Fn(u32, u64) -> Option<Hash> + '_ {
    move |level, index| {
        let from = usize::try_from(index).ok()?.checked_shl(level)?;
        entries.get(from..from + (1 << level)).map(mth)
    }
}

pub fn head(entries: &[Vec<u8>]) -> Head {
    Head { size: entries.len() as u64, root: mth(entries) }
}

#[test]
fn leaves_and_nodes_are_hashed_under_their_own_prefix() {
    let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
    assert_eq!(left, sha256(&[&[0], b"left"]));
    assert_eq!(node_hash(&left, &right), sha256(&[&[1], &left, &right]));
    assert_ne!(node_hash(&left, &right), node_hash(&right, &left), "a node has a left and a right");
    // A second preimage: an entry whose bytes are a node's two children.
    assert_ne!(leaf_hash(&[left, right].concat()), node_hash(&left, &right));
    assert_ne!(leaf_hash(&[&[1], &left[..], &right].concat()), node_hash(&left, &right));
    assert_ne!(leaf_hash(b""), empty_root(), "one empty entry is not no entry");
}

#[test]
fn every_size_has_the_root_of_the_definition() {
    let all = entries(SIZES);
    let mut tree = Frontier::default();
    for size in 0..=SIZES {
        let expected = mth(&all[..size]);
        assert_eq!((tree.size(), tree.root()), (size as u64, expected), "frontier of {size}");
        assert_eq!(range_root(&log_of(&all), 0, size as u64), Some(expected), "range of {size}");
        if let Some(entry) = all.get(size) {
            tree.push(leaf_hash(entry));
        }
    }
}

#[test]
fn every_entry_of_every_size_has_the_path_of_the_definition() {
    let all = entries(SIZES);
    for size in 1..=SIZES {
        let tree = &all[..size];
        let root = mth(tree);
        for index in 0..size {
            let expected = path(index, tree);
            let got = inclusion(&log_of(tree), index as u64, size as u64);
            assert_eq!(got.as_ref(), Some(&expected), "{index} of {size}");
            let verdict = verify_inclusion(leaf_hash(&tree[index]), index as u64, size as u64, &expected, &root);
            assert_eq!(verdict, Ok(()), "{index} of {size}");
        }
    }
}

#[test]
fn every_pair_of_sizes_has_the_proof_of_the_definition() {
    let all = entries(SIZES);
    for new in 1..=SIZES {
        for old in 1..=new {
            let expected = subproof(old, &all[..new], true);
            let got = consistency(&log_of(&all[..new]), old as u64, new as u64);
            assert_eq!(got.as_ref(), Some(&expected), "{old} to {new}");
            assert_eq!(verify_consistency(head(&all[..old]), head(&all[..new]), &expected), Ok(()), "{old} to {new}");
        }
    }
}

/// The eight entries of the Certificate Transparency reference tests.
fn reference_entries() -> Vec<Vec<u8>> {
    let hex = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    hex.iter().map(|entry| hex::decode(entry).unwrap()).collect()
}

const H0: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
const H1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const H01: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
const H23: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const H4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const H45: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const H67: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const H0123: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
const H4567: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";

#[test]
fn the_paths_of_the_reference_implementation_come_out() {
    let all = reference_entries();
    let check = |index, size: usize, expected: &[&str]| {
        let got = inclusion(&log_of(&all[..size]), index, size as u64).unwrap();
        assert_eq!(got.iter().map(hex::encode).collect::<Vec<_>>(), expected, "{index} of {size}");
    };
    check(0, 1, &[]);
    check(0, 8, &[H1, H23, H4567]);
    check(2, 3, &[H01]);
    check(1, 5, &[H0, H23, H4]);
    check(4, 5, &[H0123]);
    let got = inclusion(&log_of(&all), 5, 8).unwrap();
    assert_eq!(got.iter().map(hex::encode).collect::<Vec<_>>(), [H4, H67, H0123]);
}

#[test]
fn the_consistency_proofs_of_the_reference_implementation_come_out() {
    let all = reference_entries();
    let check = |old, new: usize, expected: &[&str]| {
        let got = consistency(&log_of(&all[..new]), old, new as u64).unwrap();
        assert_eq!(got.iter().map(hex::encode).collect::<Vec<_>>(), expected, "{old} to {new}");
    };
    check(1, 1, &[]);
    check(1, 8, &[H1, H23, H4567]);
    check(6, 8, &[H45, H67, H0123]);
    check(2, 5, &[H23, H4]);
    check(4, 8, &[H4567]);
    check(0, 8, &[]);
}

#[test]
fn a_source_is_asked_for_complete_subtrees_of_the_tree_only() {
    let all = entries(SIZES);
    for size in 1..=SIZES as u64 {
        let asked = |level: u32, index: u64| {
            let end = (index + 1) << level;
            assert!(end <= size, "level {level} place {index} is not whole in {size}");
            log_of(&all)(level, index)
        };
        for index in 0..size {
            assert!(inclusion(&asked, index, size).is_some());
            assert!(consistency(&asked, index, size).is_some());
        }
    }
}

/// Roots of subtrees, some of which cannot be read.
type Source<'a> = dyn Fn(u32, u64) -> Option<Hash> + 'a;

#[test]
fn one_unreadable_hash_gives_no_proof_and_no_root() {
    let all = entries(45);
    // Lets all but the n-th question through.
    let failing = |n: u32, calls: &Cell<u32>, level, index| {
        calls.set(calls.get() + 1);
        if calls.get() == n { None } else { log_of(&all)(level, index) }
    };
    let count = |work: &dyn Fn(&Source<'_>) -> bool| {
        let calls = Cell::new(0);
        assert!(work(&|level, index| failing(u32::MAX, &calls, level, index)), "nothing fails");
        let needed = calls.get();
        assert!(needed > 0);
        for n in 1..=needed {
            let calls = Cell::new(0);
            assert!(!work(&|level, index| failing(n, &calls, level, index)), "question {n} of {needed} fails");
        }
    };
    count(&|source| range_root(&source, 0, 45).is_some());
    for index in [0, 31, 32, 44] {
        count(&|source| inclusion(&source, index, 45).is_some());
    }
    for old in [1, 31, 32, 33, 44] {
        count(&|source| consistency(&source, old, 45).is_some());
    }
}

#[test]
fn places_outside_the_tree_have_no_proof() {
    let all = entries(9);
    let nothing_asked = |_: u32, _: u64| -> Option<Hash> { panic!("a place outside needs no hash") };
    assert_eq!(inclusion(&nothing_asked, 9, 9), None);
    assert_eq!(inclusion(&nothing_asked, 0, 0), None);
    assert_eq!(inclusion(&nothing_asked, u64::MAX, 9), None);
    assert_eq!(consistency(&nothing_asked, 10, 9), None);
    assert_eq!(consistency(&nothing_asked, 9, 9), Some(Vec::new()), "a tree is a prefix of itself");
    assert_eq!(range_root(&nothing_asked, 5, 4), None);
    assert_eq!(range_root(&nothing_asked, 4, 4), Some(empty_root()));
    let leaf = leaf_hash(&all[0]);
    for (index, size) in [(0, 0), (9, 9), (u64::MAX, u64::MAX), (u64::MAX, 1)] {
        assert_eq!(verify_inclusion(leaf, index, size, &[], &leaf), Err(PathError::Outside), "{index} of {size}");
    }
}

#[test]
fn the_largest_tree_that_can_be_named_is_walked_without_overflow() {
    let root = [1; 32];
    let path = vec![[2; 32]; 64];
    for index in [0, 1, u64::MAX / 2, u64::MAX - 2] {
        assert_eq!(verify_inclusion([0; 32], index, u64::MAX, &path, &root), Err(PathError::Root), "{index}");
        assert_eq!(verify_inclusion([0; 32], index, u64::MAX, &path[1..], &root), Err(PathError::Length), "{index}");
    }
    let (old, new) = (Head { size: 3, root }, Head { size: u64::MAX, root });
    assert_eq!(verify_consistency(old, new, &[[2; 32]; 65]), Err(PathError::Root));
    assert_eq!(verify_consistency(old, new, &[[2; 32]; 64]), Err(PathError::Length));
    assert_eq!(verify_consistency(new, old, &[]), Err(PathError::Outside));
}

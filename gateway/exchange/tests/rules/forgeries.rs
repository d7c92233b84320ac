//! A proof with anything changed proves nothing: every hash, every place, every head of small trees.

use exchange::log::{
    merkle::{Hash, empty_root, leaf_hash},
    paths::{Head, PathError, consistency, inclusion, verify_consistency, verify_inclusion},
};
use proptest::prelude::*;

use crate::tree::{entries, head, log_of};

const SIZES: usize = 34;

/// The hash with one bit changed: one of the first, one of the last, one between.
fn flipped(hash: Hash) -> [Hash; 3] {
    [(0, 0x80), (31, 0x01), (13, 0x10)].map(|(byte, bit)| {
        let mut other = hash;
        other[byte] ^= bit;
        other
    })
}

/// The path with one hash changed, lost, added, doubled, or two exchanged.
fn broken(path: &[Hash]) -> Vec<(String, Vec<Hash>)> {
    let mut all = Vec::new();
    for (at, hash) in path.iter().enumerate() {
        for changed in flipped(*hash) {
            let mut other = path.to_vec();
            other[at] = changed;
            all.push((format!("hash {at} changed"), other));
        }
        let mut lost = path.to_vec();
        lost.remove(at);
        all.push((format!("hash {at} lost"), lost));
        let mut doubled = path.to_vec();
        doubled.insert(at, *hash);
        all.push((format!("hash {at} doubled"), doubled));
        if at > 0 {
            let mut swapped = path.to_vec();
            swapped.swap(at - 1, at);
            all.push((format!("hashes before {at} exchanged"), swapped));
        }
    }
    let more = [path, &[[9; 32]]].concat();
    all.push(("a hash added".into(), more));
    all
}

#[test]
fn no_changed_audit_path_holds() {
    let all = entries(SIZES);
    for size in 1..=SIZES {
        let tree = head(&all[..size]);
        for index in 0..tree.size {
            let leaf = leaf_hash(&all[usize::try_from(index).unwrap()]);
            let path = inclusion(&log_of(&all[..size]), index, tree.size).unwrap();
            let check = |path: &[Hash], what: &str| {
                let verdict = verify_inclusion(leaf, index, tree.size, path, &tree.root);
                let expected =
                    if path.len() == path_len(index, tree.size) { PathError::Root } else { PathError::Length };
                assert_eq!(verdict, Err(expected), "{index} of {size}: {what}");
            };
            for (what, path) in broken(&path) {
                check(&path, &what);
            }
        }
    }
}

/// Hashes of the audit path: one a level, but for the levels at which the right edge is alone.
fn path_len(index: u64, size: u64) -> usize {
    let (mut place, mut last, mut count) = (index, size - 1, 0);
    while last > 0 {
        if place != last || place % 2 == 1 {
            count += 1;
        }
        (place, last) = (place / 2, last / 2);
    }
    count
}

#[test]
fn an_entry_is_proved_in_its_own_place_and_under_its_own_root_only() {
    let all = entries(SIZES);
    for size in 1..=SIZES {
        let tree = head(&all[..size]);
        for index in 0..tree.size {
            let leaf = leaf_hash(&all[usize::try_from(index).unwrap()]);
            let path = inclusion(&log_of(&all[..size]), index, tree.size).unwrap();
            for other in (0..tree.size).filter(|other| *other != index) {
                let verdict = verify_inclusion(leaf, other, tree.size, &path, &tree.root);
                assert!(verdict.is_err(), "{index} passes for {other} of {size}");
            }
            for root in flipped(tree.root) {
                assert_eq!(verify_inclusion(leaf, index, tree.size, &path, &root), Err(PathError::Root));
            }
            for other in flipped(leaf) {
                assert_eq!(verify_inclusion(other, index, tree.size, &path, &tree.root), Err(PathError::Root));
            }
        }
    }
}

#[test]
fn no_changed_consistency_proof_holds() {
    let all = entries(SIZES);
    for new in 2..=SIZES {
        let newer = head(&all[..new]);
        for old in 1..new {
            let older = head(&all[..old]);
            let path = consistency(&log_of(&all[..new]), older.size, newer.size).unwrap();
            for (what, path) in broken(&path) {
                let verdict = verify_consistency(older, newer, &path);
                assert!(verdict.is_err(), "{old} to {new}: {what}");
            }
            for root in flipped(older.root) {
                let forged = Head { root, ..older };
                assert_eq!(verify_consistency(forged, newer, &path), Err(PathError::Root), "{old} to {new}: old root");
            }
            for root in flipped(newer.root) {
                let forged = Head { root, ..newer };
                assert_eq!(verify_consistency(older, forged, &path), Err(PathError::Root), "{old} to {new}: new root");
            }
        }
    }
}

#[test]
fn a_head_is_consistent_under_its_own_size_only() {
    let all = entries(SIZES);
    let newer = head(&all);
    for old in 1..SIZES {
        let older = head(&all[..old]);
        let path = consistency(&log_of(&all), older.size, newer.size).unwrap();
        for claimed in (0..newer.size).filter(|size| *size != older.size) {
            let forged = Head { size: claimed, ..older };
            assert!(verify_consistency(forged, newer, &path).is_err(), "{old} passes for {claimed}");
        }
    }
}

#[test]
fn a_head_of_the_same_size_with_another_root_is_a_split_view() {
    let all = entries(12);
    let ours = head(&all);
    assert_eq!(verify_consistency(ours, ours, &[]), Ok(()));
    assert_eq!(verify_consistency(ours, ours, &[[0; 32]]), Err(PathError::Length));
    for root in flipped(ours.root) {
        let forked = Head { root, ..ours };
        assert_eq!(verify_consistency(ours, forked, &[]), Err(PathError::Root));
        assert_eq!(verify_consistency(forked, ours, &[]), Err(PathError::Root));
    }
}

#[test]
fn the_empty_tree_is_a_prefix_of_all_under_its_one_root() {
    let all = entries(5);
    let empty = Head { size: 0, root: empty_root() };
    for size in 0..=all.len() {
        let tree = head(&all[..size]);
        assert_eq!(verify_consistency(empty, tree, &[]), Ok(()), "{size}");
        assert_eq!(verify_consistency(empty, tree, &[[0; 32]]), Err(PathError::Length), "{size}");
        for root in flipped(empty.root) {
            assert_eq!(verify_consistency(Head { size: 0, root }, tree, &[]), Err(PathError::Root), "{size}");
        }
    }
    assert_eq!(verify_consistency(head(&all), empty, &[]), Err(PathError::Outside), "a log never shrinks");
}

#[test]
fn a_rewritten_history_has_no_proof_from_the_old_head() {
    let all = entries(SIZES);
    let old = 21;
    let older = head(&all[..old]);
    for changed in 0..old {
        let mut rewritten = all.clone();
        rewritten[changed][0] ^= 1;
        let path = consistency(&log_of(&rewritten), old as u64, SIZES as u64).unwrap();
        assert!(verify_consistency(older, head(&rewritten), &path).is_err(), "entry {changed} rewritten");
    }
    // What is appended after the old head is free to differ.
    for appended in old..SIZES {
        let mut other = all.clone();
        other[appended][0] ^= 1;
        let path = consistency(&log_of(&other), old as u64, SIZES as u64).unwrap();
        assert_eq!(verify_consistency(older, head(&other), &path), Ok(()), "entry {appended} differs");
    }
    let mut swapped = all.clone();
    swapped.swap(3, 4);
    let path = consistency(&log_of(&swapped), old as u64, SIZES as u64).unwrap();
    assert!(verify_consistency(older, head(&swapped), &path).is_err(), "two entries exchanged");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proofs_chain_three_heads_as_they_chain_two(a in 1_usize..200, b in 0_usize..200, c in 0_usize..200) {
        let all = entries(a + b + c);
        let heads = [a, a + b, a + b + c].map(|size| head(&all[..size]));
        for (old, new) in [(0, 1), (1, 2), (0, 2)] {
            let (old, new) = (heads[old], heads[new]);
            let path = consistency(&log_of(&all), old.size, new.size).unwrap();
            prop_assert_eq!(verify_consistency(old, new, &path), Ok(()));
        }
    }

    #[test]
    fn random_hashes_prove_nothing(
        index in 0_u64..500, size in 1_u64..500, path in prop::collection::vec(any::<Hash>(), 0..12), root: Hash,
    ) {
        prop_assert!(verify_inclusion([0; 32], index, size, &path, &root).is_err());
        let (old, new) = (Head { size: index, root: [1; 32] }, Head { size: index + size, root });
        prop_assert!(verify_consistency(old, new, &path).is_err());
    }
}

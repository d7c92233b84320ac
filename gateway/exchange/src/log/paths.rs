//! Inclusion and consistency proofs of RFC 6962 §2.1: made from subtree hashes, verified as RFC 9162 §2.1 writes it.

use super::merkle::{Hash, HashSource, empty_root, node_hash, range_root, split};

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The index or the older size lies outside the tree.
    #[error("proof names a place outside the tree")]
    Outside,
    /// Too many or too few hashes for these sizes.
    #[error("proof has the wrong number of hashes")]
    Length,
    /// The hashes do not lead to the root.
    #[error("proof does not lead to the root")]
    Root,
}

/// Audit path of entry `index` in the tree of `size` entries, bottom up; `None` if outside or a hash is missing.
#[must_use]
pub fn inclusion(source: &dyn HashSource, index: u64, size: u64) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let (mut from, mut to) = (0, size);
    let mut top_down = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            top_down.push(range_root(source, middle, to)?);
            to = middle;
        } else {
            top_down.push(range_root(source, from, middle)?);
            from = middle;
        }
    }
    top_down.reverse();
    Some(top_down)
}

/// Proof that the tree of `old` entries is a prefix of that of `new` entries; `None` if `old > new` or a hash is missing.
#[must_use]
pub fn consistency(source: &dyn HashSource, old: u64, new: u64) -> Option<Vec<Hash>> {
    if old > new {
        return None;
    }
    let mut path = Vec::new();
    if old > 0 && old < new {
        subproof(source, old, (0, new), true, &mut path)?;
    }
    Some(path)
}

/// RFC 6962's SUBPROOF over the entries `from..to`; `known` while the verifier holds this range's hash already.
fn subproof(
    source: &dyn HashSource,
    old: u64,
    (from, to): (u64, u64),
    known: bool,
    path: &mut Vec<Hash>,
) -> Option<()> {
    if old == to {
        if !known {
            path.push(range_root(source, from, to)?);
        }
        return Some(());
    }
    let middle = from + split(to - from);
    if old <= middle {
        subproof(source, old, (from, middle), known, path)?;
        path.push(range_root(source, middle, to)?);
    } else {
        subproof(source, old, (middle, to), false, path)?;
        path.push(range_root(source, from, middle)?);
    }
    Some(())
}

/// Checks that an entry with hash `leaf` stands at `index` under `root` (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`PathError`] says what does not hold.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), PathError> {
    if index >= size {
        return Err(PathError::Outside);
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return Err(PathError::Length);
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            skip_missing_levels(&mut place, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    match last {
        0 if hash == *root => Ok(()),
        0 => Err(PathError::Root),
        _ => Err(PathError::Length),
    }
}

/// A right edge without siblings passes unhashed through the levels at which it is alone.
fn skip_missing_levels(place: &mut u64, last: &mut u64) {
    while *place & 1 == 0 && *place != 0 {
        *place >>= 1;
        *last >>= 1;
    }
}

/// One tree's size and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Entries of the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// Checks that the tree `old` is a prefix of the tree `new` (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`PathError`] says what does not hold.
pub fn verify_consistency(old: Head, new: Head, path: &[Hash]) -> Result<(), PathError> {
    if old.size > new.size {
        return Err(PathError::Outside);
    }
    if old.size == new.size || old.size == 0 {
        let expected = if old.size == 0 { empty_root() } else { new.root };
        return match path {
            [] if old.root == expected && (old.size < new.size || old.root == new.root) => Ok(()),
            [] => Err(PathError::Root),
            _ => Err(PathError::Length),
        };
    }
    let mut hashes = path.iter();
    // A whole old tree is a subtree of the new one, so its root need not be sent.
    let first = if old.size.is_power_of_two() { &old.root } else { hashes.next().ok_or(PathError::Length)? };
    let (mut place, mut last) = (old.size - 1, new.size - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return Err(PathError::Length);
        }
        if place & 1 == 1 || place == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            skip_missing_levels(&mut place, &mut last);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    match last {
        0 if old_hash == old.root && new_hash == new.root => Ok(()),
        0 => Err(PathError::Root),
        _ => Err(PathError::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::merkle::tests::{by_definition, leaves, source},
        *,
    };
    use proptest::prelude::*;

    fn head(all: &[Hash], size: usize) -> Head {
        Head { size: size as u64, root: by_definition(&all[..size]) }
    }

    #[test]
    fn every_entry_of_every_small_tree_is_proved() {
        let all = leaves(70);
        for size in 1..=all.len() {
            let Head { size: entries, root } = head(&all, size);
            for index in 0..entries {
                let path = inclusion(&source(&all[..size]), index, entries).unwrap();
                let at = usize::try_from(index).unwrap();
                assert_eq!(verify_inclusion(all[at], index, entries, &path, &root), Ok(()), "{index} of {size}");
                assert!(verify_inclusion(all[(at + 1) % 70], index, entries, &path, &root).is_err());
            }
        }
    }

    #[test]
    fn every_pair_of_small_trees_is_consistent() {
        let all = leaves(70);
        for new in 0..=all.len() {
            for old in 0..=new {
                let path = consistency(&source(&all[..new]), old as u64, new as u64).unwrap();
                assert_eq!(verify_consistency(head(&all, old), head(&all, new), &path), Ok(()), "{old} of {new}");
            }
        }
    }

    #[test]
    fn what_lies_outside_is_refused() {
        let all = leaves(3);
        assert_eq!(inclusion(&source(&all), 3, 3), None);
        assert_eq!(consistency(&source(&all), 4, 3), None);
        assert_eq!(verify_inclusion(all[0], 3, 3, &[], &all[0]), Err(PathError::Outside));
        assert_eq!(verify_consistency(head(&all, 3), head(&all, 2), &[]), Err(PathError::Outside));
        assert_eq!(
            verify_consistency(head(&all, 0), Head { size: 0, root: all[0] }, &[]),
            Err(PathError::Root),
            "two empty trees have one root"
        );
    }

    proptest! {
        #[test]
        fn a_proof_of_inclusion_holds_and_breaks_with_any_bit(
            size in 1_usize..300, pick in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()
        ) {
            let all = leaves(u32::try_from(size).unwrap());
            let index = pick.index(size);
            let tree = head(&all, size);
            let mut path = inclusion(&source(&all), index as u64, tree.size).unwrap();
            prop_assert_eq!(verify_inclusion(all[index], index as u64, tree.size, &path, &tree.root), Ok(()));
            if !path.is_empty() {
                let at = bit.index(path.len() * 256);
                path[at / 256][at % 256 / 8] ^= 1 << (at % 8);
                let broken = verify_inclusion(all[index], index as u64, tree.size, &path, &tree.root);
                prop_assert_eq!(broken, Err(PathError::Root));
                path.pop();
                prop_assert_eq!(
                    verify_inclusion(all[index], index as u64, tree.size, &path, &tree.root),
                    Err(PathError::Length)
                );
            }
        }

        #[test]
        fn a_proof_of_consistency_holds_and_breaks_with_a_rewritten_entry(
            new in 2_usize..300, pick in any::<prop::sample::Index>(), changed in any::<prop::sample::Index>()
        ) {
            let all = leaves(u32::try_from(new).unwrap());
            let old = 1 + pick.index(new - 1);
            let path = consistency(&source(&all), old as u64, new as u64).unwrap();
            prop_assert_eq!(verify_consistency(head(&all, old), head(&all, new), &path), Ok(()));
            let mut rewritten = all.clone();
            rewritten[changed.index(old)][0] ^= 1;
            let forged = consistency(&source(&rewritten), old as u64, new as u64).unwrap();
            prop_assert!(verify_consistency(head(&all, old), head(&rewritten, new), &forged).is_err());
        }
    }
}

//! RFC 6962 by its own words, slow and plain, to compare with.

use exchange::log::merkle::{Hash, empty_root, leaf_hash, node_hash};

/// The largest power of two below `n`.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// MTH of section 2.1, over hashes of leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH of section 2.1.1.
pub fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut found, sibling) =
        if index < k { (path(index, left), root(right)) } else { (path(index - k, right), root(left)) };
    found.push(sibling);
    found
}

/// PROOF of section 2.1.2; from nothing to anything, or to itself, there is nothing to show.
pub fn consistency(old: usize, leaves: &[Hash]) -> Vec<Hash> {
    if old == 0 || old == leaves.len() { Vec::new() } else { subproof(old, leaves, true) }
}

fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut found, sibling) = if old <= k {
        (subproof(old, left, whole), root(right))
    } else {
        (subproof(old - k, right, false), root(left))
    };
    found.push(sibling);
    found
}

/// Hashes of entries.
pub fn hashes<T: AsRef<[u8]>>(entries: &[T]) -> Vec<Hash> {
    entries.iter().map(|entry| leaf_hash(entry.as_ref())).collect()
}

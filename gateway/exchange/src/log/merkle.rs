//! RFC 6962 §2.1 tree hashes: leaves, nodes, the growing tree's right edge, and roots of ranges.

use aws_lc_rs::digest;

/// A SHA-256 hash of the tree.
pub type Hash = [u8; 32];

/// Leaves and nodes carry different prefixes, so that a node can never pass for an entry.
const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Hash of one entry.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    // One copy and one digest call cost less than a digest context's allocation.
    let mut prefixed = Vec::with_capacity(1 + entry.len());
    prefixed.push(LEAF_PREFIX);
    prefixed.extend_from_slice(entry);
    sha256(&prefixed)
}

/// Hash of the node over two subtrees.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE_PREFIX; 65];
    for (to, from) in bytes.iter_mut().skip(1).zip(left.iter().chain(right)) {
        *to = *from;
    }
    sha256(&bytes)
}

/// Root of the tree without entries.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The right edge of a growing tree: the roots of its complete subtrees, enough to append and to name the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Largest subtree first; one for each bit that is set in `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Entries of the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends an entry's [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        let mut carried = leaf;
        let mut rest = self.size;
        while rest & 1 == 1 {
            // INVARIANT: a set bit of `size` has its peak.
            if let Some(left) = self.peaks.pop() {
                carried = node_hash(&left, &carried);
            }
            rest >>= 1;
        }
        self.peaks.push(carried);
        self.size += 1;
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let fold = |right: Hash, left: &Hash| node_hash(left, &right);
        let mut smallest_first = self.peaks.iter().rev();
        match smallest_first.next() {
            Some(last) => smallest_first.fold(*last, fold),
            None => empty_root(),
        }
    }
}

/// Gives the roots of complete subtrees.
///
/// Contract: `subtree(level, index)` is the tree hash of entries `index << level` up to `(index + 1) << level`, `None`
/// where they are not all there or cannot be read; it never changes once it is `Some`.
pub trait HashSource {
    /// Root of the complete subtree of `1 << level` entries at place `index` of its level.
    fn subtree(&self, level: u32, index: u64) -> Option<Hash>;
}

impl<F: Fn(u32, u64) -> Option<Hash>> HashSource for F {
    fn subtree(&self, level: u32, index: u64) -> Option<Hash> {
        self(level, index)
    }
}

/// Largest power of two below `width`, which is at least 2: where RFC 6962 splits a tree.
pub(super) fn split(width: u64) -> u64 {
    1 << (63 - (width.saturating_sub(1)).leading_zeros().min(63))
}

/// Tree hash of the entries `from..to`, where `from` is a place at which RFC 6962 splits; `None` if a hash is missing.
#[must_use]
pub fn range_root(source: &dyn HashSource, from: u64, to: u64) -> Option<Hash> {
    let width = to.checked_sub(from)?;
    if width == 0 {
        return Some(empty_root());
    }
    if width.is_power_of_two() && from.is_multiple_of(width) {
        return source.subtree(width.trailing_zeros(), from / width);
    }
    let middle = from + split(width);
    Some(node_hash(&range_root(source, from, middle)?, &range_root(source, middle, to)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The Merkle tree hash written down as RFC 6962 §2.1 defines it.
    pub fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            more => {
                let middle = (more.len().next_power_of_two() / 2).max(1);
                node_hash(&by_definition(&more[..middle]), &by_definition(&more[middle..]))
            }
        }
    }

    /// A source over leaf hashes held in memory.
    pub fn source(leaves: &[Hash]) -> impl Fn(u32, u64) -> Option<Hash> + '_ {
        move |level, index| {
            let from = usize::try_from(index << level).ok()?;
            let to = from + (1_usize << level);
            leaves.get(from..to).map(by_definition)
        }
    }

    pub fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn the_certificate_transparency_test_tree_has_its_known_roots() {
        // Inputs and roots of the Certificate Transparency reference implementation's tests.
        let entries =
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::default();
        assert_eq!(hex::encode(tree.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (entry, root) in entries.iter().zip(roots) {
            tree.push(leaf_hash(&hex::decode(entry).unwrap()));
            assert_eq!(hex::encode(tree.root()), root, "size {}", tree.size());
        }
    }

    #[test]
    fn the_frontier_and_ranges_agree_with_the_definition_at_every_size() {
        let all = leaves(300);
        let mut tree = Frontier::default();
        for size in 0..=300_u32 {
            let some = &all[..size as usize];
            let expected = by_definition(some);
            assert_eq!(tree.root(), expected, "frontier at {size}");
            assert_eq!(range_root(&source(some), 0, size.into()), Some(expected), "range at {size}");
            if let Some(next) = all.get(size as usize) {
                tree.push(*next);
            }
        }
    }

    #[test]
    fn a_missing_subtree_gives_no_root() {
        let all = leaves(7);
        assert_eq!(range_root(&source(&all), 0, 8), None);
        assert_eq!(range_root(&source(&all), 3, 2), None);
    }
}

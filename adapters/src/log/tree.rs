//! The tree's hashes in memory: the right edge, the unfinished tile, the roots of finished tiles, and where each tile's
//! entries begin on disk. 24 + 64 bytes for 256 entries: 100 million entries take some 35 MB.

use exchange::log::{
    merkle::{Frontier, Hash, node_hash},
    tiles::{TILE_HEIGHT, TILE_WIDTH},
};

use super::reader::Place;

/// Where a tile's first entry stands, and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stride {
    pub place: Place,
    /// UTC microseconds, as the leaf says.
    pub at: i64,
}

/// The tree over all durable entries.
#[derive(Debug, Default)]
pub(super) struct Tree {
    frontier: Frontier,
    /// Leaf hashes of the tile that is not full.
    tail: Vec<Hash>,
    /// Roots of complete subtrees of `1 << (TILE_HEIGHT + row)` entries.
    rows: Vec<Vec<Hash>>,
    strides: Vec<Stride>,
}

impl Tree {
    /// Size and root.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Leaf hashes of the tile that is not full.
    pub fn tail(&self) -> &[Hash] {
        &self.tail
    }

    /// Where each tile's entries begin.
    pub fn strides(&self) -> &[Stride] {
        &self.strides
    }

    /// Appends an entry.
    pub fn push(&mut self, leaf: Hash, place: Place, at: i64) {
        if self.tail.is_empty() {
            self.strides.push(Stride { place, at });
        }
        self.frontier.push(leaf);
        self.tail.push(leaf);
        if self.tail.len() as u64 == TILE_WIDTH {
            let root = subtree_root(&self.tail);
            self.tail.clear();
            self.push_row(root);
        }
    }

    fn push_row(&mut self, root: Hash) {
        let mut carried = root;
        for row in &mut self.rows {
            row.push(carried);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => carried = node_hash(left, right),
                _ => return,
            }
        }
        self.rows.push(vec![carried]);
    }

    /// Root of a complete subtree that is as high as a tile or higher.
    pub fn row(&self, level: u32, index: u64) -> Option<Hash> {
        let row = self.rows.get(level.checked_sub(TILE_HEIGHT)? as usize)?;
        row.get(usize::try_from(index).ok()?).copied()
    }
}

/// Root over a number of hashes that is a power of two.
pub(super) fn subtree_root(hashes: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    for hash in hashes {
        tree.push(*hash);
    }
    tree.root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use exchange::log::merkle::leaf_hash;

    #[test]
    fn rows_hold_the_roots_of_complete_subtrees() {
        let leaves: Vec<Hash> = (0..2_100_u64).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut tree = Tree::default();
        for leaf in &leaves {
            tree.push(*leaf, Place::first_of(0), 0);
        }
        let check = |level: u32, index: u64, range: std::ops::Range<usize>| {
            assert_eq!(tree.row(level, index), leaves.get(range).map(subtree_root), "{level}/{index}");
        };
        check(8, 0, 0..256);
        check(8, 7, 1_792..2_048);
        check(9, 3, 1_536..2_048);
        check(11, 0, 0..2_048);
        check(8, 8, 2_048..2_304);
        assert_eq!(tree.tail(), &leaves[2_048..]);
        assert_eq!(tree.strides().len(), 9);
        assert_eq!(tree.row(7, 0), None);
    }
}

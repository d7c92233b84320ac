//! The tree's hashes in memory: the right edge, the unfinished tile, the roots of finished tiles, and where each tile's
//! entries begin on disk. 24 + 64 bytes for 256 entries: 100 million entries take some 35 MB.

use std::collections::VecDeque;

use exchange::log::{
    merkle::{Frontier, Hash, node_hash},
    paths::Head,
    tiles::{TILE_HEIGHT, TILE_WIDTH},
};

use super::{limits, reader::Place};

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
    size: u64,
    /// Leaf hashes of the tile that is not full.
    tail: Vec<Hash>,
    /// The same as a tree, so that each node is hashed once.
    edge: Frontier,
    /// Leaf hashes of the last full tiles.
    recent: VecDeque<Vec<Hash>>,
    /// Roots of complete subtrees of `1 << (TILE_HEIGHT + row)` entries.
    rows: Vec<Vec<Hash>>,
    strides: Vec<Stride>,
}

impl Tree {
    /// Entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Size and root.
    pub fn head(&self) -> Head {
        // Rows of odd length end in a subtree that has no sibling yet; the smallest stand rightmost.
        let peaks = self.rows.iter().filter(|row| !row.len().is_multiple_of(2)).filter_map(|row| row.last());
        let tail = (!self.tail.is_empty()).then(|| self.edge.root());
        let root = peaks.fold(tail, |right, left| Some(right.map_or(*left, |right| node_hash(left, &right))));
        Head { size: self.size, root: root.unwrap_or_else(|| self.edge.root()) }
    }

    /// Leaf hashes of a tile, if it is the one that is not full or a recent one.
    pub fn tile(&self, tile: u64) -> Option<&[Hash]> {
        let back = (self.size / TILE_WIDTH).checked_sub(tile)?;
        if back == 0 {
            return Some(&self.tail);
        }
        let at = self.recent.len().checked_sub(usize::try_from(back).ok()?)?;
        self.recent.get(at).map(Vec::as_slice)
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
        self.size += 1;
        self.tail.push(leaf);
        self.edge.push(leaf);
        if self.tail.len() as u64 == TILE_WIDTH {
            let root = std::mem::take(&mut self.edge).root();
            self.recent.push_back(std::mem::take(&mut self.tail));
            if self.recent.len() > limits::RECENT_TILES {
                self.recent.pop_front();
            }
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
    fn rows_and_tiles_hold_what_they_should() {
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
        assert_eq!(tree.tile(8), Some(&leaves[2_048..]));
        assert_eq!(tree.tile(7), Some(&leaves[1_792..2_048]));
        assert_eq!(tree.tile(0), Some(&leaves[..256]));
        assert_eq!(tree.tile(9), None);
        assert_eq!(tree.strides().len(), 9);
        assert_eq!(tree.row(7, 0), None);
    }

    #[test]
    fn the_head_is_the_frontiers_at_every_size_and_old_tiles_are_let_go() {
        let (mut tree, mut frontier) = (Tree::default(), Frontier::default());
        let tiles = limits::RECENT_TILES as u64 + 2;
        for number in 0..tiles * TILE_WIDTH {
            let near_an_edge = number % TILE_WIDTH < 3;
            if near_an_edge {
                assert_eq!(tree.head(), Head { size: number, root: frontier.root() });
            }
            let leaf = leaf_hash(&number.to_be_bytes());
            tree.push(leaf, Place::first_of(0), 0);
            frontier.push(leaf);
        }
        assert_eq!((tree.tile(1), tree.tile(2).map(<[Hash]>::len)), (None, Some(256)));
    }
}

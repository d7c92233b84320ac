//! For tests: a log's folder written as the writer and the signer would, without any thread, batch by batch.

use exchange::log::{
    checkpoint::Checkpoint,
    merkle::{Frontier, Hash, leaf_hash},
    note::NoteSigner,
    paths::Head,
};

use super::{
    disk::Disk,
    frame::{self, Frame},
    memory::MemoryDisk,
    reader::Place,
    segment,
    store::Store,
    tree::Tree,
};

/// Name of the log.
pub(super) const ORIGIN: &str = "ijazat.example/node-1";

/// The log's key.
pub(super) fn key() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[7; 32]).unwrap()
}

/// A log under construction.
#[derive(Debug)]
pub(super) struct Journal {
    pub disk: MemoryDisk,
    pub end: Place,
    /// Where each entry's frame begins.
    pub places: Vec<Place>,
    pub leaves: Vec<Vec<u8>>,
    /// Bytes of each entry's frame.
    lengths: Vec<usize>,
    segment_bytes: u64,
}

/// Bytes without any zero, other ones for each entry, so that what is torn cannot pass for whole.
fn filled(sequence: u64, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from((at as u64 + sequence * 31) % 255 + 1).unwrap()).collect()
}

impl Journal {
    /// One empty segment and the signed head of an empty tree.
    pub fn new(segment_bytes: u64) -> Self {
        let disk = MemoryDisk::new(1 << 40);
        let journal = Self {
            disk,
            end: Place::first_of(0),
            places: Vec::new(),
            leaves: Vec::new(),
            lengths: Vec::new(),
            segment_bytes,
        };
        journal.prepare(0);
        journal.sign();
        journal
    }

    /// Entries written.
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Makes an empty segment.
    pub fn prepare(&self, number: u64) {
        let header = segment::header(ORIGIN, number);
        self.disk.create_segment(&segment::name(number), &header, self.segment_bytes).unwrap();
    }

    /// Goes on to the next segment, making it.
    pub fn roll(&mut self) {
        self.end = Place::first_of(self.end.segment + 1);
        self.prepare(self.end.segment);
    }

    /// The bytes of one batch of entries, each with a leaf and a side record of so many bytes; not yet written.
    pub fn encode(&self, sizes: &[(usize, usize)]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut bytes, mut leaves) = (Vec::new(), Vec::new());
        for (back, (leaf, side)) in (0_u32..).zip(sizes) {
            let sequence = self.size() + u64::from(back);
            let (leaf, side) = (filled(sequence, *leaf), filled(sequence + 1, *side));
            frame::append(&mut bytes, Frame { sequence, back, leaf: &leaf, side: &side });
            leaves.push(leaf);
        }
        (bytes, leaves)
    }

    /// Writes one batch at the end.
    pub fn batch(&mut self, sizes: &[(usize, usize)]) {
        let (bytes, leaves) = self.encode(sizes);
        self.write(self.end, &bytes);
        for (leaf, (_, side)) in leaves.into_iter().zip(sizes) {
            self.places.push(self.end);
            let length = frame::HEADER_BYTES + leaf.len() + side;
            self.end.offset += length as u64;
            self.lengths.push(length);
            self.leaves.push(leaf);
        }
    }

    /// Writes bytes into a segment, durably.
    pub fn write(&self, place: Place, bytes: &[u8]) {
        let file = self.disk.open_segment(&segment::name(place.segment)).unwrap();
        file.write_at(place.offset, bytes).unwrap();
        file.sync().unwrap();
    }

    /// The tree of the first entries.
    pub fn tree(&self, size: usize) -> Frontier {
        let mut tree = Frontier::default();
        self.leaves[..size].iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
        tree
    }

    /// A note over a head, by this log's key.
    pub fn note(size: u64, root: Hash) -> String {
        Checkpoint { origin: ORIGIN.to_owned(), head: Head { size, root } }.sign(&key()).unwrap()
    }

    /// Signs everything written and stores the head.
    pub fn sign(&self) {
        let note = Self::note(self.size(), self.tree(self.leaves.len()).root());
        self.disk.replace_file("head", note.as_bytes()).unwrap();
    }

    /// What the log would hold in memory.
    pub fn store(&self) -> Store {
        let mut tree = Tree::default();
        for (leaf, place) in self.leaves.iter().zip(&self.places) {
            tree.push(leaf_hash(leaf), *place, 0);
        }
        Store::new(std::sync::Arc::new(self.disk.clone()), tree)
    }

    /// Where entry `sequence` begins, and the bytes of its frame.
    pub fn frame(&self, sequence: usize) -> (Place, usize) {
        (self.places[sequence], self.lengths[sequence])
    }
}

/// Flips one bit of a segment, counted in bytes from `place` on.
pub(super) fn flip(disk: &MemoryDisk, place: Place, at: usize, bit: u8) {
    disk.tamper(&segment::name(place.segment), |bytes| {
        bytes[usize::try_from(place.offset).unwrap() + at] ^= 1 << (bit % 8);
    });
}

/// The bytes of a segment from `place` on.
pub(super) fn from_place(disk: &MemoryDisk, place: Place) -> Vec<u8> {
    let bytes = disk.read_file(&segment::name(place.segment)).unwrap().unwrap();
    bytes[usize::try_from(place.offset).unwrap()..].to_vec()
}

//! Verifies a log's folder without trusting the process that writes it, offline and read-only: every checksum, every
//! sequence, every leaf, every published tile, and the root that was signed.

use std::{collections::BTreeMap, io, path::Path};

use exchange::{
    log::{
        checkpoint::Checkpoint,
        merkle::{Frontier, Hash, leaf_hash},
        note::NoteVerifier,
        paths::Head,
        tiles::{self, TILE_WIDTH},
    },
    record::leaf::{Kind, Leaf},
};

use super::{
    disk::Disk,
    files::FsDisk,
    frame::Frame,
    limits, publish,
    reader::{FrameReader, Place, Step},
    segment,
    signer::HEAD_FILE,
    tree::subtree_root,
};

/// What a log that holds was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// Entries that the checkpoint covers, all verified.
    pub entries: u64,
    /// Whole entries behind the checkpoint: written within the last moments, not yet signed for.
    pub unsigned: u64,
    /// Outcomes among `entries`.
    pub outcomes: u64,
    /// Refusals among `entries`.
    pub refused: u64,
    /// Size that was signed; equals `entries`.
    pub checkpoint_size: u64,
    /// Root that was signed and computed again.
    pub root: Hash,
    /// Published tiles and bundles that were compared.
    pub tiles: u64,
}

/// What does not hold.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The verifier key or a checkpoint.
    #[error("checkpoint does not hold: {0}")]
    Checkpoint(String),
    /// An entry, the first that is wrong.
    #[error("entry {index} does not hold: {why}")]
    Entry {
        /// Index of the entry.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Every entry is whole, but together they do not have the root that was signed, and no tile tells which one.
    #[error("entries 0 to {index} do not have the root that was signed")]
    Root {
        /// Index of the last entry that the checkpoint covers.
        index: u64,
    },
    /// A published tile or bundle, the first that is wrong.
    #[error("published file `{path}` does not hold for entry {index}")]
    Tile {
        /// The file.
        path: String,
        /// First entry for which it is wrong.
        index: u64,
    },
    /// The checkpoint is older than the log: somebody put an earlier one in its place, or nothing has been signed.
    #[error("checkpoint is old: entry {index} is not covered by it")]
    Replayed {
        /// First entry that it does not cover.
        index: u64,
    },
    /// The host.
    #[error("log cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Verifies the log in `dir` under the verifier key `vkey`, up to its last checkpoint. The log may be in use.
///
/// # Errors
/// [`VerifyError`] names the first index that is wrong.
pub fn verify(dir: &Path, vkey: &str) -> Result<VerifyReport, VerifyError> {
    verify_on(&FsDisk::read_only(dir), vkey)
}

/// Verifies the log on a disk of the caller's.
///
/// # Errors
/// As [`verify`].
pub fn verify_on(disk: &dyn Disk, vkey: &str) -> Result<VerifyReport, VerifyError> {
    let key = NoteVerifier::parse(vkey).map_err(|error| VerifyError::Checkpoint(error.to_string()))?;
    // In this order: a log in use publishes after it has stored, so the stored head is never the older one.
    let published = checkpoint(disk, &format!("{}/checkpoint", publish::FOLDER), &key)?;
    let head = checkpoint(disk, HEAD_FILE, &key)?
        .ok_or_else(|| VerifyError::Checkpoint("there is no signed head".to_owned()))?;
    if let Some(published) = published.filter(|published| published.size > head.size) {
        return Err(VerifyError::Replayed { index: head.size.min(published.size) });
    }
    let mut walk = Walk::new(disk, key.name(), head, published)?;
    walk.check_published();
    while walk.tree.size() < head.size {
        walk.next()?;
    }
    walk.check_end()?;
    let unsigned = walk.unsigned(&key)?;
    Ok(VerifyReport {
        entries: walk.tree.size(),
        unsigned,
        outcomes: walk.outcomes,
        refused: walk.refused,
        checkpoint_size: head.size,
        root: head.root,
        tiles: walk.tiles,
    })
}

fn checkpoint(disk: &dyn Disk, name: &str, key: &NoteVerifier) -> Result<Option<Head>, VerifyError> {
    let Some(bytes) = disk.read_file(name)? else { return Ok(None) };
    let malformed = |why: String| VerifyError::Checkpoint(format!("`{name}`: {why}"));
    let note = String::from_utf8(bytes).map_err(|error| malformed(error.to_string()))?;
    Checkpoint::open(&note, key).map(|checkpoint| Some(checkpoint.head)).map_err(|error| malformed(error.to_string()))
}

/// A reader of segment `number`, which must say itself that it is this log's and stands in its place.
fn open(disk: &dyn Disk, origin: &str, number: u64) -> io::Result<Result<FrameReader, &'static str>> {
    let reader = match FrameReader::open(disk, Place::first_of(number)) {
        Ok(reader) => reader,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Err("it is not there")),
        Err(error) => return Err(error),
    };
    let mut header = vec![0; segment::header(origin, number).len()];
    match reader.file().read_at(0, &mut header) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        Ok(()) if header == segment::header(origin, number) => Ok(Ok(reader)),
        _ => Ok(Err("its segment is another log's or out of its place")),
    }
}

/// A walk over all entries in order.
struct Walk<'a> {
    disk: &'a dyn Disk,
    origin: &'a str,
    reader: FrameReader,
    head: Head,
    published: Option<Head>,
    tree: Frontier,
    /// Hashes of the unfinished tile of each level.
    levels: BTreeMap<u32, Vec<Hash>>,
    /// The unfinished entry bundle.
    bundle: Vec<u8>,
    outcomes: u64,
    refused: u64,
    tiles: u64,
    /// The first published file that differs from the entries.
    first_difference: Option<(String, u64)>,
    /// The published head, if its root differs from theirs.
    forked: Option<Head>,
}

impl<'a> Walk<'a> {
    fn new(disk: &'a dyn Disk, origin: &'a str, head: Head, published: Option<Head>) -> Result<Self, VerifyError> {
        let reader = open(disk, origin, 0)?.map_err(|why| VerifyError::Entry { index: 0, why: why.to_owned() })?;
        Ok(Self {
            disk,
            origin,
            reader,
            head,
            published,
            tree: Frontier::default(),
            levels: BTreeMap::new(),
            bundle: Vec::new(),
            outcomes: 0,
            refused: 0,
            tiles: 0,
            first_difference: None,
            forked: None,
        })
    }

    /// Takes the next entry, which must be there.
    fn next(&mut self) -> Result<(), VerifyError> {
        let index = self.tree.size();
        let wrong = |why: &str| VerifyError::Entry { index, why: why.to_owned() };
        let (leaf, bytes) = match self.read(index)? {
            Ok(read) => read,
            Err(why) => return Err(wrong(why)),
        };
        match leaf.kind {
            Kind::Outcome => self.outcomes += 1,
            Kind::Refused => self.refused += 1,
            _ => {}
        }
        self.tree.push(leaf_hash(&bytes));
        let fits = tiles::append_entry(&mut self.bundle, &bytes);
        fits.map_err(|error| wrong(&error.to_string()))?;
        self.levels.entry(0).or_default().push(leaf_hash(&bytes));
        if self.tree.size().is_multiple_of(TILE_WIDTH) {
            self.full_tiles(index / TILE_WIDTH)?;
        }
        if self.published.is_some_and(|published| published.size == self.tree.size()) {
            self.check_published();
            self.partial_tiles()?;
        }
        Ok(())
    }

    /// At the published head's size its root must be that of the entries.
    fn check_published(&mut self) {
        let here = self.published.filter(|published| published.size == self.tree.size());
        self.forked = self.forked.or(here.filter(|published| published.root != self.tree.root()));
    }

    /// Reads and checks the frame of entry `index`; the inner error says what is wrong with it.
    fn read(&mut self, index: u64) -> io::Result<Result<(Leaf, Vec<u8>), &'static str>> {
        if self.reader.at_end()? {
            match open(self.disk, self.origin, self.reader.place().segment + 1)? {
                Ok(reader) => self.reader = reader,
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(match self.reader.step()? {
            Step::Nothing => Err("it is not there"),
            Step::Torn(why) => Err(why),
            Step::Frame(frame, _) => checked(frame, index).map(|leaf| (leaf, frame.leaf.to_vec())),
        })
    }

    /// Compares the tiles that became full with tile `tile` of level 0.
    fn full_tiles(&mut self, tile: u64) -> Result<(), VerifyError> {
        let bundle = std::mem::take(&mut self.bundle);
        self.compare(&tiles::bundle_path(tile, TILE_WIDTH), &bundle, tile * TILE_WIDTH, None)?;
        let (mut level, mut index) = (0, tile);
        loop {
            let hashes = self.levels.remove(&level).unwrap_or_default();
            let span = TILE_WIDTH.saturating_pow(level);
            let path = tiles::tile_path(level, index, TILE_WIDTH);
            self.compare(&path, &tiles::encode_tile(&hashes), index * span * TILE_WIDTH, Some(span))?;
            level += 1;
            let above = self.levels.entry(level).or_default();
            above.push(subtree_root(&hashes));
            if above.len() as u64 != TILE_WIDTH {
                return Ok(());
            }
            index /= TILE_WIDTH;
        }
    }

    /// Compares the partial tiles at the published size.
    fn partial_tiles(&mut self) -> Result<(), VerifyError> {
        let size = self.tree.size();
        if !size.is_multiple_of(TILE_WIDTH) {
            let bundle = self.bundle.clone();
            let path = tiles::bundle_path(size / TILE_WIDTH, size % TILE_WIDTH);
            self.compare(&path, &bundle, size - size % TILE_WIDTH, None)?;
        }
        for (level, hashes) in self.levels.clone() {
            let width = hashes.len() as u64;
            let (index, span) = (tiles::hashes_at(level, size) / TILE_WIDTH, TILE_WIDTH.saturating_pow(level));
            if width > 0 {
                let path = tiles::tile_path(level, index, width);
                self.compare(&path, &tiles::encode_tile(&hashes), index * span * TILE_WIDTH, Some(span))?;
            }
        }
        Ok(())
    }

    /// Notes the first published file that differs. Hash tiles have `span` entries for each 32 bytes; bundles none.
    fn compare(&mut self, path: &str, expected: &[u8], first: u64, span: Option<u64>) -> Result<(), VerifyError> {
        let name = format!("{}/{path}", publish::FOLDER);
        // Not there: not yet published, or pruned. The segments alone prove the log.
        let Some(found) = self.disk.read_file(&name)? else { return Ok(()) };
        self.tiles += 1;
        if found != expected && self.first_difference.is_none() {
            let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
            let within = match span {
                Some(span) => (same as u64 / 32) * span,
                None => entries_within(expected, same),
            };
            self.first_difference = Some((name, first + within));
        }
        Ok(())
    }

    /// At the checkpoint: the root, then the published files.
    fn check_end(&mut self) -> Result<(), VerifyError> {
        if self.tree.root() != self.head.root {
            let index = self.head.size.saturating_sub(1);
            // A tile that tells another hash than the entry names the entry that was rewritten.
            return Err(match self.first_difference.take() {
                Some((path, index)) => {
                    VerifyError::Entry { index, why: format!("it is not the one that `{path}` was published for") }
                }
                None => VerifyError::Root { index },
            });
        }
        match (self.first_difference.take(), self.forked) {
            (Some((path, index)), _) => Err(VerifyError::Tile { path, index }),
            // Two roots at one size, both signed: a log that shows different things to different people.
            (None, Some(Head { size, .. })) => Err(VerifyError::Checkpoint(format!(
                "`{}/checkpoint` signs another root for {size} entries than they have",
                publish::FOLDER
            ))),
            (None, None) => Ok(()),
        }
    }

    /// Counts whole entries behind the checkpoint; too long a stretch of them means that it was replayed.
    fn unsigned(&mut self, key: &NoteVerifier) -> Result<u64, VerifyError> {
        let size = self.tree.size();
        let (mut count, mut first_at) = (0, None);
        while let Ok((leaf, _)) = self.read(size + count)? {
            let first = *first_at.get_or_insert(leaf.at);
            count += 1;
            if leaf.at.saturating_sub(first) > limits::UNSIGNED_SPAN_US_MAX {
                let now = checkpoint(self.disk, HEAD_FILE, key)?;
                // A log in use has signed on while we read.
                return if now.is_some_and(|now| now.size > size) {
                    Ok(count)
                } else {
                    Err(VerifyError::Replayed { index: size })
                };
            }
        }
        Ok(count)
    }
}

/// Which entry of a bundle the byte at `at` belongs to.
fn entries_within(bundle: &[u8], at: usize) -> u64 {
    let mut end = 0;
    let decoded = tiles::decode_bundle(bundle).unwrap_or_default();
    let before = decoded.iter().take_while(|entry| {
        end += 2 + entry.len();
        end <= at
    });
    before.count() as u64
}

fn checked(frame: Frame<'_>, index: u64) -> Result<Leaf, &'static str> {
    if frame.sequence != index {
        return Err("another entry stands in its place");
    }
    let leaf = Leaf::from_bytes(frame.leaf).map_err(|_| "its leaf is not in its one form")?;
    if leaf.sequence == index { Ok(leaf) } else { Err("its leaf names another place") }
}

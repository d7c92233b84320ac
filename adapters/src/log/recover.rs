//! Reads the whole log at start. A torn tail beyond the signed head is cut off; anything wrong before it, or anything
//! that had been synced before a later batch, is corruption and stops the start.

use std::io;

use exchange::{
    log::{
        checkpoint::Checkpoint,
        merkle::{Frontier, Hash, leaf_hash},
        note::NoteVerifier,
        paths::Head,
        tiles::TILE_WIDTH,
    },
    record::leaf::Leaf,
};

use super::{
    disk::Disk,
    frame,
    options::OpenError,
    reader::{FrameReader, Place, Step},
    segment,
    tree::Tree,
};

/// What a log's folder held.
#[derive(Debug)]
pub(super) struct Recovered {
    pub tree: Tree,
    /// Where the next frame goes; `None` if there is no segment yet.
    pub end: Option<Place>,
    /// Empty segments behind the end, prepared and not begun.
    pub spare: Option<u64>,
    /// The tree at the head.
    pub signed: Frontier,
    /// The head's note; `None` for a new log.
    pub note: Option<String>,
    /// Bytes of a torn tail that were cut off.
    pub cut_bytes: u64,
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    head: Head,
    tree: Tree,
    signed: Frontier,
    cut_bytes: u64,
}

/// Reads the log `origin`.
pub(super) fn recover(disk: &dyn Disk, origin: &str, key: &NoteVerifier) -> Result<Recovered, OpenError> {
    let segments = segments(disk, origin)?;
    let note = match disk.read_file("head")? {
        Some(bytes) => Some(String::from_utf8(bytes).map_err(|_| OpenError::Head("it is not text".to_owned()))?),
        None if segments == 0 => None,
        None => return Err(OpenError::Head("it is missing though there are entries".to_owned())),
    };
    let nothing = Head { size: 0, root: Frontier::default().root() };
    let head = match &note {
        Some(note) => Checkpoint::open(note, key)?.head,
        None => nothing,
    };
    if head.size == 0 && head != nothing {
        return Err(OpenError::Head("it signs no entries, yet another root than theirs".to_owned()));
    }
    let signed = Frontier::default();
    let mut recovery = Recovery { disk, head, tree: Tree::default(), signed, cut_bytes: 0 };
    let end = recovery.read_all(segments)?;
    recovery.check_complete()?;
    let spare = end.map(|end| end.segment + 1).filter(|next| *next < segments);
    let Recovery { tree, signed, cut_bytes, .. } = recovery;
    Ok(Recovered { tree, end, spare, signed, note, cut_bytes })
}

/// How many segments there are; they are numbered from 0 without a gap, and each says so itself.
fn segments(disk: &dyn Disk, origin: &str) -> Result<u64, OpenError> {
    let mut numbers: Vec<u64> = disk.names()?.iter().filter_map(|name| segment::number(name)).collect();
    numbers.sort_unstable();
    for (expected, number) in (0..).zip(&numbers) {
        if expected != *number {
            return Err(OpenError::Head(format!("segment {expected} is missing")));
        }
        let mut header = vec![0; usize::try_from(segment::HEADER_BYTES).unwrap_or_default()];
        disk.open_segment(&segment::name(*number))?.read_at(0, &mut header)?;
        if header != segment::header(origin, *number) {
            return Err(OpenError::Head(format!("segment {number} is another log's or out of its place")));
        }
    }
    Ok(numbers.len() as u64)
}

impl Recovery<'_> {
    /// Reads every frame; the place behind the last one.
    fn read_all(&mut self, segments: u64) -> Result<Option<Place>, OpenError> {
        let mut end = None;
        for number in 0..segments {
            let mut reader = FrameReader::open(self.disk, Place::first_of(number))?;
            let before = self.tree.size();
            let torn = self.read_segment(&mut reader)?;
            let empty = self.tree.size() == before;
            if torn.is_some() || !is_zero(&reader)? {
                let (why, seen) =
                    torn.unwrap_or_else(|| ("nothing stands here, yet something behind it", reader.place()));
                let end = end.filter(|_| empty).unwrap_or(seen);
                self.cut(end, seen, segments, why)?;
                return Ok(Some(end));
            }
            if empty && number > 0 {
                // A prepared segment, not begun: what follows must be empty too, and is looked at by the same rule.
                continue;
            }
            end = Some(reader.place());
        }
        Ok(end)
    }

    /// Reads a segment's frames; what is torn behind the last one, and where.
    fn read_segment(&mut self, reader: &mut FrameReader) -> Result<Option<(&'static str, Place)>, OpenError> {
        loop {
            let (next, here) = (self.tree.size(), reader.place());
            match reader.step()? {
                Step::Nothing => return Ok(None),
                Step::Torn(why) => return Ok(Some((why, here))),
                // The reader has moved behind it; nothing may ever be written there while this frame stands.
                Step::Frame(frame, _) if frame.sequence != next => {
                    return Ok(Some(("the frame has another entry's sequence", here)));
                }
                Step::Frame(frame, place) => {
                    // Only a tile's first time is kept, so that most leaves need no decoding here.
                    let at = if next.is_multiple_of(TILE_WIDTH) { time_of(frame.leaf) } else { 0 };
                    let leaf = leaf_hash(frame.leaf);
                    self.tree.push(leaf, place, at);
                    self.check_head(leaf)?;
                }
            }
        }
    }

    /// At the head's size the root must be the one that was signed.
    fn check_head(&mut self, leaf: Hash) -> Result<(), OpenError> {
        if self.signed.size() < self.head.size {
            self.signed.push(leaf);
            if self.signed.size() == self.head.size && self.signed.root() != self.head.root {
                let why = "the entries up to here do not have the root that was signed".to_owned();
                return Err(OpenError::Corrupt { index: self.head.size.saturating_sub(1), why });
            }
        }
        Ok(())
    }

    fn check_complete(&self) -> Result<(), OpenError> {
        let size = self.tree.size();
        if size < self.head.size {
            let why = format!("it is missing; {} entries were signed for", self.head.size);
            return Err(OpenError::Corrupt { index: size, why });
        }
        Ok(())
    }

    /// Cuts a torn tail at `end`, if it is one: `from` is where it was seen.
    fn cut(&mut self, end: Place, from: Place, segments: u64, why: &str) -> Result<(), OpenError> {
        let next = self.tree.size();
        let corrupt = |why: &str| OpenError::Corrupt { index: next, why: why.to_owned() };
        if next < self.head.size {
            return Err(corrupt(why));
        }
        let mut place = from;
        loop {
            let reader = FrameReader::open(self.disk, place)?;
            if has_later_batch(&reader, next)? {
                return Err(corrupt("it is damaged, though a later batch was written after it was durable"));
            }
            if place.segment + 1 >= segments {
                break;
            }
            place = Place::first_of(place.segment + 1);
        }
        // The last segment first: a crash between leaves a tail that is found again.
        for number in (end.segment..segments).rev() {
            let begin = if number == end.segment { end } else { Place::first_of(number) };
            self.cut_bytes += zero(&FrameReader::open(self.disk, begin)?)?;
        }
        Ok(())
    }
}

/// When the leaf happened; 0 where it cannot be read, which only makes the estimate of the disk's days coarser.
fn time_of(leaf: &[u8]) -> i64 {
    Leaf::from_bytes(leaf).map(|leaf| leaf.at).unwrap_or_default()
}

/// Bytes looked at or zeroed at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Calls `visit` with each piece of the file from the reader's place on.
fn pieces(reader: &FrameReader, mut visit: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut offset = reader.place().offset;
    while offset < reader.file().bytes() {
        let left = usize::try_from(reader.file().bytes() - offset).unwrap_or(PIECE_BYTES);
        piece.resize(left.min(PIECE_BYTES), 0);
        reader.file().read_at(offset, &mut piece)?;
        visit(offset, &piece)?;
        offset += piece.len() as u64;
    }
    Ok(())
}

/// Whether only zeros stand from the reader's place on.
fn is_zero(reader: &FrameReader) -> io::Result<bool> {
    let mut zero = true;
    pieces(reader, |_, piece| {
        zero &= piece.iter().all(|&byte| byte == 0);
        Ok(())
    })?;
    Ok(zero)
}

/// Zeroes the file from the reader's place on, durably; the bytes that were not zero already, rounded up to pieces.
fn zero(reader: &FrameReader) -> io::Result<u64> {
    let mut cut = 0;
    pieces(reader, |offset, piece| {
        if piece.iter().any(|&byte| byte != 0) {
            cut += piece.len() as u64;
            reader.file().write_at(offset, &vec![0; piece.len()])?;
        }
        Ok(())
    })?;
    reader.file().sync()?;
    Ok(cut)
}

/// Whether a whole frame stands behind the reader's place whose batch began after entry `lost`: that entry had then
/// been synced before, and its damage is not a crash's. Nor is it a crash's when the entry itself stands there, whole:
/// what lies before it is then no entry that was torn.
fn has_later_batch(reader: &FrameReader, lost: u64) -> io::Result<bool> {
    let from = reader.place().offset;
    let length = usize::try_from(reader.file().bytes().saturating_sub(from)).unwrap_or(0);
    let mut bytes = vec![0; length];
    reader.file().read_at(from, &mut bytes)?;
    let found = bytes.windows(frame::HEADER_BYTES).enumerate().any(|(at, window)| {
        let Some(frame::Start::Header(header)) = window.first_chunk().map(frame::start) else { return false };
        let batch = header.sequence.saturating_sub(header.back.into());
        (batch > lost || header.sequence == lost)
            && bytes.get(at..).and_then(|bytes| frame::whole(header, bytes)).is_some()
    });
    Ok(found)
}

#[cfg(test)]
#[path = "recover_tests.rs"]
mod tests;

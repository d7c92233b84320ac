//! One record on disk: a header that proves its own length, place and wholeness, then the leaf, then the side record.
//!
//! Layout, integers little-endian: magic (4 bytes) · CRC32C of all that follows (4) · sequence (8) · length of the leaf
//! (4) · length of the side record (4) · entries of the same batch before this one (4) · leaf · side record.

use exchange::limits::{LEAF_BYTES_MAX, LOG_BATCH_MAX, SIDE_BYTES_MAX};

/// Marks a frame's begin; zeros stand where nothing was written yet.
pub(super) const MAGIC: [u8; 4] = *b"IJf1";

/// Bytes before the leaf.
pub(super) const HEADER_BYTES: usize = 28;

/// Where the checksummed part begins.
const CHECKED_FROM: usize = 8;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub crc: u32,
    pub sequence: u64,
    pub leaf_bytes: usize,
    pub side_bytes: usize,
    /// Entries of the same batch before this one: what was synced earlier can then not pass for a torn tail.
    pub back: u32,
}

/// What stands where a header could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Zeros: nothing was written here.
    Nothing,
    /// A header with possible lengths.
    Header(Header),
    /// Neither.
    Garbage,
}

/// A record as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub sequence: u64,
    pub back: u32,
    pub leaf: &'a [u8],
    pub side: &'a [u8],
}

impl Header {
    /// Bytes of the whole frame.
    pub fn frame_bytes(&self) -> usize {
        HEADER_BYTES + self.leaf_bytes + self.side_bytes
    }
}

/// Bytes that a record takes on disk.
pub(super) fn bytes_of(leaf: &[u8], side: &[u8]) -> usize {
    HEADER_BYTES + leaf.len() + side.len()
}

/// Appends a frame to `out`. Leaf and side record are within their limits, so that their lengths fit 32 bits.
pub(super) fn append(out: &mut Vec<u8>, frame: Frame<'_>) {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let begin = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&frame.sequence.to_le_bytes());
    out.extend_from_slice(&length(frame.leaf));
    out.extend_from_slice(&length(frame.side));
    out.extend_from_slice(&frame.back.to_le_bytes());
    out.extend_from_slice(frame.leaf);
    out.extend_from_slice(frame.side);
    let crc = out.get(begin + CHECKED_FROM..).map_or(0, crc32c::crc32c);
    if let Some(place) = out.get_mut(begin + MAGIC.len()..begin + CHECKED_FROM) {
        place.copy_from_slice(&crc.to_le_bytes());
    }
}

/// Reads what a frame's first bytes say.
pub(super) fn start(bytes: &[u8; HEADER_BYTES]) -> Start {
    if bytes.iter().all(|&byte| byte == 0) {
        return Start::Nothing;
    }
    let mut rest = &bytes[..];
    let header = (|| {
        let magic = take::<4>(&mut rest)?;
        let header = Header {
            crc: u32::from_le_bytes(take(&mut rest)?),
            sequence: u64::from_le_bytes(take(&mut rest)?),
            leaf_bytes: u32::from_le_bytes(take(&mut rest)?) as usize,
            side_bytes: u32::from_le_bytes(take(&mut rest)?) as usize,
            back: u32::from_le_bytes(take(&mut rest)?),
        };
        let possible = magic == MAGIC
            && header.leaf_bytes <= LEAF_BYTES_MAX
            && header.side_bytes <= SIDE_BYTES_MAX
            && (header.back as usize) < LOG_BATCH_MAX;
        possible.then_some(header)
    })();
    header.map_or(Start::Garbage, Start::Header)
}

/// Takes the next `N` bytes.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

/// The frame whose header is `header` in `bytes`, its [`Header::frame_bytes`]; `None` if the checksum differs.
pub(super) fn whole(header: Header, bytes: &[u8]) -> Option<Frame<'_>> {
    let checked = bytes.get(CHECKED_FROM..header.frame_bytes())?;
    if crc32c::crc32c(checked) != header.crc {
        return None;
    }
    split(header, bytes)
}

/// The parts of a frame whose checksum was seen to hold.
pub(super) fn split(header: Header, bytes: &[u8]) -> Option<Frame<'_>> {
    let body = bytes.get(HEADER_BYTES..header.frame_bytes())?;
    let (leaf, side) = body.split_at_checked(header.leaf_bytes)?;
    Some(Frame { sequence: header.sequence, back: header.back, leaf, side })
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;

//! Reads frames in order from one place on, a large piece of a file at a time.

use std::{io, sync::Arc};

use super::{
    disk::{Disk, SegmentFile},
    frame::{self, Frame, Start},
    limits, segment,
};

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the segment.
    pub segment: u64,
    /// Bytes from the segment's begin.
    pub offset: u64,
}

impl Place {
    /// Where the first frame of a segment stands.
    pub fn first_of(segment: u64) -> Self {
        Self { segment, offset: segment::HEADER_BYTES }
    }
}

/// What stands at the reader's place.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// A whole frame, and where it began; the reader stands behind it.
    Frame(Frame<'a>, Place),
    /// Zeros, or too little room for a frame; the reader has not moved.
    Nothing,
    /// Bytes that are no frame; the reader has not moved.
    Torn(&'static str),
}

/// A reader of one segment after another.
#[derive(Debug)]
pub(super) struct FrameReader {
    file: Arc<dyn SegmentFile>,
    place: Place,
    /// The file's bytes from `place` on, as far as they were read.
    buffer: Vec<u8>,
    /// Where in `buffer` the place stands.
    at: usize,
}

impl FrameReader {
    /// Opens the segment of `place`.
    pub fn open(disk: &dyn Disk, place: Place) -> io::Result<Self> {
        let file = disk.open_segment(&segment::name(place.segment))?;
        Ok(Self { file, place, buffer: Vec::new(), at: 0 })
    }

    /// Where the reader stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The file that it reads.
    pub fn file(&self) -> &Arc<dyn SegmentFile> {
        &self.file
    }

    /// Reads what stands here.
    pub fn step(&mut self) -> io::Result<Step<'_>> {
        if !self.fill(frame::HEADER_BYTES)? {
            return Ok(Step::Nothing);
        }
        let header = match self.rest().first_chunk().map(frame::start) {
            None | Some(Start::Nothing) => return Ok(Step::Nothing),
            Some(Start::Garbage) => return Ok(Step::Torn("no frame begins here")),
            Some(Start::Header(header)) => header,
        };
        if !self.fill(header.frame_bytes())? {
            return Ok(Step::Torn("the frame reaches beyond its segment"));
        }
        let (begin, from) = (self.place, self.at);
        if frame::whole(header, self.rest()).is_none() {
            return Ok(Step::Torn("the frame's checksum differs"));
        }
        self.at += header.frame_bytes();
        self.place.offset += header.frame_bytes() as u64;
        let bytes = self.buffer.get(from..).unwrap_or_default();
        Ok(frame::split(header, bytes).map_or(Step::Nothing, |frame| Step::Frame(frame, begin)))
    }

    /// Whether nothing was written here: zeros, or too little room for a frame.
    pub fn at_end(&mut self) -> io::Result<bool> {
        Ok(!self.fill(frame::HEADER_BYTES)? || self.rest().first_chunk().map(frame::start) == Some(Start::Nothing))
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Makes `need` bytes available at the place; `false` if the file ends before.
    fn fill(&mut self, need: usize) -> io::Result<bool> {
        if self.rest().len() >= need {
            return Ok(true);
        }
        let left = self.file.bytes().saturating_sub(self.place.offset);
        if left < need as u64 {
            return Ok(false);
        }
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(limits::READ_BYTES.max(need));
        self.buffer.resize(want, 0);
        self.at = 0;
        self.file.read_at(self.place.offset, &mut self.buffer)?;
        Ok(true)
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

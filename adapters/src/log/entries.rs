//! Reads a log's folder from its first entry to its last, read-only, also while a process writes it.
//!
//! Each frame's checksum is checked and nothing else: whether it is the log that was signed is [`super::verify()`]'s to say.

use std::{io, path::Path, sync::Arc};

use exchange::{log::note::unverified_text, ports::record_log::StoredEntry};

use super::{
    disk::Disk,
    files::FsDisk,
    reader::{FrameReader, Place, Step},
    signer::HEAD_FILE,
};

/// The entries of a folder, in order.
#[derive(Debug)]
pub struct Entries {
    disk: Arc<dyn Disk>,
    reader: FrameReader,
    signed: Option<u64>,
    ended: bool,
}

/// Opens a log's folder for reading.
///
/// # Errors
/// When there is no log, or it cannot be read.
pub fn entries(dir: &Path) -> io::Result<Entries> {
    entries_on(Arc::new(FsDisk::read_only(dir)))
}

pub(super) fn entries_on(disk: Arc<dyn Disk>) -> io::Result<Entries> {
    let reader = FrameReader::open(disk.as_ref(), Place::first_of(0))?;
    let signed = disk.read_file(HEAD_FILE)?.and_then(|note| size_of(&note));
    Ok(Entries { disk, reader, signed, ended: false })
}

impl Entries {
    /// About how many there are, for a progress bar: those that were signed for when it was opened.
    #[must_use]
    pub fn about(&self) -> Option<u64> {
        self.signed
    }

    fn read(&mut self) -> io::Result<Option<StoredEntry>> {
        if self.reader.at_end()? {
            match FrameReader::open(self.disk.as_ref(), Place::first_of(self.reader.place().segment + 1)) {
                Ok(next) => self.reader = next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(match self.reader.step()? {
            Step::Frame(frame, _) => {
                Some(StoredEntry { sequence: frame.sequence, leaf: frame.leaf.to_vec(), side: frame.side.to_vec() })
            }
            // What is being written now is not whole yet; recovery and `verify` tell that from damage.
            Step::Nothing | Step::Torn(_) => None,
        })
    }
}

impl Iterator for Entries {
    type Item = io::Result<StoredEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended = !matches!(read, Some(Ok(_)));
        read
    }
}

/// The second line of a checkpoint (C2SP tlog-checkpoint).
fn size_of(note: &[u8]) -> Option<u64> {
    unverified_text(std::str::from_utf8(note).ok()?).ok()?.lines().nth(1)?.parse().ok()
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;

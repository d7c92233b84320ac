//! Rewritten logs: `verify` finds each and names the entry.

use std::sync::Arc;

use adapters::log::{SegmentLog, VerifyError, VerifyReport, memory::MemoryDisk, verify::verify_on};
use exchange::{log::note::NoteSigner, ports::record_log::RecordLog, record::leaf::Leaf};

use crate::support::{ORIGIN, entry, fill, leaf, open, options};

/// Bytes of a frame before its leaf, and where its checksum and sequence stand.
const FRAME_HEADER: usize = 28;

fn vkey() -> String {
    NoteSigner::from_seed(ORIGIN, &[7; 32]).unwrap().verifier().to_vkey()
}

/// A closed log of 600 entries with its tiles, in one segment.
fn log() -> MemoryDisk {
    let disk = MemoryDisk::new(1 << 30);
    let mut options = options("memory".into());
    options.segment_bytes = 1 << 20;
    options.tiles = true;
    let log = SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap();
    fill(&log, 0, 600);
    log.close();
    disk
}

fn verified(disk: &MemoryDisk) -> Result<VerifyReport, VerifyError> {
    verify_on(disk, &vkey())
}

const SEGMENT: &str = "segment-0000000000.log";

/// Where entry `sequence` begins and ends in the segment.
fn frame(bytes: &[u8], sequence: u64) -> std::ops::Range<usize> {
    let number = |at: usize| usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap();
    let mut at = 64;
    for _ in 0..sequence {
        at += FRAME_HEADER + number(at + 16) + number(at + 20);
    }
    at..at + FRAME_HEADER + number(at + 16) + number(at + 20)
}

/// Makes a frame's checksum right again, as a forger would.
fn mend(bytes: &mut [u8], frame: std::ops::Range<usize>) {
    let crc = crc32c::crc32c(&bytes[frame.start + 8..frame.end]);
    bytes[frame.start + 4..frame.start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Changes a byte of entry `sequence`'s request and mends the checksum.
fn forge(bytes: &mut [u8], sequence: u64) {
    let range = frame(bytes, sequence);
    let at = bytes[range.clone()].windows(8).position(|window| window == b"request-").unwrap();
    bytes[range.start + at] = b'R';
    mend(bytes, range);
}

#[test]
fn an_untouched_log_is_reported_as_it_is() {
    let report = verified(&log()).unwrap();
    assert_eq!((report.entries, report.checkpoint_size, report.unsigned), (600, 600, 0));
    assert_eq!((report.outcomes, report.refused), (200, 200));
    // Two full tiles and their bundles, then the partial ones of both levels and the last bundle.
    assert_eq!(report.tiles, 7);
}

#[test]
fn every_forgery_is_found_and_its_entry_named() {
    let original = log();
    let check = |what: &str, expected: u64, damage: &dyn Fn(&MemoryDisk)| {
        let copy = original.copy();
        damage(&copy);
        let index = match verified(&copy) {
            Err(VerifyError::Entry { index, .. } | VerifyError::Tile { index, .. } | VerifyError::Root { index }) => {
                index
            }
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(index, expected, "{what}");
    };
    check("a bit of a frame", 300, &|disk| {
        disk.tamper(SEGMENT, |bytes| {
            let range = frame(bytes, 300);
            bytes[range.start + 40] ^= 1;
        });
    });
    check("a leaf, checksum mended", 300, &|disk| disk.tamper(SEGMENT, |bytes| forge(bytes, 300)));
    check("a leaf of the unfinished tile, checksum mended", 599, &|disk| {
        disk.tamper(SEGMENT, |bytes| forge(bytes, 599));
    });
    check("two records swapped", 300, &|disk| {
        disk.tamper(SEGMENT, |bytes| {
            let (one, two) = (frame(bytes, 300), frame(bytes, 301));
            let swapped = [&bytes[two.clone()], &bytes[one.clone()]].concat();
            bytes[one.start..two.end].copy_from_slice(&swapped);
        });
    });
    check("two records swapped, sequences and checksums mended", 300, &|disk| {
        disk.tamper(SEGMENT, |bytes| swap_and_mend(bytes, 300));
    });
    check("the last record deleted", 599, &|disk| {
        disk.tamper(SEGMENT, |bytes| {
            let range = frame(bytes, 599);
            bytes[range].fill(0);
        });
    });
    check("a record deleted and the rest moved up", 300, &|disk| {
        disk.tamper(SEGMENT, |bytes| {
            let range = frame(bytes, 300);
            let length = bytes.len();
            bytes.drain(range);
            bytes.resize(length, 0);
        });
    });
    check("the segment truncated", 300, &|disk| {
        disk.tamper(SEGMENT, |bytes| {
            let range = frame(bytes, 300);
            bytes.truncate(range.start + 50);
        });
    });
    check("a bit of a tile", 300, &|disk| disk.tamper("tiles/tile/0/001", |bytes| bytes[44 * 32 + 3] ^= 1));
    check("a bit of a bundle", 0, &|disk| disk.tamper("tiles/tile/entries/000", |bytes| bytes[5] ^= 1));
    check("a bit of the upper tile", 256, &|disk| disk.tamper("tiles/tile/1/000.p/2", |bytes| bytes[32] ^= 1));
    check("a bundle and its tile forged together", 300, &|disk| forge_published(disk, 300, false));
    // Only the tile above still tells the truth, and it tells it of 256 entries at once.
    check("a record, its bundle and its tile forged together", 256, &|disk| forge_published(disk, 300, true));
}

/// Exchanges two neighbours and gives each frame the other's sequence.
fn swap_and_mend(bytes: &mut [u8], sequence: u64) {
    let (one, two) = (frame(bytes, sequence), frame(bytes, sequence + 1));
    let mut frames = [bytes[two.clone()].to_vec(), bytes[one.clone()].to_vec()];
    for (number, frame) in (sequence..).zip(&mut frames) {
        frame[8..16].copy_from_slice(&number.to_le_bytes());
        let whole = 0..frame.len();
        mend(frame, whole);
    }
    bytes[one.start..two.end].copy_from_slice(&frames.concat());
}

/// The forgery of CVE-2026-56865: an entry, and the level-0 tile that would authenticate it, changed together.
fn forge_published(disk: &MemoryDisk, sequence: u64, in_segment: bool) {
    use exchange::log::{merkle::leaf_hash, tiles};
    let mut forged = Vec::new();
    disk.copy().tamper(SEGMENT, |bytes| {
        forge(bytes, sequence);
        let range = frame(bytes, sequence);
        let leaf_bytes = u32::from_le_bytes(bytes[range.start + 16..range.start + 20].try_into().unwrap());
        let begin = range.start + FRAME_HEADER;
        forged = bytes[begin..begin + usize::try_from(leaf_bytes).unwrap()].to_vec();
    });
    let (tile, place) = (sequence / 256, usize::try_from(sequence % 256).unwrap());
    disk.tamper(&format!("tiles/{}", tiles::tile_path(0, tile, 256)), |bytes| {
        bytes[place * 32..place * 32 + 32].copy_from_slice(&leaf_hash(&forged));
    });
    disk.tamper(&format!("tiles/{}", tiles::bundle_path(tile, 256)), |bytes| {
        let mut rewritten = Vec::new();
        for (at, entry) in tiles::decode_bundle(bytes).unwrap().into_iter().enumerate() {
            tiles::append_entry(&mut rewritten, if at == place { &forged } else { entry }).unwrap();
        }
        *bytes = rewritten;
    });
    if in_segment {
        disk.tamper(SEGMENT, |bytes| forge(bytes, sequence));
    }
}

#[test]
fn a_replayed_checkpoint_is_found() {
    let disk = log();
    let old = disk.read_head();
    let log = open_large(&disk);
    fill(&log, 600, 700);
    log.close();
    disk.tamper("head", |bytes| *bytes = old.clone());
    match verified(&disk) {
        Err(VerifyError::Replayed { index: 600 }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_checkpoint_replayed_everywhere_is_found_by_the_entries_that_it_does_not_cover() {
    let disk = log();
    let (old, old_tiles) = (disk.read_head(), disk.read("tiles/checkpoint"));
    let log = open_large(&disk);
    let mut late = entry(600);
    for minutes in 0..3 {
        late.leaf = Leaf { at: leaf(600).at + minutes * 60_000_000, ..leaf(600) };
        crate::support::append(&log, late.clone()).unwrap();
    }
    log.close();
    disk.tamper("head", |bytes| *bytes = old);
    disk.tamper("tiles/checkpoint", |bytes| *bytes = old_tiles);
    match verified(&disk) {
        Err(VerifyError::Replayed { index: 600 }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_key_or_none_verifies_nothing() {
    let disk = log();
    let other = NoteSigner::from_seed(ORIGIN, &[8; 32]).unwrap().verifier().to_vkey();
    assert!(matches!(verify_on(&disk, &other), Err(VerifyError::Checkpoint(_))));
    assert!(matches!(verify_on(&disk, "nonsense"), Err(VerifyError::Checkpoint(_))));
    disk.forget("head");
    assert!(matches!(verified(&disk), Err(VerifyError::Checkpoint(_))));
}

#[test]
fn a_log_in_use_is_verified_up_to_its_last_checkpoint() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 300);
    log.checkpoint().unwrap();
    fill(&log, 300, 310);
    let report = verified(&disk).unwrap();
    assert_eq!((report.entries, report.unsigned), (300, 10));
}

fn open_large(disk: &MemoryDisk) -> SegmentLog {
    let mut options = options("memory".into());
    options.segment_bytes = 1 << 20;
    options.tiles = true;
    SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap()
}

trait Read {
    fn read(&self, name: &str) -> Vec<u8>;
    fn read_head(&self) -> Vec<u8> {
        self.read("head")
    }
}

impl Read for MemoryDisk {
    fn read(&self, name: &str) -> Vec<u8> {
        use adapters::log::disk::Disk;
        self.read_file(name).unwrap().unwrap()
    }
}

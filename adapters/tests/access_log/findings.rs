//! What `verify` finds in a log of several segments: each region of each file, heads that disagree, leaves that lie.

use std::{ops::Range, sync::Arc};

use adapters::log::{
    LogOptions, SegmentLog, VerifyError, VerifyReport, disk::Disk as _, memory::MemoryDisk, verify::verify_on,
};
use exchange::{
    log::{checkpoint::Checkpoint, merkle::Hash, note::NoteSigner, paths::Head},
    record::leaf::{Kind, Leaf},
};

use crate::{
    naive,
    support::{ORIGIN, append, entry, fill, leaf, options},
};

const HEADER: usize = 28;

fn key() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn verified(disk: &MemoryDisk) -> Result<VerifyReport, VerifyError> {
    verify_on(disk, &key().verifier().to_vkey())
}

/// A closed log of 300 entries over several segments, with its tiles.
fn log() -> MemoryDisk {
    let disk = MemoryDisk::new(1 << 30);
    let log = with_tiles(&disk);
    fill(&log, 0, 300);
    log.close();
    disk
}

fn with_tiles(disk: &MemoryDisk) -> SegmentLog {
    let options = LogOptions { tiles: true, ..options("memory".into()) };
    SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap()
}

fn segment(number: usize) -> String {
    format!("segment-{number:010}.log")
}

fn read(disk: &MemoryDisk, name: &str) -> Vec<u8> {
    disk.read_file(name).unwrap().unwrap()
}

/// Segment and bytes of each entry's frame, found by their lengths alone.
fn frames(disk: &MemoryDisk) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for name in (0..).map(segment).take_while(|name| disk.all_names().contains(name)) {
        let bytes = read(disk, &name);
        let number = |at: usize| usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap();
        let mut at = 64;
        while bytes.get(at..at + 4) == Some(b"IJf1") {
            let end = at + HEADER + number(at + 16) + number(at + 20);
            found.push((name.clone(), at..end));
            at = end;
        }
    }
    found
}

fn index_of(found: Result<VerifyReport, VerifyError>, what: &str) -> u64 {
    match found {
        Err(VerifyError::Entry { index, .. } | VerifyError::Root { index }) => index,
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn a_bit_that_flips_in_any_byte_of_an_entry_is_found_and_the_entry_named() {
    let original = log();
    let frames = frames(&original);
    assert_eq!(frames.len(), 300);
    assert!(frames[299].0 > segment(4), "it should lie in several segments: {}", frames[299].0);
    // The first of a segment, the last of one, one in the midst, the last of all.
    let first_of_second = frames.iter().position(|(name, _)| *name == segment(1)).unwrap();
    for sequence in [0, first_of_second - 1, first_of_second, 100, 299] {
        let (name, range) = &frames[sequence];
        for at in range.clone() {
            let disk = original.copy();
            disk.tamper(name, |bytes| bytes[at] ^= 1 << (at % 8));
            let what = format!("entry {sequence}, byte {}", at - range.start);
            assert_eq!(index_of(verified(&disk), &what), sequence as u64, "{what}");
        }
    }
}

#[test]
fn a_segment_that_is_missing_moved_or_foreign_is_found_at_its_first_entry() {
    let original = log();
    let frames = frames(&original);
    let first_of = |number: usize| frames.iter().position(|(name, _)| *name == segment(number)).unwrap() as u64;
    let check = |what: &str, expected: u64, damage: &dyn Fn(&MemoryDisk)| {
        let disk = original.copy();
        damage(&disk);
        assert_eq!(index_of(verified(&disk), what), expected, "{what}");
    };
    for number in 0..4 {
        check("missing", first_of(number), &|disk| disk.forget(&segment(number)));
        check("empty file", first_of(number), &|disk| disk.tamper(&segment(number), Vec::clear));
        for byte in 0..64 {
            check("a bit of its header", first_of(number), &|disk| disk.tamper(&segment(number), |b| b[byte] ^= 16));
        }
    }
    check("two exchanged", first_of(1), &|disk| {
        let (one, two) = (read(disk, &segment(1)), read(disk, &segment(2)));
        disk.tamper(&segment(1), |bytes| *bytes = two);
        disk.tamper(&segment(2), |bytes| *bytes = one);
    });
    check("the one before twice", first_of(2), &|disk| {
        let before = read(disk, &segment(1));
        disk.tamper(&segment(2), |bytes| *bytes = before);
    });
}

/// A note over a head, by the log's own key: what only the log itself, or a thief of its key, can make.
fn note(size: u64, root: Hash) -> Vec<u8> {
    Checkpoint { origin: ORIGIN.into(), head: Head { size, root } }.sign(&key()).unwrap().into_bytes()
}

/// Leaf hashes of all entries.
fn hashes(disk: &MemoryDisk) -> Vec<Hash> {
    let leaf = |(name, range): &(String, Range<usize>)| {
        let bytes = read(disk, name)[range.clone()].to_vec();
        let length = u32::from_le_bytes(bytes[16..20].try_into().unwrap());
        bytes[HEADER..HEADER + usize::try_from(length).unwrap()].to_vec()
    };
    naive::hashes(&frames(disk).iter().map(leaf).collect::<Vec<_>>())
}

#[test]
fn a_stored_head_that_is_not_that_of_the_entries_is_found_even_under_the_logs_own_key() {
    let original = log();
    let hashes = hashes(&original);
    let root = |size: usize| naive::root(&hashes[..size]);
    let stored = |head: Vec<u8>| {
        let disk = original.copy();
        disk.tamper("head", |bytes| *bytes = head);
        disk.forget("tiles/checkpoint");
        verified(&disk)
    };
    assert_eq!(stored(note(300, root(300))).unwrap().entries, 300);
    assert_eq!(index_of(stored(note(300, root(299))), "another root"), 299);
    assert_eq!(index_of(stored(note(301, root(300))), "more than there is"), 300);
    assert_eq!(index_of(stored(note(200, root(201))), "another root, earlier"), 199);
    // An older head of this log verifies what it covers; how much it leaves out is told.
    let older = stored(note(200, root(200))).unwrap();
    assert_eq!((older.entries, older.unsigned, older.checkpoint_size), (200, 100, 200));
    assert_eq!(stored(note(0, naive::root(&[]))).unwrap().unsigned, 300);
    assert_eq!(index_of(stored(note(0, root(5))), "a root of nothing"), 0);
}

#[test]
fn a_published_head_that_disagrees_with_the_entries_is_found() {
    let original = log();
    let hashes = hashes(&original);
    let root = |size: usize| naive::root(&hashes[..size]);
    let published = |head: Vec<u8>| {
        let disk = original.copy();
        disk.tamper("tiles/checkpoint", |bytes| *bytes = head);
        verified(&disk)
    };
    assert_eq!(published(note(300, root(300))).unwrap().entries, 300);
    // Published less than is signed: the signer is ahead of the tiles for a moment in every log in use.
    assert_eq!(published(note(256, root(256))).unwrap().entries, 300);
    for (size, wrong) in [(300, root(299)), (256, root(255)), (1, root(2)), (0, root(1))] {
        let found = published(note(size, wrong));
        assert!(matches!(found, Err(VerifyError::Checkpoint(_))), "{size}: {found:?}");
    }
    let ahead = published(note(301, root(300)));
    assert!(matches!(ahead, Err(VerifyError::Replayed { index: 300 })), "{ahead:?}");
    let foreign = NoteSigner::from_seed(ORIGIN, &[8; 32]).unwrap();
    let head = Head { size: 300, root: root(300) };
    let foreign = Checkpoint { origin: ORIGIN.into(), head }.sign(&foreign).unwrap().into_bytes();
    for head in [foreign, b"not a note".to_vec(), Vec::new(), vec![0xFF; 40]] {
        assert!(matches!(published(head), Err(VerifyError::Checkpoint(_))));
    }
}

#[test]
fn a_changed_bit_of_any_published_file_is_found_there() {
    let original = log();
    let names: Vec<String> = original.all_names().into_iter().filter(|name| name.starts_with("tiles/tile/")).collect();
    assert_eq!(names.len(), 2 + 2 + 1);
    for name in &names {
        let length = read(&original, name).len();
        for at in (0..length).step_by(101).chain([1, 2, length - 1]) {
            let disk = original.copy();
            disk.tamper(name, |bytes| bytes[at] ^= 1);
            let found = verified(&disk);
            let Err(VerifyError::Tile { path, index }) = &found else { panic!("{name} byte {at}: {found:?}") };
            assert_eq!(path, name, "byte {at}");
            let expected = match name.as_str() {
                "tiles/tile/0/000" => at / 32,
                "tiles/tile/0/001.p/44" => 256 + at / 32,
                "tiles/tile/1/000.p/1" => 0,
                // Of a bundle the entry depends on the lengths before it.
                _ => usize::try_from(*index).unwrap(),
            };
            assert_eq!(*index, expected as u64, "{name} byte {at}");
        }
        for change in [Vec::clear as fn(&mut Vec<u8>), |bytes| bytes.truncate(bytes.len() - 1), |bytes| bytes.push(0)] {
            let disk = original.copy();
            disk.tamper(name, change);
            assert!(matches!(verified(&disk), Err(VerifyError::Tile { path, .. }) if path == *name), "{name}");
        }
        // Not published yet, or pruned: the segments alone prove the log.
        let disk = original.copy();
        disk.forget(name);
        let report = verified(&disk).unwrap();
        assert_eq!((report.entries, report.tiles), (300, 4), "{name}");
    }
}

#[test]
fn the_entry_of_a_changed_byte_of_a_bundle_is_named() {
    let original = log();
    let bundle = read(&original, "tiles/tile/entries/001.p/44");
    let mut begin = 0;
    for entry in 256..300_u64 {
        let length = usize::from(u16::from_be_bytes([bundle[begin], bundle[begin + 1]]));
        for at in [begin + 1, begin + 2, begin + 1 + length] {
            let disk = original.copy();
            disk.tamper("tiles/tile/entries/001.p/44", |bytes| bytes[at] ^= 1);
            let found = verified(&disk);
            assert!(matches!(found, Err(VerifyError::Tile { index, .. }) if index == entry), "{entry}: {found:?}");
        }
        begin += 2 + length;
    }
    assert_eq!(begin, bundle.len());
}

/// Puts another leaf of the same length into entry `sequence`, its checksum mended.
fn replace_leaf(disk: &MemoryDisk, sequence: usize, change: &dyn Fn(&[u8]) -> Vec<u8>) {
    let (name, range) = frames(disk)[sequence].clone();
    disk.tamper(&name, |bytes| {
        let frame = &mut bytes[range];
        let length = usize::try_from(u32::from_le_bytes(frame[16..20].try_into().unwrap())).unwrap();
        let changed = change(&frame[HEADER..HEADER + length]);
        frame[HEADER..HEADER + length].copy_from_slice(&changed);
        let crc = crc32c::crc32c(&frame[8..]);
        frame[4..8].copy_from_slice(&crc.to_le_bytes());
    });
}

#[test]
fn a_leaf_that_is_not_what_it_says_is_found_before_any_root_is_compared() {
    let original = log();
    let check = |what: &str, expected: &str, change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let disk = original.copy();
        replace_leaf(&disk, 40, change);
        match verified(&disk) {
            Err(VerifyError::Entry { index: 40, why }) => assert!(why.contains(expected), "{what}: {why}"),
            other => panic!("{what}: {other:?}"),
        }
    };
    check("noise", "not in its one form", &|leaf| vec![0xFF; leaf.len()]);
    check("cut short inside", "not in its one form", &|leaf| [&leaf[..leaf.len() - 1], &[0xF6]].concat());
    check("another place", "names another place", &|leaf| {
        let moved = Leaf { sequence: 41, ..Leaf::from_bytes(leaf).unwrap() };
        moved.to_bytes()
    });
    check("another request", "published for", &|leaf| {
        let forged = Leaf { request: "request-41".into(), ..Leaf::from_bytes(leaf).unwrap() };
        forged.to_bytes()
    });
    check("another kind", "published for", &|leaf| {
        let forged = Leaf { kind: Kind::Intent, ..Leaf::from_bytes(leaf).unwrap() };
        forged.to_bytes()
    });
    // Without tiles nothing tells which entry it was, only that the root is another.
    let disk = original.copy();
    disk.all_names().iter().filter(|name| name.starts_with("tiles/")).for_each(|name| disk.forget(name));
    replace_leaf(&disk, 40, &|leaf| Leaf { amount: 2_499, ..Leaf::from_bytes(leaf).unwrap() }.to_bytes());
    assert!(matches!(verified(&disk), Err(VerifyError::Root { index: 299 })));
}

#[test]
fn an_old_head_is_told_by_the_time_of_what_it_leaves_out() {
    let check = |late_us: i64, replayed: bool| {
        let disk = log();
        let (old, published) = (read(&disk, "head"), read(&disk, "tiles/checkpoint"));
        let log = with_tiles(&disk);
        let mut late = entry(300);
        append(&log, late.clone()).unwrap();
        late.leaf = Leaf { at: leaf(300).at + late_us, ..leaf(301) };
        append(&log, late).unwrap();
        log.close();
        disk.tamper("head", |bytes| *bytes = old);
        disk.tamper("tiles/checkpoint", |bytes| *bytes = published);
        match verified(&disk) {
            Ok(report) => assert_eq!((report.unsigned, replayed), (2, false), "{late_us}"),
            Err(VerifyError::Replayed { index: 300 }) => assert!(replayed, "{late_us}"),
            other => panic!("{late_us}: {other:?}"),
        }
    };
    check(0, false);
    check(60_000_000, false);
    check(60_000_001, true);
    check(86_400_000_000, true);
    // A clock that was set back proves nothing about the head.
    check(-3_600_000_000, false);
}

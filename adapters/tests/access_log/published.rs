//! Published tiles, read by the rules of C2SP tlog-tiles alone: names, widths, bundles, hashes.

use std::{collections::BTreeMap, io::ErrorKind, sync::Arc};

use adapters::log::{LogOptions, SegmentLog, disk::Disk as _, memory::MemoryDisk};
use exchange::{
    log::{checkpoint::Checkpoint, merkle::Hash, note::NoteVerifier},
    ports::record_log::RecordLog,
};

use crate::{
    faulty::{FaultyDisk, Op},
    naive,
    support::{fill, open, options},
};

const ROOT: &str = "tiles/";

/// What a reader of the log's public folder finds, by path.
fn folder(disk: &MemoryDisk) -> BTreeMap<String, Vec<u8>> {
    let names = disk.all_names();
    let published = names.iter().filter_map(|name| Some((name, name.strip_prefix(ROOT)?)));
    published.map(|(name, path)| (path.to_owned(), disk.read_file(name).unwrap().unwrap())).collect()
}

/// The specification's path of a tile below a thousand.
fn path(kind: &str, index: usize, width: usize) -> String {
    let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
    format!("tile/{kind}/{index:03}{partial}")
}

/// The files that a tree of these entries has, without those of smaller trees.
fn expected(entries: &[Vec<u8>]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (index, chunk) in entries.chunks(256).enumerate() {
        let bundle: Vec<u8> = chunk
            .iter()
            .flat_map(|entry| [&u16::try_from(entry.len()).unwrap().to_be_bytes()[..], entry].concat())
            .collect();
        files.insert(path("entries", index, chunk.len()), bundle);
    }
    let (mut level, mut hashes) = (0, naive::hashes(entries));
    while !hashes.is_empty() {
        for (index, chunk) in hashes.chunks(256).enumerate() {
            files.insert(path(&level.to_string(), index, chunk.len()), chunk.concat());
        }
        // Only whole tiles have a hash in the level above.
        hashes = hashes.chunks_exact(256).map(naive::root).collect();
        level += 1;
    }
    files
}

/// A tile's file; a partial one may be gone once the full one stands, which begins in the same way.
fn fetch<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Option<&'a [u8]> {
    let full = || files.get(name.split_once(".p/")?.0);
    files.get(name).or_else(full).map(Vec::as_slice)
}

/// Entries of the bundles of a tree of `size`, as a reader without any of our code splits them.
fn entries(files: &BTreeMap<String, Vec<u8>>, size: usize) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - index * 256).min(256);
        let mut rest = fetch(files, &path("entries", index, width)).unwrap();
        while let ([high, low, after @ ..], true) = (rest, entries.len() < index * 256 + width) {
            let (entry, next) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            entries.push(entry.to_vec());
            rest = next;
        }
        assert_eq!(entries.len(), index * 256 + width, "bundle {index}");
    }
    entries
}

/// The published head's size, if there is one; everything that it covers must stand and be right.
fn check_published(disk: &MemoryDisk, log: &SegmentLog, what: &str) -> Option<usize> {
    let files = folder(disk);
    let note = String::from_utf8(files.get("checkpoint")?.clone()).unwrap();
    let head = Checkpoint::open(&note, &NoteVerifier::parse(&log.verifier_key()).unwrap()).unwrap().head;
    let size = usize::try_from(head.size).unwrap();
    let found = entries(&files, size);
    assert_eq!(found.len(), size, "{what}");
    assert_eq!(naive::root(&naive::hashes(&found)), head.root, "{what}");
    for (name, bytes) in expected(&found) {
        assert!(fetch(&files, &name).is_some_and(|found| found.starts_with(&bytes)), "{what}: {name}");
    }
    let stored: Vec<Vec<u8>> = log.read(0, size).unwrap().into_iter().map(|entry| entry.leaf).collect();
    assert_eq!(found, stored, "{what}");
    Some(size)
}

#[test]
fn the_public_folder_is_that_of_the_specification_at_every_size() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    let mut from = 0;
    for size in [0_usize, 1, 2, 3, 100, 255, 256, 257, 400, 511, 512, 513, 600, 768] {
        fill(&log, from, size as u64);
        from = size as u64;
        let note = log.checkpoint().unwrap();
        assert_eq!(log.write_tiles(), Ok(true), "{size}");
        assert_eq!(check_published(&disk, &log, &format!("size {size}")), Some(size));
        let files = folder(&disk);
        assert_eq!(files["checkpoint"], note.as_bytes(), "{size}");
        let stored: Vec<Vec<u8>> = log.read(0, size).unwrap().into_iter().map(|entry| entry.leaf).collect();
        for (name, bytes) in expected(&stored) {
            assert_eq!(files.get(&name), Some(&bytes), "{size}: {name}");
        }
        // Partial tiles of smaller trees may stand, but not beside the full tile that took their place.
        for name in files.keys() {
            let Some((tile, width)) = name.split_once(".p/") else { continue };
            assert!(!files.contains_key(tile), "{size}: {name}");
            assert!((1..256).contains(&width.parse::<u64>().unwrap()), "{size}: {name}");
        }
    }
}

#[test]
fn a_head_is_published_only_when_all_of_its_tiles_stand() {
    for nth in 1..14 {
        let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
        let log = SegmentLog::open_on(options("memory".into()), Arc::new(disk.clone())).unwrap();
        fill(&log, 0, 260);
        log.checkpoint().unwrap();
        log.write_tiles().unwrap();
        fill(&log, 260, 600);
        log.checkpoint().unwrap();
        disk.fail(Op::PutDerived, nth, ErrorKind::Other);
        let written = log.write_tiles();
        let size = check_published(&disk.inner, &log, &format!("write {nth}"));
        assert_eq!(size, Some(if written.is_ok() { 600 } else { 260 }), "write {nth}");
        assert_eq!(written.is_err(), disk.struck());
        assert_eq!(log.write_tiles(), Ok(true));
        assert_eq!(check_published(&disk.inner, &log, "again"), Some(600));
    }
}

#[test]
fn a_start_mends_published_files_that_were_changed_or_lost() {
    let disk = MemoryDisk::new(1 << 30);
    let with_tiles = || {
        let options = LogOptions { tiles: true, ..options("memory".into()) };
        SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap()
    };
    let log = with_tiles();
    fill(&log, 0, 600);
    log.close();
    let whole = folder(&disk);
    assert_eq!(whole.len(), 3 + 3 + 1 + 1, "three bundles, three tiles, one above, the head");
    for name in whole.keys() {
        for lost in [true, false] {
            let name = format!("{ROOT}{name}");
            if lost {
                disk.forget(&name);
            } else {
                disk.tamper(&name, |bytes| bytes[7] ^= 1);
            }
            let log = with_tiles();
            assert_eq!(log.write_tiles(), Ok(true), "{name}");
            log.close();
            assert_eq!(folder(&disk), whole, "{name}, lost: {lost}");
        }
    }
}

#[test]
fn no_leaf_below_the_signed_size_is_missing_and_none_above_it_is_published() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 300);
    log.checkpoint().unwrap();
    // Durable, but nobody has signed for them yet.
    fill(&log, 300, 520);
    assert_eq!(log.write_tiles(), Ok(true));
    assert_eq!(check_published(&disk, &log, "before the next head"), Some(300));
    let files = folder(&disk);
    let beyond: Vec<&String> =
        files.keys().filter(|name| name.ends_with("entries/001") || name.contains("002")).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
}

/// The hash of a whole tile, read from its own file, is the hash that the tile above holds of it.
#[test]
fn a_reader_climbs_from_any_entry_to_the_root_by_tiles_alone() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 900);
    log.checkpoint().unwrap();
    log.write_tiles().unwrap();
    let files = folder(&disk);
    let hashes =
        |name: &str| -> Vec<Hash> { files[name].chunks_exact(32).map(|hash| Hash::try_from(hash).unwrap()).collect() };
    let above = hashes("tile/1/000.p/3");
    for (index, expected) in above.iter().enumerate() {
        assert_eq!(naive::root(&hashes(&format!("tile/0/{index:03}"))), *expected, "tile {index}");
    }
    for sequence in [0_u64, 255, 256, 767, 768, 899] {
        let index = usize::try_from(sequence).unwrap();
        let tile = hashes(&path("0", index / 256, if index < 768 { 256 } else { 132 }));
        let mut climbed = naive::path(index % 256, &tile);
        if index < 768 {
            let mut upper = above.clone();
            upper.push(naive::root(&hashes("tile/0/003.p/132")));
            climbed.extend(naive::path(index / 256, &upper));
        } else {
            // The unfinished tile stands to the right of all whole ones.
            climbed.push(above[2]);
            climbed.push(naive::root(&above[..2]));
        }
        assert_eq!(log.prove(sequence).unwrap().path, climbed, "{sequence}");
    }
}

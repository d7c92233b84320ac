//! Tiles: the paths and encodings of C2SP's tlog-tiles, and how tiles and the tree agree.

use std::collections::HashSet;

use exchange::log::{
    merkle::{leaf_hash, node_hash, range_root},
    tiles::{BundleError, TILE_WIDTH, append_entry, bundle_path, decode_bundle, encode_tile, hashes_at, tile_path},
};
use proptest::prelude::*;

use crate::tree::{entries, log_of};

/// Reads a place back as the specification writes it: groups of three digits, all but the last behind an `x`, then
/// `.p/` and the width of a partial tile.
fn place(path: &str) -> Option<(u64, u64)> {
    let (index, width) = match path.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (path, 256),
    };
    let groups: Vec<&str> = index.split('/').collect();
    let mut value = 0;
    for (at, group) in groups.iter().enumerate() {
        let digits = if at + 1 < groups.len() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 {
            return None;
        }
        value = value * 1_000 + digits.parse::<u64>().ok()?;
    }
    Some((value, width))
}

#[test]
fn paths_are_those_of_the_specification() {
    let check = |got: String, expected: &str| assert_eq!(got, expected);
    check(tile_path(0, 0, 256), "tile/0/000");
    check(tile_path(0, 999, 256), "tile/0/999");
    check(tile_path(0, 1_000, 256), "tile/0/x001/000");
    check(tile_path(3, 1_234_067, 256), "tile/3/x001/x234/067");
    check(tile_path(0, 999_999_999, 256), "tile/0/x999/x999/999");
    check(tile_path(0, 1_000_000_000, 256), "tile/0/x001/x000/x000/000");
    check(tile_path(7, 0, 255), "tile/7/000.p/255");
    check(tile_path(1, 1_000, 1), "tile/1/x001/000.p/1");
    check(bundle_path(0, 256), "tile/entries/000");
    check(bundle_path(999_999, 256), "tile/entries/x999/999");
    check(bundle_path(1_000, 17), "tile/entries/x001/000.p/17");
}

#[test]
fn a_tree_has_a_level_of_tiles_for_each_factor_of_256() {
    for size in [0, 1, 255, 256, 257, 65_535, 65_536, 70_000, 16_777_216, u64::MAX] {
        for level in 0..10 {
            let by_division = u128::from(size) / 256_u128.pow(level);
            assert_eq!(u128::from(hashes_at(level, size)), by_division, "level {level} of {size}");
        }
    }
    assert_eq!(hashes_at(u32::MAX, u64::MAX), 0, "no level is too high to ask for");
}

#[test]
fn the_hashes_of_a_full_tile_make_one_hash_of_the_level_above() {
    let all = entries(600);
    let source = log_of(&all);
    let leaves: Vec<_> = all.iter().map(|entry| leaf_hash(entry)).collect();
    let full = usize::try_from(hashes_at(1, 600)).unwrap();
    assert_eq!(full, 2);
    for (index, tile) in leaves.chunks_exact(256).enumerate() {
        let bytes = encode_tile(tile);
        assert_eq!(bytes.len(), 256 * 32);
        // Fold the tile pair by pair, from its bytes alone.
        let mut row: Vec<[u8; 32]> = bytes.chunks(32).map(|hash| hash.try_into().unwrap()).collect();
        while row.len() > 1 {
            row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        let above = source(8, index as u64);
        assert_eq!(Some(row[0]), above, "tile {index}");
        assert_eq!(range_root(&source, index as u64 * 256, (index as u64 + 1) * 256), above, "tile {index}");
    }
}

#[test]
fn a_partial_tile_is_a_prefix_of_the_full_one() {
    let leaves: Vec<_> = entries(256).iter().map(|entry| leaf_hash(entry)).collect();
    let full = encode_tile(&leaves);
    for width in [1, 2, 112, 255] {
        assert_eq!(encode_tile(&leaves[..width]), full[..width * 32], "{width}");
    }
    assert!(encode_tile(&[]).is_empty());
}

#[test]
fn an_entry_stands_behind_its_length_in_two_bytes() {
    let mut bundle = Vec::new();
    append_entry(&mut bundle, b"abc").unwrap();
    append_entry(&mut bundle, b"").unwrap();
    append_entry(&mut bundle, &[1; 256]).unwrap();
    assert_eq!(bundle[..8], [0, 3, b'a', b'b', b'c', 0, 0, 1]);
    assert_eq!(bundle.len(), 2 + 3 + 2 + 2 + 256);
    assert_eq!(bundle[7..9], [1, 0], "256 is written high byte first");
}

#[test]
fn an_entry_that_is_too_long_leaves_the_bundle_as_it_was() {
    let mut bundle = Vec::new();
    append_entry(&mut bundle, b"first").unwrap();
    let before = bundle.clone();
    assert_eq!(append_entry(&mut bundle, &vec![0; 65_536]), Err(BundleError::TooLong));
    assert_eq!(bundle, before);
    append_entry(&mut bundle, &vec![0; 65_535]).unwrap();
    assert_eq!(decode_bundle(&bundle).unwrap().iter().map(|entry| entry.len()).collect::<Vec<_>>(), [5, 65_535]);
}

#[test]
fn a_bundle_cut_off_anywhere_loses_its_last_entry_and_no_other() {
    let written: [&[u8]; 4] = [b"one", b"", b"three", b"x"];
    let (mut bundle, mut ends) = (Vec::new(), vec![0]);
    for entry in written {
        append_entry(&mut bundle, entry).unwrap();
        ends.push(bundle.len());
    }
    for at in 0..=bundle.len() {
        let expected = match ends.iter().position(|end| *end == at) {
            Some(whole) => Ok(written[..whole].to_vec()),
            None => Err(BundleError::CutOff),
        };
        assert_eq!(decode_bundle(&bundle[..at]), expected, "cut at {at}");
    }
}

#[test]
fn every_place_of_a_small_log_has_a_path_of_its_own() {
    let mut seen = HashSet::new();
    for index in 0..1_200 {
        for width in [1, 10, 255, TILE_WIDTH] {
            assert!(seen.insert(tile_path(0, index, width)), "tile {index} {width}");
            assert!(seen.insert(tile_path(1, index, width)), "tile of level 1, {index} {width}");
            assert!(seen.insert(bundle_path(index, width)), "bundle {index} {width}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_path_reads_back_as_its_place(level in 0_u32..8, index: u64, width in 1_u64..=256) {
        let tile = tile_path(level, index, width);
        let prefix = format!("tile/{level}/");
        prop_assert_eq!(tile.strip_prefix(prefix.as_str()).and_then(place), Some((index, width)));
        let bundle = bundle_path(index, width);
        prop_assert_eq!(bundle.strip_prefix("tile/entries/").and_then(place), Some((index, width)));
    }

    #[test]
    fn a_bundle_gives_back_what_was_put_in(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let mut bundle = Vec::new();
        for entry in &entries {
            append_entry(&mut bundle, entry).unwrap();
        }
        let read = decode_bundle(&bundle).unwrap();
        prop_assert_eq!(read, entries.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_a_bundle_of_one_form_or_none(bytes in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..60)) {
        if let Ok(entries) = decode_bundle(&bytes) {
            let mut again = Vec::new();
            for entry in entries {
                append_entry(&mut again, entry).unwrap();
            }
            prop_assert_eq!(again, bytes);
        }
    }
}

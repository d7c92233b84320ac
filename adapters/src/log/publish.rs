//! Derives what third-party tools read: C2SP hash tiles, entry bundles and the checkpoint, under `tiles/`.
//!
//! Everything here can be made again from the segments, so it is not synced: each start compares it with the log once
//! more, in the background, and writes what differs.

use std::{io, sync::Mutex};

use exchange::log::{
    merkle::Hash,
    tiles::{self, TILE_HEIGHT, TILE_WIDTH},
};

use super::{held, limits, signer::Signed, store::Store};

/// Folder of what is derived.
pub(super) const FOLDER: &str = "tiles";

/// How far the tiles are written.
#[derive(Debug, Default)]
pub(super) struct Publisher(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    /// Full tiles of level 0 that were written or found right since the start.
    full: u64,
    /// Size of the published checkpoint.
    size: u64,
}

impl Publisher {
    /// Writes the tiles of a signed tree, at most [`limits::TILES_PER_PASS`] full ones; the checkpoint follows once all
    /// of its tiles stand. `true` when they do.
    ///
    /// # Errors
    /// As the host reports; the next pass tries again.
    pub fn pass(&self, store: &Store, signed: &Signed) -> io::Result<bool> {
        let mut progress = held(&self.0);
        let size = signed.tree.size();
        let last = (size / TILE_WIDTH).min(progress.full + limits::TILES_PER_PASS);
        while progress.full < last {
            full_tiles(store, progress.full)?;
            progress.full += 1;
        }
        if progress.full < size / TILE_WIDTH {
            return Ok(false);
        }
        if progress.size < size || size == 0 {
            partial_tiles(store, size)?;
            put(store, "checkpoint", signed.note.as_bytes())?;
            progress.size = size;
        }
        Ok(true)
    }
}

/// Writes one full tile of level 0, its bundle, and the tiles above that it fills.
fn full_tiles(store: &Store, tile: u64) -> io::Result<()> {
    let first = tile * TILE_WIDTH;
    leaf_tile(store, first, first + TILE_WIDTH)?;
    let (mut level, mut filled) = (1, tile + 1);
    while filled.is_multiple_of(TILE_WIDTH) {
        filled /= TILE_WIDTH;
        upper_tile(store, level, filled - 1, TILE_WIDTH)?;
        level += 1;
    }
    Ok(())
}

/// Writes the unfinished tile of each level.
fn partial_tiles(store: &Store, size: u64) -> io::Result<()> {
    if !size.is_multiple_of(TILE_WIDTH) {
        leaf_tile(store, size - size % TILE_WIDTH, size)?;
    }
    for level in 1.. {
        let hashes = tiles::hashes_at(level, size);
        if hashes == 0 {
            break;
        }
        if !hashes.is_multiple_of(TILE_WIDTH) {
            upper_tile(store, level, hashes / TILE_WIDTH, hashes % TILE_WIDTH)?;
        }
    }
    Ok(())
}

/// Writes the tile and the bundle of the entries `from..to`, all of one tile.
fn leaf_tile(store: &Store, from: u64, to: u64) -> io::Result<()> {
    let (index, width) = (from / TILE_WIDTH, to - from);
    let (mut bundle, mut fits) = (Vec::new(), Ok(()));
    store.each(from, to, |frame| fits = fits.and(tiles::append_entry(&mut bundle, frame.leaf)))?;
    fits.map_err(io::Error::other)?;
    let hashes = recent_hashes(store, index, width).map_or_else(|| store.leaf_hashes(from, to), Ok)?;
    put(store, &tiles::bundle_path(index, width), &bundle)?;
    put(store, &tiles::tile_path(0, index, width), &tiles::encode_tile(&hashes))?;
    if width == TILE_WIDTH {
        remove_partials(store, &tiles::bundle_path(index, width))?;
        remove_partials(store, &tiles::tile_path(0, index, width))?;
    }
    Ok(())
}

/// Leaf hashes of a recent tile: hashed already when they were written, and again before they were signed.
fn recent_hashes(store: &Store, tile: u64, width: u64) -> Option<Vec<Hash>> {
    store.tree().tile(tile)?.get(..usize::try_from(width).ok()?).map(<[Hash]>::to_vec)
}

/// Writes a tile above level 0: the roots of full tiles below.
fn upper_tile(store: &Store, level: u32, index: u64, width: u64) -> io::Result<()> {
    let first = index * TILE_WIDTH;
    let hashes: Option<Vec<Hash>> = {
        let tree = store.tree();
        (first..first + width).map(|place| tree.row(level * TILE_HEIGHT, place)).collect()
    };
    let hashes = hashes.ok_or_else(|| io::Error::other("a hash of the tree is missing"))?;
    let path = tiles::tile_path(level, index, width);
    put(store, &path, &tiles::encode_tile(&hashes))?;
    if width == TILE_WIDTH { remove_partials(store, &path) } else { Ok(()) }
}

/// A full tile takes the place of its partial ones.
fn remove_partials(store: &Store, path: &str) -> io::Result<()> {
    store.disk.remove_derived(&format!("{FOLDER}/{path}.p"))
}

/// Writes a derived file unless it stands already as it should.
fn put(store: &Store, path: &str, bytes: &[u8]) -> io::Result<()> {
    let name = format!("{FOLDER}/{path}");
    if store.disk.read_file(&name)?.as_deref() == Some(bytes) {
        return Ok(());
    }
    store.disk.put_derived(&name, bytes)
}

//! C2SP tlog-tiles: paths and encodings of hash tiles and entry bundles.

use super::merkle::Hash;

/// Hashes of a full tile and entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// Tree levels that one tile spans.
pub const TILE_HEIGHT: u32 = 8;

/// Why bytes are not a bundle, or entries cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than its 16-bit length can say.
    #[error("entry is longer than 65535 bytes")]
    TooLong,
    /// The bytes end inside an entry.
    #[error("bundle ends inside an entry")]
    CutOff,
}

/// Path of a hash tile such as `tile/0/x001/x234/067` or, `width` hashes wide, `tile/1/000.p/17`.
#[must_use]
pub fn tile_path(level: u32, index: u64, width: u64) -> String {
    format!("tile/{level}/{}", place(index, width))
}

/// Path of an entry bundle such as `tile/entries/x001/067` or `tile/entries/000.p/17`.
#[must_use]
pub fn bundle_path(index: u64, width: u64) -> String {
    format!("tile/entries/{}", place(index, width))
}

fn place(index: u64, width: u64) -> String {
    let mut text = format!("{:03}", index % 1_000);
    let mut rest = index / 1_000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1_000);
        rest /= 1_000;
    }
    if width < TILE_WIDTH { format!("{text}.p/{width}") } else { text }
}

/// Hashes that stand at a tile level in a tree of `size` entries: `floor(size / 256^level)`.
#[must_use]
pub fn hashes_at(level: u32, size: u64) -> u64 {
    size.checked_shr(TILE_HEIGHT.saturating_mul(level)).unwrap_or(0)
}

/// A tile's bytes: its hashes one after another.
#[must_use]
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// Appends one entry to a bundle.
///
/// # Errors
/// [`BundleError::TooLong`].
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle.
///
/// # Errors
/// [`BundleError::CutOff`].
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(BundleError::CutOff)?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(BundleError::CutOff)?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let check = |got: String, expected| assert_eq!(got, expected);
        check(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        check(tile_path(0, 0, 256), "tile/0/000");
        check(tile_path(2, 0, 1), "tile/2/000.p/1");
        check(bundle_path(1_000, 256), "tile/entries/x001/000");
        check(bundle_path(273, 112), "tile/entries/273.p/112");
    }

    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() {
        let check = |level, size, full_and_partial| {
            let hashes = hashes_at(level, size);
            assert_eq!((hashes / TILE_WIDTH, hashes % TILE_WIDTH), full_and_partial, "level {level} of {size}");
        };
        check(0, 70_000, (273, 112));
        check(1, 70_000, (1, 17));
        check(2, 70_000, (0, 1));
        check(1, 256, (0, 1));
        check(8, u64::MAX, (0, 0));
    }

    #[test]
    fn a_bundle_gives_its_entries_back() {
        let mut bundle = Vec::new();
        let longest = vec![7; 65_535];
        let entries: [&[u8]; 3] = [b"one", b"", &longest];
        for entry in entries {
            append_entry(&mut bundle, entry).unwrap();
        }
        assert_eq!(decode_bundle(&bundle).unwrap(), entries);
        assert_eq!(decode_bundle(&bundle[..bundle.len() - 1]), Err(BundleError::CutOff));
        assert_eq!(decode_bundle(&[0]), Err(BundleError::CutOff));
        assert_eq!(append_entry(&mut bundle, &vec![0; 65_536]), Err(BundleError::TooLong));
    }
}

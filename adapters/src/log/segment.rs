//! A segment's name and header.

use aws_lc_rs::digest;

/// Bytes before a segment's first frame.
pub(super) const HEADER_BYTES: u64 = 64;

const MAGIC: [u8; 16] = *b"ijazat-segment-1";
const PREFIX: &str = "segment-";
const SUFFIX: &str = ".log";

/// Name of segment `number`; sorted names are in order up to ten digits.
pub(super) fn name(number: u64) -> String {
    format!("{PREFIX}{number:010}{SUFFIX}")
}

/// The number in a segment's name; `None` for any other file.
pub(super) fn number(name: &str) -> Option<u64> {
    let parsed = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()?;
    (self::name(parsed) == name).then_some(parsed)
}

/// First bytes of segment `number` of the log `origin`: a file cannot pass for another place's or another log's.
pub(super) fn header(origin: &str, number: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(digest::digest(&digest::SHA256, origin.as_bytes()).as_ref());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.resize(usize::try_from(HEADER_BYTES).unwrap_or_default(), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_its_number_back() {
        let check = |text: &str, expected| assert_eq!(number(text), expected, "{text}");
        check(&name(0), Some(0));
        check(&name(1_234), Some(1_234));
        check("segment-0000000001.log.tmp", None);
        check("segment-1.log", None);
        check("head", None);
    }

    #[test]
    fn a_header_is_of_one_log_and_one_place() {
        assert_eq!(header("a", 1).len() as u64, HEADER_BYTES);
        assert_ne!(header("a", 1), header("a", 2));
        assert_ne!(header("a", 1), header("b", 1));
    }
}

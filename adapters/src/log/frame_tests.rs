//! A frame's header at each of its bounds, cut at each byte, one behind another.

use proptest::prelude::*;

use super::*;

fn encoded(frame: Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(&mut bytes, frame);
    bytes
}

fn header(bytes: &[u8]) -> Header {
    match start(bytes.first_chunk().unwrap()) {
        Start::Header(header) => header,
        other => panic!("{other:?}"),
    }
}

fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    match start(bytes.first_chunk().unwrap()) {
        Start::Header(header) => whole(header, bytes),
        Start::Nothing | Start::Garbage => None,
    }
}

#[test]
fn a_frame_reads_back_and_breaks_with_any_bit() {
    let frame = Frame { sequence: 77, back: 3, leaf: b"leaf", side: b"side record" };
    let mut bytes = b"before".to_vec();
    append(&mut bytes, frame);
    let bytes = bytes.split_off(6);
    assert_eq!(bytes.len(), bytes_of(frame.leaf, frame.side));
    assert_eq!(read(&bytes), Some(frame));
    for bit in 0..bytes.len() * 8 {
        let mut broken = bytes.clone();
        broken[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read(&broken), None, "bit {bit}");
    }
}

#[test]
fn the_layout_is_the_one_that_is_written_down() {
    let bytes = encoded(Frame { sequence: 0x0102_0304_0506_0708, back: 0x0201, leaf: b"lf", side: b"sid" });
    assert_eq!(bytes[..4], *b"IJf1");
    let crc = crc32c::crc32c(&bytes[8..]);
    assert_eq!(bytes[4..8], crc.to_le_bytes());
    assert_eq!(bytes[8..16], [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(bytes[16..28], [2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 0, 0]);
    assert_eq!(bytes[28..], *b"lfsid");
}

#[test]
fn lengths_and_batches_are_possible_up_to_their_bounds_and_not_one_beyond() {
    let check = |at: usize, value: u32, possible: bool| {
        let mut bytes = encoded(Frame { sequence: 1, back: 0, leaf: b"leaf", side: b"side" });
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let found = start(bytes.first_chunk().unwrap());
        assert_eq!(matches!(found, Start::Header(_)), possible, "{value} at {at}");
        assert_eq!(found == Start::Garbage, !possible, "{value} at {at}");
    };
    let number = |number: usize| u32::try_from(number).unwrap();
    for (at, most) in [(16, number(LEAF_BYTES_MAX)), (20, number(SIDE_BYTES_MAX)), (24, number(LOG_BATCH_MAX - 1))] {
        check(at, 0, true);
        check(at, most, true);
        check(at, most + 1, false);
        check(at, u32::MAX, false);
    }
}

#[test]
fn only_a_header_of_nothing_but_zeros_is_nothing() {
    assert_eq!(start(&[0; HEADER_BYTES]), Start::Nothing);
    for at in 0..HEADER_BYTES {
        let mut bytes = [0; HEADER_BYTES];
        bytes[at] = 1;
        assert_eq!(start(&bytes), Start::Garbage, "byte {at}");
    }
    for at in 0..4 {
        let mut bytes = encoded(Frame { sequence: 1, back: 0, leaf: b"leaf", side: b"" });
        bytes[at] = bytes[at].wrapping_add(1);
        assert_eq!(start(bytes.first_chunk().unwrap()), Start::Garbage, "magic byte {at}");
    }
}

#[test]
fn a_frame_cut_at_any_byte_is_not_whole() {
    let bytes = encoded(Frame { sequence: 9, back: 2, leaf: b"a leaf", side: b"and its side record" });
    let header = header(&bytes);
    assert_eq!(header.frame_bytes(), bytes.len());
    for length in 0..bytes.len() {
        assert_eq!(whole(header, &bytes[..length]), None, "{length} bytes");
        assert_eq!(split(header, &bytes[..length]), None, "{length} bytes");
    }
    // What follows is the next frame's affair.
    let longer = [&bytes[..], b"more"].concat();
    assert_eq!(whole(header, &longer), whole(header, &bytes));
}

#[test]
fn another_headers_checksum_or_lengths_do_not_fit() {
    let bytes = encoded(Frame { sequence: 9, back: 2, leaf: b"a leaf", side: b"side" });
    let right = header(&bytes);
    assert!(whole(right, &bytes).is_some());
    for wrong in [
        Header { crc: right.crc ^ 1, ..right },
        Header { leaf_bytes: right.leaf_bytes - 1, ..right },
        Header { side_bytes: right.side_bytes - 1, ..right },
        Header { side_bytes: right.side_bytes + 1, ..right },
    ] {
        assert_eq!(whole(wrong, &bytes), None, "{wrong:?}");
    }
}

#[test]
fn the_border_between_leaf_and_side_record_is_part_of_what_is_checked() {
    // The same bytes behind the header, cut elsewhere, are another frame.
    let one = encoded(Frame { sequence: 1, back: 0, leaf: b"ab", side: b"c" });
    let other = encoded(Frame { sequence: 1, back: 0, leaf: b"a", side: b"bc" });
    assert_eq!(one[28..], other[28..]);
    assert_ne!(header(&one).crc, header(&other).crc);
    assert_eq!(whole(header(&one), &other), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn frames_behind_one_another_read_back_and_are_as_long_as_foretold(
        frames in proptest::collection::vec(
            (any::<u64>(), 0_u32..1_024, proptest::collection::vec(any::<u8>(), 0..300),
                proptest::collection::vec(any::<u8>(), 0..300)),
            1..8
        )
    ) {
        let mut bytes = Vec::new();
        let mut foretold = 0;
        for (sequence, back, leaf, side) in &frames {
            append(&mut bytes, Frame { sequence: *sequence, back: *back, leaf, side });
            foretold += bytes_of(leaf, side);
            prop_assert_eq!(bytes.len(), foretold);
        }
        let mut rest = bytes.as_slice();
        for (sequence, back, leaf, side) in &frames {
            let header = header(rest);
            let expected = Frame { sequence: *sequence, back: *back, leaf, side };
            prop_assert_eq!(whole(header, rest), Some(expected));
            rest = &rest[header.frame_bytes()..];
        }
        prop_assert!(rest.is_empty());
    }

    /// No three wrong bytes anywhere pass for a whole frame: CRC-32C finds each burst of up to 32 bits.
    #[test]
    fn a_burst_of_wrong_bytes_never_passes(
        leaf in proptest::collection::vec(any::<u8>(), 1..200), burst in 1_u32..1 << 24, at in any::<prop::sample::Index>()
    ) {
        let bytes = encoded(Frame { sequence: 3, back: 1, leaf: &leaf, side: b"side" });
        let mut broken = bytes.clone();
        let at = at.index(bytes.len() - 3);
        for (byte, wrong) in broken[at..].iter_mut().zip(burst.to_le_bytes().into_iter().take(3)) {
            *byte ^= wrong;
        }
        prop_assert_eq!(read(&broken), None);
    }
}

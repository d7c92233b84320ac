//! The reader against files of every shape: pieces of a file, frames on their borders, what is no frame.

use proptest::prelude::*;

use super::*;
use crate::log::{
    journal::{Journal, flip},
    memory::MemoryDisk,
};

/// What a walk from one place on saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    frames: Vec<(u64, Place, Vec<u8>, usize)>,
    ended: &'static str,
    at: Place,
}

fn walk(disk: &MemoryDisk, place: Place) -> Seen {
    let mut reader = FrameReader::open(disk, place).unwrap();
    let mut frames = Vec::new();
    loop {
        let ended = match reader.step().unwrap() {
            Step::Frame(frame, begin) => {
                frames.push((frame.sequence, begin, frame.leaf.to_vec(), frame.side.len()));
                continue;
            }
            Step::Nothing => "nothing",
            Step::Torn(why) => why,
        };
        return Seen { frames, ended, at: reader.place() };
    }
}

#[test]
fn frames_that_lie_across_the_pieces_in_which_a_file_is_read_are_whole() {
    // Pieces are 256 KiB: single frames below, at and above a piece, and many small ones around its end.
    let piece = limits::READ_BYTES;
    let shapes: [&[(usize, usize)]; 6] = [
        &[(100, piece - 64 - 128 - 1), (50, 60), (70, 0)],
        &[(100, piece - 64 - 128), (50, 60), (70, 0)],
        &[(100, piece - 64 - 128 + 1), (50, 60), (70, 0)],
        &[(60_000, 250_000), (1, 0), (65_535, 262_144)],
        &[(1_000, 129_000), (1_000, 129_000), (1_000, 129_000), (10, 20)],
        &[(10, 0), (65_535, 0), (65_535, 0), (65_535, 0), (65_535, 0), (10, 5)],
    ];
    for shape in shapes {
        let mut journal = Journal::new(1 << 20);
        journal.batch(shape);
        let seen = walk(&journal.disk, Place::first_of(0));
        assert_eq!((seen.ended, seen.at), ("nothing", journal.end), "{shape:?}");
        assert_eq!(seen.frames.len(), shape.len(), "{shape:?}");
        for (at, (sequence, place, leaf, side)) in seen.frames.iter().enumerate() {
            assert_eq!((*sequence, *place), (at as u64, journal.places[at]), "{shape:?}");
            assert_eq!((leaf, *side), (&journal.leaves[at], shape[at].1), "{shape:?}");
        }
    }
}

#[test]
fn a_frame_may_end_with_its_file_and_less_than_a_header_behind_it_is_nothing() {
    for left in 0..=frame::HEADER_BYTES + 2 {
        let mut journal = Journal::new(4_096);
        let whole = 4_096 - 64 - frame::HEADER_BYTES - left;
        journal.batch(&[(whole - 100, 100)]);
        let seen = walk(&journal.disk, Place::first_of(0));
        assert_eq!((seen.frames.len(), seen.ended, seen.at), (1, "nothing", journal.end), "{left} bytes left");
        let mut reader = FrameReader::open(&journal.disk, journal.end).unwrap();
        assert!(reader.at_end().unwrap(), "{left} bytes left");
        assert_eq!(reader.place(), journal.end);
    }
}

#[test]
fn what_is_no_frame_is_told_from_nothing_and_the_reader_stays_in_front_of_it() {
    let mut journal = Journal::new(4_096);
    journal.batch(&[(30, 10), (50, 20)]);
    let (place, length) = journal.frame(1);
    let check = |what: &str, change: &dyn Fn(&mut [u8]), ended: &str| {
        let disk = journal.disk.copy();
        disk.tamper(&segment::name(0), |bytes| {
            let from = usize::try_from(place.offset).unwrap();
            change(&mut bytes[from..]);
        });
        let seen = walk(&disk, Place::first_of(0));
        assert_eq!((seen.frames.len(), seen.ended, seen.at), (1, ended, place), "{what}");
        let mut reader = FrameReader::open(&disk, place).unwrap();
        assert_eq!(reader.at_end().unwrap(), ended == "nothing", "{what}");
    };
    check("its magic", &|bytes| bytes[0] = b'X', "no frame begins here");
    check("a leaf longer than leaves are", &|bytes| bytes[18] = 1, "no frame begins here");
    check("a batch longer than batches are", &|bytes| bytes[25] = 4, "no frame begins here");
    check("a side record up to beyond the file", &|bytes| bytes[21] = 0x20, "the frame reaches beyond its segment");
    check("a longer leaf within the file", &|bytes| bytes[16] += 1, "the frame's checksum differs");
    check("a byte of its leaf", &|bytes| bytes[30] ^= 1, "the frame's checksum differs");
    check("its last byte", &|bytes| bytes[length - 1] ^= 1, "the frame's checksum differs");
    check("all of it gone", &|bytes| bytes[..length].fill(0), "nothing");
    check("its header gone", &|bytes| bytes[..frame::HEADER_BYTES].fill(0), "nothing");
    check("all of its header but one byte gone", &|bytes| bytes[..27].fill(0), "nothing");
}

#[test]
fn a_reader_begins_at_any_frame_and_reads_nothing_before_it() {
    let mut journal = Journal::new(1 << 16);
    journal.batch(&[(30, 10), (50, 20), (70, 30), (90, 40)]);
    for (at, place) in journal.places.iter().enumerate() {
        // What stands before is none of its business.
        let disk = journal.disk.copy();
        if at > 0 {
            flip(&disk, journal.places[at - 1], 40, 2);
        }
        let seen = walk(&disk, *place);
        let sequences: Vec<u64> = seen.frames.iter().map(|(sequence, ..)| *sequence).collect();
        assert_eq!(sequences, (at as u64..4).collect::<Vec<_>>());
    }
}

#[test]
fn a_segment_that_is_not_there_or_was_shortened_is_an_error_and_never_an_end() {
    let mut journal = Journal::new(4_096);
    journal.batch(&[(100, 100)]);
    let absent = FrameReader::open(&journal.disk, Place::first_of(1)).unwrap_err();
    assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    let mut reader = FrameReader::open(&journal.disk, Place::first_of(0)).unwrap();
    journal.disk.tamper(&segment::name(0), |bytes| bytes.truncate(120));
    assert_eq!(reader.step().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    // Opened after it was shortened, it is a frame that reaches beyond its file.
    let seen = walk(&journal.disk, Place::first_of(0));
    assert_eq!((seen.frames.len(), seen.ended), (0, "the frame reaches beyond its segment"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_row_of_frames_reads_back(sizes in proptest::collection::vec((1_usize..9_000, 0_usize..70_000), 1..24)) {
        let mut journal = Journal::new(4 << 20);
        journal.batch(&sizes);
        let seen = walk(&journal.disk, Place::first_of(0));
        prop_assert_eq!((seen.ended, seen.at), ("nothing", journal.end));
        let leaves: Vec<Vec<u8>> = seen.frames.into_iter().map(|(_, _, leaf, _)| leaf).collect();
        prop_assert_eq!(&leaves, &journal.leaves);
    }
}

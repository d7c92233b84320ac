//! What a start makes of a folder: every torn tail, every damaged byte, every head.

use proptest::prelude::*;

use super::*;
use crate::log::{
    journal::{Journal, ORIGIN, flip, from_place, key},
    memory::MemoryDisk,
};

const SEGMENT_BYTES: u64 = 8 * 1024;

fn recovered(disk: &MemoryDisk) -> Result<Recovered, OpenError> {
    recover(disk, ORIGIN, key().verifier())
}

/// Three entries that were signed for, in one batch.
fn signed() -> Journal {
    let mut journal = Journal::new(SEGMENT_BYTES);
    journal.batch(&[(40, 30), (55, 0), (20, 90)]);
    journal.sign();
    journal
}

/// A folder with `bytes` written at the journal's end.
fn with(journal: &Journal, bytes: &[u8]) -> MemoryDisk {
    let disk = journal.disk.copy();
    let from = usize::try_from(journal.end.offset).unwrap();
    disk.tamper(&segment::name(journal.end.segment), |held| held[from..from + bytes.len()].copy_from_slice(bytes));
    disk
}

/// Where each frame of a batch ends, counted from the batch's begin.
fn ends(sizes: &[(usize, usize)]) -> Vec<usize> {
    let end = |sum: &mut usize, (leaf, side): &(usize, usize)| {
        *sum += frame::HEADER_BYTES + leaf + side;
        Some(*sum)
    };
    sizes.iter().scan(0, end).collect()
}

fn corrupt_at(disk: &MemoryDisk) -> u64 {
    match recovered(disk) {
        Err(OpenError::Corrupt { index, .. }) => index,
        other => panic!("{other:?}"),
    }
}

fn refused_head(disk: &MemoryDisk, what: &str) {
    let found = recovered(disk);
    assert!(matches!(found, Err(OpenError::Head(_))), "{what}: {found:?}");
}

#[test]
fn a_batch_cut_at_any_byte_keeps_its_whole_entries_and_nothing_else() {
    let journal = signed();
    let sizes = [(30, 10), (64, 0), (1, 1), (45, 70)];
    let (bytes, leaves) = journal.encode(&sizes);
    let ends = ends(&sizes);
    for cut in 0..=bytes.len() {
        let disk = with(&journal, &bytes[..cut]);
        let found = recovered(&disk).unwrap();
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(found.tree.size(), 3 + whole as u64, "cut at {cut}");
        let kept = ends[..whole].last().copied().unwrap_or(0);
        let end = Place { offset: journal.end.offset + kept as u64, ..journal.end };
        assert_eq!(found.end, Some(end), "cut at {cut}");
        assert_eq!(found.cut_bytes > 0, kept != cut, "cut at {cut}");
        assert!(from_place(&disk, end).iter().all(|byte| *byte == 0), "cut at {cut}: a rest stands behind the end");
        let mut tree = journal.tree(3);
        leaves[..whole].iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
        assert_eq!(found.tree.head().root, tree.root(), "cut at {cut}");
        assert_eq!(found.signed.size(), 3, "cut at {cut}");
    }
}

#[test]
fn a_batch_whose_first_bytes_never_came_is_torn_as_a_whole() {
    let journal = signed();
    let sizes = [(30, 10), (64, 0), (45, 70)];
    let (bytes, _) = journal.encode(&sizes);
    for lost in 1..bytes.len() {
        let mut late = bytes.clone();
        late[..lost].fill(0);
        let disk = with(&journal, &late);
        let found = recovered(&disk).unwrap();
        assert_eq!((found.tree.size(), found.end), (3, Some(journal.end)), "the first {lost} bytes lost");
        assert!(found.cut_bytes > 0, "the first {lost} bytes lost");
        assert!(from_place(&disk, journal.end).iter().all(|byte| *byte == 0), "the first {lost} bytes lost");
        assert_eq!(recovered(&disk).unwrap().cut_bytes, 0, "a second start finds nothing to cut");
    }
}

#[test]
fn a_batch_of_which_any_sectors_were_lost_keeps_the_entries_before_the_first_hole() {
    let journal = signed();
    let sizes = [(300, 100), (300, 200), (10, 700), (400, 80), (90, 300)];
    let (bytes, _) = journal.encode(&sizes);
    let ends = ends(&sizes);
    let begin = usize::try_from(journal.end.offset).unwrap();
    let sectors = (begin + bytes.len()).div_ceil(512);
    for kept in 0_u32..1 << sectors {
        let mut late = bytes.clone();
        for (at, byte) in late.iter_mut().enumerate() {
            if kept & (1 << ((begin + at) / 512)) == 0 {
                *byte = 0;
            }
        }
        let same = late.iter().zip(&bytes).take_while(|(a, b)| a == b).count();
        let whole = ends.iter().filter(|end| **end <= same).count() as u64;
        let found = recovered(&with(&journal, &late)).unwrap();
        assert_eq!(found.tree.size(), 3 + whole, "sectors {kept:b}");
    }
}

#[test]
fn a_bit_that_flips_in_any_byte_of_a_signed_entry_is_corruption_and_nothing_is_written() {
    let journal = signed();
    for sequence in 0..3 {
        let (place, length) = journal.frame(sequence);
        for at in 0..length {
            let disk = journal.disk.copy();
            flip(&disk, place, at, u8::try_from(at % 8).unwrap());
            assert_eq!(corrupt_at(&disk), sequence as u64, "entry {sequence}, byte {at}");
            assert_eq!(disk.operations(), 0, "entry {sequence}, byte {at}");
        }
    }
}

#[test]
fn a_bit_that_flips_behind_the_head_is_torn_in_the_last_batch_and_corruption_before_it() {
    let mut journal = signed();
    journal.batch(&[(30, 10), (64, 0)]);
    journal.batch(&[(20, 20), (31, 7), (44, 0)]);
    for sequence in 3..8 {
        let (place, length) = journal.frame(sequence);
        for at in 0..length {
            let disk = journal.disk.copy();
            flip(&disk, place, at, u8::try_from(at % 7).unwrap());
            if sequence < 5 {
                assert_eq!(corrupt_at(&disk), sequence as u64, "entry {sequence}, byte {at}");
                assert_eq!(disk.operations(), 0, "entry {sequence}, byte {at}");
            } else {
                let found = recovered(&disk).unwrap();
                assert_eq!((found.tree.size(), found.end), (sequence as u64, Some(place)), "{sequence}, byte {at}");
            }
        }
    }
}

#[test]
fn what_was_synced_before_a_batch_in_a_later_segment_cannot_be_torn() {
    let mut journal = signed();
    journal.batch(&[(30, 10), (64, 0)]);
    journal.roll();
    journal.batch(&[(20, 20)]);
    for sequence in 3..5 {
        let disk = journal.disk.copy();
        flip(&disk, journal.frame(sequence).0, 40, 1);
        assert_eq!(corrupt_at(&disk), sequence as u64);
    }
    // The later batch is torn itself, so that it proves nothing: both are cut off.
    let disk = journal.disk.copy();
    flip(&disk, journal.frame(4).0, 40, 1);
    flip(&disk, journal.frame(5).0, 40, 1);
    let found = recovered(&disk).unwrap();
    assert_eq!((found.tree.size(), found.end, found.spare), (4, Some(journal.frame(4).0), Some(1)));
    assert!(from_place(&disk, Place::first_of(1)).iter().all(|byte| *byte == 0));
}

#[test]
fn stray_bytes_behind_the_last_entry_are_cut_off_and_between_two_segments_are_corruption() {
    let mut journal = signed();
    journal.batch(&[(30, 10)]);
    let stray = Place { offset: SEGMENT_BYTES - 3, segment: 0 };
    let last = journal.disk.copy();
    flip(&last, stray, 0, 3);
    let found = recovered(&last).unwrap();
    assert_eq!((found.tree.size(), found.end), (4, Some(journal.end)));
    assert!(found.cut_bytes > 0 && from_place(&last, journal.end).iter().all(|byte| *byte == 0));
    // Behind these bytes stands an acknowledged entry, whole: a start may not cut it off with them.
    journal.roll();
    journal.batch(&[(20, 20)]);
    flip(&journal.disk, stray, 0, 3);
    assert_eq!(corrupt_at(&journal.disk), 4);
}

#[test]
fn entries_out_of_their_order_are_not_taken() {
    let mut journal = signed();
    journal.batch(&[(40, 40)]);
    journal.batch(&[(40, 40)]);
    let (one, length) = journal.frame(3);
    let copied = from_place(&journal.disk, journal.frame(4).0)[..length].to_vec();
    // Entry 4 stands where entry 3 belongs, and again behind it.
    journal.write(one, &copied);
    assert_eq!(corrupt_at(&journal.disk), 3);
    // Alone, an entry that repeats an earlier one's sequence is a tail that nobody was told of.
    let journal = signed();
    let repeated = from_place(&journal.disk, journal.frame(2).0)[..journal.frame(2).1].to_vec();
    let found = recovered(&with(&journal, &repeated)).unwrap();
    assert_eq!((found.tree.size(), found.end), (3, Some(journal.end)));
}

#[test]
fn each_bit_of_a_segments_header_counts() {
    let mut journal = signed();
    journal.roll();
    for number in 0..2 {
        for bit in 0..segment::HEADER_BYTES * 8 {
            let disk = journal.disk.copy();
            let begin = Place { segment: number, offset: 0 };
            flip(&disk, begin, usize::try_from(bit / 8).unwrap(), u8::try_from(bit % 8).unwrap());
            refused_head(&disk, &format!("segment {number}, bit {bit}"));
        }
    }
}

#[test]
fn each_bit_and_each_byte_of_the_head_counts() {
    let journal = signed();
    let head = journal.disk.read_file("head").unwrap().unwrap();
    for bit in 0..head.len() * 8 {
        let disk = journal.disk.copy();
        disk.tamper("head", |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        refused_head(&disk, &format!("bit {bit}"));
    }
    for length in 0..head.len() {
        let disk = journal.disk.copy();
        disk.tamper("head", |bytes| bytes.truncate(length));
        refused_head(&disk, &format!("{length} bytes"));
    }
}

#[test]
fn a_head_must_be_this_logs_and_what_it_signs_must_be_there() {
    let mut journal = signed();
    journal.batch(&[(30, 10), (64, 0)]);
    let check = |note: String| {
        let disk = journal.disk.copy();
        disk.tamper("head", |bytes| *bytes = note.into_bytes());
        recovered(&disk).map(|found| (found.signed.size(), found.tree.size()))
    };
    let root = |size| journal.tree(size).root();
    // An older or newer head of this log: a crash may come between a sync and its head.
    for size in 0..=5 {
        assert_eq!(check(Journal::note(size as u64, root(size))).unwrap(), (size as u64, 5));
    }
    for size in 1..=5 {
        let other = check(Journal::note(size as u64, root(size - 1)));
        let last = size as u64 - 1;
        assert!(matches!(&other, Err(OpenError::Corrupt { index, .. }) if *index == last), "{size}: {other:?}");
    }
    let missing = check(Journal::note(6, [1; 32]));
    assert!(matches!(&missing, Err(OpenError::Corrupt { index: 5, .. })), "{missing:?}");
    let foreign = |name: &str, seed: u8| {
        let key = exchange::log::note::NoteSigner::from_seed(name, &[seed; 32]).unwrap();
        let head = Head { size: 3, root: root(3) };
        check(Checkpoint { origin: name.to_owned(), head }.sign(&key).unwrap())
    };
    assert!(foreign(ORIGIN, 7).is_ok());
    for (name, seed) in [(ORIGIN, 8), ("ijazat.example/node-2", 7)] {
        assert!(matches!(foreign(name, seed), Err(OpenError::Head(_))), "{name} {seed}");
    }
}

#[test]
fn a_head_of_nothing_with_a_root_of_something_is_not_this_logs() {
    let journal = signed();
    journal.disk.tamper("head", |bytes| *bytes = Journal::note(0, [9; 32]).into_bytes());
    assert!(recovered(&journal.disk).is_err());
}

#[test]
fn a_folder_tells_where_to_go_on_and_which_segment_stands_ready() {
    let check = |what: &str, disk: &MemoryDisk, end: Option<Place>, spare: Option<u64>| {
        let found = recovered(disk).unwrap();
        assert_eq!((found.end, found.spare), (end, spare), "{what}");
    };
    check("nothing at all", &MemoryDisk::new(1 << 20), None, None);
    let mut journal = Journal::new(SEGMENT_BYTES);
    check("an empty segment", &journal.disk, Some(Place::first_of(0)), None);
    journal.prepare(1);
    check("two empty ones", &journal.disk, Some(Place::first_of(0)), Some(1));
    journal.batch(&[(100, 100)]);
    check("one begun, one ready", &journal.disk, Some(journal.end), Some(1));
    journal.end = Place::first_of(1);
    journal.batch(&[(100, 100)]);
    check("both begun", &journal.disk, Some(journal.end), None);
    journal.prepare(2);
    check("two begun, one ready", &journal.disk, Some(journal.end), Some(2));
    journal.disk.tamper("segment-0000000003.log.tmp", |bytes| bytes.push(1));
    check("a half-made file does not count", &journal.disk, Some(journal.end), Some(2));
    journal.disk.forget(&segment::name(1));
    refused_head(&journal.disk, "a segment in the midst is missing");
}

#[test]
fn a_segment_in_anothers_place_is_refused() {
    let mut journal = signed();
    journal.roll();
    journal.batch(&[(20, 20)]);
    let read = |number| journal.disk.read_file(&segment::name(number)).unwrap().unwrap();
    let (first, second) = (read(0), read(1));
    let check = |what: &str, zeroth: &[u8], next: &[u8]| {
        let disk = journal.disk.copy();
        disk.tamper(&segment::name(0), |bytes| *bytes = zeroth.to_vec());
        disk.tamper(&segment::name(1), |bytes| *bytes = next.to_vec());
        refused_head(&disk, what);
    };
    check("exchanged", &second, &first);
    check("the first one twice", &first, &first);
    let foreign = [&segment::header("ijazat.example/node-2", 1), &second[64..]].concat();
    check("another log's", &first, &foreign);
}

#[test]
fn a_power_cut_while_a_tail_is_cut_off_leaves_a_tail_that_is_cut_off_next_time() {
    let mut journal = signed();
    journal.batch(&[(30, 10)]);
    journal.roll();
    let (bytes, _) = journal.encode(&[(700, 900)]);
    // Of the entry in the second segment the first sector is missing; in the one before a bit is wrong.
    let mut late = bytes.clone();
    late[..448].fill(0);
    for dies_at in 1..6 {
        for seed in 0..8 {
            let disk = with(&journal, &late);
            flip(&disk, journal.frame(3).0, 60, 0);
            disk.cut_power_after(dies_at);
            let died = recovered(&disk);
            let again = disk.after_power_cut(seed);
            let found = recovered(&again).unwrap();
            assert_eq!(found.tree.size(), 3, "{dies_at} {seed}");
            assert_eq!(found.end, Some(journal.frame(3).0), "{dies_at} {seed}");
            assert!(from_place(&again, Place::first_of(1)).iter().all(|byte| *byte == 0), "{dies_at} {seed}");
            assert_eq!(died.is_err(), dies_at <= 4, "two segments, each written once and synced once: {dies_at}");
        }
    }
}

#[test]
fn a_tail_longer_than_one_piece_is_cut_off_to_its_end() {
    let mut journal = Journal::new(256 * 1024);
    journal.batch(&[(30, 10)]);
    journal.sign();
    let (mut bytes, _) = journal.encode(&[(1_000, 90_000), (1_000, 100_000)]);
    bytes[40] ^= 1;
    let disk = with(&journal, &bytes);
    let found = recovered(&disk).unwrap();
    assert_eq!(found.tree.size(), 1);
    assert!(found.cut_bytes >= bytes.len() as u64, "{} of {}", found.cut_bytes, bytes.len());
    assert!(from_place(&disk, journal.end).iter().all(|byte| *byte == 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stands behind the signed entries, a start keeps those and never takes what was not written.
    #[test]
    fn noise_behind_the_signed_entries_never_becomes_an_entry(
        noise in proptest::collection::vec(any::<u8>(), 1..600), gap in 0_usize..200
    ) {
        let journal = signed();
        let mut bytes = vec![0; gap];
        bytes.extend(&noise);
        let disk = with(&journal, &bytes);
        let found = recovered(&disk).unwrap();
        prop_assert_eq!(found.tree.size(), 3);
        prop_assert_eq!(found.end, Some(journal.end));
        prop_assert!(from_place(&disk, journal.end).iter().all(|byte| *byte == 0));
    }

    /// A log of any shape reads back as it was written, and the same a second time.
    #[test]
    fn any_log_reads_back_as_it_was_written(
        batches in proptest::collection::vec(
            (proptest::collection::vec((1_usize..400, 0_usize..500), 1..5), any::<bool>(), any::<bool>()), 0..12
        )
    ) {
        let mut journal = Journal::new(SEGMENT_BYTES);
        let mut signed = 0;
        for (sizes, roll, sign) in &batches {
            let bytes: usize = sizes.iter().map(|(leaf, side)| 28 + leaf + side).sum();
            if *roll || journal.end.offset + bytes as u64 > SEGMENT_BYTES {
                journal.roll();
            }
            journal.batch(sizes);
            if *sign {
                journal.sign();
                signed = journal.size();
            }
        }
        for _ in 0..2 {
            let found = recovered(&journal.disk).unwrap();
            prop_assert_eq!(found.tree.size(), journal.size());
            prop_assert_eq!(found.tree.head().root, journal.tree(journal.leaves.len()).root());
            prop_assert_eq!((found.signed.size(), found.cut_bytes), (signed, 0));
            prop_assert_eq!(found.end, Some(journal.end));
        }
    }
}

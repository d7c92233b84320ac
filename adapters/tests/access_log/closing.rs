//! Room for what closes admitted requests: on a full disk an outcome still finds its place.

use std::sync::Arc;

use adapters::log::{LogOptions, SegmentLog, memory::MemoryDisk};
use exchange::ports::record_log::{Entry, LogUnavailable, RecordLog};
use proptest::prelude::*;

use crate::support::{SEGMENT_BYTES, append, entry, fill, leaf, open, options, requests};

/// Bytes of an entry on disk beside its side record, rounded up.
fn overhead() -> usize {
    28 + leaf(99_999).to_bytes().len() + 16
}

/// A quarter of a segment is kept.
const KEPT: u64 = SEGMENT_BYTES / 4;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was admitted before the disk was full, a quarter of a segment's outcomes is still taken.
    #[test]
    fn outcomes_fit_into_the_room_kept_for_them(
        segments in 1_u64..4,
        opened in proptest::collection::vec(0_usize..3_000, 80),
        closed in proptest::collection::vec(0_usize..1_500, 1..40)
    ) {
        let disk = MemoryDisk::new(segments * SEGMENT_BYTES);
        let log = open(&disk).unwrap();
        log.look_at_room();
        let mut count = 0;
        for side in opened {
            let request = Entry { side: vec![1; side], ..entry(count) };
            match append(&log, request) {
                Ok(position) => prop_assert_eq!(position.sequence, count),
                Err(why) => {
                    prop_assert_eq!(why, LogUnavailable::Full);
                    break;
                }
            }
            count += 1;
        }
        log.look_at_room();
        prop_assert_eq!(log.healthy(), Err(LogUnavailable::Full), "{} entries filled it", count);
        let mut left = KEPT;
        for side in closed {
            let need = (overhead() + side) as u64;
            if need > left {
                break;
            }
            left -= need;
            let outcome = Entry { side: vec![2; side], closes: true, ..entry(count) };
            prop_assert_eq!(append(&log, outcome).map(|position| position.sequence), Ok(count));
            count += 1;
        }
        prop_assert_eq!(log.failed(), None);
        drop(log);
        prop_assert_eq!(open(&disk).unwrap().durable_size(), count);
    }
}

#[test]
fn when_even_the_kept_room_is_used_up_an_outcome_is_refused_and_the_log_lives_on() {
    let disk = MemoryDisk::new(SEGMENT_BYTES);
    let log = open(&disk).unwrap();
    log.look_at_room();
    let mut count = 0;
    let refused = loop {
        match append(&log, Entry { closes: true, ..entry(count) }) {
            Ok(_) => count += 1,
            Err(why) => break why,
        }
    };
    assert_eq!(refused, LogUnavailable::Full);
    assert_eq!(append(&log, Entry { closes: true, side: vec![1; 9_000], ..entry(0) }), Err(LogUnavailable::Full));
    assert_eq!((log.durable_size(), log.failed()), (count, None));
    disk.set_free_bytes(4 * SEGMENT_BYTES);
    log.look_at_room();
    fill(&log, count, count + 30);
    let expected: Vec<String> = (0..count + 30).map(|number| format!("request-{number}")).collect();
    assert_eq!(requests(&log), expected);
}

/// A log that leaves a part of the disk to others.
fn reserving(disk: &MemoryDisk) -> SegmentLog {
    let options = LogOptions { reserve_bytes: 1_000, ..options("memory".into()) };
    SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap()
}

#[test]
fn an_outcome_is_taken_while_new_requests_are_refused_at_the_door() {
    let disk = MemoryDisk::new(3 * SEGMENT_BYTES);
    let log = reserving(&disk);
    log.look_at_room();
    fill(&log, 0, 5);
    disk.set_free_bytes(999);
    log.look_at_room();
    // A spare stands and most of this segment is free, but the disk as a whole is full.
    assert_eq!(log.healthy(), Err(LogUnavailable::Full));
    assert_eq!(log.submit(entry(5)).map(|_| ()), Err(LogUnavailable::Full));
    for number in 5..35 {
        assert_eq!(append(&log, Entry { closes: true, ..entry(number) }).unwrap().sequence, number);
    }
    // Freed room is used without a restart.
    disk.set_free_bytes(2 * SEGMENT_BYTES);
    log.look_at_room();
    assert_eq!(log.healthy(), Ok(()));
    fill(&log, 35, 36);
}

#[test]
fn a_restart_on_a_full_disk_takes_outcomes_and_refuses_requests() {
    let disk = MemoryDisk::new(4 * SEGMENT_BYTES);
    let log = reserving(&disk);
    fill(&log, 0, 10);
    log.close();
    disk.set_free_bytes(0);
    // The last head is stored already, so that the start itself needs no room.
    let log = reserving(&disk);
    log.look_at_room();
    assert_eq!(log.submit(entry(10)).map(|_| ()), Err(LogUnavailable::Full));
    assert_eq!(append(&log, Entry { closes: true, ..entry(10) }).unwrap().sequence, 10);
    assert_eq!(log.checkpoint(), Err(LogUnavailable::Full));
    disk.set_free_bytes(1 << 20);
    assert_eq!(log.checkpoint().unwrap().lines().nth(1), Some("11"));
}

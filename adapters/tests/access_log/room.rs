//! Full disks, failing disks, slow disks.

use adapters::log::memory::{Fault, MemoryDisk};
use exchange::{
    limits::{LOG_QUEUE_MAX, SIDE_BYTES_MAX},
    ports::record_log::{Entry, LogUnavailable, RecordLog},
};

use crate::support::{SEGMENT_BYTES, append, entry, fill, open, requests, wait};

#[test]
fn a_full_disk_refuses_requests_keeps_room_for_outcomes_and_resumes_by_itself() {
    let disk = MemoryDisk::new(2 * SEGMENT_BYTES);
    let log = open(&disk).unwrap();
    log.look_at_room();
    // The disk is full now, yet what is prepared is used up to the part kept for outcomes.
    let mut number = 0;
    let refused = loop {
        match append(&log, entry(number)) {
            Ok(position) => assert_eq!(position.sequence, number),
            Err(why) => break why,
        }
        number += 1;
    };
    assert_eq!(refused, LogUnavailable::Full);
    assert!(number > 20, "only {number} entries fitted");
    log.look_at_room();
    assert_eq!(log.healthy(), Err(LogUnavailable::Full));
    assert_eq!(log.submit(entry(number)).map(|_| ()), Err(LogUnavailable::Full));
    let outcome = Entry { closes: true, ..entry(number) };
    assert_eq!(append(&log, outcome).unwrap().sequence, number);

    disk.set_free_bytes(10 * SEGMENT_BYTES);
    log.look_at_room();
    assert_eq!(log.healthy(), Ok(()));
    fill(&log, number + 1, number + 100);
    let expected: Vec<String> = (0..number + 100).map(|number| format!("request-{number}")).collect();
    assert_eq!(requests(&log), expected);
    assert_eq!(log.failed(), None);
}

#[test]
fn the_reserve_of_the_disk_is_left_to_others() {
    let disk = MemoryDisk::new(10 * SEGMENT_BYTES);
    let mut options = crate::support::options("memory".into());
    options.reserve_bytes = 9 * SEGMENT_BYTES;
    let log = adapters::log::SegmentLog::open_on(options, std::sync::Arc::new(disk.clone())).unwrap();
    log.look_at_room();
    assert_eq!(log.healthy(), Err(LogUnavailable::Full));
    disk.set_free_bytes(10 * SEGMENT_BYTES);
    log.look_at_room();
    assert_eq!(log.healthy(), Ok(()));
    assert_eq!(log.disk().unwrap().free_bytes, 0);
}

#[test]
fn a_failed_write_sync_or_head_ends_the_log_for_ever() {
    for fault in [Fault::Write, Fault::Sync] {
        let disk = MemoryDisk::new(1 << 30);
        let log = open(&disk).unwrap();
        fill(&log, 0, 5);
        let note = log.checkpoint().unwrap();
        let failure = log.failure();
        disk.break_with(fault);
        assert!(matches!(append(&log, entry(5)), Err(LogUnavailable::Failed(_))), "{fault:?}");
        // Even if the disk should work again, nobody writes or signs.
        assert!(matches!(append(&log, entry(6)), Err(LogUnavailable::Failed(_))), "{fault:?}");
        assert!(matches!(log.checkpoint(), Err(LogUnavailable::Failed(_))), "{fault:?}");
        assert!(matches!(log.healthy(), Err(LogUnavailable::Failed(_))), "{fault:?}");
        assert!(failure.borrow().is_some(), "{fault:?}");
        assert_eq!(log.durable_size(), 5);
        drop(log);
        assert_eq!(disk.copy().after_power_cut(1).all_names().len(), disk.all_names().len());
        let log = open(&disk.after_power_cut(1)).unwrap();
        assert!(log.durable_size() >= 5);
        assert!(log.checkpoint().unwrap().lines().nth(1) >= note.lines().nth(1));
    }
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 5);
    disk.break_with(Fault::Replace);
    assert!(matches!(log.checkpoint(), Err(LogUnavailable::Failed(_))));
    assert!(matches!(append(&log, entry(5)), Err(LogUnavailable::Failed(_))));
}

#[test]
fn a_full_disk_only_delays_the_next_head() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 5);
    log.look_at_room();
    disk.set_free_bytes(0);
    assert_eq!(log.checkpoint(), Err(LogUnavailable::Full));
    disk.set_free_bytes(1 << 30);
    assert_eq!(log.checkpoint().unwrap().lines().nth(1), Some("5"));
    assert_eq!(log.failed(), None);
}

#[test]
fn the_queue_is_bounded_and_keeps_places_for_outcomes() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 1);
    disk.set_slow(true);
    let small = |closes| Entry { side: Vec::new(), closes, ..entry(1) };
    let mut queued = Vec::new();
    let refused = loop {
        match log.submit(small(false)) {
            Ok(durable) => queued.push(durable),
            Err(why) => break why,
        }
    };
    assert_eq!(refused, LogUnavailable::Behind);
    assert_eq!(log.waiting(), LOG_QUEUE_MAX);
    queued.push(log.submit(small(true)).unwrap());
    assert_eq!(log.durable_size(), 1, "nothing is durable before the sync returns");
    disk.set_slow(false);
    let count = queued.len() as u64;
    for durable in queued {
        wait(durable).unwrap();
    }
    assert_eq!(log.durable_size(), count + 1);
}

#[test]
fn a_record_that_is_too_large_is_refused_alone() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    let with_side = |bytes: usize| Entry { side: vec![1; bytes], ..entry(0) };
    assert_eq!(log.submit(with_side(SIDE_BYTES_MAX + 1)).map(|_| ()), Err(LogUnavailable::TooLarge));
    let segment = usize::try_from(SEGMENT_BYTES).unwrap();
    assert_eq!(append(&log, with_side(segment)), Err(LogUnavailable::TooLarge));
    let mut oversized = entry(0);
    oversized.leaf.code = Some("x".repeat(70_000));
    assert_eq!(append(&log, oversized), Err(LogUnavailable::TooLarge));
    assert_eq!(append(&log, entry(0)).unwrap().sequence, 0);
}

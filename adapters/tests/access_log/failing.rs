//! The n-th operation of each kind fails, for every n: what was acknowledged stands, and after a broken disk nothing is
//! written, synced or signed again.

use std::{io::ErrorKind, sync::Arc};

use adapters::log::{LogObserver, LogOptions, OpenError, SegmentLog, disk::Disk as _, memory::MemoryDisk};
use exchange::ports::record_log::{Entry, LogUnavailable, RecordLog};

use crate::{
    faulty::{FaultyDisk, Op},
    support::{SEGMENT_BYTES, append, entry, fill, open, options, requests, wait},
};

/// Any error that does not say "full".
const BROKEN: ErrorKind = ErrorKind::Other;

fn open_faulty(disk: &FaultyDisk) -> Result<SegmentLog, OpenError> {
    SegmentLog::open_on(options("memory".into()), Arc::new(disk.clone()))
}

/// Entries of 3 KiB, five to a segment, with a checkpoint now and then; the requests that were acknowledged.
fn work(log: &SegmentLog) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..14 {
        let large = Entry { side: vec![1; 2_800], ..entry(number) };
        if append(log, large).is_ok() {
            acknowledged.push(format!("request-{number}"));
        }
        if number % 4 == 3 {
            let _ = log.checkpoint();
        }
        log.look_at_room();
    }
    acknowledged
}

#[test]
fn a_broken_disk_at_any_operation_ends_the_log_and_loses_nothing_that_was_acknowledged() {
    for op in [Op::Write, Op::Sync, Op::Replace, Op::Read, Op::Create, Op::FreeBytes, Op::Open, Op::ReadFile] {
        let mut runs = 0;
        for nth in 1..100 {
            let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
            let log = open_faulty(&disk).unwrap();
            disk.fail(op, nth, BROKEN);
            let acknowledged = work(&log);
            if !disk.struck() {
                assert_eq!(acknowledged.len(), 14, "{op:?} {nth}");
                break;
            }
            runs += 1;
            // The keeper's thread may be about to tell.
            assert!(wait(log.failure().wait_for(Option::is_some)).is_ok(), "{op:?} {nth}");
            assert!(log.failed().is_some(), "{op:?} {nth}");
            assert!(matches!(append(&log, entry(99)), Err(LogUnavailable::Failed(_))), "{op:?} {nth}");
            assert!(matches!(log.checkpoint(), Err(LogUnavailable::Failed(_))), "{op:?} {nth}");
            assert!(matches!(log.healthy(), Err(LogUnavailable::Failed(_))), "{op:?} {nth}");
            drop(log);
            check_restart(&disk, &acknowledged, &format!("{op:?} {nth}"));
        }
        assert!(runs > 0, "{op:?} never failed");
    }
}

fn check_restart(disk: &FaultyDisk, acknowledged: &[String], what: &str) {
    let log = open(&disk.inner.copy()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let stored = requests(&log);
    assert_eq!(stored.get(..acknowledged.len()), Some(acknowledged), "{what}");
    // At most the entry that was being written may stand besides, though nobody was told of it.
    assert!(stored.len() <= acknowledged.len() + 1, "{what}: {stored:?}");
    assert_eq!(append(&log, entry(50)).unwrap().sequence, stored.len() as u64, "{what}");
}

#[test]
fn after_a_write_or_sync_that_failed_once_the_disk_is_never_written_again() {
    for op in [Op::Write, Op::Sync] {
        for nth in 1..8 {
            let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
            let log = open_faulty(&disk).unwrap();
            disk.fail(op, nth, BROKEN);
            work(&log);
            log.close();
            let asked = disk.asked_since();
            let touched: Vec<&Op> =
                asked.iter().filter(|op| matches!(op, Op::Write | Op::Sync | Op::Replace | Op::PutDerived)).collect();
            assert!(touched.is_empty(), "{op:?} {nth}: {touched:?}");
        }
    }
}

#[test]
fn a_log_that_failed_still_shows_what_is_durable_and_signs_nothing_for_it() {
    let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
    let log = open_faulty(&disk).unwrap();
    fill(&log, 0, 5);
    log.checkpoint().unwrap();
    fill(&log, 5, 8);
    disk.fail(Op::Sync, 1, BROKEN);
    append(&log, entry(8)).unwrap_err();
    assert_eq!(log.durable_size(), 8);
    assert_eq!(log.read(0, 100).unwrap().len(), 8);
    for sequence in 0..5 {
        let proof = log.prove(sequence).unwrap();
        assert_eq!(proof.checkpoint.lines().nth(1), Some("5"), "{sequence}");
    }
    for sequence in 5..8 {
        assert!(matches!(log.prove(sequence), Err(LogUnavailable::Failed(_))), "{sequence} would need a new head");
    }
    assert!(log.prove(8).is_err());
    assert_eq!(log.signed().0, 5);
}

#[test]
fn everyone_who_waits_is_told_when_the_disk_breaks() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    let mut failure = log.failure();
    disk.set_slow(true);
    let queued: Vec<_> = (0..50).map(|number| log.submit(entry(number)).unwrap()).collect();
    disk.break_with(adapters::log::memory::Fault::Sync);
    disk.set_slow(false);
    for (number, durable) in queued.into_iter().enumerate() {
        assert!(matches!(wait(durable), Err(LogUnavailable::Failed(_))), "{number}");
    }
    assert!(wait(failure.wait_for(Option::is_some)).is_ok());
    assert_eq!((log.waiting(), log.durable_size()), (0, 0));
}

#[test]
fn a_full_disk_at_any_head_delays_it_and_the_next_one_covers_all() {
    for nth in 1..4 {
        let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
        let log = open_faulty(&disk).unwrap();
        disk.fail(Op::Replace, nth, ErrorKind::StorageFull);
        let mut delayed = 0;
        for number in 0..12 {
            append(&log, entry(number)).unwrap();
            let size = number + 1;
            match log.checkpoint() {
                Ok(note) => assert_eq!(note.lines().nth(1), Some(size.to_string().as_str())),
                Err(why) => {
                    assert_eq!(why, LogUnavailable::Full);
                    delayed += 1;
                    assert_eq!(log.signed().0, size - 1, "what was not stored was not signed");
                }
            }
        }
        assert_eq!((delayed, log.failed()), (1, None), "{nth}");
    }
}

#[test]
fn a_segment_that_finds_no_room_refuses_requests_until_there_is_some() {
    let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
    let log = open_faulty(&disk).unwrap();
    log.look_at_room();
    // The spare stands; the one behind it will not find room once, although the disk says that there is some.
    disk.fail(Op::Create, 1, ErrorKind::QuotaExceeded);
    let mut number = 0;
    while !disk.struck() {
        match append(&log, entry(number)) {
            Ok(_) => number += 1,
            Err(why) => assert_eq!(why, LogUnavailable::Full, "the keeper may be faster than this loop"),
        }
    }
    log.look_at_room();
    fill(&log, number, number + 60);
    assert_eq!(log.durable_size(), number + 60);
    assert_eq!((log.failed(), log.healthy()), (None, Ok(())));
}

#[test]
fn a_log_whose_opening_fails_anywhere_lets_the_folder_go_and_opens_later() {
    let fresh = || MemoryDisk::new(1 << 30);
    let torn = || {
        let disk = MemoryDisk::new(1 << 30);
        let log = open(&disk).unwrap();
        fill(&log, 0, 60);
        drop(log);
        let end = disk.read_file("segment-0000000001.log").unwrap().unwrap();
        let used = end.iter().rposition(|byte| *byte != 0).unwrap();
        disk.tamper("segment-0000000001.log", |bytes| bytes[used + 50] = 1);
        disk.copy()
    };
    let folders: [(&dyn Fn() -> MemoryDisk, u64); 2] = [(&fresh, 0), (&torn, 60)];
    let ops = [Op::Lock, Op::Names, Op::Open, Op::ReadFile, Op::Read, Op::Create, Op::Replace, Op::Write, Op::Sync];
    let mut failures = 0;
    for (folder, entries) in folders {
        for op in ops {
            for nth in 1..40 {
                let disk = FaultyDisk::new(folder());
                disk.fail(op, nth, BROKEN);
                let opened = open_faulty(&disk);
                if opened.is_ok() {
                    // Past the last operation of the opening itself: those behind it are the keeper's.
                    break;
                }
                failures += 1;
                assert!(matches!(opened, Err(OpenError::Io(_))), "{op:?} {nth}: {opened:?}");
                let log = open(&disk.inner).unwrap_or_else(|error| panic!("{op:?} {nth}: {error}"));
                assert_eq!(log.durable_size(), entries, "{op:?} {nth}");
            }
        }
    }
    assert!(failures >= 15, "only {failures} openings failed");
}

#[test]
fn tiles_that_cannot_be_written_harm_nothing_and_are_written_later() {
    for (op, kind) in [(Op::PutDerived, BROKEN), (Op::PutDerived, ErrorKind::StorageFull), (Op::ReadFile, BROKEN)] {
        let disk = FaultyDisk::new(MemoryDisk::new(1 << 30));
        let log = open_faulty(&disk).unwrap();
        fill(&log, 0, 300);
        log.checkpoint().unwrap();
        let mut failed = 0;
        for nth in 1..20 {
            disk.fail(op, nth, kind);
            match log.write_tiles() {
                Err(LogUnavailable::Failed(_)) => failed += 1,
                other => assert_eq!(other, Ok(true), "{op:?} {nth}"),
            }
            assert_eq!((log.failed(), log.healthy()), (None, Ok(())), "{op:?} {nth}");
        }
        assert!(failed > 0, "{op:?}");
        assert_eq!(log.write_tiles(), Ok(true));
        assert!(disk.inner.all_names().contains(&"tiles/checkpoint".to_owned()));
        append(&log, entry(300)).unwrap();
    }
}

/// Fails as code of ours might.
#[derive(Debug)]
struct Panicking;

impl LogObserver for Panicking {
    fn batch(&self, _: usize, _: std::time::Duration) {
        panic!("a mistake of the observer's");
    }
}

#[test]
fn a_thread_that_panics_ends_the_log_and_nobody_waits_for_ever() {
    let disk = MemoryDisk::new(8 * SEGMENT_BYTES);
    let options = LogOptions { observer: Arc::new(Panicking), ..options("memory".into()) };
    let log = SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap();
    let mut failure = log.failure();
    let queued: Vec<_> = (0..3).filter_map(|number| log.submit(entry(number)).ok()).collect();
    for durable in queued {
        assert!(matches!(wait(durable), Err(LogUnavailable::Failed(_))));
    }
    assert!(wait(failure.wait_for(Option::is_some)).unwrap().as_ref().unwrap().contains("panicked"));
    assert!(log.submit(entry(9)).is_err());
    drop(log);
    // What it had synced stands; the restart counts on from there.
    let log = open(&disk).unwrap();
    assert!(log.durable_size() >= 1);
    fill(&log, 10, 12);
}

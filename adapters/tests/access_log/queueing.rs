//! The queue as those who submit see it: order, bounds, batches, the end.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use adapters::log::{
    LogObserver, LogOptions, SegmentLog, limits,
    memory::{Fault, MemoryDisk},
};
use exchange::{
    limits::{LOG_BATCH_MAX, LOG_QUEUE_MAX, SIDE_BYTES_MAX},
    ports::record_log::{Durable, Entry, LogUnavailable, RecordLog},
    record::leaf::Leaf,
};

use crate::support::{append, entry, leaf, open, options, wait};

/// Keeps the sizes of batches.
#[derive(Debug, Default)]
struct Batches(Mutex<Vec<usize>>);

impl LogObserver for Batches {
    fn batch(&self, entries: usize, _: Duration) {
        self.0.lock().unwrap().push(entries);
    }
}

fn small(number: u64, closes: bool) -> Entry {
    Entry { side: Vec::new(), closes, ..entry(number) }
}

/// A log whose writer is busy with one entry until the disk is fast again.
fn busy(segment_bytes: u64) -> (MemoryDisk, SegmentLog, Durable, Arc<Batches>) {
    let (disk, batches) = (MemoryDisk::new(1 << 30), Arc::new(Batches::default()));
    let options = LogOptions { segment_bytes, observer: batches.clone(), ..options("memory".into()) };
    let log = SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap();
    disk.set_slow(true);
    let first = log.submit(small(0, false)).unwrap();
    while log.waiting() > 0 {
        thread::yield_now();
    }
    (disk, log, first, batches)
}

#[test]
fn entries_of_each_caller_keep_their_order_and_each_is_told_its_own_place() {
    let log = open(&MemoryDisk::new(1 << 30)).unwrap();
    let (callers, each) = (8_u64, 60_u64);
    let told = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for caller in 0..callers {
            let (log, told) = (&log, &told);
            scope.spawn(move || {
                let numbers = caller * each..(caller + 1) * each;
                let queued: Vec<Durable> = numbers.clone().map(|n| log.submit(small(n, n % 2 == 0)).unwrap()).collect();
                let places: Vec<u64> = queued.into_iter().map(|durable| wait(durable).unwrap().sequence).collect();
                assert!(places.is_sorted_by(|a, b| a < b), "caller {caller}: {places:?}");
                told.lock().unwrap().extend(places.into_iter().zip(numbers));
            });
        }
    });
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    let stored = log.read(0, usize::MAX).unwrap();
    assert_eq!(stored.len() as u64, callers * each);
    for ((sequence, number), stored) in told.into_iter().zip(&stored) {
        assert_eq!(sequence, stored.sequence);
        assert_eq!(Leaf::from_bytes(&stored.leaf).unwrap().request, leaf(number).request);
    }
}

#[test]
fn what_closes_admitted_requests_has_its_own_places_and_they_are_bounded_too() {
    let (disk, log, first, _) = busy(16 << 20);
    let mut queued: Vec<Durable> = vec![first];
    let mut fill = |closes: bool, until: usize| {
        while log.waiting() < until {
            queued.push(log.submit(small(1, closes)).unwrap());
        }
        assert_eq!(log.submit(small(1, closes)).map(|_| ()), Err(LogUnavailable::Behind), "closes: {closes}");
    };
    fill(false, LOG_QUEUE_MAX);
    fill(true, LOG_QUEUE_MAX + limits::QUEUE_CLOSING_EXTRA);
    assert_eq!(log.submit(small(1, false)).map(|_| ()), Err(LogUnavailable::Behind));
    assert_eq!(log.failed(), None, "behind is not broken");
    disk.break_with(Fault::Sync);
    disk.set_slow(false);
    for durable in queued {
        assert!(matches!(wait(durable), Err(LogUnavailable::Failed(_))));
    }
}

#[test]
fn the_bytes_that_wait_are_bounded_for_requests_but_not_for_what_closes_them() {
    let (disk, log, first, _) = busy(16 << 20);
    let mut queued = vec![first];
    // Zeroed memory that nobody touches costs nothing.
    let large = |closes| Entry { side: vec![0; SIDE_BYTES_MAX], closes, ..entry(1) };
    for _ in 0..limits::QUEUE_BYTES_MAX / SIDE_BYTES_MAX {
        queued.push(log.submit(large(false)).unwrap());
    }
    assert_eq!(log.submit(small(1, false)).map(|_| ()), Err(LogUnavailable::Behind));
    queued.push(log.submit(large(true)).unwrap());
    disk.break_with(Fault::Sync);
    disk.set_slow(false);
    for durable in queued {
        assert!(matches!(wait(durable), Err(LogUnavailable::Failed(_))));
    }
    assert_eq!(log.waiting(), 0);
}

#[test]
fn a_batch_has_at_most_so_many_entries_and_bytes() {
    let (disk, log, first, batches) = busy(16 << 20);
    let mut queued = vec![first];
    queued.extend((0..LOG_BATCH_MAX as u64 * 2 + 5).map(|number| log.submit(small(number, false)).unwrap()));
    // A quarter of a megabyte each.
    queued.extend((0..20).map(|number| log.submit(Entry { side: vec![1; SIDE_BYTES_MAX], ..entry(number) }).unwrap()));
    disk.set_slow(false);
    let places: Vec<u64> = queued.into_iter().map(|durable| wait(durable).unwrap().sequence).collect();
    assert_eq!(places, (0..places.len() as u64).collect::<Vec<_>>());
    let sizes = batches.0.lock().unwrap().clone();
    assert_eq!(sizes[..3], [1, LOG_BATCH_MAX, LOG_BATCH_MAX]);
    assert_eq!(sizes.iter().sum::<usize>(), places.len());
    let per_batch = limits::BATCH_BYTES_MAX / SIDE_BYTES_MAX;
    assert!(sizes[3..].iter().all(|size| *size <= per_batch + 5), "{sizes:?}");
    assert!(sizes.len() >= 5, "{sizes:?}");
}

#[test]
fn closing_writes_what_waits_and_takes_nothing_more() {
    let (disk, log, first, _) = busy(16 * 1024);
    let queued: Vec<Durable> = (1..40).map(|number| log.submit(entry(number)).unwrap()).collect();
    thread::scope(|scope| {
        let closing = scope.spawn(|| log.close());
        while log.submit(small(0, true)).is_ok() {
            thread::yield_now();
        }
        disk.set_slow(false);
        closing.join().unwrap();
    });
    wait(first).unwrap();
    for (number, durable) in (1..).zip(queued) {
        assert_eq!(wait(durable).unwrap().sequence, number);
    }
    assert!(matches!(log.submit(small(0, true)).map(|_| ()), Err(LogUnavailable::Failed(_))));
    log.close();
    let (signed, _) = log.signed();
    assert_eq!(signed, log.durable_size(), "the last head covers all");
    let again = open(&disk).unwrap();
    assert_eq!((again.durable_size(), again.cut_bytes()), (signed, 0));
}

#[test]
fn an_entry_too_large_anywhere_in_a_batch_is_refused_alone_and_costs_no_sequence() {
    let (disk, log, first, _) = busy(16 * 1024);
    let sizes = [100, 17_000, 0, 16 * 1024, 5_000, 200_000, 1];
    let queued: Vec<(usize, Durable)> =
        sizes.into_iter().map(|side| (side, log.submit(Entry { side: vec![1; side], ..entry(1) }).unwrap())).collect();
    disk.set_slow(false);
    wait(first).unwrap();
    let mut next = 1;
    for (side, durable) in queued {
        if side < 16_000 {
            assert_eq!(wait(durable).unwrap().sequence, next, "{side}");
            next += 1;
        } else {
            assert_eq!(wait(durable), Err(LogUnavailable::TooLarge), "{side}");
        }
    }
    assert_eq!((log.durable_size(), log.failed()), (next, None));
}

#[test]
fn the_largest_entry_of_a_segment_fits_and_one_byte_more_does_not() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    let leaf_bytes = Leaf { node: "node-1".into(), ..leaf(5) }.to_bytes().len();
    // 16 KiB less the segment's header of 64 and the frame's of 28.
    let largest = 16 * 1024 - 64 - 28 - leaf_bytes;
    append(&log, Entry { side: vec![1; largest + 1], ..entry(5) }).unwrap_err();
    for number in 0..3 {
        let fits = Entry { leaf: leaf(5), side: vec![1; largest], closes: true };
        assert_eq!(append(&log, fits).unwrap().sequence, number, "each in a segment of its own");
    }
    log.look_at_room();
    assert_eq!(disk.all_names().iter().filter(|name| name.starts_with("segment-")).count(), 4, "and one ready");
    drop(log);
    assert_eq!(open(&disk).unwrap().durable_size(), 3);
}

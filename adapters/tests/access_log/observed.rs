//! What an observer is told: each sync once, with the entries that it made durable, before anyone who waits.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use adapters::log::{
    LogObserver, LogOptions, SegmentLog, Stopwatch,
    memory::{Fault, MemoryDisk},
};
use exchange::ports::record_log::{Entry, RecordLog};

use crate::support::{append, entry, options, wait};

/// Every reading is 7 ms after the one before.
#[derive(Debug, Default)]
struct Steps(AtomicU64);

impl Stopwatch for Steps {
    fn reading(&self) -> Duration {
        Duration::from_millis(7 * self.0.fetch_add(1, Ordering::SeqCst))
    }
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<(usize, Duration)>>);

impl LogObserver for Told {
    fn batch(&self, entries: usize, took: Duration) {
        self.0.lock().unwrap().push((entries, took));
    }
}

fn watched(disk: &MemoryDisk) -> (SegmentLog, Arc<Told>) {
    let told = Arc::new(Told::default());
    let observer: Arc<dyn LogObserver> = told.clone();
    let options = LogOptions { observer, stopwatch: Arc::new(Steps::default()), ..options("memory".into()) };
    (SegmentLog::open_on(options, Arc::new(disk.clone())).unwrap(), told)
}

impl Told {
    fn entries(&self) -> Vec<usize> {
        self.0.lock().unwrap().iter().map(|(entries, _)| *entries).collect()
    }
}

#[test]
fn an_observer_hears_of_each_batch_before_those_who_wait_do() {
    let disk = MemoryDisk::new(1 << 30);
    let (log, told) = watched(&disk);
    append(&log, entry(0)).unwrap();
    assert_eq!(*told.0.lock().unwrap(), vec![(1, Duration::from_millis(7))]);
    disk.set_slow(true);
    let first = log.submit(entry(1)).unwrap();
    // The writer sleeps in the first one's sync once it has taken it, so that the others become one batch.
    while log.waiting() > 0 {
        std::thread::yield_now();
    }
    let queued: Vec<_> = (2..7).map(|number| log.submit(entry(number)).unwrap()).collect();
    disk.set_slow(false);
    wait(first).unwrap();
    for durable in queued {
        wait(durable).unwrap();
    }
    let took = Duration::from_millis(7);
    assert_eq!(*told.0.lock().unwrap(), vec![(1, took), (1, took), (5, took)]);
}

#[test]
fn a_batch_that_crosses_segments_is_told_in_the_pieces_that_were_synced() {
    let disk = MemoryDisk::new(1 << 30);
    let (log, told) = watched(&disk);
    disk.set_slow(true);
    let first = log.submit(entry(0)).unwrap();
    while log.waiting() > 0 {
        std::thread::yield_now();
    }
    // 9 KiB each, 16 KiB the segment: each piece has one entry.
    let large = |number| Entry { side: vec![1; 9 * 1024], ..entry(number) };
    let queued: Vec<_> = (1..4).map(|number| log.submit(large(number)).unwrap()).collect();
    disk.set_slow(false);
    wait(first).unwrap();
    for durable in queued {
        wait(durable).unwrap();
    }
    assert_eq!(told.entries(), [1, 1, 1, 1]);
    assert_eq!(log.durable_size(), 4);
}

#[test]
fn a_sync_that_fails_is_not_told_as_one_that_made_anything_durable() {
    let disk = MemoryDisk::new(1 << 30);
    let (log, told) = watched(&disk);
    append(&log, entry(0)).unwrap();
    disk.break_with(Fault::Sync);
    append(&log, entry(1)).unwrap_err();
    assert_eq!(told.entries(), [1]);
}

//! The keeper of room: what it prepares, when it refuses, whom it wakes.

use std::{sync::Arc, thread};

use super::*;
use crate::log::memory::MemoryDisk;

const SEGMENT: u64 = 8_192;
const RESERVE: u64 = 1_000;

fn keeper(first: u64, ready: bool) -> Keeper {
    Keeper::new(first, ready, SEGMENT, RESERVE, "log")
}

fn prepared(disk: &MemoryDisk) -> Vec<String> {
    disk.all_names()
}

#[test]
fn room_is_needed_for_the_reserve_and_for_the_segment_that_is_still_to_be_prepared() {
    let check = |ready: bool, free: u64, full: bool, made: usize| {
        let (disk, keeper) = (MemoryDisk::new(free), keeper(1, ready));
        keeper.look(&disk).unwrap();
        assert_eq!((keeper.is_full(), prepared(&disk).len()), (full, made), "ready {ready}, {free} bytes free");
    };
    check(false, SEGMENT + RESERVE, false, 1);
    check(false, SEGMENT + RESERVE - 1, true, 0);
    check(false, 0, true, 0);
    check(true, RESERVE, false, 0);
    check(true, RESERVE - 1, true, 0);
    check(true, 1 << 30, false, 0);
}

#[test]
fn the_prepared_segment_is_the_wanted_one_whole_and_under_its_name() {
    let (disk, keeper) = (MemoryDisk::new(1 << 20), keeper(7, false));
    keeper.look(&disk).unwrap();
    let bytes = disk.read_file(&segment::name(7)).unwrap().unwrap();
    assert_eq!(bytes.len() as u64, SEGMENT);
    assert_eq!(bytes[..64], segment::header("log", 7));
    assert!(bytes[64..].iter().all(|byte| *byte == 0));
    assert_eq!(keeper.wait_for_spare(), Spare::Ready(7));
    let operations = disk.operations();
    keeper.look(&disk).unwrap();
    assert_eq!(disk.operations(), operations, "one spare is enough");
}

#[test]
fn each_segment_that_is_begun_makes_the_next_one_wanted() {
    let (disk, keeper) = (MemoryDisk::new(1 << 20), keeper(1, true));
    for number in 1..6 {
        assert!(keeper.has_spare());
        assert_eq!(keeper.wait_for_spare(), Spare::Ready(number));
        keeper.begun(number);
        assert!(!keeper.has_spare());
        keeper.look(&disk).unwrap();
    }
    assert_eq!(prepared(&disk), (2..7).map(segment::name).collect::<Vec<_>>());
}

#[test]
fn a_full_disk_is_told_at_once_and_a_freed_one_used_at_the_next_look() {
    let (disk, keeper) = (MemoryDisk::new(100), keeper(3, false));
    keeper.look(&disk).unwrap();
    assert_eq!(keeper.wait_for_spare(), Spare::NoRoom);
    keeper.look(&disk).unwrap();
    assert_eq!((keeper.wait_for_spare(), keeper.is_full()), (Spare::NoRoom, true));
    disk.set_free_bytes(SEGMENT + RESERVE);
    assert!(keeper.is_full(), "nobody has looked yet");
    keeper.look(&disk).unwrap();
    assert_eq!((keeper.wait_for_spare(), keeper.is_full()), (Spare::Ready(3), false));
    // The segment took the room that it needed; what is left is the reserve.
    assert_eq!(disk.free_bytes().unwrap(), RESERVE);
    keeper.look(&disk).unwrap();
    assert!(!keeper.is_full());
    disk.set_free_bytes(RESERVE - 1);
    keeper.look(&disk).unwrap();
    assert!(keeper.is_full(), "a spare alone does not make room");
    assert!(keeper.has_spare());
}

/// A disk that says one thing of its room and does another, as one with quotas does.
#[derive(Debug)]
struct Stubborn {
    inner: MemoryDisk,
    free: Result<u64, io::ErrorKind>,
    create: io::ErrorKind,
}

impl Disk for Stubborn {
    fn lock(&self) -> io::Result<Option<Box<dyn std::any::Any + Send + Sync>>> {
        self.inner.lock()
    }
    fn names(&self) -> io::Result<Vec<String>> {
        self.inner.names()
    }
    fn create_segment(&self, _: &str, _: &[u8], _: u64) -> io::Result<()> {
        Err(self.create.into())
    }
    fn open_segment(&self, name: &str) -> io::Result<Arc<dyn crate::log::disk::SegmentFile>> {
        self.inner.open_segment(name)
    }
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.inner.read_file(name)
    }
    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.inner.replace_file(name, bytes)
    }
    fn put_derived(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.inner.put_derived(name, bytes)
    }
    fn remove_derived(&self, name: &str) -> io::Result<()> {
        self.inner.remove_derived(name)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.free.map_err(Into::into)
    }
}

#[test]
fn want_of_room_is_waited_out_and_any_other_error_is_passed_on() {
    let check = |free, create, expected: Option<io::ErrorKind>| {
        let keeper = keeper(1, false);
        let disk = Stubborn { inner: MemoryDisk::new(0), free, create };
        let looked = keeper.look(&disk).map_err(|error| error.kind());
        assert_eq!(looked.err(), expected, "{free:?} {create:?}");
        if expected.is_none() {
            assert_eq!((keeper.wait_for_spare(), keeper.is_full()), (Spare::NoRoom, true), "{create:?}");
        }
        assert!(!keeper.has_spare());
    };
    check(Ok(1 << 30), io::ErrorKind::StorageFull, None);
    check(Ok(1 << 30), io::ErrorKind::QuotaExceeded, None);
    check(Ok(1 << 30), io::ErrorKind::FileTooLarge, None);
    check(Ok(1 << 30), io::ErrorKind::PermissionDenied, Some(io::ErrorKind::PermissionDenied));
    check(Ok(1 << 30), io::ErrorKind::ReadOnlyFilesystem, Some(io::ErrorKind::ReadOnlyFilesystem));
    check(Err(io::ErrorKind::NotFound), io::ErrorKind::StorageFull, Some(io::ErrorKind::NotFound));
}

#[test]
fn many_looks_at_once_prepare_one_segment() {
    let (disk, keeper) = (MemoryDisk::new(1 << 30), keeper(1, false));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| keeper.look(&disk).unwrap()));
        }
    });
    assert_eq!(disk.operations(), 1);
    assert_eq!(prepared(&disk), [segment::name(1)]);
}

#[test]
fn whoever_waits_is_woken_by_a_spare_by_want_of_room_or_by_the_end() {
    let check = |act: &(dyn Fn(&Keeper) + Sync), expected: Spare| {
        let keeper = keeper(4, false);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| keeper.wait_for_spare());
            act(&keeper);
            assert_eq!(waiting.join().unwrap(), expected);
        });
    };
    check(&|keeper| keeper.look(&MemoryDisk::new(1 << 20)).unwrap(), Spare::Ready(4));
    check(&|keeper| keeper.look(&MemoryDisk::new(0)).unwrap(), Spare::NoRoom);
    check(&Keeper::stop, Spare::Stopped);
}

#[test]
fn a_spare_that_stands_ready_is_given_out_even_after_the_end() {
    // The writer still writes what waits when the log closes.
    let keeper = keeper(2, true);
    keeper.stop();
    assert_eq!(keeper.wait_for_spare(), Spare::Ready(2));
    keeper.begun(2);
    assert_eq!(keeper.wait_for_spare(), Spare::Stopped);
}

#[test]
fn the_thread_prepares_each_segment_that_is_wanted_and_ends_when_told() {
    let (disk, keeper) = (MemoryDisk::new(1 << 30), keeper(1, false));
    thread::scope(|scope| {
        let running = scope.spawn(|| keeper.run(&disk));
        for number in 1..20 {
            assert_eq!(keeper.wait_for_spare(), Spare::Ready(number));
            keeper.begun(number);
        }
        keeper.stop();
        assert!(running.join().unwrap().is_ok());
    });
    let broken = Stubborn { inner: MemoryDisk::new(0), free: Err(io::ErrorKind::Other), create: io::ErrorKind::Other };
    assert_eq!(self::keeper(1, true).run(&broken).unwrap_err().kind(), io::ErrorKind::Other);
}

//! What a start makes of a damaged log: a torn tail is cut off, anything else stops it.

use adapters::log::{OpenError, memory::MemoryDisk};
use exchange::ports::record_log::{LogUnavailable, RecordLog};

use crate::support::{append, entry, fill, open, requests};

const FIRST: &str = "segment-0000000000.log";

/// Flips one bit of the frame that holds `request-N`, found by its text.
fn flip(disk: &MemoryDisk, number: u64) {
    let name = format!("request-{number}");
    for file in disk.all_names() {
        disk.tamper(&file, |bytes| {
            let found = bytes.windows(name.len()).position(|window| window == name.as_bytes());
            if let (Some(at), true) = (found, file.starts_with("segment")) {
                bytes[at] ^= 4;
            }
        });
    }
}

/// A log of ten signed entries, then one batch of `behind` entries, then as many batches of one as `later` says.
fn damaged(behind: u64, later: u64, flipped: u64) -> MemoryDisk {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 10);
    log.checkpoint().unwrap();
    disk.set_slow(true);
    // One entry keeps the writer busy, so that those behind it become one batch.
    let first = log.submit(entry(10)).unwrap();
    let queued: Vec<_> = (11..11 + behind).map(|number| log.submit(entry(number)).unwrap()).collect();
    disk.set_slow(false);
    crate::support::wait(first).unwrap();
    for durable in queued {
        crate::support::wait(durable).unwrap();
    }
    for number in 11 + behind..11 + behind + later {
        append(&log, entry(number)).unwrap();
    }
    let copy = disk.copy();
    flip(&copy, flipped);
    copy
}

#[test]
fn damage_beyond_the_head_in_the_last_batch_is_a_torn_tail() {
    let disk = damaged(0, 3, 13);
    let log = open(&disk).unwrap();
    assert!(log.cut_bytes() > 0);
    assert_eq!(log.durable_size(), 13);
    assert_eq!(append(&log, entry(99)).unwrap().sequence, 13);
    drop(log);
    let log = open(&disk).unwrap();
    assert_eq!((log.cut_bytes(), log.durable_size()), (0, 14));
    assert_eq!(requests(&log)[13], "request-99");
}

#[test]
fn damage_beyond_the_head_before_a_later_batch_is_corruption() {
    // What was synced before another batch was written cannot have been torn by a crash.
    match open(&damaged(0, 5, 12)) {
        Err(OpenError::Corrupt { index: 12, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn damage_before_the_head_is_corruption_and_changes_nothing() {
    for flipped in [0, 4, 9] {
        let disk = damaged(2, 2, flipped);
        let before = disk.copy();
        match open(&disk) {
            Err(OpenError::Corrupt { index, .. }) => assert_eq!(index, flipped),
            other => panic!("{flipped}: {other:?}"),
        }
        assert_eq!(disk.operations(), before.operations(), "nothing was written");
    }
}

#[test]
fn entries_that_were_signed_for_may_not_be_missing() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 10);
    drop(log);
    disk.tamper(FIRST, |bytes| {
        let at = bytes.windows(9).position(|window| window == b"request-7").unwrap();
        bytes[at - 100..].fill(0);
    });
    match open(&disk) {
        Err(OpenError::Corrupt { index: 6 | 7, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_without_its_head_or_with_anothers_does_not_open() {
    let disk = MemoryDisk::new(1 << 30);
    fill(&open(&disk).unwrap(), 0, 100);
    let check = |what: &str, damage: &dyn Fn(&MemoryDisk)| {
        let copy = disk.copy();
        damage(&copy);
        match open(&copy) {
            Err(OpenError::Head(_)) => {}
            other => panic!("{what}: {other:?}"),
        }
    };
    check("no head", &|disk| disk.forget("head"));
    check("an empty head", &|disk| disk.tamper("head", Vec::clear));
    check("a changed head", &|disk| disk.tamper("head", |bytes| bytes[30] ^= 1));
    check("a missing segment", &|disk| disk.forget("segment-0000000001.log"));
    check("a foreign segment", &|disk| disk.tamper(FIRST, |bytes| bytes[30] ^= 1));
    let mut options = crate::support::options("memory".into());
    options.signing_key_seed = [8; 32];
    let other_key = adapters::log::SegmentLog::open_on(options, std::sync::Arc::new(disk.copy()));
    assert!(matches!(other_key, Err(OpenError::Head(_))), "{other_key:?}");
}

#[test]
fn a_head_that_was_put_back_is_never_signed_over() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 10);
    let old = log.checkpoint().unwrap();
    fill(&log, 10, 20);
    log.checkpoint().unwrap();
    fill(&log, 20, 30);
    disk.tamper("head", |bytes| *bytes = old.into_bytes());
    assert!(matches!(log.checkpoint(), Err(LogUnavailable::Failed(_))));
    assert!(log.failed().is_some());
    assert!(log.submit(entry(30)).is_err());
}

#[test]
fn a_bit_that_flips_on_disk_is_never_signed() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    fill(&log, 0, 10);
    flip(&disk, 6);
    match log.checkpoint() {
        Err(LogUnavailable::Failed(why)) => assert!(why.contains("entry 6"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(log.read(6, 1).is_err());
    assert_eq!(log.read(0, 6).unwrap().len(), 6);
}

#[test]
fn a_second_opener_is_refused_until_the_first_lets_go() {
    let disk = MemoryDisk::new(1 << 30);
    let log = open(&disk).unwrap();
    assert!(matches!(open(&disk), Err(OpenError::InUse(_))));
    log.close();
    open(&disk).unwrap();
}

//! Power cuts at any moment.

use adapters::log::{
    SegmentLog,
    memory::{Dice, MemoryDisk},
    verify::verify_on,
};
use exchange::{
    log::{checkpoint::Checkpoint, note::NoteVerifier, paths::verify_consistency},
    ports::record_log::{Durable, RecordLog},
};

use crate::{
    SEEDS,
    support::{append, entry, open, requests, wait},
};

/// What somebody outside has seen of the log.
#[derive(Default)]
struct Seen {
    /// Request of each acknowledged entry, by sequence; `None` where nobody was told.
    acknowledged: Vec<Option<String>>,
    checkpoints: Vec<String>,
    next: u64,
}

impl Seen {
    fn acknowledge(&mut self, sequence: u64, request: String) {
        let at = usize::try_from(sequence).unwrap();
        self.acknowledged.resize(self.acknowledged.len().max(at + 1), None);
        assert_eq!(self.acknowledged[at], None, "index {sequence} was given twice");
        self.acknowledged[at] = Some(request);
    }
}

/// Works on the log until the power goes: batches of any size, a checkpoint now and then.
fn work(log: &SegmentLog, dice: &mut Dice, seen: &mut Seen) {
    for _ in 0..40 {
        let numbers = seen.next..seen.next + 1 + dice.roll() % 12;
        seen.next = numbers.end;
        let submit = |number| Some((number, log.submit(entry(number)).ok()?));
        let queued: Vec<(u64, Durable)> = numbers.map_while(submit).collect();
        for (number, durable) in queued {
            if let Ok(position) = wait(durable) {
                seen.acknowledge(position.sequence, format!("request-{number}"));
            }
        }
        if dice.roll().is_multiple_of(5) {
            seen.checkpoints.extend(log.checkpoint());
        }
        if log.failed().is_some() {
            return;
        }
    }
}

/// After a restart everything that was seen must still be so.
fn check(log: &SegmentLog, disk: &MemoryDisk, seen: &mut Seen, life: u64) {
    let stored = requests(log);
    for (sequence, request) in seen.acknowledged.iter().enumerate() {
        if let Some(request) = request {
            assert_eq!(stored.get(sequence), Some(request), "life {life}: entry {sequence}");
        }
    }
    let number = seen.next;
    seen.next += 1;
    let position = append(log, entry(number)).unwrap();
    assert_eq!(position.sequence, stored.len() as u64, "life {life}");
    seen.acknowledge(position.sequence, format!("request-{number}"));
    let key = NoteVerifier::parse(&log.verifier_key()).unwrap();
    let note = log.checkpoint().unwrap();
    let new = Checkpoint::open(&note, &key).unwrap().head;
    for old in &seen.checkpoints {
        let old = Checkpoint::open(old, &key).unwrap().head;
        let path = log.consistency(old.size, new.size).unwrap();
        assert_eq!(verify_consistency(old, new, &path), Ok(()), "life {life}: {} to {}", old.size, new.size);
    }
    seen.checkpoints.push(note);
    let report = verify_on(disk, &log.verifier_key()).unwrap();
    assert_eq!(report.entries, new.size, "life {life}");
}

#[test]
fn a_power_cut_at_any_moment_loses_no_acknowledged_record() {
    let mut torn = 0;
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let mut disk = MemoryDisk::new(1 << 30);
        let mut seen = Seen::default();
        for _life in 0..3 {
            disk.cut_power_after(1 + dice.roll() % 70);
            // The power may go while the log opens.
            if let Ok(log) = open(&disk) {
                work(&log, &mut dice, &mut seen);
            }
            disk = disk.after_power_cut(dice.roll());
            let log = open(&disk).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            torn += u64::from(log.cut_bytes() > 0);
            check(&log, &disk, &mut seen, seed);
            drop(log);
        }
    }
    assert!(torn > SEEDS / 2, "only {torn} of the cuts tore a tail");
}

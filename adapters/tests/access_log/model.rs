//! Random lives of a log against a plain list of its entries: submit, read, prove, sign, publish, close, lose power.

use adapters::log::{
    SegmentLog,
    memory::{Dice, MemoryDisk},
    verify::verify_on,
};
use exchange::{
    log::{
        checkpoint::Checkpoint,
        merkle::Hash,
        note::NoteVerifier,
        paths::{Head, verify_consistency},
    },
    ports::record_log::{Durable, Entry, RecordLog},
    record::leaf::Leaf,
};
use proptest::prelude::*;

use crate::{
    naive,
    support::{entry, leaf, open, wait},
};

#[derive(Clone, Debug)]
enum Step {
    /// Entries, each with so many bytes of side record, submitted together and waited for.
    Submit(Vec<usize>),
    /// Submitted, and the power goes before anyone hears of them.
    SubmitAndLosePower(Vec<usize>, u64),
    Read(prop::sample::Index, usize),
    Prove(prop::sample::Index),
    Checkpoint,
    Publish,
    Consistency(prop::sample::Index, prop::sample::Index),
    CloseAndOpen,
    Verify,
}

fn step() -> impl Strategy<Value = Step> {
    let sides = || proptest::collection::vec(0_usize..3_000, 1..9);
    prop_oneof![
        4 => sides().prop_map(Step::Submit),
        1 => (sides(), any::<u64>()).prop_map(|(sides, seed)| Step::SubmitAndLosePower(sides, seed)),
        2 => (any::<prop::sample::Index>(), 0_usize..20).prop_map(|(from, count)| Step::Read(from, count)),
        2 => any::<prop::sample::Index>().prop_map(Step::Prove),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Publish),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(a, b)| Step::Consistency(a, b)),
        1 => Just(Step::CloseAndOpen),
        1 => Just(Step::Verify),
    ]
}

/// The log, and what it must hold.
struct World {
    disk: MemoryDisk,
    log: Option<SegmentLog>,
    key: NoteVerifier,
    /// Leaf and side record of each entry.
    entries: Vec<(Leaf, Vec<u8>)>,
    hashes: Vec<Hash>,
    /// Size of the last head.
    signed: usize,
    next: u64,
}

impl World {
    fn new() -> Self {
        let disk = MemoryDisk::new(1 << 30);
        let log = open(&disk).unwrap();
        let key = NoteVerifier::parse(&log.verifier_key()).unwrap();
        Self { disk, log: Some(log), key, entries: Vec::new(), hashes: Vec::new(), signed: 0, next: 0 }
    }

    fn log(&self) -> &SegmentLog {
        self.log.as_ref().unwrap()
    }

    fn submit(&mut self, sides: &[usize]) -> Vec<(Entry, Durable)> {
        let mut queued = Vec::new();
        for side in sides {
            let given = Entry { side: vec![u8::try_from(self.next % 255).unwrap() + 1; *side], ..entry(self.next) };
            self.next += 1;
            // Refused at once only when the log has failed, as it does when the power goes.
            let Ok(durable) = self.log().submit(given.clone()) else {
                assert!(self.log().failed().is_some());
                break;
            };
            queued.push((given, durable));
        }
        queued
    }

    /// The model takes an entry in, as the log must show it.
    fn take(&mut self, given: Entry) {
        let sequence = self.entries.len() as u64;
        let leaf = Leaf { sequence, node: "node-1".into(), ..given.leaf };
        self.hashes.extend(naive::hashes(&[leaf.to_bytes()]));
        self.entries.push((leaf, given.side));
    }

    fn head(&self, size: usize) -> Head {
        Head { size: size as u64, root: naive::root(&self.hashes[..size]) }
    }

    fn check_note(&mut self, note: &str) {
        let head = Checkpoint::open(note, &self.key).unwrap().head;
        self.signed = usize::try_from(head.size).unwrap();
        assert_eq!(head, self.head(self.signed));
    }

    fn check_read(&self, from: usize, count: usize) {
        let read = self.log().read(from as u64, count).unwrap();
        let expected = self.entries.iter().enumerate().skip(from).take(count);
        assert_eq!(read.len(), expected.clone().count());
        for (stored, (sequence, (leaf, side))) in read.iter().zip(expected) {
            assert_eq!((stored.sequence, &stored.side), (sequence as u64, side));
            assert_eq!(stored.leaf, leaf.to_bytes());
        }
    }

    fn lose_power(&mut self, sides: &[usize], seed: u64) {
        let mut dice = Dice(seed);
        self.disk.cut_power_after(1 + dice.roll() % 3);
        let queued = self.submit(sides);
        let mut pending = Vec::new();
        for (given, durable) in queued {
            // Told or not: what was told of must be there afterwards, in front of what was not.
            match wait(durable) {
                Ok(position) => {
                    assert_eq!(position.sequence, self.entries.len() as u64);
                    self.take(given);
                }
                Err(_) => pending.push(given),
            }
        }
        self.log = None;
        self.disk = self.disk.after_power_cut(dice.roll());
        let log = open(&self.disk).unwrap();
        let kept = usize::try_from(log.durable_size()).unwrap();
        assert!((self.entries.len()..=self.entries.len() + pending.len()).contains(&kept), "{kept} entries");
        for given in pending.into_iter().take(kept - self.entries.len()) {
            self.take(given);
        }
        self.log = Some(log);
    }

    fn step(&mut self, step: Step) {
        let size = self.entries.len();
        match step {
            Step::Submit(sides) => {
                for (given, durable) in self.submit(&sides) {
                    let position = wait(durable).unwrap();
                    assert_eq!(position.sequence, self.entries.len() as u64);
                    self.take(given);
                    assert_eq!(Some(&position.leaf_hash), self.hashes.last());
                }
            }
            Step::SubmitAndLosePower(sides, seed) => self.lose_power(&sides, seed),
            Step::Read(from, count) => self.check_read(from.index(size + 2), count),
            Step::Prove(index) if size > 0 => {
                let index = index.index(size);
                let proof = self.log().prove(index as u64).unwrap();
                self.check_note(&proof.checkpoint);
                assert_eq!(proof.path, naive::path(index, &self.hashes[..self.signed]));
            }
            Step::Prove(_) => assert!(self.log().prove(0).is_err()),
            Step::Checkpoint => {
                let note = self.log().checkpoint().unwrap();
                self.check_note(&note);
                assert_eq!(self.signed, size, "a checkpoint covers everything durable");
            }
            Step::Publish => assert_eq!(self.log().write_tiles(), Ok(true)),
            Step::Consistency(a, b) => {
                let (a, b) = (a.index(size + 1), b.index(size + 1));
                let (old, new) = (a.min(b), a.max(b));
                let path = self.log().consistency(old as u64, new as u64).unwrap();
                assert_eq!(path, naive::consistency(old, &self.hashes[..new]));
                assert_eq!(verify_consistency(self.head(old), self.head(new), &path), Ok(()));
            }
            Step::CloseAndOpen => {
                self.log().close();
                self.log = None;
                let log = open(&self.disk).unwrap();
                assert_eq!((log.cut_bytes(), log.signed().0), (0, size as u64), "closing signs what is there");
                self.log = Some(log);
            }
            Step::Verify => {
                let report = verify_on(&self.disk, &self.key.to_vkey()).unwrap();
                assert_eq!(report.entries + report.unsigned, size as u64);
                assert_eq!(report.root, self.head(usize::try_from(report.entries).unwrap()).root);
            }
        }
        assert_eq!(self.log().durable_size(), self.entries.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_log_is_a_list_of_its_entries_whatever_happens(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        let all = world.entries.len();
        world.check_read(0, all);
    }
}

/// What a log holds does not depend on how its entries were batched.
#[test]
fn the_same_entries_one_by_one_or_all_at_once_make_the_same_tree() {
    let grown = |together: usize| {
        let log = open(&MemoryDisk::new(1 << 30)).unwrap();
        for from in (0..120_usize).step_by(together) {
            let queued: Vec<Durable> = (from..(from + together).min(120))
                .map(|number| {
                    log.submit(Entry { leaf: leaf(number as u64), side: vec![1; 50], closes: false }).unwrap()
                })
                .collect();
            for durable in queued {
                wait(durable).unwrap();
            }
        }
        log.checkpoint().unwrap()
    };
    let one_by_one = grown(1);
    for together in [2, 7, 120] {
        assert_eq!(grown(together), one_by_one, "{together} together");
    }
}

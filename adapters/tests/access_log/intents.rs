//! What follows an intent names it, though only the writer knows where a queued intent stands.

use adapters::log::memory::MemoryDisk;
use exchange::{
    ports::record_log::{Entry, RecordLog as _},
    record::leaf::{Kind, Leaf},
};

use super::support::{SEGMENT_BYTES, entry, leaf, open, wait};

fn of(kind: Kind, request: &str, intent: Option<u64>) -> Entry {
    Entry { leaf: Leaf { kind, request: request.into(), intent, ..leaf(1) }, ..entry(1) }
}

/// Writes the entries and reads which intent each names.
fn named(entries: Vec<Entry>) -> Vec<Option<u64>> {
    let log = open(&MemoryDisk::new(8 * SEGMENT_BYTES)).unwrap();
    let count = entries.len();
    let queued: Vec<_> = entries.into_iter().map(|entry| log.submit(entry).unwrap()).collect();
    for durable in queued {
        wait(durable).unwrap();
    }
    let stored = log.read(0, count).unwrap();
    stored.iter().map(|entry| Leaf::from_bytes(&entry.leaf).unwrap().intent).collect()
}

#[test]
fn an_outcome_names_the_intent_of_its_own_request() {
    let entries = vec![
        of(Kind::Intent, "a", None),
        of(Kind::Intent, "b", None),
        of(Kind::Outcome, "b", None),
        of(Kind::Outcome, "a", None),
    ];
    assert_eq!(named(entries), [None, None, Some(1), Some(0)]);
}

#[test]
fn parts_name_it_too_and_an_intent_is_closed_once() {
    let kinds = [Kind::Intent, Kind::Part, Kind::Part, Kind::Outcome, Kind::Outcome];
    let entries = kinds.into_iter().map(|kind| of(kind, "a", None)).collect();
    assert_eq!(named(entries), [None, Some(0), Some(0), Some(0), None]);
}

#[test]
fn what_was_named_already_stays_and_a_refusal_names_none() {
    let entries = vec![
        of(Kind::Intent, "a", None),
        of(Kind::Outcome, "a", Some(0)),
        of(Kind::Intent, "b", None),
        of(Kind::Refused, "b", None),
        of(Kind::Outcome, "stranger", None),
    ];
    assert_eq!(named(entries), [None, Some(0), None, None, None]);
}

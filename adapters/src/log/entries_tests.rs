//! A folder is read to its last whole entry, over the borders of its segments, and nothing after it is invented.

use super::*;
use crate::log::journal::{Journal, flip};

fn read(journal: &Journal) -> Vec<StoredEntry> {
    entries_on(Arc::new(journal.disk.clone())).unwrap().collect::<io::Result<_>>().unwrap()
}

#[test]
fn every_entry_of_every_segment_comes_in_order() {
    let mut journal = Journal::new(1 << 16);
    assert_eq!(read(&journal), []);
    for _ in 0..3 {
        journal.batch(&[(100, 20), (3_000, 7)]);
        journal.roll();
    }
    journal.batch(&[(1, 0)]);
    let found = read(&journal);
    let leaves: Vec<_> = found.iter().map(|entry| entry.leaf.clone()).collect();
    assert_eq!(leaves, journal.leaves);
    assert!(found.iter().enumerate().all(|(at, entry)| entry.sequence == at as u64));
    assert_eq!(found[1].side.len(), 7);
}

#[test]
fn what_is_not_whole_ends_the_reading() {
    let mut journal = Journal::new(1 << 16);
    journal.batch(&[(100, 20), (100, 20), (100, 20)]);
    flip(&journal.disk, journal.places[2], 70, 1);
    let mut entries = entries_on(Arc::new(journal.disk.clone())).unwrap();
    assert_eq!(entries.by_ref().count(), 2);
    assert!(entries.next().is_none(), "once ended it stays so");
}

#[test]
fn a_log_tells_about_how_long_it_is_and_an_absent_one_that_it_is_not_there() {
    let mut journal = Journal::new(1 << 16);
    journal.batch(&[(100, 20), (100, 20)]);
    journal.sign();
    journal.batch(&[(100, 20)]);
    let entries = entries_on(Arc::new(journal.disk.clone())).unwrap();
    assert_eq!(entries.about(), Some(2));
    assert_eq!(entries.count(), 3);
    assert_eq!(super::entries(Path::new("/nonexistent")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

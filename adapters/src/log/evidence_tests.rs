//! Every wanted entry of any log is proved under its signed head, and no log that was changed is.

use super::*;
use crate::log::journal::{Journal, flip, key};

fn opened(journal: &Journal) -> Result<SignedLog, VerifyError> {
    SignedLog::open_on(Arc::new(journal.disk.clone()), &key().verifier().to_vkey(), &mut |_, _| ())
}

/// A signed log of so many small entries.
fn journal(size: usize) -> Journal {
    let mut journal = Journal::new(1 << 20);
    // A frame tells of at most 1,024 entries of its batch.
    for piece in vec![(40, 3); size].chunks(1_000) {
        journal.batch(piece);
    }
    journal.sign();
    journal
}

#[test]
fn every_wanted_entry_is_proved_at_every_kind_of_size() {
    for size in [0, 1, 2, 255, 256, 257, 300, 511, 512, 700, 1_025] {
        let journal = journal(size);
        let log = opened(&journal).unwrap();
        let mut given = Vec::new();
        let wanted = |index: u64| size < 400 || index.is_multiple_of(7) || index + 1 == size as u64;
        let proved = log.prove_each::<VerifyError>(
            |index, _| Ok(wanted(index)),
            |proved| {
                given.push(proved);
                Ok(())
            },
        );
        proved.unwrap();
        let expected: Vec<u64> = (0..size as u64).filter(|index| wanted(*index)).collect();
        assert_eq!(given.iter().map(|it| it.proof.index).collect::<Vec<_>>(), expected, "size {size}");
        for Proved { leaf, proof } in given {
            assert_eq!(leaf, journal.leaves[usize::try_from(proof.index).unwrap()]);
            let checkpoint = proof.verify(&leaf, key().verifier());
            assert_eq!(checkpoint.map(|it| it.head), Ok(log.head()), "entry {} of {size}", proof.index);
        }
    }
}

#[test]
fn what_is_not_signed_for_yet_is_not_read_and_the_reader_is_told_how_far_it_is() {
    let mut journal = journal(3);
    journal.batch(&[(40, 0)]);
    let mut told = Vec::new();
    let vkey = key().verifier().to_vkey();
    let log = SignedLog::open_on(Arc::new(journal.disk.clone()), &vkey, &mut |read, of| told.push((read, of)));
    assert_eq!(log.unwrap().head().size, 3);
    assert_eq!(told, [(1, 3), (2, 3), (3, 3)]);
}

#[test]
fn a_log_that_was_changed_cut_or_signed_by_another_is_refused() {
    let good = journal(300);
    let wrong = |journal: &Journal, told: &str| {
        let error = opened(journal).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    };
    let flipped = journal(300);
    flip(&flipped.disk, flipped.places[7], 60, 1);
    wrong(&flipped, "entry 7 does not hold");
    let ahead = journal(300);
    let root = ahead.tree(300).root();
    ahead.disk.replace_file("head", Journal::note(301, root).as_bytes()).unwrap();
    wrong(&ahead, "entry 300 does not hold");
    let other = journal(300);
    other.disk.replace_file("head", Journal::note(300, [5; 32]).as_bytes()).unwrap();
    wrong(&other, "do not have the root that was signed");
    let headless = journal(3);
    headless.disk.replace_file("head", b"nothing").unwrap();
    wrong(&headless, "checkpoint does not hold");
    let stranger = exchange::log::note::NoteSigner::from_seed("ijazat.example/node-1", &[8; 32]).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(good.disk.clone());
    let refused = SignedLog::open_on(disk, &stranger.verifier().to_vkey(), &mut |_, _| ());
    assert!(matches!(refused, Err(VerifyError::Checkpoint(_))));
}

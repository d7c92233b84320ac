//! Checkpoints: the form of C2SP's tlog-checkpoint, one text for one head, opened under the log's own key only.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use exchange::log::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{NoteError, NoteSigner},
    paths::Head,
};
use proptest::prelude::*;

const ORIGIN: &str = "ijazat.example/node-1";

fn signer() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), head: Head { size, root: [0xfb; 32] } }
}

#[test]
fn a_checkpoint_is_origin_size_and_root() {
    let text = "ijazat.example/node-1\n20852163\n+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n";
    assert_eq!(checkpoint(20_852_163).to_text(), text);
    assert_eq!(Checkpoint::parse(text), Ok(checkpoint(20_852_163)));
}

#[test]
fn a_size_is_written_in_one_way() {
    let root = STANDARD.encode([5; 32]);
    let check = |size: &str, expected: Option<u64>| {
        let got = Checkpoint::parse(&format!("a\n{size}\n{root}\n"));
        assert_eq!(got.map(|c| c.head.size).ok(), expected, "{size:?}");
    };
    check("0", Some(0));
    check("18446744073709551615", Some(u64::MAX));
    for bad in
        ["18446744073709551616", "", "-1", "+1", "-0", "00", "01", " 1", "1 ", "1\r", "0x1", "1_000", "1e3", "۷", "1.0"]
    {
        check(bad, None);
    }
}

#[test]
fn a_root_is_thirty_two_bytes_in_padded_base64() {
    let check = |root: &str, good: bool| {
        assert_eq!(Checkpoint::parse(&format!("a\n1\n{root}\n")).is_ok(), good, "{root:?}");
    };
    let root = [0xfb; 32];
    check(&STANDARD.encode(root), true);
    check(&URL_SAFE.encode(root), false);
    check(&STANDARD_NO_PAD.encode(root), false);
    check(&STANDARD.encode([5; 31]), false);
    check(&STANDARD.encode([5; 33]), false);
    check(&hex::encode(root), false);
    check(&format!(" {}", STANDARD.encode(root)), false);
    check(&format!("{} ", STANDARD.encode(root)), false);
    check("", false);
    // The last letter of 32 bytes carries two bits that mean nothing: only zeros are taken.
    check(&STANDARD.encode(root).replace("s=", "t="), false);
}

#[test]
fn extension_lines_are_passed_over_and_empty_ones_refused() {
    let base = checkpoint(9).to_text();
    let check = |text: String, good: bool| {
        let expected = if good { Ok(checkpoint(9)) } else { Err(CheckpointError::Malformed) };
        assert_eq!(Checkpoint::parse(&text), expected, "{text:?}");
    };
    check(format!("{base}one\n"), true);
    check(format!("{base}one\ntwo = 2\n ۳\n"), true);
    check(format!("{base}\n"), false);
    check(format!("{base}one\n\ntwo\n"), false);
    check(format!("{base}one"), false);
    check(format!("\n{base}"), false);
    check(String::new(), false);
    check("\n".into(), false);
    check("a\n".into(), false);
}

#[test]
fn a_checkpoint_cut_off_anywhere_is_refused() {
    let text = checkpoint(1_234).to_text();
    for at in 0..text.len() {
        assert_eq!(Checkpoint::parse(&text[..at]), Err(CheckpointError::Malformed), "cut at {at}");
    }
}

#[test]
fn an_origin_that_would_write_lines_of_its_own_is_not_signed() {
    let root = STANDARD.encode([0; 32]);
    let check = |origin: &str| {
        let forged = Checkpoint { origin: origin.into(), ..checkpoint(9) };
        assert!(forged.sign(&signer()).is_err(), "{origin:?}");
    };
    check(&format!("{ORIGIN}\n1\n{root}"));
    check(&format!("{ORIGIN}\n"));
    check("\nijazat");
    check("ijazat\r");
    check("a\0b");
    check("");
}

#[test]
fn a_signed_checkpoint_opens_to_itself() {
    let ours = checkpoint(9);
    let note = ours.sign(&signer()).unwrap();
    assert_eq!(Checkpoint::open(&note, signer().verifier()), Ok(ours.clone()));
    assert!(note.starts_with(&ours.to_text()), "the note's text is the checkpoint's");
    let with_extension = signer().sign(&format!("{}extension\n", ours.to_text())).unwrap();
    assert_eq!(Checkpoint::open(&with_extension, signer().verifier()), Ok(ours));
}

#[test]
fn each_reason_for_refusal_has_its_name() {
    let note = checkpoint(9).sign(&signer()).unwrap();
    let stranger = NoteSigner::from_seed(ORIGIN, &[8; 32]).unwrap();
    let check = |note: &str, by: &NoteSigner, expected| {
        assert_eq!(Checkpoint::open(note, by.verifier()), Err(expected), "{note}");
    };
    check(&note, &stranger, CheckpointError::Note(NoteError::Unsigned));
    check(&note.replacen("\n9\n", "\n8\n", 1), &signer(), CheckpointError::Note(NoteError::Signature));
    check(&note.replacen("+/v7", "+/v6", 1), &signer(), CheckpointError::Note(NoteError::Signature));
    check("", &signer(), CheckpointError::Note(NoteError::Malformed));
    // Well signed, but not a checkpoint of this log.
    check(&signer().sign("hello\n").unwrap(), &signer(), CheckpointError::Malformed);
    let elsewhere = Checkpoint { origin: "ijazat.example/node-2".into(), ..checkpoint(9) };
    check(&elsewhere.sign(&signer()).unwrap(), &signer(), CheckpointError::Origin);
    let longer = Checkpoint { origin: format!("{ORIGIN}/x"), ..checkpoint(9) };
    check(&longer.sign(&signer()).unwrap(), &signer(), CheckpointError::Origin);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_head_survives_its_text(origin in "[a-z0-9./ ۰-۹-]{1,40}", size: u64, root: [u8; 32]) {
        let ours = Checkpoint { origin, head: Head { size, root } };
        prop_assert_eq!(Checkpoint::parse(&ours.to_text()), Ok(ours));
    }

    #[test]
    fn what_is_read_prints_as_it_was(text in "([a-z]{0,3}\n|[0-9]{0,4}\n|[A-Za-z0-9+/]{0,43}=?\n){1,5}") {
        if let Ok(read) = Checkpoint::parse(&text) {
            prop_assert!(text.starts_with(&read.to_text()));
        }
    }

    #[test]
    fn two_heads_never_share_a_text(a: u64, b: u64, one: [u8; 32], other: [u8; 32]) {
        let text = |size, root| Checkpoint { origin: "o".into(), head: Head { size, root } }.to_text();
        prop_assert_eq!(text(a, one) == text(b, other), a == b && one == other);
    }
}

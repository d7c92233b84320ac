//! Signed notes: the form of C2SP's signed-note, and nothing that is changed, foreign or cut off.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange::log::note::{NoteError, NoteSigner, NoteVerifier};

use crate::support::with_char;

const NAME: &str = "ijazat.example/node-1";
const TEXT: &str = "one line\n\nand one after an empty one\n";

fn signer(seed: u8) -> NoteSigner {
    NoteSigner::from_seed(NAME, &[seed; 32]).unwrap()
}

/// The signature lines of a note.
fn lines(note: &str) -> &str {
    note.rsplit_once("\n\n").unwrap().1
}

#[test]
fn a_note_is_a_text_an_empty_line_and_a_signature_line() {
    let ours = signer(7);
    let note = ours.sign(TEXT).unwrap();
    let (text, line) = note.rsplit_once("\n\n").unwrap();
    assert_eq!(format!("{text}\n"), TEXT);
    let encoded = line.strip_prefix("\u{2014} ijazat.example/node-1 ").unwrap().strip_suffix('\n').unwrap();
    let bytes = STANDARD.decode(encoded).unwrap();
    assert_eq!(bytes.len(), 4 + 64, "key id and Ed25519 signature");
    let vkey = ours.verifier().to_vkey();
    let parts: Vec<&str> = vkey.splitn(3, '+').collect();
    assert_eq!((parts[0], parts[1]), (NAME, hex::encode(&bytes[..4]).as_str()));
    let key = STANDARD.decode(parts[2]).unwrap();
    assert_eq!((key.len(), key[0]), (33, 1), "the type of Ed25519 stands before the key");
    let id = digest(&SHA256, &[NAME.as_bytes(), b"\n", &key].concat());
    assert_eq!(&id.as_ref()[..4], &bytes[..4], "the key id of the specification");
    assert_eq!(ours.sign(TEXT).unwrap(), note, "Ed25519 signs one text in one way");
}

#[test]
fn the_first_key_of_rfc_8032_signs_under_its_known_public_key() {
    // RFC 8032 §7.1, TEST 1.
    let secret = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    let public = hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
    let signer = NoteSigner::from_seed("a.example", &secret.try_into().unwrap()).unwrap();
    let verifier = NoteVerifier::new("a.example", public.try_into().unwrap()).unwrap();
    assert_eq!(signer.verifier(), &verifier);
    let note = signer.sign("x\n").unwrap();
    assert_eq!(verifier.open(&note), Ok("x\n"));
}

#[test]
fn a_key_name_is_one_word_without_plus() {
    let check = |name: &str, good: bool| {
        let expected = if good { Ok(()) } else { Err(NoteError::Name) };
        assert_eq!(NoteSigner::from_seed(name, &[1; 32]).map(|_| ()), expected, "{name:?}");
        assert_eq!(NoteVerifier::new(name, [1; 32]).map(|_| ()), expected, "{name:?}");
    };
    for name in ["a", "ijazat.example/node-1", "اجازت.example", "a-b_c:d@e", "\u{2014}"] {
        check(name, true);
    }
    for name in ["", " ", "a b", " a", "a ", "a+b", "+", "a\nb", "a\tb", "a\0b", "a\u{7f}b", "a\u{a0}b", "a\u{2003}b"] {
        check(name, false);
    }
}

#[test]
fn only_a_text_that_ends_its_last_line_is_signed() {
    let check = |text: &str, good: bool| assert_eq!(signer(7).sign(text).is_ok(), good, "{text:?}");
    check("x\n", true);
    check("\n", true);
    check("اجازت\n", true);
    check("x\n\n", true);
    check("", false);
    check("x", false);
    check("x\r\n", false);
    check("x\ty\n", false);
    check("x\0\n", false);
    check("x\u{1b}[31m\n", false);
}

#[test]
fn no_changed_character_of_a_note_passes() {
    let ours = signer(7);
    let note = ours.sign(TEXT).unwrap();
    for (at, had) in note.chars().enumerate() {
        for put in ['A', 'b', '\n', ' ', '+', '0'] {
            if put != had {
                let opened = ours.verifier().open(&with_char(&note, at, put)).map(str::to_owned);
                assert!(opened.is_err(), "character {at}, {had:?} to {put:?}: {opened:?}");
            }
        }
    }
}

#[test]
fn a_note_that_is_cut_off_anywhere_is_refused() {
    let ours = signer(7);
    let note = ours.sign(TEXT).unwrap();
    for (at, _) in note.char_indices() {
        assert!(ours.verifier().open(&note[..at]).is_err(), "cut at {at}");
        assert!(at == 0 || ours.verifier().open(&note[at..]).is_err(), "begun at {at}");
    }
    assert!(ours.verifier().open(&format!("{note}\n")).is_err(), "an empty line after the signatures");
}

#[test]
fn what_is_not_a_note_is_malformed() {
    let ours = signer(7);
    let line = lines(&ours.sign("x\n").unwrap()).to_owned();
    let check = |note: &str, expected| assert_eq!(ours.verifier().open(note), expected, "{note:?}");
    check(&format!("x\n\n{line}"), Ok("x\n"));
    for note in [
        String::new(),
        "\n".into(),
        "\n\n".into(),
        "x\n".into(),
        "x\n\n".into(),
        format!("x\n{line}"),
        format!("x\n\n{}", line.trim_end()),
        format!("x\r\n\n{line}"),
        format!("x\n\n{}", line.replace('\n', "\r\n")),
        format!("x\n\n {line}"),
        format!("x\n\n{}", line.replace('\u{2014}', "-")),
        format!("x\n\n{}", line.replace('\u{2014}', "\u{2013}")),
        format!("x\n\n{}", line.replacen("\u{2014} ", "\u{2014}", 1)),
        format!("x\n\n{}", line.replacen("\u{2014} ", "\u{2014}\u{a0}", 1)),
        format!("x\n\n{}", line.replacen("node-1 ", "node-1  ", 1)),
        format!("x\n\n{}", line.replacen('\n', " \n", 1)),
        format!("x\n\n{}", line.replacen('=', "", 1)),
        "x\n\n\u{2014} ijazat.example/node-1\n".into(),
        "x\n\n\u{2014} ijazat.example/node-1 \n".into(),
        "x\n\n\u{2014} ijazat.example/node-1 AAAA\n".into(),
        format!("x\n\n{line}signed\n"),
        format!("x\0\n\n{line}"),
    ] {
        check(&note, Err(NoteError::Malformed));
    }
}

#[test]
fn lines_by_others_are_passed_over_wherever_they_stand() {
    let ours = signer(7);
    let mine = lines(&ours.sign(TEXT).unwrap()).to_owned();
    let same_name = lines(&signer(8).sign(TEXT).unwrap()).to_owned();
    let witness = NoteSigner::from_seed("witness.example", &[7; 32]).unwrap();
    let other_name = lines(&witness.sign(TEXT).unwrap()).to_owned();
    // Another algorithm's line: an unknown key id and a longer signature.
    let other_kind = format!("\u{2014} {NAME} {}\n", STANDARD.encode([9; 2_424]));
    let check = |lines: &[&String], expected| {
        let note = format!("{TEXT}\n{}", lines.iter().map(|line| line.as_str()).collect::<String>());
        assert_eq!(ours.verifier().open(&note), expected, "{note}");
    };
    check(&[&mine], Ok(TEXT));
    check(&[&same_name, &mine], Ok(TEXT));
    check(&[&mine, &other_name, &other_kind], Ok(TEXT));
    check(&[&other_kind, &other_name, &same_name, &mine], Ok(TEXT));
    check(&[&same_name], Err(NoteError::Unsigned));
    check(&[&other_name, &other_kind], Err(NoteError::Unsigned));
    // Our id and name over somebody else's text: a forgery, whatever stands beside it.
    let forged = lines(&ours.sign("another text\n").unwrap()).to_owned();
    check(&[&forged], Err(NoteError::Signature));
    check(&[&forged, &mine], Err(NoteError::Signature));
}

#[test]
fn a_reader_looks_at_sixty_four_lines() {
    let ours = signer(7);
    let mine = lines(&ours.sign(TEXT).unwrap()).to_owned();
    let stranger = lines(&signer(8).sign(TEXT).unwrap()).to_owned();
    let check = |before: usize, expected| {
        let note = format!("{TEXT}\n{}{mine}", stranger.repeat(before));
        assert_eq!(ours.verifier().open(&note), expected, "{before} lines before ours");
    };
    check(16, Ok(TEXT));
    check(63, Ok(TEXT));
    check(64, Err(NoteError::Unsigned));
}

#[test]
fn a_verifier_key_is_a_name_its_id_and_an_ed25519_key() {
    let vkey = signer(7).verifier().to_vkey();
    let (name_id, key) = vkey.rsplit_once('+').map_or_else(|| panic!("{vkey}"), |(a, b)| (a.to_owned(), b.to_owned()));
    let (name, id) = name_id.split_once('+').unwrap();
    let bytes = STANDARD.decode(&key).unwrap();
    let with_key = |bytes: &[u8]| format!("{name}+{id}+{}", STANDARD.encode(bytes));
    let check = |text: String, good: bool| assert_eq!(NoteVerifier::parse(&text).is_ok(), good, "{text}");
    check(vkey.clone(), true);
    check(format!("{vkey}\n"), true);
    check(with_key(&[&[4], &bytes[1..]].concat()), false);
    check(with_key(&bytes[1..]), false);
    check(with_key(&bytes[..32]), false);
    check(with_key(&[&bytes[..], &[0]].concat()), false);
    check(with_key(&[]), false);
    check(format!("{name}+00000000+{key}"), false);
    check(format!("{name}+{}+{key}", id.to_uppercase()), id == id.to_uppercase());
    check(format!("{name}+{}+{key}", &id[..7]), false);
    check(format!("{name}+{key}"), false);
    check(format!("+{id}+{key}"), false);
    check(format!("two words+{id}+{key}"), false);
    check(vkey.trim_end_matches('=').to_owned() + "!", false);
    check(format!(" {vkey}"), false);
}

#[test]
fn every_verifier_key_survives_its_text_even_with_plus_in_it() {
    let mut with_plus = 0;
    for seed in 0..=255 {
        let verifier = signer(seed).verifier().clone();
        let vkey = verifier.to_vkey();
        with_plus += usize::from(vkey.matches('+').count() > 2);
        assert_eq!(NoteVerifier::parse(&vkey), Ok(verifier), "{vkey}");
    }
    assert!(with_plus > 0, "some key has a plus in its base64");
}

#[test]
fn a_signer_prints_its_name_and_no_secret() {
    let printed = format!("{:?}", NoteSigner::from_seed(NAME, b"a secret of thirty-two bytes ---").unwrap());
    assert_eq!(printed, "NoteSigner(ijazat.example/node-1)");
}

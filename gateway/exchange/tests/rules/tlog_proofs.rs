//! Offline proofs: the text of C2SP's tlog-proof, which holds for one entry of one log and breaks with any byte.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange::log::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{NoteError, NoteSigner},
    paths::{PathError, inclusion},
    proof::{ProofError, TlogProof},
};
use proptest::prelude::*;

use crate::{
    support::with_char,
    tree::{entries, head, log_of},
};

const ORIGIN: &str = "ijazat.example/node-1";

fn signer() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[7; 32]).unwrap()
}

/// The proof that entry `index` stands among `size` entries.
fn proof(index: u64, size: usize) -> TlogProof {
    let all = entries(size);
    let path = inclusion(&log_of(&all), index, size as u64).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.into(), head: head(&all) }.sign(&signer()).unwrap();
    TlogProof { index, path, checkpoint }
}

/// Whether the text proves that the entry stands in our log.
fn proves(text: &str, entry: &[u8]) -> Result<Checkpoint, ProofError> {
    TlogProof::parse(text)?.verify(entry, signer().verifier())
}

#[test]
fn a_proof_is_a_version_an_index_a_path_and_a_checkpoint() {
    let ours = proof(2, 3);
    let lines: Vec<String> = ours.to_text().split('\n').map(str::to_owned).collect();
    assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 2"]);
    assert_eq!(lines[2], STANDARD.encode(ours.path[0]), "entry 2 of 3 has one sibling");
    assert_eq!(lines[3], "");
    assert_eq!(lines[4..].join("\n"), ours.checkpoint);
    let alone = proof(0, 1);
    assert!(alone.to_text().starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nijazat.example/node-1\n1\n"));
}

#[test]
fn every_entry_of_small_logs_is_proved_by_its_text() {
    for size in [1, 2, 3, 7, 8, 9, 33] {
        let all = entries(size);
        for index in 0..size as u64 {
            let ours = proof(index, size);
            assert_eq!(TlogProof::parse(&ours.to_text()), Ok(ours.clone()), "{index} of {size}");
            let entry = &all[usize::try_from(index).unwrap()];
            let shown = proves(&ours.to_text(), entry).unwrap();
            assert_eq!((shown.origin.as_str(), shown.head), (ORIGIN, head(&all)), "{index} of {size}");
        }
    }
}

#[test]
fn no_changed_byte_of_the_text_proves_anything() {
    let entry = &entries(11)[3];
    let text = proof(3, 11).to_text();
    for (at, had) in text.chars().enumerate() {
        for put in ['0', 'x', '\n', ' '] {
            if put != had {
                let verdict = proves(&with_char(&text, at, put), entry);
                assert!(verdict.is_err(), "character {at}, {had:?} to {put:?}: {verdict:?}");
            }
        }
    }
}

#[test]
fn a_text_cut_off_anywhere_proves_nothing() {
    let entry = &entries(11)[3];
    let text = proof(3, 11).to_text();
    for (at, _) in text.char_indices() {
        assert!(proves(&text[..at], entry).is_err(), "cut at {at}");
        assert!(at == 0 || proves(&text[at..], entry).is_err(), "begun at {at}");
    }
}

#[test]
fn no_changed_entry_is_proved() {
    let entry = entries(11)[3].clone();
    let text = proof(3, 11).to_text();
    assert!(proves(&text, &entry).is_ok());
    for bit in 0..entry.len() * 8 {
        let mut other = entry.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(proves(&text, &other), Err(ProofError::Path(PathError::Root)), "bit {bit}");
    }
    assert_eq!(proves(&text, &entry[1..]), Err(ProofError::Path(PathError::Root)));
    assert_eq!(proves(&text, &[&entry[..], &[0]].concat()), Err(ProofError::Path(PathError::Root)));
}

#[test]
fn parts_of_two_proofs_do_not_make_a_third() {
    let all = entries(11);
    let (three, four, older) = (proof(3, 11), proof(4, 11), proof(3, 7));
    let check = |proof: TlogProof, entry: &[u8], expected| {
        assert_eq!(proof.verify(entry, signer().verifier()).map(|_| ()), Err(expected), "{proof:?}");
    };
    check(TlogProof { index: 4, ..three.clone() }, &all[4], ProofError::Path(PathError::Root));
    check(TlogProof { path: four.path, ..three.clone() }, &all[3], ProofError::Path(PathError::Root));
    check(TlogProof { checkpoint: older.checkpoint.clone(), ..three.clone() }, &all[3], length());
    check(TlogProof { path: older.path.clone(), ..three.clone() }, &all[3], length());
    let beyond = TlogProof { checkpoint: older.checkpoint, ..proof(9, 11) };
    check(beyond, &all[9], ProofError::Path(PathError::Outside));
}

fn length() -> ProofError {
    ProofError::Path(PathError::Length)
}

#[test]
fn a_proof_under_another_logs_checkpoint_is_refused() {
    let all = entries(11);
    let ours = proof(3, 11);
    let checkpoint = |origin: &str, signer: &NoteSigner| {
        Checkpoint { origin: origin.into(), head: head(&all) }.sign(signer).unwrap()
    };
    let check = |checkpoint: String, expected| {
        let proof = TlogProof { checkpoint, ..ours.clone() };
        assert_eq!(proof.verify(&all[3], signer().verifier()), Err(ProofError::Checkpoint(expected)));
    };
    let stranger = NoteSigner::from_seed(ORIGIN, &[8; 32]).unwrap();
    check(checkpoint(ORIGIN, &stranger), CheckpointError::Note(NoteError::Unsigned));
    check(checkpoint("ijazat.example/node-2", &signer()), CheckpointError::Origin);
    check(signer().sign("hello\n").unwrap(), CheckpointError::Malformed);
    check(String::new(), CheckpointError::Note(NoteError::Malformed));
}

#[test]
fn the_head_of_the_text_has_one_form() {
    let entry = &entries(11)[3];
    let text = proof(3, 11).to_text();
    let check = |from: &str, to: &str, good: bool| {
        assert!(text.contains(from), "{from:?}");
        assert_eq!(proves(&text.replacen(from, to, 1), entry).is_ok(), good, "{from:?} to {to:?}");
    };
    check("index", "index", true);
    // Data that nothing authenticates may stand there once, before the index.
    check("index 3", "extra aGVsbG8=\nindex 3", true);
    check("index 3", "extra aGVsbG8=\nextra aGVsbG8=\nindex 3", false);
    check("index 3\n", "index 3\nextra aGVsbG8=\n", false);
    check("index 3", "index  3", false);
    check("index 3", "index 3 ", false);
    check("index 3", "index +3", false);
    check("index 3", "index 03", false);
    check("index 3", "Index 3", false);
    check("index 3", "index 18446744073709551616", false);
    check("index 3\n", "", false);
    check("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2", false);
    check("c2sp.org/tlog-proof@v1\n", "", false);
    check("c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\n\n", false);
    check("\n\n", "\n", false);
    check("\n\n", "\n\n\n", false);
    check("\n", "\r\n", false);
}

#[test]
fn a_path_has_no_more_hashes_than_a_tree_has_levels() {
    let check = |hashes: usize, good: bool| {
        let long = TlogProof { index: 0, path: vec![[1; 32]; hashes], checkpoint: "c".into() };
        assert_eq!(TlogProof::parse(&long.to_text()).is_ok(), good, "{hashes}");
    };
    check(0, true);
    check(63, true);
    check(64, false);
    check(5_000, false);
    let short = format!("c2sp.org/tlog-proof@v1\nindex 0\n{}\n\nc", STANDARD.encode([1; 31]));
    assert_eq!(TlogProof::parse(&short), Err(ProofError::Malformed), "a hash has thirty-two bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_proof_survives_its_text(
        index: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..64), checkpoint in "([ -~]{0,20}\n){0,6}",
    ) {
        let ours = TlogProof { index, path, checkpoint };
        prop_assert_eq!(TlogProof::parse(&ours.to_text()), Ok(ours));
    }

    #[test]
    fn no_text_at_all_proves_an_entry_by_itself(text in any::<String>(), rest in "(index [0-9]{1,3}|[A-Za-z0-9+/]{43}=|\n|— ){0,9}") {
        prop_assert!(proves(&text, b"entry").is_err());
        let begun = format!("c2sp.org/tlog-proof@v1\n{rest}");
        prop_assert!(proves(&begun, b"entry").is_err());
    }
}

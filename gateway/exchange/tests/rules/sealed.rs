//! Side records and seals: what names people opens in its own place, under its own key, unchanged, or not at all.

use aws_lc_rs::digest::{SHA256, digest};
use exchange::record::{
    seal::{SealError, SealingKey},
    side::{Openings, SIDE_VERSION, Side, SubjectEntry, commit, place, subject_place},
};
use minicbor::bytes::{ByteArray, ByteVec};
use proptest::prelude::*;

use crate::support::{CITIZEN, Listed, Seeded};

fn key(byte: u8) -> SealingKey {
    SealingKey::new(&[byte; 32]).unwrap()
}

fn full_side() -> Side {
    let opening = |byte| Some(ByteArray::from([byte; 32]));
    Side {
        version: SIDE_VERSION,
        openings: Openings {
            user: opening(1),
            address: opening(2),
            parameters: opening(3),
            subjects: opening(4),
            response: opening(5),
            decision_input: opening(6),
        },
        user: Some("teller-1".into()),
        user_name: Some("A. Teller".into()),
        address: "192.0.2.7".into(),
        parameters: ByteVec::from(br#"{"cnic":"4210112345671"}"#.to_vec()),
        parameters_sealed: true,
        decision_input: "principal == User::\"teller-1\"".into(),
        subjects: vec![
            SubjectEntry { key: ByteArray::from([7; 32]), sealed: vec![8; 41].into(), returned: true },
            SubjectEntry { key: ByteArray::from([9; 32]), sealed: Vec::new().into(), returned: false },
        ],
        trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        sealed_until: Some(1_830_279_600_000_000),
    }
}

#[test]
fn a_side_record_cut_off_anywhere_does_not_read() {
    for side in [full_side(), Side::default()] {
        let bytes = side.to_bytes();
        assert_eq!(Side::from_bytes(&bytes), Some(side));
        for at in 0..bytes.len() {
            assert_eq!(Side::from_bytes(&bytes[..at]), None, "cut at {at}");
        }
    }
}

#[test]
fn no_two_side_records_share_their_bytes() {
    let base = full_side();
    let opening = Some(ByteArray::from([0xee; 32]));
    let openings = |change: &dyn Fn(&mut Openings)| {
        let mut side = full_side();
        change(&mut side.openings);
        side
    };
    let mut subjects_swapped = full_side();
    subjects_swapped.subjects.reverse();
    let mut returned = full_side();
    returned.subjects[1].returned = true;
    let others = [
        Side { version: 2, ..base.clone() },
        openings(&|o| o.user = opening),
        openings(&|o| o.address = opening),
        openings(&|o| o.parameters = opening),
        openings(&|o| o.subjects = opening),
        openings(&|o| o.response = opening),
        openings(&|o| o.decision_input = None),
        Side { user: None, ..base.clone() },
        Side { user: base.user_name.clone(), user_name: base.user.clone(), ..base.clone() },
        Side { address: String::new(), ..base.clone() },
        Side { parameters: Vec::new().into(), ..base.clone() },
        Side { parameters_sealed: false, ..base.clone() },
        Side { decision_input: "x".into(), ..base.clone() },
        Side { trace: None, ..base.clone() },
        subjects_swapped,
        returned,
    ];
    for (at, other) in others.into_iter().enumerate() {
        assert_ne!(other.to_bytes(), base.to_bytes(), "change {at}");
        assert_eq!(Side::from_bytes(&other.to_bytes()), Some(other), "change {at}");
    }
}

#[test]
fn a_member_that_a_newer_version_added_is_passed_over() {
    // The map of eleven members that a default side record has at least, with one member more: 11 => "new".
    let bytes = Side::default().to_bytes();
    let newer = [&[bytes[0] + 1], &bytes[1..], &[0x0b, 0x63], b"new"].concat();
    assert_eq!(Side::from_bytes(&newer), Some(Side::default()));
    let lacking = [&[bytes[0] - 1], &bytes[3..]].concat();
    assert_eq!(Side::from_bytes(&lacking), None, "without its version it is no side record");
}

#[test]
fn a_commitment_is_the_digest_of_label_key_and_value() {
    let by_hand = [&b"ijazat-commitment-1\0user\0"[..], &[3; 32], b"value"].concat();
    assert_eq!(commit("user", &[3; 32], b"value")[..], *digest(&SHA256, &by_hand).as_ref());
}

#[test]
fn a_commitment_opens_to_its_value_under_its_key_only() {
    let base = commit("user", &[3; 32], b"teller-1");
    for bit in 0..256 {
        let mut key = [3; 32];
        key[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(commit("user", &key, b"teller-1"), base, "bit {bit} of the key");
    }
    for value in [&b""[..], b"teller-", b"teller-2", b"teller-1 ", b"teller-1\0", b"Teller-1"] {
        assert_ne!(commit("user", &[3; 32], value), base, "{value:?}");
    }
    for label in ["", "use", "users", "address", "user\0"] {
        assert_ne!(commit(label, &[3; 32], b"teller-1"), base, "{label:?}");
    }
    // What leaves one part does not come back in the next.
    assert_ne!(commit("a", &[b'b'; 32], b"c"), commit("ab", &[b'b'; 32], b"c"));
    assert_ne!(commit("a", &[b'b'; 32], b"bc"), commit("a", &[b'b'; 32], b"c"));
}

#[test]
fn places_of_two_requests_or_two_uses_differ() {
    let places = [place("r"), place("r2"), place(""), subject_place("r"), subject_place("r2"), subject_place("")];
    for (at, one) in places.iter().enumerate() {
        assert_eq!(places.iter().filter(|other| *other == one).count(), 1, "{at}");
    }
    assert_eq!((place("r1"), subject_place("r1")), (b"side:r1".to_vec(), b"subject:r1".to_vec()));
}

#[test]
fn a_seal_is_nonce_ciphertext_and_tag() {
    let nonce: Vec<u8> = (1..=12).collect();
    let sealed = key(3).seal(&Listed::new(&nonce), b"here", CITIZEN.as_bytes()).unwrap();
    assert_eq!(sealed.len(), 12 + 13 + 16);
    assert_eq!(sealed[..12], nonce[..]);
    assert!(!sealed.windows(4).any(|part| CITIZEN.as_bytes().windows(4).any(|plain| plain == part)));
    let empty = key(3).seal(&Listed::new(&nonce), b"here", b"").unwrap();
    assert_eq!((empty.len(), key(3).open(b"here", &empty)), (28, Ok(Vec::new())), "even nothing is authenticated");
}

#[test]
fn the_gcm_test_case_of_its_authors_comes_out() {
    // McGrew and Viega, test case 14: key, nonce and 16 bytes of plain text all zero.
    let sealed = key(0).seal(&Listed::new(&[]), b"", &[0; 16]).unwrap();
    assert_eq!(hex::encode(&sealed[12..]), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

#[test]
fn no_changed_bit_opens() {
    let sealed = key(3).seal(&Seeded::new(1), b"here", CITIZEN.as_bytes()).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut other = sealed.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key(3).open(b"here", &other), Err(SealError), "bit {bit}");
    }
    for at in 0..sealed.len() {
        assert_eq!(key(3).open(b"here", &sealed[..at]), Err(SealError), "cut at {at}");
        assert!(at == 0 || key(3).open(b"here", &sealed[at..]).is_err(), "begun at {at}");
    }
    assert_eq!(key(3).open(b"here", &[&sealed[..], &[0]].concat()), Err(SealError), "a byte more");
}

#[test]
fn a_seal_opens_in_its_place_and_under_its_key_only() {
    let sealed = key(3).seal(&Seeded::new(1), &place("r1"), b"x").unwrap();
    assert_eq!(key(3).open(&place("r1"), &sealed), Ok(b"x".to_vec()));
    for other in [place("r2"), place("r"), place("r11"), place(""), subject_place("r1"), Vec::new(), b"r1".to_vec()] {
        assert_eq!(key(3).open(&other, &sealed), Err(SealError), "{}", String::from_utf8_lossy(&other));
    }
    for bit in 0..256 {
        let mut secret = [3; 32];
        secret[bit / 8] ^= 1 << (bit % 8);
        let other = SealingKey::new(&secret).unwrap();
        assert_eq!(other.open(&place("r1"), &sealed), Err(SealError), "bit {bit}");
    }
}

#[test]
fn the_same_value_sealed_twice_looks_unrelated() {
    let seeded = Seeded::new(1);
    let (one, two) = (
        key(3).seal(&seeded, b"here", CITIZEN.as_bytes()).unwrap(),
        key(3).seal(&seeded, b"here", CITIZEN.as_bytes()).unwrap(),
    );
    assert_ne!(one[..12], two[..12], "each seal draws a nonce of its own");
    assert_ne!(one[12..], two[12..]);
    // The nonce of one does not open the other.
    assert_eq!(key(3).open(b"here", &[&one[..12], &two[12..]].concat()), Err(SealError));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_sealed_opens_as_it_was(seed: u64, plain: Vec<u8>, place: Vec<u8>, other: Vec<u8>, secret: [u8; 32]) {
        let key = SealingKey::new(&secret).unwrap();
        let sealed = key.seal(&Seeded::new(seed), &place, &plain).unwrap();
        prop_assert_eq!(key.open(&place, &sealed), Ok(plain));
        prop_assert_eq!(key.open(&other, &sealed).is_ok(), other == place);
    }

    #[test]
    fn any_side_record_reads_back(
        user: Option<String>, address: String, parameters: Vec<u8>, parameters_sealed: bool, decision_input: String,
        subjects in prop::collection::vec((any::<[u8; 32]>(), any::<Vec<u8>>(), any::<bool>()), 0..4),
    ) {
        let entry = |(key, sealed, returned): ([u8; 32], Vec<u8>, bool)| SubjectEntry {
            key: key.into(), sealed: sealed.into(), returned,
        };
        let side = Side {
            user, address, parameters: parameters.into(), parameters_sealed, decision_input,
            subjects: subjects.into_iter().map(entry).collect(), ..Side::default()
        };
        prop_assert_eq!(Side::from_bytes(&side.to_bytes()), Some(side));
    }

    #[test]
    fn two_commitments_are_equal_only_for_the_same_value(a: Vec<u8>, b: Vec<u8>, key: [u8; 32]) {
        prop_assert_eq!(commit("response", &key, &a) == commit("response", &key, &b), a == b);
    }
}

//! Leaves: one deterministic form of CBOR, against an encoder written here by hand, and refusal of every other form.

use exchange::{
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf, LeafError, Released, Withheld},
    tariff::{Class, Unit},
};
use minicbor::bytes::ByteArray;
use proptest::prelude::*;

use crate::support::leaf;

/// A CBOR value in the forms that a leaf uses (RFC 8949 §3).
enum Cbor {
    Unsigned(u64),
    Negative(i64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Cbor>),
    /// Integer keys, ascending; absent members left out.
    Map(Vec<(u64, Option<Cbor>)>),
}

/// Major type and argument in the shortest form (RFC 8949 §4.2.1).
fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let bytes = argument.to_be_bytes();
    let (short, tail) = match argument {
        0..24 => (u8::try_from(argument).unwrap(), 8),
        24..0x100 => (24, 7),
        0x100..0x1_0000 => (25, 6),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 0),
    };
    out.push(major << 5 | short);
    out.extend_from_slice(&bytes[tail..]);
}

impl Cbor {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unsigned(value) => head(0, *value, out),
            Self::Negative(value) => head(1, value.unsigned_abs() - 1, out),
            Self::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
            Self::Bytes(bytes) => {
                head(2, bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Self::Text(text) => {
                head(3, text.len() as u64, out);
                out.extend_from_slice(text.as_bytes());
            }
            Self::List(items) => {
                head(4, items.len() as u64, out);
                for item in items {
                    item.write(out);
                }
            }
            Self::Map(members) => {
                let present: Vec<_> = members.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))).collect();
                head(5, present.len() as u64, out);
                for (key, value) in present {
                    head(0, *key, out);
                    value.write(out);
                }
            }
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }
}

fn text(text: &str) -> Cbor {
    Cbor::Text(text.to_owned())
}

fn maybe(optional: Option<&String>) -> Option<Cbor> {
    optional.cloned().map(Cbor::Text)
}

fn number(value: impl Into<u64>) -> Cbor {
    Cbor::Unsigned(value.into())
}

fn signed(value: i64) -> Cbor {
    u64::try_from(value).map_or(Cbor::Negative(value), Cbor::Unsigned)
}

fn texts(all: &[String]) -> Cbor {
    Cbor::List(all.iter().cloned().map(Cbor::Text).collect())
}

fn hash(commitment: Option<ByteArray<32>>) -> Option<Cbor> {
    commitment.map(|hash| Cbor::Bytes(hash.to_vec()))
}

fn place<T: PartialEq + Copy>(all: &[T], one: T) -> Option<Cbor> {
    all.iter().position(|other| *other == one).map(|place| Cbor::Unsigned(place as u64))
}

fn by_hand(leaf: &Leaf) -> Cbor {
    let kind = Kind::ALL.iter().position(|kind| *kind == leaf.kind).unwrap() as u64;
    let released =
        leaf.released.iter().map(|r| Cbor::Map(vec![(0, Some(text(&r.datatype))), (1, Some(texts(&r.policies)))]));
    let withheld = leaf.withheld.iter();
    let withheld = withheld.map(|w| {
        Cbor::Map(vec![(0, Some(text(&w.datatype))), (1, Some(text(&w.code))), (2, Some(texts(&w.policies)))])
    });
    let c = &leaf.commitments;
    let commitments = [c.user, c.address, c.parameters, c.subjects, c.response, c.decision_input];
    let commitments = (0..).zip(commitments).map(|(key, value)| (key, hash(value))).collect();
    Cbor::Map(vec![
        (0, Some(number(leaf.version))),
        (1, Some(number(kind))),
        (2, Some(signed(leaf.at))),
        (3, Some(text(&leaf.node))),
        (4, Some(number(leaf.sequence))),
        (5, Some(text(&leaf.request))),
        (6, leaf.intent.map(Cbor::Unsigned)),
        (7, Some(text(&leaf.caller))),
        (8, maybe(leaf.agency.as_ref())),
        (9, maybe(leaf.service.as_ref())),
        (10, maybe(leaf.purpose.as_ref())),
        (11, maybe(leaf.basis.as_ref())),
        (12, maybe(leaf.agreement.as_ref())),
        (13, Some(number(leaf.status))),
        (14, maybe(leaf.code.as_ref())),
        (15, Some(Cbor::List(released.collect()))),
        (16, Some(Cbor::List(withheld.collect()))),
        (17, Some(number(leaf.bundle))),
        (18, Some(number(leaf.directory))),
        (19, Some(number(leaf.rows))),
        (20, Some(number(leaf.bytes))),
        (21, maybe(leaf.rate_version.as_ref())),
        (22, maybe(leaf.tariff.as_ref())),
        (23, Some(signed(leaf.amount))),
        (24, Some(Cbor::Map(commitments))),
        (25, Some(number(leaf.counted))),
        (26, Some(Cbor::Bool(leaf.dry_run))),
        (27, leaf.unit.and_then(|unit| place(Unit::ALL, unit))),
        (28, leaf.class.and_then(|class| place(Class::ALL, class))),
        (29, leaf.rated_at.map(signed)),
    ])
}

/// A leaf in which every optional member is there, and no two of a kind are alike.
pub fn full() -> Leaf {
    let commitment = |byte| Some(ByteArray::from([byte; 32]));
    Leaf {
        intent: Some(6),
        service: Some("identity.kyc@1".into()),
        purpose: Some("KYC-101".into()),
        basis: Some("con-1@2".into()),
        agreement: Some("agr-7@3".into()),
        code: Some("fields_not_permitted".into()),
        released: vec![
            Released { datatype: "citizen.name".into(), policies: vec!["consent.own".into(), "role.standard".into()] },
            Released { datatype: "citizen.photo".into(), policies: Vec::new() },
        ],
        withheld: vec![Withheld {
            datatype: "nser.gps".into(),
            code: "policy_denied".into(),
            policies: vec!["never".into()],
        }],
        bundle: 300,
        directory: 70_000,
        rows: u32::MAX,
        bytes: u64::MAX,
        commitments: Commitments {
            user: commitment(1),
            address: commitment(2),
            parameters: commitment(3),
            subjects: commitment(4),
            response: commitment(5),
            decision_input: commitment(6),
        },
        counted: 24,
        dry_run: true,
        unit: Some(Unit::NoMatch),
        class: Some(Class::GratisPrivate),
        rated_at: Some(-2),
        ..leaf(Kind::Outcome)
    }
}

#[test]
fn the_smallest_leaf_has_these_bytes() {
    let least = Leaf { agency: None, rate_version: None, tariff: None, amount: -1, rows: 0, ..leaf(Kind::Intent) };
    let expected = "b20002010002\
                    1b000660d806969c00\
                    03666e6f64652d31040705657265712d3107664167656e6379\
                    0d18c80f8010801101120113001419025817201818a0181901181af4";
    assert_eq!(hex::encode(least.to_bytes()), expected);
}

#[test]
fn every_kind_and_every_edge_is_written_as_by_hand() {
    let check = |leaf: &Leaf| {
        let bytes = leaf.to_bytes();
        assert_eq!(hex::encode(&bytes), hex::encode(by_hand(leaf).to_bytes()), "{leaf:?}");
        assert_eq!(Leaf::from_bytes(&bytes).as_ref(), Ok(leaf));
    };
    check(&full());
    for kind in Kind::ALL {
        check(&leaf(*kind));
    }
    for edge in [0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, i64::MAX] {
        let unsigned = u64::try_from(edge).unwrap();
        check(&Leaf { at: edge, sequence: unsigned, intent: Some(unsigned), amount: edge, ..full() });
        check(&Leaf { at: -edge - 1, bundle: unsigned, directory: unsigned, bytes: unsigned, amount: -edge, ..full() });
    }
    for length in [0, 23, 24, 255, 256, 5_000] {
        check(&Leaf { node: "n".repeat(length), request: "آ".repeat(length), ..full() });
    }
    let many = vec![Released { datatype: "d".into(), policies: vec!["p".into(); 30] }; 30];
    check(&Leaf { released: many, ..full() });
}

#[test]
fn a_leaf_cut_off_anywhere_is_refused() {
    for leaf in [full(), leaf(Kind::Refused)] {
        let bytes = leaf.to_bytes();
        for at in 0..bytes.len() {
            assert_eq!(Leaf::from_bytes(&bytes[..at]), Err(LeafError::Malformed), "cut at {at}");
        }
        for more in [&[0][..], &[0xff], &bytes] {
            let longer = [&bytes, more].concat();
            assert_eq!(Leaf::from_bytes(&longer), Err(LeafError::Malformed), "followed by {} bytes", more.len());
        }
    }
}

#[test]
fn a_changed_bit_is_refused_or_is_another_leaf() {
    let (ours, mut refused) = (full(), 0);
    let bytes = ours.to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        match Leaf::from_bytes(&other) {
            Ok(read) => {
                assert_ne!(read, ours, "bit {bit}");
                assert_eq!(read.to_bytes(), other, "bit {bit}");
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0 && refused < bytes.len() * 8);
}

/// The leaf's bytes with one member's bytes in another form.
fn reformed(key: u64, form: &[u8]) -> Vec<u8> {
    let Cbor::Map(members) = by_hand(&full()) else { panic!("a leaf is a map") };
    let mut out = Vec::new();
    head(5, members.len() as u64, &mut out);
    for (number, value) in members {
        head(0, number, &mut out);
        match value {
            Some(_) if number == key => out.extend_from_slice(form),
            value => value.unwrap().write(&mut out),
        }
    }
    out
}

#[test]
fn another_form_of_the_same_value_is_refused() {
    let ours = full().to_bytes();
    assert_eq!(reformed(13, &[0x18, 0xc8]), ours, "200 as the leaf writes it");
    let check = |key, form: &[u8], what: &str| {
        assert_eq!(Leaf::from_bytes(&reformed(key, form)), Err(LeafError::Malformed), "{what}");
    };
    check(13, &[0x19, 0x00, 0xc8], "a number longer than it needs to be");
    check(4, &[0x18, 0x07], "a small number in two bytes");
    check(4, &[0x1b, 0, 0, 0, 0, 0, 0, 0, 7], "a small number in nine bytes");
    check(26, &[0xf8, 0x15], "true in two bytes");
    check(26, &[0x01], "one instead of true");
    check(3, b"\x7f\x66node-1\xff", "a text of indefinite length");
    check(3, b"\x78\x06node-1", "a text with a longer length");
    check(3, b"\x46node-1", "bytes instead of a text");
    check(3, b"\x66node-\xff", "a text that is not UTF-8");
    check(16, &[0x9f, 0xff], "a list of indefinite length");
    check(24, &[0xbf, 0xff], "a map of indefinite length");
    check(13, &[0xc1, 0x18, 0xc8], "a tagged number");
    check(13, &[0x38, 0xc8], "a negative status");
    check(13, &[0x1a, 0, 1, 0, 0], "a status beyond its type");
    check(8, &[0xf6], "null instead of absence");
    check(1, &[0x0a], "a kind that does not exist");
    check(24, &[0xa1, 0x00, 0x41, 0x01], "a commitment of one byte");
}

#[test]
fn members_stand_once_and_in_order() {
    let Cbor::Map(members) = by_hand(&full()) else { panic!("a leaf is a map") };
    let pairs: Vec<Vec<u8>> = members
        .into_iter()
        .map(|(key, value)| {
            let mut pair = Vec::new();
            head(0, key, &mut pair);
            value.unwrap().write(&mut pair);
            pair
        })
        .collect();
    let map = |pairs: &[Vec<u8>]| {
        let mut out = Vec::new();
        head(5, pairs.len() as u64, &mut out);
        out.extend(pairs.concat());
        out
    };
    assert_eq!(map(&pairs), full().to_bytes());
    for at in 1..pairs.len() {
        let mut swapped = pairs.clone();
        swapped.swap(at - 1, at);
        assert_eq!(Leaf::from_bytes(&map(&swapped)), Err(LeafError::Malformed), "{at} before {}", at - 1);
        let mut doubled = pairs.clone();
        doubled.insert(at, pairs[at].clone());
        assert_eq!(Leaf::from_bytes(&map(&doubled)), Err(LeafError::Malformed), "{at} twice");
    }
    let unknown = [&pairs[..], &[vec![0x18, 0x1e, 0x00]]].concat();
    assert_eq!(Leaf::from_bytes(&map(&unknown)), Err(LeafError::Malformed), "a member that this version does not know");
}

#[test]
fn a_leaf_of_another_version_says_so() {
    for version in [0, LEAF_VERSION + 1, 23, 24, 255] {
        let other = Leaf { version, ..full() };
        assert_eq!(Leaf::from_bytes(&other.to_bytes()), Err(LeafError::Version(version)));
    }
    // A newer version with a member that we do not know.
    let Cbor::Map(mut members) = by_hand(&Leaf { version: 3, ..full() }) else { panic!("a leaf is a map") };
    members.push((30, Some(text("new"))));
    assert_eq!(Leaf::from_bytes(&Cbor::Map(members).to_bytes()), Err(LeafError::Version(3)));
}

#[test]
fn a_leaf_of_the_first_version_is_read_and_says_nothing_of_its_charge() {
    let first = Leaf { version: 1, unit: None, class: None, rated_at: None, ..full() };
    assert_eq!(Leaf::from_bytes(&first.to_bytes()), Ok(first.clone()));
    for later in [
        Leaf { unit: Some(Unit::Row), ..first.clone() },
        Leaf { class: Some(Class::Private), ..first.clone() },
        Leaf { rated_at: Some(1), ..first },
    ] {
        assert_eq!(Leaf::from_bytes(&later.to_bytes()), Err(LeafError::Malformed));
    }
}

#[test]
fn what_is_no_leaf_at_all_is_malformed() {
    for bytes in [
        &b""[..],
        b"\xa0",
        b"\x80",
        b"\xf6",
        b"{}",
        b"\xff",
        b"\xbf\xff",
        b"leaf",
        &[0xbb, 255, 255, 255, 255, 255, 255, 255, 255],
    ] {
        assert_eq!(Leaf::from_bytes(bytes), Err(LeafError::Malformed), "{bytes:?}");
    }
    let deep = vec![0x81; 60_000];
    assert_eq!(
        Leaf::from_bytes(&[&[0xa1, 0x18, 0x63], &deep[..]].concat()),
        Err(LeafError::Malformed),
        "a deep unknown member"
    );
}

#[test]
fn kinds_have_these_words() {
    let words =
        ["intent", "outcome", "part", "refused", "replay", "consent", "admin", "audit-read", "rate-change", "erasure"];
    assert_eq!(Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(), words);
    for (word, kind) in words.into_iter().zip(Kind::ALL) {
        assert_eq!(Kind::parse(word), Some(*kind));
        assert_eq!(Kind::parse(&word.to_uppercase()), None);
    }
    for other in ["", "audit_read", "intents", " intent"] {
        assert_eq!(Kind::parse(other), None, "{other:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_leaf_is_written_as_by_hand_and_reads_back(
        kind in prop::sample::select(Kind::ALL.to_vec()), at: i64, sequence: u64, intent: Option<u64>, amount: i64,
        words in prop::collection::vec(prop::option::of(any::<String>()), 8), status: u16, counted: u32, dry_run: bool,
        hashes in prop::collection::vec(prop::option::of(any::<[u8; 32]>()), 3), rated_at: Option<i64>,
        unit in prop::option::of(prop::sample::select(Unit::ALL.to_vec())),
        class in prop::option::of(prop::sample::select(Class::ALL.to_vec())),
    ) {
        let commitments = Commitments {
            user: hashes[0].map(Into::into), subjects: hashes[1].map(Into::into), response: hashes[2].map(Into::into),
            ..Commitments::default()
        };
        let ours = Leaf {
            at, sequence, intent, amount, status, counted, dry_run, commitments, unit, class, rated_at,
            agency: words[0].clone(), service: words[1].clone(), purpose: words[2].clone(), basis: words[3].clone(),
            agreement: words[4].clone(), code: words[5].clone(), rate_version: words[6].clone(), tariff: words[7].clone(),
            ..leaf(kind)
        };
        let bytes = ours.to_bytes();
        prop_assert_eq!(&bytes, &by_hand(&ours).to_bytes());
        prop_assert_eq!(Leaf::from_bytes(&bytes), Ok(ours));
    }

    #[test]
    fn random_bytes_are_no_leaf(bytes: Vec<u8>) {
        prop_assert!(Leaf::from_bytes(&bytes).is_err());
    }
}

//! Permit tokens that were changed, cut off, mixed or signed by another are forgeries, whatever they claim.

use aws_lc_rs::hmac;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use exchange::{
    ids::UpstreamId,
    permit::{BoundTo, PermitError, PermitKey, PermitVerifier, write_token},
};
use serde_json::{Value, json};

use crate::support::{CITIZEN, NOON, full_grant, id, permit, with_char};

const KEY: [u8; 32] = [1; 32];

fn verifier() -> PermitVerifier {
    PermitVerifier::new(id("registry"), PermitKey::new(&KEY))
}

fn token(jti: u8) -> String {
    let audience: UpstreamId = id("registry");
    let bound = BoundTo { audience: &audience, method: "POST", path: "/v1/x", body: b"" };
    write_token(&permit(full_grant(&["a"])), &PermitKey::new(&KEY), bound, [jti; 16], NOON)
}

fn outcome(token: &str) -> Option<PermitError> {
    verifier().verify(token, "POST", "/v1/x", b"", NOON).err()
}

/// The claims of a token of ours.
fn claims() -> Value {
    let payload = token(1).split_once('.').unwrap().0.to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A token over these bytes that is rightly signed with our key: what nobody but our own processes can make.
fn signed(payload: &[u8]) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), payload.as_bytes());
    format!("{payload}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn the_untouched_token_opens() {
    assert_eq!(outcome(&token(1)), None);
    assert_eq!(outcome(&signed(claims().to_string().as_bytes())), None, "and so does one signed here by hand");
}

#[test]
fn no_changed_character_opens() {
    let own = token(1);
    for (at, had) in own.chars().enumerate() {
        for put in ['A', 'B', '_', '.', '=', ' ', 'é'] {
            if put != had {
                assert_eq!(outcome(&with_char(&own, at, put)), Some(PermitError::Forged), "{at}: {had} to {put}");
            }
        }
    }
}

#[test]
fn no_part_of_a_token_opens() {
    let own = token(1);
    for at in 0..own.len() {
        assert_eq!(outcome(&own[..at]), Some(PermitError::Forged), "cut at {at}");
        assert!(at == 0 || outcome(&own[at..]) == Some(PermitError::Forged), "begun at {at}");
    }
}

#[test]
fn parts_of_two_tokens_do_not_make_a_third() {
    let (one, two) = (token(1), token(2));
    let (first, last) = (one.split_once('.').unwrap(), two.split_once('.').unwrap());
    let check = |token: String| assert_eq!(outcome(&token), Some(PermitError::Forged), "{token}");
    check(format!("{}.{}", first.0, last.1));
    check(format!("{}.{}", last.0, first.1));
    check(format!("{}.{}", first.1, first.0));
    check(format!("{one}.{}", first.1));
    check(format!("{}.", first.0));
    check(format!(".{}", first.1));
    check(format!("{}..{}", first.0, first.1));
    check(format!("{}{}", first.0, first.1));
    check(format!("{one}{two}"));
    check(".".into());
    check(String::new());
}

#[test]
fn a_token_has_one_spelling() {
    let own = token(1);
    let (payload, tag) = own.split_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(tag).unwrap();
    let check = |tag: String| assert_eq!(outcome(&format!("{payload}.{tag}")), Some(PermitError::Forged), "{tag}");
    check(URL_SAFE.encode(&bytes));
    check(STANDARD_NO_PAD.encode([&bytes[..], &[0]].concat()));
    check(URL_SAFE_NO_PAD.encode(&bytes[..31]));
    check(URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat()));
    check(hex::encode(&bytes));
    check(format!("{tag}\n"));
    check(format!(" {tag}"));
    // 32 bytes leave two bits over in the last letter: only zeros are taken.
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let last = tag.chars().last().unwrap();
    let same_bits = alphabet.iter().position(|letter| *letter == last).unwrap() / 4 * 4;
    for letter in alphabet[same_bits..same_bits + 4].iter().filter(|letter| **letter != last) {
        check(with_char(tag, tag.len() - 1, *letter));
    }
}

#[test]
fn no_other_key_signs_for_us() {
    let own = token(1);
    for bit in 0..256 {
        let mut key = KEY;
        key[bit / 8] ^= 1 << (bit % 8);
        let stranger = PermitVerifier::new(id("registry"), PermitKey::new(&key));
        assert_eq!(stranger.verify(&own, "POST", "/v1/x", b"", NOON).err(), Some(PermitError::Forged), "bit {bit}");
    }
    let payload = own.split_once('.').unwrap().0;
    for algorithm in [hmac::HMAC_SHA384, hmac::HMAC_SHA512, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY] {
        let tag = hmac::sign(&hmac::Key::new(algorithm, &KEY), payload.as_bytes());
        let token = format!("{payload}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(outcome(&token), Some(PermitError::Forged), "{algorithm:?}");
    }
    // The tag of the bytes behind the base64 instead of that of its letters.
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), &URL_SAFE_NO_PAD.decode(payload).unwrap());
    assert_eq!(outcome(&format!("{payload}.{}", URL_SAFE_NO_PAD.encode(tag))), Some(PermitError::Forged));
}

#[test]
fn claims_of_a_wrong_form_open_nothing_even_when_rightly_signed() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        signed(claims.to_string().as_bytes())
    };
    let check = |token: String, what: &str| assert_eq!(outcome(&token), Some(PermitError::Forged), "{what}");
    check(signed(b""), "nothing");
    check(signed(b"null"), "null");
    check(signed(b"[]"), "a list");
    check(signed(b"{}"), "no member");
    check(signed(b"\xff\xfe"), "no text");
    for (name, value) in [
        ("request", json!("two words")),
        ("request", json!("")),
        ("service", json!(null)),
        ("role", json!("Emperor")),
        ("role", json!("basic")),
        ("subject", json!("421011234567")),
        ("subject", json!(4_210_112_345_671_u64)),
        ("datatypes", json!("a")),
        ("datatypes", json!(["a b"])),
        ("rows", json!(-1)),
        ("rows", json!(4_294_967_296_u64)),
        ("version", json!(65_536)),
        ("basis", json!("Whim")),
        ("certificate", json!("zz")),
        ("certificate", json!("0707")),
        ("certificate", json!("07".repeat(33))),
        ("exp", json!("soon")),
        ("at", json!("2026-11-22")),
    ] {
        check(with(name, value.clone()), &format!("{name} = {value}"));
    }
}

#[test]
fn a_lasting_token_is_refused_even_when_rightly_signed() {
    let check = |exp: i64, expected: Option<PermitError>| {
        let mut claims = claims();
        claims["exp"] = json!(exp);
        assert_eq!(outcome(&signed(claims.to_string().as_bytes())), expected, "{exp}");
    };
    let now = NOON.seconds();
    check(now, None);
    check(now + 11, None);
    check(now + 12, Some(PermitError::Expired));
    check(now + 86_400, Some(PermitError::Expired));
    check(now - 1, Some(PermitError::Expired));
    check(0, Some(PermitError::Expired));
}

#[test]
fn the_payload_names_the_citizen_and_the_printed_permit_does_not() {
    let grant = full_grant(&["a"]);
    let printed = format!("{:?} {:?} {:?}", permit(grant.clone()), grant, PermitKey::new(&KEY));
    assert!(!printed.contains(CITIZEN), "{printed}");
    assert!(printed.contains("PermitKey(…)"), "{printed}");
    let claims = claims();
    assert_eq!(claims["subject"], CITIZEN, "the upstream needs to know whom to look up");
    let mut names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    names.sort();
    let expected = "agency at aud basis body certificate consent datatypes exp jti method obligations path policies purpose request role \
                    rows service subject subject_status user version";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>(), "a new claim is a new promise to upstreams");
}

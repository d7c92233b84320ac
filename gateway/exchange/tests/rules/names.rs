//! Identifiers, numbers on identity cards and mobile numbers: one spelling each, nothing that only looks like one.

use exchange::{
    cnic::{Cnic, CnicError},
    ids::{AgencyId, DatatypeId, IdError, RequestId},
    limits,
    mobile::{Mobile, MobileError},
};
use proptest::prelude::*;

#[test]
fn an_identifier_is_made_of_plain_letters_digits_and_four_marks() {
    for byte in 0..128_u8 {
        let text = format!("a{}b", char::from(byte));
        let plain = byte.is_ascii_alphanumeric() || [b'.', b'_', b'@', b'-'].contains(&byte);
        let expected = if plain { Ok(text.clone()) } else { Err(IdError::Character) };
        assert_eq!(AgencyId::parse(&text).map(|id| id.as_str().to_owned()), expected, "{text:?}");
    }
    for odd in
        ["é", "بینک", "аgency", "ﬁ", "\u{200b}", "a\u{301}", "１", "۱", "ſ", "\u{212a}", "-\u{2011}-", "\u{feff}a"]
    {
        assert_eq!(AgencyId::parse(odd), Err(IdError::Character), "{odd:?}");
    }
}

#[test]
fn an_identifier_has_one_to_ninety_six_bytes() {
    let check = |bytes: usize, expected: Option<IdError>| {
        assert_eq!(AgencyId::parse(&"x".repeat(bytes)).err(), expected, "{bytes}");
    };
    check(0, Some(IdError::Empty));
    check(1, None);
    check(limits::ID_BYTES_MAX, None);
    check(limits::ID_BYTES_MAX + 1, Some(IdError::TooLong));
    assert_eq!(AgencyId::parse(&"آ".repeat(49)), Err(IdError::TooLong), "bytes, not characters");
}

#[test]
fn an_identifier_in_a_file_is_checked_as_it_is_read() {
    let read = |json: &str| serde_json::from_str::<DatatypeId>(json).ok().map(String::from);
    assert_eq!(read("\"nser.pmt\""), Some("nser.pmt".into()));
    for bad in ["\"\"", "\"a b\"", "\"a\\nb\"", "\"a\\u0000b\"", "1", "null", "[\"a\"]"] {
        assert_eq!(read(bad), None, "{bad}");
    }
    let id = RequestId::parse("req-1").unwrap();
    assert_eq!((serde_json::to_string(&id).unwrap(), id.to_string()), ("\"req-1\"".into(), "req-1".into()));
    assert_eq!(format!("{id:?}"), "RequestId(req-1)", "ids of two kinds print apart");
}

#[test]
fn an_identifier_is_found_by_its_text() {
    let map = std::collections::HashMap::from([(AgencyId::parse("bank-indus").unwrap(), 1)]);
    assert_eq!(map.get("bank-indus"), Some(&1), "hashed as its text is");
    assert_eq!(map.get("bank-Indus"), None);
    let tree =
        std::collections::BTreeMap::from([(AgencyId::parse("b").unwrap(), 1), (AgencyId::parse("B").unwrap(), 2)]);
    assert_eq!((tree.get("b"), tree.get("B")), (Some(&1), Some(&2)));
    assert_eq!(tree.into_values().collect::<Vec<_>>(), [2, 1], "ordered as its text is");
}

#[test]
fn a_cnic_has_two_spellings() {
    let check = |text: &str, expected: Result<&str, CnicError>| {
        assert_eq!(Cnic::parse(text).map(Cnic::digits), expected.map(str::to_owned), "{text:?}");
    };
    check("4210112345671", Ok("4210112345671"));
    check("42101-1234567-1", Ok("4210112345671"));
    check("0000000000000", Ok("0000000000000"));
    check("9999999999999", Ok("9999999999999"));
    for short in ["", "421011234567", "42101-1234567", "42101-1234567-", "42101-"] {
        check(short, Err(CnicError::TooShort));
    }
    for long in ["42101123456710", "42101-1234567-10", "421011234567100000000000000"] {
        check(long, Err(CnicError::TooLong));
    }
    for odd in [
        // Hyphens in half of their places, doubled, or anywhere else.
        "42101-12345671",
        "4210112345671-",
        "4210112345-671",
        "421011234567-1",
        "42101--1234567-1",
        "42101-1234567--1",
        "-",
        "-4210112345671",
        "4210-11234567-1",
        "42101-1234567-1-",
        "42101\u{2010}1234567\u{2010}1",
        "42101\u{2013}1234567\u{2013}1",
        // Spaces, signs, other digits, other letters.
        " 4210112345671",
        "4210112345671 ",
        "4210112345671\n",
        "42101 1234567 1",
        "+210112345671",
        "421011234567X",
        "۴۲۱۰۱۱۲۳۴۵۶۷۱",
        "٤٢١٠١١٢٣٤٥٦٧١",
        "４２１０１１２３４５６７１",
        "4210112345\u{0}71",
        "0x1234567890a",
        "1e12",
    ] {
        check(odd, Err(CnicError::NotADigit));
    }
}

#[test]
fn a_stored_cnic_has_thirteen_digits() {
    let check = |value: u64, expected: Result<&str, CnicError>| {
        assert_eq!(Cnic::from_u64(value).map(Cnic::digits), expected.map(str::to_owned), "{value}");
    };
    check(0, Ok("0000000000000"));
    check(17, Ok("0000000000017"));
    check(9_999_999_999_999, Ok("9999999999999"));
    check(10_000_000_000_000, Err(CnicError::TooLong));
    check(u64::MAX, Err(CnicError::TooLong));
}

#[test]
fn a_cnic_in_json_is_a_text() {
    let read = |json: &str| serde_json::from_str::<Cnic>(json).ok().map(Cnic::digits);
    assert_eq!(read("\"42101-1234567-1\""), Some("4210112345671".into()));
    for bad in ["4210112345671", "\"421011234567\"", "null", "[]", "\"\""] {
        assert_eq!(read(bad), None, "{bad}");
    }
    let cnic = Cnic::parse("0000000000017").unwrap();
    assert_eq!(serde_json::to_string(&cnic).unwrap(), "\"0000000000017\"", "no zero is lost");
}

#[test]
fn only_mobiles_of_pakistan_are_dialled() {
    let check = |text: &str, good: bool| {
        let expected = if good { Ok("+923001234567".to_owned()) } else { Err(MobileError) };
        assert_eq!(Mobile::parse(text).map(Mobile::e164), expected, "{text:?}");
    };
    for good in ["+923001234567", "923001234567", "03001234567"] {
        check(good, true);
    }
    for bad in [
        "",
        "3001234567",
        "+92",
        "+9203001234567",
        "00923001234567",
        "+92 3001234567",
        "+92-300-1234567",
        "0300 1234567",
        "+92300123456",
        "+9230012345678",
        "0300123456",
        "030012345678",
        "+922001234567",
        "02112345678",
        "+913001234567",
        "+19003001234",
        "+923001234567 ",
        " 03001234567",
        "tel:+923001234567",
        "8009",
        "+92300123456a",
        "+92۳۰۰۱۲۳۴۵۶۷",
        "++923001234567",
        "+92+3001234567",
        "0+923001234567",
    ] {
        check(bad, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_cnic_reads_back_from_its_three_forms(value in 0_u64..10_000_000_000_000) {
        let cnic = Cnic::from_u64(value).unwrap();
        let digits = cnic.digits();
        let hyphens = format!("{}-{}-{}", &digits[..5], &digits[5..12], &digits[12..]);
        prop_assert_eq!(Cnic::parse(&digits), Ok(cnic));
        prop_assert_eq!(Cnic::parse(&hyphens), Ok(cnic));
        prop_assert_eq!(Cnic::from_u64(cnic.as_u64()), Ok(cnic));
        prop_assert_eq!(digits.parse::<u64>().ok(), Some(value));
    }

    #[test]
    fn a_text_is_a_cnic_only_in_its_two_forms(text in "[0-9]{3,7}[-]{0,2}[0-9]{5,8}[-]{0,2}[0-9]{0,2}") {
        let bare = text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        prop_assert_eq!(Cnic::parse(&text).is_ok(), bare || parts == [5, 7, 1], "{}", text);
    }

    #[test]
    fn every_mobile_reads_back_from_its_three_forms(rest in 0_u64..1_000_000_000) {
        let national = format!("3{rest:09}");
        let mobile = Mobile::parse(&format!("+92{national}")).unwrap();
        prop_assert_eq!(mobile.e164(), format!("+92{national}"));
        prop_assert_eq!(Mobile::parse(&format!("92{national}")), Ok(mobile));
        prop_assert_eq!(Mobile::parse(&format!("0{national}")), Ok(mobile));
    }

    #[test]
    fn no_refusal_repeats_the_text(text in "[0-9]{4,20}[a-z]") {
        for message in [Cnic::parse(&text).unwrap_err().to_string(), Mobile::parse(&text).unwrap_err().to_string()] {
            prop_assert!(!message.contains(&text[..4]), "{}", message);
        }
    }
}

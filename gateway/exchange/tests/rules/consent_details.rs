//! What an agency asks a citizen for: one form on the wire, one canonical text, and nothing above a ceiling.

use aws_lc_rs::digest::{SHA256, digest};
use exchange::{
    consent::{
        ConsentUse,
        details::{Channel, Details, DetailsError},
        frequency::{Bounds, DataLife, Frequency, Unit},
    },
    ids::DatatypeId,
    limits,
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{id, ids};

fn one(members: &str) -> String {
    format!(r#"[{{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["a"]{members}}}]"#)
}

fn refusal(text: &str) -> Option<DetailsError> {
    Details::parse(text).err()
}

#[test]
fn the_canonical_text_has_fixed_members_in_a_fixed_order() {
    let check = |sent: &str, canonical: &str| {
        let details = Details::parse(sent).unwrap();
        assert_eq!(details.canonical(), canonical);
        assert_eq!(
            details.sha256()[..],
            *digest(&SHA256, canonical.as_bytes()).as_ref(),
            "what the passcode is bound to"
        );
    };
    check(
        r#" [ { "datatypes" : ["b","a","b"] , "purpose":"KYC-101", "type":"urn:pk:ijazat:consent:1" } ] "#,
        r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["a","b"],"fetch":"one_time"}]"#,
    );
    check(
        &one(
            r#","uses":"standing","valid_until":"2027-01-01T00:00:00.999Z","channel":"counter","subject_relation":"self""#,
        ),
        r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["a"],"fetch":"standing","valid_until":"2027-01-01T05:00:00+05:00"}]"#,
    );
}

#[test]
fn what_is_not_one_object_of_known_members_is_malformed() {
    for text in [
        "",
        " ",
        "null",
        "1",
        "\"x\"",
        "{}",
        "[1]",
        "[null]",
        "[[]]",
        "[{}]",
        r#"[{"type":"urn:pk:ijazat:consent:1"}]"#,
    ] {
        assert_eq!(refusal(text), Some(DetailsError::Malformed), "{text}");
    }
    for members in [
        r#","actions":["read"]"#,
        r#","agreement":"agr-7@rev3""#,
        r#","Fetch":"one_time""#,
        r#","fetch":"one-time""#,
        r#","fetch":1"#,
        r#","uses":-1"#,
        r#","uses":1.5"#,
        r#","uses":"1""#,
        r#","uses":4294967296"#,
        r#","channel":"app""#,
        r#","channel":"Counter""#,
        r#","subject_relation":"guardian_of""#,
        r#","valid_until":1795330800"#,
        r#","purpose":"KYC-102""#,
        r#","type":"urn:pk:ijazat:consent:1""#,
    ] {
        assert_eq!(refusal(&one(members)), Some(DetailsError::Malformed), "{members}");
    }
    for (from, to) in [
        ("KYC-101", ""),
        ("KYC-101", "KYC 101"),
        ("\"a\"", "\"a b\""),
        ("\"a\"", "\"\""),
        ("[\"a\"]", "\"a\""),
        ("\"a\"", "1"),
    ] {
        assert_eq!(refusal(&one("").replacen(from, to, 1)), Some(DetailsError::Malformed), "{from} to {to}");
    }
    for (members, expected) in [
        ("", Channel::Counter),
        (r#","channel":"counter""#, Channel::Counter),
        (r#","channel":"remote""#, Channel::Remote),
    ] {
        let (details, channel) = Details::parse_asked(&one(members)).unwrap();
        assert_eq!(channel, expected, "{members}");
        assert_eq!(details, Details::parse(&one("")).unwrap(), "where the citizen is, is not what is consented to");
    }
    let cut = one(r#","uses":1"#);
    (0..cut.len()).for_each(|at| assert_eq!(refusal(&cut[..at]), Some(DetailsError::Malformed), "cut at {at}"));
    assert_eq!(refusal(&format!("{} x", one(""))), Some(DetailsError::Malformed));
}

#[test]
fn exactly_one_thing_of_our_type_is_asked() {
    let object = one("").trim_matches(|c| c == '[' || c == ']').to_owned();
    assert_eq!(refusal("[]"), Some(DetailsError::NotOne));
    assert_eq!(refusal(&format!("[{object},{object}]")), Some(DetailsError::NotOne));
    for other in ["urn:pk:ijazat:consent:2", "urn:pk:ijazat:consent:1 ", "URN:pk:ijazat:consent:1", "payment", ""] {
        let text = one("").replacen("urn:pk:ijazat:consent:1", other, 1);
        assert_eq!(refusal(&text), Some(DetailsError::Type), "{other}");
    }
}

#[test]
fn uses_and_fetch_say_the_same_or_one_of_them_is_silent() {
    use ConsentUse::{OneTime, Standing};
    let check = |members: &str, expected: Result<ConsentUse, DetailsError>| {
        let text = one(&format!(r#"{members},"valid_until":"2027-01-01T00:00:00Z""#));
        assert_eq!(Details::parse(&text).map(|details| details.usage), expected, "{members}");
    };
    check("", Ok(OneTime));
    check(r#","uses":1"#, Ok(OneTime));
    check(r#","fetch":"one_time""#, Ok(OneTime));
    check(r#","uses":1,"fetch":"one_time""#, Ok(OneTime));
    check(r#","uses":"standing""#, Ok(Standing));
    check(r#","fetch":"standing""#, Ok(Standing));
    check(r#","uses":"standing","fetch":"standing""#, Ok(Standing));
    check(r#","uses":null,"fetch":null"#, Ok(OneTime));
    check(r#","uses":2"#, Ok(Standing));
    check(r#","uses":10000,"fetch":"standing""#, Ok(Standing));
    for members in [
        r#","uses":0"#,
        r#","uses":10001"#,
        r#","uses":2,"fetch":"one_time""#,
        r#","uses":"one_time""#,
        r#","uses":1,"fetch":"standing""#,
        r#","uses":"standing","fetch":"one_time""#,
    ] {
        check(members, Err(DetailsError::Uses));
    }
}

#[test]
fn an_end_is_an_instant_that_can_be_written_back() {
    let check = |text: &str, expected: Result<&str, DetailsError>| {
        let got = Details::parse(&one(&format!(r#","valid_until":"{text}""#)));
        let got = got.map(|details| details.valid_until.unwrap().rfc3339());
        assert_eq!(got, expected.map(str::to_owned), "{text}");
    };
    check("2027-01-01T00:00:00+05:00", Ok("2027-01-01T00:00:00+05:00"));
    check("2027-01-01T00:00:00Z", Ok("2027-01-01T05:00:00+05:00"));
    check("2027-01-01t00:00:00z", Ok("2027-01-01T05:00:00+05:00"));
    check("2027-01-01T00:00:00.999999999Z", Ok("2027-01-01T05:00:00+05:00"));
    check("2028-02-29T23:59:59-11:30", Ok("2028-03-01T16:29:59+05:00"));
    check("9999-12-31T23:59:59+05:00", Ok("9999-12-31T23:59:59+05:00"));
    for bad in [
        "",
        "tomorrow",
        "2027-01-01",
        "2027-01-01T00:00:00",
        "2027-02-29T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-01-01T24:00:00Z",
        "2027-01-01T00:00:00+05",
        "20270101T000000Z",
        "+2027-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "۲۰۲۷-01-01T00:00:00Z",
        // Beyond the last year in Karachi, where no text could show it to the citizen.
        "9999-12-31T23:59:59Z",
        "9999-12-31T19:00:00Z",
        "9999-12-31T23:59:59-05:00",
    ] {
        check(bad, Err(DetailsError::ValidUntil));
    }
}

#[test]
fn a_standing_consent_needs_an_end() {
    assert_eq!(refusal(&one(r#","uses":"standing""#)), Some(DetailsError::ValidUntilMissing));
    assert_eq!(refusal(&one(r#","fetch":"standing","valid_until":null"#)), Some(DetailsError::ValidUntilMissing));
    assert_eq!(refusal(&one(r#","uses":1"#)), None, "one use ends by itself");
}

#[test]
fn thirty_two_datatypes_are_the_most_that_one_text_asks_for() {
    let with = |names: Vec<String>| {
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        refusal(&one("").replacen("\"a\"", &quoted.join(","), 1))
    };
    assert_eq!(with(Vec::new()), Some(DetailsError::Datatypes));
    assert_eq!(with((0..32).map(|n| format!("d{n}")).collect()), None);
    assert_eq!(with((0..33).map(|n| format!("d{n}")).collect()), Some(DetailsError::Datatypes));
    assert_eq!(with((0..200).map(|n| format!("d{}", n % 32)).collect()), None, "each counts once");
}

#[test]
fn eight_kilobytes_are_read_and_no_more() {
    let padded = |bytes: usize| format!("{}{}", one(""), " ".repeat(bytes - one("").len()));
    assert_eq!(refusal(&padded(limits::AUTHORIZATION_DETAILS_BYTES_MAX)), None);
    assert_eq!(refusal(&padded(limits::AUTHORIZATION_DETAILS_BYTES_MAX + 1)), Some(DetailsError::TooLong));
    assert_eq!(refusal(&"[".repeat(1_000_000)), Some(DetailsError::TooLong));
}

#[test]
fn a_refusal_tells_the_rule_and_repeats_nothing() {
    for text in [
        one(r#","uses":7"#),
        one(r#","valid_until":"4210112345671""#),
        one("").replacen("KYC-101", "4210112345671!", 1),
        one(r#","cnic":"4210112345671""#),
    ] {
        let message = Details::parse(&text).unwrap_err().to_string();
        assert!(!message.contains("42101") && !message.contains('7'), "{message}");
    }
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    let unit = || prop_oneof![Just(Unit::Hour), Just(Unit::Day), Just(Unit::Week), Just(Unit::Month)];
    let frequency = prop::option::of((unit(), 1_u32..10_001).prop_map(|(unit, value)| Frequency { unit, value }));
    let data_life = prop::option::of((unit(), 1_u32..120).prop_map(|(unit, value)| DataLife { unit, value }));
    (prop::option::of(2_u32..10_001), frequency, data_life).prop_map(|(uses, frequency, data_life)| Bounds {
        uses,
        frequency,
        data_life,
    })
}

fn any_details() -> impl Strategy<Value = Details> {
    let names = prop::collection::btree_set("[a-z]{1,6}(\\.[a-z_-]{1,6})?", 1..6);
    let end = prop::option::of(0_i64..253_402_282_799);
    let details = ("[A-Z]{3}-[0-9]{1,3}", names, any::<bool>(), end, any_bounds());
    details.prop_map(|(purpose, names, standing, end, bounds)| Details {
        purpose: id(&purpose),
        datatypes: ids(&names.iter().map(String::as_str).collect::<Vec<_>>()),
        usage: if standing { ConsentUse::Standing } else { ConsentUse::OneTime },
        valid_until: end.or(standing.then_some(1)).map(|seconds| Timestamp::from_micros(seconds * 1_000_000)),
        bounds: if standing { bounds } else { Bounds { data_life: bounds.data_life, ..Bounds::default() } },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_canonical_text_is_its_own_canonical_form(details in any_details()) {
        let text = details.canonical();
        let read = Details::parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&details));
        prop_assert_eq!(read.map(|read| read.canonical()), Ok(text));
    }

    #[test]
    fn what_is_asked_differs_exactly_when_its_hash_does(a in any_details(), b in any_details()) {
        prop_assert_eq!(a.sha256() == b.sha256(), a == b);
        let wider = Details { datatypes: [&a.datatypes[..], &[id::<DatatypeId>("zzzzzzzz")]].concat(), ..a.clone() };
        prop_assert_ne!(wider.sha256(), a.sha256(), "one datatype more voids the passcode");
        let longer = Details { valid_until: Some(Timestamp::from_micros(7_000_000)), ..a.clone() };
        prop_assert_eq!(longer.sha256() == a.sha256(), longer == a);
    }
}

#[test]
fn c31_what_bounds_a_consent_is_part_of_what_the_passcode_is_bound_to() {
    let end = r#","valid_until":"2027-01-01T00:00:00+05:00""#;
    let check = |members: &str, expected: &str| {
        let text = Details::parse(&one(members)).unwrap().canonical();
        let head = r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["a"],"#;
        assert_eq!(text, format!("{head}{expected}}}]"));
    };
    check(
        &format!(r#","frequency":{{"value":1,"unit":"DAY"}},"data_life":{{"unit":"MONTH","value":3}},"uses":5{end}"#),
        r#""fetch":"standing","valid_until":"2027-01-01T00:00:00+05:00","uses":5,"frequency":{"unit":"DAY","value":1},"data_life":{"unit":"MONTH","value":3}"#,
    );
    check(r#","data_life":{"unit":"HOUR","value":1}"#, r#""fetch":"one_time","data_life":{"unit":"HOUR","value":1}"#);
    check(r#","frequency":null,"data_life":null"#, r#""fetch":"one_time""#);
}

#[test]
fn c06_a_bound_that_cannot_be_kept_is_refused() {
    let check = |members: &str, expected| {
        let text = one(&format!(r#"{members},"valid_until":"2027-01-01T00:00:00Z""#));
        assert_eq!(refusal(&text), Some(expected), "{members}");
    };
    for value in ["0", "10001"] {
        let frequency = format!(r#","uses":"standing","frequency":{{"unit":"DAY","value":{value}}}"#);
        check(&frequency, DetailsError::Frequency);
    }
    check(r#","frequency":{"unit":"DAY","value":1}"#, DetailsError::Frequency);
    check(r#","uses":1,"frequency":{"unit":"DAY","value":1}"#, DetailsError::Frequency);
    check(r#","data_life":{"unit":"DAY","value":0}"#, DetailsError::DataLife);
    check(r#","data_life":{"unit":"MONTH","value":122}"#, DetailsError::DataLife);
    for malformed in [
        r#"{"unit":"YEAR","value":1}"#,
        r#"{"unit":"day","value":1}"#,
        r#"{"unit":"DAY"}"#,
        r#"{"unit":"DAY","value":-1}"#,
        r#"{"unit":"DAY","value":1,"more":1}"#,
        "9",
    ] {
        check(&format!(r#","uses":"standing","frequency":{malformed}"#), DetailsError::Malformed);
        check(&format!(r#","data_life":{malformed}"#), DetailsError::Malformed);
    }
}

//! Request bodies: one strict reading of JSON, or none.

use exchange::json::{JsonError, parse_strict};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(text: &str) -> Result<Value, JsonError> {
    parse_strict(text.as_bytes(), 16)
}

#[test]
fn a_name_may_stand_once_in_an_object() {
    let check = |text: &str, good: bool| assert_eq!(read(text).is_ok(), good, "{text}");
    check(r#"{"a":1,"b":1}"#, true);
    check(r#"{"a":1,"A":1}"#, true);
    check(r#"{"a":{"a":{"a":1}}}"#, true);
    check(r#"[{"a":1},{"a":1}]"#, true);
    check(r#"{"":1,"b":1}"#, true);
    check(r#"{"a":1,"b":2,"a":1}"#, false);
    check(r#"{"a":null,"a":null}"#, false);
    check(r#"{"":1,"":1}"#, false);
    check(r#"[[{"x":[{"a":1,"a":1}]}]]"#, false);
    // The same name in another spelling.
    check(r#"{"cnic":1,"\u0063nic":2}"#, false);
    check(r#"{"/":1,"\/":2}"#, false);
    check(r#"{"\ud83d\ude00":1,"😀":2}"#, false);
    // Names that only look alike are two.
    check("{\"e\u{301}\":1,\"\u{e9}\":2}", true);
    check("{\"cnic\":1,\"\u{441}nic\":2}", true);
}

#[test]
fn every_level_counts_and_the_last_allowed_is_read() {
    let arrays = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    for allowed in 0..20 {
        for levels in 0..24 {
            let good = levels <= allowed;
            if levels > 0 {
                assert_eq!(parse_strict(arrays(levels).as_bytes(), allowed).is_ok(), good, "{levels} of {allowed}");
            }
            assert_eq!(parse_strict(objects(levels).as_bytes(), allowed).is_ok(), good, "{levels} of {allowed}");
        }
    }
    assert!(parse_strict(b"[[],[],[],[]]", 2).is_ok(), "breadth is not depth");
    assert!(parse_strict(b"[[],[[]]]", 2).is_err(), "the deepest member decides");
}

#[test]
fn what_json_does_not_know_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "{]",
        "[1,]",
        "[,1]",
        "[1 2]",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        "nul",
        "NULL",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "+1",
        "-",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "0x1",
        "1_000",
        "1e999",
        "\"\t\"",
        "\"\n\"",
        "\"\0\"",
        r#""\x41""#,
        r#""\u12""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        "\"a",
        "// c\n1",
        "/* c */ 1",
        "1 // c",
        "\u{feff}1",
        "1\u{a0}",
        "1 1",
        "{}{}",
        "{} ,",
        "\u{c}1",
    ] {
        assert_eq!(read(text), Err(JsonError), "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let bad: [&[u8]; 7] = [
        b"\"\xff\"",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        b"\xff\xfe{\x00}\x00",
        b"{}\x00",
        b"\x80",
    ];
    for bytes in bad {
        assert_eq!(parse_strict(bytes, 16), Err(JsonError), "{bytes:?}");
    }
}

#[test]
fn white_space_around_the_value_is_nothing() {
    assert_eq!(read(" \t\r\n{\t\"a\" :\r\n[ 1 , 2 ] } \n"), Ok(json!({"a": [1, 2]})));
}

#[test]
fn members_keep_the_order_in_which_they_were_sent() {
    let text = r#"{"z":1,"a":{"y":2,"b":3},"m":[{"d":4,"c":5}]}"#;
    assert_eq!(read(text).unwrap().to_string(), text);
}

#[test]
fn numbers_keep_their_kind_and_their_value() {
    let check = |text: &str, expected: Value| assert_eq!(read(text), Ok(expected), "{text}");
    check("0", json!(0));
    check("-1", json!(-1));
    check("18446744073709551615", json!(u64::MAX));
    check("-9223372036854775808", json!(i64::MIN));
    check("1.5", json!(1.5));
    check("1e2", json!(100.0));
    assert!(read("1.0").unwrap().is_f64(), "a number with a point is not a whole one");
    assert!(read("9007199254740993").unwrap() == json!(9_007_199_254_740_993_u64), "beyond a double's whole numbers");
}

#[test]
fn a_body_cut_off_anywhere_is_refused() {
    let text = r#"{"cnic":"4210112345671","fields":["name",{"a":[true,null,-1.5e3]}],"x":"اجازت \u0041"}"#;
    assert!(read(text).is_ok());
    for at in 0..text.len() {
        assert_eq!(parse_strict(&text.as_bytes()[..at], 16), Err(JsonError), "cut at {at}");
    }
}

#[test]
fn a_refusal_does_not_repeat_the_body() {
    let message = read(r#"{"cnic":"4210112345671","cnic":"4210112345671"}"#).unwrap_err().to_string();
    assert!(!message.contains("42101"), "{message}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::hash_map(any::<String>(), inner, 0..5)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_printed_reads_back_as_the_same(value in any_json()) {
        prop_assert_eq!(parse_strict(value.to_string().as_bytes(), 8), Ok(value.clone()));
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        prop_assert_eq!(parse_strict(&pretty, 8), Ok(value));
    }

    #[test]
    fn the_strict_reader_takes_no_more_than_a_common_one(text in "[\\[\\]{}\",:a0-9.e\\\\-]{0,14}") {
        let common = serde_json::from_str::<Value>(&text).ok();
        match parse_strict(text.as_bytes(), 16) {
            Ok(value) => prop_assert_eq!(Some(value), common),
            // Refused only for a name that stands twice, since so short a text cannot nest too deep.
            Err(JsonError) => prop_assert!(common.is_none() || text.matches("\":").count() > 1, "{} is refused", text),
        }
    }
}

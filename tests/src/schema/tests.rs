//! The check itself: what it lets pass, what it does not, and that it knows what it does not know.

use serde_json::{Value, json};

use super::{check, pattern::matches};

fn good(schema: &Value, value: &Value) -> bool {
    check(&json!({}), schema, value).is_ok()
}

#[test]
fn each_type_is_its_own_and_a_list_of_types_is_any_of_them() {
    let values = [json!(null), json!(true), json!(1), json!(1.5), json!("a"), json!([]), json!({})];
    let check = |kind: Value, expected: [bool; 7]| {
        let found = values.each_ref().map(|value| good(&json!({ "type": kind }), value));
        assert_eq!(found, expected, "{kind}");
    };
    check(json!("null"), [true, false, false, false, false, false, false]);
    check(json!("boolean"), [false, true, false, false, false, false, false]);
    check(json!("integer"), [false, false, true, false, false, false, false]);
    check(json!("number"), [false, false, true, true, false, false, false]);
    check(json!("string"), [false, false, false, false, true, false, false]);
    check(json!("array"), [false, false, false, false, false, true, false]);
    check(json!("object"), [false, false, false, false, false, false, true]);
    check(json!(["string", "null"]), [true, false, false, false, true, false, false]);
    check(json!("text"), [false; 7]);
}

#[test]
fn an_object_is_checked_member_by_member() {
    let schema = json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "type": "integer" }, "b": { "items": { "minimum": 2 } } },
    });
    let check = |value: Value, expected: Option<&str>| {
        let found = check(&json!({}), &schema, &value).err();
        assert_eq!(found.as_deref(), expected, "{value}");
    };
    check(json!({ "a": 1 }), None);
    check(json!({ "a": 1, "b": [2, 3] }), None);
    check(json!({}), Some("/: lacks \"a\""));
    check(json!({ "a": "1" }), Some("/a/: is not of type \"integer\""));
    check(json!({ "a": 1, "c": 1 }), Some("/: has the member `c`"));
    check(json!({ "a": 1, "b": [2, 1] }), Some("/b/1/: 1 breaks minimum 2"));
}

#[test]
fn bounds_hold_up_to_themselves_and_only_for_their_kind() {
    let check = |keyword: &str, bound: u64, inside: Value, outside: Value| {
        let schema = json!({ keyword: bound });
        assert!(good(&schema, &inside), "{keyword} {inside}");
        assert!(!good(&schema, &outside), "{keyword} {outside}");
        assert!(good(&schema, &json!(null)), "{keyword} says nothing of others");
    };
    check("minLength", 2, json!("اب"), json!("ا"));
    check("maxLength", 2, json!("اب"), json!("ابپ"));
    check("minItems", 1, json!([1]), json!([]));
    check("maxItems", 1, json!([1]), json!([1, 2]));
    check("minimum", 3, json!(3), json!(2.9));
    check("maximum", 3, json!(3), json!(3.1));
    assert!(good(&json!({ "minLength": 5 }), &json!([1])), "a list has no length of text");
}

#[test]
fn alternatives_are_one_and_conditions_are_all() {
    let one = json!({ "oneOf": [{ "type": "integer" }, { "minimum": 5 }] });
    assert!(good(&one, &json!(1)) && good(&one, &json!(5.5)) && !good(&one, &json!(6)) && !good(&one, &json!(1.5)));
    let all = json!({ "allOf": [{ "type": "integer" }, { "minimum": 5 }] });
    assert!(good(&all, &json!(6)) && !good(&all, &json!(4)) && !good(&all, &json!(5.5)));
    let word = json!({ "enum": ["a", 1] });
    assert!(good(&word, &json!("a")) && good(&word, &json!(1)) && !good(&word, &json!("b")));
    assert!(good(&json!({ "const": true }), &json!(true)) && !good(&json!({ "const": true }), &json!(false)));
}

#[test]
fn a_reference_is_followed_and_a_lost_one_is_told() {
    let document = json!({ "components": { "schemas": { "A": { "type": "string" } } } });
    let by = |reference: &str, value: Value| check(&document, &json!({ "$ref": reference }), &value);
    assert_eq!(by("#/components/schemas/A", json!("x")), Ok(()));
    assert_eq!(by("#/components/schemas/A", json!(1)).unwrap_err(), "/: is not of type \"string\"");
    assert!(by("#/components/schemas/B", json!("x")).unwrap_err().contains("leads nowhere"));
    assert!(by("other.json#/A", json!("x")).unwrap_err().contains("leads nowhere"));
}

#[test]
fn a_keyword_that_is_not_known_is_an_error_and_words_are_not() {
    let words = json!({ "title": "t", "description": "d", "x-datatype": "a.b", "format": "date", "examples": [1] });
    assert!(good(&words, &json!(1)));
    let error = check(&json!({}), &json!({ "multipleOf": 3 }), &json!(9)).unwrap_err();
    assert_eq!(error, "/: the keyword `multipleOf` is not known");
    assert!(!good(&json!({ "additionalProperties": true }), &json!({})));
    assert!(!good(&json!(true), &json!(1)));
}

#[test]
fn patterns_match_whole_texts() {
    let check = |pattern: &str, text: &str, expected: bool| {
        assert_eq!(matches(pattern, text), Ok(expected), "{pattern} {text}");
    };
    let cnic = "^[0-9]{5}-?[0-9]{7}-?[0-9]$";
    check(cnic, "9999912345671", true);
    check(cnic, "99999-1234567-1", true);
    check(cnic, "99999-12345671", true);
    check(cnic, "999991234567", false);
    check(cnic, "99999--1234567-1", false);
    check(cnic, " 9999912345671", false);
    let mobile = "^(\\+92|92|0)3[0-9]{9}$";
    check(mobile, "+923001234567", true);
    check(mobile, "03001234567", true);
    check(mobile, "923001234567", true);
    check(mobile, "+9203001234567", false);
    check("^a+b*$", "aab", true);
    check("^a+b*$", "b", false);
    check("^[^/]+$", "a b", true);
    check("^[^/]+$", "a/b", false);
    check("^[A-Z_-]+$", "A-_", true);
    check("^(a|bc)(d|)$", "bcd", true);
    check("^(a|bc)(d|)$", "a", true);
    check("^(a*)*b$", "aaab", true);
    check("^$", "", true);
    check("^x{0}$", "", true);
    for broken in ["a", "^a", "^(a$", "^a)$", "^[a$", "^a{b}$", "^.$", "^*$"] {
        assert!(matches(broken, "a").is_err(), "{broken}");
    }
}

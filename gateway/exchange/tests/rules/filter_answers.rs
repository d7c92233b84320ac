//! Answers that lie, overflow or are no answers: what the filter lets through and what it refuses whole.

use exchange::{
    catalogue::Service,
    cnic::Cnic,
    filter::{FilterError, Filtered, Shape, filter, too_deep},
    limits,
    permit::Grant,
};
use serde_json::{Value, json};

use crate::support::{CITIZEN, full_grant, permit, service};

const HOUSEHOLD: &str = r#"
    rows = "/members"
    answer_subjects = ["/cnic", "/members/*/cnic"]
    answer_subject_check = "/cnic"
"#;

fn household() -> Service {
    let fields = [("/cnic", "id"), ("/pmt", "pmt"), ("/members/*/name", "name"), ("/members/*/cnic", "other")];
    service(HOUSEHOLD, &fields)
}

fn run_on(service: &Service, grant: Grant, answer: &[u8]) -> Result<Filtered, FilterError> {
    filter(service, &Shape::of(service), &permit(grant), answer)
}

fn run(datatypes: &[&str], answer: &Value) -> Result<Filtered, FilterError> {
    run_on(&household(), full_grant(datatypes), answer.to_string().as_bytes())
}

#[test]
fn an_answer_must_be_about_the_person_who_was_asked_for() {
    let check = |told: Value, expected: Option<FilterError>| {
        let answer = json!({"cnic": told, "pmt": 1});
        assert_eq!(run(&["pmt"], &answer).err(), expected, "{told}");
    };
    check(json!(CITIZEN), None);
    check(json!("42101-1234567-1"), None);
    for other in [
        json!("4210112345672"),
        json!("421011234567"),
        json!("42101123456710"),
        json!(" 4210112345671"),
        json!("۴۲۱۰۱۱۲۳۴۵۶۷۱"),
        json!(4_210_112_345_671_u64),
        json!([CITIZEN]),
        json!({"value": CITIZEN}),
        json!(true),
        json!(""),
        json!(null),
    ] {
        check(other, Some(FilterError::WrongPerson));
    }
    assert_eq!(run(&["pmt"], &json!({"pmt": 1})).unwrap_err(), FilterError::WrongPerson, "nobody is named");
    assert_eq!(run(&["pmt"], &json!({"Cnic": CITIZEN})).unwrap_err(), FilterError::WrongPerson, "another member");
}

#[test]
fn an_answer_about_a_person_is_refused_when_none_was_asked_for() {
    let nobody = Grant { subject: None, ..full_grant(&["pmt"]) };
    let answer = json!({"cnic": CITIZEN, "pmt": 1}).to_string();
    assert_eq!(run_on(&household(), nobody.clone(), answer.as_bytes()), Err(FilterError::WrongPerson));
    let unnamed = run_on(&household(), nobody, br#"{"pmt":1}"#);
    assert_eq!(unnamed, Err(FilterError::WrongPerson), "nobody asked for and nobody named are not the same person");
    let other = Grant { subject: Cnic::parse("4210112345688").ok(), ..full_grant(&["pmt"]) };
    assert_eq!(run_on(&household(), other, answer.as_bytes()), Err(FilterError::WrongPerson));
}

#[test]
fn the_person_is_checked_before_anything_is_dropped() {
    // The number itself is not permitted, and still it must be the right one.
    let got = run(&["pmt"], &json!({"cnic": CITIZEN, "pmt": 1})).unwrap();
    assert_eq!((got.value, got.dropped), (json!({"pmt": 1}), 1));
}

fn members(count: usize) -> Value {
    let all: Vec<Value> = (0..count).map(|n| json!({"name": format!("n{n}"), "cnic": "4210112345688"})).collect();
    json!({"cnic": CITIZEN, "members": all})
}

#[test]
fn rows_are_counted_up_to_the_permits_number() {
    let check = |limit: u32, count: usize, expected: Result<u32, FilterError>| {
        let grant = Grant { rows: limit, ..full_grant(&["name"]) };
        let got = run_on(&household(), grant, members(count).to_string().as_bytes());
        assert_eq!(got.map(|got| got.rows), expected, "{count} of {limit}");
    };
    check(2, 0, Ok(0));
    check(2, 1, Ok(1));
    check(2, 2, Ok(2));
    check(2, 3, Err(FilterError::TooManyRows));
    check(0, 0, Ok(0));
    check(0, 1, Err(FilterError::TooManyRows));
    check(u32::MAX, 300, Ok(300));
}

#[test]
fn rows_that_do_not_leave_are_not_counted() {
    let rows = |datatypes: &[&str], answer: Value| run(datatypes, &answer).map(|got| got.rows);
    assert_eq!(rows(&["pmt"], members(9)), Ok(0), "the list is closed");
    assert_eq!(rows(&["name"], json!({"cnic": CITIZEN})), Ok(0), "the list is absent");
    assert_eq!(rows(&["name"], json!({"cnic": CITIZEN, "members": null})), Ok(0));
    assert_eq!(rows(&["name"], json!({"cnic": CITIZEN, "members": {"name": "A"}})), Ok(0), "not a list");
    assert_eq!(rows(&["name"], json!({"cnic": CITIZEN, "members": [1, "x", [2]]})), Ok(0), "not rows");
    let half = json!({"cnic": CITIZEN, "members": [{"name": "A"}, {"cnic": "4210112345688"}]});
    assert_eq!(rows(&["name"], half), Ok(2), "an emptied row is a row: it tells that there is one");
}

#[test]
fn a_service_without_rows_answers_one_row() {
    let plain = service("", &[("/pmt", "pmt")]);
    let check = |limit, expected: Result<u32, FilterError>| {
        let got = run_on(&plain, Grant { rows: limit, ..full_grant(&["pmt"]) }, br#"{"pmt":1}"#);
        assert_eq!(got.map(|got| got.rows), expected, "{limit}");
    };
    check(1, Ok(1));
    check(0, Err(FilterError::TooManyRows));
}

#[test]
fn everybody_whose_data_came_back_is_named_for_the_record() {
    let run = |answer: &Value| {
        let grant = Grant { rows: 9, ..full_grant(&["name"]) };
        run_on(&household(), grant, answer.to_string().as_bytes()).unwrap()
    };
    let subjects = |answer: Value| run(&answer).subjects;
    let (head, wife) = (Cnic::parse(CITIZEN).unwrap(), Cnic::parse("4210112345688").unwrap());
    let answer = json!({"cnic": CITIZEN, "members": [{"cnic": "42101-1234568-8"}, {"name": "child"}, {"cnic": null}]});
    assert_eq!(subjects(answer), [head, wife], "in the order of the catalogue, written either way");
    let odd =
        json!({"cnic": CITIZEN, "members": [{"cnic": "x"}, {"cnic": 4_210_112_345_688_u64}, 7, [{"cnic": CITIZEN}]]});
    assert_eq!(subjects(odd), [head], "what is no number names nobody");
    assert_eq!(subjects(json!({"cnic": CITIZEN, "members": {"cnic": CITIZEN}})), [head], "an object is not a list");
    // The record tells of people even when their numbers may not leave.
    let got = run(&members(2));
    assert_eq!((got.subjects.len(), got.value["members"][0].get("cnic")), (3, None));
}

#[test]
fn what_is_not_a_json_object_never_leaves() {
    let plain = service("", &[("/a", "pmt")]);
    let check = |answer: &[u8]| {
        let got = run_on(&plain, full_grant(&["pmt"]), answer);
        assert_eq!(got, Err(FilterError::Malformed), "{}", String::from_utf8_lossy(answer));
    };
    let texts =
        ["", " ", "null", "true", "1", "\"a\"", "[]", r#"[{"a":1}]"#, "{", "}", r#"{"a":1}}"#, r#"{"a":1} {"a":2}"#];
    for text in texts {
        check(text.as_bytes());
    }
    for text in ["{'a':1}", "{a:1}", r#"{"a":01}"#, r#"{"a":1,}"#, r#"{"a":NaN}"#, "\u{feff}{\"a\":1}", "<a>1</a>"] {
        check(text.as_bytes());
    }
    check(b"{\"a\":\"\xff\"}");
    check(b"{\"a\":\"\xc0\xaf\"}");
    check(b"{\"a\":\"\x00\"}");
    let whole = br#"{"a":"x","b":[1,{"c":null}]}"#;
    (0..whole.len()).for_each(|at| check(&whole[..at]));
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }))
}

#[test]
fn an_answer_nests_sixteen_deep_and_no_deeper() {
    let plain = service("", &[("/a", "pmt")]);
    let check = |answer: String, good: bool| {
        let got = run_on(&plain, full_grant(&["pmt"]), answer.as_bytes());
        assert_eq!(got.is_ok(), good, "{answer}");
    };
    check(nested(limits::JSON_DEPTH_MAX).to_string(), true);
    check(nested(limits::JSON_DEPTH_MAX + 1).to_string(), false);
    check(format!("{{\"a\":{}1{}}}", "[".repeat(15), "]".repeat(15)), true);
    check(format!("{{\"a\":{}1{}}}", "[".repeat(16), "]".repeat(16)), false);
    check(format!("{{\"a\":{}", "[".repeat(200_000)), false);
}

#[test]
fn depth_counts_containers_and_not_values() {
    let check = |value: Value, levels, expected| assert_eq!(too_deep(&value, levels), expected, "{value} {levels}");
    check(json!(1), 0, false);
    check(json!([]), 0, true);
    check(json!({}), 0, true);
    check(json!([]), 1, false);
    check(json!([[], 1]), 1, true);
    check(json!([1, {"a": [2]}]), 2, true);
    check(json!([1, {"a": [2]}]), 3, false);
    check(json!({"a": 1, "b": {"c": 2}}), 1, true);
}

#[test]
fn pointers_are_json_pointers() {
    let odd = service("", &[("/a~1b", "pmt"), ("/c~0d", "name"), ("/e f", "id"), ("/~01", "other"), ("/", "empty")]);
    let answer = json!({"a/b": 1, "c~d": 2, "e f": 3, "~1": 4, "": 5, "a~1b": 6, "a": {"b": 7}});
    let open = full_grant(&["pmt", "name", "id", "other", "empty"]);
    let got = run_on(&odd, open, answer.to_string().as_bytes()).unwrap();
    assert_eq!(got.value, json!({"a/b": 1, "c~d": 2, "e f": 3, "~1": 4, "": 5}));
    let near = run_on(&odd, full_grant(&["pmt"]), answer.to_string().as_bytes()).unwrap();
    assert_eq!(near.value, json!({"a/b": 1}));
}

#[test]
fn a_name_is_matched_letter_for_letter() {
    let plain = service("", &[("/pmt", "pmt")]);
    let answer = json!({"PMT": 1, "pmt ": 2, "pmt\u{200b}": 3, "рmt": 4, "pmt.x": 5, "pm": 6, "pmtt": 7});
    let got = run_on(&plain, full_grant(&["pmt"]), answer.to_string().as_bytes()).unwrap();
    assert_eq!((got.value, got.dropped), (json!({}), 7));
    let escaped = run_on(&plain, full_grant(&["pmt"]), br#"{"\u0070mt":1}"#).unwrap();
    assert_eq!(escaped.value, json!({"pmt": 1}), "one name has many spellings in JSON and is still one name");
}

#[test]
fn a_datatype_opens_its_own_fields_only() {
    let two = service("", &[("/a", "nser.pmt"), ("/b", "nser.pmt-history"), ("/c", "nser")]);
    let answer = br#"{"a":1,"b":2,"c":3}"#;
    let check = |datatypes: &[&str], expected: Value| {
        assert_eq!(run_on(&two, full_grant(datatypes), answer).unwrap().value, expected, "{datatypes:?}");
    };
    check(&["nser.pmt"], json!({"a": 1}));
    check(&["nser"], json!({"c": 3}));
    check(&["nser.pmt-history", "nser"], json!({"b": 2, "c": 3}));
    check(&["NSER.PMT", "nser.pm", "nser.pmt.x"], json!({}));
    check(&["zz", "nser.pmt", "aa"], json!({"a": 1}));
}

#[test]
fn a_value_in_the_place_of_another_kind_is_dropped() {
    let shaped = service("", &[("/a", "pmt"), ("/b/*", "pmt"), ("/c/d", "pmt")]);
    let check = |answer: Value, kept: Value, dropped: u32| {
        let got = run_on(&shaped, full_grant(&["pmt"]), answer.to_string().as_bytes()).unwrap();
        assert_eq!((got.value, got.dropped), (kept, dropped), "{answer}");
    };
    check(json!({"a": [1]}), json!({}), 1);
    check(json!({"a": {"d": 1}}), json!({}), 1);
    check(json!({"b": 1}), json!({}), 1);
    check(json!({"b": {"0": 1}}), json!({}), 1);
    check(json!({"b": [1, [2], {"d": 3}]}), json!({"b": [1]}), 2);
    check(json!({"c": [{"d": 1}]}), json!({}), 1);
    check(json!({"c": "d"}), json!({}), 1);
    check(json!({"c": {"d": {"d": 1}}}), json!({"c": {}}), 1);
    check(json!({"a": null, "b": null, "c": null}), json!({"a": null, "b": null, "c": null}), 0);
    check(json!({"b": [null, 1], "c": {"d": null}}), json!({"b": [null, 1], "c": {"d": null}}), 0);
}

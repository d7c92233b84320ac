//! What webhooks may say, and what of it is refused.

use super::*;

fn query(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn incoming(from: &str, text: &str, part: Option<Part>) -> Notice {
    Notice::Message(Incoming { from: Mobile::parse(from).unwrap(), text: text.to_owned(), part })
}

const OURS: &str = "00112233445566778899aabbccddeeff";

#[test]
fn a_number_is_read_as_aggregators_write_it() {
    for from in ["+923001234567", " 923001234567", "923001234567", "00923001234567", "03001234567"] {
        let said = query(&[("from", from), ("text", "x")]);
        assert_eq!(from_query(Kind::Message, said), Ok(incoming("03001234567", "x", None)), "{from}");
    }
    for from in ["+447700900123", "8009", "Bank", "+92 300 1234567", "9230012345678"] {
        let said = query(&[("from", from), ("text", "x"), ("to", "8009")]);
        assert_eq!(from_query(Kind::Message, said), Ok(Notice::Stranger), "{from}");
    }
}

#[test]
fn a_message_may_be_a_part_of_several() {
    let check = |part: &str, expected: Result<Part, Refused>| {
        let body = format!(r#"{{"from":"+923001234567","text":"ہاں ۴۸۲۹۱۳","part":{part}}}"#);
        let expected = expected.map(|part| incoming("03001234567", "ہاں ۴۸۲۹۱۳", Some(part)));
        assert_eq!(from_json(Kind::Message, None, body.as_bytes()), expected, "{part}");
    };
    check(r#"{"reference":65535,"total":2,"number":2}"#, Ok(Part { reference: 65535, total: 2, number: 2 }));
    check(r#"{"reference":0,"total":255,"number":1}"#, Ok(Part { reference: 0, total: 255, number: 1 }));
    for part in [
        r#"{"reference":1,"total":1,"number":1}"#,
        r#"{"reference":1,"total":2,"number":0}"#,
        r#"{"reference":1,"total":2,"number":3}"#,
        r#"{"reference":1,"total":256,"number":1}"#,
        r#"{"reference":1,"total":2}"#,
        r#"{"reference":1,"total":2,"number":1,"more":1}"#,
    ] {
        check(part, Err(Refused::Parameter));
    }
}

#[test]
fn a_receipt_names_our_message_and_its_fate() {
    let check = |number: &str, word: &str, fate| {
        let receipt = Receipt {
            message_id: "M1".to_owned(),
            to: Mobile::parse("03001234567").ok(),
            reference: Some((OURS.to_owned(), 0)),
            short: None,
            fate,
        };
        let pairs = [("id", OURS), ("message_id", "M1"), ("to", "+923001234567"), ("status", number)];
        assert_eq!(from_query(Kind::Receipt, query(&pairs)), Ok(Notice::Receipt(receipt.clone())), "{number}");
        let body = format!(r#"{{"message_id":"M1","to":"+923001234567","status":"{word}"}}"#);
        let ours = format!("id={OURS}");
        assert_eq!(from_json(Kind::Receipt, Some(&ours), body.as_bytes()), Ok(Notice::Receipt(receipt)), "{word}");
    };
    check("1", "delivered", Fate::Delivered);
    check("2", "undeliverable", Fate::Undeliverable);
    check("4", "queued", Fate::Underway);
    check("8", "sent", Fate::Underway);
    check("16", "rejected", Fate::Undeliverable);
}

#[test]
fn a_receipt_may_name_the_message_by_either_name_alone() {
    let by_theirs = from_json(Kind::Receipt, None, br#"{"message_id":"M1","status":"delivered"}"#);
    let Ok(Notice::Receipt(Receipt { message_id, reference: None, to: None, .. })) = by_theirs else {
        panic!("{by_theirs:?}")
    };
    assert_eq!(message_id, "M1");
    // Kannel fills in nothing where the network told no name.
    let by_ours = from_query(Kind::Receipt, query(&[("id", OURS), ("message_id", ""), ("status", "16"), ("to", "?")]));
    let Ok(Notice::Receipt(Receipt { message_id, reference: Some(_), to: None, .. })) = by_ours else {
        panic!("{by_ours:?}")
    };
    assert_eq!(message_id, "");
}

#[test]
fn a_signed_url_holds_our_name_of_the_message_and_nothing_else() {
    let message = br#"{"from":"03001234567","text":"x"}"#;
    assert_eq!(from_json(Kind::Message, Some(""), message), Err(Refused::Parameter));
    let receipt = br#"{"status":"delivered"}"#;
    assert!(from_json(Kind::Receipt, Some(&format!("id={OURS}")), receipt).is_ok());
    let (more, other) = (format!("id={OURS}&a=b"), format!("a={OURS}"));
    for query in [None, Some(""), Some("id="), Some("id=00"), Some(more.as_str()), Some(other.as_str())] {
        assert_eq!(from_json(Kind::Receipt, query, receipt), Err(Refused::Parameter), "{query:?}");
    }
}

#[test]
fn whatever_else_is_said_is_refused() {
    let long = "x".repeat(65);
    for pairs in [
        &[("status", "1")][..],
        &[("status", "1"), ("message_id", "")],
        &[("status", "1"), ("message_id", &long)],
        &[("status", "1"), ("message_id", "a b")],
        &[("status", "1"), ("id", "0011")],
        &[("status", "1"), ("id", "00112233445566778899AABBCCDDEEFF")],
        &[("status", "32"), ("id", OURS)],
        &[("status", "%d"), ("id", OURS)],
        &[("status", "delivered"), ("id", OURS)],
        &[("id", OURS)],
        &[("status", "1"), ("id", OURS), ("more", "x")],
    ] {
        assert_eq!(from_query(Kind::Receipt, query(pairs)), Err(Refused::Parameter), "{pairs:?}");
    }
    for pairs in [&[("from", "03001234567")][..], &[("text", "x")], &[("from", " "), ("text", "x")]] {
        assert_eq!(from_query(Kind::Message, query(pairs)), Err(Refused::Parameter), "{pairs:?}");
    }
    let strange = query(&[("from", "+447700900123"), ("text", "x"), ("udh", "x")]);
    assert_eq!(from_query(Kind::Message, strange), Err(Refused::Parameter));
    for (body, expected) in [
        ("", Refused::Malformed),
        ("{", Refused::Malformed),
        ("[]", Refused::Parameter),
        (r#"{"from":"03001234567","text":1}"#, Refused::Parameter),
        (r#"{"from":"03001234567","text":"x","more":1}"#, Refused::Parameter),
        (r#"{"from":"03001234567","text":"x","text":"y"}"#, Refused::Parameter),
        (r#"{"from":"03001234567","text":"x"} x"#, Refused::Malformed),
    ] {
        assert_eq!(from_json(Kind::Message, None, body.as_bytes()), Err(expected), "{body}");
    }
}

//! Refusals on the wire: problem documents of RFC 9457, with OAuth's members where OpenID's clients look for them.

use exchange::{
    codes::Code,
    ids::{PolicyId, RequestId},
    refusal::Refusal,
};
use serde_json::{Value, json};

use crate::support::{id, ids};

fn problem(refusal: &Refusal, oauth: bool) -> Value {
    refusal.problem(&id::<RequestId>("req-1"), oauth)
}

fn names(document: &Value) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_bare_refusal_is_this_document() {
    let document = problem(&Refusal::new(Code::CnicInvalid), false);
    let expected = json!({
        "type": "urn:pk:ijazat:problem:cnic_invalid",
        "status": 400,
        "code": "cnic_invalid",
        "title": "The CNIC is not thirteen digits",
        "title_ur": Code::CnicInvalid.entry().title_ur,
        "action": "Send thirteen digits, with or without hyphens in their places.",
        "request_id": "req-1",
    });
    assert_eq!(document, expected);
    assert_eq!(
        names(&document),
        ["type", "status", "code", "title", "title_ur", "action", "request_id"],
        "in this order"
    );
}

#[test]
fn a_full_refusal_is_this_document() {
    let refusal = Refusal::new(Code::ConsentRequired)
        .detail("no token was sent")
        .policies(ids::<PolicyId>(&["consent.own", "role.basic"]))
        .next("/bc-authorize")
        .retry_after(7)
        .member("parameter", "cnic")
        .member("tries_left", 2)
        .member("pending", true);
    let document = problem(&refusal, true);
    let rest = [
        ("detail", json!("no token was sent")),
        ("policies", json!(["consent.own", "role.basic"])),
        ("next", json!("/bc-authorize")),
        ("retry_after", json!(7)),
        ("parameter", json!("cnic")),
        ("tries_left", json!(2)),
        ("pending", json!(true)),
    ];
    for (name, value) in rest {
        assert_eq!(document[name], value, "{name}");
    }
    let order = "type status code title title_ur action request_id detail policies next retry_after parameter tries_left \
                 pending error error_description";
    assert_eq!(names(&document), order.split(' ').collect::<Vec<_>>());
}

#[test]
fn what_a_refusal_does_not_say_has_no_member() {
    for code in Code::ALL {
        let document = problem(&Refusal::from(*code), false);
        for absent in ["detail", "policies", "next", "retry_after", "error", "error_description", "instance"] {
            assert_eq!(document.get(absent), None, "{code}: {absent}");
        }
        assert!(document.as_object().unwrap().values().all(|value| !value.is_null()), "{code}");
    }
}

#[test]
fn every_code_has_a_document_that_agrees_with_its_entry() {
    for code in Code::ALL {
        let document = problem(&Refusal::new(*code), true);
        assert_eq!(document["type"], format!("urn:pk:ijazat:problem:{}", code.as_str()), "RFC 9457 §3.1.1: a URI");
        assert_eq!(document["status"], code.status(), "RFC 9457 §3.1.2: the status of the answer, as a number");
        assert_eq!(document["code"], code.as_str());
        assert_eq!(document["error"], code.entry().oauth.as_deref().unwrap_or("invalid_request"), "{code}");
        assert_eq!(document["error_description"], document["title"], "{code}");
        assert_eq!(Refusal::new(*code).to_string(), code.as_str(), "a refusal prints as its code");
    }
}

#[test]
fn a_later_word_takes_the_place_of_an_earlier_one() {
    let refusal =
        Refusal::new(Code::RateLimited).detail("one").detail("two").retry_after(1).retry_after(9).next("/a").next("/b");
    let document = problem(&refusal, false);
    assert_eq!(
        (&document["detail"], &document["retry_after"], &document["next"]),
        (&json!("two"), &json!(9), &json!("/b"))
    );
    let changed = refusal.policies(ids(&["a"])).policies(ids(&["b"]));
    assert_eq!(problem(&changed, false)["policies"], json!(["b"]));
}

#[test]
fn texts_survive_json_whatever_they_hold() {
    for detail in ["\"}{\"", "a\\b", "line\nline", "\u{0}\u{1b}", "اجازت", "\u{202e}x", "</script>"] {
        let document = problem(&Refusal::new(Code::Internal).detail(detail), false);
        let read: Value = serde_json::from_str(&document.to_string()).unwrap();
        assert_eq!(read["detail"], detail);
        assert_eq!(read["code"], "internal");
    }
}

#[test]
fn two_refusals_differ_in_whatever_was_added() {
    let base = Refusal::new(Code::Conflict);
    assert_eq!(base, Refusal::from(Code::Conflict));
    for other in [
        Refusal::new(Code::NotFound),
        base.clone().detail("x"),
        base.clone().next("/x"),
        base.clone().retry_after(0),
        base.clone().policies(ids(&["p"])),
        base.clone().member("m", 1),
    ] {
        assert_ne!(other, base);
    }
}

#[test]
fn a_parameter_that_ciba_has_a_word_for_is_told_by_it() {
    let told = |parameter: &str, oauth| {
        problem(&Refusal::new(Code::ParameterInvalid).member("parameter", parameter), oauth)["error"].clone()
    };
    assert_eq!(told("binding_message", true), "invalid_binding_message");
    assert_eq!(told("scope", true), "invalid_request");
    assert_eq!(told("binding_message", false), Value::Null, "only at OpenID's endpoints");
}

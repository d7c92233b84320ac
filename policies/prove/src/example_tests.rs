//! A counterexample loses what does not matter, keeps what does, and reads like a request.

use cedar_policy::{Entity, RestrictedExpression as Value};

use super::*;

fn schema() -> Schema {
    let text = "namespace Ijazat {
        entity Class enum [\"Public\", \"Secret\"];
        entity User; entity Domain; entity Datatype in [Domain] { class: Class };
        type Facts = { now: Long, name: String, signed: Bool, agency?: { id: User, rows: Set<Long> }, extra?: Bool };
        action read appliesTo { principal: [User], resource: [Datatype], context: Facts };
    }";
    Schema::from_cedarschema_str(text).unwrap().0
}

fn uid(text: &str) -> cedar_policy::EntityUid {
    text.parse().unwrap()
}

fn found() -> Env {
    let value = |text: &str| text.parse::<Value>().unwrap();
    let context = Context::from_pairs([
        ("now".to_owned(), value("-5")),
        ("name".to_owned(), value("\"x\"")),
        ("signed".to_owned(), value("false")),
        ("agency".to_owned(), value("{id: Ijazat::User::\"a\", rows: [1, 2]}")),
        ("extra".to_owned(), value("true")),
    ]);
    let (principal, action) = (uid("Ijazat::User::\"u\""), uid("Ijazat::Action::\"read\""));
    let (resource, domain) = (uid("Ijazat::Datatype::\"d.e\""), uid("Ijazat::Domain::\"d\""));
    let class = [("class".to_owned(), value("Ijazat::Class::\"Secret\""))];
    let datatype = Entity::new(resource.clone(), class.into(), [domain].into()).unwrap();
    let entities = Entities::from_entities([datatype], Some(&schema())).unwrap();
    let request = Request::new(principal, action, resource, context.unwrap(), Some(&schema())).unwrap();
    Env { request, entities }
}

fn has(request: &Request, member: &str) -> bool {
    request.context().is_some_and(|context| context.get(member).is_some())
}

#[test]
fn what_the_example_does_not_need_is_left_out() {
    let example = Example::of(&found(), &schema(), &|request, _| has(request, "agency"));
    assert!(example.confirmed);
    assert_eq!(example.context, ["name \"x\", now -5, signed false", "agency: id \"a\", rows [1, 2]"]);
    let example = Example::of(&found(), &schema(), &|request, _| has(request, "extra"));
    assert_eq!(example.context, ["extra true, name \"x\", now -5, signed false"]);
}

#[test]
fn an_example_reads_like_a_request() {
    let example = Example::of(&found(), &schema(), &|_, _| true);
    let expected = [
        "principal  User \"u\"",
        "action     read",
        "resource   Datatype \"d.e\", class \"Secret\", in Domain \"d\"",
        "context    name \"x\", now -5, signed false",
        "replayed   Cedar's authoriser decides it so",
    ];
    assert_eq!(example.lines(), expected);
}

#[test]
fn what_cedar_decides_otherwise_is_shown_whole_and_says_so() {
    let example = Example::of(&found(), &schema(), &|_, _| false);
    assert!(!example.confirmed && example.context.len() == 2);
    assert!(example.lines().last().unwrap().contains("NOT CONFIRMED"));
    assert!(example.context[0].starts_with("extra true, "), "nothing was left out");
}

#[test]
fn a_record_within_a_record_is_told_too() {
    let record =
        |pairs: [(&str, Value); 1]| Value::new_record(pairs.map(|(name, value)| (name.to_owned(), value))).unwrap();
    let inner = record([("rows", Value::new_long(3))]);
    let context = Context::from_pairs([("outer".to_owned(), record([("inner", inner)]))]).unwrap();
    assert_eq!(super::context(&context), ["outer: inner {rows 3}"]);
}

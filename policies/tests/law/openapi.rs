//! The description of the services for programs: the golden copy, and that it is consistent. `UPDATE_GOLDEN=1` rewrites it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
};

use exchange::{catalogue::Catalogue, codes::Code, decision::Decider, openapi};
use policies::Bundle;
use serde_json::Value;

/// As the sample configuration names the agencies' listener.
const ISSUER: &str = "https://localhost:8443";

fn catalogue() -> Arc<Catalogue> {
    Bundle::embedded().unwrap().catalogue()
}

fn document() -> Value {
    openapi::document(&catalogue(), ISSUER)
}

#[test]
fn the_description_is_the_golden_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let now = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let changed = golden.lines().zip(now.lines()).find(|(old, new)| old != new);
    let same = changed.is_none() && golden.lines().count() == now.lines().count();
    assert!(same, "the interface changed; if that is meant, UPDATE_GOLDEN=1. First: {changed:?}");
}

/// Calls with each member of each object below, and its pointer.
fn each_member(value: &Value, pointer: &str, seen: &mut impl FnMut(&str, &str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                seen(&below, name, member);
                each_member(member, &below, seen);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                each_member(item, &format!("{pointer}/{place}"), seen);
            }
        }
        _ => {}
    }
}

/// Where the document refers to, with one place that does.
fn references(document: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    each_member(document, "", &mut |pointer, name, member| {
        if name == "$ref" {
            found.insert(member.as_str().unwrap().trim_start_matches('#').to_owned(), pointer.to_owned());
        }
    });
    found
}

#[test]
fn every_reference_resolves() {
    let document = document();
    for (target, place) in references(&document) {
        assert!(document.pointer(&target).is_some(), "{place} refers to {target}");
    }
}

#[test]
fn nothing_is_described_that_nothing_refers_to() {
    let document = document();
    let used: BTreeSet<_> = references(&document).into_keys().collect();
    let mut idle = BTreeSet::new();
    for (kind, components) in document["components"].as_object().unwrap() {
        if kind == "securitySchemes" {
            continue;
        }
        let names = components.as_object().unwrap().keys();
        idle.extend(names.map(|name| format!("/components/{kind}/{name}")).filter(|it| !used.contains(it)));
    }
    // The answers of services that are not built, and kinds and codes that no service has yet.
    let catalogue = catalogue();
    let not_built = catalogue.services().iter().filter(|service| service.not_built);
    let mut expected: BTreeSet<_> = not_built.map(|it| format!("/components/schemas/answer.{}", it.id)).collect();
    expected.extend(
        [
            "/components/examples/problem.answer_cut",
            "/components/examples/problem.head_incomplete",
            "/components/examples/problem.method_not_allowed",
            "/components/examples/problem.service_unknown",
            "/components/schemas/Mobile",
        ]
        .map(str::to_owned),
    );
    assert_eq!(idle, expected);
}

/// Each operation with its path and method.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, operation)| (path.clone(), method, operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_service_is_described_once_and_nothing_else_is() {
    let (catalogue, document) = (catalogue(), document());
    let described: Vec<_> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| (operation["operationId"].as_str().unwrap().to_owned(), method, path))
        .collect();
    let ids: BTreeSet<_> = described.iter().map(|(id, ..)| id).collect();
    assert_eq!(ids.len(), described.len(), "an operationId stands twice");
    let mut wanted: Vec<_> = catalogue
        .services()
        .iter()
        .map(|service| (service.id.to_string(), service.method.to_ascii_lowercase(), service.path.clone()))
        .collect();
    let mut described = described;
    described.sort();
    wanted.sort();
    assert_eq!(described, wanted);
}

#[test]
fn every_segment_of_a_path_is_a_parameter_and_no_other_is() {
    for (path, method, operation) in operations(&document()) {
        let segments: BTreeSet<_> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect();
        let parameters = operation["parameters"].as_array().unwrap();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let named: BTreeSet<_> = in_path.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(named, segments, "{method} {path}");
        let service = operation["operationId"].as_str().unwrap();
        let bodiless = matches!(method.as_str(), "get" | "delete") || service == "consent.resend";
        assert_eq!(operation.get("requestBody").is_none(), bodiless, "{method} {path}");
    }
}

/// The datatypes that a schema of an answer names.
fn datatypes_in(document: &Value, schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_member(schema, "", &mut |_, name, member| match (name, member.as_str()) {
        ("x-datatype", Some(id)) => drop(found.insert(id.to_owned())),
        ("$ref", Some(reference)) => {
            let target = document.pointer(reference.trim_start_matches('#')).unwrap();
            found.extend(target["x-datatype"].as_str().map(str::to_owned));
        }
        _ => {}
    });
    found
}

#[test]
fn an_answer_names_every_datatype_of_its_service_with_its_class() {
    let (catalogue, document) = (catalogue(), document());
    for service in catalogue.services() {
        let schema = &document["components"]["schemas"][format!("answer.{}", service.id)];
        let wanted: BTreeSet<_> = service.datatypes().iter().map(ToString::to_string).collect();
        assert_eq!(datatypes_in(&document, schema), wanted, "{}", service.id);
    }
    for datatype in catalogue.datatypes() {
        let schema = &document["components"]["schemas"][format!("datatype.{}", datatype.id)];
        assert_eq!(schema["x-classification"], format!("{:?}", datatype.class), "{}", datatype.id);
        assert_eq!(schema["x-personal"], datatype.personal, "{}", datatype.id);
        assert_eq!(schema["x-title-ur"], datatype.title_ur, "{}", datatype.id);
    }
}

/// The codes that an operation may be refused with, in the order of their names.
fn codes_in(operation: &Value) -> BTreeSet<Code> {
    let mut found = BTreeSet::new();
    each_member(&operation["responses"], "", &mut |_, name, member| {
        if name == "enum" {
            found.extend(member.as_array().unwrap().iter().map(|word| Code::parse(word.as_str().unwrap()).unwrap()));
        }
    });
    found
}

#[test]
fn what_a_case_of_the_law_refuses_with_is_described() {
    let bundle = Bundle::embedded().unwrap();
    let document = document();
    let operations: BTreeMap<_, _> = operations(&document)
        .into_iter()
        .map(|(.., it)| (it["operationId"].as_str().unwrap().to_owned(), it))
        .collect();
    let mut checked = 0;
    for case in &bundle.cases().cases {
        let question = bundle.question(case).unwrap();
        let decision = bundle.decide_plainly(&question);
        if decision.verdicts.iter().any(|verdict| verdict.allowed) {
            continue;
        }
        let described = codes_in(&operations[case.service.as_str()]);
        for code in decision.verdicts.iter().filter_map(|verdict| verdict.code) {
            assert!(described.contains(&code), "{}: {code} of case `{}`", case.service, case.name);
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

#[test]
fn codes_of_a_citizens_consent_are_told_where_consent_is_asked() {
    let document = document();
    let told_at = |code: Code| -> Vec<String> {
        let has = operations(&document).into_iter().filter(|(.., operation)| codes_in(operation).contains(&code));
        has.map(|(.., operation)| operation["operationId"].as_str().unwrap().to_owned()).collect()
    };
    let check = |code, expected: &[&str]| assert_eq!(told_at(code), expected, "{code}");
    check(Code::InvalidPin, &["consent.pin"]);
    check(Code::ResendsUsedUp, &["consent.resend"]);
    let asked = ["identity.verify-fingerprint", "identity.verify-face", "identity.identify"];
    let households = ["nser.household", "nser.by-address", "nser.by-pmt", "nser.export"];
    let band = ["nser.band"];
    let by_the_state = ["travel.control-list", "lawful.access", "licence.check"];
    let identity = ["identity.yes-no", "identity.kyc", "identity.predicates"];
    let all = [&asked[..], &identity, &households, &band, &by_the_state, &["fbr.taxpayer"]].concat();
    check(Code::ConsentRequired, &all);
    check(Code::FieldsNotPermitted, &[&["identity.kyc", "identity.predicates"], &households[..]].concat());
    check(Code::ServiceUnknown, &[]);
    assert_eq!(told_at(Code::Internal).len(), catalogue().services().len());
}

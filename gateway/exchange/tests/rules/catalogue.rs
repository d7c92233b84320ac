//! The catalogue: a method and a path find one service, its path's segments, or the reason why not.

use exchange::{
    catalogue::{BodyForm, Catalogue, ChargeUnit, Datatype, NoMatch, Service},
    classification::Classification,
};
use proptest::prelude::*;

use crate::support::{id, ids, service};

fn route(name: &str, method: &str, path: &str) -> Service {
    let mut route = service("", &[]);
    route.id = id(name);
    method.clone_into(&mut route.method);
    path.clone_into(&mut route.path);
    route
}

fn catalogue() -> Catalogue {
    let services = vec![
        route("template.first", "POST", "/v1/persons/{person}"),
        route("kyc", "POST", "/v1/identity/kyc"),
        route("kyc.read", "GET", "/v1/identity/kyc"),
        route("usage", "GET", "/v1/usage/{month}"),
        route("usage.now", "GET", "/v1/usage/now"),
        route("pin", "POST", "/bc-authorize/{request}/pin"),
        route("cancel", "DELETE", "/bc-authorize/{request}"),
        route("pair", "GET", "/v1/{kind}/of/{name}"),
        route("root", "GET", "/"),
    ];
    Catalogue::new(services, Vec::new())
}

type Found = (String, Vec<(String, String)>);

fn find(method: &str, path: &str) -> Result<Found, NoMatch> {
    catalogue().find(method, path).map(|found| (found.service.id.to_string(), found.segments))
}

fn found(name: &str, segments: &[(&str, &str)]) -> Found {
    (name.to_owned(), segments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn a_method_and_a_path_find_their_service() {
    assert_eq!(find("POST", "/v1/identity/kyc"), Ok(found("kyc", &[])));
    assert_eq!(find("GET", "/v1/identity/kyc"), Ok(found("kyc.read", &[])));
    assert_eq!(find("GET", "/"), Ok(found("root", &[])));
    assert_eq!(find("GET", "/v1/usage/2026-11"), Ok(found("usage", &[("month", "2026-11")])));
    assert_eq!(find("POST", "/bc-authorize/abc/pin"), Ok(found("pin", &[("request", "abc")])));
    assert_eq!(find("DELETE", "/bc-authorize/abc"), Ok(found("cancel", &[("request", "abc")])));
    assert_eq!(find("GET", "/v1/child/of/amna"), Ok(found("pair", &[("kind", "child"), ("name", "amna")])));
}

#[test]
fn a_path_without_a_place_holder_comes_first() {
    assert_eq!(find("GET", "/v1/usage/now"), Ok(found("usage.now", &[])), "though the template stands before it");
    assert_eq!(find("GET", "/v1/usage/Now"), Ok(found("usage", &[("month", "Now")])));
}

#[test]
fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    for (method, path) in [
        ("GET", "/v1/identity"),
        ("POST", "/v1/identity/kyc/"),
        ("POST", "/v1/identity/kyc/x"),
        ("POST", "/V1/identity/kyc"),
        ("POST", "v1/identity/kyc"),
        ("GET", ""),
        ("GET", "/v1/usage"),
        ("GET", "/v1/usage/"),
        ("GET", "/v1/usage/2026-11/x"),
        ("POST", "/bc-authorize//pin"),
        ("DELETE", "/bc-authorize/"),
    ] {
        assert_eq!(find(method, path), Err(NoMatch::Path), "{method} {path}");
    }
    for (method, path) in [
        ("PUT", "/v1/identity/kyc"),
        ("post", "/v1/identity/kyc"),
        ("", "/v1/identity/kyc"),
        ("POST", "/"),
        ("POST", "/v1/usage/2026-11"),
        ("GET", "/bc-authorize/abc/pin"),
        ("POST", "/bc-authorize/abc"),
        ("POST", "/bc-authorize/pin"),
        ("TRACE", "/v1/child/of/amna"),
    ] {
        assert_eq!(find(method, path), Err(NoMatch::Method), "{method} {path}");
    }
    let empty = Catalogue::default();
    assert_eq!(empty.find("GET", "/").map(|_| ()), Err(NoMatch::Path));
}

#[test]
fn a_segment_is_taken_as_it_is_and_never_across_a_slash() {
    let request = |path: &str| find("DELETE", path).map(|(_, segments)| segments[0].1.clone());
    for value in ["a", "{request}", "a.b~c@d:e$", "..", "%2f", "0", "آ"] {
        assert_eq!(request(&format!("/bc-authorize/{value}")), Ok(value.to_owned()));
    }
    assert_eq!(request("/bc-authorize/a/b"), Err(NoMatch::Path));
}

#[test]
fn a_service_and_a_datatype_are_found_by_name() {
    let datatype = Datatype {
        id: id("nser.pmt"),
        title: "score".into(),
        title_ur: "اسکور".into(),
        class: Classification::Confidential,
        personal: true,
        biometric: false,
        sensitivity: "ordinary".into(),
        controller: "BISP".into(),
        source: "S3".into(),
        since: "2023-01-01".into(),
        reason: "for a test".into(),
    };
    let other = Datatype { id: id("citizen.name"), class: Classification::Public, ..datatype.clone() };
    let catalogue =
        Catalogue::new(vec![route("kyc", "POST", "/k"), route("kyc2", "POST", "/l")], vec![datatype, other]);
    assert_eq!(catalogue.service("kyc2").map(|service| service.path.as_str()), Some("/l"));
    assert!(catalogue.service("KYC").is_none() && catalogue.service("").is_none());
    assert_eq!(catalogue.datatype("nser.pmt").map(|datatype| datatype.class), Some(Classification::Confidential));
    assert!(catalogue.datatype("nser").is_none() && catalogue.datatype("NSER.pmt").is_none());
    let names: Vec<_> = catalogue.datatypes().map(|datatype| datatype.id.to_string()).collect();
    assert_eq!(names, ["citizen.name", "nser.pmt"], "sorted, whatever the files' order");
    let services: Vec<_> = catalogue.services().iter().map(|service| service.id.to_string()).collect();
    assert_eq!(services, ["kyc", "kyc2"], "in the files' order");
}

#[test]
fn a_services_datatypes_are_sorted_and_each_once() {
    let service = service("", &[("/a", "z"), ("/b", "m"), ("/c", "z"), ("/d/*/e", "a")]);
    assert_eq!(service.datatypes(), ids(&["a", "m", "z"]));
    assert!(self::service("", &[]).datatypes().is_empty());
}

#[test]
fn what_a_service_does_not_say_is_the_cautious_choice() {
    let least = service("", &[]);
    assert!(!least.unattended, "a user must be named");
    assert!(!least.idempotent, "a failed forward is not tried again");
    assert!(!least.bare && !least.oauth_errors && !least.not_built && !least.purpose_required && !least.writes);
    assert_eq!(least.body, BodyForm::Json);
    assert_eq!((least.rows, least.subject, least.answer_subject_check), (None, None, None));
    assert!(least.purposes.is_empty() && least.params.is_empty() && least.answer_subjects.is_empty());
    assert_eq!(least.charge, ChargeUnit::Call);
}

#[test]
fn a_service_with_an_unknown_or_a_missing_word_is_no_service() {
    let good = toml::to_string(&service("", &[("/a", "x")])).unwrap();
    assert!(toml::from_str::<Service>(&good).is_ok(), "{good}");
    let check = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} in {good}");
        assert!(toml::from_str::<Service>(&good.replacen(from, to, 1)).is_err(), "{from} to {to}");
    };
    check("timeout_ms = 1", "timeout_ms = 1\ntimeout = 2");
    check("timeout_ms = 1", "timeout_ms = -1");
    check("timeout_ms = 1", "");
    check("charge = \"call\"", "charge = \"Call\"");
    check("consent = \"none\"", "consent = \"maybe\"");
    check("consent = \"none\"", "");
    check("callers = [\"Agency\"]", "callers = [\"Anyone\"]");
    check("version = 1", "version = 70000");
    check("\"x\"", "\"x y\"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_template_matches_exactly_what_it_is_filled_with(
        parts in prop::collection::vec(prop_oneof!["[a-z]{1,3}", "\\{[a-z]{1,3}\\}"], 1..5),
        values in prop::collection::vec("[a-z0-9.-]{1,4}", 5), path in "(/[a-z]{1,3}){1,5}",
    ) {
        let template = format!("/{}", parts.join("/"));
        let catalogue = Catalogue::new(vec![route("t", "GET", &template)], Vec::new());
        let mut wanted = Vec::new();
        let filled: String = parts.iter().zip(&values).map(|(part, value)| match part.strip_prefix('{') {
            Some(name) => {
                wanted.push((name.trim_end_matches('}').to_owned(), value.clone()));
                format!("/{value}")
            }
            None => format!("/{part}"),
        }).collect();
        let got = catalogue.find("GET", &filled).map(|found| found.segments);
        prop_assert_eq!(got, Ok(wanted));
        // Another path matches only when it is the template with other values.
        let given: Vec<&str> = path[1..].split('/').collect();
        let alike = given.len() == parts.len()
            && parts.iter().zip(&given).all(|(part, given)| part.starts_with('{') || part == given);
        prop_assert_eq!(catalogue.find("GET", &path).is_ok(), alike);
        prop_assert_eq!(catalogue.find("POST", &path).err(), Some(if alike { NoMatch::Method } else { NoMatch::Path }));
    }
}

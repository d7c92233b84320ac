//! A bundle that lacks one thing is refused for that thing and no other: each check of completeness by itself.

use std::sync::LazyLock;

use toml::{Table, Value};

use super::check;
use crate::{
    Bundle, cases,
    error::{BundleError, Problem},
    law::Law,
    parse,
    source::Source,
};

/// The embedded law, read once: what is changed here stands in the lists beside it.
static LAW: LazyLock<Law> = LazyLock::new(|| {
    let source = Source::embedded();
    Law::read(&source, &parse::dictionary(&source).unwrap(), &parse::catalogue(&source).unwrap()).unwrap()
});

/// The embedded bundle with one entry of a list changed: a service of the catalogue, a datatype of the dictionary.
fn edited(folder: &str, list: &str, id: &str, edit: impl FnOnce(&mut Table)) -> (Source, String) {
    let source = Source::embedded();
    let holds = |entry: &Value| entry.get("id").and_then(Value::as_str) == Some(id);
    let (path, mut file) = source
        .matching(folder, ".toml")
        .map(|(path, text)| (path.to_owned(), text.parse::<Table>().unwrap()))
        .find(|(_, file)| file[list].as_array().unwrap().iter().any(holds))
        .unwrap_or_else(|| panic!("{folder} has no {id}"));
    let entries = file[list].as_array_mut().unwrap();
    edit(entries.iter_mut().find(|entry| holds(entry)).unwrap().as_table_mut().unwrap());
    let text = toml::to_string(&file).unwrap();
    (source.with(&path, &text), path)
}

fn service(id: &str, edit: impl FnOnce(&mut Table)) -> (Source, String) {
    edited("catalogue/", "service", id, edit)
}

fn datatype(id: &str, edit: impl FnOnce(&mut Table)) -> (Source, String) {
    edited("dictionary/", "datatype", id, edit)
}

/// What is wrong with a bundle's lists.
fn problems(source: &Source) -> Vec<Problem> {
    let read = || -> Result<(), BundleError> {
        let (dictionary, services) = (parse::dictionary(source)?, parse::catalogue(source)?);
        check(&services, &dictionary, &LAW, &cases::read(source)?.cases)
    };
    read().map_or_else(|error| error.problems().to_vec(), |()| Vec::new())
}

/// A service with one member changed has this one problem.
fn refused(id: &str, edit: impl FnOnce(&mut Table), reason: &str) {
    let (source, path) = service(id, edit);
    assert_eq!(problems(&source), [Problem::new(path, format!("`{id}` {reason}"))]);
}

/// A datatype with one member changed has this one problem.
fn refused_datatype(id: &str, edit: impl FnOnce(&mut Table), reason: &str) {
    let (source, path) = datatype(id, edit);
    assert_eq!(problems(&source), [Problem::new(path, format!("`{id}` {reason}"))]);
}

fn set(key: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Table) {
    let value = value.into();
    move |table| drop(table.insert(key.to_owned(), value))
}

fn without(key: &'static str) -> impl FnOnce(&mut Table) {
    move |table| drop(table.remove(key).unwrap())
}

/// Changes the n-th parameter.
fn param(n: usize, key: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Table) {
    let value = value.into();
    move |table| {
        let params = table["param"].as_array_mut().unwrap();
        params[n].as_table_mut().unwrap().insert(key.to_owned(), value);
    }
}

/// Adds a field.
fn field(pointer: &'static str, datatype: &'static str) -> impl FnOnce(&mut Table) {
    move |table| drop(table["fields"].as_table_mut().unwrap().insert(pointer.to_owned(), datatype.into()))
}

#[test]
fn an_edit_that_changes_nothing_breaks_nothing() {
    let (source, _) = service("identity.yes-no", |_| {});
    assert_eq!(problems(&source), []);
    let (source, _) = datatype("identity.name", |_| {});
    assert_eq!(problems(&source), []);
}

#[test]
fn a_service_says_what_it_is() {
    refused("identity.yes-no", set("title", ""), "has no title");
    refused("identity.yes-no", set("title_ur", ""), "has no Urdu title");
    refused("identity.yes-no", set("title_ur", "Yes or no?"), "has no Urdu title");
    refused("identity.yes-no", set("timeout_ms", 0), "has timeout_ms = 0: 1 to 30000");
    refused("identity.yes-no", set("timeout_ms", 30_001), "has timeout_ms = 30001: 1 to 30000");
    for timeout_ms in [1, 30_000] {
        let (source, _) = service("identity.yes-no", set("timeout_ms", timeout_ms));
        assert_eq!(problems(&source), [], "{timeout_ms} ms");
    }
    let purposes = "lists purposes if and only if a purpose is required";
    refused("identity.yes-no", set("purposes", Value::Array(Vec::new())), purposes);
    refused("self.whoami", set("purposes", vec!["KYC-101"]), purposes);
    refused("self.whoami", set("purpose_required", true), purposes);
    refused(
        "vital.death-notice",
        set("idempotent", true),
        "changes state, so a failed forward must not be tried again",
    );
    refused("self.whoami", set("body", "json"), "has a body, and its method is GET");
    refused("consent.cancel", set("body", "json"), "has a body, and its method is DELETE");
    refused("identity.yes-no", set("body", "none"), "has no body for parameters that do not stand in its path");
}

#[test]
fn a_service_says_what_it_is_asked_with() {
    refused("identity.yes-no", param(1, "about", ""), "does not say what parameter `name` is");
    refused("identity.yes-no", param(2, "name", "name"), "has parameter `name` twice");
    let in_path = "has no required parameter for the path's `month`";
    refused("usage.month", param(0, "required", false), in_path);
    refused("usage.month", param(0, "name", "year"), in_path);
    refused("usage.month", without("param"), in_path);
    refused("usage.month", param(0, "kind", "cnic"), "names a person in its path: `month`");
    refused("usage.month", param(0, "kind", "mobile"), "names a person in its path: `month`");
    let subject = |subject: &str| format!("has subject `{subject}`, which is not a required CNIC parameter");
    refused("identity.yes-no", set("subject", "cnic"), &subject("cnic"));
    refused("identity.yes-no", set("subject", "/"), &subject("/"));
    refused("identity.yes-no", set("subject", "/name"), &subject("/name"));
    refused("identity.yes-no", set("subject", "/nobody"), &subject("/nobody"));
    refused("identity.yes-no", param(0, "required", false), &subject("/cnic"));
    refused("identity.yes-no", param(0, "kind", "text"), &subject("/cnic"));
    refused("consent.authorize", param(1, "required", false), &subject("/login_hint"));
}

#[test]
fn a_service_says_what_it_releases() {
    let leaf = |pointer: &str| format!("has field `{pointer}`, which is not a JSON pointer to a leaf");
    refused("identity.yes-no", field("match", "identity.match"), &leaf("match"));
    refused("identity.yes-no", field("/match/", "identity.match"), &leaf("/match/"));
    refused("identity.yes-no", field("", "identity.match"), &leaf(""));
    refused(
        "identity.yes-no",
        field("/guess", "identity.guess"),
        "gives `/guess` the datatype `identity.guess`, which no dictionary has",
    );
    let pointer = |pointer: &str| format!("has `{pointer}`, which is not a JSON pointer");
    refused("identity.kyc", set("answer_subjects", vec!["/cnic", "cnic"]), &pointer("cnic"));
    refused("identity.kyc", set("answer_subject_check", "cnic"), &pointer("cnic"));
    refused("audit.accesses", set("rows", "accesses"), &pointer("accesses"));
    refused("fbr.taxpayer", without("subject"), "checks whom the answer is about, but names no subject");
    // A service without fields leaves its datatype in nobody's fields too.
    let (source, path) = service("licence.check", |table| table["fields"].as_table_mut().unwrap().clear());
    let expected = [
        Problem::new(path, "`licence.check` releases no field"),
        Problem::new("dictionary/state.toml", "`licence.valid` stands in no service's fields"),
    ];
    assert_eq!(problems(&source), expected);
}

#[test]
fn the_schema_and_the_catalogue_agree_who_may_ask() {
    let disagree = |who: &str, action: &str| format!("and its action `{action}` disagree about {who}");
    refused("identity.yes-no", set("unattended", true), &disagree("an agency's bare client", "verifyYesNo"));
    refused("self.whoami", set("unattended", false), &disagree("an agency's bare client", "readSelf"));
    refused("identity.yes-no", set("callers", vec!["Agency", "Public"]), &disagree("anyone", "verifyYesNo"));
    refused("report.public", set("callers", vec!["Agency"]), &disagree("anyone", "viewReport"));
    let (source, path) = service("report.public", set("callers", vec!["Public"]));
    let expected = ["an agency's bare client", "an agency's users"]
        .map(|who| Problem::new(path.clone(), format!("`report.public` {}", disagree(who, "viewReport"))));
    assert_eq!(problems(&source), expected);
    let rule = |action: &str| format!("needs a consent rule if and only if its action `{action}` is personal");
    refused("identity.yes-no", set("consent", "none"), &rule("verifyYesNo"));
    refused("self.whoami", set("consent", "required"), &rule("readSelf"));
    refused("vital.death-notice", set("consent", "basis"), &rule("noticeDeath"));
}

#[test]
fn an_action_and_a_service_have_each_other() {
    let (source, path) = service("identity.yes-no", set("action", "fly"));
    let expected = [
        Problem::new(path, "`identity.yes-no` has action `fly`, which the schema lacks"),
        Problem::new("schema/ijazat.cedarschema", "has action `verifyYesNo`, which no service uses"),
    ];
    assert_eq!(problems(&source), expected);
    let schema = Source::embedded().file("schema/ijazat.cedarschema").unwrap().to_owned();
    let more = schema.replacen("action viewReport,", "action drawReport, viewReport,", 1);
    assert_ne!(more, schema);
    let idle = Bundle::load(&Source::embedded().with("schema/ijazat.cedarschema", &more)).unwrap_err();
    let expected = Problem::new("schema/ijazat.cedarschema", "has action `drawReport`, which no service uses");
    assert_eq!(idle.problems(), [expected]);
}

#[test]
fn no_two_services_have_one_name_or_one_route() {
    refused("identity.kyc", set("path", "/v1/identity/yes-no"), "has the route of `identity.yes-no`");
    let (source, _) = service("identity.kyc", set("method", "PUT"));
    assert_eq!(problems(&source), [], "another method is another route");
    // The same service in a second file.
    let text = Source::embedded().file("catalogue/report.toml").unwrap().to_owned();
    let twice = problems(&Source::embedded().with("catalogue/zz.toml", &text));
    let expected = [
        Problem::new("catalogue/zz.toml", "`report.public` has the route of `report.public`"),
        Problem::new("catalogue/zz.toml", "`report.public` is listed twice"),
    ];
    assert_eq!(twice, expected);
}

/// The embedded bundle with only those cases that this keeps.
fn with_cases(keep: impl Fn(&Value) -> bool) -> Source {
    let embedded = Source::embedded();
    let files = embedded
        .matching("cases/", ".toml")
        .filter(|(path, text)| !path.starts_with("cases/world") && text.contains("service ="));
    files.fold(Source::embedded(), |source, (path, text)| {
        let mut file = text.parse::<Table>().unwrap();
        file["case"].as_array_mut().unwrap().retain(&keep);
        source.with(path, &toml::to_string(&file).unwrap())
    })
}

#[test]
fn every_service_is_promised_to_somebody_and_refused_to_somebody() {
    let catalogue = Source::embedded();
    for (path, text) in catalogue.matching("catalogue/", ".toml") {
        for service in text.parse::<Table>().unwrap()["service"].as_array().unwrap() {
            let id = service["id"].as_str().unwrap();
            let own = |case: &Value| case["service"].as_str() == Some(id);
            let permits = |case: &Value| case.get("permitted").is_some();
            let check = |source: Source, reason: &str| {
                assert_eq!(problems(&source), [Problem::new(path, format!("`{id}` {reason}"))]);
            };
            check(with_cases(|case| !own(case)), "has no case");
            check(with_cases(|case| !(own(case) && permits(case))), "has no case that permits anything");
            check(with_cases(|case| !own(case) || permits(case)), "has no case that refuses everything");
        }
    }
}

#[test]
fn a_datatype_says_what_it_is_and_why() {
    let id = "nser.pmt";
    refused_datatype(id, set("title_ur", "score"), "has no Urdu title");
    for (name, reason) in [
        ("title", "has no title"),
        ("controller", "has no controller"),
        ("source", "has no source"),
        ("since", "has no since"),
        ("reason", "has no reason"),
    ] {
        refused_datatype(id, set(name, ""), reason);
    }
    refused_datatype(
        id,
        set("sensitivity", "mild"),
        "has sensitivity `mild`: one of [\"ordinary\", \"sensitive\", \"critical\"]",
    );
    for sensitivity in ["ordinary", "sensitive", "critical"] {
        let (source, _) = datatype(id, set("sensitivity", sensitivity));
        assert_eq!(problems(&source), [], "{sensitivity}");
    }
}

#[test]
fn a_personal_title_fits_the_citizens_message() {
    let long = "has a title of more than 24 characters";
    refused_datatype("nser.pmt", set("title", "x".repeat(25)), long);
    refused_datatype("nser.pmt", set("title_ur", "ک".repeat(25)), long);
    let fits = |id: &str, key: &'static str, title: String| {
        let (source, _) = datatype(id, set(key, title.clone()));
        assert_eq!(problems(&source), [], "{id}: {title}");
    };
    fits("nser.pmt", "title", "x".repeat(24));
    fits("nser.pmt", "title_ur", "ک".repeat(24));
    fits("report.statistics", "title", "x".repeat(200));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_sorted_by_file() {
    let (source, _) = service("identity.yes-no", set("title", ""));
    let broken = source.file("catalogue/identity.toml").unwrap().to_owned();
    let (source, _) = datatype("audit.access", set("reason", ""));
    let (other, _) = service("usage.month", set("timeout_ms", 0));
    let own = other.file("catalogue/own.toml").unwrap().to_owned();
    let all = source.with("catalogue/identity.toml", &broken).with("catalogue/own.toml", &own);
    let error = Bundle::load(&all).unwrap_err();
    let expected = "bundle is refused for 3 problem(s)\n  \
                    catalogue/identity.toml: `identity.yes-no` has no title\n  \
                    catalogue/own.toml: `usage.month` has timeout_ms = 0: 1 to 30000\n  \
                    dictionary/audit.toml: `audit.access` has no reason";
    assert_eq!(error.to_string(), expected);
}

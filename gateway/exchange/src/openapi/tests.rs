//! What the description promises of one small catalogue; the whole embedded one is held by `policies/tests/law`.

use std::collections::BTreeSet;

use super::*;
use crate::{
    catalogue::{CallerKind, Datatype, Service},
    codes::Code,
};

const SERVICE: &str = r#"
    id = "vital.notice"
    version = 2
    method = "POST"
    path = "/v1/notices/{kind}"
    upstream = "registry"
    action = "notice"
    title = "Notice"
    title_ur = "اطلاع"
    callers = ["Agency"]
    consent = "none"
    purpose_required = true
    purposes = ["VIT-401"]
    tariff = "vital.notice"
    charge = "free"
    writes = true
    timeout_ms = 3000
    subject = "/cnic"
    [[param]]
    name = "kind"
    kind = "code"
    required = true
    about = "Kind of the notice."
    [[param]]
    name = "cnic"
    kind = "cnic"
    required = true
    about = "Card number."
    [[param]]
    name = "count"
    kind = "integer"
    max = 9
    about = "How many."
    [[param]]
    name = "place"
    kind = "text"
    about = "Where."
    [fields]
    "/notice" = "vital.notice"
    "/lines/*/place" = "vital.place"
    "/lines/*/a~1b" = "vital.place"
    "/free/**" = "vital.notice"
"#;

fn service() -> Service {
    toml::from_str(SERVICE).unwrap()
}

fn datatype(id: &str) -> Datatype {
    toml::from_str(&format!(
        "id = \"{id}\"\ntitle = \"T\"\ntitle_ur = \"ٹ\"\nclass = \"Secret\"\npersonal = true\nsensitivity = \"critical\"\n\
         controller = \"c\"\nsource = \"s\"\nsince = \"2026-01-01\"\nreason = \"r\"\n"
    ))
    .unwrap()
}

fn made(change: impl FnOnce(&mut Service)) -> Value {
    let mut service = service();
    change(&mut service);
    let datatypes = vec![datatype("vital.notice"), datatype("vital.place")];
    document(&Catalogue::new(vec![service], datatypes), "https://door:8443")
}

fn at(document: &Value, pointer: &str) -> Value {
    document.pointer(pointer).cloned().unwrap_or_else(|| panic!("nothing at {pointer}"))
}

const OPERATION: &str = "/paths/~1v1~1notices~1{kind}/post";

#[test]
fn an_operation_says_what_the_catalogue_says_of_its_service() {
    let document = made(|_| ());
    let check = |pointer: &str, expected: Value| {
        assert_eq!(at(&document, &format!("{OPERATION}{pointer}")), expected, "{pointer}");
    };
    check("/operationId", json!("vital.notice"));
    check("/x-service", json!("vital.notice@2"));
    check("/summary", json!("Notice"));
    check("/x-title-ur", json!("اطلاع"));
    check("/tags", json!(["vital"]));
    check("/x-charge", json!("free"));
    check("/x-tariff", json!("vital.notice"));
    check("/x-datatypes", json!(["vital.notice", "vital.place"]));
    check("/security", json!([{ "mutualTLS": [] }]));
    check("/servers/0/url", json!("https://door:8443"));
    check("/x-built", json!(true));
    let body = "/requestBody/content/application~1json/schema";
    check(&format!("{body}/required"), json!(["cnic"]));
    check(&format!("{body}/additionalProperties"), json!(false));
    check(
        &format!("{body}/properties"),
        json!({
            "cnic": { "$ref": "#/components/schemas/Cnic", "description": "Card number." },
            "count": { "type": "integer", "minimum": 0, "maximum": 9, "description": "How many." },
            "place": { "type": "string", "maxLength": 120, "description": "Where." },
        }),
    );
}

/// Names of an operation's parameters; those that are required end with `!`.
fn parameters(document: &Value) -> Vec<String> {
    let all = at(document, &format!("{OPERATION}/parameters"));
    let name = |parameter: &Value| {
        if let Some(reference) = parameter["$ref"].as_str() {
            return reference.rsplit('/').next().unwrap().to_owned();
        }
        let mark = if parameter["required"] == true { "!" } else { "" };
        format!("{}{mark}", parameter["name"].as_str().unwrap())
    };
    all.as_array().unwrap().iter().map(name).collect()
}

fn attended(service: &mut Service) {
    (service.unattended, service.writes, service.purpose_required) = (true, false, false);
}

#[test]
fn headers_are_asked_for_where_the_door_reads_them() {
    let check = |change: fn(&mut Service), expected: &[&str]| assert_eq!(parameters(&made(change)), expected);
    check(
        |_| (),
        &[
            "kind!",
            "Ijazat-User!",
            "Ijazat-User-Assertion",
            "Ijazat-Purpose!",
            "Idempotency-Key",
            "Ijazat-Dry-Run",
            "traceparent",
        ],
    );
    check(attended, &["kind!", "Ijazat-User", "Ijazat-User-Assertion", "Ijazat-Dry-Run", "traceparent"]);
    let public = |service: &mut Service| {
        (service.callers, service.writes, service.purpose_required) = (vec![CallerKind::Public], false, false);
    };
    check(public, &["kind!", "Ijazat-Dry-Run", "traceparent"]);
    let consented = |service: &mut Service| {
        attended(service);
        service.consent = crate::catalogue::ConsentRule::Required;
    };
    check(
        consented,
        &["kind!", "Ijazat-User", "Ijazat-User-Assertion", "Ijazat-Basis", "Ijazat-Dry-Run", "traceparent"],
    );
}

#[test]
fn whoever_may_call_is_asked_for_what_shows_it() {
    use crate::catalogue::ConsentRule;
    let check = |callers: Vec<CallerKind>, consent, expected: Value| {
        let document = made(|service| (service.callers, service.consent) = (callers, consent));
        assert_eq!(at(&document, &format!("{OPERATION}/security")), expected);
        let public = expected[0] == json!({});
        assert_eq!(document.pointer(&format!("{OPERATION}/servers")).is_none(), public, "{expected}");
    };
    let (agency, public) = (CallerKind::Agency, CallerKind::Public);
    check(vec![public], ConsentRule::None, json!([{}]));
    check(vec![public, agency], ConsentRule::None, json!([{}, { "mutualTLS": [] }]));
    check(vec![agency], ConsentRule::Basis, json!([{ "mutualTLS": [] }, { "mutualTLS": [], "consentToken": [] }]));
}

#[test]
fn an_answer_is_closed_and_each_leaf_names_its_datatype() {
    let document = made(|_| ());
    let place = json!({ "$ref": "#/components/schemas/datatype.vital.place" });
    let fields = json!({
        "type": "object",
        "properties": {
            "free": { "type": ["object", "null"], "properties": {}, "additionalProperties": false },
            "lines": { "type": ["array", "null"], "items": {
                "type": ["object", "null"], "properties": { "a/b": place, "place": place },
                "additionalProperties": false,
            } },
            "notice": { "$ref": "#/components/schemas/datatype.vital.notice" },
        },
        "additionalProperties": false,
    });
    let mut expected = fields;
    expected["properties"]["free"] = json!({ "x-datatype": "vital.notice" });
    let answer = at(&document, "/components/schemas/answer.vital.notice");
    assert_eq!(answer["properties"]["data"], expected);
    assert_eq!(answer["required"], json!(["data", "withheld"]));
    let bare = made(|service| service.bare = true);
    assert_eq!(at(&bare, "/components/schemas/answer.vital.notice"), expected);
    let datatype = at(&document, "/components/schemas/datatype.vital.place");
    assert_eq!((&datatype["x-classification"], &datatype["x-personal"]), (&json!("Secret"), &json!(true)));
    assert_eq!((&datatype["title"], &datatype["x-title-ur"]), (&json!("T"), &json!("ٹ")));
}

#[test]
fn a_service_that_is_not_built_promises_no_answer() {
    let statuses = |document: &Value| -> BTreeSet<String> {
        at(document, &format!("{OPERATION}/responses")).as_object().unwrap().keys().cloned().collect()
    };
    let (built, missing) = (statuses(&made(|_| ())), statuses(&made(|service| service.not_built = true)));
    assert_eq!(built.difference(&missing).collect::<Vec<_>>(), ["200"]);
    assert_eq!(missing.difference(&built).collect::<Vec<_>>(), ["501"]);
    assert_eq!(at(&made(|service| service.not_built = true), &format!("{OPERATION}/x-built")), json!(false));
}

#[test]
fn a_form_carries_json_as_text() {
    let document = made(|service| {
        service.body = crate::catalogue::BodyForm::Form;
        service.params[3].kind = crate::catalogue::ParamKind::Json;
    });
    let body = at(&document, &format!("{OPERATION}/requestBody/content/application~1x-www-form-urlencoded/schema"));
    assert_eq!(body["properties"]["place"]["contentMediaType"], "application/json");
    let document = made(|service| service.params[3].kind = crate::catalogue::ParamKind::Json);
    let body = at(&document, &format!("{OPERATION}/requestBody/content/application~1json/schema"));
    assert_eq!(body["properties"]["place"], json!({ "description": "Where." }));
}

#[test]
fn a_code_is_promised_where_the_service_can_meet_it() {
    use Code::{
        AgreementRequired, CnicInvalid, Conflict, ConsentRequired, ContentTypeUnsupported, FieldsNotPermitted,
        Internal, InvalidPin, MethodNotAllowed, ParameterInvalid, PurposeRequired, ServiceUnknown, UserRequired,
        UserUnknown,
    };
    let check = |code: Code, change: fn(&mut Service), expected: bool| {
        let mut service = service();
        change(&mut service);
        assert_eq!(codes_of(&service).contains(&code), expected, "{code}");
    };
    check(UserRequired, |_| (), true);
    check(UserRequired, |service| service.unattended = true, false);
    check(UserUnknown, |service| service.unattended = true, true);
    check(UserUnknown, |service| service.callers = vec![CallerKind::Public], false);
    check(PurposeRequired, |_| (), true);
    check(PurposeRequired, |service| service.purpose_required = false, false);
    check(AgreementRequired, |service| service.purpose_required = false, false);
    check(ConsentRequired, |_| (), false);
    check(ConsentRequired, |service| service.consent = crate::catalogue::ConsentRule::Basis, true);
    check(ContentTypeUnsupported, |_| (), true);
    check(ContentTypeUnsupported, |service| service.body = crate::catalogue::BodyForm::None, false);
    check(CnicInvalid, |_| (), true);
    check(CnicInvalid, |service| (service.subject, service.params) = (None, Vec::new()), false);
    check(ParameterInvalid, |service| service.params = Vec::new(), false);
    check(FieldsNotPermitted, |_| (), false);
    check(FieldsNotPermitted, |service| service.params[3].name = "fields".into(), true);
    check(Conflict, |_| (), true);
    check(Conflict, |service| service.writes = false, false);
    check(InvalidPin, |_| (), false);
    check(InvalidPin, |service| service.id = crate::ids::ServiceId::parse("consent.pin").unwrap(), true);
    check(InvalidPin, |service| service.id = crate::ids::ServiceId::parse("consent.token").unwrap(), false);
    check(ServiceUnknown, |_| (), false);
    check(MethodNotAllowed, |_| (), false);
    check(Internal, |service| service.callers = vec![CallerKind::Public], true);
}

#[test]
fn each_refusal_stands_under_its_own_status_once() {
    let service = service();
    let responses = refusals::responses(&service);
    let mut seen = Vec::new();
    for (status, response) in &responses {
        let schema = &response["content"]["application/problem+json"]["schema"]["allOf"];
        assert_eq!(schema[0]["$ref"], "#/components/schemas/Problem");
        for word in schema[1]["properties"]["code"]["enum"].as_array().unwrap() {
            let code = Code::parse(word.as_str().unwrap()).unwrap();
            assert_eq!(code.status().to_string(), *status, "{code}");
            assert!(response["description"].as_str().unwrap().contains("`code`"), "{code}");
            assert_eq!(
                response["content"]["application/problem+json"]["examples"][code.as_str()]["$ref"],
                format!("#/components/examples/problem.{code}")
            );
            seen.push(code);
        }
    }
    seen.sort();
    assert_eq!(seen, codes_of(&service));
    let mut oauth = service;
    oauth.oauth_errors = true;
    let first = &refusals::responses(&oauth)["400"]["content"]["application/json"]["schema"]["allOf"][0]["$ref"];
    assert_eq!(first, "#/components/schemas/OauthProblem");
}

#[test]
fn every_code_has_an_example_in_both_languages() {
    let examples = refusals::examples();
    assert_eq!(examples.len(), Code::ALL.len());
    for code in Code::ALL {
        let example = &examples[&format!("problem.{code}")];
        let entry = code.entry();
        assert_eq!(example["summary"], entry.title, "{code}");
        assert_eq!(example["x-title-ur"], entry.title_ur, "{code}");
        assert_eq!(example["value"]["title_ur"], entry.title_ur, "{code}");
        assert_eq!(example["value"]["action"], entry.action, "{code}");
        assert_eq!(example["value"]["status"], entry.status, "{code}");
    }
}

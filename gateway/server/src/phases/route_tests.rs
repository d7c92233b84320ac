//! Phase 3 over every service of the shipped catalogue: what is routed, and everything that is not.

use exchange::{
    catalogue::{Param, ParamKind},
    path::PATH_BYTES_MAX,
};
use serde_json::{Map, json};

use super::*;
use crate::phases::testing::{CITIZEN, Call, Trial};

/// A value that the parameter takes.
fn good(param: &Param) -> Value {
    match param.kind {
        ParamKind::Cnic => json!(CITIZEN),
        ParamKind::Mobile => json!("03001234567"),
        ParamKind::Text if param.name == "login_hint" => json!(format!("cnic:{CITIZEN}")),
        ParamKind::Text => json!("a"),
        ParamKind::Date => json!("2026-02-28"),
        ParamKind::Integer => json!("0"),
        ParamKind::Code => json!("a-1"),
        // Each service has its own datatypes: `fields` has a test of its own.
        ParamKind::CodeList if param.name == "fields" => Value::Null,
        ParamKind::CodeList => json!(["a-1"]),
        ParamKind::TextList => json!(["a"]),
        ParamKind::Decimal => json!(0.5),
        ParamKind::Json => json!("[]"),
    }
}

/// Values that the parameter does not take, each with its reason.
fn bad(param: &Param) -> Vec<(&'static str, Value)> {
    let max = param.max.unwrap_or(120) as usize;
    match param.kind {
        ParamKind::Cnic => vec![
            ("short", json!("421011234567")),
            ("long", json!("42101123456711")),
            ("a letter", json!("42101-1234567-x")),
            ("a number", json!(4_210_112_345_671_u64)),
            ("Urdu digits", json!("۴۲۱۰۱۱۲۳۴۵۶۷۱")),
            ("a list", json!([CITIZEN])),
        ],
        ParamKind::Mobile => vec![("abroad", json!("+14155550100")), ("words", json!("mobile"))],
        ParamKind::Text if param.name == "login_hint" => vec![("no card number", json!("cnic:1"))],
        ParamKind::Text => vec![
            ("too long", json!("x".repeat(max + 1))),
            ("too long in Urdu", json!("ا".repeat(max + 1))),
            ("a line break", json!("a\nb")),
            ("a zero byte", json!("a\0b")),
            ("an object", json!({"a": 1})),
        ],
        ParamKind::Date => vec![
            ("no such day", json!("2026-02-29")),
            ("no such month", json!("2026-13-01")),
            ("day first", json!("28-02-2026")),
            ("with a time", json!("2026-02-28T00:00:00Z")),
            ("a number", json!(20_260_228)),
        ],
        ParamKind::Integer => vec![
            ("negative", json!("-1")),
            ("signed", json!("+1")),
            ("zero before", json!("01")),
            ("too large", json!("99999999999999999999")),
            ("a fraction", json!("1.5")),
        ],
        ParamKind::Code => vec![
            ("a space", json!("a b")),
            ("a slash", json!("a/b")),
            ("too long", json!("x".repeat(97))),
            ("empty", json!("")),
        ],
        ParamKind::CodeList => vec![
            ("empty", json!([])),
            ("text", json!("identity.name")),
            ("not codes", json!(["a b"])),
            ("a number", json!([1])),
            ("too many", json!(vec!["a"; 33])),
        ],
        ParamKind::TextList => vec![
            ("empty", json!([])),
            ("text", json!("a")),
            ("a line break", json!(["a\nb"])),
            ("a number", json!([1])),
            ("too many", json!(vec!["a"; max + 1])),
        ],
        ParamKind::Decimal => vec![
            ("negative", json!(-0.01)),
            ("too large", json!(max + 1)),
            ("three decimals", json!(0.005)),
            ("text", json!("0.5")),
        ],
        ParamKind::Json => vec![],
    }
}

/// A call of the service with these parameters, by someone who may call it.
fn call(service: &Service, params: &Map<String, Value>) -> Call {
    let mut path = service.path.clone();
    let mut rest = params.clone();
    for param in &service.params {
        let hole = format!("{{{}}}", param.name);
        if path.contains(&hole) {
            let value = rest.remove(&param.name).unwrap_or_default();
            path = path.replace(&hole, value.as_str().unwrap_or("-"));
        }
    }
    let call = match service.body {
        BodyForm::None => Call::new(&service.method, &path, ""),
        BodyForm::Json => Call::json(&path, &Value::Object(rest)),
        BodyForm::Form => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let fields: Vec<_> = rest.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Call::form(&path, &fields)
        }
    };
    let call = call.by("bank-indus", "teller-1");
    match service.purposes.first() {
        Some(purpose) => call.with("ijazat-purpose", purpose.as_str()),
        None => call,
    }
}

fn all_good(service: &Service) -> Map<String, Value> {
    service.params.iter().map(|param| (param.name.clone(), good(param))).collect()
}

fn in_path(service: &Service, param: &Param) -> bool {
    service.path.contains(&format!("{{{}}}", param.name))
}

async fn refused(trial: &Trial, call: &Call, name: &str) -> Refusal {
    match trial.routed(call).await {
        Ok(_) => panic!("{name} was let through"),
        Err(refusal) => refusal,
    }
}

/// Every service that somebody can ask already, with the trial that knows it: citizens have no sessions yet, and who asks in
/// their place is refused (`tests/tests/catalogue/refusals.rs`).
async fn every() -> (Trial, Vec<Arc<Service>>) {
    let trial = Trial::new().await;
    let mut services = trial.parts.law.load_full().catalogue.services().to_vec();
    services.retain(|service| service.callers != [CallerKind::Citizen]);
    assert!(services.len() >= 12, "the catalogue is the shipped one");
    (trial, services)
}

#[tokio::test]
async fn every_service_is_reached_with_all_its_parameters_and_with_the_least() {
    let (trial, services) = every().await;
    for service in services {
        let all = all_good(&service);
        let least = |param: &&Param| param.required || in_path(&service, param);
        let least: Map<_, _> =
            service.params.iter().filter(least).map(|param| (param.name.clone(), good(param))).collect();
        for params in [all, least] {
            let call = call(&service, &params);
            let (routed, trail) = trial.routed(&call).await.unwrap_or_else(|e| panic!("{}: {e:?}", service.id));
            assert_eq!((&routed.service.id, routed.path.as_str()), (&service.id, call.target.as_str()));
            assert_eq!(routed.body, call.body, "the upstream gets the very bytes");
            assert_eq!(routed.subject.is_some(), service.subject.is_some(), "{}", service.id);
            assert_eq!(trail.subject, routed.subject);
            assert_eq!(trail.service.unwrap().id, service.id);
        }
    }
}

#[tokio::test]
async fn no_service_answers_to_another_method() {
    let (trial, services) = every().await;
    for service in &services {
        let mut call = call(service, &all_good(service));
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "post"] {
            // One path may have a service for each of two methods.
            if services.iter().any(|other| other.method == method && other.path == service.path) {
                continue;
            }
            call.method = method.to_owned();
            let refusal = refused(&trial, &call, &format!("{method} {}", call.target)).await;
            assert_eq!(refusal.code, Code::MethodNotAllowed, "{method} {}", call.target);
        }
    }
}

#[tokio::test]
async fn no_service_answers_to_a_path_beside_its_own() {
    let (trial, services) = every().await;
    for service in &services {
        let good = call(service, &all_good(service));
        // One more segment may be another service's name of a thing, which is read and not written.
        let below = format!("{}/{{", service.path);
        let further = services.iter().any(|other| other.path.starts_with(&below) && other.method != service.method);
        let path = good.target.clone();
        let check = async |target: String, expected: Code| {
            let call = Call { target: target.clone(), ..good.clone() };
            assert_eq!(refused(&trial, &call, &target).await.code, expected, "{target}");
        };
        check(format!("{path}/"), Code::PathAmbiguous).await;
        check(format!("/{path}"), Code::PathAmbiguous).await;
        check(format!("{path}?x=1"), Code::PathAmbiguous).await;
        check(format!("{path}?"), Code::PathAmbiguous).await;
        check(format!("{path}%20"), Code::PathAmbiguous).await;
        check(format!("/.{path}"), Code::PathAmbiguous).await;
        check(format!("/..{path}"), Code::PathAmbiguous).await;
        check(path.replacen('/', "/./", 1), Code::PathAmbiguous).await;
        check(format!("https://localhost{path}"), Code::PathAmbiguous).await;
        check(path.trim_start_matches('/').to_owned(), Code::PathAmbiguous).await;
        check(format!("{path}/x"), if further { Code::MethodNotAllowed } else { Code::ServiceUnknown }).await;
        check(format!("/..{path}"), Code::PathAmbiguous).await;
        if !service.path.contains('{') {
            check(path.to_uppercase(), Code::ServiceUnknown).await;
            check(format!("{path}x"), Code::ServiceUnknown).await;
        }
        check(format!("{path}{}", "x".repeat(PATH_BYTES_MAX)), Code::PathAmbiguous).await;
    }
}

#[tokio::test]
async fn every_service_takes_its_own_content_type_only() {
    let (trial, services) = every().await;
    for service in services {
        let good = call(&service, &all_good(&service));
        let expected = match service.body {
            BodyForm::None => continue,
            BodyForm::Json => "application/json",
            BodyForm::Form => "application/x-www-form-urlencoded",
        };
        for same in [expected.to_uppercase(), format!("{expected}; charset=utf-8"), format!(" {expected} ;x")] {
            assert!(trial.routed(&good.clone().with("content-type", &same)).await.is_ok(), "{} {same}", service.id);
        }
        let others = ["", "text/plain", "application/jsonp", "application/json, text/html", "multipart/form-data"];
        let crossed =
            if service.body == BodyForm::Json { "application/x-www-form-urlencoded" } else { "application/json" };
        for other in others.into_iter().chain([crossed]) {
            let refusal = refused(&trial, &good.clone().with("content-type", other), other).await;
            assert_eq!(refusal.code, Code::ContentTypeUnsupported, "{} {other}", service.id);
            assert_eq!(refusal.members, [("expected", json!(expected))]);
        }
        let none = good.without("content-type");
        assert_eq!(refused(&trial, &none, "none").await.code, Code::ContentTypeUnsupported);
    }
}

#[tokio::test]
async fn every_parameter_of_every_service_keeps_its_bounds() {
    let (trial, services) = every().await;
    let mut checked = 0;
    for service in services {
        for param in &service.params {
            for (name, value) in bad(param) {
                // A path has no place for what is no text or would be another path.
                let text = value.as_str();
                let fits =
                    |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                if in_path(&service, param) && !text.is_some_and(fits) {
                    continue;
                }
                // A form has no other type than text.
                if service.body == BodyForm::Form && text.is_none() {
                    continue;
                }
                let mut params = all_good(&service);
                params.insert(param.name.clone(), value);
                let what = format!("{} {} {name}", service.id, param.name);
                let refusal = refused(&trial, &call(&service, &params), &what).await;
                let citizen = param.kind == ParamKind::Cnic || param.name == "login_hint";
                let expected = if citizen { Code::CnicInvalid } else { Code::ParameterInvalid };
                assert_eq!(refusal.code, expected, "{what}");
                let told = refusal.detail.unwrap_or_default();
                assert!(!told.contains(CITIZEN), "{what}: {told}");
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

#[tokio::test]
async fn a_text_of_exactly_its_bound_passes() {
    let (trial, services) = every().await;
    for service in services {
        for param in service.params.iter().filter(|param| param.kind == ParamKind::Text && param.name != "login_hint") {
            let mut params = all_good(&service);
            params.insert(param.name.clone(), json!("ا".repeat(param.max.unwrap_or(120) as usize)));
            let what = format!("{} {}", service.id, param.name);
            assert!(trial.routed(&call(&service, &params)).await.is_ok(), "{what}: characters count, not bytes");
        }
    }
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_named() {
    let (trial, services) = every().await;
    for service in services {
        for param in service.params.iter().filter(|param| param.required && !in_path(&service, param)) {
            let mut params = all_good(&service);
            params.remove(&param.name);
            let refusal = refused(&trial, &call(&service, &params), &param.name).await;
            let named = [("parameter", json!(param.name))];
            assert_eq!((refusal.code, &refusal.members[..]), (Code::ParameterInvalid, &named[..]), "{}", service.id);
        }
        if service.body == BodyForm::None {
            continue;
        }
        let mut params = all_good(&service);
        params.insert("surplus".into(), json!("1"));
        let refusal = refused(&trial, &call(&service, &params), "surplus").await;
        assert_eq!(refusal.code, Code::ParameterInvalid);
        assert_eq!(refusal.members, [("parameter", json!("surplus"))], "{}", service.id);
        // A segment of the path cannot be overruled by the body.
        for param in service.params.iter().filter(|param| in_path(&service, param)) {
            let mut both = call(&service, &all_good(&service));
            let mut body: Map<String, Value> = serde_json::from_slice(&both.body).unwrap();
            body.insert(param.name.clone(), json!("another"));
            both.body = Value::Object(body).to_string().into();
            if let Ok((routed, _)) = trial.routed(&both).await {
                assert_eq!(routed.params[&param.name], good(param), "{}", service.id);
            }
        }
    }
}

#[tokio::test]
async fn a_service_without_a_body_takes_none() {
    let (trial, services) = every().await;
    for service in services.into_iter().filter(|service| service.body == BodyForm::None) {
        let call = Call { body: "x".into(), ..call(&service, &all_good(&service)) };
        assert_eq!(refused(&trial, &call, "a body").await.code, Code::BodyMalformed, "{}", service.id);
    }
}

#[tokio::test]
async fn nobody_reaches_a_service_that_is_not_for_them() {
    let (trial, services) = every().await;
    for service in services {
        let good = call(&service, &all_good(&service));
        let publicly = trial.routed(&good.clone().publicly()).await;
        let open = service.callers.contains(&CallerKind::Public);
        assert_eq!(publicly.is_ok(), open, "{} for the public", service.id);
        if !open {
            assert_eq!(publicly.unwrap_err().code, Code::CallerNotAllowed);
        }
        let bare = trial.routed(&good.without("ijazat-user")).await;
        assert_eq!(bare.is_ok(), service.unattended, "{} without a user", service.id);
        if !service.unattended {
            assert_eq!(bare.unwrap_err().code, Code::UserRequired);
        }
    }
}

#[tokio::test]
async fn every_service_keeps_to_its_purposes() {
    let (trial, services) = every().await;
    for service in services {
        let good = call(&service, &all_good(&service));
        let none = trial.routed(&good.clone().without("ijazat-purpose")).await;
        assert_eq!(none.map(drop).map_err(|refusal| refusal.code).err(), required(&service), "{}", service.id);
        for purpose in ["KYC-101", "KYC-102", "SIM-110", "NSER-201", "TAX-301", "VIT-401", "AUD-501", "NO-1", "kyc-101"]
        {
            let listed = service.purposes.iter().any(|known| known.as_str() == purpose);
            let got = trial.routed(&good.clone().with("ijazat-purpose", purpose)).await;
            assert_eq!(got.is_ok(), listed, "{} {purpose}", service.id);
            if let Err(refusal) = got {
                assert_eq!(refusal.code, Code::PurposeUnknown, "{} {purpose}", service.id);
            }
        }
        let forbidden = trial.routed(&good.with("ijazat-purpose", "MKT-001")).await;
        assert!(forbidden.is_ok(), "{}: a forbidden purpose is the policies' to refuse by name", service.id);
    }
}

fn required(service: &Service) -> Option<Code> {
    service.purpose_required.then_some(Code::PurposeRequired)
}

#[tokio::test]
async fn a_refusal_by_the_catalogue_names_its_law_in_the_record() {
    let trial = Trial::new().await;
    trial.send(&Call::get("/v1/no/such/service").by("bank-indus", "teller-1")).await;
    let leaf = trial.leaves().pop().unwrap();
    assert_eq!((leaf.code.as_deref(), leaf.bundle), (Some("service_unknown"), 9));
}

#[tokio::test]
async fn what_opens_something_by_itself_is_not_recorded() {
    let (trial, services) = every().await;
    let mut secrets = 0;
    for service in services {
        let mut params = all_good(&service);
        for param in service.params.iter().filter(|param| param.secret) {
            params.insert(param.name.clone(), json!("s3cret"));
        }
        let (_, trail) = trial.routed(&call(&service, &params)).await.unwrap();
        let kept = String::from_utf8(trail.parameters).unwrap();
        for param in service.params.iter().filter(|param| param.secret) {
            assert!(!kept.contains("s3cret"), "{}: {kept}", service.id);
            assert!(kept.contains(&format!("{} is not kept", param.name)), "{}: {kept}", service.id);
            secrets += 1;
        }
    }
    assert_eq!(secrets, 4, "a passcode, twice a token, and what a notification is known by");
}

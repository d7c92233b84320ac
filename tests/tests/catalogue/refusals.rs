//! Every service refuses who may not call it and what it cannot read, in both languages, and records that it did.

use exchange::{
    catalogue::{BodyForm, CallerKind, ConsentRule, ParamKind, Service},
    codes::Code,
};
use serde_json::json;
use tests::world::World;

use crate::{
    formed::{self, AGENCY, Formed},
    kit::{Refused, Who, catalogue, description, is_refused, nothing_left, problem, send},
    recipes::stranger,
};

/// Spoils one well-formed call in each way that the catalogue's entry lets one see.
fn spoilt(world: &World, service: &Service) -> Vec<Refused> {
    let good = || formed::of(world, service);
    if service.callers == [CallerKind::Citizen] {
        return instead_of_a_citizen(&good);
    }
    let mut all = everywhere(service, &good);
    if service.callers.contains(&CallerKind::Agency) {
        all.extend(by_agency(service, &good));
    }
    if service.purpose_required {
        let purpose = |why: &str, value: Option<&str>, code| routed(why, good().with("ijazat-purpose", value), code);
        all.push(purpose("no purpose", None, Code::PurposeRequired));
        all.push(purpose("another service's purpose", Some(foreign(service)), Code::PurposeUnknown));
    }
    all.extend(by_body(service, &good));
    all
}

fn routed(why: impl Into<String>, formed: Formed, code: Code) -> Refused {
    Refused { why: why.into(), who: formed.who, call: formed.call(), code, routed: true }
}

/// A purpose that is registered and not for this service.
fn foreign(service: &Service) -> &'static str {
    let known = ["VIT-401", "KYC-101"];
    known.into_iter().find(|code| service.purposes.iter().all(|purpose| purpose.as_str() != *code)).unwrap()
}

/// Citizens have no sessions yet: whoever else asks in a citizen's place is refused before the request is read.
fn instead_of_a_citizen(good: &dyn Fn() -> Formed) -> Vec<Refused> {
    let agency = Formed { who: Who::Agency(AGENCY), ..good().with("ijazat-user", Some("teller-1")) };
    vec![
        routed("the public listener", good(), Code::CallerNotAllowed),
        routed("an agency's user", agency, Code::CallerNotAllowed),
    ]
}

/// What every service refuses.
fn everywhere(service: &Service, good: &dyn Fn() -> Formed) -> Vec<Refused> {
    let unrouted = |why: &str, formed: Formed, code| Refused { routed: false, ..routed(why, formed, code) };
    let mut all = vec![
        unrouted("a query", good().path_end("?a=1"), Code::PathAmbiguous),
        unrouted("a slash at the end", good().path_end("/"), Code::PathAmbiguous),
        unrouted("another method", good().method("PATCH"), Code::MethodNotAllowed),
        routed("a malformed key", good().with("idempotency-key", Some("a b")), Code::HeaderInvalid),
        routed("a purpose of nobody", good().with("ijazat-purpose", Some("XXX-999")), Code::PurposeUnknown),
        routed("three bases", good().with("ijazat-basis", Some("a,b,c")), Code::HeaderInvalid),
    ];
    if !service.callers.contains(&CallerKind::Public) {
        let formed = Formed { who: Who::Anyone, ..good() };
        all.push(routed("the public listener", formed, Code::CallerNotAllowed));
    }
    all
}

fn by_agency(service: &Service, good: &dyn Fn() -> Formed) -> Vec<Refused> {
    let user = |why: &str, value, code| routed(why, good().with("ijazat-user", value), code);
    // A user whom the agency does not have is found out before the service is.
    let unknown = Refused { routed: false, ..user("another agency's user", Some("power-1"), Code::UserUnknown) };
    let mut all = vec![
        unknown,
        routed("another scheme", good().with("authorization", Some("Basic dXNlcg==")), Code::TokenInvalid),
        routed("an unknown token", good().with("authorization", Some("Bearer 0123456789abcdef")), Code::TokenInvalid),
        routed("another agency's basis", good().with("ijazat-basis", Some("prog-kafalat")), Code::BasisUnknown),
        routed(
            "a forged signature",
            good().with("ijazat-user-assertion", Some("not.a.token")),
            Code::UserAssertionInvalid,
        ),
    ];
    if !service.unattended {
        all.push(user("no user", None, Code::UserRequired));
    }
    all
}

fn by_body(service: &Service, good: &dyn Fn() -> Formed) -> Vec<Refused> {
    if service.body == BodyForm::None {
        return Vec::new();
    }
    let mut all = vec![
        routed("another content type", good().with("content-type", Some("text/plain")), Code::ContentTypeUnsupported),
        routed("no content type", good().with("content-type", None), Code::ContentTypeUnsupported),
        routed("an unknown parameter", good().member("admin", Some(json!("1"))), Code::ParameterInvalid),
    ];
    let mut broken = routed("a broken body", good(), Code::BodyMalformed);
    broken.call.body = if service.body == BodyForm::Json { b"{".to_vec() } else { b"a=1&a=2".to_vec() };
    all.push(broken);
    for param in service.params.iter().filter(|param| !service.path.contains(&format!("{{{}}}", param.name))) {
        let spoil = |value: serde_json::Value, code| {
            routed(format!("{} = {value}", param.name), good().member(&param.name, Some(value)), code)
        };
        if param.required {
            all.push(routed(format!("no {}", param.name), good().member(&param.name, None), Code::ParameterInvalid));
        }
        match param.kind {
            ParamKind::Cnic => all.push(spoil(json!("123"), Code::CnicInvalid)),
            ParamKind::Date => all.push(spoil(json!("2026-02-30"), Code::ParameterInvalid)),
            ParamKind::Code | ParamKind::CodeList => all.push(spoil(json!("a b"), Code::ParameterInvalid)),
            ParamKind::Text => all.push(spoil(json!("x\u{7}"), Code::ParameterInvalid)),
            ParamKind::Integer => all.push(spoil(json!("-1"), Code::ParameterInvalid)),
            ParamKind::Mobile => all.push(spoil(json!("123"), Code::ParameterInvalid)),
            ParamKind::TextList => all.push(spoil(json!("x"), Code::ParameterInvalid)),
            ParamKind::Decimal => all.push(spoil(json!(0.001), Code::ParameterInvalid)),
            ParamKind::Json => {}
        }
    }
    all
}

#[tokio::test]
async fn each_service_refuses_what_it_cannot_take_and_records_it() {
    // More requests than a second's allowance, in about a second.
    let world = World::builder()
        .set("LIMITS__PUBLIC_PER_S", "100000")
        .set("LIMITS__USER_PER_S", "100000")
        .set("LIMITS__SERVICE_PER_S", "100000")
        .start()
        .await
        .unwrap();
    let document = description(&world);
    let mut checked = 0;
    for service in catalogue().services() {
        for refused in spoilt(&world, service) {
            is_refused(&world, &document, service, refused).await;
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked} refusals");
    world.serves().await.unwrap();
}

#[tokio::test]
async fn each_service_for_a_purpose_refuses_an_agency_without_agreement() {
    let world = World::start().await.unwrap();
    let document = description(&world);
    for service in catalogue().services().iter().filter(|service| service.purpose_required) {
        let (agency, user, code) = stranger(service).unwrap_or_else(|| panic!("{}: no stranger is named", service.id));
        let call = formed::of(&world, service).with("ijazat-user", Some(user)).call();
        let before = world.recorded().unwrap().len();
        let answer = send(&world, Who::Agency(agency), call).await;
        assert_eq!((answer.status, answer.code()), (code.status(), code.as_str()), "{}", service.id);
        problem(service.id.as_str(), &document, &answer, service.oauth_errors);
        assert!(exchange::openapi::codes_of(service).contains(&code), "{}: {code}", service.id);
        let recorded = world.recorded().unwrap();
        let [entry] = &recorded[before..] else { panic!("{}: not one record", service.id) };
        assert_eq!((entry.agency(), entry.code()), (agency, code.as_str()), "{}", service.id);
        assert_eq!(entry.leaf.agreement, None, "{}", service.id);
        // Policy was asked for each datatype and kept back each.
        let withheld: Vec<_> = entry.leaf.withheld.iter().map(|one| one.datatype.as_str()).collect();
        let all = service.datatypes();
        assert_eq!(withheld, all.iter().map(exchange::ids::DatatypeId::as_str).collect::<Vec<_>>(), "{}", service.id);
        nothing_left(service.id.as_str(), entry);
    }
}

#[tokio::test]
async fn each_service_about_a_citizen_needs_the_citizens_yes_or_a_basis() {
    let world = World::start().await.unwrap();
    let document = description(&world);
    let catalogue = catalogue();
    // Services that are not built have no agreement in the sample directory yet, so that consent is not what they lack.
    let built = catalogue.services().iter().filter(|service| !service.not_built);
    let personal = built.filter(|service| service.consent == ConsentRule::Required);
    let mut checked = 0;
    for service in personal {
        let refused = routed("no consent", formed::of(&world, service), Code::ConsentRequired);
        assert_eq!(refused.who, Who::Agency(AGENCY));
        let answer = send(&world, refused.who, refused.call.clone()).await;
        assert_eq!(answer.text("/next"), "/bc-authorize", "{}", service.id);
        is_refused(&world, &document, service, refused).await;
        checked += 1;
    }
    assert!(checked >= 3);
}

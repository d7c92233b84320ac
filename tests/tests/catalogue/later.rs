//! Services that come later, each asked as the law's own cases permit it: the answer is 501 after the permit, nothing is
//! charged or used up, and the record tells of the permit.

use std::collections::BTreeSet;

use exchange::{
    catalogue::Service, decision::Decider as _, directory::DirectoryData, ids::AgencyId,
    ports::directory_source::DirectorySource as _, record::leaf::Kind,
};
use gateway::demo::client::Call;
use policies::{Bundle, cases::Case, cases::CaseEnrolment, source::Source};
use serde_json::{Value, json};
use tests::world::{Recorded, World, admit, until};

use crate::{
    formed::{self, Formed},
    kit::{Who, description, nothing_left, problem, send},
    recipes,
};

/// A gateway that knows the agencies and instruments of the cases. Theirs are of the samples' names where they mean the
/// same, so that whoever has a certificate keeps it; everyone else is given one.
async fn world_of_cases() -> World {
    let mut world = World::builder().set("LIMITS__USER_PER_S", "1000").start().await.unwrap();
    let known = world.store.read().await.unwrap().1;
    let mut data = policies::cases::world(&Source::embedded()).unwrap();
    for agency in &mut data.agencies {
        agency.keys = keys_of(&known, &agency.id);
    }
    world.store.replace_directory(&data).await.unwrap();
    for agency in data.agencies.iter().filter(|agency| agency.keys.is_empty()) {
        admit(&mut world, &agency.id).await.unwrap();
    }
    let last = data.agencies.iter().rfind(|agency| agency.keys.is_empty() && !agency.suspended).unwrap();
    let whoami = async || world.ask(last.id.as_str(), Call::get("/v1/self/whoami")).await.unwrap().status == 200;
    until("the cases' agencies are known", whoami).await.unwrap();
    world
}

fn keys_of(directory: &DirectoryData, agency: &AgencyId) -> Vec<String> {
    let known = directory.agencies.iter().find(|known| known.id == *agency);
    known.map(|known| known.keys.clone()).unwrap_or_default()
}

/// The cases of a service that permit something, today too: some tell of a day of their own.
fn permitting<'b>(bundle: &'b Bundle, service: &Service, today: &str) -> Vec<&'b Case> {
    let permits = |case: &&Case| {
        let now = Case { at: Some(today.to_owned()), ..(*case).clone() };
        let decision = bundle.decide(&bundle.question(&now).unwrap());
        case.permits() && decision.verdicts.iter().any(|verdict| verdict.allowed)
    };
    bundle.cases().cases.iter().filter(|case| case.service == service.id).filter(permits).collect()
}

/// The call that the case tells of, and who sends it.
async fn told(world: &World, service: &Service, case: &Case) -> (Who, Call) {
    let plain = !case.signed && case.address.is_none() && case.rows.is_none() && case.proposed_by.is_none();
    assert!(plain && case.fields.is_none(), "{}: teach this test to ask so", case.name);
    let agency: &'static str = case.agency.clone().unwrap().leak();
    let bases: Vec<_> = case.programme.iter().chain(&case.approval).map(String::as_str).collect();
    let mut formed = formed::of(world, service)
        .with("ijazat-user", case.user.as_deref())
        .with("ijazat-purpose", case.purpose.as_deref())
        .with("ijazat-basis", (!bases.is_empty()).then(|| bases.join(",")).as_deref());
    if case.consent.is_some() {
        let token = format!("Bearer {}", consent(world, service, case).await);
        formed = formed.with("authorization", Some(&token));
    }
    if let Some(enrolment) = &case.enrolment {
        formed = enrolled(formed, enrolment);
    }
    (Who::Agency(agency), formed.call())
}

/// The token of the citizen's yes to all that the service has.
async fn consent(world: &World, service: &Service, case: &Case) -> String {
    let user: &'static str = case.user.clone().unwrap().leak();
    let mut actor = world.stage.actor(case.agency.as_deref().unwrap(), Some(user)).await.unwrap();
    let datatypes = service.datatypes();
    let datatypes: Vec<_> = datatypes.iter().map(exchange::ids::DatatypeId::as_str).collect();
    let purpose = case.purpose.as_deref().unwrap();
    actor.consent(world.stage.cast.citizen, purpose, &datatypes).await.unwrap().token
}

fn enrolled(formed: Formed, enrolment: &CaseEnrolment) -> Formed {
    let text = |value: &dyn std::fmt::Display| Some(json!(value.to_string()));
    formed
        .member("modality", text(&enrolment.modality.as_str()))
        .member("born", text(&enrolment.born))
        .member("sample", (!enrolment.no_sample).then(|| json!({ "images": [] })))
        .member("missing_reason", enrolment.missing.map(|missing| json!(missing.as_str())))
        .member("supervisor", enrolment.supervisor.as_ref().map(|user| json!(user)))
}

/// Asks as the case does and looks at the answer and at both entries of the record; returns the outcome's place.
async fn answered_later(world: &World, document: &Value, service: &Service, case: &Case) -> (Who, Call, usize) {
    let name = format!("{}: {}", service.id, case.name);
    let (who, call) = told(world, service, case).await;
    let before = world.recorded().unwrap().len();
    let answer = send(world, who, call.clone()).await;
    assert_eq!((answer.status, answer.code()), (501, "not_built"), "{name}: {}", answer.body);
    problem(&name, document, &answer, service.oauth_errors);
    let recorded = world.recorded().unwrap();
    let [intent, outcome] = &recorded[before..] else { panic!("{name}: {} entries", recorded.len() - before) };
    assert_eq!((intent.leaf.kind, outcome.leaf.kind), (Kind::Intent, Kind::Outcome), "{name}");
    for entry in [intent, outcome] {
        assert_eq!(entry.leaf.request, answer.header("ijazat-request-id"), "{name}");
        asked_by(&name, entry, service, case);
        nothing_left(&name, entry);
    }
    assert_eq!((outcome.leaf.status, outcome.code()), (501, "not_built"), "{name}");
    assert_eq!(outcome.leaf.withheld.is_empty(), case.refused.is_empty(), "{name}: {:?}", outcome.leaf.withheld);
    if service.writes {
        assert_eq!(outcome.leaf.intent, u64::try_from(before).ok(), "{name}: its intent was durable first");
    }
    (who, call, before + 1)
}

/// The record names who asked, for what, and on what ground.
fn asked_by(name: &str, entry: &Recorded, service: &Service, case: &Case) {
    let leaf = &entry.leaf;
    assert_eq!(leaf.service, Some(format!("{}@{}", service.id, service.version)), "{name}");
    assert_eq!((leaf.agency.as_deref(), leaf.purpose.as_deref()), (case.agency.as_deref(), case.purpose.as_deref()));
    assert_eq!(entry.side.user.as_deref(), case.user.as_deref(), "{name}");
    assert!(leaf.agreement.is_some(), "{name}: no agreement");
    let basis = leaf.basis.clone().unwrap_or_default();
    match (&case.programme, &case.consent) {
        (Some(programme), _) => assert_eq!(basis, *programme, "{name}"),
        (None, Some(_)) => assert!(basis.contains('@'), "{name}: `{basis}` is no consent"),
        (None, None) => assert_eq!(basis, "", "{name}"),
    }
    assert!(!leaf.dry_run && entry.side.decision_input.contains(&service.action), "{name}");
}

/// The auditor who asks about the citizen sees these accesses as permitted, and that they got nothing.
async fn seen_by_the_auditor(world: &World, places: &BTreeSet<(usize, String)>) {
    let answer = send(world, Who::Agency("auditor-general"), recipes::accesses(world)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let accesses = answer.body.pointer("/data/accesses").and_then(Value::as_array).unwrap();
    for (place, service) in places {
        let access = accesses.iter().find(|access| access["sequence"] == json!(place));
        let access = access.unwrap_or_else(|| panic!("{service} at {place} is not found: {accesses:?}"));
        let told = (&access["service"], &access["decision"], &access["code"], &access["released"]);
        assert_eq!(told, (&json!(service), &json!("permitted"), &json!("not_built"), &json!([])));
    }
}

#[tokio::test]
async fn each_service_that_comes_later_is_permitted_as_its_cases_say_and_recorded_as_not_built() {
    let (world, bundle) = (Box::pin(world_of_cases()).await, Bundle::embedded().unwrap());
    let (catalogue, document) = (bundle.catalogue(), description(&world));
    let today = world.stage.clock.now().rfc3339();
    let mut of_the_citizen = BTreeSet::new();
    for service in catalogue.services().iter().filter(|service| service.not_built) {
        let cases = permitting(&bundle, service, &today);
        assert!(!cases.is_empty(), "{}: no case of policies/cases permits it", service.id);
        for case in cases {
            let (who, call, place) = answered_later(&world, &document, service, case).await;
            if service.subject.is_some() {
                of_the_citizen.insert((place, format!("{}@{}", service.id, service.version)));
            }
            // What it rested on was given back: the same once more has the same answer.
            let again = send(&world, who, call).await;
            assert_eq!((again.status, again.code()), (501, "not_built"), "{}: {}", case.name, again.body);
        }
    }
    assert!(of_the_citizen.len() >= 6, "{of_the_citizen:?}");
    seen_by_the_auditor(&world, &of_the_citizen).await;
}

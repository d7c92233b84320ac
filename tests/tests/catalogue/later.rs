//! Services that come later, each asked as the law's own cases permit it: the answer is 501 after the permit, nothing is
//! charged or used up, and the record tells of the permit.

use std::collections::BTreeSet;

use exchange::{
    catalogue::{CallerKind, Service},
    decision::Decider as _,
    ports::directory_source::DirectorySource as _,
    record::leaf::Kind,
};
use policies::{Bundle, cases::Case};
use serde_json::{Value, json};
use tests::world::{Recorded, World};

use crate::{
    cases::{CasesWorld, Told, told, world_of_cases},
    kit::{Who, description, nothing_left, problem, send},
    recipes,
};

/// The cases of a service that permit something, today too: some tell of a day of their own.
fn permitting<'b>(bundle: &'b Bundle, service: &Service, today: &str) -> Vec<&'b Case> {
    let permits = |case: &&Case| {
        let now = Case { at: Some(today.to_owned()), ..(*case).clone() };
        let decision = bundle.decide(&bundle.question(&now).unwrap());
        case.permits() && decision.verdicts.iter().any(|verdict| verdict.allowed)
    };
    bundle.cases().cases.iter().filter(|case| case.service == service.id).filter(permits).collect()
}

/// Asks as the case does and looks at the answer and at both entries of the record; returns the outcome's place.
async fn answered_later(here: &CasesWorld, document: &Value, service: &Service, case: &Case) -> (Told, usize) {
    let (name, world) = (format!("{}: {}", service.id, case.name), &here.world);
    let told = told(world, service, case).await;
    let known = world.store.read().await.unwrap().1.programmes;
    let order = case.programme.as_ref().and_then(|id| known.iter().find(|known| known.id.as_str() == id));
    let seal = order.and_then(exchange::directory::Programme::seal).map(exchange::timestamp::Timestamp::micros);
    let before = world.recorded().unwrap().len();
    let answer = here.send(&told).await;
    assert_eq!((answer.status, answer.code()), (501, "not_built"), "{name}: {}", answer.body);
    problem(&name, document, &answer, service.oauth_errors);
    let recorded = world.recorded().unwrap();
    let [intent, outcome] = &recorded[before..] else { panic!("{name}: {} entries", recorded.len() - before) };
    assert_eq!((intent.leaf.kind, outcome.leaf.kind), (Kind::Intent, Kind::Outcome), "{name}");
    for entry in [intent, outcome] {
        assert_eq!(entry.leaf.request, answer.header("ijazat-request-id"), "{name}");
        asked_by(&name, entry, service, (case, seal));
        nothing_left(&name, entry);
    }
    assert_eq!((outcome.leaf.status, outcome.code()), (501, "not_built"), "{name}");
    assert_eq!(outcome.leaf.withheld.is_empty(), case.refused.is_empty(), "{name}: {:?}", outcome.leaf.withheld);
    if service.writes {
        assert_eq!(outcome.leaf.intent, u64::try_from(before).ok(), "{name}: its intent was durable first");
    }
    (told, before + 1)
}

/// The record names who asked, for what, and on what ground.
fn asked_by(name: &str, entry: &Recorded, service: &Service, (case, seal): (&Case, Option<i64>)) {
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
    assert_eq!(entry.side.sealed_until, seal, "{name}: kept from the citizen's view as its order says");
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
    let (here, bundle) = (Box::pin(world_of_cases()).await, Bundle::embedded().unwrap());
    let (catalogue, document) = (bundle.catalogue(), description(&here.world));
    let today = here.world.stage.clock.now().rfc3339();
    let mut of_the_citizen = BTreeSet::new();
    // Citizens have no sessions yet, so nobody can ask as one: `refusals` asks as everybody else.
    let asked = |service: &&std::sync::Arc<Service>| service.not_built && service.callers != [CallerKind::Citizen];
    for service in catalogue.services().iter().filter(asked) {
        let cases = permitting(&bundle, service, &today);
        assert!(!cases.is_empty(), "{}: no case of policies/cases permits it", service.id);
        for case in cases {
            let (told, place) = answered_later(&here, &document, service, case).await;
            if service.subject.is_some() {
                of_the_citizen.insert((place, format!("{}@{}", service.id, service.version)));
            }
            // What it rested on was given back: the same once more has the same answer.
            let again = here.send(&told).await;
            assert_eq!((again.status, again.code()), (501, "not_built"), "{}: {}", case.name, again.body);
        }
    }
    assert!(of_the_citizen.len() >= 6, "{of_the_citizen:?}");
    let recorded = here.world.recorded().unwrap();
    assert!(recorded.iter().any(|entry| entry.side.sealed_until.is_some()), "one of the orders is sealed");
    seen_by_the_auditor(&here.world, &of_the_citizen).await;
}

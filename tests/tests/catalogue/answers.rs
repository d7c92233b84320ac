//! Every service, asked well: tried dry first, then answered; the log says what left, and the auditor finds it.

use exchange::{catalogue::Service, record::leaf::Kind};
use gateway::demo::{client::Answer, client::Call, taxpayers::Manner};
use serde_json::{Value, json};
use tests::{
    schema,
    world::{Recorded, World},
};

use crate::{
    kit::{Who, catalogue, description, nothing_left, receipt, send},
    recipes,
};

const TAXPAYERS: &str = env!("CARGO_BIN_EXE_taxpayers");

#[tokio::test]
async fn each_service_tries_dry_answers_and_is_found_in_the_log() {
    let world = World::builder().tax(TAXPAYERS, Manner::Honest).start().await.unwrap();
    let document = description(&world);
    for service in catalogue().services().iter().filter(|service| !service.not_built) {
        let id = service.id.as_str();
        let recipe = recipes::good(&world, id).await;
        let (who, call) = recipe.unwrap_or_else(|| panic!("`{id}` has no recipe in tests/tests/catalogue/recipes.rs"));
        let promised = tried_dry(&world, &document, service, who, call.clone()).await;
        if service.streams.is_some() {
            streamed(&world, &document, service, (who, call), &promised).await;
            continue;
        }
        let sequence = answered(&world, &document, service, (who, call), &promised).await;
        if service.subject.is_some() && !id.starts_with("audit.") {
            found_by_the_auditor(&world, service, sequence).await;
        }
    }
}

fn fits(document: &Value, schema: &str, answer: &Answer, name: &str) {
    let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
    schema::check(document, &reference, &answer.body)
        .unwrap_or_else(|error| panic!("{name}: {error}: {}", answer.body));
}

/// The one record that closed this answer.
fn record_of(world: &World, answer: &Answer) -> (usize, Recorded) {
    let recorded = world.recorded_all().unwrap();
    let request = answer.header("ijazat-request-id");
    let mut closing =
        (0..).zip(recorded).filter(|(_, entry)| entry.leaf.request == request && entry.leaf.kind == Kind::Outcome);
    let found = closing.next().unwrap_or_else(|| panic!("{request} has no outcome"));
    assert!(closing.next().is_none(), "{request} has two outcomes");
    found
}

/// Decision and price without data; returns the datatypes that would leave.
async fn tried_dry(world: &World, document: &Value, service: &Service, who: Who, call: Call) -> Vec<String> {
    let name = format!("{}, dry", service.id);
    let answer = send(world, who, call.with("ijazat-dry-run", "1")).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    fits(document, "DryRun", &answer, &name);
    assert_eq!(answer.body.as_object().unwrap().len(), 4, "{name}: nothing but the decision");
    if let Some(tariff) = answer.body.pointer("/price/tariff") {
        assert_eq!(*tariff, service.tariff.as_str(), "{name}");
    }
    let (_, entry) = record_of(world, &answer);
    assert!(entry.leaf.dry_run && entry.leaf.code.is_none(), "{name}");
    nothing_left(&name, &entry);
    let (_, rows, amount, _) = receipt(&answer);
    assert_eq!((rows, amount), (0, 0), "{name}");
    serde_json::from_value(answer.body["would_release"].clone()).unwrap()
}

/// The answer, the promise and the record say the same; returns the record's place.
async fn answered(
    world: &World,
    document: &Value,
    service: &Service,
    (who, call): (Who, Call),
    promised: &[String],
) -> u64 {
    let name = service.id.as_str();
    let answer = send(world, who, call).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json", "{name}");
    fits(document, &format!("answer.{name}"), &answer, name);
    let (place, entry) = record_of(world, &answer);
    let leaf = &entry.leaf;
    let (sequence, rows, amount, rate) = receipt(&answer);
    assert_eq!(u64::try_from(place).unwrap(), sequence, "{name}");
    assert_eq!(leaf.service.as_deref(), Some(format!("{name}@{}", service.version).as_str()));
    assert_eq!((leaf.status, leaf.code.as_deref(), leaf.dry_run), (200, None, false), "{name}");
    assert_eq!((leaf.rows, leaf.amount), (rows, amount), "{name}");
    assert_eq!(leaf.rate_version.as_deref().unwrap_or("none"), rate, "{name}");
    assert_eq!(entry.agency(), who.agency(), "{name}");
    released(service, &answer, &entry, promised);
    if service.writes {
        let intent = leaf.intent.unwrap_or_else(|| panic!("{name} changes state without an intent on record"));
        let first = &world.recorded_all().unwrap()[usize::try_from(intent).unwrap()].leaf;
        assert_eq!((first.kind, &first.request), (Kind::Intent, &leaf.request), "{name}");
        assert!(intent < sequence, "{name}");
    }
    sequence
}

/// The same of an answer in batches: each line as described, a record for each batch and one for the end, and the sums agree.
async fn streamed(world: &World, document: &Value, service: &Service, (who, call): (Who, Call), promised: &[String]) {
    let name = service.id.as_str();
    let before = world.recorded().unwrap().len();
    let answer = send(world, who, call).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    let lines = answer.body.as_array().unwrap_or_else(|| panic!("{name}: no lines: {}", answer.body));
    for line in lines {
        fits(document, &format!("answer.{name}"), &Answer { body: line.clone(), ..answer.clone() }, name);
    }
    let end = lines.last().unwrap();
    assert_eq!(end["final"], true, "{name}: {end}");
    let told = |member: &str| end[member].as_i64().unwrap();
    let recorded = world.recorded().unwrap();
    let (mut rows, mut amount, mut parts) = (0, 0, 0);
    for entry in &recorded[before..] {
        let leaf = &entry.leaf;
        assert_eq!(
            (leaf.request.as_str(), entry.agency()),
            (answer.header("ijazat-request-id"), who.agency()),
            "{name}"
        );
        (rows, amount) = (rows + i64::from(leaf.rows), amount + leaf.amount);
        if leaf.kind == Kind::Part {
            parts += 1;
            let released: Vec<_> = leaf.released.iter().map(|one| one.datatype.clone()).collect();
            assert_eq!(released, promised, "{name}: the dry run promised otherwise");
        }
    }
    assert!(parts > 1, "{name}: one batch shows little");
    assert_eq!((told("rows"), told("amount_milli_paisa")), (rows, amount), "{name}");
    let is_row = |line: &&Value| line.get("receipt").is_none() && line.get("parts").is_none();
    assert_eq!(lines.iter().filter(is_row).count(), usize::try_from(rows).unwrap(), "{name}");
    let last = recorded.last().unwrap();
    assert_eq!((last.leaf.kind, last.leaf.status, last.leaf.code.as_deref()), (Kind::Outcome, 200, None), "{name}");
    assert!(end["receipt"].as_str().unwrap().ends_with(&format!("/{}", last.leaf.sequence)), "{name}: {end}");
}

fn released(service: &Service, answer: &Answer, entry: &Recorded, promised: &[String]) {
    let name = service.id.as_str();
    let released: Vec<_> = entry.leaf.released.iter().map(|one| one.datatype.clone()).collect();
    assert_eq!(released, promised, "{name}: the dry run promised otherwise");
    assert!(entry.leaf.released.iter().all(|one| !one.policies.is_empty()), "{name}: released by no policy");
    let withheld: Vec<_> = entry.leaf.withheld.iter().map(|one| (one.datatype.clone(), one.code.clone())).collect();
    let mut all: Vec<_> = released.into_iter().chain(withheld.iter().map(|(datatype, _)| datatype.clone())).collect();
    all.sort();
    assert_eq!(all, service.datatypes().iter().map(ToString::to_string).collect::<Vec<_>>(), "{name}");
    if service.bare {
        assert!(answer.body.get("data").is_none(), "{name}");
        return;
    }
    let told = answer.body["withheld"].as_array().unwrap().iter();
    let text = |one: &Value, member: &str| one[member].as_str().unwrap().to_owned();
    let told: Vec<_> = told.map(|one| (text(one, "datatype"), text(one, "code"))).collect();
    assert_eq!(told, withheld, "{name}");
}

/// The auditor asks who accessed this citizen and sees the entry.
async fn found_by_the_auditor(world: &World, service: &Service, sequence: u64) {
    let cast = world.stage.cast;
    let person = match service.id.as_str() {
        "nser.household" | "nser.band" => cast.head,
        "fbr.taxpayer" => cast.taxpayer,
        "vital.death-notice" => cast.dying,
        _ => cast.citizen,
    };
    let call = Call { body: json!({ "cnic": person.digits() }).to_string().into_bytes(), ..recipes::accesses(world) };
    let answer = send(world, Who::Agency("auditor-general"), call).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let accesses = answer.body.pointer("/data/accesses").unwrap().as_array().unwrap();
    let entry = accesses.iter().find(|access| access["sequence"] == sequence);
    let entry = entry.unwrap_or_else(|| panic!("{} at {sequence} is not found: {accesses:?}", service.id));
    assert_eq!(entry["service"], format!("{}@{}", service.id, service.version));
    assert_eq!(entry["decision"], "permitted", "{}", service.id);
}

//! Whose rows a consent opens (`subject_and_wards`): the citizen's own and, where that is the head, those of the head's
//! minor children; no other adult's.

use std::collections::BTreeSet;

use exchange::{cnic::Cnic, ports::citizen_keys::CitizenKeys as _};
use gateway::demo::client::{Answer, Call};
use serde_json::{Value, json};
use tests::world::World;

use super::{ask, set, withheld};

const HOUSEHOLD: &str = "/v1/nser/household";

/// What a Power user sees by programme and with the Board's approval: everybody, with relation, age and numbers.
async fn everybody(world: &World) -> Vec<Value> {
    let body = json!({ "cnic": world.stage.cast.head.digits() });
    let answer = ask(world, "power-1", "prog-kafalat, appr-board-1", HOUSEHOLD, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    members(&answer)
}

fn members(answer: &Answer) -> Vec<Value> {
    answer.body["data"]["household"]["members"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).clone()
}

fn names<'a>(members: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    members.into_iter().map(|member| member["name"].as_str().unwrap().to_owned()).collect()
}

/// A son or daughter who is certainly under eighteen.
fn is_ward(member: &Value) -> bool {
    let oldest = match &member["age"] {
        Value::String(range) => range.rsplit('-').next().unwrap().parse().unwrap(),
        exactly => exactly.as_u64().unwrap(),
    };
    ["son", "daughter"].contains(&member["relation"].as_str().unwrap()) && oldest < 18
}

fn cnic(member: &Value) -> Cnic {
    Cnic::parse(member["cnic"].as_str().unwrap()).unwrap()
}

/// The household of a citizen who has just consented to the name, by that consent alone.
async fn by_consent(world: &World, user: &'static str, citizen: Cnic) -> Answer {
    let mut officer = world.stage.actor("bisp", Some(user)).await.unwrap();
    let granted = officer.consent(citizen, "NSER-201", &["nser.name"]).await.unwrap();
    let call = Call::json(HOUSEHOLD, &json!({ "cnic": citizen.digits() }))
        .with("ijazat-purpose", "NSER-201")
        .with("authorization", format!("Bearer {}", granted.token));
    let answer = officer.send(call).await.unwrap();
    assert_eq!(answer.status, 200, "{user}: {}", answer.body);
    answer
}

#[tokio::test]
async fn the_heads_consent_opens_the_rows_of_minor_children_and_of_no_other_adult() {
    let world = World::start().await.unwrap();
    let everybody = everybody(&world).await;
    let (head, others) = everybody.split_first().unwrap();
    assert_eq!(head["searched"], true);
    let (wards, adults): (Vec<_>, Vec<_>) = others.iter().partition(|member| is_ward(member));
    assert!(!wards.is_empty() && adults.iter().any(|member| member["relation"] == "spouse"), "{everybody:?}");

    let answer = by_consent(&world, "standard-1", world.stage.cast.head).await;
    let shown = wards.iter().copied().chain([head]);
    assert_eq!(names(&members(&answer)), names(shown.clone()));
    assert!(withheld(&answer).is_superset(&set(&["nser.relation", "nser.age", "nser.cnic", "nser.contact"])));
    // Whoever asks who looked at them finds this access if their row was shown, and else does not.
    let recorded = world.recorded().unwrap().pop().unwrap().side.subjects;
    let recorded: BTreeSet<[u8; 32]> = recorded.iter().filter(|one| one.returned).map(|one| *one.key).collect();
    assert_eq!(recorded, shown.map(|member| world.store.subject_key(cnic(member)).0).collect());

    let answer = by_consent(&world, "basic-1", world.stage.cast.head).await;
    assert_eq!(names(&members(&answer)), names([head]), "Basic sees no other row");
}

#[tokio::test]
async fn the_consent_of_who_is_not_the_head_opens_no_childs_row() {
    let world = World::start().await.unwrap();
    let everybody = everybody(&world).await;
    let other = everybody.iter().skip(1).find(|member| member["mobile"].is_string() && !is_ward(member)).unwrap();
    let answer = by_consent(&world, "standard-1", cnic(other)).await;
    assert_eq!(names(&members(&answer)), names([other]));
}

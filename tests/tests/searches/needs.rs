//! The search by what people need (S3 §8.2.2, R110): who has a disability or no work, in the tehsil of a programme.

use std::collections::BTreeSet;

use exchange::programme::Population;
use serde_json::{Value, json};
use tests::world::World;

use super::{STANDARD_LIST, all_shown, ask, bounds::programme, crowded, set};

const BY_ADDRESS: &str = "/v1/nser/households/by-address";

/// Addresses of all households of a district that a search finds, page after page.
async fn found(world: &World, user: &'static str, mut body: Value) -> Vec<Value> {
    let mut households = Vec::new();
    body["limit"] = json!(100);
    loop {
        let answer = ask(world, user, "prog-kafalat", BY_ADDRESS, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        households.extend(answer.body["data"]["households"].as_array().unwrap().iter().cloned());
        match &answer.body["data"]["next"] {
            Value::String(next) => body["cursor"] = json!(next),
            _ => return households,
        }
    }
}

fn addresses<'a>(households: impl IntoIterator<Item = &'a Value>) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    households.into_iter().map(|household| (text(&household["tehsil"]), text(&household["address"]))).collect()
}

/// Households in which some member's answer is one of these.
fn with<'a>(all: &'a [Value], answer: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = &'a Value> {
    let fits = move |member: &Value| member[answer].as_str().is_some_and(|word| words.contains(&word));
    all.iter().filter(move |household| household["members"].as_array().unwrap().iter().any(fits))
}

#[tokio::test]
async fn a_search_by_need_finds_those_who_have_it_and_shows_standard_the_same_list_as_ever() {
    let world = World::start().await.unwrap();
    let district = crowded(&world).await;
    let all = found(&world, "power-1", json!({ "district": district })).await;
    let check = async |name: &str, word: &str, answer: &str, words: &[&str]| {
        let mut body = json!({ "district": district });
        body[name] = json!(word);
        let listed = found(&world, "standard-1", body).await;
        assert_eq!(addresses(&listed), addresses(with(&all, answer, words)), "{name} {word}");
        assert!(listed.len() < all.len(), "{name} {word}: not everybody");
    };
    let any = ["seeing", "hearing", "walking", "remembering", "self_care", "communicating", "several"];
    check("member_disability", "any", "disability", &any).await;
    check("member_employment", "unemployed", "employment", &["unemployed"]).await;
    let disabled = addresses(with(&all, "disability", &any));
    assert!(!disabled.is_empty(), "somebody in {district} has a disability");
    let by_need = async |need: &str| {
        let body = json!({ "district": district, "member_disability": need });
        ask(&world, "standard-1", "prog-kafalat", BY_ADDRESS, &body).await
    };
    assert!(
        all_shown(&by_need("any").await).is_subset(&set(&STANDARD_LIST)),
        "whoever asks for a need is told no more"
    );
    let answer = by_need("none").await;
    assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"), "{}", answer.body);
}

#[tokio::test]
async fn a_programme_of_one_tehsil_lists_that_tehsil() {
    let world = World::start().await.unwrap();
    let body = json!({ "cnic": world.stage.cast.head.digits() });
    let home = ask(&world, "standard-1", "prog-kafalat", "/v1/nser/household", &body).await;
    let home = &home.body["data"]["household"];
    let (district, tehsil) = (home["district"].as_str().unwrap(), home["tehsil"].as_str().unwrap());
    let own = format!("{district}/{tehsil}");
    programme(&world, "prog-tehsil", |programme| {
        programme.population = Population { tehsils: vec![own], ..Population::default() };
    })
    .await;
    let check = async |body: Value, expected: (u16, &str)| {
        let answer = ask(&world, "standard-1", "prog-tehsil", BY_ADDRESS, &body).await;
        assert_eq!((answer.status, answer.code()), expected, "{body}: {}", answer.body);
        answer
    };
    let listed = check(json!({ "district": district, "tehsil": tehsil }), (200, "")).await;
    let households = listed.body["data"]["households"].as_array().unwrap();
    assert!(!households.is_empty() && households.iter().all(|household| household["tehsil"] == *tehsil));
    let outside = (403, "outside_programme");
    check(json!({ "district": district, "tehsil": "Elsewhere" }), outside).await;
    check(json!({ "district": district }), outside).await;
    check(json!({ "district": "Elsewhere", "tehsil": tehsil }), outside).await;
}

//! The description of the services as anyone reads it, and that its own examples keep to it.

use gateway::demo::client::Call;
use serde_json::{Value, json};
use tests::{schema, world::World};

use crate::kit::{Who, description, send};

#[tokio::test]
async fn anyone_reads_the_description_of_the_catalogue_in_force() {
    let world = World::start().await.unwrap();
    for who in [Who::Anyone, Who::Agency("fbr")] {
        let answer = send(&world, who, Call::get("/openapi.json")).await;
        assert_eq!(answer.status, 200, "{who:?}");
        assert!(answer.body == description(&world), "{who:?}: the door changed the document");
    }
    let recorded = world.recorded().unwrap();
    let newest = &recorded.last().unwrap().leaf;
    assert_eq!(newest.service.as_deref(), Some("openapi.document@1"));
    assert_eq!(newest.released[0].datatype, "exchange.interface");
    assert_eq!(newest.released[0].policies, ["P01-exchange-itself"]);
}

/// Calls with each object of the document that has `examples`, and its pointer.
fn each_with_examples(value: &Value, pointer: &str, seen: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            if members.get("examples").is_some_and(Value::is_array) {
                seen(pointer, value);
            }
            members.iter().for_each(|(name, member)| each_with_examples(member, &format!("{pointer}/{name}"), seen));
        }
        Value::Array(items) => items.iter().for_each(|item| each_with_examples(item, pointer, seen)),
        _ => {}
    }
}

#[test]
fn every_example_keeps_to_its_schema() {
    let catalogue = crate::kit::catalogue();
    let document = exchange::openapi::document(&catalogue, "https://localhost:8443");
    let mut checked = 0;
    each_with_examples(&document, "", &mut |pointer, of| {
        for example in of["examples"].as_array().unwrap() {
            schema::check(&document, of, example).unwrap_or_else(|error| panic!("{pointer}: {example}: {error}"));
            checked += 1;
        }
    });
    let problem = json!({ "$ref": "#/components/schemas/OauthProblem" });
    for (name, example) in document["components"]["examples"].as_object().unwrap() {
        schema::check(&document, &problem, &example["value"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        checked += 1;
    }
    assert!(checked >= exchange::codes::Code::ALL.len() + 5, "{checked}");
}

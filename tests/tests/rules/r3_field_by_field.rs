//! Rule 3: deny by default, field by field. `exchange::filter` tests the filter, `bad_input::upstreams` a service that lies;
//! here the door is asked for more than it may give.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::world::World;

use crate::witness::Witness;

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn what_the_citizen_did_not_name_is_dropped_though_the_upstream_sent_it() {
    let witness = Witness::listen().await;
    let world = witness.world().await.unwrap();
    let reply = world.agency("bank-indus").await.unwrap().call(&world.taxpayer().await.unwrap()).await.unwrap();
    let answer = reply.json();
    assert_eq!(reply.status, 200, "{}", reply.code());
    assert_eq!(witness.seen().len(), 1, "the upstream was asked, and sent `city`");
    assert_eq!(names(&answer["data"]), BTreeSet::from(["active", "cnic", "filer", "ntn"]));
    assert_eq!(answer["withheld"][0]["datatype"], "fbr.address");
    assert!(!String::from_utf8(reply.body).unwrap().contains("Multan"));
    let recorded = world.recorded().unwrap();
    let leaf = &recorded.last().unwrap().leaf;
    let released: BTreeSet<_> = leaf.released.iter().map(|released| released.datatype.as_str()).collect();
    assert_eq!(released, BTreeSet::from(["fbr.status", "fbr.subject"]), "the record says what left");
}

#[tokio::test]
async fn asking_for_more_than_is_permitted_gives_nothing_at_all() {
    let world = World::start().await.unwrap();
    let mut bisp = world.agency("bisp").await.unwrap();
    for wanted in ["nser.cnic", "nser.contact", "nser.location", "nser.sensitive", "identity.card", "no.such"] {
        let mut call = world.household();
        let body = json!({ "cnic": world.stage.cast.head.digits(), "fields": ["nser.name", wanted] });
        call.body = body.to_string().into_bytes();
        let reply = bisp.call(&call).await.unwrap();
        assert_eq!(reply.status / 100, 4, "{wanted}");
        assert!(reply.json().get("data").is_none(), "{wanted}");
    }
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_role_sees_its_fields_and_no_member_more() {
    let world = World::start().await.unwrap();
    let answer = world.ask("bisp", world.household()).await.unwrap();
    let members = answer.body["data"]["household"]["members"].as_array().unwrap();
    assert!(members.len() > 1);
    for member in members {
        for hidden in ["cnic", "mobile", "phone", "contact"] {
            assert!(member.get(hidden).is_none(), "{hidden}");
        }
    }
    let text = answer.body.to_string();
    assert!(!text.contains(&world.stage.cast.head.digits()), "not even the number that was asked for comes back");
}

//! What a request rests on beside its agreement, through a socket: a second officer's signature, and the approval of a whole
//! category of private agencies.

use adapters::sql::control::Newcomers;
use exchange::{decision::Decider as _, onboarding::Change, ports::directory_source::DirectorySource as _};
use policies::Bundle;
use tests::world::{World, until};

use crate::cases::{CasesWorld, Told, told, world_of_cases};

/// The case of this name as it is sent.
async fn case(here: &CasesWorld, law: &Bundle, name: &str) -> Told {
    let case = law.cases().cases.iter().find(|case| case.name == name).unwrap();
    let catalogue = law.catalogue();
    told(&here.world, catalogue.service(case.service.as_str()).unwrap(), case).await
}

#[tokio::test]
async fn an_emergency_identification_needs_a_second_officers_own_signature_through_the_door() {
    let (here, law) = (Box::pin(world_of_cases()).await, Bundle::embedded().unwrap());
    let good = case(&here, &law, "police identify the unknown dead").await;
    let check = async |name: &str, told: Told, expected: (u16, &str)| {
        let answer = here.send(&told).await;
        assert_eq!((answer.status, answer.code()), expected, "{name}: {}", answer.body);
    };
    let by = |user: &str| Told { second: Some(user.to_owned()), ..good.clone() };
    let with = |name, value: &str| Told { call: good.call.clone().with(name, value), second: None, ..good.clone() };
    let invalid = (401, "user_assertion_invalid");
    check("two officers", good.clone(), (501, "not_built")).await;
    check("one alone", Told { second: None, ..good.clone() }, (403, "second_person_required")).await;
    check("the same twice", by("inspector-1"), (403, "second_person_required")).await;
    check("named and unsigned", with("ijazat-second-user", "inspector-2"), invalid).await;
    check("no such officer", by("inspector-9"), invalid).await;
    check("an officer of another agency", by("doctor-1"), invalid).await;
}

#[tokio::test]
async fn a_private_agency_has_the_registry_while_its_category_is_approved() {
    let (here, law) = (Box::pin(world_of_cases()).await, Bundle::embedded().unwrap());
    let told = async |name: &str| case(&here, &law, name).await;
    let member =
        told("the Director General opens the registry to a private agency of a category that the Secretary approved")
            .await;
    let answer = here.send(&member).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.pointer("/data/household/members/0/name").is_some(), "{}", answer.body);
    for name in [
        "a category that the Director General approved alone opens nothing",
        "a category whose approval has ended opens nothing",
    ] {
        let answer = here.send(&told(name).await).await;
        assert_eq!((answer.status, answer.code()), (403, "agreement_required"), "{name}: {}", answer.body);
    }
    ended(&here.world, &law).await;
    let refused = async || here.send(&member).await.code() == "agreement_required";
    until("the category's end is in force", refused).await.unwrap();
}

/// Two persons of the office end the approval of the member's category.
async fn ended(world: &World, law: &Bundle) {
    let (catalogue, rules) = (law.catalogue(), law.newcomers().unwrap());
    let law = Newcomers { catalogue: &catalogue, rules: &rules };
    let known = world.store.read().await.unwrap().1.categories;
    let mut category = known.into_iter().find(|category| category.kind.as_str() == "Telco").unwrap();
    category.revoked = true;
    let proposal = world.store.propose(Change::Category(category), "console/one", law).await.unwrap();
    world.store.decide(&proposal.id, true, "console/two", law).await.unwrap();
}

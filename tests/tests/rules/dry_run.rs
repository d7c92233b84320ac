//! Recorded requests are decided again by another law: what would change is told, and what cannot be asked again is counted
//! instead of guessed.

use std::{collections::BTreeMap, sync::Arc};

use exchange::{ids::AgencyId, ports::citizen_keys::CitizenKeys as _, record::leaf::Leaf};
use gateway::{
    demo::client::Call,
    law::replay::{Lost, Replay, Replayer},
};
use policies::{Bundle, source::Source};
use tests::{law::without_pmt, world::World};

/// Service to how its entries ended.
type Ends = BTreeMap<String, Vec<Replay>>;

async fn replayed(world: &World, law: &Source) -> Ends {
    let base = Bundle::embedded().unwrap();
    let candidate = Bundle::load(law).unwrap();
    let store = Arc::clone(&world.store);
    let mut replayer = Replayer::new(store, world.side_key().unwrap(), base, candidate).await.unwrap();
    let mut ends = Ends::new();
    for entry in world.log().unwrap().read(0, 10_000).unwrap() {
        let service = Leaf::from_bytes(&entry.leaf).unwrap().service.unwrap_or_default();
        ends.entry(service).or_default().push(replayer.replay(&entry).await.unwrap());
    }
    ends
}

fn decided(ends: &Ends, service: &str) -> Vec<Replay> {
    let all = ends.get(service).into_iter().flatten();
    all.filter(|end| **end != Replay::NotAsked).cloned().collect()
}

/// A household by programme, a citizen's consent used up, an officer who may not, a caller of their own affairs, anyone.
async fn a_day(world: &World) {
    world.serves().await.unwrap();
    let person = world.stage.cast.taxpayer;
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(person, "KYC-101", &["identity.name"]).await.unwrap();
    let kyc =
        Call::json("/v1/identity/kyc", &serde_json::json!({ "cnic": person.digits(), "fields": ["identity.name"] }))
            .with("ijazat-user", "teller-1")
            .with("ijazat-purpose", "KYC-101");
    assert_eq!(world.ask("bank-indus", kyc.clone()).await.unwrap().code(), "consent_required");
    let answer = world.ask("bank-indus", kyc.with("authorization", format!("Bearer {}", granted.token))).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.code());
    assert_eq!(world.ask("bisp", Call::get("/v1/self/whoami")).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_law_answers_the_same_and_another_tells_what_it_changes() {
    let world = World::start().await.unwrap();
    a_day(&world).await;
    let same = replayed(&world, &Source::embedded()).await;
    for (service, ends) in &same {
        let all = ends.iter().all(|end| matches!(end, Replay::NotAsked) || *end == Replay::Replayed(Vec::new()));
        assert!(all, "{service}: {ends:?}");
    }
    for (service, requests) in [("nser.household@1", 1), ("identity.kyc@1", 2), ("self.whoami@1", 1)] {
        assert_eq!(decided(&same, service).len(), requests, "{service}: {same:?}");
    }
    let other = replayed(&world, &without_pmt(2).unwrap()).await;
    let change =
        ("nser.pmt".to_owned(), "permitted by N02-household-standard".to_owned(), "refused, policy_denied".to_owned());
    assert_eq!(decided(&other, "nser.household@1"), [Replay::Replayed(vec![change])]);
    assert!(decided(&other, "identity.kyc@1").iter().all(|end| *end == Replay::Replayed(Vec::new())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_again_is_counted_by_its_reason() {
    let world = World::start().await.unwrap();
    a_day(&world).await;
    let law = without_pmt(2).unwrap();
    // The directory has changed: the law of then no longer gives the recorded answer.
    world.store.set_agency_suspended(&AgencyId::parse("bisp").unwrap(), true).await.unwrap();
    let ends = replayed(&world, &law).await;
    assert_eq!(decided(&ends, "nser.household@1"), [Replay::Lost(Lost::Changed)]);
    world.store.set_agency_suspended(&AgencyId::parse("bisp").unwrap(), false).await.unwrap();
    assert!(matches!(decided(&replayed(&world, &law).await, "nser.household@1")[..], [Replay::Replayed(_)]));
    // A consent of another revision is another consent.
    let subject = world.store.subject_key(world.stage.cast.taxpayer);
    world.store.pause_consents(subject).await.unwrap();
    let kyc = decided(&replayed(&world, &law).await, "identity.kyc@1");
    assert_eq!(kyc, [Replay::Replayed(Vec::new()), Replay::Lost(Lost::Changed)], "the one without a consent is whole");
    // An erased citizen's requests are nobody's to ask again.
    world.store.destroy(subject).await.unwrap();
    let kyc = decided(&replayed(&world, &law).await, "identity.kyc@1");
    assert_eq!(kyc, [Replay::Lost(Lost::Erased), Replay::Lost(Lost::Erased)]);
}

//! Bundles of the law: one after another, each once, never back.

use adapters::sql::control::{ActivateError, Activation, ControlStore};
use exchange::ports::{
    directory_source::DirectorySource as _,
    law_source::{LawMark, LawOfNode, LawSource as _},
};

use crate::world::World;

fn mark(generation: u64) -> LawMark {
    LawMark { generation, digest: format!("{generation:064x}") }
}

async fn activate(store: &ControlStore, generation: u64, expected: Option<LawMark>) -> Result<u64, ActivateError> {
    let LawMark { digest, .. } = mark(generation);
    let signers = ["ayesha".to_owned()];
    let (note, pack) = (format!("note {generation}"), vec![u8::try_from(generation).unwrap(); 300_000]);
    let new = Activation {
        generation,
        digest: &digest,
        note: &note,
        pack: &pack,
        expected,
        signers: &signers,
        back_to: (generation == 5).then_some(2),
    };
    store.activate_bundle(&new).await
}

pub async fn the_highest_generation_is_in_force_and_the_past_stays(world: &World) {
    assert_eq!(world.there.in_force().await.unwrap(), None);
    assert_eq!(world.there.activated().await.unwrap(), None);
    let before = world.there.generation().await.unwrap();
    let directory = activate(&world.here, 2, None).await.unwrap();
    assert!(directory > before, "the directory's generation rises with it");
    assert_eq!(world.there.in_force().await.unwrap(), Some(mark(2)));
    world.clock.advance(60);
    activate(&world.there, 5, Some(mark(2))).await.unwrap();
    let activated = world.here.activated().await.unwrap().unwrap();
    assert_eq!((activated.mark, activated.pack), (mark(5), vec![5; 300_000]));
    assert_eq!(activated.notes, [(2, "note 2".to_owned()), (5, "note 5".to_owned())]);
    let bundles = world.here.bundles().await.unwrap();
    let whats: Vec<_> = bundles.iter().map(|bundle| bundle.what.as_str()).collect();
    assert_eq!(whats, ["policy-activate", "policy-rollback"]);
    assert_eq!(bundles[1].at.seconds() - bundles[0].at.seconds(), 60);
    assert_eq!(world.here.bundle_pack(2).await.unwrap(), Some(vec![2; 300_000]));
    assert_eq!(world.here.bundle_pack(3).await.unwrap(), None);
}

pub async fn a_generation_that_does_not_rise_or_follows_another_is_refused(world: &World) {
    activate(&world.here, 3, None).await.unwrap();
    let generation = world.here.generation().await.unwrap();
    for (generation, expected) in [(3, mark(3)), (2, mark(3)), (0, mark(3))] {
        let refused = activate(&world.there, generation, Some(expected)).await.unwrap_err();
        assert!(matches!(refused, ActivateError::NotAbove { in_force: 3, .. }), "{refused}");
    }
    for expected in [None, Some(mark(2)), Some(LawMark { digest: "00".into(), ..mark(3) })] {
        let refused = activate(&world.there, 4, expected).await.unwrap_err();
        assert!(matches!(refused, ActivateError::Moved(3)), "{refused}");
    }
    assert_eq!(world.there.in_force().await.unwrap(), Some(mark(3)));
    assert_eq!(world.here.generation().await.unwrap(), generation, "what was refused changed nothing");
}

pub async fn of_twenty_who_activate_at_once_one_does(world: &World) {
    let mut work = tokio::task::JoinSet::new();
    for n in 0..20_u64 {
        let store = std::sync::Arc::clone(if n % 2 == 0 { &world.here } else { &world.there });
        work.spawn(async move { activate(&store, 10 + n, None).await.is_ok() });
    }
    let won = work.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!((won, world.here.bundles().await.unwrap().len()), (1, 1));
}

pub async fn a_process_tells_what_it_decides_by_and_is_kept_once(world: &World) {
    let law = |node: &str, generation, refused| LawOfNode { node: node.into(), generation, refused };
    world.here.tell(&law("node-2", 1, None)).await.unwrap();
    world.here.tell(&law("node-1", 1, None)).await.unwrap();
    world.clock.advance(5);
    let refused = law("node-1", 2, Some((3, "no key that is trusted here signed it".to_owned())));
    world.there.tell(&refused).await.unwrap();
    let told = world.here.law_of_nodes().await.unwrap();
    let laws: Vec<_> = told.iter().map(|told| told.law.clone()).collect();
    assert_eq!(laws, [refused, law("node-2", 1, None)]);
    assert_eq!(told[0].at.seconds() - told[1].at.seconds(), 5);
}

pub async fn a_damaged_generation_of_the_law_is_an_error(world: &World) {
    activate(&world.here, 2, None).await.unwrap();
    world.meddle("UPDATE bundle SET generation = -1").await.unwrap();
    assert!(world.there.in_force().await.is_err() && world.there.activated().await.is_err());
    assert!(activate(&world.there, 3, Some(mark(2))).await.is_err());
}

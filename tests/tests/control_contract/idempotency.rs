//! The same key twice.

use adapters::sql::control::{Begun, Claim, IdempotencyScope};
use exchange::ids::ServiceId;

use crate::world::World;

async fn begin(world: &World, key: &str, body: u8) -> Begun {
    let service = ServiceId::parse("consent.authorize").unwrap();
    let scope = IdempotencyScope { agency: &world.bank, user: Some(&world.teller), service: &service, key };
    world.here.begin(scope, &[body; 32]).await.unwrap()
}

async fn fresh(world: &World, key: &str, body: u8) -> Claim {
    match begin(world, key, body).await {
        Begun::Fresh(claim) => claim,
        other => panic!("not fresh but {other:?}"),
    }
}

pub async fn the_same_request_is_done_once(world: &World) {
    let claim = fresh(world, "k", 1).await;
    assert!(matches!(begin(world, "k", 1).await, Begun::InProgress));
    assert!(matches!(begin(world, "k", 2).await, Begun::OtherBody));
    let other = fresh(world, "k2", 2).await;
    world.there.abandon(&other).await.unwrap();
    assert!(world.here.finish(&fresh(world, "k2", 3).await, 9, None).await.unwrap());
    assert!(world.there.finish(&claim, 41, Some(b"answer")).await.unwrap());
    assert!(!world.there.finish(&claim, 42, None).await.unwrap());
    world.there.abandon(&claim).await.unwrap();
    world.clock.advance(3600);
    let Begun::Done { sequence, answer, claim, .. } = begin(world, "k", 1).await else { panic!("not done") };
    assert_eq!((sequence, answer.as_deref()), (41, Some(b"answer".as_slice())));
    assert!(matches!(begin(world, "k", 2).await, Begun::OtherBody));
    for expected in [true, true, true, false] {
        assert_eq!(world.here.count_replay(&claim, 3).await.unwrap(), expected);
    }
    world.clock.advance(24 * 3600);
    fresh(world, "k", 2).await;
}

pub async fn work_that_never_ended_is_taken_over(world: &World) {
    let lost = fresh(world, "k", 1).await;
    world.clock.advance(59);
    assert!(matches!(begin(world, "k", 1).await, Begun::InProgress));
    world.clock.advance(1);
    assert!(matches!(begin(world, "k", 2).await, Begun::OtherBody));
    let second = fresh(world, "k", 1).await;
    assert!(!world.here.finish(&lost, 1, None).await.unwrap(), "who lost the claim finished it");
    assert!(world.here.finish(&second, 2, None).await.unwrap());
}

//! A process that dies between the record of an answer and the end of its key: what was charged is not done again.

use std::sync::Arc;

use adapters::sql::control::{Begun, Claim};
use exchange::{
    ids::{RequestId, ServiceId},
    ports::idempotency::{Beginning, IdempotencyKeys, IdempotencyScope},
    record::leaf::{Kind, Leaf},
    tariff::Class,
};

use super::{
    ledger::{Leaves, leaf, posters},
    world::World,
};

async fn begin(world: &World, request: usize) -> Begun {
    let service = ServiceId::parse("identity.kyc").unwrap();
    let scope = IdempotencyScope { agency: &world.bank, user: None, service: &service, key: "k" };
    let request = RequestId::parse(&format!("request-{request}")).unwrap();
    let beginning = Beginning { request: &request, note: b"whose it will be" };
    let store: &dyn IdempotencyKeys = world.here.as_ref();
    store.begin(scope, &[1; 32], beginning).await.unwrap()
}

async fn fresh(world: &World, request: usize) -> Claim {
    match begin(world, request).await {
        Begun::Fresh(claim) => claim,
        other => panic!("not fresh but {other:?}"),
    }
}

pub async fn b24_an_answer_that_is_recorded_finishes_its_key_whoever_died(world: &World) {
    let log = Arc::new(Leaves::default());
    let (_, [poster, _]) = posters(world, &log);
    let claim = fresh(world, 7).await;
    log.put(leaf(Kind::Intent, 7, 0, Class::Private));
    log.put(leaf(Kind::Part, 7, 5, Class::Private));
    poster.catch_up().await.unwrap();
    assert!(matches!(begin(world, 8).await, Begun::InProgress), "it may go on");
    log.put(leaf(Kind::Outcome, 7, 5, Class::Private));
    poster.catch_up().await.unwrap();
    for later in [0, 61] {
        world.clock.advance(later);
        let Begun::Done { sequence, answer, at, .. } = begin(world, 8).await else { panic!("done, and charged") };
        assert_eq!((sequence, answer.as_deref()), (2, Some(b"whose it will be".as_slice())));
        assert_eq!(at, claim.begun_at);
    }
    // The process was only slow: what it tells of its answer stands.
    assert!(world.there.finish(&claim, 2, Some(b"the answer")).await.unwrap());
    let Begun::Done { answer, .. } = begin(world, 8).await else { panic!("done") };
    assert_eq!(answer.as_deref(), Some(b"the answer".as_slice()));
    assert!(!world.there.finish(&claim, 3, Some(b"another")).await.unwrap());
}

pub async fn what_ended_without_an_answer_finishes_no_key(world: &World) {
    let log = Arc::new(Leaves::default());
    let (_, [poster, _]) = posters(world, &log);
    fresh(world, 7).await;
    let free = || leaf(Kind::Outcome, 7, 0, Class::Private);
    log.put(Leaf { code: Some("upstream_timeout".into()), ..free() });
    log.put(Leaf { dry_run: true, ..free() });
    log.put(Leaf { kind: Kind::Refused, ..free() });
    log.put(leaf(Kind::Outcome, 8, 5, Class::Private));
    poster.catch_up().await.unwrap();
    assert!(matches!(begin(world, 8).await, Begun::InProgress));
    world.clock.advance(60);
    let taken_over = fresh(world, 9).await;
    log.put(free());
    poster.catch_up().await.unwrap();
    assert!(matches!(begin(world, 8).await, Begun::InProgress), "the claim is another's by now");
    assert!(world.here.finish(&taken_over, 5, None).await.unwrap());
}

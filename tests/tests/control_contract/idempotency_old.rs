//! What is forgotten of idempotency keys, through the port as the door calls it: what is a day old, and nothing else.

use std::time::Duration;

use adapters::sql::control::ControlStore;
use exchange::{
    consent::ConsentUse,
    ids::{RequestId, ServiceId},
    ports::{
        clock::Clock as _,
        consent_tokens::ConsentTokens as _,
        idempotency::{Beginning, Begun, Claim, IdempotencyKeys, IdempotencyScope},
    },
};

use crate::world::{CERTIFICATE, World, count};

const DAY_S: i64 = 24 * 3600;

async fn begin(world: &World, keys: &dyn IdempotencyKeys, key: &str, body: u8) -> Begun {
    let service = ServiceId::parse("identity.kyc").unwrap();
    let scope = IdempotencyScope { agency: &world.bank, user: Some(&world.teller), service: &service, key };
    let request = RequestId::parse("request-1").unwrap();
    keys.begin(scope, &[body; 32], Beginning { request: &request, note: b"" }).await.unwrap()
}

async fn fresh(world: &World, key: &str, body: u8) -> Claim {
    match begin(world, world.here.as_ref(), key, body).await {
        Begun::Fresh(claim) => claim,
        other => panic!("{key}: not fresh but {other:?}"),
    }
}

async fn finish(store: &ControlStore, claim: &Claim, sequence: u64) -> bool {
    IdempotencyKeys::finish(store, claim, sequence, Some(b"answer")).await.unwrap()
}

async fn forget(store: &ControlStore) -> u64 {
    IdempotencyKeys::forget_old(store).await.unwrap()
}

pub async fn what_is_claimed_is_finished_found_and_counted(world: &World) {
    let at = world.clock.now();
    let claim = fresh(world, "k", 1).await;
    assert_eq!(claim.begun_at, at);
    assert!(!claim.scope.contains('k') && claim.scope.len() == 64, "the client's key stands in the store");
    assert_eq!(begin(world, world.there.as_ref(), "k", 1).await, Begun::InProgress);
    assert_eq!(begin(world, world.there.as_ref(), "k", 2).await, Begun::OtherBody);
    world.clock.advance(5);
    // A claim of another instant, or of nothing, ends nothing.
    for other in
        [Claim { begun_at: world.clock.now(), ..claim.clone() }, Claim { scope: "none".into(), ..claim.clone() }]
    {
        assert!(!finish(&world.there, &other, 7).await);
        IdempotencyKeys::abandon(world.there.as_ref(), &other).await.unwrap();
    }
    assert!(finish(&world.there, &claim, 7).await);
    let answer = Some(b"answer".to_vec());
    let done = Begun::Done { sequence: 7, answer, at, claim: claim.clone() };
    assert_eq!(begin(world, world.here.as_ref(), "k", 1).await, done);
    let keys: &dyn IdempotencyKeys = world.there.as_ref();
    for expected in [true, true, false, false] {
        assert_eq!(keys.count_replay(&claim, 2).await.unwrap(), expected);
    }
    assert_eq!(begin(world, world.here.as_ref(), "k", 1).await, done, "what was counted is told all the same");
}

pub async fn what_is_abandoned_is_free_for_any_request(world: &World) {
    let claim = fresh(world, "k", 1).await;
    IdempotencyKeys::abandon(world.there.as_ref(), &claim).await.unwrap();
    assert!(!finish(&world.here, &claim, 1).await, "abandoned work was finished");
    let keys: &dyn IdempotencyKeys = world.here.as_ref();
    assert!(!keys.count_replay(&claim, 3).await.unwrap());
    let next = fresh(world, "k", 2).await;
    assert!(finish(&world.here, &next, 2).await);
}

pub async fn forgetting_forgets_only_what_is_a_day_old(world: &World) {
    assert_eq!(forget(&world.here).await, 0);
    let begun = world.clock.now();
    // Named by their age in microseconds at the time of forgetting, less a day.
    let mut claims = Vec::new();
    for (done, younger_us) in [true, false].into_iter().flat_map(|done| [0, 1, 3_600_000_000].map(|us| (done, us))) {
        world.clock.set(begun);
        world.clock.advance_us(younger_us);
        let key = format!("{done} {younger_us}");
        let claim = fresh(world, &key, 1).await;
        assert!(!done || finish(&world.here, &claim, 5).await, "{key}");
        claims.push((key, done, younger_us, claim));
    }
    world.clock.set(begun.plus_seconds(DAY_S));
    world.clock.advance_us(-1);
    assert_eq!(forget(&world.there).await, 0, "a microsecond too early");
    world.clock.advance_us(1);
    assert_eq!(forget(&world.there).await, 2);
    assert_eq!(forget(&world.here).await, 0, "twice");
    for (key, done, younger_us, claim) in &claims {
        let young = *younger_us > 0;
        // What is forgotten has no row that could be counted or finished; what is young has all of it.
        let keys: &dyn IdempotencyKeys = world.here.as_ref();
        assert_eq!(keys.count_replay(claim, 3).await.unwrap(), *done && young, "{key}");
        assert_eq!(finish(&world.here, claim, 6).await, !*done && young, "{key}");
        let found = begin(world, world.here.as_ref(), key, 1).await;
        assert_eq!(matches!(found, Begun::Done { .. }), young, "{key}: {found:?}");
        assert_eq!(matches!(found, Begun::Fresh(_)), !young, "{key}: {found:?}");
    }
    world.clock.advance(DAY_S);
    assert_eq!(forget(&world.here).await, 6, "each in its time");
}

/// At the very instant at which a key is a day old, one asks for it while another forgets it.
pub async fn forgetting_takes_no_key_that_is_begun_at_once(world: &World) {
    for round in 0..5_u64 {
        let key = format!("round {round}");
        let old = fresh(world, &key, 1).await;
        assert!(finish(&world.here, &old, round).await);
        world.clock.advance(DAY_S);
        let (bank, teller) = (world.bank.clone(), world.teller.clone());
        let answers = world.at_once(24, |store, n| {
            let (key, bank, teller) = (key.clone(), bank.clone(), teller.clone());
            async move {
                if n % 3 == 0 {
                    forget(&store).await;
                    return None;
                }
                let service = ServiceId::parse("identity.kyc").unwrap();
                let scope = IdempotencyScope { agency: &bank, user: Some(&teller), service: &service, key: &key };
                Some(store.begin(scope, &[1; 32]).await.unwrap())
            }
        });
        let answers = answers.await;
        let claims: Vec<_> = answers
            .iter()
            .filter_map(|answer| match answer {
                Some(Begun::Fresh(claim)) => Some(claim.clone()),
                _ => None,
            })
            .collect();
        assert_eq!((claims.len(), count(&answers, &Some(Begun::InProgress))), (1, 15), "{answers:?}");
        assert!(finish(&world.there, &claims[0], 100 + round).await, "forgotten while it was at work");
        assert!(!finish(&world.there, &old, 200).await);
    }
}

/// Forgetting is writing: however many wait with it for a lock, readers find a connection.
pub async fn forgetting_waits_for_its_turn(world: &World) {
    let token = world.token("one", ConsentUse::Standing).await.access_token;
    let old = fresh(world, "k", 1).await;
    assert!(finish(&world.here, &old, 1).await);
    world.clock.advance(DAY_S);
    let held = world.here.database().begin().await.unwrap();
    let forgetting: Vec<_> = (0..40)
        .map(|_| {
            let store = world.there.clone();
            tokio::spawn(async move { IdempotencyKeys::forget_old(store.as_ref()).await })
        })
        .collect();
    for _ in 0..20 {
        let found = tokio::time::timeout(Duration::from_millis(900), world.there.find(&token, CERTIFICATE)).await;
        assert!(found.unwrap().unwrap().is_some(), "a reader waits for no writer");
    }
    drop(held);
    let mut forgotten = 0;
    for one in forgetting {
        // Each forgot or was refused; none hangs, and none forgets what another did.
        forgotten += one.await.unwrap().unwrap_or(0);
    }
    assert!(forgotten <= 1, "{forgotten}");
    assert_eq!(forgotten + forget(&world.here).await, 1);
}

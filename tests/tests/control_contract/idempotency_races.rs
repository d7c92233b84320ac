//! Idempotency keys: their scope, their time to the microsecond, and many with one key.

use std::sync::Arc;

use adapters::sql::control::{Begun, Claim, ControlStore, IdempotencyScope};
use exchange::{
    ids::{AgencyId, ServiceId, UserId},
    ports::clock::Clock as _,
};

use crate::world::{World, count};

const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// What a key is unique within, owned.
#[derive(Clone)]
struct Scope {
    agency: AgencyId,
    user: Option<UserId>,
    service: ServiceId,
    key: String,
}

impl Scope {
    fn new(agency: &str, user: Option<&str>, service: &str, key: &str) -> Self {
        Self {
            agency: AgencyId::parse(agency).unwrap(),
            user: user.map(|user| UserId::parse(user).unwrap()),
            service: ServiceId::parse(service).unwrap(),
            key: key.to_owned(),
        }
    }

    async fn begin(&self, store: &ControlStore, body: u8) -> Begun {
        let scope =
            IdempotencyScope { agency: &self.agency, user: self.user.as_ref(), service: &self.service, key: &self.key };
        store.begin(scope, &[body; 32]).await.unwrap()
    }

    async fn fresh(&self, store: &ControlStore, body: u8) -> Claim {
        match self.begin(store, body).await {
            Begun::Fresh(claim) => claim,
            other => panic!("not fresh but {other:?}"),
        }
    }
}

fn word(begun: &Begun) -> &'static str {
    match begun {
        Begun::Fresh(_) => "fresh",
        Begun::InProgress => "in progress",
        Begun::OtherBody => "other body",
        Begun::Done { .. } => "done",
    }
}

async fn words(world: &World, scope: &Scope, times: usize, body: impl Fn(usize) -> u8) -> Vec<&'static str> {
    let begun = world.at_once(times, |store: Arc<ControlStore>, n| {
        let (scope, body) = (scope.clone(), body(n));
        async move { word(&scope.begin(&store, body).await) }
    });
    begun.await
}

pub async fn of_many_with_one_key_one_does_the_work(world: &World) {
    let scope = Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "k");
    let answers = words(world, &scope, 40, |_| 1).await;
    assert_eq!((count(&answers, &"fresh"), count(&answers, &"in progress")), (1, 39));
    world.clock.advance(60);
    // Abandoned: of many that take it over one does; another body never does.
    let answers = words(world, &scope, 40, |n| u8::from(n % 2 == 0)).await;
    assert_eq!((count(&answers, &"fresh"), count(&answers, &"other body")), (1, 20));
    let first = Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "bodies");
    let answers = words(world, &first, 30, |n| u8::try_from(n).unwrap()).await;
    assert_eq!((count(&answers, &"fresh"), count(&answers, &"other body")), (1, 29));
}

pub async fn work_is_finished_once_and_replays_are_counted_to_their_bound(world: &World) {
    let scope = Scope::new("bank-indus", None, "identity.kyc", "k");
    let claim = scope.fresh(&world.here, 1).await;
    let finished = world.at_once(12, |store, n| {
        let claim = claim.clone();
        async move {
            store.finish(&claim, 100 + u64::try_from(n).unwrap(), Some(&[u8::try_from(n).unwrap()])).await.unwrap()
        }
    });
    let finished = finished.await;
    assert_eq!(count(&finished, &true), 1);
    let winner = finished.iter().position(|finished| *finished).unwrap();
    let Begun::Done { sequence, answer, claim, at } = scope.begin(&world.there, 1).await else { panic!("not done") };
    assert_eq!((sequence, answer), (100 + winner as u64, Some(vec![u8::try_from(winner).unwrap()])));
    assert_eq!(at, world.clock.now());
    let counted = world.at_once(20, |store, _| {
        let claim = claim.clone();
        async move { store.count_replay(&claim, 3).await.unwrap() }
    });
    assert_eq!(count(&counted.await, &true), 3);
    assert!(!world.here.count_replay(&claim, 0).await.unwrap());
    assert!(world.here.count_replay(&claim, 4).await.unwrap(), "a later bound may be wider");
}

pub async fn a_key_is_ours_within_agency_user_and_service(world: &World) {
    let scopes = [
        Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "k"),
        Scope::new("bank-ravi", Some("teller-1"), "consent.authorize", "k"),
        Scope::new("bank-indus", Some("teller-2"), "consent.authorize", "k"),
        Scope::new("bank-indus", None, "consent.authorize", "k"),
        Scope::new("bank-indus", Some("teller-1"), "identity.kyc", "k"),
        Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "K"),
        Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "k "),
        Scope::new("bank-indus", Some("teller-1"), "consent.authorize", ""),
        // Keys that would read like another scope if its parts were only joined.
        Scope::new("bank-indus", None, "consent.authorize", "teller-1/consent.authorize/k"),
        Scope::new("bank-indus", None, "teller-1", "consent.authorize/k"),
        Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "/k"),
        Scope::new("bank-indus", Some("teller-1"), "consent.authorize", "ک"),
    ];
    for (n, scope) in scopes.iter().enumerate() {
        let claim = scope.fresh(&world.here, 1).await;
        assert!(world.here.finish(&claim, n as u64, None).await.unwrap());
    }
    for (n, scope) in scopes.iter().enumerate() {
        let Begun::Done { sequence, answer, .. } = scope.begin(&world.there, 1).await else { panic!("{n}") };
        assert_eq!((sequence, answer), (n as u64, None));
    }
}

/// The instants at which what is known of a key changes, each a microsecond before and at it.
pub async fn a_key_is_remembered_to_the_microsecond(world: &World) {
    for (done, body, after_us, expected) in [
        (false, 1, 59_999_999, "in progress"),
        (false, 1, 60_000_000, "fresh"),
        (false, 2, 60_000_000, "other body"),
        (false, 2, DAY_US - 1, "other body"),
        (false, 2, DAY_US, "fresh"),
        (true, 1, 60_000_000, "done"),
        (true, 1, DAY_US - 1, "done"),
        (true, 1, DAY_US, "fresh"),
        (true, 2, DAY_US - 1, "other body"),
        (true, 2, DAY_US, "fresh"),
        // A clock that was set back makes nothing fresh.
        (true, 1, -3_600_000_000, "done"),
        (false, 1, -3_600_000_000, "in progress"),
    ] {
        let begun = world.clock.now();
        let scope = Scope::new("bank-indus", None, "identity.kyc", &format!("{done} {body} {after_us}"));
        let claim = scope.fresh(&world.here, 1).await;
        if done {
            assert!(world.here.finish(&claim, 5, Some(b"x")).await.unwrap());
        }
        world.clock.advance_us(after_us);
        let answer = scope.begin(&world.there, body).await;
        assert_eq!(word(&answer), expected, "done {done}, body {body}, after {after_us} µs");
        if expected == "fresh" {
            assert!(!world.here.finish(&claim, 6, None).await.unwrap(), "who lost the key finished it");
            world.here.abandon(&claim).await.unwrap();
            assert_ne!(word(&scope.begin(&world.here, body).await), "fresh", "who lost the key freed it");
        }
        world.clock.set(begun);
    }
}

/// A key that begins anew remembers nothing of its former life.
pub async fn a_reused_key_begins_anew(world: &World) {
    let scope = Scope::new("bank-indus", None, "identity.kyc", "k");
    let claim = scope.fresh(&world.here, 1).await;
    assert!(world.here.finish(&claim, 5, Some(b"old")).await.unwrap());
    for _ in 0..3 {
        assert!(world.here.count_replay(&claim, 3).await.unwrap());
    }
    world.clock.advance_us(DAY_US);
    let claim = scope.fresh(&world.there, 2).await;
    assert!(!world.here.count_replay(&claim, 3).await.unwrap(), "work under way cannot be replayed");
    assert_eq!(word(&scope.begin(&world.here, 1).await), "other body");
    assert!(world.there.finish(&claim, 6, None).await.unwrap());
    let Begun::Done { sequence, answer, claim, .. } = scope.begin(&world.here, 2).await else { panic!("not done") };
    assert_eq!((sequence, answer), (6, None), "the old answer came back");
    let counted = [true, true, true, false];
    for expected in counted {
        assert_eq!(world.here.count_replay(&claim, 3).await.unwrap(), expected);
    }
    // Abandoning what is done frees nothing.
    world.here.abandon(&claim).await.unwrap();
    assert_eq!(word(&scope.begin(&world.here, 2).await), "done");
}

pub async fn an_answer_of_any_size_is_given_again_as_it_was(world: &World) {
    for size in [0_usize, 1, 17, 4_096, 200_000] {
        let scope = Scope::new("bank-indus", None, "identity.kyc", &size.to_string());
        let body: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let claim = scope.fresh(&world.here, 1).await;
        assert!(world.here.finish(&claim, 1, Some(&body)).await.unwrap());
        let Begun::Done { answer, .. } = scope.begin(&world.there, 1).await else { panic!("not done") };
        assert!(answer.as_ref() == Some(&body), "{size} bytes came back otherwise");
    }
    // No sequence of a log is beyond what the databases hold, and one that were is refused, not cut.
    let scope = Scope::new("bank-indus", None, "identity.kyc", "huge");
    let claim = scope.fresh(&world.here, 1).await;
    assert!(world.here.finish(&claim, u64::MAX, None).await.is_err());
    assert!(world.here.finish(&claim, i64::MAX.unsigned_abs(), None).await.unwrap());
    let Begun::Done { sequence, .. } = scope.begin(&world.there, 1).await else { panic!("not done") };
    assert_eq!(sequence, i64::MAX.unsigned_abs());
}

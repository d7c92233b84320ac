//! Quotas: of many who reach for several levels at once none gets too much, all or nothing is taken, and what was used is what
//! the leaves say.

use std::sync::Arc;

use exchange::{
    directory::Directory,
    ids::{QuotaId, RequestId, UserId},
    ledger::{Level, Measure, Quota, Usage},
    onboarding::Change,
    place::Place,
    ports::{
        clock::Clock as _,
        directory_source::DirectorySource as _,
        quotas::{Quotas as _, Standing, Take, Taken, Want},
    },
    programme::Period,
    record::leaf::{Kind, Leaf},
    tariff::Class,
    timestamp::Timestamp,
};

use super::{
    directory::data,
    ledger::{Leaves, leaf, posters, sound},
    onboarding::{ONE, done, law},
    world::World,
};

fn id(name: &str) -> QuotaId {
    QuotaId::parse(name).unwrap()
}

fn request(n: usize) -> RequestId {
    RequestId::parse(&format!("request-{n}")).unwrap()
}

fn begins(world: &World) -> Timestamp {
    Period::Day.around(world.clock.now()).unwrap().from
}

fn want(world: &World, quota: &str, measure: Measure, amount: i64, most: i64) -> Want {
    Want { quota: id(quota), begins_at: begins(world), measure, amount, most }
}

fn take(world: &World, n: usize, wants: Vec<Want>) -> Take {
    Take { request: request(n), node: "node-1".into(), until: world.clock.now().plus_seconds(60), wants }
}

async fn stands(world: &World, quota: &str) -> (i64, i64) {
    let all = world.there.standing(&[(id(quota), begins(world))]).await.unwrap();
    let Standing { used, held } = all[0];
    (used, held)
}

/// What is held is the sum of the holds, and the books beside agree.
async fn agrees(world: &World) {
    assert_eq!(world.there.quota_fault().await.unwrap(), None);
    sound(world).await;
}

pub async fn r141_of_sixty_four_who_reach_for_n_at_several_levels_exactly_n_get_it(world: &World) {
    // Each takes of its kind, its agency, one of two places and one of four users, named so that no order is a coincidence.
    let takes: Vec<Take> = (0..64)
        .map(|n| {
            let mut wants = vec![
                want(world, "kind", Measure::Rows, 1, 40),
                want(world, "agency", Measure::Calls, 1, 23),
                want(world, &format!("place-{}", n % 2), Measure::Rows, 1, 14),
                want(world, &format!("a-user-{}", n % 4), Measure::MilliPaisa, 5, 39),
            ];
            wants.rotate_left(n % 4);
            take(world, n, wants)
        })
        .collect();
    let asked = takes.clone();
    let answers = world.at_once(64, move |store, n| {
        let take = asked[n].clone();
        async move { store.take(&take).await.unwrap() }
    });
    let answers = answers.await;
    let got = |from: usize, step: usize| {
        i64::try_from((from..64).step_by(step).filter(|n| answers[*n] == Taken::All).count()).unwrap()
    };
    assert_eq!(got(0, 1), 23, "the agency's quota is the least");
    assert_eq!(stands(world, "kind").await, (0, 23));
    assert_eq!(stands(world, "agency").await, (0, 23));
    for n in 0..2 {
        assert_eq!(stands(world, &format!("place-{n}")).await, (0, got(n, 2)));
        assert!(got(n, 2) <= 14);
    }
    for n in 0..4 {
        assert_eq!(stands(world, &format!("a-user-{n}")).await, (0, 5 * got(n, 4)));
        assert!(got(n, 4) <= 7);
    }
    agrees(world).await;
    // Asked again under the same names, those who have it have it, and nobody gets a second.
    for (n, first) in answers.iter().enumerate() {
        let again = world.there.take(&takes[n]).await.unwrap();
        assert_eq!(again == Taken::All, *first == Taken::All, "{n}");
    }
    assert_eq!(stands(world, "kind").await, (0, 23));
}

pub async fn r141_a_request_that_fails_at_the_third_quota_has_taken_of_none(world: &World) {
    let wants = |most| {
        let third = want(world, "c", Measure::Rows, 3, most);
        vec![third, want(world, "a", Measure::Rows, 3, 9), want(world, "b", Measure::Rows, 3, 9)]
    };
    assert_eq!(world.here.take(&take(world, 0, wants(2))).await.unwrap(), Taken::Short(id("c")));
    for quota in ["a", "b", "c"] {
        assert_eq!(stands(world, quota).await, (0, 0), "{quota}");
    }
    agrees(world).await;
    assert_eq!(world.there.take(&take(world, 0, wants(3))).await.unwrap(), Taken::All, "and it may ask again");
    for quota in ["a", "b", "c"] {
        assert_eq!(stands(world, quota).await, (0, 3), "{quota}");
    }
    // The next period is another.
    world.clock.advance(86_400);
    assert_eq!(stands(world, "c").await, (0, 0));
    assert_eq!(world.there.take(&take(world, 1, wants(3))).await.unwrap(), Taken::All);
    agrees(world).await;
}

fn all_of(world: &World, n: usize, rows: i64) -> Take {
    let wants = Measure::ALL.map(|measure| {
        let amount = if measure == Measure::Calls { 1 } else { rows * if measure == Measure::Rows { 1 } else { 10 } };
        want(world, measure.as_str(), measure, amount, 10_000)
    });
    take(world, n, wants.to_vec())
}

async fn all_stand(world: &World) -> [(i64, i64); 3] {
    [stands(world, "rows").await, stands(world, "calls").await, stands(world, "milli-paisa").await]
}

fn answered(kind: Kind, n: usize, rows: u32, class: Class) -> Leaf {
    Leaf { rows, ..leaf(kind, n, i64::from(rows) * 10, class) }
}

pub async fn r141_what_is_used_after_posting_is_what_the_leaves_say(world: &World) {
    let (log, [poster, other]) = posters(world, &Arc::new(Leaves::default()));
    for n in 0..6 {
        assert_eq!(world.here.take(&all_of(world, n, 20)).await.unwrap(), Taken::All);
    }
    assert_eq!(all_stand(world).await, [(0, 120), (0, 6), (0, 1_200)]);
    // 0 is answered, and told before it is posted; 1 is given; 2 answers in batches; 3 fails; 4 breaks off after a batch; 5 waits.
    log.put(answered(Kind::Outcome, 0, 7, Class::Private));
    world.there.settle_usage(&request(0), Usage { rows: 7, calls: 1, milli_paisa: 70 }).await.unwrap();
    assert_eq!(all_stand(world).await, [(0, 107), (0, 6), (0, 1_070)]);
    world.there.settle_usage(&request(0), Usage { rows: 99, calls: 1, milli_paisa: 99 }).await.unwrap();
    assert_eq!(all_stand(world).await, [(0, 107), (0, 6), (0, 1_070)], "never raised");
    log.put(answered(Kind::Outcome, 1, 5, Class::GratisPrivate));
    log.put(answered(Kind::Part, 2, 9, Class::Private));
    log.put(answered(Kind::Part, 2, 8, Class::Private));
    log.put(Leaf { code: Some("upstream_failed".into()), ..answered(Kind::Outcome, 3, 0, Class::Private) });
    log.put(answered(Kind::Part, 4, 4, Class::Private));
    poster.catch_up().await.unwrap();
    // Of 2 three rows are held still, of 4 sixteen, of 5 all.
    assert_eq!(all_stand(world).await, [(33, 39), (4, 1), (330, 390)]);
    agrees(world).await;
    log.put(answered(Kind::Outcome, 2, 0, Class::Private));
    log.put(Leaf { code: Some("answer_cut".into()), ..answered(Kind::Outcome, 4, 0, Class::Private) });
    other.catch_up().await.unwrap();
    poster.catch_up().await.unwrap();
    assert_eq!(all_stand(world).await, [(33, 20), (4, 1), (330, 200)], "what broke off after a batch is a call too");
    // Ended without an answer.
    world.here.settle_usage(&request(5), Usage::default()).await.unwrap();
    world.here.settle_usage(&request(5), Usage::default()).await.unwrap();
    assert_eq!(all_stand(world).await, [(33, 0), (4, 0), (330, 0)]);
    agrees(world).await;
}

pub async fn r141_what_a_request_that_died_had_taken_is_given_up_when_the_log_was_read_beyond_its_end(world: &World) {
    let (log, [poster, other]) = posters(world, &Arc::new(Leaves::default()));
    for n in 0..4 {
        assert_eq!(world.here.take(&all_of(world, n, 10)).await.unwrap(), Taken::All);
    }
    let later = world.clock.now().plus_seconds(600);
    assert!(world.there.put_off_usage(&request(3), later).await.unwrap());
    assert!(!world.there.put_off_usage(&request(9), later).await.unwrap());
    // One died before its intent, one after it, one was answered, one goes on.
    log.put(leaf(Kind::Intent, 1, 0, Class::Private));
    log.put(answered(Kind::Outcome, 2, 3, Class::Private));
    world.clock.advance(60);
    assert_eq!(poster.catch_up().await.unwrap(), 0, "their time is not over");
    assert_eq!(all_stand(world).await, [(3, 30), (1, 3), (30, 300)]);
    world.clock.advance_us(1);
    let [here, there] = [poster.catch_up().await.unwrap(), other.catch_up().await.unwrap()];
    assert_eq!((here, there), (2, 0));
    assert_eq!(all_stand(world).await, [(3, 10), (1, 1), (30, 100)]);
    agrees(world).await;
}

pub async fn r141_takings_and_postings_at_once_never_take_more_than_there_is(world: &World) {
    let (log, posters) = posters(world, &Arc::new(Leaves::default()));
    let posters = Arc::new(posters);
    let takes: Vec<Take> = (0..48)
        .map(|n| {
            let user = want(world, &format!("user-{}", n % 3), Measure::Calls, 1, 20);
            take(world, n, vec![want(world, "rows", Measure::Rows, 2, 11), user])
        })
        .collect();
    let served = world.at_once(48, {
        let log = Arc::clone(&log);
        move |store, n| {
            let (take, log, posters) = (takes[n].clone(), Arc::clone(&log), Arc::clone(&posters));
            async move {
                let served = store.take(&take).await.unwrap() == Taken::All;
                if served {
                    log.put(answered(Kind::Outcome, n, 1, Class::Private));
                    store.settle_usage(&take.request, Usage { rows: 1, calls: 1, milli_paisa: 10 }).await.unwrap();
                }
                posters[n % 2].catch_up().await.unwrap();
                let key = (id("rows"), take.wants[0].begins_at);
                let now = store.standing(&[key]).await.unwrap()[0];
                assert!(now.used + now.held <= 11, "{now:?}");
                served
            }
        }
    });
    let served: i64 = served.await.into_iter().map(i64::from).sum();
    let last = posters_of(world, &log);
    last.catch_up().await.unwrap();
    assert!(served >= 5, "{served}");
    assert_eq!(stands(world, "rows").await, (served, 0));
    let mut calls = 0;
    for n in 0..3 {
        calls += stands(world, &format!("user-{n}")).await.0;
    }
    assert_eq!(calls, served);
    agrees(world).await;
}

fn posters_of(world: &World, log: &Arc<Leaves>) -> adapters::sql::control::Poster {
    let (_, [poster, _]) = posters(world, log);
    poster
}

pub fn quota(world: &World, name: &str, most: i64) -> Quota {
    Quota {
        id: id(name),
        level: Level::User { agency: world.bank.clone(), user: world.teller.clone() },
        measure: Measure::Rows,
        most,
        per: Period::Day,
        alerts: vec![50, 100],
        instrument: "contract 7".into(),
        ended: false,
    }
}

pub async fn r141_quotas_that_have_reached_a_warning_are_counted_in_their_period(world: &World) {
    let quotas = vec![quota(world, "rows", 10), quota(world, "other", 10)];
    world.here.replace_directory(&exchange::directory::DirectoryData { quotas, ..data(world) }).await.unwrap();
    let (log, [poster, _]) = posters(world, &Arc::new(Leaves::default()));
    let first = begins(world);
    let alerting = async || world.there.quotas_alerting().await.unwrap();
    for (n, expected) in [(0, 0), (1, 1)] {
        assert_eq!(
            world.here.take(&take(world, n, vec![want(world, "rows", Measure::Rows, 4, 10)])).await.unwrap(),
            Taken::All
        );
        assert_eq!(alerting().await, 0, "what is held warns of nothing");
        log.put(answered(Kind::Outcome, n, 4, Class::Private));
        poster.catch_up().await.unwrap();
        assert_eq!(alerting().await, expected);
    }
    world.clock.advance(86_400);
    assert_eq!(alerting().await, 0, "a new day");
    // What was used is kept for more than a year, and not for ever.
    let first = [(id("rows"), first)];
    let kept = async || world.there.standing(&first).await.unwrap()[0].used;
    world.clock.advance(398 * 86_400);
    poster.catch_up().await.unwrap();
    assert_eq!(kept().await, 8);
    world.clock.advance(86_400);
    poster.catch_up().await.unwrap();
    assert_eq!(kept().await, 0);
}

pub async fn r141_quotas_come_by_two_persons(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    let sound = quota(world, "teller-rows", 10);
    done(world, Change::Quota(sound.clone())).await;
    let raised = Quota { most: 20, ..sound.clone() };
    done(world, Change::Quota(raised.clone())).await;
    let (generation, found) = world.there.read().await.unwrap();
    assert_eq!(found.quotas, std::slice::from_ref(&raised), "one word on each");
    let directory = Directory::new(generation, found.clone());
    let bound = directory.quotas(&found.agencies[0], Some(&found.users[0]));
    assert_eq!(bound.iter().map(|quota| quota.most).collect::<Vec<_>>(), [20]);
    assert!(directory.quotas(&found.agencies[0], None).is_empty());
    let nobody = Level::User { agency: world.bank.clone(), user: UserId::parse("nobody").unwrap() };
    let place = Level::Place { agency: world.bank.clone(), place: Place::parse("Badin").unwrap() };
    for (refused, told) in [
        (Quota { most: 0, ..sound.clone() }, "quota: `most`"),
        (Quota { alerts: vec![101], ..sound.clone() }, "quota: `alerts`"),
        (Quota { instrument: " ".into(), ..sound.clone() }, "quota: `instrument`"),
        (Quota { id: id("x"), level: nobody, ..sound.clone() }, "quota: `bank-indus` has no user"),
        (Quota { level: place, ..sound.clone() }, "name-taken"),
        (Quota { id: id("x"), ..sound.clone() }, "name-taken"),
        (Quota { id: id("x"), level: Level::Kind("Circus".into()), ..sound.clone() }, "kind-unknown"),
    ] {
        let error = world.here.propose(Change::Quota(refused), ONE, law()).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    done(world, Change::Quota(Quota { ended: true, ..raised })).await;
    let (generation, found) = world.there.read().await.unwrap();
    let directory = Directory::new(generation, found.clone());
    assert!(directory.quotas(&found.agencies[0], Some(&found.users[0])).is_empty(), "an ended one bounds nobody");
}

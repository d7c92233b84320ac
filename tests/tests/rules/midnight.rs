//! Rates change at midnight of Asia/Karachi while clients ask: each request has one version and one month.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use exchange::{
    ids::{AgencyId, RateVersion},
    month::Month,
    ports::{clock::Clock as _, directory_source::DirectorySource as _},
    record::leaf::{Kind, Leaf},
    statement::{rate_again, rated, recompute},
    tariff::{Price, RateBook},
    timestamp::Timestamp,
};
use gateway::demo::client::Call;
use tests::world::{World, until};
use tokio::task::JoinHandle;

/// Clients that ask without a pause, and answers that each side of midnight has at least.
const CLIENTS: usize = 6;
const ANSWERS: usize = 60;

/// The first instant of the month after the one that `now` is in, in Asia/Karachi, and both months.
fn midnight(now: Timestamp) -> (Timestamp, [Month; 2]) {
    let this = Month::of(now).unwrap();
    let mut at = now;
    while Month::of(at).unwrap() == this {
        at = at.plus_seconds(3_600);
    }
    // Karachi is a whole number of hours from UTC, so the hour that brought the next month has its first instant.
    let first = Timestamp::from_micros(at.micros() - at.micros().rem_euclid(3_600_000_000));
    (first, [this, Month::of(first).unwrap()])
}

/// The sample book at twice its prices, from an instant on.
fn doubled(book: &RateBook, from: Timestamp) -> RateBook {
    let mut next = RateBook { version: RateVersion::parse("next").unwrap(), valid_from: from, ..book.clone() };
    for rate in &mut next.rates {
        rate.government = Price::flat(rate.government.each * 2);
    }
    next
}

/// Clients that ask until it is over, and count their answers.
fn ask(world: &Arc<World>, over: &Arc<AtomicBool>, answered: &Arc<AtomicUsize>) -> Vec<JoinHandle<()>> {
    let clients = (0..CLIENTS).map(|_| {
        let (world, over, answered) = (Arc::clone(world), Arc::clone(over), Arc::clone(answered));
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let answer = world.ask("bisp", world.household()).await.unwrap();
                assert!(matches!(answer.status, 200 | 429), "{} {}", answer.status, answer.code());
                answered.fetch_add(usize::from(answer.status == 200), Ordering::SeqCst);
            }
        })
    });
    clients.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b26_at_midnight_under_load_each_request_has_one_version_and_one_month() {
    let settings = World::builder().set("LIMITS__AGENCY_PER_S", "10000").set("LIMITS__USER_PER_S", "10000");
    let world = Arc::new(settings.start().await.unwrap());
    let (first, [old_month, new_month]) = midnight(world.clock.now());
    let (_, mut data) = world.store.read().await.unwrap();
    data.rate_books.push(doubled(&data.rate_books[0].clone(), first));
    data.agencies.iter_mut().for_each(|agency| agency.requests_per_s = 10_000);
    let generation = world.store.replace_directory(&data).await.unwrap();
    let line = format!("ijazat_directory_generation {generation}");
    let knows = async || world.metrics().await.unwrap().lines().any(|told| told == line);
    until("the gateway knows the book, as an approved one is known a minute before its day", knows).await.unwrap();
    // A moment before: everything that is asked now is of the old day.
    world.clock.set(Timestamp::from_micros(first.micros() - 1_000));

    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let asking = ask(&world, &over, &answered);
    let reached = async |count| until("answers come", async || answered.load(Ordering::SeqCst) >= count).await.unwrap();
    reached(ANSWERS).await;
    world.clock.set(first);
    let then = answered.load(Ordering::SeqCst);
    reached(then + ANSWERS).await;
    over.store(true, Ordering::SeqCst);
    for client in asking {
        client.await.unwrap();
    }

    let recorded = world.recorded().unwrap();
    let leaves: Vec<&Leaf> = recorded.iter().map(|it| &it.leaf).filter(|leaf| rated(leaf) > 0).collect();
    let intents: std::collections::HashMap<&str, i64> = recorded
        .iter()
        .filter(|it| it.leaf.kind == Kind::Intent)
        .map(|it| (it.leaf.request.as_str(), it.leaf.at))
        .collect();
    let (mut requests, mut sides) = (std::collections::HashSet::new(), [0, 0]);
    let (old, new) = (data.rate_books[0].version.clone(), "next");
    for leaf in &leaves {
        assert!(requests.insert(&leaf.request), "one charge for each request");
        assert_eq!(leaf.rated_at, Some(intents[leaf.request.as_str()]), "the rate is that of the request's instant");
        let after = leaf.billed_at() >= first;
        sides[usize::from(after)] += 1;
        assert_eq!(leaf.rate_version.as_deref(), Some(if after { new } else { old.as_str() }));
        rate_again(leaf, &data.rate_books, &data.billing_classes()).unwrap();
    }
    assert!(sides.iter().all(|side| *side >= ANSWERS), "{sides:?}");
    // Each stands in the bill of one month, and the old month gets nothing more.
    let bisp = AgencyId::parse("bisp").unwrap();
    let bill = |month| recompute(leaves.iter().copied(), &bisp, month);
    let (before, after) = (bill(old_month), bill(new_month));
    let price = |side: &[usize; 2]| i64::try_from(side[0] + 2 * side[1]).unwrap() * leaves[0].amount;
    assert_eq!(before.rated_milli_paisa + after.rated_milli_paisa, price(&sides));
    let shown = async |month: Month| {
        let usage = world.ask("bisp", Call::get(format!("/v1/usage/{month}"))).await.unwrap();
        usage.body["data"]["rated_milli_paisa"].as_i64().unwrap()
    };
    assert_eq!((shown(old_month).await, shown(new_month).await), (before.rated_milli_paisa, after.rated_milli_paisa));
    let versions = |bill: &exchange::statement::Bill| {
        let all = bill.sums.iter().filter(|sum| sum.amount_milli_paisa > 0);
        all.map(|sum| sum.key.rate_version.clone()).collect::<Vec<_>>()
    };
    assert_eq!((versions(&before), versions(&after)), (vec![old.to_string()], vec![new.to_owned()]));
}

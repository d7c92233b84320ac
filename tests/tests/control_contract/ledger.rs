//! The ledger: of many who reach for one wallet none gets too much, each entry of the log is posted once, and the books agree.

use std::sync::{Arc, Mutex};

use adapters::sql::control::{PostError, Poster};
use exchange::{
    ids::{AgencyId, RequestId},
    ledger::{Balance, Batch},
    ports::{
        clock::Clock as _,
        record_log::{Durable, Entry, InclusionProof, LogUnavailable, RecordLog, StoredEntry},
        wallets::{Held, Hold, Wallets as _},
    },
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
    tariff::{Class, Unit},
};

use super::{directory::data, world::World};

const PRICE: i64 = 35_000;

fn request(n: usize) -> RequestId {
    RequestId::parse(&format!("request-{n}")).unwrap()
}

fn hold(world: &World, n: usize, amount: i64) -> Hold {
    Hold {
        request: request(n),
        agency: world.bank.clone(),
        limit: 0,
        amount,
        node: "node-1".into(),
        until: world.clock.now().plus_seconds(60),
    }
}

pub async fn pay_in(world: &World, amount: i64) {
    world.here.replace_directory(&data(world)).await.unwrap();
    assert!(world.here.top_up(&world.bank, amount, "bank-0").await.unwrap());
}

async fn balance(world: &World) -> Balance {
    world.there.balance(&world.bank).await.unwrap()
}

/// The books, which must agree in themselves.
pub async fn sound(world: &World) -> adapters::sql::control::Books {
    let books = world.there.books().await.unwrap();
    assert_eq!(books.fault(), None);
    books
}

/// How a request of the bank ended.
pub fn leaf(kind: Kind, request: usize, amount: i64, class: Class) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind,
        at: 1_795_340_000_000_000,
        node: "node-1".into(),
        sequence: 0,
        request: format!("request-{request}"),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some("identity.kyc@1".into()),
        purpose: None,
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 0,
        rate_version: Some("v1".into()),
        tariff: Some("identity.kyc".into()),
        amount,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: Some(Unit::Row),
        class: Some(class),
        rated_at: Some(1_795_340_000_000_000),
    }
}

/// The log of one node, which only grows.
#[derive(Debug, Default)]
pub struct Leaves(Mutex<Vec<StoredEntry>>);

impl Leaves {
    pub fn put(&self, mut leaf: Leaf) {
        let mut all = self.0.lock().unwrap();
        leaf.sequence = all.len() as u64;
        all.push(StoredEntry { sequence: leaf.sequence, leaf: leaf.to_bytes(), side: Vec::new() });
    }
}

impl RecordLog for Leaves {
    fn submit(&self, _: Entry) -> Result<Durable, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn durable_size(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }

    fn origin(&self) -> &'static str {
        "test/node-1"
    }

    fn node(&self) -> &'static str {
        "node-1"
    }

    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        let from = usize::try_from(from).unwrap();
        Ok(self.0.lock().unwrap().iter().skip(from).take(count).cloned().collect())
    }

    fn prove(&self, _: u64) -> Result<InclusionProof, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn verifier_key(&self) -> String {
        String::new()
    }

    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}

fn new_posters(world: &World) -> (Arc<Leaves>, [Poster; 2]) {
    posters(world, &Arc::new(Leaves::default()))
}

pub fn posters(world: &World, log: &Arc<Leaves>) -> (Arc<Leaves>, [Poster; 2]) {
    let poster = |store| Poster::new(Arc::clone(log) as Arc<dyn RecordLog>, Arc::clone(store));
    let both = [poster(&world.here), poster(&world.there)];
    (Arc::clone(log), both)
}

pub async fn b28_of_sixty_four_who_reach_for_a_wallet_of_n_rows_exactly_n_get_one(world: &World) {
    const ROWS: i64 = 23;
    pay_in(world, ROWS * PRICE + PRICE - 1).await;
    let holds: Vec<Hold> = (0..64).map(|n| hold(world, n, PRICE)).collect();
    let answers = world.at_once(64, move |store, n| {
        let hold = holds[n].clone();
        async move { store.hold(&hold).await.unwrap() }
    });
    let answers = answers.await;
    let held = answers.iter().filter(|answer| **answer == Held::Held).count();
    assert_eq!(held, 23);
    let left = balance(world).await;
    assert_eq!((left.held, left.free()), (ROWS * PRICE, PRICE - 1));
    sound(world).await;
    // Asked again under the same names, those who have one have it, and nobody gets a second.
    for (n, first) in answers.iter().enumerate() {
        let answer = world.there.hold(&hold(world, n, PRICE)).await.unwrap();
        assert_eq!(answer == Held::Held, *first == Held::Held, "{n}");
    }
    assert_eq!(balance(world).await, left);
}

pub async fn b28_a_request_that_died_with_its_hold_is_given_up_when_the_log_was_read_beyond_its_end(world: &World) {
    pay_in(world, 3 * PRICE).await;
    let (log, [poster, other]) = new_posters(world);
    for n in 0..3 {
        assert_eq!(world.here.hold(&hold(world, n, PRICE)).await.unwrap(), Held::Held);
    }
    // One died before its intent, one after it, one was answered: its outcome is in the log and not yet posted.
    log.put(leaf(Kind::Intent, 1, 0, Class::Private));
    log.put(leaf(Kind::Intent, 2, 0, Class::Private));
    log.put(leaf(Kind::Outcome, 2, PRICE, Class::Private));
    world.clock.advance(60);
    assert_eq!(poster.catch_up().await.unwrap(), 0, "their time is not over");
    assert_eq!(balance(world).await, Balance { debits: PRICE, credits: 3 * PRICE, held: 2 * PRICE });
    world.clock.advance_us(1);
    let [here, there] = [poster.catch_up().await.unwrap(), other.catch_up().await.unwrap()];
    assert_eq!((here, there), (2, 0));
    assert_eq!(balance(world).await, Balance { debits: PRICE, credits: 3 * PRICE, held: 0 });
    sound(world).await;
}

pub async fn b28_holds_and_postings_at_once_never_take_a_wallet_below_nothing(world: &World) {
    const ROWS: i64 = 11;
    pay_in(world, ROWS * PRICE).await;
    let (log, posters) = new_posters(world);
    let posters = Arc::new(posters);
    let holds: Vec<Hold> = (0..48).map(|n| hold(world, n, 2 * PRICE)).collect();
    let served = world.at_once(48, {
        let log = Arc::clone(&log);
        move |store, n| {
            let (hold, log, posters) = (holds[n].clone(), Arc::clone(&log), Arc::clone(&posters));
            async move {
                let served = store.hold(&hold).await.unwrap() == Held::Held;
                if served {
                    log.put(leaf(Kind::Outcome, n, PRICE, Class::Private));
                    store.settle(&hold.request, PRICE).await.unwrap();
                }
                posters[n % 2].catch_up().await.unwrap();
                let now = store.balance(&hold.agency).await.unwrap();
                assert!(now.free() >= 0, "{now:?}");
                served
            }
        }
    });
    let served: i64 = served.await.into_iter().map(i64::from).sum();
    let left = balance(world).await;
    let spent = served * PRICE;
    assert_eq!(left, Balance { debits: spent, credits: ROWS * PRICE, held: 0 });
    assert!(served >= ROWS / 2, "{served}");
    sound(world).await;
}

pub async fn b29_what_is_given_is_rated_in_full_and_offset(world: &World) {
    let (log, [poster, _]) = new_posters(world);
    log.put(leaf(Kind::Outcome, 0, PRICE, Class::GratisPrivate));
    log.put(leaf(Kind::Outcome, 1, PRICE, Class::GratisGovernment));
    log.put(leaf(Kind::Outcome, 2, 7, Class::Private));
    poster.catch_up().await.unwrap();
    let books = sound(world).await;
    let of = |name: &str| books.accounts[name];
    assert_eq!(of("given/bank-indus"), Balance { debits: 2 * PRICE, credits: 0, held: 0 }, "the value is known");
    assert_eq!(of("revenue/private").credits, PRICE + 7);
    assert_eq!(of("revenue/government").credits, PRICE);
    assert_eq!(of("agency/bank-indus").free(), -7, "and only what is not given is owed");
}

pub async fn b33_each_range_of_the_log_is_posted_once_whoever_posts_it(world: &World) {
    let (log, posters) = new_posters(world);
    let posters = Arc::new(posters);
    let mut rated = 0;
    for round in 0..6 {
        for n in 0..5 {
            let amount = 1 + i64::try_from(round * 5 + n).unwrap();
            rated += amount;
            log.put(leaf(if n == 0 { Kind::Part } else { Kind::Outcome }, round * 5 + n, amount, Class::Private));
            log.put(leaf(Kind::Refused, 900 + n, 0, Class::Private));
        }
        let all = Arc::clone(&posters);
        world
            .at_once(8, move |_, n| {
                let all = Arc::clone(&all);
                async move { all[n % 2].catch_up().await.unwrap() }
            })
            .await;
        let books = sound(world).await;
        assert_eq!(books.accounts["revenue/private"].credits, rated, "the ledger is what the leaves were rated at");
    }
    assert_eq!(world.here.posted("node-1").await.unwrap(), 60);
    assert!(!world.here.post("node-1", (0, 60), &Batch::default()).await.unwrap());
    assert!(!world.here.post("node-1", (59, 61), &Batch::default()).await.unwrap());
    assert!(world.here.post("node-2", (0, 1), &Batch::default()).await.unwrap(), "each node has its own log");
}

pub async fn b33_the_books_say_when_somebody_changed_them(world: &World) {
    pay_in(world, PRICE).await;
    assert_eq!(world.here.hold(&hold(world, 0, 5)).await.unwrap(), Held::Held);
    sound(world).await;
    for (harm, back) in [
        (
            "UPDATE ledger_account SET credits = credits + 1 WHERE name = 'agency/bank-indus'",
            "UPDATE ledger_account SET credits = credits - 1 WHERE name = 'agency/bank-indus'",
        ),
        (
            "UPDATE ledger_account SET held = 4",
            "UPDATE ledger_account SET held = CASE WHEN name = 'bank' THEN 0 ELSE 5 END",
        ),
        ("UPDATE ledger_entry SET amount = amount - 1", "UPDATE ledger_entry SET amount = amount + 1"),
        ("UPDATE ledger_entry SET credit = 'agency/another'", "UPDATE ledger_entry SET credit = 'agency/bank-indus'"),
        ("UPDATE ledger_hold SET amount = 6", "UPDATE ledger_hold SET amount = 5"),
    ] {
        world.meddle(harm).await.unwrap();
        assert!(world.there.books().await.unwrap().fault().is_some(), "{harm}");
        world.meddle(back).await.unwrap();
        sound(world).await;
    }
    // And the tables keep what they can themselves.
    for harm in [
        "UPDATE ledger_account SET held = -1",
        "UPDATE ledger_entry SET amount = 0",
        "UPDATE ledger_entry SET credit = debit",
        "INSERT INTO ledger_entry SELECT * FROM ledger_entry",
    ] {
        assert!(world.meddle(harm).await.is_err(), "{harm}");
    }
}

pub async fn a_hold_is_lowered_put_off_and_ended(world: &World) {
    pay_in(world, 100).await;
    let held = async || balance(world).await.held;
    assert_eq!(world.here.hold(&hold(world, 0, 80)).await.unwrap(), Held::Held);
    assert_eq!(world.there.hold(&hold(world, 1, 30)).await.unwrap(), Held::Short(20));
    world.there.settle(&request(0), 90).await.unwrap();
    assert_eq!(held().await, 80, "never raised");
    world.there.settle(&request(0), 30).await.unwrap();
    assert_eq!(held().await, 30);
    assert_eq!(world.there.hold(&hold(world, 1, 70)).await.unwrap(), Held::Held);
    let later = world.clock.now().plus_seconds(600);
    assert!(world.there.put_off(&request(1), later).await.unwrap());
    assert!(!world.there.put_off(&request(7), later).await.unwrap());
    let (_, [poster, _]) = new_posters(world);
    world.clock.advance(61);
    assert_eq!(poster.catch_up().await.unwrap(), 1, "the other was put off");
    assert_eq!(held().await, 70);
    for _ in 0..2 {
        world.here.settle(&request(1), 0).await.unwrap();
        assert_eq!(held().await, 0);
    }
    let credit = Hold { limit: 50, ..hold(world, 9, 150) };
    assert_eq!(world.here.hold(&Hold { amount: 151, ..credit.clone() }).await.unwrap(), Held::Short(150));
    assert_eq!(world.here.hold(&credit).await.unwrap(), Held::Held, "up to its limit an agency may owe");
    sound(world).await;
}

pub async fn money_that_came_in_is_in_the_books_once_under_its_reference(world: &World) {
    pay_in(world, 100).await;
    let bank = world.bank.clone();
    let paid = world.at_once(12, move |store, _| {
        let bank = bank.clone();
        async move { store.top_up(&bank, 7, "r-1").await }
    });
    let new = paid.await.into_iter().filter(|answer| matches!(answer, Ok(true))).count();
    assert_eq!((new, balance(world).await.free()), (1, 107));
    assert!(!world.here.top_up(&world.bank, 7, "r-1").await.unwrap(), "told again, it is there already");
    let told = |error: adapters::sql::control::TopUpError| error.to_string();
    assert!(told(world.here.top_up(&world.bank, 8, "r-1").await.unwrap_err()).contains("in the books already"));
    assert!(told(world.here.top_up(&world.bank, 0, "r-2").await.unwrap_err()).contains("above 0"));
    let nobody = AgencyId::parse("nobody").unwrap();
    assert!(told(world.here.top_up(&nobody, 1, "r-3").await.unwrap_err()).contains("not in the directory"));
    assert_eq!(balance(world).await.free(), 107);
    sound(world).await;
}

pub async fn a_ledger_ahead_of_its_log_posts_nothing(world: &World) {
    let (log, [poster, _]) = new_posters(world);
    log.put(leaf(Kind::Outcome, 0, 5, Class::Private));
    poster.catch_up().await.unwrap();
    let (shorter, [behind, _]) = new_posters(world);
    let told = behind.catch_up().await.unwrap_err();
    assert!(matches!(told, PostError::AheadOfLog { posted: 1, durable: 0 }), "{told}");
    // An entry that cannot be read stops the ledger in front of it.
    shorter.put(leaf(Kind::Outcome, 0, 5, Class::Private));
    shorter.0.lock().unwrap().push(StoredEntry { sequence: 1, leaf: vec![1, 2, 3], side: Vec::new() });
    assert!(matches!(behind.catch_up().await.unwrap_err(), PostError::Unreadable(1)));
    assert_eq!(world.here.posted("node-1").await.unwrap(), 1);
}

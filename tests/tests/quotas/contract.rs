//! The contract of shared quotas, of the memory and of Redis by the same tests; then what only a server can do wrong.

use std::{sync::Arc, time::Duration};

use adapters::quotas::{MemoryQuotas, RedisQuotas};
use exchange::{ids::AgencyId, ports::shared_quotas::SharedQuotas};
use tests::redis::Redis;

/// Patience with a server on a busy host; the product's own is shorter.
const PATIENCE: Duration = Duration::from_secs(20);

/// Some second.
const SECOND: i64 = 1_795_340_000;

fn agency(name: &str) -> AgencyId {
    AgencyId::parse(name).unwrap()
}

/// Several connections to one store, as several nodes have them.
struct Stores {
    each: Vec<Arc<dyn SharedQuotas>>,
    memory: Option<MemoryQuotas>,
    redis: Option<Redis>,
}

impl Stores {
    fn in_memory() -> Self {
        let memory = MemoryQuotas::default();
        let each = (0..3).map(|_| Arc::new(memory.clone()) as Arc<dyn SharedQuotas>).collect();
        Self { each, memory: Some(memory), redis: None }
    }

    async fn in_redis() -> Self {
        let redis = Redis::start().await.unwrap();
        let mut each: Vec<Arc<dyn SharedQuotas>> = Vec::new();
        for _ in 0..3 {
            let quotas = RedisQuotas::new(&redis.url(), PATIENCE).unwrap();
            quotas.look().await.unwrap();
            each.push(Arc::new(quotas));
        }
        Self { each, memory: None, redis: Some(redis) }
    }

    fn forget(&self) {
        self.memory.iter().for_each(MemoryQuotas::forget);
        self.redis.iter().for_each(|redis| assert_eq!(redis.ask("FLUSHALL").unwrap(), ["OK"]));
    }

    async fn lease(&self, store: usize, name: &str, second: i64, wanted: u32, pool: u32) -> u32 {
        self.each[store].lease(&agency(name), second, wanted, pool).await.unwrap()
    }
}

async fn of_all_who_race_the_pool_is_given_once(stores: &Stores) {
    let leasing: Vec<_> = (0..60)
        .map(|n| {
            let store = Arc::clone(&stores.each[n % 3]);
            tokio::spawn(async move { store.lease(&agency("racing"), SECOND, 7, 200).await.unwrap() })
        })
        .collect();
    let mut given = Vec::new();
    for each in leasing {
        given.push(each.await.unwrap());
    }
    assert_eq!(given.iter().sum::<u32>(), 200);
    assert_eq!(given.iter().filter(|given| (1..7).contains(*given)).count(), 1, "one got what was left");
}

async fn what_is_left_is_given_and_then_nothing(stores: &Stores) {
    let mut given = Vec::new();
    for n in 0..5 {
        given.push(stores.lease(n % 3, "left", SECOND, 4, 10).await);
    }
    assert_eq!(given, [4, 4, 2, 0, 0]);
    assert_eq!(stores.lease(0, "left", SECOND, 5, 12).await, 2, "a larger pool has what is larger in it");
    assert_eq!(stores.lease(0, "left", SECOND, 5, 3).await, 0, "a smaller one takes nothing back");
    assert_eq!(stores.lease(0, "none", SECOND, 5, 0).await, 0);
    assert_eq!(stores.lease(0, "none", SECOND, 0, 5).await, 0);
}

async fn agencies_and_seconds_do_not_meet(stores: &Stores) {
    for name in ["apart", "apart-2", "apart.2"] {
        for second in [SECOND, SECOND + 1, SECOND - 1] {
            assert_eq!(stores.lease(0, name, second, 9, 5).await, 5, "{name} {second}");
            assert_eq!(stores.lease(1, name, second, 9, 5).await, 0, "{name} {second}");
        }
    }
}

async fn what_is_forgotten_is_given_once_more(stores: &Stores) {
    assert_eq!(stores.lease(0, "forgotten", SECOND, 9, 5).await, 5);
    stores.forget();
    assert_eq!(stores.lease(1, "forgotten", SECOND, 9, 5).await, 5);
    assert_eq!(stores.lease(2, "forgotten", SECOND, 9, 5).await, 0);
}

async fn keeps_every_promise(stores: &Stores) {
    of_all_who_race_the_pool_is_given_once(stores).await;
    what_is_left_is_given_and_then_nothing(stores).await;
    agencies_and_seconds_do_not_meet(stores).await;
    what_is_forgotten_is_given_once_more(stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_every_promise() {
    keeps_every_promise(&Stores::in_memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_every_promise() {
    keeps_every_promise(&Stores::in_redis().await).await;
}

#[tokio::test]
async fn b31_redis_holds_counters_that_end_by_themselves_and_nothing_else() {
    let stores = Stores::in_redis().await;
    stores.lease(0, "bank-indus", SECOND, 7, 200).await;
    stores.lease(1, "bank-indus", SECOND, 7, 200).await;
    let redis = stores.redis.as_ref().unwrap();
    let mut keys = redis.ask("KEYS *").unwrap();
    keys.sort();
    assert_eq!(keys, ["ijazat:quota:looked".to_owned(), format!("ijazat:quota:{{bank-indus}}:{SECOND}")]);
    assert_eq!(redis.ask(&format!("GET {}", keys[1])).unwrap(), ["14"]);
    for key in &keys {
        let left: i64 = redis.ask(&format!("PTTL {key}")).unwrap()[0].parse().unwrap();
        assert!((1..=10_000).contains(&left), "{key} ends in {left} ms");
    }
}

#[tokio::test]
async fn a_redis_that_is_gone_frozen_or_nonsense_is_away_and_comes_back_by_a_look() {
    let mut stores = Stores::in_redis().await;
    let bank = agency("bank-indus");
    let redis = stores.redis.as_mut().unwrap();
    let quotas = RedisQuotas::new(&redis.url(), Duration::from_millis(20)).unwrap();
    let lease = async || quotas.lease(&bank, SECOND, 7, 200).await;
    assert!(lease().await.is_err(), "nothing is connected for a request");
    redis.freeze(true).unwrap();
    assert!(quotas.look().await.is_err(), "frozen");
    redis.freeze(false).unwrap();
    tests::world::until("Redis goes on", async || quotas.look().await.is_ok()).await.unwrap();
    redis.freeze(true).unwrap();
    assert_eq!(lease().await.unwrap_err().to_string(), "the shared quotas are away: no answer in 20 ms");
    assert_eq!(lease().await.unwrap_err().to_string(), "the shared quotas are away: not connected");
    redis.kill();
    assert!(quotas.look().await.is_err() && lease().await.is_err());
    redis.start_again().await.unwrap();
    assert!(lease().await.is_err(), "a look comes first");
    let quotas = RedisQuotas::new(&redis.url(), PATIENCE).unwrap();
    quotas.look().await.unwrap();
    assert_eq!(quotas.lease(&bank, SECOND, 7, 200).await, Ok(7));
    // Whoever holds Redis can write anything into it.
    let key = RedisQuotas::key(&bank, SECOND + 1);
    for (nonsense, outcome) in [("RPUSH {key} a", None), ("SET {key} many", Some(7)), ("SET {key} -50", Some(7))] {
        redis.ask(&format!("DEL {key}")).unwrap();
        redis.ask(&nonsense.replace("{key}", &key)).unwrap();
        quotas.look().await.unwrap();
        assert_eq!(quotas.lease(&bank, SECOND + 1, 7, 200).await.ok(), outcome, "{nonsense}");
    }
    redis.ask("CONFIG SET maxmemory 1").unwrap();
    quotas.look().await.expect_err("a store that is full gives no leases");
}

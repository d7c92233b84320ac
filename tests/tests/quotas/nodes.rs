//! Behaviour 31: three nodes over one Redis, each as a gateway has it, hammered at once. In every window the sum of what they
//! grant is within the bound of [`exchange::quota`], also while Redis is killed, empty again, or cut off from some of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use adapters::{clock::ManualClock, quotas::RedisQuotas};
use exchange::{ids::AgencyId, quota::Split, timestamp::Timestamp};
use gateway::{observe::metrics::Metrics, phases::shared::SharedQuota};
use tests::redis::Redis;

/// Patience with a server on a busy host; the product's own is shorter.
const PATIENCE: Duration = Duration::from_secs(20);

/// Requests a second of the agency: 100 of each node's own, 200 alone, 300 by lease.
const QUOTA: u32 = 600;

const NODES: usize = 3;

/// Requests at each node, more than the whole quota.
const SENT: u32 = 700;

/// Three nodes and a Redis.
struct Nodes {
    redis: Redis,
    clock: ManualClock,
    each: Vec<Arc<SharedQuota>>,
    metrics: Vec<Arc<Metrics>>,
}

impl Nodes {
    async fn start() -> Self {
        let redis = Redis::start().await.unwrap();
        let clock = ManualClock::new(Timestamp::from_micros(1_795_340_000_000_000));
        let metrics: Vec<_> = (0..NODES).map(|_| Arc::new(Metrics::new().unwrap())).collect();
        let node = |metrics: &Arc<Metrics>| {
            let quotas = Arc::new(RedisQuotas::new(&redis.url(), PATIENCE).unwrap());
            let nodes = (u32::try_from(NODES).unwrap(), PATIENCE);
            Arc::new(SharedQuota::new(quotas, nodes, Arc::new(clock.clone()), Arc::clone(metrics)))
        };
        let each = metrics.iter().map(node).collect();
        let nodes = Self { redis, clock, each, metrics };
        nodes.next_window().await;
        nodes
    }

    /// Every node looks, as each does once a second; then the next second begins.
    async fn next_window(&self) {
        for node in &self.each {
            node.look().await;
        }
        self.clock.advance(1);
    }

    fn away(&self) -> Vec<i64> {
        self.metrics.iter().map(|metrics| metrics.shared_quota_away.get()).collect()
    }

    /// Hammers these nodes at once, four clients each, and counts what all grant in this window. When the count passes the
    /// mark, `then` happens, while requests go on.
    async fn hammered(&mut self, which: &[usize], mark: u32, then: impl FnOnce(&mut Redis)) -> u32 {
        let granted = Arc::new(AtomicU32::new(0));
        let hammering: Vec<_> = which
            .iter()
            .flat_map(|node| std::iter::repeat_n(Arc::clone(&self.each[*node]), 4))
            .map(|node| {
                let granted = Arc::clone(&granted);
                let agency = AgencyId::parse("bank-indus").unwrap();
                tokio::spawn(async move {
                    for _ in 0..SENT / 4 {
                        if node.take(&agency, QUOTA).await.is_ok() {
                            granted.fetch_add(1, Ordering::SeqCst);
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        while granted.load(Ordering::SeqCst) < mark && hammering.iter().any(|each| !each.is_finished()) {
            tokio::task::yield_now().await;
        }
        then(&mut self.redis);
        for each in hammering {
            each.await.unwrap();
        }
        granted.load(Ordering::SeqCst)
    }

    async fn sum(&mut self) -> u32 {
        self.hammered(&[0, 1, 2], 0, |_| ()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b31_three_nodes_on_redis_grant_the_quota_in_every_window_and_a_busy_one_most_of_it() {
    let mut nodes = Nodes::start().await;
    for window in 0..5 {
        assert_eq!(nodes.sum().await, QUOTA, "window {window}");
        nodes.next_window().await;
    }
    assert_eq!(nodes.hammered(&[1], 0, |_| ()).await, 400, "its own and the whole pool");
    assert_eq!(nodes.hammered(&[0, 2], 0, |_| ()).await, 200, "what is the others' own waits for them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b31_redis_killed_in_a_window_the_sum_stays_within_the_quota_and_afterwards_each_has_its_share() {
    let mut nodes = Nodes::start().await;
    for mark in [0, 150, 320, 599] {
        let sum = nodes.hammered(&[0, 1, 2], mark, Redis::kill).await;
        assert!((300..=QUOTA).contains(&sum), "killed after {mark}: {sum}");
        nodes.next_window().await;
        assert_eq!(nodes.away(), [1, 1, 1]);
        for window in 0..3 {
            assert_eq!(nodes.sum().await, QUOTA, "window {window}: three shares");
            nodes.next_window().await;
        }
        assert_eq!(nodes.hammered(&[2], 0, |_| ()).await, 200, "never unlimited: one share");
        nodes.redis.start_again().await.unwrap();
        nodes.next_window().await;
        assert_eq!(nodes.away(), [0, 0, 0]);
        assert_eq!(nodes.hammered(&[2], 0, |_| ()).await, 400, "back: it leases again");
        assert_eq!(nodes.hammered(&[0, 1], 0, |_| ()).await, 200);
        nodes.next_window().await;
        assert_eq!(nodes.sum().await, QUOTA, "converged");
        nodes.next_window().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b31_flushall_in_a_window_gives_the_pool_once_more_and_only_in_that_window() {
    let mut nodes = Nodes::start().await;
    let pool = Split::of(QUOTA, 3).pool;
    for mark in [150, 450, 599] {
        let flush = |redis: &mut Redis| assert_eq!(redis.ask("FLUSHALL").unwrap(), ["OK"]);
        let sum = nodes.hammered(&[0, 1, 2], mark, flush).await;
        assert!((QUOTA..=QUOTA + pool).contains(&sum), "emptied after {mark}: {sum}");
        nodes.next_window().await;
        assert_eq!(nodes.sum().await, QUOTA, "the next window");
        nodes.next_window().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b31_killed_and_back_within_one_window_it_has_only_forgotten() {
    let mut nodes = Nodes::start().await;
    let pool = Split::of(QUOTA, 3).pool;
    let before = nodes.hammered(&[0], 0, |_| ()).await;
    nodes.redis.kill();
    nodes.redis.start_again().await.unwrap();
    let sum = before + nodes.sum().await;
    assert!(sum <= QUOTA + pool, "{sum}");
    nodes.next_window().await;
    // Those who met the broken connection keep to their share for one window; those who did not lease.
    let sum = nodes.sum().await;
    assert!(sum <= QUOTA + QUOTA / 3, "{sum}");
    nodes.next_window().await;
    nodes.next_window().await;
    assert_eq!(nodes.sum().await, QUOTA, "converged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b31_a_frozen_redis_is_waited_for_once() {
    let nodes = Nodes::start().await;
    let quotas = Arc::new(RedisQuotas::new(&nodes.redis.url(), Duration::from_millis(20)).unwrap());
    let metrics = Arc::new(Metrics::new().unwrap());
    let clock = Arc::new(nodes.clock.clone());
    let node = SharedQuota::new(quotas, (3, PATIENCE), clock, Arc::clone(&metrics));
    tests::world::until("the node found Redis", async || {
        node.look().await;
        metrics.shared_quota_away.get() == 0
    })
    .await
    .unwrap();
    nodes.clock.advance(1);
    nodes.redis.freeze(true).unwrap();
    let agency = AgencyId::parse("bank-indus").unwrap();
    let mut granted = 0;
    for _ in 0..SENT {
        granted += u32::from(node.take(&agency, QUOTA).await.is_ok());
    }
    let asked = |outcome: &str| metrics.shared_quota_leases.with_label_values(&[outcome]).get();
    assert_eq!((granted, asked("failed"), asked("leased")), (100, 1, 0), "its own, after one wait");
    nodes.redis.freeze(false).unwrap();
}

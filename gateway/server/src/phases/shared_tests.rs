//! A node among several over the store in memory: what it grants when the store answers, falls silent, forgets, comes back.

use adapters::{clock::ManualClock, quotas::MemoryQuotas};
use exchange::timestamp::Timestamp;

use super::*;

/// Requests a second of the agency: 100 of each of three nodes' own, 200 alone, 300 by lease.
const QUOTA: u32 = 600;

struct Nodes {
    store: MemoryQuotas,
    clock: ManualClock,
    metrics: Vec<Arc<Metrics>>,
    each: Vec<SharedQuota>,
    agency: AgencyId,
}

impl Nodes {
    /// Three nodes that found the store answering, at the beginning of a window.
    async fn three() -> Self {
        let (store, clock) = (MemoryQuotas::default(), ManualClock::new(Timestamp::from_micros(1_795_340_000_000_000)));
        let metrics: Vec<_> = (0..3).map(|_| Arc::new(Metrics::new().unwrap())).collect();
        let node = |metrics: &Arc<Metrics>| {
            let patience = Duration::from_mins(1);
            SharedQuota::new(Arc::new(store.clone()), (3, patience), Arc::new(clock.clone()), Arc::clone(metrics))
        };
        let each = metrics.iter().map(node).collect();
        let nodes = Self { store, clock, metrics, each, agency: AgencyId::parse("bank-indus").unwrap() };
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

    /// How many of so many requests a node grants.
    async fn granted(&self, node: usize, sent: u32) -> u32 {
        let mut granted = 0;
        for _ in 0..sent {
            granted += u32::from(self.each[node].take(&self.agency, QUOTA).await.is_ok());
        }
        granted
    }

    /// What three nodes that take turns grant of far more than there is.
    async fn sum(&self) -> u32 {
        let mut sum = 0;
        for _ in 0..2 * QUOTA {
            for node in 0..self.each.len() {
                sum += self.granted(node, 1).await;
            }
        }
        sum
    }
}

#[tokio::test]
async fn b31_three_nodes_together_grant_the_quota_whoever_is_asked() {
    let nodes = Nodes::three().await;
    assert_eq!(nodes.sum().await, QUOTA);
    nodes.next_window().await;
    assert_eq!(nodes.granted(0, QUOTA).await, 400, "its own and the whole pool");
    assert_eq!(nodes.granted(1, QUOTA).await, 100, "its own is nobody else's");
    assert_eq!(nodes.granted(2, QUOTA).await, 100);
}

#[tokio::test]
async fn b31_a_store_that_falls_silent_adds_nothing_and_each_node_goes_on_with_its_share() {
    let nodes = Nodes::three().await;
    assert_eq!(nodes.granted(0, 250).await, 250);
    nodes.store.fall_silent(true);
    assert!(250 + nodes.sum().await <= QUOTA, "in the window in which it fell silent");
    nodes.next_window().await;
    for _ in 0..3 {
        assert_eq!(nodes.sum().await, QUOTA, "three shares");
        nodes.next_window().await;
    }
    assert_eq!(nodes.granted(0, QUOTA).await, 200, "one share");
    nodes.store.fall_silent(false);
    // In the window in which it comes back nobody knows of it yet.
    assert_eq!(nodes.granted(0, QUOTA).await, 0);
    nodes.next_window().await;
    assert_eq!(nodes.granted(0, QUOTA).await, 400);
    assert_eq!(nodes.sum().await, 200);
}

#[tokio::test]
async fn b31_a_silent_store_is_asked_once_and_the_number_for_operators_says_so() {
    let nodes = Nodes::three().await;
    let away = |node: usize| nodes.metrics[node].shared_quota_away.get();
    let failed = |node: usize| nodes.metrics[node].shared_quota_leases.with_label_values(&["failed"]).get();
    assert_eq!(away(0), 0);
    nodes.store.fall_silent(true);
    assert_eq!(nodes.granted(0, QUOTA).await, 100);
    assert_eq!((failed(0), away(0), away(1)), (1, 1, 0));
    let other = AgencyId::parse("telco-nine").unwrap();
    for _ in 0..QUOTA {
        let _ = nodes.each[0].take(&other, QUOTA).await;
    }
    nodes.next_window().await;
    nodes.granted(0, QUOTA).await;
    assert_eq!(failed(0), 1, "nobody asks before a look finds it answering");
    nodes.store.fall_silent(false);
    nodes.next_window().await;
    assert_eq!(away(0), 0);
    nodes.granted(0, QUOTA).await;
    let count = |outcome: &str| nodes.metrics[0].shared_quota_leases.with_label_values(&[outcome]).get();
    assert!((16..20).contains(&count("leased")), "{}", count("leased"));
    assert_eq!((failed(0), count("none_left")), (1, 0), "less than was asked is the last");
}

#[tokio::test]
async fn b31_what_the_store_forgets_is_leased_once_more_and_not_twice() {
    let nodes = Nodes::three().await;
    assert_eq!(nodes.granted(0, QUOTA).await, 400);
    nodes.store.forget();
    assert_eq!(nodes.granted(0, QUOTA).await, 0, "who had the whole pool has no more");
    assert_eq!(nodes.sum().await, 200 + 300);
    nodes.next_window().await;
    assert_eq!(nodes.sum().await, QUOTA);
}

#[tokio::test]
async fn b31_one_node_that_is_cut_off_takes_no_more_than_its_share_beyond() {
    let nodes = Nodes::three().await;
    nodes.store.fall_silent(true);
    nodes.each[0].look().await;
    nodes.store.fall_silent(false);
    nodes.clock.advance(1);
    let sum = nodes.sum().await;
    assert!((QUOTA..=QUOTA + QUOTA / 3).contains(&sum), "{sum}");
}

#[tokio::test]
async fn a_clock_that_is_set_back_shuts_nobody_out_and_one_that_is_corrected_grants_nothing_twice() {
    let nodes = Nodes::three().await;
    assert_eq!(nodes.sum().await, QUOTA);
    nodes.clock.advance(-1);
    assert_eq!(nodes.sum().await, 0);
    nodes.clock.advance(-3_600);
    assert_eq!(nodes.sum().await, QUOTA);
    nodes.store.fall_silent(true);
    nodes.next_window().await;
    nodes.store.fall_silent(false);
    nodes.clock.advance(-7_200);
    nodes.next_window().await;
    assert_eq!(nodes.sum().await, QUOTA, "nor does a store wait for a window that was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_requests_are_granted_what_there_is_and_lease_one_after_another() {
    let nodes = Arc::new(Nodes::three().await);
    let racing: Vec<_> = (0..12)
        .map(|n| {
            let nodes = Arc::clone(&nodes);
            tokio::spawn(async move { nodes.granted(n % 3, 100).await })
        })
        .collect();
    let mut sum = 0;
    for each in racing {
        sum += each.await.unwrap();
    }
    assert_eq!(sum, QUOTA, "1200 requests for 600 places");
}

#[tokio::test]
async fn b32_what_is_told_to_be_left_is_left_whatever_others_lease_and_whatever_the_store_does() {
    let nodes = Nodes::three().await;
    let mut random = 1_u64;
    let mut below = move |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    let (mut told, mut quiet) = (1, 0);
    for _ in 0..4_000 {
        // Others lease, the store goes and comes, everything forgets.
        match below(40) {
            0 => nodes.store.fall_silent(true),
            1 | 2 => nodes.store.fall_silent(false),
            3 => nodes.store.forget(),
            4 => drop(nodes.granted(1, u32::try_from(below(500)).unwrap()).await),
            5 => nodes.each[0].look().await,
            _ => {}
        }
        // What was told holds for a second; within it a second begins at most once.
        let within = if told == 0 { 0 } else { below(u64::from(told) + 1).min(30) };
        let turn = below(within + 1);
        for n in 0..within {
            if n == turn && below(3) == 0 {
                nodes.next_window().await;
            }
            let left = nodes.each[0].take(&nodes.agency, QUOTA).await;
            assert!(left.is_ok(), "{n} of {told} that were told to be left");
            told = left.unwrap();
        }
        if told == 0 {
            quiet += 1;
            nodes.next_window().await;
            told = nodes.each[0].take(&nodes.agency, QUOTA).await.expect("after a second there is one");
        }
    }
    assert!(quiet > 10, "the quota was used up, {quiet} times");
}

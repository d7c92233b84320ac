//! One quota among several nodes: who may grant how much in one window without asking, and how much only by lease. Pure.
//!
//! A window is one second. Of a quota of `q` requests, each of `N` nodes has `own` that it grants without asking anyone; the
//! rest, `pool`, stands in a store that all share ([`crate::ports::shared_quotas`]) and is leased in chunks. A node that the
//! store did not answer before a window began grants `alone` in it and leases nothing.
//!
//! # The bound, in any one window
//! `alone = ⌊q/N⌋`, `own = min(alone, ⌈(q − ⌊q/max(2, N−1)⌋)/N⌉)`, `pool = q − N·own`; `alone` and `own` are at least 1.
//!
//! 1. *The store answers everyone, or has answered no one since before the window:* at most **q**. `N·own + pool = q`, and
//!    `N·alone ≤ q`. A store that dies within the window takes back nothing and gives nothing more: the same sum.
//! 2. *It answers some nodes and not others* (a cut network; a first window, of the node or of the store): at most **q + q/N**, the
//!    quota and one node's share. With `k` nodes alone, `1 ≤ k ≤ N−1`, the sum is at most
//!    `k·alone + (N−k)·own + pool = q + k·(alone − own)`, and `alone − own ≤ ⌊q/max(2, N−1)⌋/N ≤ q/((N−1)·N)` for `N ≥ 3`,
//!    `≤ q/4` for `N = 2`.
//! 3. *It forgets within the window* (FLUSHALL, a restart without its data): what was leased before may be leased once more,
//!    so `pool` more than above for each time it forgets, and never more than `own + pool` at any one node.
//! 4. *`q < N`:* each node grants 1, so that no agency is shut out by where it connects: at most **N** in the place of `q`.
//! 5. *The quota is changed by the directory:* each node counts anew, as its own counter does.
//!
//! Never more than `N` times what a node alone would grant without any sharing: the node's own counter of `q` stands before.
//! As the nodes' clocks name the windows, a node whose clock is off leases from another window than the rest at the same
//! instant; each window keeps its bound.

/// What one node may grant of one quota in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Without asking, while the store answers.
    pub own: u32,
    /// Without asking, when the store did not answer before the window began.
    pub alone: u32,
    /// All nodes together by lease.
    pub pool: u32,
    /// One lease.
    pub chunk: u32,
}

/// Leases that the pool of one window makes: fewer, and an idle node keeps much from a busy one; more, and the store is
/// asked more often than it saves.
const LEASES: u32 = 16;

impl Split {
    /// Splits a quota among nodes.
    #[must_use]
    pub fn of(quota: u32, nodes: u32) -> Self {
        let (quota, nodes) = (quota.max(1), nodes.max(1));
        let alone = (quota / nodes).max(1);
        let kept = quota - quota / nodes.saturating_sub(1).max(2);
        let own = kept.div_ceil(nodes).clamp(1, alone);
        let pool = quota.saturating_sub(own.saturating_mul(nodes));
        // Two: one for the request that waits, and one for it to be told of.
        let chunk = pool.div_ceil(LEASES).clamp(2, pool.max(2));
        Self { own, alone, pool, chunk }
    }
}

/// Whether the store can be leased from in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It answers.
    Here,
    /// It fell silent in this window, of which other nodes may hold leases: nothing more is leased.
    Lost,
    /// It was silent before this window began.
    Away,
}

/// What one node has left of one quota in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    second: i64,
    split: Split,
    left: u32,
    /// What may still be leased, as far as this node knows.
    leasable: u32,
}

/// Seconds that a clock may be corrected backwards without a new window beginning; beyond them it was set.
pub const CORRECTED_S_MAX: i64 = 2;

impl Window {
    /// The window of this second, nothing of it granted.
    #[must_use]
    pub fn begin(second: i64, split: Split, reach: Reach) -> Self {
        let (left, leasable) = match reach {
            Reach::Here => (split.own, split.pool),
            Reach::Lost => (split.own, 0),
            Reach::Away => (split.alone, 0),
        };
        Self { second, split, left, leasable }
    }

    /// Goes on to the window of `now`, if that is another. A clock that is corrected a little backwards stays in the window
    /// that it was in, so that no second is granted twice.
    pub fn go_on(&mut self, now: i64, split: Split, reach: Reach) {
        let back = self.second.saturating_sub(now);
        if !(0..=CORRECTED_S_MAX).contains(&back) || self.split != split {
            *self = Self::begin(now, split, reach);
        }
    }

    /// Grants one request; `false` if nothing is left here.
    pub fn take(&mut self) -> bool {
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }

    /// How much to lease now: nothing while something is left, or when all is leased.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        if self.left > 0 { 0 } else { self.split.chunk.min(self.leasable) }
    }

    /// Which window a lease is for.
    #[must_use]
    pub fn second(&self) -> i64 {
        self.second
    }

    /// Adds what was leased for a window. What comes when that window is over is lost; less than was asked is the last.
    pub fn leased(&mut self, second: i64, asked: u32, got: u32) {
        if second != self.second {
            return;
        }
        // No store is believed to give more than was asked.
        let got = got.min(asked).min(self.leasable);
        self.left = self.left.saturating_add(got);
        self.leasable = if got < asked { 0 } else { self.leasable - got };
    }

    /// Leases nothing more in this window.
    pub fn lose(&mut self, second: i64) {
        if second == self.second {
            self.leasable = 0;
        }
    }

    /// Requests that this node grants for certain from now on, however the windows fall: no more than it has now, and no more
    /// than the next window begins with.
    #[must_use]
    pub fn certain(&self) -> u32 {
        self.left.min(self.split.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every quota up to 600, and some large ones, among up to 12 nodes and some more.
    fn all() -> impl Iterator<Item = (u32, u32, Split)> {
        let quotas = (1..600).chain([999, 1_000, 4_096, 999_999, 1_000_000, u32::MAX]);
        let nodes = || (1..13).chain([16, 33, 64]);
        quotas.flat_map(move |quota| nodes().map(move |nodes| (quota, nodes, Split::of(quota, nodes))))
    }

    #[test]
    fn b31_all_nodes_together_grant_no_more_than_the_quota_or_one_each() {
        for (quota, nodes, split) in all() {
            let (q, n, of) = (u64::from(quota), u64::from(nodes), format!("{quota} among {nodes}: {split:?}"));
            let bound = q.max(n);
            assert!(n * u64::from(split.own) + u64::from(split.pool) <= bound, "together, {of}");
            assert!(n * u64::from(split.alone) <= bound, "alone, {of}");
            if quota >= nodes {
                assert_eq!(n * u64::from(split.own) + u64::from(split.pool), q, "nothing is lost, {of}");
                assert!(n * u64::from(split.alone) > q - n, "alone, {of}");
            }
        }
    }

    #[test]
    fn b31_nodes_that_are_cut_off_take_no_more_than_one_nodes_share_beyond() {
        for (quota, nodes, split) in all().filter(|(_, nodes, _)| *nodes > 1) {
            let (q, n) = (u64::from(quota), u64::from(nodes));
            for alone in 1..n {
                let sum = alone * u64::from(split.alone) + (n - alone) * u64::from(split.own) + u64::from(split.pool);
                assert!(sum <= q.max(n) + q / n, "{alone} of {nodes} cut off, {quota}: {split:?}");
            }
        }
    }

    #[test]
    fn every_node_gets_on_without_the_store_and_a_busy_one_gets_more_with_it() {
        for (quota, nodes, split) in all() {
            assert!(split.own >= 1 && split.alone >= split.own && split.chunk >= 1, "{quota} among {nodes}");
            assert!(split.chunk <= split.pool.max(2));
        }
        let three = Split::of(600, 3);
        assert_eq!(three, Split { own: 100, alone: 200, pool: 300, chunk: 19 });
    }

    #[test]
    fn a_window_grants_its_own_then_what_it_leased_and_no_more() {
        let split = Split { own: 2, alone: 4, pool: 5, chunk: 3 };
        let mut window = Window::begin(7, split, Reach::Here);
        assert_eq!((window.wanted(), window.certain()), (0, 2));
        assert!(window.take() && window.take() && !window.take());
        assert_eq!(window.wanted(), 3);
        window.leased(7, 3, 9);
        assert_eq!((window.left, window.certain(), window.leasable), (3, 2, 2), "no more than was asked");
        (0..3).for_each(|_| assert!(window.take()));
        assert_eq!(window.wanted(), 2, "no more than there can be");
        window.leased(7, 2, 1);
        assert!(window.take() && !window.take());
        assert_eq!(window.wanted(), 0, "less than was asked is the last");
    }

    #[test]
    fn a_lease_counts_in_its_own_window_only() {
        let split = Split { own: 1, alone: 4, pool: 5, chunk: 3 };
        let mut window = Window::begin(7, split, Reach::Here);
        assert!(window.take());
        window.go_on(8, split, Reach::Here);
        window.leased(7, 3, 3);
        assert_eq!(window.left, 1);
        window.lose(7);
        assert_eq!(window.leasable, 5);
    }

    #[test]
    fn a_second_is_granted_once_also_by_a_clock_that_is_corrected() {
        let split = Split { own: 1, alone: 4, pool: 0, chunk: 1 };
        let mut window = Window::begin(7, split, Reach::Here);
        assert!(window.take());
        for (now, fresh) in [(7, false), (6, false), (5, false), (8, true), (8, false), (5, true)] {
            window.go_on(now, split, Reach::Here);
            assert_eq!(window.take(), fresh, "{now}");
        }
    }

    #[test]
    fn who_cannot_reach_the_store_leases_nothing() {
        let split = Split { own: 1, alone: 3, pool: 5, chunk: 3 };
        for (reach, left) in [(Reach::Lost, 1), (Reach::Away, 3)] {
            let mut window = Window::begin(7, split, reach);
            (0..left).for_each(|_| assert!(window.take()));
            assert!(!window.take());
            assert_eq!(window.wanted(), 0);
        }
    }
}

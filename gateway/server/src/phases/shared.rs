//! An agency's quota among several gateways: each window, this node's own share, then leases from a store that all share.
//!
//! The bound and its derivation: [`exchange::quota`]. The store is never in the way of a request. While it answers, a request
//! that finds nothing left here waits for its turn and for one lease, [`exchange::limits::QUOTA_WAIT_MS`] at most each, and one
//! lease serves many; when it fails once, nobody asks it again before [`SharedQuota::look`], which runs beside requests every second, finds it answering,
//! and then from the next window on. Between two such looks a dead store costs nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use exchange::{
    codes::Code,
    ids::AgencyId,
    ports::{
        clock::Clock,
        shared_quotas::{QuotasAway, SharedQuotas},
    },
    quota::{CORRECTED_S_MAX, Reach, Split, Window},
    refusal::Refusal,
};

use crate::observe::metrics::Metrics;

/// What this node grants of the quotas that it shares with others.
#[derive(Debug)]
pub struct SharedQuota {
    quotas: Arc<dyn SharedQuotas>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    nodes: u32,
    wait: Duration,
    store: Mutex<Store>,
    agencies: RwLock<HashMap<AgencyId, Arc<Share>>>,
}

#[derive(Debug)]
struct Share {
    window: Mutex<Window>,
    /// Held by the one request that leases for all.
    leasing: tokio::sync::Mutex<()>,
}

/// What is known of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    /// It answers; leased from is it from this window on.
    Here { from: i64 },
    /// It fell silent in the window before this one.
    Away { from: i64 },
}

impl Store {
    fn reach(self, second: i64) -> Reach {
        match self {
            Self::Here { from } if second >= from => Reach::Here,
            Self::Away { from } if second < from => Reach::Lost,
            Self::Here { .. } | Self::Away { .. } => Reach::Away,
        }
    }

    /// Nothing waits for a window that lies far ahead: then the clock was set back.
    fn by(self, second: i64) -> Self {
        let near = |from: i64| if from.saturating_sub(second) > CORRECTED_S_MAX { second } else { from };
        match self {
            Self::Here { from } => Self::Here { from: near(from) },
            Self::Away { from } => Self::Away { from: near(from) },
        }
    }

    fn failed(self, second: i64) -> Self {
        match self.by(second) {
            Self::Here { .. } => Self::Away { from: second.saturating_add(1) },
            away @ Self::Away { .. } => away,
        }
    }

    /// In the window in which it fell silent, it stays so: others may hold leases of it.
    fn answered(self, second: i64) -> Self {
        match self.by(second) {
            Self::Away { from } if second >= from => Self::Here { from: second.saturating_add(1) },
            other => other,
        }
    }
}

impl SharedQuota {
    /// This node of so many, in which a request waits so long for its turn to lease. The store counts as away until a first look.
    #[must_use]
    pub fn new(
        quotas: Arc<dyn SharedQuotas>,
        (nodes, wait): (u32, Duration),
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.shared_quota_away.set(1);
        let store = Mutex::new(Store::Away { from: i64::MIN });
        Self { quotas, clock, metrics, nodes, wait, store, agencies: RwLock::default() }
    }

    /// Grants one request of an agency, and tells how many more this node grants for certain.
    ///
    /// # Errors
    /// `rate_limited`: neither this node nor the store has any left in this second.
    pub async fn take(&self, agency: &AgencyId, per_s: u32) -> Result<u32, Refusal> {
        let split = Split::of(per_s, self.nodes);
        let share = self.share(agency, split);
        let (mut taken, wanted) = self.take_here(&share, split);
        // Also when the last one was taken: whoever is told that something is left finds it.
        if wanted > 0 {
            taken = self.lease((agency, split), &share, taken).await;
        }
        if taken {
            Ok(share.window.lock().map_or(0, |window| window.certain()))
        } else {
            Err(Refusal::new(Code::RateLimited).retry_after(super::standing::WINDOW_S))
        }
    }

    /// Takes one of what is left here; whether there was one, and how many to lease now.
    fn take_here(&self, share: &Share, split: Split) -> (bool, u32) {
        let Ok(mut window) = share.window.lock() else { return (false, 0) };
        let now = self.now();
        window.go_on(now, split, self.reach(now));
        (window.take(), window.wanted())
    }

    /// Leases for all who wait here, and takes one for a request that has none yet; whether it has one then.
    async fn lease(&self, (agency, split): (&AgencyId, Split), share: &Share, mut taken: bool) -> bool {
        let Ok(_turn) = tokio::time::timeout(self.wait, share.leasing.lock()).await else { return taken };
        let Some((second, wanted)) = share.window.lock().ok().and_then(|mut window| {
            let now = self.now();
            window.go_on(now, split, self.reach(now));
            // Others may have leased meanwhile, or found out that nobody answers.
            taken = taken || window.take();
            let second = window.second();
            if self.reach(second) != Reach::Here {
                window.lose(second);
            }
            Some((second, window.wanted())).filter(|(_, wanted)| *wanted > 0)
        }) else {
            return taken;
        };
        let outcome = self.quotas.lease(agency, second, wanted, split.pool).await;
        let told = match &outcome {
            Ok(0) => "none_left",
            Ok(_) => "leased",
            Err(_) => "failed",
        };
        self.metrics.shared_quota_leases.with_label_values(&[told]).inc();
        let now = self.now();
        if let Err(away) = &outcome {
            self.becomes(|store| store.failed(now), &away.to_string());
        }
        let Ok(mut window) = share.window.lock() else { return taken };
        match outcome {
            Ok(got) => window.leased(second, wanted, got),
            Err(_) => window.lose(second),
        }
        window.go_on(now, split, self.reach(now));
        taken || window.take()
    }

    /// Looks whether the store answers. Run once a second by the composition.
    pub async fn look(&self) {
        let answer = self.quotas.look().await;
        // Now, not before: until it fell silent, others may have leased in this window too.
        let now = self.now();
        match answer {
            Ok(()) => self.becomes(|store| store.answered(now), ""),
            Err(away) => self.becomes(|store| store.failed(now), &away.to_string()),
        }
    }

    fn becomes(&self, change: impl Fn(Store) -> Store, why: &str) {
        let Ok(mut store) = self.store.lock() else { return };
        let before = *store;
        *store = change(before);
        match (before, *store) {
            (Store::Here { .. }, Store::Away { .. }) => {
                self.metrics.shared_quota_away.set(1);
                tracing::warn!(why, "the shared quotas are away: each node has its own share");
            }
            (Store::Away { .. }, Store::Here { .. }) => {
                self.metrics.shared_quota_away.set(0);
                tracing::info!("the shared quotas answer");
            }
            _ => {}
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    fn reach(&self, second: i64) -> Reach {
        self.store.lock().map_or(Reach::Lost, |mut store| {
            *store = store.by(second);
            store.reach(second)
        })
    }

    fn share(&self, agency: &AgencyId, split: Split) -> Arc<Share> {
        if let Ok(agencies) = self.agencies.read()
            && let Some(share) = agencies.get(agency)
        {
            return Arc::clone(share);
        }
        let now = self.now();
        let window = Mutex::new(Window::begin(now, split, self.reach(now)));
        let share = Arc::new(Share { window, leasing: tokio::sync::Mutex::default() });
        match self.agencies.write() {
            // Another request may have been quicker.
            Ok(mut agencies) => Arc::clone(agencies.entry(agency.clone()).or_insert(share)),
            Err(_) => share,
        }
    }
}

/// The store of nodes that have none: each keeps to its share of the quota.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

#[async_trait]
impl SharedQuotas for Nowhere {
    async fn lease(&self, _: &AgencyId, _: i64, _: u32, _: u32) -> Result<u32, QuotasAway> {
        self.look().await.map(|()| 0)
    }

    async fn look(&self) -> Result<(), QuotasAway> {
        Err(QuotasAway("there is none".to_owned()))
    }
}

#[cfg(test)]
#[path = "shared_tests.rs"]
mod tests;

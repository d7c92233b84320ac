//! Shared quotas in this process: the twin of Redis in tests, which falls silent and forgets on command.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use exchange::{
    ids::AgencyId,
    ports::shared_quotas::{QuotasAway, SharedQuotas},
};

/// Seconds whose counters are kept, as Redis keeps them for a while.
const KEPT_S: u64 = 10;

#[derive(Debug, Default)]
struct Inner {
    taken: Mutex<HashMap<(AgencyId, i64), u32>>,
    silent: AtomicBool,
}

/// Counters of one process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryQuotas(Arc<Inner>);

impl MemoryQuotas {
    /// From now on nothing is answered, or again everything.
    pub fn fall_silent(&self, silent: bool) {
        self.0.silent.store(silent, Ordering::SeqCst);
    }

    /// Forgets every counter, as FLUSHALL does.
    pub fn forget(&self) {
        if let Ok(mut taken) = self.0.taken.lock() {
            taken.clear();
        }
    }

    fn answering(&self) -> Result<(), QuotasAway> {
        if self.0.silent.load(Ordering::SeqCst) { Err(QuotasAway("silent".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl SharedQuotas for MemoryQuotas {
    async fn lease(&self, agency: &AgencyId, second: i64, wanted: u32, pool: u32) -> Result<u32, QuotasAway> {
        self.answering()?;
        let mut all = self.0.taken.lock().map_err(|_| QuotasAway("a thread died with the counters".to_owned()))?;
        all.retain(|(_, kept), _| second.abs_diff(*kept) <= KEPT_S);
        let taken = all.entry((agency.clone(), second)).or_default();
        let given = wanted.min(pool.saturating_sub(*taken));
        *taken += given;
        Ok(given)
    }

    async fn look(&self) -> Result<(), QuotasAway> {
        self.answering()
    }
}

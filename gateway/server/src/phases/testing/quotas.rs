//! Quotas in memory, which can be made to fail.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use exchange::{
    ids::{QuotaId, RequestId},
    ledger::{Measure, Usage},
    ports::{
        consent_tokens::ControlUnavailable,
        quotas::{Quotas, Standing, Take, Taken},
    },
    timestamp::Timestamp,
};

use super::Diary;

/// What is held of quotas; nothing is ever posted, but a test may say what was used.
#[derive(Debug)]
pub struct FakeQuotas {
    diary: Diary,
    pub down: AtomicBool,
    pub used: Mutex<HashMap<(QuotaId, Timestamp), i64>>,
    pub takes: Mutex<HashMap<RequestId, Take>>,
}

impl FakeQuotas {
    pub fn new(diary: Diary) -> Self {
        Self { diary, down: AtomicBool::new(false), used: Mutex::default(), takes: Mutex::default() }
    }

    /// The one request that something is held for.
    pub fn only(&self) -> Take {
        let takes = self.takes.lock().unwrap();
        assert_eq!(takes.len(), 1, "{takes:?}");
        takes.values().next().unwrap().clone()
    }

    /// What is held by one measure for the one request, in the order of the quotas' names.
    pub fn held(&self, measure: Measure) -> Vec<i64> {
        self.only().wants.iter().filter(|want| want.measure == measure).map(|want| want.amount).collect()
    }

    /// From now on so much of a quota was used in the period that begins then.
    pub fn use_up(&self, quota: &str, begins_at: Timestamp, used: i64) {
        self.used.lock().unwrap().insert((QuotaId::parse(quota).unwrap(), begins_at), used);
    }

    fn up(&self) -> Result<(), ControlUnavailable> {
        self.diary.note("quotas asked".to_owned());
        if self.down.load(Ordering::SeqCst) { Err(ControlUnavailable("down".into())) } else { Ok(()) }
    }

    fn stands(&self, of: &(QuotaId, Timestamp)) -> Standing {
        let takes = self.takes.lock().unwrap();
        let wants = takes.values().flat_map(|take| &take.wants);
        let same = wants.filter(|want| (&want.quota, want.begins_at) == (&of.0, of.1));
        let held = same.map(|want| want.amount).sum();
        Standing { used: self.used.lock().unwrap().get(of).copied().unwrap_or(0), held }
    }
}

#[async_trait]
impl Quotas for FakeQuotas {
    async fn take(&self, take: &Take) -> Result<Taken, ControlUnavailable> {
        self.up()?;
        for want in &take.wants {
            let Standing { used, held } = self.stands(&(want.quota.clone(), want.begins_at));
            if used + held + want.amount > want.most {
                return Ok(Taken::Short(want.quota.clone()));
            }
        }
        self.diary.note("take".to_owned());
        self.takes.lock().unwrap().insert(take.request.clone(), take.clone());
        Ok(Taken::All)
    }

    async fn settle_usage(&self, request: &RequestId, usage: Usage) -> Result<(), ControlUnavailable> {
        self.up()?;
        self.diary.note(format!("use {usage:?}"));
        let mut takes = self.takes.lock().unwrap();
        if usage.calls == 0 {
            takes.remove(request);
        } else if let Some(take) = takes.get_mut(request) {
            take.wants.iter_mut().for_each(|want| want.amount = want.amount.min(usage.of(want.measure)));
        }
        Ok(())
    }

    async fn put_off_usage(&self, request: &RequestId, until: Timestamp) -> Result<bool, ControlUnavailable> {
        self.up()?;
        let mut takes = self.takes.lock().unwrap();
        let found = takes.get_mut(request);
        Ok(found.map(|take| take.until = until).is_some())
    }

    async fn standing(&self, of: &[(QuotaId, Timestamp)]) -> Result<Vec<Standing>, ControlUnavailable> {
        self.up()?;
        Ok(of.iter().map(|of| self.stands(of)).collect())
    }
}

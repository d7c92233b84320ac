//! Accounts in memory, which can be made to fail.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use exchange::{
    ids::{AgencyId, RequestId},
    ledger::Balance,
    ports::{
        consent_tokens::ControlUnavailable,
        wallets::{Held, Hold, Wallets},
    },
    timestamp::Timestamp,
};

use super::Diary;

/// What agencies paid in, and what is held of it; nothing is ever posted.
#[derive(Debug)]
pub struct FakeWallets {
    diary: Diary,
    pub down: AtomicBool,
    paid: Mutex<HashMap<AgencyId, i64>>,
    pub holds: Mutex<HashMap<RequestId, Hold>>,
}

impl FakeWallets {
    pub fn new(diary: Diary) -> Self {
        Self { diary, down: AtomicBool::new(false), paid: Mutex::default(), holds: Mutex::default() }
    }

    /// From now on the agency has paid in so much.
    pub fn pay_in(&self, agency: &str, amount: i64) {
        self.paid.lock().unwrap().insert(AgencyId::parse(agency).unwrap(), amount);
    }

    /// The one hold that there is.
    pub fn only(&self) -> Hold {
        let holds = self.holds.lock().unwrap();
        assert_eq!(holds.len(), 1, "{holds:?}");
        holds.values().next().unwrap().clone()
    }

    fn up(&self) -> Result<(), ControlUnavailable> {
        if self.down.load(Ordering::SeqCst) { Err(ControlUnavailable("down".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Wallets for FakeWallets {
    async fn hold(&self, hold: &Hold) -> Result<Held, ControlUnavailable> {
        self.up()?;
        let available = self.balance(&hold.agency).await?.available(hold.limit);
        if available < hold.amount {
            return Ok(Held::Short(available.max(0)));
        }
        self.diary.note(format!("hold {}", hold.amount));
        self.holds.lock().unwrap().insert(hold.request.clone(), hold.clone());
        Ok(Held::Held)
    }

    async fn settle(&self, request: &RequestId, amount: i64) -> Result<(), ControlUnavailable> {
        self.up()?;
        self.diary.note(format!("settle {amount}"));
        let mut holds = self.holds.lock().unwrap();
        match holds.get_mut(request) {
            Some(hold) if amount > 0 => hold.amount = hold.amount.min(amount),
            _ => drop(holds.remove(request)),
        }
        Ok(())
    }

    async fn put_off(&self, request: &RequestId, until: Timestamp) -> Result<bool, ControlUnavailable> {
        self.up()?;
        let mut holds = self.holds.lock().unwrap();
        let found = holds.get_mut(request);
        Ok(found.map(|hold| hold.until = until).is_some())
    }

    async fn balance(&self, agency: &AgencyId) -> Result<Balance, ControlUnavailable> {
        let held =
            self.holds.lock().unwrap().values().filter(|hold| hold.agency == *agency).map(|hold| hold.amount).sum();
        let credits = self.paid.lock().unwrap().get(agency).copied().unwrap_or(0);
        Ok(Balance { debits: 0, credits, held })
    }
}

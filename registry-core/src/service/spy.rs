//! A store that remembers what it was asked and fails when it is told to, for the service's tests.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use exchange::cnic::Cnic;

use super::testing;
use crate::{
    household::Gharana,
    listing::{Place, Stretch},
    memory::MemoryStore,
    notice::{Notice, Placed},
    person::Person,
    ports::store::{Batch, RegistryStore, StoreError},
    report::{Cell, Table},
};

/// The small register of [`testing::store`], watched.
#[derive(Debug)]
pub(crate) struct Spy {
    inner: MemoryStore,
    calls: Mutex<Vec<&'static str>>,
    /// Number of the call that fails, from 1, and how.
    fails: Mutex<Option<(usize, StoreError)>>,
}

impl Spy {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { inner: testing::store(), calls: Mutex::default(), fails: Mutex::default() })
    }

    /// What was asked since the last time that this was called.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// Makes the `n`-th call from now fail, before anything is read or changed.
    pub(crate) fn fail_at(&self, n: usize, error: StoreError) {
        self.calls();
        *self.fails.lock().unwrap() = Some((n, error));
    }

    fn call(&self, name: &'static str) -> Result<(), StoreError> {
        let mut calls = self.calls.lock().unwrap();
        calls.push(name);
        let mut fails = self.fails.lock().unwrap();
        match fails.take_if(|(n, _)| *n == calls.len()) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl RegistryStore for Spy {
    async fn person(&self, number: Cnic) -> Result<Option<Arc<Person>>, StoreError> {
        self.call("person")?;
        self.inner.person(number).await
    }

    async fn household_of(&self, number: Cnic) -> Result<Option<Arc<Gharana>>, StoreError> {
        self.call("household_of")?;
        self.inner.household_of(number).await
    }

    async fn households_in(&self, stretch: &Stretch) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError> {
        self.call("households_in")?;
        self.inner.households_in(stretch).await
    }

    async fn place_notice(&self, notice: &Notice) -> Result<Placed, StoreError> {
        self.call("place_notice")?;
        self.inner.place_notice(notice).await
    }

    async fn withdraw_notice(&self, id: &str) -> Result<bool, StoreError> {
        self.call("withdraw_notice")?;
        self.inner.withdraw_notice(id).await
    }

    async fn count(&self, table: Table) -> Result<Vec<Cell>, StoreError> {
        self.call("count")?;
        self.inner.count(table).await
    }

    async fn load(&self, batch: &Batch) -> Result<(), StoreError> {
        self.call("load")?;
        self.inner.load(batch).await
    }
}

//! Where persons, households and notices are kept.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::cnic::Cnic;

use crate::{
    household::{Gharana, Household},
    listing::{Place, Stretch},
    notice::{Notice, Placed},
    person::Person,
    report::{Cell, Table},
};

/// Why the store did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Locked, read-only, full or gone: try again later; nothing was changed.
    #[error("registry store is unavailable: {0}")]
    Unavailable(String),
    /// A number, person or household to be loaded is there already; nothing of the batch was kept.
    #[error("registry store has one of these persons, numbers or households already")]
    AlreadyThere,
    /// A stored row cannot be read back: an alarm.
    #[error("registry store has a row that cannot be read: {0}")]
    Corrupt(&'static str),
}

/// Persons and households that belong together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Persons, at most [`crate::limits::LOAD_BATCH_MAX`].
    pub persons: Vec<Person>,
    /// Households whose members are among the persons of this or an earlier batch.
    pub households: Vec<Household>,
}

/// The registry's store.
///
/// Contract, which [`crate::contract`] checks: a read sees every write that was acknowledged before it. [`Self::load`]
/// keeps a batch wholly or not at all. A person and source have at most one open notice; while a person who was alive
/// has any open notice the life status is held, and the last withdrawal restores it. A registered death is never
/// changed by a notice.
///
/// Each household has one [`Place`] under a key that the store keeps secret and never changes, and lists run by it.
/// [`Self::load`] counts the households of each tehsil in the order in which they come, and puts into the tehsil's
/// sample whom [`crate::listing::Tally`] names; a batch that was refused counts nothing. Who is in a sample stays in it.
#[async_trait]
pub trait RegistryStore: Send + Sync + std::fmt::Debug {
    /// The person whom any number of this value names.
    async fn person(&self, number: Cnic) -> Result<Option<Arc<Person>>, StoreError>;

    /// The household of the person whom the number names, with its members; `None` if there is no such number or the
    /// person belongs to no household.
    async fn household_of(&self, number: Cnic) -> Result<Option<Arc<Gharana>>, StoreError>;

    /// The first households of a stretch with their members, by rising place: each whose tehsil lies within the area,
    /// whose score lies in the range, whose place lies behind `after`, and who is in the sample if that is asked. Fewer
    /// than `limit` means that there are no more.
    async fn households_in(&self, stretch: &Stretch) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError>;

    /// Places a notice and holds the person, durably before it returns.
    async fn place_notice(&self, notice: &Notice) -> Result<Placed, StoreError>;

    /// Withdraws an open notice; `false` if there is none of this id.
    async fn withdraw_notice(&self, id: &str) -> Result<bool, StoreError>;

    /// Counts a table; areas without anyone are left out; order is not promised.
    async fn count(&self, table: Table) -> Result<Vec<Cell>, StoreError>;

    /// Keeps a batch.
    async fn load(&self, batch: &Batch) -> Result<(), StoreError>;
}

//! The registry's one service: every operation takes the permit first, and where it is about one person, that person
//! is the permit's subject.

mod household;
mod identity;
mod lists;
mod notice;
mod predicates;
mod report;

#[cfg(test)]
mod notice_tests;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod report_tests;
#[cfg(test)]
pub(crate) mod spy;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod town;

use std::sync::Arc;

use exchange::{cnic::Cnic, permit::Permit, ports::entropy::Entropy};

pub use self::identity::Particulars;
use self::report::Published;
use crate::{
    date::Day,
    person::{Person, Unverifiable},
    ports::store::{RegistryStore, StoreError},
};

/// Services of the catalogue that the registry answers.
pub mod id {
    /// Yes or no on particulars.
    pub const YES_NO: &str = "identity.yes-no";
    /// Release of particulars.
    pub const KYC: &str = "identity.kyc";
    /// Facts instead of particulars.
    pub const PREDICATES: &str = "identity.predicates";
    /// The band of a household's score.
    pub const BAND: &str = "nser.band";
    /// A household by number.
    pub const HOUSEHOLD: &str = "nser.household";
    /// Every household, batch by batch.
    pub const EXPORT: &str = "nser.export";
    /// Households of an area that meet criteria.
    pub const BY_ADDRESS: &str = "nser.by-address";
    /// Households of an area whose scores lie in a range.
    pub const BY_PMT: &str = "nser.by-pmt";
    /// A notice of death.
    pub const DEATH_NOTICE: &str = "vital.death-notice";
    /// A public report.
    pub const REPORT: &str = "report.public";
}

/// Why the registry did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The permit is for another service or names nothing that could be answered.
    #[error("permit does not cover this operation")]
    NotPermitted,
    /// The request names another person than the permit, or the permit names none.
    #[error("request and permit do not name the same person")]
    OtherSubject,
    /// Nothing may be said of the person; the reason only for callers who may know it.
    #[error("person cannot be verified")]
    NotVerifiable(Option<Unverifiable>),
    /// There is no such report.
    #[error("there is no such report")]
    NoSuchReport,
    /// A member of the request breaks a rule.
    #[error("parameter `{0}` is malformed")]
    Parameter(&'static str),
    /// The store could not answer or keep.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The permit's instant is outside the calendar: a broken clock.
    #[error("instant of the permit is outside the calendar")]
    Clock,
}

/// Answers requests over a store.
#[derive(Debug)]
pub struct RegistryService {
    store: Arc<dyn RegistryStore>,
    entropy: Arc<dyn Entropy>,
    reports: Published,
}

impl RegistryService {
    /// A service over this store; entropy is for the ids of notices.
    #[must_use]
    pub fn new(store: Arc<dyn RegistryStore>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, entropy, reports: Published::default() }
    }

    /// The permit's subject as a person who may be verified today, if the permit is for `service` and names `asked`.
    async fn subject(&self, permit: &Permit, service: &str, asked: Cnic) -> Result<(Arc<Person>, Day), RegistryError> {
        covers(permit, service)?;
        same_subject(permit, asked)?;
        let today = Day::at(permit.grant().at).ok_or(RegistryError::Clock)?;
        let person = self.store.person(asked).await?.ok_or_else(|| silent(permit, Unverifiable::Unknown))?;
        person.verifiable(asked, today).map_err(|reason| silent(permit, reason))?;
        Ok((person, today))
    }
}

fn covers(permit: &Permit, service: &str) -> Result<(), RegistryError> {
    if permit.grant().service.as_str() == service { Ok(()) } else { Err(RegistryError::NotPermitted) }
}

fn same_subject(permit: &Permit, asked: Cnic) -> Result<(), RegistryError> {
    if permit.subject() == Some(asked) { Ok(()) } else { Err(RegistryError::OtherSubject) }
}

/// The one refusal for every reason (decisions.md, no-oracle), with the reason only for those who may know it.
fn silent(permit: &Permit, reason: Unverifiable) -> RegistryError {
    RegistryError::NotVerifiable(permit.grant().subject_status.then_some(reason))
}

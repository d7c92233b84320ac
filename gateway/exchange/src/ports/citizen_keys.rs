//! Keys of citizens: each seals what names that citizen in the access log.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{cnic::Cnic, consent::SubjectKey, record::seal::SealingKey};

/// The store of keys did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("citizen keys are unavailable: {0}")]
pub struct KeysUnavailable(pub String);

/// Gives each citizen one key for ever, until it is destroyed.
///
/// Contract: [`Self::subject_key`] is a pure keyed function. [`Self::key`] creates the key on first use, durably before
/// it returns, and returns the same key ever after; after [`Self::destroy`] it returns `None` for ever.
#[async_trait]
pub trait CitizenKeys: Send + Sync + std::fmt::Debug {
    /// The citizen as stores know one.
    fn subject_key(&self, cnic: Cnic) -> SubjectKey;

    /// The citizen's sealing key; `None` once destroyed.
    async fn key(&self, subject: SubjectKey) -> Result<Option<Arc<SealingKey>>, KeysUnavailable>;

    /// Destroys the key: what it sealed can never be read again.
    async fn destroy(&self, subject: SubjectKey) -> Result<(), KeysUnavailable>;
}

//! What is left of quotas, as the door asks and whoever follows the log tells.

use async_trait::async_trait;

use crate::{
    ids::{QuotaId, RequestId},
    ledger::{Measure, Usage},
    ports::consent_tokens::ControlUnavailable,
    timestamp::Timestamp,
};

/// What one request may take of one quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The quota.
    pub quota: QuotaId,
    /// First instant of its period.
    pub begins_at: Timestamp,
    /// What it counts.
    pub measure: Measure,
    /// The most that the answer can use.
    pub amount: i64,
    /// The most that the quota gives in the period.
    pub most: i64,
}

/// What one request may take of all the quotas that bound it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// The request.
    pub request: RequestId,
    /// Node whose log will tell how the request ended.
    pub node: String,
    /// No answer is recorded after this instant, unless it was put off meanwhile.
    pub until: Timestamp,
    /// Of each quota once.
    pub wants: Vec<Want>,
}

/// Whether it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// From all of them.
    All,
    /// From none, because this one leaves too little.
    Short(QuotaId),
}

/// What a quota has come to in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Used by answers that are posted.
    pub used: i64,
    /// Held for requests that are not.
    pub held: i64,
}

/// Quotas.
///
/// Contract: of all who take of a quota, however many race and on however many nodes, nobody gets what would take used and held
/// together above the most; a request that finds too little in one quota has taken nothing of any. What is held lives until the
/// log tells how the request ended and what it used is added, until it is settled with no call, or until its instant has passed
/// and the log of its node has been read beyond it. Taking twice for one request takes once.
#[async_trait]
pub trait Quotas: Send + Sync + std::fmt::Debug {
    /// Takes of all or of none.
    async fn take(&self, take: &Take) -> Result<Taken, ControlUnavailable>;

    /// Lowers what is held for a request to what its answer uses; with no call, nothing is held any more. What is more than was
    /// held changes nothing.
    async fn settle_usage(&self, request: &RequestId, usage: Usage) -> Result<(), ControlUnavailable>;

    /// Puts off the instant after which nothing is recorded; `false` if nothing is held for the request any more.
    async fn put_off_usage(&self, request: &RequestId, until: Timestamp) -> Result<bool, ControlUnavailable>;

    /// What quotas have come to in their periods, in the order of the question; what was never taken of is all 0.
    async fn standing(&self, of: &[(QuotaId, Timestamp)]) -> Result<Vec<Standing>, ControlUnavailable>;
}

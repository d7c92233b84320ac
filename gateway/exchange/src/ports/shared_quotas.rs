//! Counters that the gateways of one installation share: what is leased of an agency's quota in one second.

use async_trait::async_trait;

use crate::ids::AgencyId;

/// The store did not answer in time; the caller goes on with its own share. What was asked may have been counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shared quotas are away: {0}")]
pub struct QuotasAway(pub String);

/// Leases of pools.
///
/// Contract: of all leases of one agency and second, however many race and on however many nodes, the sum is at most `pool`
/// (the largest, where they differ), and that much again for each time that the store forgets. Counters of other agencies and
/// seconds do not matter. A store holds counters and nothing else, and may forget them at any time. Neither call waits longer
/// than the adapter's own short bound: an answer that is late is no answer.
#[async_trait]
pub trait SharedQuotas: Send + Sync + std::fmt::Debug {
    /// Leases `wanted` of the pool of this second, or what is left of it: 0 when all is leased.
    async fn lease(&self, agency: &AgencyId, second: i64, wanted: u32, pool: u32) -> Result<u32, QuotasAway>;

    /// Whether the store answers; connects anew if need be. No request waits for this.
    async fn look(&self) -> Result<(), QuotasAway>;
}

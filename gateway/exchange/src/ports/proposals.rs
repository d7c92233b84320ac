//! Who proposed what waits for a second person.

use async_trait::async_trait;

use crate::{decision::Proposer, ports::consent_tokens::ControlUnavailable};

/// The store of proposals, as *authorise* sees it.
///
/// Contract: a proposal that was decided has no proposer any more, from before the decision is acknowledged.
#[async_trait]
pub trait Proposals: Send + Sync + std::fmt::Debug {
    /// Who made this proposal, while it is open.
    async fn proposer(&self, proposal: &str) -> Result<Option<Proposer>, ControlUnavailable>;
}

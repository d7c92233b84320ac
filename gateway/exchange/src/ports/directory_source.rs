//! Where a gateway gets its snapshot of callers from.

use async_trait::async_trait;

use crate::{directory::DirectoryData, ports::consent_tokens::ControlUnavailable};

/// The directory's home, the control service.
///
/// Contract: the generation rises with every change of agencies, users, agreements, approvals, programmes, purposes or
/// consents' states, before that change is acknowledged to whoever made it.
#[async_trait]
pub trait DirectorySource: Send + Sync + std::fmt::Debug {
    /// The present generation: cheap, asked every 250 ms.
    async fn generation(&self) -> Result<u64, ControlUnavailable>;

    /// Everything, with the generation that it was read at.
    async fn read(&self) -> Result<(u64, DirectoryData), ControlUnavailable>;
}

//! Who answers behind the door: in this process or elsewhere, one trait.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::permit::Permit;

/// One request to an upstream, already decided and bounded.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// HTTP method.
    pub method: String,
    /// Canonical path, byte for byte the one that the policies saw.
    pub path: String,
    /// Body; empty for none.
    pub body: Bytes,
    /// Content type of the body.
    pub content_type: &'static str,
    /// W3C `traceparent` to pass on.
    pub traceparent: Option<String>,
    /// Time that the upstream has.
    pub deadline: Duration,
    /// Bytes of answer that will be read; more is a refused answer.
    pub answer_bytes_max: usize,
}

/// What an upstream answered, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection could be made or it broke.
    #[error("upstream cannot be reached: {0}")]
    Unreachable(String),
    /// The deadline passed.
    #[error("upstream did not answer in time")]
    Timeout,
    /// The answer is longer than allowed.
    #[error("upstream's answer is longer than allowed")]
    TooLarge,
    /// The circuit is open after repeated failures.
    #[error("upstream's circuit is open")]
    CircuitOpen,
}

/// An upstream.
///
/// Contract: returns within the request's deadline; reads at most `answer_bytes_max`; gives the permit to the service as
/// a value (same process) or as a signed token (elsewhere), or, for an external agency's API, not at all.
#[async_trait]
pub trait Upstream: Send + Sync + std::fmt::Debug {
    /// Asks the upstream.
    ///
    /// # Errors
    /// [`UpstreamError`]; nothing was released.
    async fn call(
        &self,
        permit: &std::sync::Arc<Permit>,
        request: UpstreamRequest,
    ) -> Result<UpstreamAnswer, UpstreamError>;

    /// Whether it is one of our own services, whose problem codes may be passed on.
    fn is_ours(&self) -> bool;

    /// Whether calls are refused just now without being made, since too many failed; for operators.
    fn circuit_is_open(&self) -> bool {
        false
    }
}

//! What operators changed and the access log does not tell yet.

use async_trait::async_trait;

use super::consent_tokens::ControlUnavailable;

/// One change by an operator: already in force, waiting for its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminChange {
    /// Random id, for ever: the leaf's `request`, by which it is found again after a crash.
    pub id: String,
    /// When it took effect, UTC microseconds.
    pub at: i64,
    /// What was done, such as `agency-suspend`: small letters and hyphens.
    pub what: String,
    /// The agency concerned, if there is one.
    pub agency: Option<String>,
    /// Generation of the directory that holds the change.
    pub generation: u64,
    /// What it was done to, as JSON; names serials, keys or users, so it never stands in a leaf.
    pub detail: String,
    /// Account of the operating system that did it; never stands in a leaf.
    pub operator: String,
    /// Where a leaf may stand already: set before the leaf was handed to the log.
    pub claim: Option<Claim>,
}

/// A node's word that it writes the leaf of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The node.
    pub node: String,
    /// Entries of the node's log when it gave its word: the leaf is not before them.
    pub from: u64,
}

/// The store of changes that wait for their leaves.
///
/// Contract: changes come in the order in which they took effect, each until [`Self::recorded`] has named its leaf. A
/// change is claimed by at most one node, and once only.
#[async_trait]
pub trait AdminChanges: Send + Sync + std::fmt::Debug {
    /// The oldest changes without a leaf that this node has claimed or may claim, at most `limit`.
    async fn waiting(&self, node: &str, limit: u32) -> Result<Vec<AdminChange>, ControlUnavailable>;

    /// Claims a change for a node; `false` when another was first.
    async fn claim(&self, id: &str, claim: &Claim) -> Result<bool, ControlUnavailable>;

    /// Notes the leaf's place; a second note changes nothing.
    async fn recorded(&self, id: &str, sequence: u64) -> Result<(), ControlUnavailable>;
}

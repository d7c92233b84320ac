//! What is in force and the access log does not tell yet: what operators changed, and what citizens said to us in other ways than
//! through the door.

use async_trait::async_trait;

use super::consent_tokens::ControlUnavailable;
use crate::record::leaf::Kind;

/// One change, already in force, that waits for its leaf.
#[derive(Clone, PartialEq, Eq)]
pub struct UnrecordedChange {
    /// Random id, for ever: the leaf's `request`, by which it is found again after a crash.
    pub id: String,
    /// When it took effect, UTC microseconds.
    pub at: i64,
    /// The leaf's kind.
    pub kind: Kind,
    /// The leaf's service, such as `admin.agency-suspend@1`.
    pub service: String,
    /// The agency concerned, if there is one.
    pub agency: Option<String>,
    /// The purpose concerned, if there is one.
    pub purpose: Option<String>,
    /// The basis that it makes, changes or ends, such as `cns-1@2`.
    pub basis: Option<String>,
    /// Generation of the directory that holds the change; 0 where it is of no directory.
    pub generation: u64,
    /// What was done, and to what. It may name serials, keys or users, so it never stands in a leaf.
    pub detail: String,
    /// Account of the operating system that did it, if an operator did; never stands in a leaf.
    pub operator: Option<String>,
    /// Where a leaf may stand already: set before the leaf was handed to the log.
    pub claim: Option<Claim>,
}

impl std::fmt::Debug for UnrecordedChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnrecordedChange({}, {})", self.id, self.service)
    }
}

/// A node's word that it writes the leaf of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The node.
    pub node: String,
    /// Entries of the node's log when it gave its word: the leaf is not before them.
    pub from: u64,
}

/// A store of changes that wait for their leaves.
///
/// Contract: changes come in the order in which they took effect, each until [`Self::recorded`] has named its leaf. A
/// change is claimed by at most one node, and once only.
#[async_trait]
pub trait UnrecordedChanges: Send + Sync + std::fmt::Debug {
    /// The oldest changes without a leaf that this node has claimed or may claim, at most `limit`.
    async fn waiting(&self, node: &str, limit: u32) -> Result<Vec<UnrecordedChange>, ControlUnavailable>;

    /// Claims changes for a node; answers those that were claimed now, and leaves out those where another was first.
    async fn claim(&self, ids: &[String], claim: &Claim) -> Result<Vec<String>, ControlUnavailable>;

    /// Notes the places of leaves; a second note changes nothing.
    async fn recorded(&self, places: &[(String, u64)]) -> Result<(), ControlUnavailable>;
}

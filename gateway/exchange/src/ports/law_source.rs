//! Where a process learns which bundle of the law is in force, and where it tells which one it decides by.

use async_trait::async_trait;

use crate::ports::consent_tokens::ControlUnavailable;

/// A bundle as the store names it. Nothing of it is trusted until its signatures were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LawMark {
    /// Generation.
    pub generation: u64,
    /// Digest of its manifest, lower-case hex.
    pub digest: String,
}

/// What was activated: the last bundle whole, and what was signed of those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivatedLaw {
    /// The bundle in force.
    pub mark: LawMark,
    /// Its one file.
    pub pack: Vec<u8>,
    /// Signed manifests of every bundle that was ever activated, by generation.
    pub notes: Vec<(u64, String)>,
}

/// What one process decides by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LawOfNode {
    /// The process.
    pub node: String,
    /// Generation that it decides by.
    pub generation: u64,
    /// A generation that was activated and that this process refused, and why.
    pub refused: Option<(u64, String)>,
}

/// The store of activated bundles.
///
/// Contract: generations only rise, and the highest is the one in force; what was activated stays. Readers verify what they
/// get: whoever can write to the store is not thereby a legislator.
#[async_trait]
pub trait LawSource: Send + Sync + std::fmt::Debug {
    /// The bundle in force, `None` if none was ever activated: cheap, asked every 250 ms.
    async fn in_force(&self) -> Result<Option<LawMark>, ControlUnavailable>;

    /// The bundle in force with all that is needed to judge it.
    async fn activated(&self) -> Result<Option<ActivatedLaw>, ControlUnavailable>;

    /// Notes what a process decides by from now on.
    async fn tell(&self, law: &LawOfNode) -> Result<(), ControlUnavailable>;
}

//! What agencies may still spend, as the door asks and whoever follows the log tells.

use async_trait::async_trait;

use crate::{
    ids::{AgencyId, RequestId},
    ledger::Balance,
    ports::consent_tokens::ControlUnavailable,
    timestamp::Timestamp,
};

/// What is to be held for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The request.
    pub request: RequestId,
    /// Whose account.
    pub agency: AgencyId,
    /// What may be owed at most, milli-paisa.
    pub limit: i64,
    /// The most that the answer can cost, milli-paisa.
    pub amount: i64,
    /// Node whose log will tell how the request ended.
    pub node: String,
    /// No answer is recorded after this instant, unless it was put off meanwhile.
    pub until: Timestamp,
}

/// Whether it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is.
    Held,
    /// There is not enough; so much is available.
    Short(i64),
}

/// Agencies' accounts.
///
/// Contract: of all holds and charges of an agency, however many race and on however many nodes, no hold succeeds that would
/// take what is available below 0. A hold lives until the log tells how its request ended, until it is settled with nothing, or
/// until its instant has passed and the log of its node has been read beyond it. Holding twice for one request holds once.
#[async_trait]
pub trait Wallets: Send + Sync + std::fmt::Debug {
    /// Holds an amount.
    async fn hold(&self, hold: &Hold) -> Result<Held, ControlUnavailable>;

    /// Lowers what is held for a request to what it costs; with 0, nothing is held any more. What was told already, or is more
    /// than was held, changes nothing.
    async fn settle(&self, request: &RequestId, amount: i64) -> Result<(), ControlUnavailable>;

    /// Puts off the instant after which nothing is recorded; `false` if nothing is held for the request any more.
    async fn put_off(&self, request: &RequestId, until: Timestamp) -> Result<bool, ControlUnavailable>;

    /// The account of an agency; one that never moved is all 0.
    async fn balance(&self, agency: &AgencyId) -> Result<Balance, ControlUnavailable>;
}

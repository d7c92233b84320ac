//! How an agency pays.

use serde::{Deserialize, Serialize};

use crate::ids::AgencyId;

/// By what an agency's requests are bounded in money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pays {
    /// Before: what it paid in is all that it can spend.
    Prepaid,
    /// After, by its statement, up to so many milli-paisa at any time.
    Credit(i64),
}

/// The terms of an agency; one without terms pays by its statement, without a bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The agency.
    pub agency: AgencyId,
    /// How it pays.
    pub pays: Pays,
    /// The contract or decision that says so.
    pub instrument: String,
}

impl Terms {
    /// What may be owed at most, milli-paisa.
    #[must_use]
    pub const fn limit(&self) -> i64 {
        match self.pays {
            Pays::Prepaid => 0,
            Pays::Credit(limit) => limit,
        }
    }
}

//! What a kind of agency, an agency, a place or a user may have in each period, and from which share on to warn (R141).
//!
//! Counted is what is metered: answers of services that the rate book prices, each as its leaf says. Money is the *rated*
//! value, given or not: the value given is what a budget of gifts is for. A repetition under an idempotency key is charged
//! nothing and counts nothing. All of an answer counts in the period that its request came in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    directory::{Agency, User},
    ids::{AgencyId, QuotaId, UserId},
    limits,
    place::Place,
    programme::{Period, Window},
    timestamp::Timestamp,
};

/// Whom a quota bounds, all of them together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Level {
    /// Every agency of a kind (row of Annexure B, such as `Bank`).
    Kind(String),
    /// One agency.
    Agency(AgencyId),
    /// The users of an agency who work in one place.
    Place {
        /// The agency.
        agency: AgencyId,
        /// The place.
        place: Place,
    },
    /// One user.
    User {
        /// The agency.
        agency: AgencyId,
        /// The user.
        user: UserId,
    },
}

impl Level {
    /// The word for it, which names nobody.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Kind(_) => "kind",
            Self::Agency(_) => "agency",
            Self::Place { .. } => "place",
            Self::User { .. } => "user",
        }
    }

    /// The agency that it is of; a kind is of many.
    #[must_use]
    pub const fn agency(&self) -> Option<&AgencyId> {
        match self {
            Self::Kind(_) => None,
            Self::Agency(agency) | Self::Place { agency, .. } | Self::User { agency, .. } => Some(agency),
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Rows that left.
    Rows,
    /// Requests that were answered.
    Calls,
    /// What the answers are rated at, given or not.
    MilliPaisa,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::Rows, Self::Calls, Self::MilliPaisa];

    /// The word in SQL, JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Calls => "calls",
            Self::MilliPaisa => "milli-paisa",
        }
    }

    /// Reads a word of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == text)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an answer uses, or may use at most, by every measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Rows.
    pub rows: i64,
    /// Calls: 1 for what is answered, 0 for what is not.
    pub calls: i64,
    /// Milli-paisa, given or not.
    pub milli_paisa: i64,
}

impl Usage {
    /// By one measure.
    #[must_use]
    pub const fn of(self, measure: Measure) -> i64 {
        match measure {
            Measure::Rows => self.rows,
            Measure::Calls => self.calls,
            Measure::MilliPaisa => self.milli_paisa,
        }
    }
}

/// One bound, decided by two persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Its name in refusals and log lines; it names nobody.
    pub id: QuotaId,
    /// Whom it bounds.
    pub level: Level,
    /// What is counted.
    pub measure: Measure,
    /// The most of it.
    pub most: i64,
    /// In each.
    pub per: Period,
    /// Percent of the most from which on somebody is warned, rising.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<u8>,
    /// The contract or decision that says so.
    pub instrument: String,
    /// Whether it bounds nobody any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// Why a quota cannot be held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// Nothing, or less.
    #[error("`most` is above 0: who may have nothing is suspended or has no agreement")]
    Most,
    /// A percentage that is none, or warnings out of order.
    #[error("`alerts` are percentages from 1 to 100, each above the one before")]
    Alerts,
    /// Too many warnings.
    #[error("`alerts` are at most {}", limits::QUOTA_ALERTS_MAX)]
    ManyAlerts,
    /// No paper.
    #[error("`instrument` names no contract or decision")]
    Instrument,
}

impl Quota {
    /// Whether it can be held to.
    ///
    /// # Errors
    /// [`QuotaError`]: the first thing that is wrong.
    pub fn check(&self) -> Result<(), QuotaError> {
        if self.most <= 0 {
            return Err(QuotaError::Most);
        }
        if self.alerts.len() > limits::QUOTA_ALERTS_MAX {
            return Err(QuotaError::ManyAlerts);
        }
        let rising = self.alerts.iter().zip(self.alerts.iter().skip(1)).all(|(one, next)| one < next);
        if !rising || self.alerts.iter().any(|percent| !(1..=100).contains(percent)) {
            return Err(QuotaError::Alerts);
        }
        if self.instrument.trim().is_empty() { Err(QuotaError::Instrument) } else { Ok(()) }
    }

    /// Whether it bounds this user of this agency, or what the agency does without a user.
    #[must_use]
    pub fn covers(&self, agency: &Agency, user: Option<&User>) -> bool {
        !self.ended
            && match &self.level {
                Level::Kind(kind) => *kind == agency.kind,
                Level::Agency(id) => *id == agency.id,
                Level::Place { agency: id, place } => {
                    *id == agency.id && user.is_some_and(|user| user.place.as_ref() == Some(place))
                }
                Level::User { agency: id, user: name } => *id == agency.id && user.is_some_and(|user| user.id == *name),
            }
    }

    /// The period that an instant lies in; `None` beyond the calendar.
    #[must_use]
    pub fn period(&self, at: Timestamp) -> Option<Window> {
        self.per.around(at)
    }

    /// Whole percent of the most that so much is; a quota of nothing is full.
    #[must_use]
    pub fn percent(&self, used: i64) -> i64 {
        if self.most <= 0 {
            return 100;
        }
        let percent = i128::from(used.max(0)).saturating_mul(100) / i128::from(self.most);
        i64::try_from(percent).unwrap_or(i64::MAX)
    }

    /// The highest warning that so much has reached.
    #[must_use]
    pub fn alert(&self, used: i64) -> Option<u8> {
        let reached = self.percent(used);
        self.alerts.iter().copied().filter(|percent| i64::from(*percent) <= reached).max()
    }

    /// The highest warning that was reached between the two.
    #[must_use]
    pub fn crossed(&self, before: i64, after: i64) -> Option<u8> {
        let reached = self.alert(after);
        reached.filter(|_| reached > self.alert(before))
    }
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;

//! How narrowly a consent that lives long is bounded: how often in each period of the calendar, how often in all, and how long
//! the answer may be kept (design/consent.md, 6.1).

use serde::{Deserialize, Serialize};

use crate::{
    limits,
    programme::{Period, Window},
    timestamp::Timestamp,
};

const HOUR_S: i64 = 3_600;

/// A span of time, in the words that consents of other countries have too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Unit {
    /// As a period: from the full hour.
    Hour,
    /// As a period: from midnight.
    Day,
    /// As a period: from Monday.
    Week,
    /// As a period: from the first. As a span: thirty days.
    Month,
}

impl Unit {
    /// The period in Pakistan that an instant lies in; `None` beyond the calendar.
    #[must_use]
    pub fn around(self, at: Timestamp) -> Option<Window> {
        let period = match self {
            Self::Hour => {
                // Pakistan's offset is of whole hours, and has been since 1971.
                let from = at.seconds().checked_sub(at.seconds().rem_euclid(HOUR_S))?;
                let from = Timestamp::from_micros(from.checked_mul(1_000_000)?);
                return Some(Window { from, until: from.plus_seconds(HOUR_S) });
            }
            Self::Day => Period::Day,
            Self::Week => Period::Week,
            Self::Month => Period::Month,
        };
        period.around(at)
    }

    /// Seconds of such a span.
    const fn seconds(self) -> i64 {
        match self {
            Self::Hour => HOUR_S,
            Self::Day => 24 * HOUR_S,
            Self::Week => 7 * 24 * HOUR_S,
            Self::Month => 30 * 24 * HOUR_S,
        }
    }

    /// The most periods of this unit that one period of `whole` can touch: a month can touch six weeks.
    const fn most_in(self, whole: Self) -> u64 {
        match (self, whole) {
            (Self::Hour, Self::Day) => 24,
            (Self::Hour, Self::Week) => 7 * 24,
            (Self::Hour, Self::Month) => 31 * 24,
            (Self::Day, Self::Week) => 7,
            (Self::Day, Self::Month) => 31,
            (Self::Week, Self::Month) => 6,
            // A week may lie in two months.
            (Self::Month, Self::Week) => 2,
            // All uses of a period may fall into one that is as short or shorter.
            _ => 1,
        }
    }
}

/// How often in each period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frequency {
    /// The period.
    pub unit: Unit,
    /// Uses in each, 1 to [`limits::CONSENT_USES_MAX`].
    pub value: u32,
}

impl Frequency {
    /// Whether it is a number of uses that can be counted.
    #[must_use]
    pub fn is_sound(self) -> bool {
        (1..=limits::CONSENT_USES_MAX).contains(&self.value)
    }

    /// Whether it never lets more through than this ceiling does, in any of the ceiling's periods.
    #[must_use]
    pub fn is_within(self, ceiling: Self) -> bool {
        u64::from(self.value).saturating_mul(self.unit.most_in(ceiling.unit)) <= u64::from(ceiling.value)
    }
}

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataLife {
    /// The span; a month is thirty days.
    pub unit: Unit,
    /// So many, 1 or more.
    pub value: u32,
}

impl DataLife {
    /// Whether it is longer than nothing and not beyond [`limits::DATA_LIFE_DAYS_MAX`].
    #[must_use]
    pub fn is_sound(self) -> bool {
        self.value > 0 && self.is_within(limits::DATA_LIFE_DAYS_MAX)
    }

    /// Whether it is no longer than so many days.
    #[must_use]
    pub fn is_within(self, days: u32) -> bool {
        self.seconds() <= i64::from(days).saturating_mul(Unit::Day.seconds())
    }

    /// The instant by which what was given at `at` is to be erased.
    #[must_use]
    pub fn after(self, at: Timestamp) -> Timestamp {
        at.plus_seconds(self.seconds())
    }

    fn seconds(self) -> i64 {
        i64::from(self.value).saturating_mul(self.unit.seconds())
    }
}

/// What bounds a consent beside its end; nothing does where it is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Uses in all, two or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Uses in each period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// How long an answer may be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_life: Option<DataLife>,
}

impl Bounds {
    /// What a use at this instant must find free; `None` if uses need not be counted, or beyond the calendar.
    #[must_use]
    pub fn turn(&self, at: Timestamp) -> Option<(Turn, Option<Window>)> {
        let window = match self.frequency {
            Some(frequency) => Some(frequency.unit.around(at)?),
            None => None,
        };
        let begins_at = window.map_or(Timestamp::from_micros(0), |window| window.from);
        let turn = Turn { begins_at, times: self.frequency.map(|frequency| frequency.value), ever: self.uses };
        Some((turn, window))
    }

    /// Whether uses are counted.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.uses.is_some() || self.frequency.is_some()
    }
}

/// One use of a bounded consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// First instant of the period that it counts in; the epoch where periods are not counted.
    pub begins_at: Timestamp,
    /// Uses that the period has.
    pub times: Option<u32>,
    /// Uses that the consent has.
    pub ever: Option<u32>,
}

#[cfg(test)]
#[path = "frequency_tests.rs"]
mod tests;

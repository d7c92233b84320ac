//! What one charge counts: a row, a call, a report, an inquiry that matches, an inquiry that does not.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::catalogue::ChargeUnit;

/// What a rate prices one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Unit {
    /// A row that left (S3 §8.4, "per row").
    #[n(0)]
    Row,
    /// An answered call.
    #[n(1)]
    Call,
    /// A statistical report (S3 §8.4, "Statistical Aggregate Data").
    #[n(2)]
    Report,
    /// An inquiry that was answered with yes.
    #[n(3)]
    Match,
    /// An inquiry that was answered with no, which is information too and has a line of its own.
    #[n(4)]
    NoMatch,
}

impl Unit {
    /// Every unit, in order.
    pub const ALL: &'static [Self] = &[Self::Row, Self::Call, Self::Report, Self::Match, Self::NoMatch];

    /// The word in SQL, JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Call => "call",
            Self::Report => "report",
            Self::Match => "match",
            Self::NoMatch => "no-match",
        }
    }

    /// Reads a word of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|unit| unit.as_str() == text)
    }

    /// How many of it one answer of `rows` rows has.
    #[must_use]
    pub const fn of(self, rows: u32) -> u32 {
        match self {
            Self::Row => rows,
            Self::Call | Self::Report | Self::Match | Self::NoMatch => 1,
        }
    }
}

impl ChargeUnit {
    /// What an answer is charged by; `None` when it is free. `matched`: whether an inquiry was answered with yes.
    #[must_use]
    pub const fn of(self, matched: bool) -> Option<Unit> {
        match (self, matched) {
            (Self::Row, _) => Some(Unit::Row),
            (Self::Call, _) => Some(Unit::Call),
            (Self::Report, _) => Some(Unit::Report),
            (Self::Match, true) => Some(Unit::Match),
            (Self::Match, false) => Some(Unit::NoMatch),
            (Self::Free, _) => None,
        }
    }

    /// The units that a book must have a line of before a service charged so may be put in force.
    #[must_use]
    pub const fn priced(self) -> &'static [Unit] {
        match self {
            Self::Row => &[Unit::Row],
            Self::Call => &[Unit::Call],
            Self::Report => &[Unit::Report],
            Self::Match => &[Unit::Match, Unit::NoMatch],
            Self::Free => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for &unit in Unit::ALL {
            assert_eq!(Unit::parse(unit.as_str()), Some(unit));
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.as_str());
        }
        assert_eq!(Unit::parse("Row"), None);
    }

    #[test]
    fn whatever_an_answer_is_charged_by_is_asked_of_the_book() {
        for charge in [ChargeUnit::Row, ChargeUnit::Call, ChargeUnit::Report, ChargeUnit::Match, ChargeUnit::Free] {
            let of = [charge.of(true), charge.of(false)];
            assert!(of.iter().flatten().all(|unit| charge.priced().contains(unit)), "{charge:?}");
            assert!(charge.priced().iter().all(|unit| of.contains(&Some(*unit))), "{charge:?}");
        }
    }
}

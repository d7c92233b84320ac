//! A month's bill cut by the days of Asia/Karachi, and what the month is likely to come to.

use std::collections::BTreeMap;

use super::{
    bill::{Bill, Sum},
    tally::{Placed, Tally},
};
use crate::{ids::AgencyId, month::Month, record::leaf::Leaf, tariff::half_even, timestamp::Timestamp};

/// What was answered, counted and charged, without saying of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered calls.
    pub calls: i64,
    /// Rows that left.
    pub rows: i64,
    /// Units charged.
    pub units: i64,
    /// Milli-paisa as the answers were rated.
    pub amount_milli_paisa: i64,
    /// What of it is to be paid, milli-paisa.
    pub payable_milli_paisa: i64,
}

impl Counts {
    /// Adds a sum.
    pub fn add(&mut self, sum: &Sum) {
        self.calls = self.calls.saturating_add(sum.calls);
        self.rows = self.rows.saturating_add(sum.rows);
        self.units = self.units.saturating_add(sum.units);
        self.amount_milli_paisa = self.amount_milli_paisa.saturating_add(sum.amount_milli_paisa);
        self.payable_milli_paisa = self.payable_milli_paisa.saturating_add(sum.payable_milli_paisa());
    }

    /// Adds other counts.
    pub const fn join(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.rows = self.rows.saturating_add(other.rows);
        self.units = self.units.saturating_add(other.units);
        self.amount_milli_paisa = self.amount_milli_paisa.saturating_add(other.amount_milli_paisa);
        self.payable_milli_paisa = self.payable_milli_paisa.saturating_add(other.payable_milli_paisa);
    }
}

/// A bill and the days that it is made of: both of one reading, so that they agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daily {
    /// The month's bill.
    pub bill: Bill,
    /// The days that had any, by their number in the month, in order.
    pub days: Vec<(u8, Counts)>,
}

impl Daily {
    /// Of an agency's month, from sums that name their day, in any order.
    #[must_use]
    pub fn of(agency: AgencyId, month: Month, parts: &[(u8, Sum)]) -> Self {
        let (mut whole, mut days) = (BTreeMap::new(), BTreeMap::new());
        for (day, sum) in parts {
            whole.entry(sum.key.clone()).or_insert_with(|| Sum::of(sum.key.clone())).join(sum);
            days.entry(*day).or_insert_with(Counts::default).add(sum);
        }
        let bill = Bill::of(agency, month, whole.into_values().collect());
        Self { bill, days: days.into_iter().collect() }
    }

    /// Sums an agency's month from leaves alone, in any order, each given once.
    #[must_use]
    pub fn recompute<'a>(leaves: impl Iterator<Item = &'a Leaf>, agency: &AgencyId, month: Month) -> Self {
        let mut tally = Tally::default();
        for placed in leaves.filter_map(Placed::of) {
            if placed.agency == *agency && placed.month == month {
                tally.add(placed.day, &placed.item);
            }
        }
        let parts: Vec<_> = tally.sums().map(|(day, sum)| (*day, sum.clone())).collect();
        Self::of(agency.clone(), month, &parts)
    }

    /// The present day with what it had so far; `None` when the month is not the present one.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Option<(u8, Counts)> {
        let today = self.day_of(now)?;
        let found = self.days.iter().find(|(day, _)| *day == today);
        Some((today, found.map_or_else(Counts::default, |(_, counts)| *counts)))
    }

    /// What the month under way is likely to come to, milli-paisa; `None` for every other month, and on the first day,
    /// which has no full day before it to go by.
    ///
    /// The method: what is payable so far, today's part included, plus the mean of the full days so far times the days that
    /// are left after today. A full day is one that is over, whether it had any or not. The product is divided once, a half
    /// to the even milli-paisa. What may still come today, tiers, minimums, rounding and tax are not in it.
    #[must_use]
    pub fn forecast_milli_paisa(&self, now: Timestamp) -> Option<i64> {
        let to_come = self.of_full_days(now)?.saturating_mul(self.days_left(now)?);
        let to_come = half_even(to_come, self.full_days(now)?);
        Some(self.bill.payable_milli_paisa().saturating_add(to_come))
    }

    /// What is payable for a full day so far in the mean, milli-paisa, a half to the even one; `None` as for the forecast.
    #[must_use]
    pub fn mean_of_full_days(&self, now: Timestamp) -> Option<i64> {
        Some(half_even(self.of_full_days(now)?, self.full_days(now)?))
    }

    /// Days of the month under way that are left after today.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        Some(i64::from(self.bill.month.days().saturating_sub(self.day_of(now)?)))
    }

    /// Days of the month under way that are over; `None` where none is.
    fn full_days(&self, now: Timestamp) -> Option<i64> {
        Some(i64::from(self.day_of(now)?) - 1).filter(|full| *full > 0)
    }

    fn of_full_days(&self, now: Timestamp) -> Option<i64> {
        let today = self.day_of(now)?;
        let full = self.days.iter().filter(|(day, _)| *day < today);
        Some(full.fold(0, |all: i64, (_, counts)| all.saturating_add(counts.payable_milli_paisa)))
    }

    /// The day of the month at an instant that lies in it.
    fn day_of(&self, now: Timestamp) -> Option<u8> {
        self.bill.month.contains(now).then(|| now.karachi_date().2)
    }
}

/// A day of a month as text, such as `2026-11-22`.
#[must_use]
pub fn day_text(month: Month, day: u8) -> String {
    format!("{month}-{day:02}")
}

//! Working days in Pakistan: weekends and holidays are data (`policies/rules/holidays.toml`); the moon is not computed.
//!
//! Outside the years that the data lists nothing is said: a clock that nobody can keep is not set.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use time::Weekday;

use crate::{day::Day, timestamp::Timestamp};

/// Most working days that a deadline may be away: a year's.
const WORKING_DAYS_MAX: u16 = 250;

/// Weekends and holidays as a file has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarData {
    /// First year for which every holiday is listed.
    pub first_year: i32,
    /// Last such year.
    pub last_year: i32,
    /// Days of the week on which federal offices are closed, in English.
    pub weekend: Vec<String>,
    /// Holidays of the same date each year.
    pub fixed: Vec<Fixed>,
    /// Holidays that follow the moon, by date.
    pub moon: Vec<Moon>,
}

/// A holiday of the same date each year.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// Month and day, such as `11-09`.
    pub date: String,
    /// Its name in English.
    pub title: String,
    /// Its name in Urdu.
    pub title_ur: String,
}

/// A holiday that follows the moon.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moon {
    /// First day, such as `2026-03-20`.
    pub from: String,
    /// Days that it lasts.
    pub days: u8,
    /// Whether the Government has announced the days or they are only expected.
    pub status: Status,
    /// Its name in English.
    pub title: String,
    /// Its name in Urdu.
    pub title_ur: String,
}

/// How sure a holiday's date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The same each year.
    #[serde(skip)]
    Fixed,
    /// By the Government's notice.
    Announced,
    /// By the usual reckoning; the notice may move it by a day.
    Expected,
}

/// One day on which offices are closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// Its name in English.
    pub title: String,
    /// Its name in Urdu.
    pub title_ur: String,
    /// How sure its date is.
    pub status: Status,
}

/// Why data is no calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// A text that is no day of the week or no date.
    #[error("`{0}` is no day")]
    NoDay(String),
    /// The years are none, or no day of the week is left to work on.
    #[error("the calendar has no working day")]
    Empty,
    /// A holiday outside the years that the data lists.
    #[error("`{0}` lies outside the years that are listed")]
    Outside(String),
    /// A year without a holiday that follows the moon: its list is not whole.
    #[error("{0} lists no holiday that follows the moon")]
    Moonless(i32),
}

/// Which days are worked.
#[derive(Clone, Debug)]
pub struct Calendar {
    years: (i32, i32),
    weekend: BTreeSet<u8>,
    holidays: BTreeMap<Day, Holiday>,
}

impl Calendar {
    /// The calendar of this data.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub fn new(data: &CalendarData) -> Result<Self, CalendarError> {
        let weekend = data.weekend.iter().map(|name| weekday(name)).collect::<Result<BTreeSet<_>, _>>()?;
        if weekend.len() >= 7 || data.first_year > data.last_year {
            return Err(CalendarError::Empty);
        }
        let mut holidays = BTreeMap::new();
        for year in data.first_year..=data.last_year {
            for Fixed { date, title, title_ur } in &data.fixed {
                let day = day(&format!("{year:04}-{date}"))?;
                let (title, title_ur) = (title.clone(), title_ur.clone());
                holidays.insert(day, Holiday { title, title_ur, status: Status::Fixed });
            }
            let prefix = format!("{year:04}-");
            if !data.moon.iter().any(|moon| moon.from.starts_with(&prefix)) {
                return Err(CalendarError::Moonless(year));
            }
        }
        for moon in &data.moon {
            let mut at = day(&moon.from)?;
            for _ in 0..moon.days {
                if !(data.first_year..=data.last_year).contains(&at.year()) {
                    return Err(CalendarError::Outside(at.to_string()));
                }
                let (title, title_ur) = (moon.title.clone(), moon.title_ur.clone());
                holidays.insert(at, Holiday { title, title_ur, status: moon.status });
                at = at.next().ok_or_else(|| CalendarError::Outside(moon.from.clone()))?;
            }
        }
        Ok(Self { years: (data.first_year, data.last_year), weekend, holidays })
    }

    /// The holiday on this day, if it is one.
    #[must_use]
    pub fn holiday(&self, day: Day) -> Option<&Holiday> {
        self.holidays.get(&day)
    }

    /// Whether offices work on this day; `None` outside the years that are listed.
    #[must_use]
    pub fn is_working(&self, day: Day) -> Option<bool> {
        let listed = (self.years.0..=self.years.1).contains(&day.year());
        let closed = || self.weekend.contains(&day.since_monday()) || self.holidays.contains_key(&day);
        listed.then(|| !closed())
    }

    /// The last day on which what was received now is still in time: the day of receipt does not count, then as many
    /// working days as were promised. `None` where the data does not reach so far.
    #[must_use]
    pub fn due(&self, received: Timestamp, working_days: u16) -> Option<Day> {
        let mut day = Day::of(received)?;
        self.is_working(day)?;
        let mut left = (working_days <= WORKING_DAYS_MAX).then_some(working_days)?;
        while left > 0 {
            day = day.next()?;
            left -= u16::from(self.is_working(day)?);
        }
        Some(day)
    }
}

fn day(text: &str) -> Result<Day, CalendarError> {
    Day::parse(text).map_err(|_| CalendarError::NoDay(text.to_owned()))
}

fn weekday(name: &str) -> Result<u8, CalendarError> {
    let parsed: Result<Weekday, _> = name.parse();
    parsed.map(Weekday::number_days_from_monday).map_err(|_| CalendarError::NoDay(name.to_owned()))
}

#[cfg(test)]
mod tests;

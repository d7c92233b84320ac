//! Calendar days of Asia/Karachi, by which ages, deadlines and dated rules go.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month, util::days_in_month};

use crate::timestamp::Timestamp;

/// Seconds since 1970 in UTC that lie in years 1 to 9999 in Asia/Karachi.
const CALENDAR_S: std::ops::Range<i64> = -62_135_614_800..253_402_282_800;

/// A calendar day of the years 1 to 9999; ordered as days follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// The text is no day written as `2026-11-22`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the calendar, written YYYY-MM-DD")]
pub struct DayError;

impl Day {
    /// Reads `2026-11-22` and nothing else.
    ///
    /// # Errors
    /// [`DayError`] for any other form and for a day that the calendar lacks.
    pub fn parse(text: &str) -> Result<Self, DayError> {
        let mut parts = text.split('-');
        let mut part = |digits| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok()).flatten()
        };
        let (year, month, of_month) = (part(4), part(2), part(2));
        let (Some(year), Some(month), Some(of_month), None) = (year, month, of_month, parts.next()) else {
            return Err(DayError);
        };
        let (month, of_month) = (u8::try_from(month), u8::try_from(of_month));
        let (Ok(month), Ok(of_month)) = (month, of_month) else { return Err(DayError) };
        Self::new(i32::from(year), month, of_month).ok_or(DayError)
    }

    fn new(year: i32, month: u8, of_month: u8) -> Option<Self> {
        let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, of_month).ok()?;
        (1..=9999).contains(&year).then_some(Self(date))
    }

    /// The day in Asia/Karachi at an instant; `None` outside years 1 to 9999.
    #[must_use]
    pub fn of(at: Timestamp) -> Option<Self> {
        // Asked first, because a calendar that cannot hold an instant answers with a day of 1970.
        if !CALENDAR_S.contains(&at.seconds()) {
            return None;
        }
        let (year, month, of_month) = at.karachi_date();
        Self::new(year, month, of_month)
    }

    /// Its first instant.
    #[must_use]
    pub fn first(self) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("{self}T00:00:00+05:00")).unwrap_or_default()
    }

    /// The first instant after it.
    #[must_use]
    pub fn until(self) -> Timestamp {
        self.first().plus_seconds(24 * 3600)
    }

    /// The day so many days later, or earlier if negative.
    #[must_use]
    pub fn plus(self, days: i64) -> Option<Self> {
        let (year, month, of_month) = self.0.checked_add(Duration::days(days))?.to_calendar_date();
        Self::new(year, u8::from(month), of_month)
    }

    /// The day after it.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.plus(1)
    }

    /// The first of its month, and of the next.
    #[must_use]
    pub fn month(self) -> Option<(Self, Self)> {
        let first = self.plus(1 - i64::from(self.0.day()))?;
        let length = days_in_month(self.0.month(), self.0.year());
        Some((first, first.plus(i64::from(length))?))
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// Days since Monday: 0 to 6.
    #[must_use]
    pub fn since_monday(self) -> u8 {
        self.0.weekday().number_days_from_monday()
    }

    /// Whole years that somebody born on this day has lived on a later one; 0 if it is not later. Who was born on 29
    /// February is a year older on 1 March where there is no such day.
    #[must_use]
    pub fn age_on(self, later: Self) -> u16 {
        let of_year = |date: Date| (u8::from(date.month()), date.day());
        let passed = of_year(later.0) >= of_year(self.0);
        let years = later.0.year().saturating_sub(self.0.year());
        let years = years.saturating_sub(i32::from(!passed && later.0.year() > self.0.year()));
        u16::try_from(years).unwrap_or_default()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for text in ["2026-11-22", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(day(text).to_string(), text);
        }
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-1-22",
            "2026-11-22-",
            "2026-13-01",
            "2026-00-01",
            "2026-04-31",
            "2025-02-29",
            "1900-02-29",
            "0000-01-01",
            "+026-11-22",
            "2026-11-2a",
            "26-11-22",
            "2026-11-00",
            "٢٠٢٦-11-22",
        ] {
            assert_eq!(Day::parse(text), Err(DayError), "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_karachi() {
        let of = |text: &str| Day::of(Timestamp::parse_rfc3339(text).unwrap()).unwrap().to_string();
        assert_eq!(of("2026-10-31T18:59:59Z"), "2026-10-31");
        assert_eq!(of("2026-10-31T19:00:00Z"), "2026-11-01");
        let day = day("2026-11-09");
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!((day.first(), day.until()), (at("2026-11-09T00:00:00+05:00"), at("2026-11-10T00:00:00+05:00")));
        assert_eq!(Day::of(Timestamp::from_micros(i64::MAX)), None);
        assert_eq!(Day::of(Timestamp::from_micros(i64::MIN)), None);
    }

    #[test]
    fn a_birthday_makes_a_year() {
        let check = |born: &str, on: &str, age| assert_eq!(day(born).age_on(day(on)), age, "{born} on {on}");
        check("2020-05-05", "2026-05-04", 5);
        check("2020-05-05", "2026-05-05", 6);
        check("2020-02-29", "2026-02-28", 5);
        check("2020-02-29", "2026-03-01", 6);
        check("2020-02-29", "2024-02-29", 4);
        check("2026-11-22", "2026-11-22", 0);
        check("2026-11-22", "2026-11-21", 0);
        check("2030-01-01", "2026-11-22", 0);
    }

    #[test]
    fn days_follow_each_other() {
        assert!(day("2026-11-22") < day("2026-11-23") && day("2025-12-31") < day("2026-01-01"));
    }
}

//! Dates as registers know them: often only the year, never more than was stored.

use std::fmt;

/// Seconds since 1970 in UTC that lie in years 1 to 9999 in Asia/Karachi.
const CALENDAR_S: std::ops::Range<i64> = -62_135_614_800..253_402_282_800;

/// A whole calendar day; ordered as days follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i16,
    month: u8,
    of_month: u8,
}

impl Day {
    /// The day as of which every synthetic population stands.
    pub(crate) const REFERENCE: Self = Self { year: 2026, month: 1, of_month: 1 };

    /// The day, if the calendar has it: years 1 to 9999.
    #[must_use]
    pub fn new(year: i16, month: u8, of_month: u8) -> Option<Self> {
        let valid =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&of_month);
        valid.then_some(Self { year, month, of_month })
    }

    /// The day in Asia/Karachi at an instant; `None` outside years 1 to 9999.
    #[must_use]
    pub fn at(instant: exchange::timestamp::Timestamp) -> Option<Self> {
        // Asked first, because a calendar that cannot hold an instant may answer with a day of 1970.
        if !CALENDAR_S.contains(&instant.seconds()) {
            return None;
        }
        let (year, month, day) = instant.karachi_date();
        Self::new(i16::try_from(year).ok()?, month, day)
    }

    /// Reads `YYYY-MM-DD` and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match PartialDate::parse(text)? {
            PartialDate::Day(day) => Some(day),
            _ => None,
        }
    }

    /// Calendar year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.year
    }

    /// Whole years from this day to a later one; 0 if it is not later.
    #[must_use]
    pub fn years_until(self, later: Self) -> u16 {
        let passed = (later.month, later.of_month) >= (self.month, self.of_month);
        let years = later.year.saturating_sub(self.year).saturating_sub(i16::from(!passed));
        u16::try_from(years).unwrap_or(0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

fn days_in(year: i16, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A date with the precision that was stored: 58.3 million persons have a birth year only (R010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartialDate {
    /// The year is known.
    Year(i16),
    /// Year and month are known.
    Month(i16, u8),
    /// The day is known.
    Day(Day),
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`: the text's length is its precision.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year: i16 = number(parts.next()?, 4)?;
        let first = Day::new(year, 1, 1)?;
        let Some(month) = parts.next() else { return Some(Self::Year(first.year)) };
        let month: u8 = number(month, 2)?;
        let Some(day) = parts.next() else { return Day::new(year, month, 1).map(|_| Self::Month(year, month)) };
        let day = Day::new(year, month, number(day, 2)?)?;
        parts.next().is_none().then_some(Self::Day(day))
    }

    /// Calendar year.
    #[must_use]
    pub fn year(self) -> i16 {
        match self {
            Self::Year(year) | Self::Month(year, _) => year,
            Self::Day(day) => day.year,
        }
    }

    /// Whether a whole day agrees with everything that was stored.
    #[must_use]
    pub fn agrees_with(self, given: Day) -> bool {
        match self {
            Self::Year(year) => given.year == year,
            Self::Month(year, month) => (given.year, given.month) == (year, month),
            Self::Day(day) => given == day,
        }
    }

    /// Age on a day, as the stored precision allows it to be said.
    #[must_use]
    pub fn age_on(self, day: Day) -> Age {
        match self {
            Self::Day(born) => Age::Exactly(born.years_until(day)),
            Self::Month(year, month) if month != day.month => {
                let born = Day { year, month, of_month: 1 };
                Age::Exactly(born.years_until(day))
            }
            Self::Month(year, _) | Self::Year(year) => {
                let most = u16::try_from(day.year.saturating_sub(year)).unwrap_or(0);
                if most == 0 { Age::Exactly(0) } else { Age::Between(most - 1, most) }
            }
        }
    }
}

fn number<T: std::str::FromStr>(text: &str, digits: usize) -> Option<T> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Shows only what was stored, such as `1985`.
impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(day) => day.fmt(f),
        }
    }
}

impl serde::Serialize for PartialDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An age in whole years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Known.
    Exactly(u16),
    /// One of two: the birthday is not known, and its absence is not made up.
    Between(u16, u16),
}

impl Age {
    /// The age that the person has certainly reached.
    #[must_use]
    pub fn at_least(self) -> u16 {
        match self {
            Self::Exactly(years) | Self::Between(years, _) => years,
        }
    }

    /// The age that the person has at most reached.
    #[must_use]
    pub fn at_most(self) -> u16 {
        match self {
            Self::Exactly(years) | Self::Between(_, years) => years,
        }
    }
}

/// A number, or text such as `40-41` where the birthday is unknown.
impl serde::Serialize for Age {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exactly(years) => serializer.serialize_u16(*years),
            Self::Between(least, most) => serializer.collect_str(&format_args!("{least}-{most}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_date_prints_no_more_than_was_stored() {
        let check = |text: &str, expected: Option<&str>| {
            let got = PartialDate::parse(text).map(|d| d.to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        };
        check("1985", Some("1985"));
        check("1985-03", Some("1985-03"));
        check("1985-03-31", Some("1985-03-31"));
        check("2024-02-29", Some("2024-02-29"));
        check("2023-02-29", None);
        check("1900-02-29", None);
        check("1985-13", None);
        check("0000", None);
        check("85-03-31", None);
        check("1985-3-31", None);
        check("1985-03-31-1", None);
        check("1985-03-3x", None);
        check("+985", None);
        check("", None);
    }

    #[test]
    fn an_age_is_a_range_where_the_birthday_is_unknown() {
        let check = |born: &str, on: &str, expected| {
            assert_eq!(PartialDate::parse(born).unwrap().age_on(day(on)), expected, "{born} {on}");
        };
        check("1985-11-22", "2026-11-22", Age::Exactly(41));
        check("1985-11-23", "2026-11-22", Age::Exactly(40));
        check("1985-10", "2026-11-22", Age::Exactly(41));
        check("1985-11", "2026-11-22", Age::Between(40, 41));
        check("1985-12", "2026-11-22", Age::Exactly(40));
        check("1985", "2026-11-22", Age::Between(40, 41));
        check("2026", "2026-11-22", Age::Exactly(0));
        check("2027", "2026-11-22", Age::Exactly(0));
    }

    #[test]
    fn a_birthday_given_in_full_agrees_at_the_stored_precision() {
        let check = |stored: &str, given: &str, expected| {
            assert_eq!(PartialDate::parse(stored).unwrap().agrees_with(day(given)), expected, "{stored} {given}");
        };
        check("1985", "1985-07-09", true);
        check("1985", "1986-01-01", false);
        check("1985-07", "1985-07-09", true);
        check("1985-07", "1985-08-09", false);
        check("1985-07-09", "1985-07-09", true);
        check("1985-07-09", "1985-07-10", false);
    }

    #[test]
    fn an_age_is_a_number_or_a_text_in_json() {
        assert_eq!(serde_json::to_string(&Age::Exactly(7)).unwrap(), "7");
        assert_eq!(serde_json::to_string(&Age::Between(40, 41)).unwrap(), "\"40-41\"");
    }
}

#[cfg(test)]
#[path = "date_laws.rs"]
mod laws;

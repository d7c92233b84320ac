//! Calendar months of Asia/Karachi, by which the exchange bills.

use std::fmt;

use crate::timestamp::Timestamp;

/// A calendar month in Asia/Karachi, such as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

/// The text is not a month written as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("month is not written as four digits, a hyphen and 01 to 12")]
pub struct MonthError;

impl Month {
    /// Reads `2026-11`.
    ///
    /// # Errors
    /// [`MonthError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let plain = |part: &str, digits| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(year, 4) || !plain(month, 2) {
            return Err(MonthError);
        }
        let year = year.parse().map_err(|_| MonthError)?;
        let month = month.parse().map_err(|_| MonthError)?;
        // The year 9999 has no month after it that RFC 3339 can write.
        if year == 9999 || !(1..=12).contains(&month) { Err(MonthError) } else { Ok(Self { year, month }) }
    }

    /// The month that the instant lies in; `None` outside the years 0 to 9998.
    #[must_use]
    pub fn of(at: Timestamp) -> Option<Self> {
        // An instant beyond the calendar is written as 1970, where it does not lie.
        Self::parse(&at.karachi_month()).ok().filter(|month| month.contains(at))
    }

    /// Its first instant.
    #[must_use]
    pub fn first(self) -> Timestamp {
        // A parsed month always has a first instant, so the default is never taken.
        Timestamp::parse_rfc3339(&format!("{self}-01T00:00:00+05:00")).unwrap_or_default()
    }

    /// The first instant after it.
    #[must_use]
    pub fn until(self) -> Timestamp {
        let next = if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        };
        next.first()
    }

    /// Days that it has.
    #[must_use]
    pub fn days(self) -> u8 {
        let seconds = self.until().seconds().saturating_sub(self.first().seconds());
        u8::try_from(seconds / (24 * 3600)).unwrap_or(0)
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.first() <= at && at < self.until()
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_digits_a_hyphen_and_two() {
        let check = |text, expected| assert_eq!(Month::parse(text).map(|m| m.to_string()), expected, "{text}");
        check("2026-11", Ok("2026-11".to_owned()));
        for bad in ["", "2026", "2026-00", "2026-13", "2026-1", "26-11", "2026-11-01", "+026-11", "9999-12", "٢٠٢٦-١١"]
        {
            check(bad, Err(MonthError));
        }
    }

    #[test]
    fn a_month_begins_and_ends_at_midnight_in_karachi() {
        let check = |month, first: &str, until: &str| {
            let month = Month::parse(month).unwrap();
            assert_eq!((month.first().rfc3339(), month.until().rfc3339()), (first.to_owned(), until.to_owned()));
        };
        check("2026-11", "2026-11-01T00:00:00+05:00", "2026-12-01T00:00:00+05:00");
        check("2026-12", "2026-12-01T00:00:00+05:00", "2027-01-01T00:00:00+05:00");
        let november = Month::parse("2026-11").unwrap();
        let (first, until) = (november.first(), november.until());
        assert!(november.contains(first) && !november.contains(until));
        assert!(!november.contains(Timestamp::from_micros(first.micros() - 1)));
    }

    #[test]
    fn a_month_has_as_many_days_as_the_calendar_says() {
        let check = |month: &str, days| assert_eq!(Month::parse(month).unwrap().days(), days, "{month}");
        check("2026-01", 31);
        check("2026-11", 30);
        check("2026-02", 28);
        check("2028-02", 29);
        check("2100-02", 28);
        check("0000-02", 29);
        check("9998-12", 31);
    }

    #[test]
    fn an_instant_lies_in_the_month_that_contains_it() {
        let month = Month::parse("2026-12").unwrap();
        assert_eq!(Month::of(month.first()), Some(month));
        assert_ne!(Month::of(month.until()), Some(month));
        assert_eq!(Month::of(Timestamp::from_micros(i64::MIN)), None);
    }
}

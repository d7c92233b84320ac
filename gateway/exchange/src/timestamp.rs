//! Instants: signed microseconds since 1970 in UTC; days, months and hours are Asia/Karachi's.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// An instant in UTC microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Pakistan has kept UTC+5 without summer time since 2010.
const KARACHI_OFFSET_S: i32 = 5 * 3600;

impl Timestamp {
    /// From UTC microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// UTC microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// UTC milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// UTC seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The instant this many seconds later (earlier when negative); saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Reads RFC 3339 such as `2026-11-22T10:00:00+05:00`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(parsed.unix_timestamp_nanos() / 1_000).ok().map(Self)
    }

    /// RFC 3339 with Pakistan's offset, to the second, such as `2026-11-22T10:00:00+05:00`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.karachi()
            .replace_nanosecond(0)
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok())
            .unwrap_or_else(|| "unrepresentable".to_owned())
    }

    /// RFC 3339 with Pakistan's offset, to the microsecond: [`Self::parse_rfc3339`] gives the same instant back.
    #[must_use]
    pub fn rfc3339_exact(self) -> String {
        self.karachi().format(&Rfc3339).unwrap_or_else(|_| "unrepresentable".to_owned())
    }

    /// Hour of the day in Asia/Karachi, 0 to 23.
    #[must_use]
    pub fn karachi_hour(self) -> u8 {
        self.karachi().hour()
    }

    /// Calendar date in Asia/Karachi as year, month 1-12, day 1-31.
    #[must_use]
    pub fn karachi_date(self) -> (i32, u8, u8) {
        let at = self.karachi();
        (at.year(), u8::from(at.month()), at.day())
    }

    /// Calendar month in Asia/Karachi as `2026-11`.
    #[must_use]
    pub fn karachi_month(self) -> String {
        let (year, month, _) = self.karachi_date();
        format!("{year:04}-{month:02}")
    }

    fn karachi(self) -> OffsetDateTime {
        let offset = UtcOffset::from_whole_seconds(KARACHI_OFFSET_S).unwrap_or(UtcOffset::UTC);
        let utc = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000).ok();
        // The last five hours of the year 9999 in UTC are the year 10000 in Karachi.
        utc.and_then(|utc| utc.checked_to_offset(offset))
            .unwrap_or_else(|| OffsetDateTime::UNIX_EPOCH.to_offset(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_karachi() {
        let at = Timestamp::parse_rfc3339("2026-10-31T19:30:00Z").unwrap();
        assert_eq!(at.rfc3339(), "2026-11-01T00:30:00+05:00");
        assert_eq!(at.karachi_hour(), 0);
        assert_eq!(at.karachi_month(), "2026-11");
        assert_eq!(at.karachi_date(), (2026, 11, 1));
    }

    #[test]
    fn an_instant_survives_its_text() {
        let at = Timestamp::from_micros(1_795_000_000_000_000);
        assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339()), Some(at));
        let odd = Timestamp::from_micros(1_795_000_000_000_001);
        assert_eq!(Timestamp::parse_rfc3339(&odd.rfc3339_exact()), Some(odd));
        assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339_exact()), Some(at));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}

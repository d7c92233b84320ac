//! Days counted from 1970, so that births and deaths can be added up.

use crate::date::Day;

/// 1 January 2026: the day as of which every synthetic population stands. It asks no clock.
pub(super) const REFERENCE_DAY: i64 = 20_454;

/// Days from 1970-01-01 to a day of the Gregorian calendar (Hinnant 2013, `days_from_civil`).
pub(super) fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The calendar day so many days from 1970-01-01; the reference day's year, January 1st, where no [`Day`] could be.
pub(super) fn day(days: i64) -> Day {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let parts = (i16::try_from(year), u8::try_from(month), u8::try_from(day));
    match parts {
        (Ok(year), Ok(month), Ok(day)) => Day::new(year, month, day).unwrap_or(Day::REFERENCE),
        _ => Day::REFERENCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        let check = |days, year, month, of_month| {
            assert_eq!(day_of(year, month, of_month), days);
            assert_eq!(day(days).to_string(), format!("{year:04}-{month:02}-{of_month:02}"));
        };
        check(0, 1970, 1, 1);
        check(-1, 1969, 12, 31);
        check(19_782, 2024, 2, 29);
        check(REFERENCE_DAY, 2026, 1, 1);
        check(-20_089, 1915, 1, 1);
    }
}

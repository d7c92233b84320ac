//! Time: instants survive their text, and days, months and hours are Karachi's, against a calendar counted by hand.

use exchange::{
    month::{Month, MonthError},
    timestamp::Timestamp,
};
use proptest::prelude::*;

const DAY_S: i64 = 86_400;
const KARACHI_S: i64 = 5 * 3_600;

/// Year, month and day so many days after 1970-01-01, counted month by month.
fn civil(days: i64) -> (i32, u8, u8) {
    let leap = |year: i32| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let (mut year, mut left) = (1970, days);
    while left < 0 {
        year -= 1;
        left += if leap(year) { 366 } else { 365 };
    }
    while left >= if leap(year) { 366 } else { 365 } {
        left -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, u8::try_from(left + 1).unwrap())
}

#[test]
fn text_is_read_to_the_microsecond_in_any_offset() {
    let check = |text: &str, expected: Option<i64>| {
        assert_eq!(Timestamp::parse_rfc3339(text).map(Timestamp::micros), expected, "{text}");
    };
    check("1970-01-01T00:00:00Z", Some(0));
    check("1970-01-01T05:00:00+05:00", Some(0));
    check("1969-12-31T19:00:00-05:00", Some(0));
    check("1970-01-01T00:00:00.000001Z", Some(1));
    check("1970-01-01T00:00:00.0000019Z", Some(1));
    check("1969-12-31T23:59:59.999999Z", Some(-1));
    check("1970-01-01T00:00:01.5Z", Some(1_500_000));
    check("2026-11-22T12:00:00+05:00", Some(1_795_330_800_000_000));
    for bad in [
        "",
        "now",
        "0",
        "1970-01-01",
        "1970-01-01 ",
        "1970-01-01T00:00Z",
        "1970-1-1T0:0:0Z",
        "1970-02-30T00:00:00Z",
        " 1970-01-01T00:00:00Z",
    ] {
        check(bad, None);
    }
}

#[test]
fn smaller_units_round_down_on_both_sides_of_1970() {
    let check = |micros: i64, millis: i64, seconds: i64| {
        let at = Timestamp::from_micros(micros);
        assert_eq!((at.millis(), at.seconds()), (millis, seconds), "{micros}");
    };
    check(0, 0, 0);
    check(999, 0, 0);
    check(1_000, 1, 0);
    check(1_999_999, 1_999, 1);
    check(-1, -1, -1);
    check(-1_000, -1, -1);
    check(-1_001, -2, -1);
    check(-1_000_001, -1_001, -2);
}

#[test]
fn adding_seconds_stops_at_the_ends_of_time() {
    let check = |from: i64, seconds: i64, expected: i64| {
        assert_eq!(Timestamp::from_micros(from).plus_seconds(seconds).micros(), expected, "{from} {seconds}");
    };
    check(5, 2, 2_000_005);
    check(5, -2, -1_999_995);
    check(i64::MAX, 1, i64::MAX);
    check(i64::MIN, -1, i64::MIN);
    check(0, i64::MAX, i64::MAX);
    check(0, i64::MIN, i64::MIN);
    check(i64::MAX, i64::MIN, -1);
}

#[test]
fn no_instant_breaks_the_calendar() {
    // The first and last instants that have a date in Karachi, and what lies beyond.
    let (first, last) = ("0000-01-01T00:00:00+05:00", "9999-12-31T23:59:59+05:00");
    for text in [first, last] {
        assert_eq!(Timestamp::parse_rfc3339(text).unwrap().rfc3339(), text);
    }
    let last = Timestamp::parse_rfc3339(last).unwrap();
    for beyond in [
        last.plus_seconds(1),
        last.plus_seconds(KARACHI_S),
        last.plus_seconds(KARACHI_S + 1),
        Timestamp::from_micros(i64::MAX),
        Timestamp::from_micros(i64::MIN),
    ] {
        assert_ne!(Timestamp::parse_rfc3339(&beyond.rfc3339()), Some(beyond), "{beyond:?} has no text");
        assert!(beyond.karachi_hour() < 24);
        assert_eq!(Month::of(beyond), None, "{beyond:?}");
    }
}

#[test]
fn a_month_is_written_in_one_way() {
    let check = |text: &str, good: bool| {
        let expected = if good { Ok(text.to_owned()) } else { Err(MonthError) };
        assert_eq!(Month::parse(text).map(|month| month.to_string()), expected, "{text:?}");
    };
    for good in ["2026-01", "2026-12", "0000-01", "0999-06", "9998-12"] {
        check(good, true);
    }
    for bad in [
        "2026-00", "2026-13", "2026-1", "2026-011", "02026-01", "2026/01", "2026-01 ", " 2026-01", "2026--1",
        "-2026-01",
    ] {
        check(bad, false);
    }
    for bad in ["2026-", "-01", "-", "2026–01", "٢٠٢٦-٠١", "2026-0x", "9999-01", "+026-01", "2026-+1", "2026-01-01"]
    {
        check(bad, false);
    }
}

#[test]
fn months_follow_each_other_without_gap_or_overlap() {
    let mut before: Option<Month> = None;
    for year in 1968..2104 {
        for number in 1..=12 {
            let month = Month::parse(&format!("{year:04}-{number:02}")).unwrap();
            let first = month.first();
            assert_eq!(first.rfc3339(), format!("{month}-01T00:00:00+05:00"));
            if let Some(before) = before {
                assert_eq!(before.until(), first, "{before} ends where {month} begins");
                assert!(before < month);
                assert!(before.contains(Timestamp::from_micros(first.micros() - 1)) && !before.contains(first));
            }
            let days = (month.until().seconds() - first.seconds()) / DAY_S;
            let (_, _, last_day) = civil((month.until().seconds() + KARACHI_S) / DAY_S - 1);
            assert_eq!(days, i64::from(last_day), "{month}");
            before = Some(month);
        }
    }
}

#[test]
fn months_begin_as_utc_is_still_in_the_month_before() {
    let check = |text: &str, month: &str| {
        let at = Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!(Month::of(at).map(|month| month.to_string()).as_deref(), Some(month), "{text}");
        assert_eq!(at.karachi_month(), month, "{text}");
    };
    check("2026-10-31T18:59:59.999999Z", "2026-10");
    check("2026-10-31T19:00:00Z", "2026-11");
    check("2026-12-31T18:59:59.999999Z", "2026-12");
    check("2026-12-31T19:00:00Z", "2027-01");
    check("2028-02-29T18:59:59Z", "2028-02");
    check("2028-02-29T19:00:00Z", "2028-03");
    check("1969-12-31T19:00:00Z", "1970-01");
    check("1969-12-31T18:59:59.999999Z", "1969-12");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_instant_survives_its_text_to_the_second(micros in -62_000_000_000_000_000_i64..253_000_000_000_000_000) {
        let at = Timestamp::from_micros(micros);
        let read = Timestamp::parse_rfc3339(&at.rfc3339());
        prop_assert_eq!(read.map(Timestamp::micros), Some(at.seconds() * 1_000_000));
    }

    #[test]
    fn dates_and_hours_are_those_counted_by_hand(seconds in -6_000_000_000_i64..6_000_000_000, rest in 0..1_000_000_i64) {
        let at = Timestamp::from_micros(seconds * 1_000_000 + rest);
        let local = seconds + KARACHI_S;
        let (year, month, day) = civil(local.div_euclid(DAY_S));
        prop_assert_eq!(at.karachi_date(), (year, month, day));
        prop_assert_eq!(i64::from(at.karachi_hour()), local.rem_euclid(DAY_S) / 3_600);
        prop_assert_eq!(at.karachi_month(), format!("{year:04}-{month:02}"));
    }

    #[test]
    fn every_instant_lies_in_its_month_and_in_no_other(seconds in -6_000_000_000_i64..6_000_000_000, other in 0..2_400_i64) {
        let at = Timestamp::from_micros(seconds * 1_000_000);
        let month = Month::of(at).unwrap();
        prop_assert!(month.contains(at));
        let other = Month::parse(&format!("{:04}-{:02}", 1_900 + other / 12, other % 12 + 1)).unwrap();
        prop_assert_eq!(other.contains(at), other == month);
    }

    #[test]
    fn later_instants_have_no_earlier_texts_or_months(a in 0_i64..9_000_000_000, b in 0_i64..9_000_000_000) {
        let (a, b) = (Timestamp::from_micros(a * 1_000_000), Timestamp::from_micros(b * 1_000_000));
        prop_assert_eq!(a.cmp(&b), a.rfc3339().cmp(&b.rfc3339()));
        prop_assert!((a <= b) == (Month::of(a) <= Month::of(b)) || Month::of(a) == Month::of(b));
    }
}

//! What holds for every day, every stored precision and every malformed text.

use exchange::timestamp::Timestamp;
use proptest::prelude::*;

use super::*;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The instant of noon in UTC, so many days from 1970.
fn noon(days: i64) -> Timestamp {
    Timestamp::from_micros(days * DAY_MICROS + DAY_MICROS / 2)
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Every day of one year by trial of all months and days of the month, a few impossible ones among them.
fn days_of(year: i16) -> Vec<Day> {
    (0..=13).flat_map(|month| (0..=32).filter_map(move |of_month| Day::new(year, month, of_month))).collect()
}

#[test]
fn the_calendar_is_the_gregorian_one_over_a_whole_cycle() {
    // 400 years repeat; the instants' calendar is another's implementation.
    let mut days = Vec::new();
    for number in -135_140..10_957 {
        days.push(Day::at(noon(number)).unwrap());
    }
    assert_eq!((days[0].to_string(), days.last().unwrap().to_string()), ("1600-01-01".into(), "1999-12-31".into()));
    assert!(days.is_sorted_by(|earlier, later| earlier < later), "days follow each other in order");
    let tried: Vec<_> = (1600..2000).flat_map(days_of).collect();
    assert!(tried == days, "a day is one of the calendar's or none");
}

#[test]
fn the_calendar_ends_where_four_digits_do() {
    let check = |year, month, of_month, expected: Option<&str>| {
        let got = Day::new(year, month, of_month).map(|day| day.to_string());
        assert_eq!(got.as_deref(), expected, "{year} {month} {of_month}");
    };
    check(1, 1, 1, Some("0001-01-01"));
    check(9999, 12, 31, Some("9999-12-31"));
    check(0, 1, 1, None);
    check(-1, 1, 1, None);
    check(10_000, 1, 1, None);
    check(i16::MAX, 1, 1, None);
    check(2000, 2, 29, Some("2000-02-29"));
    check(2100, 2, 29, None);
    check(2024, 2, 30, None);
    check(2024, 0, 1, None);
    check(2024, 13, 1, None);
    check(2024, 1, 0, None);
    check(2024, 4, 31, None);
    check(2024, 12, 32, None);
    check(2024, 255, 255, None);
}

#[test]
fn a_day_begins_at_midnight_in_karachi() {
    let check = |instant: &str, expected: &str| {
        let at = Timestamp::parse_rfc3339(instant).unwrap();
        assert_eq!(Day::at(at).unwrap().to_string(), expected, "{instant}");
    };
    check("2026-11-22T18:59:59.999999Z", "2026-11-22");
    check("2026-11-22T19:00:00Z", "2026-11-23");
    check("2025-12-31T18:59:59Z", "2025-12-31");
    check("2025-12-31T19:00:00Z", "2026-01-01");
    check("2024-02-28T19:00:00Z", "2024-02-29");
    check("1969-12-31T18:59:59Z", "1969-12-31");
    check("0001-01-01T00:00:00+05:00", "0001-01-01");
    check("9999-12-31T23:59:59+05:00", "9999-12-31");
}

#[test]
fn an_instant_outside_the_calendar_is_no_day_at_all() {
    // A clock that jumped must not become a day of 1970, on which no card of today has run out.
    let first = Timestamp::parse_rfc3339("0001-01-01T00:00:00+05:00").unwrap();
    let last = Timestamp::parse_rfc3339("9999-12-31T23:59:59+05:00").unwrap();
    let check = |micros: i64, expected: bool| {
        assert_eq!(Day::at(Timestamp::from_micros(micros)).is_some(), expected, "{micros}");
    };
    check(first.micros(), true);
    check(first.micros() - 1, false);
    check(last.micros() + 999_999, true);
    check(last.micros() + 1_000_000, false);
    check(i64::MAX, false);
    check(i64::MIN, false);
}

#[test]
fn no_part_of_a_date_is_read_as_another_length() {
    let whole = "1985-03-31";
    for end in 0..whole.len() {
        let text = whole.get(..end).unwrap();
        let expected = [4, 7].contains(&end);
        assert_eq!(PartialDate::parse(text).is_some(), expected, "{text}");
        assert_eq!(Day::parse(text), None, "{text} is not a whole day");
    }
    for extra in ["1985-03-31 ", " 1985-03-31", "1985-03-31\n", "1985-03-31-", "1985-03-31T00:00", "-1985-03-31"] {
        assert_eq!(PartialDate::parse(extra), None, "{extra:?}");
    }
}

#[test]
fn one_wrong_character_anywhere_is_refused() {
    let whole = "1985-03-31";
    for place in 0..whole.len() {
        for wrong in ['x', ' ', '+', '/', '.', '٣', '３', '\0', 'é', '−'] {
            let text: String = whole.chars().enumerate().map(|(at, c)| if at == place { wrong } else { c }).collect();
            assert_eq!(PartialDate::parse(&text), None, "{text:?}");
        }
    }
    // Signs that a number's own parser would take.
    for text in ["+198", "-198", "1985-+3", "1985--3", "1985-03-+1", "1985-03--1", "19 5", "1_85"] {
        assert_eq!(PartialDate::parse(text), None, "{text}");
    }
}

#[test]
fn a_birthday_on_the_leap_day_comes_on_the_first_of_march_of_other_years() {
    let check = |born: &str, on: &str, expected| assert_eq!(day(born).years_until(day(on)), expected, "{born} {on}");
    check("2004-02-29", "2022-02-28", 17);
    check("2004-02-29", "2022-03-01", 18);
    check("2004-02-29", "2024-02-28", 19);
    check("2004-02-29", "2024-02-29", 20);
    check("2004-03-01", "2022-02-28", 17);
    check("2022-03-01", "2022-03-01", 0);
    check("2022-03-02", "2022-03-01", 0);
    check("2030-01-01", "2022-03-01", 0);
    check("0001-01-01", "9999-12-31", 9998);
}

#[test]
fn an_age_holds_for_every_birthday_that_the_record_allows() {
    // The law itself: the answer is the least and the most of the ages over all days that agree with what was stored.
    let ages = |stored: PartialDate, on: Day| {
        let born = days_of(stored.year()).into_iter().filter(|born| stored.agrees_with(*born));
        let ages: Vec<_> = born.map(|born| born.years_until(on)).collect();
        (*ages.iter().min().unwrap(), *ages.iter().max().unwrap())
    };
    let told = |age| match age {
        Age::Exactly(years) => (years, years),
        Age::Between(least, most) => (least, most),
    };
    for on in ["2026-03-01", "2026-03-15", "2026-12-30", "2024-02-29", "2023-02-28", "2026-01-02"] {
        for stored in ["1985", "1985-01", "1985-02", "1985-03", "1985-12", "1984-02-29", "2023", "2022-03", "2025-12"] {
            let stored = PartialDate::parse(stored).unwrap();
            let (least, most) = ages(stored, day(on));
            let (low, high) = told(stored.age_on(day(on)));
            assert!(low <= least && most <= high, "{stored} on {on}: told {low}-{high}, true {least}-{most}");
            assert!(high - low <= 1 && high <= most.max(least + 1), "{stored} on {on}: told {low}-{high} is too wide");
        }
    }
}

#[test]
fn an_age_is_said_with_no_more_certainty_than_was_stored() {
    let check = |born: &str, on: &str, json: &str, at_least| {
        let age = PartialDate::parse(born).unwrap().age_on(day(on));
        assert_eq!(serde_json::to_string(&age).unwrap(), json, "{born} {on}");
        assert_eq!(age.at_least(), at_least, "{born} {on}");
    };
    check("1985", "2026-12-31", "\"40-41\"", 40);
    check("2025", "2026-06-01", "\"0-1\"", 0);
    check("2026", "2026-06-01", "0", 0);
    check("2030", "2026-06-01", "0", 0);
    check("2008-05", "2026-06-01", "18", 18);
    check("2008-06", "2026-06-30", "\"17-18\"", 17);
    check("2008-07", "2026-06-30", "17", 17);
    check("2008-06-30", "2026-06-30", "18", 18);
    check("2008-07-01", "2026-06-30", "17", 17);
    check("2026-06", "2026-06-30", "0", 0);
    check("2026-07", "2026-06-30", "0", 0);
}

#[test]
fn a_partial_date_leaves_as_the_text_that_was_stored() {
    for text in ["0001", "1985", "1985-03", "1985-03-31", "9999-12"] {
        let stored = PartialDate::parse(text).unwrap();
        assert_eq!(serde_json::to_value(stored).unwrap(), text);
        assert_eq!(stored.year().to_string(), text.get(..4).unwrap().trim_start_matches('0'));
    }
}

fn any_day() -> impl Strategy<Value = Day> {
    (1_i16..=9999, 1_u8..=12, 1_u8..=31).prop_filter_map("not in the calendar", |(y, m, d)| Day::new(y, m, d))
}

fn any_partial() -> impl Strategy<Value = PartialDate> {
    (any_day(), 0..3).prop_map(|(day, precision)| match precision {
        0 => PartialDate::Year(day.year),
        1 => PartialDate::Month(day.year, day.month),
        _ => PartialDate::Day(day),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_printed_reads_back_as_the_same(date in any_partial()) {
        prop_assert_eq!(PartialDate::parse(&date.to_string()), Some(date));
    }

    #[test]
    fn days_are_ordered_as_their_texts_are(one in any_day(), other in any_day()) {
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
        prop_assert_eq!(one == other, one.to_string() == other.to_string());
    }

    #[test]
    fn a_day_agrees_with_the_beginnings_of_its_own_text_only(stored in any_partial(), given in any_day()) {
        let beginning = given.to_string().starts_with(&stored.to_string());
        prop_assert_eq!(stored.agrees_with(given), beginning);
        let own = given.to_string();
        for precision in [4, 7, 10] {
            prop_assert!(PartialDate::parse(own.get(..precision).unwrap()).unwrap().agrees_with(given));
        }
    }

    #[test]
    fn ages_grow_with_the_day_and_shrink_with_the_birth(born in any_day(), one in any_day(), other in any_day()) {
        let (early, late) = (one.min(other), one.max(other));
        prop_assert!(born.years_until(early) <= born.years_until(late));
        prop_assert!(late.years_until(born) <= early.years_until(born));
        if early > born {
            let years = i64::from(born.years_until(early));
            let apart = i64::from(early.year) - i64::from(born.year);
            prop_assert!(years == apart || years == apart - 1);
        }
    }

    #[test]
    fn any_text_is_refused_or_prints_as_it_was_given(text in "[0-9+ \\-]{0,12}|\\PC{0,12}") {
        if let Some(date) = PartialDate::parse(&text) {
            prop_assert_eq!(date.to_string(), text);
        }
    }
}

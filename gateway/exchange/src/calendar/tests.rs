//! The clocks of S3 §8.5 against the shipped holidays.

use proptest::prelude::*;

use super::*;

const SHIPPED: &str = include_str!("../../../../policies/rules/holidays.toml");

fn shipped() -> Calendar {
    Calendar::new(&toml::from_str(SHIPPED).unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("{text}+05:00")).unwrap()
}

fn due(received: &str, working_days: u16) -> String {
    shipped().due(at(received), working_days).map_or_else(String::new, |day| day.to_string())
}

#[test]
fn weekends_and_holidays_stop_the_clock() {
    // A Thursday: Friday, then Monday.
    assert_eq!(due("2026-11-26T10:00:00", 2), "2026-11-30");
    // Iqbal Day of 2026 is a Monday.
    assert_eq!(due("2026-11-06T23:59:59", 1), "2026-11-10");
    assert_eq!(due("2026-11-07T12:00:00", 1), "2026-11-10");
    // Eid-ul-Fitr of 2025 from Monday to Wednesday.
    assert_eq!(due("2025-03-28T09:00:00", 2), "2025-04-04");
    assert_eq!(due("2026-11-26T10:00:00", 5), "2026-12-03");
    assert_eq!(due("2026-11-26T10:00:00", 0), "2026-11-26");
}

#[test]
fn beyond_the_list_nothing_is_promised() {
    for (received, days) in [("2024-12-31T23:59:59", 1), ("2027-12-31T12:00:00", 1), ("2026-01-01T00:00:00", 251)] {
        assert_eq!(due(received, days), "", "{received}");
    }
    assert_eq!(due("2025-01-01T00:00:00", 1), "2025-01-02");
    assert_eq!(shipped().due(Timestamp::from_micros(i64::MAX), 1), None);
}

#[test]
fn a_day_of_the_moon_says_how_sure_it_is() {
    let calendar = shipped();
    let status = |day| calendar.holiday(Day::parse(day).unwrap()).map(|holiday| holiday.status);
    assert_eq!(status("2025-03-31"), Some(Status::Announced));
    assert_eq!(status("2027-03-12"), Some(Status::Expected));
    assert_eq!(status("2027-03-13"), None);
    assert_eq!(status("2026-08-14"), Some(Status::Fixed));
}

#[test]
fn a_calendar_that_is_not_whole_is_refused() {
    let check = |from: &str, to: &str, expected: CalendarError| {
        assert!(SHIPPED.contains(from), "no `{from}` any more");
        let data = toml::from_str(&SHIPPED.replace(from, to)).unwrap();
        assert_eq!(Calendar::new(&data).unwrap_err(), expected);
    };
    check("\"Saturday\"", "\"Caturday\"", CalendarError::NoDay("Caturday".into()));
    check("\"02-05\"", "\"02-30\"", CalendarError::NoDay("2025-02-30".into()));
    check("2027-", "2028-", CalendarError::Moonless(2027));
    check("first_year = 2025", "first_year = 2028", CalendarError::Empty);
    check("first_year = 2025", "first_year = 2026", CalendarError::Outside("2025-03-31".into()));
    let all = r#"["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]"#;
    check(r#"["Saturday", "Sunday"]"#, all, CalendarError::Empty);
    assert!(toml::from_str::<CalendarData>(&SHIPPED.replacen("announced", "guessed", 2)).is_err());
}

/// Any instant of the listed years, in seconds.
fn instants() -> impl Strategy<Value = Timestamp> {
    let (from, until) = (at("2025-01-01T00:00:00").seconds(), at("2027-11-01T00:00:00").seconds());
    (from..until).prop_map(|seconds| Timestamp::from_micros(seconds * 1_000_000))
}

proptest! {
    #[test]
    fn no_deadline_is_a_day_off_and_each_counts_its_days(received in instants(), days in 1_u16..20) {
        let calendar = shipped();
        let due = calendar.due(received, days).unwrap();
        prop_assert_eq!(calendar.is_working(due), Some(true));
        let mut day = Day::of(received).unwrap();
        let mut worked = 0;
        while day < due {
            day = day.next().unwrap();
            worked += u16::from(calendar.is_working(day).unwrap());
        }
        prop_assert_eq!(worked, days);
    }

    #[test]
    fn what_comes_later_or_takes_longer_is_not_due_sooner(
        received in instants(), later in 0_i64..1_000_000, days in 0_u16..20, more in 0_u16..5
    ) {
        let calendar = shipped();
        let due = calendar.due(received, days).unwrap();
        prop_assert!(calendar.due(received.plus_seconds(later), days).is_none_or(|other| other >= due));
        prop_assert!(calendar.due(received, days + more).is_some_and(|other| other >= due));
    }
}

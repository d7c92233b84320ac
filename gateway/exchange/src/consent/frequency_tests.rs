//! Periods, ceilings and spans, each at its edge.

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

#[test]
fn c31_a_period_is_one_of_the_calendar_in_pakistan() {
    let check = |unit: Unit, now: &str, from: &str, until: &str| {
        let window = unit.around(at(now)).unwrap();
        assert_eq!((window.from, window.until), (at(from), at(until)), "{unit:?} {now}");
    };
    let [hour, next] = ["2026-11-28T19:00:00+05:00", "2026-11-28T20:00:00+05:00"];
    check(Unit::Hour, hour, hour, next);
    check(Unit::Hour, "2026-11-28T19:59:59+05:00", hour, next);
    check(Unit::Day, "2026-11-28T00:00:00+05:00", "2026-11-28T00:00:00+05:00", "2026-11-29T00:00:00+05:00");
    check(Unit::Week, "2026-11-29T23:59:59+05:00", "2026-11-23T00:00:00+05:00", "2026-11-30T00:00:00+05:00");
    check(Unit::Month, "2026-11-30T23:59:59+05:00", "2026-11-01T00:00:00+05:00", "2026-12-01T00:00:00+05:00");
    for unit in [Unit::Day, Unit::Week, Unit::Month] {
        assert_eq!(unit.around(Timestamp::from_micros(i64::MAX)), None);
    }
}

#[test]
fn c06_a_frequency_is_within_a_ceiling_only_if_no_period_of_the_ceiling_can_hold_more() {
    use Unit::{Day, Hour, Month, Week};
    let check = |(unit, value), (of, most), expected| {
        let ceiling = Frequency { unit: of, value: most };
        assert_eq!(Frequency { unit, value }.is_within(ceiling), expected, "{value}/{unit:?} under {most}/{of:?}");
    };
    check((Day, 4), (Day, 4), true);
    check((Day, 5), (Day, 4), false);
    // Thirty in a month may all be of one day.
    check((Month, 30), (Day, 4), false);
    check((Month, 4), (Day, 4), true);
    check((Day, 1), (Month, 31), true);
    check((Day, 1), (Month, 30), false);
    check((Hour, 1), (Day, 24), true);
    check((Hour, 1), (Day, 23), false);
    check((Hour, 1), (Week, 168), true);
    check((Hour, 1), (Month, 744), true);
    check((Week, 1), (Month, 6), true);
    check((Week, 1), (Month, 5), false);
    check((Day, u32::MAX), (Month, u32::MAX), false);
}

#[test]
fn c31_the_life_of_data_is_counted_from_when_it_was_given() {
    let given = at("2026-11-28T19:30:00+05:00");
    let check = |unit, value, until: &str| assert_eq!(DataLife { unit, value }.after(given), at(until), "{unit:?}");
    check(Unit::Hour, 5, "2026-11-29T00:30:00+05:00");
    check(Unit::Day, 1, "2026-11-29T19:30:00+05:00");
    check(Unit::Week, 1, "2026-12-05T19:30:00+05:00");
    check(Unit::Month, 1, "2026-12-28T19:30:00+05:00");
    assert!(
        DataLife { unit: Unit::Month, value: 1 }.is_within(30)
            && !DataLife { unit: Unit::Month, value: 1 }.is_within(29)
    );
    assert!(!DataLife { unit: Unit::Day, value: 0 }.is_sound());
    assert!(!DataLife { unit: Unit::Month, value: u32::MAX }.is_sound());
    assert!(DataLife { unit: Unit::Day, value: limits::DATA_LIFE_DAYS_MAX }.is_sound());
}

#[test]
fn only_what_is_bounded_is_counted() {
    let now = at("2026-11-28T19:30:00+05:00");
    let (turn, window) = Bounds::default().turn(now).unwrap();
    assert_eq!((turn.times, turn.ever, window, Bounds::default().counts()), (None, None, None, false));
    let often = Bounds { frequency: Some(Frequency { unit: Unit::Day, value: 3 }), ..Bounds::default() };
    let (turn, window) = often.turn(now).unwrap();
    assert_eq!((turn.times, turn.ever, Some(turn.begins_at)), (Some(3), None, window.map(|window| window.from)));
    let some = Bounds { uses: Some(2), ..Bounds::default() };
    let (turn, window) = some.turn(Timestamp::from_micros(i64::MAX)).unwrap();
    assert_eq!((turn.begins_at.micros(), turn.ever, window, some.counts()), (0, Some(2), None, true));
}

//! A month cut by days: the days sum to the lines, and the forecast is the documented arithmetic.

use exchange::{
    month::Month,
    record::leaf::{Kind, Leaf},
    statement::{Counts, Daily, day_text, recompute},
    tariff::{Class, Unit},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{id, leaf};

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

/// An instant of November in Pakistan.
fn at(day: u8, time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-{day:02}T{time}+05:00")).unwrap()
}

fn charged(day: u8, amount: i64) -> Leaf {
    Leaf { at: at(day, "12:00:00").micros(), rated_at: None, amount, ..leaf(Kind::Outcome) }
}

fn daily(leaves: &[Leaf]) -> Daily {
    Daily::recompute(leaves.iter(), &id("bank-indus"), november())
}

#[test]
fn a_day_begins_and_ends_at_midnight_in_karachi_by_the_time_of_the_request() {
    let just_before = Leaf { at: at(4, "23:59:59").micros(), ..charged(4, 1) };
    let at_midnight = Leaf { at: at(5, "00:00:00").micros(), ..charged(5, 10) };
    let recorded_late = Leaf { rated_at: Some(at(4, "23:59:59").micros()), ..charged(6, 100) };
    let days = daily(&[just_before, at_midnight, recorded_late]).days;
    let amounts: Vec<_> = days.iter().map(|(day, counts)| (*day, counts.calls, counts.amount_milli_paisa)).collect();
    assert_eq!(amounts, [(4, 2, 101), (5, 1, 10)]);
    assert_eq!((day_text(november(), 4), day_text(november(), 30)), ("2026-11-04".into(), "2026-11-30".into()));
}

#[test]
fn what_is_given_is_counted_and_not_payable() {
    let given = Leaf { class: Some(Class::GratisPrivate), unit: Some(Unit::Row), ..charged(3, 500) };
    let month = daily(&[given, charged(3, 70)]);
    let [(3, counts)] = month.days.as_slice() else { panic!("{month:?}") };
    assert_eq!((counts.calls, counts.amount_milli_paisa, counts.payable_milli_paisa), (2, 570, 70));
    assert_eq!(month.bill.payable_milli_paisa(), 70);
}

#[test]
fn today_is_shown_in_the_month_under_way_only_and_empty_before_its_first_answer() {
    let month = daily(&[charged(3, 70)]);
    let today = |day| month.today(at(day, "10:00:00"));
    assert_eq!(today(3).map(|(day, counts)| (day, counts.calls)), Some((3, 1)));
    assert_eq!(today(4), Some((4, Counts::default())));
    assert_eq!(month.today(november().until()), None);
    assert_eq!(month.today(Timestamp::from_micros(november().first().micros() - 1)), None);
    assert_eq!(month.today(november().first()), Some((1, Counts::default())));
}

#[test]
fn the_forecast_is_what_is_payable_and_the_mean_of_the_full_days_for_those_left() {
    let check = |leaves: &[Leaf], now: Timestamp, expected: Option<i64>| {
        assert_eq!(daily(leaves).forecast_milli_paisa(now), expected, "{}", now.rfc3339());
    };
    let leaves = [charged(1, 1_000), charged(3, 500), charged(4, 7)];
    // On the fourth: 1,507 so far, 1,500 in three full days, 26 days left.
    check(&leaves, at(4, "18:00:00"), Some(1_507 + 500 * 26));
    // On the fifth the fourth is full, and a full day without any counts as well: 1,507 * 25 / 4 = 9,418.75.
    check(&leaves, at(5, "00:00:00"), Some(1_507 + 9_419));
    // The last day has none after it.
    check(&leaves, at(30, "23:59:59"), Some(1_507));
    // No full day to go by, and other months.
    check(&leaves, at(1, "23:59:59"), None);
    check(&leaves, november().until(), None);
    check(&leaves, Timestamp::from_micros(november().first().micros() - 1), None);
    check(&[], at(9, "12:00:00"), Some(0));
    // One over two full days, times the 27 left: of 13.5 a half goes to the even one.
    check(&[charged(1, 1)], at(3, "12:00:00"), Some(1 + 14));
    // What is given is not payable, today or later.
    let given = Leaf { class: Some(Class::GratisGovernment), unit: Some(Unit::Row), ..charged(1, 1_000) };
    check(&[given], at(2, "12:00:00"), Some(0));
    // Beyond all money the sums stay at the end of the numbers.
    check(&[charged(1, i64::MAX), charged(2, i64::MAX)], at(3, "12:00:00"), Some(i64::MAX));
}

fn any_charged() -> impl Strategy<Value = Leaf> {
    let class = prop::option::of(prop::sample::select(Class::ALL.to_vec()));
    let service = prop::sample::select(vec![None, Some("identity.kyc@1"), Some("nser.household@1")]);
    let agency = prop::sample::select(vec![None, Some("bank-indus"), Some("bank-indus"), Some("telco-sarhad")]);
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let hours = -30 * 24..40 * 24_i64;
    (class, service, agency, kind, hours, -50..1_000_i64, 0..9_u32).prop_map(
        |(class, service, agency, kind, hours, amount, rows)| Leaf {
            at: november().first().plus_seconds(hours * 3600).micros(),
            agency: agency.map(str::to_owned),
            service: service.map(str::to_owned),
            class,
            rows,
            ..Leaf { amount, ..leaf(kind) }
        },
    )
}

proptest! {
    #[test]
    fn the_days_are_plain_sums_and_sum_to_the_bill(leaves in prop::collection::vec(any_charged(), 0..80)) {
        let agency = id("bank-indus");
        let month = daily(&leaves);
        prop_assert_eq!(&month.bill, &recompute(leaves.iter(), &agency, november()));
        let mut all = Counts::default();
        for day in 1..=november().days() {
            let of_day = leaves.iter().filter(|leaf| leaf.billed_at().karachi_date() == (2026, 11, day));
            let plain = recompute(of_day, &agency, november());
            let mut counts = Counts::default();
            for sum in &plain.sums {
                counts.add(sum);
                all.add(sum);
            }
            let found = month.days.iter().find(|(found, _)| *found == day);
            prop_assert_eq!(found.map(|(_, counts)| *counts), (!plain.sums.is_empty()).then_some(counts));
        }
        prop_assert_eq!(all.amount_milli_paisa, month.bill.rated_milli_paisa);
        prop_assert_eq!(all.payable_milli_paisa, month.bill.payable_milli_paisa());
        let total = |of: fn(&exchange::statement::Sum) -> i64| month.bill.sums.iter().map(of).sum::<i64>();
        prop_assert_eq!((all.calls, all.rows, all.units), (total(|s| s.calls), total(|s| s.rows), total(|s| s.units)));
    }
}

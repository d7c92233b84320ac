//! Prices: whole milli-paisa from the book in force, and no surprise at the ends of numbers.

use exchange::{
    catalogue::ChargeUnit,
    classification::Sector,
    ids::TariffKey,
    tariff::{Charge, Rate, RateBook, book_at, rupees},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::id;

fn rate(key: &str, government: i64, private: i64) -> Rate {
    Rate { key: id(key), government, private }
}

fn book(version: &str, from: i64, rates: Vec<Rate>) -> RateBook {
    RateBook { version: version.into(), valid_from: Timestamp::from_micros(from), rates }
}

fn charge(unit: ChargeUnit, sector: Option<Sector>, rows: u32) -> Charge {
    let rates = vec![rate("other", 1, 2), rate("kyc", 300, 35_000), rate("kyc.more", 5, 6)];
    book("v7", 0, rates).charge(&id("kyc"), unit, sector, rows)
}

#[test]
fn the_state_pays_one_rate_and_everybody_else_the_other() {
    for sector in Sector::ALL {
        let state = ["Federal", "Provincial", "Local"].contains(&sector.as_str());
        let each = if state { 300 } else { 35_000 };
        assert_eq!(charge(ChargeUnit::Call, Some(*sector), 9).amount, each, "{sector}");
    }
    assert_eq!(charge(ChargeUnit::Call, None, 9).amount, 0, "a citizen and the public pay nothing");
}

#[test]
fn rows_calls_and_gifts_are_counted_each_in_its_way() {
    let check = |unit, rows, units, amount| {
        let got = charge(unit, Some(Sector::Private), rows);
        let expected = Charge { version: "v7".into(), key: id("kyc"), units, amount };
        assert_eq!(got, expected, "{unit:?} {rows}");
    };
    check(ChargeUnit::Row, 0, 0, 0);
    check(ChargeUnit::Row, 1, 1, 35_000);
    check(ChargeUnit::Row, 9_999, 9_999, 349_965_000);
    check(ChargeUnit::Call, 0, 1, 35_000);
    check(ChargeUnit::Call, 9_999, 1, 35_000);
    check(ChargeUnit::Free, 9_999, 0, 0);
}

#[test]
fn a_line_that_the_book_lacks_costs_nothing_and_is_still_named() {
    let book = book("v7", 0, vec![rate("kyc", 300, 35_000)]);
    for key in ["kyc2", "ky", "KYC", "other"] {
        let key: TariffKey = id(key);
        let got = book.charge(&key, ChargeUnit::Row, Some(Sector::Private), 4);
        assert_eq!(got, Charge { version: "v7".into(), key, units: 4, amount: 0 });
    }
}

#[test]
fn a_price_stops_at_the_ends_of_money_instead_of_turning_over() {
    let with = |private| book("v7", 0, vec![rate("kyc", 0, private)]);
    let check = |private, rows, expected| {
        let got = with(private).charge(&id("kyc"), ChargeUnit::Row, Some(Sector::Private), rows);
        assert_eq!(got.amount, expected, "{private} {rows}");
    };
    check(i64::MAX, 1, i64::MAX);
    check(i64::MAX, 2, i64::MAX);
    check(i64::MIN, 2, i64::MIN);
    check(35_000, u32::MAX, 150_323_855_325_000);
}

#[test]
fn the_book_in_force_does_not_depend_on_the_order_of_the_books() {
    let books = [book("v2", 100, vec![]), book("v3", 200, vec![]), book("v1", -100, vec![])];
    let check = |at, expected: Option<&str>| {
        let got = book_at(&books, Timestamp::from_micros(at)).map(|book| book.version.as_str());
        assert_eq!(got, expected, "{at}");
    };
    check(-101, None);
    check(-100, Some("v1"));
    check(99, Some("v1"));
    check(100, Some("v2"));
    check(199, Some("v2"));
    check(200, Some("v3"));
    check(i64::MAX, Some("v3"));
    check(i64::MIN, None);
    assert_eq!(book_at(&[], Timestamp::from_micros(0)), None);
}

#[test]
fn rupees_are_written_with_all_their_milli_paisa() {
    let check = |amount, expected: &str| assert_eq!(rupees(amount), expected, "{amount}");
    check(0, "Rs 0.00000");
    check(1, "Rs 0.00001");
    check(99_999, "Rs 0.99999");
    check(100_000, "Rs 1.00000");
    check(125_000, "Rs 1.25000");
    check(-1, "-Rs 0.00001");
    check(-250_000, "-Rs 2.50000");
    check(i64::MAX, "Rs 92233720368547.75807");
    check(i64::MIN, "-Rs 92233720368547.75808");
}

#[test]
fn a_rate_book_reads_from_its_file_and_refuses_what_it_does_not_know() {
    let good = "version = \"v1\"\nvalid_from = 5\n[[rate]]\nkey = \"kyc\"\ngovernment = 1\nprivate = 2\n";
    assert_eq!(toml::from_str::<RateBook>(good).unwrap(), book("v1", 5, vec![rate("kyc", 1, 2)]));
    let check = |from: &str, to: &str| {
        assert!(good.contains(from));
        assert!(toml::from_str::<RateBook>(&good.replacen(from, to, 1)).is_err(), "{from} to {to}");
    };
    check("private = 2", "private = 2.5");
    check("private = 2", "private = \"2\"");
    check("private = 2", "private = 2\ntax = 3");
    check("private = 2", "");
    check("version", "Version");
    check("valid_from = 5", "");
    check("\"kyc\"", "\"k y c\"");
    check("valid_from = 5", "valid_from = 5\nvalid_until = 9");
}

/// Reads back what [`rupees`] writes.
fn milli_paisa(text: &str) -> i128 {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (rupees, rest) = rest.strip_prefix("Rs ").unwrap().split_once('.').unwrap();
    assert_eq!(rest.len(), 5);
    sign * (rupees.parse::<i128>().unwrap() * 100_000 + rest.parse::<i128>().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rupees_read_back(amount: i64) {
        prop_assert_eq!(milli_paisa(&rupees(amount)), i128::from(amount));
    }

    #[test]
    fn a_sum_of_charges_is_the_charge_of_the_sum(rows in prop::collection::vec(0..10_000_u32, 0..20)) {
        let one = |rows| charge(ChargeUnit::Row, Some(Sector::Private), rows).amount;
        prop_assert_eq!(rows.iter().map(|rows| one(*rows)).sum::<i64>(), one(rows.iter().sum()));
    }

    #[test]
    fn the_book_in_force_is_the_latest_of_those_that_began(
        starts in prop::collection::btree_set(-50..50_i64, 0..8), at in -60..60_i64,
    ) {
        let books: Vec<_> = starts.iter().map(|start| book(&start.to_string(), *start, vec![])).collect();
        let expected = starts.iter().rev().find(|start| **start <= at).map(ToString::to_string);
        let mut shuffled = books.clone();
        shuffled.reverse();
        for books in [books, shuffled] {
            let got = book_at(&books, Timestamp::from_micros(at)).map(|book| book.version.clone());
            prop_assert_eq!(&got, &expected);
        }
    }
}

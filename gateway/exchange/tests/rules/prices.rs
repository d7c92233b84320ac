//! Prices: whole milli-paisa from the book in force, and no surprise at the ends of numbers.

use exchange::{
    catalogue::ChargeUnit,
    classification::{Forum, Sector},
    ids::TariffKey,
    tariff::{Charge, Class, Column, Price, Rate, RateBook, Tax, Unit, book_at, rupees},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::id;

const AT: Timestamp = Timestamp::from_micros(7);

fn rate(key: &str, unit: Unit, government: i64, private: i64) -> Rate {
    Rate { key: id(key), unit, government: Price::flat(government), private: Price::flat(private) }
}

fn book(version: &str, from: i64, rates: Vec<Rate>) -> RateBook {
    RateBook {
        version: id(version),
        valid_from: Timestamp::from_micros(from),
        instrument: "Sample decision".into(),
        forum: Forum::BispBoard,
        sample: true,
        taxes: Vec::new(),
        rates,
    }
}

fn charge(unit: ChargeUnit, class: Option<Class>, rows: u32, matched: bool) -> Charge {
    let kyc = Unit::ALL.iter().zip(1..).map(|(unit, n)| rate("kyc", *unit, 300 * n, 35_000 * n));
    let rates = [rate("other", Unit::Row, 1, 2)].into_iter().chain(kyc).chain([rate("kyc.more", Unit::Row, 5, 6)]);
    book("v7", 0, rates.collect()).charge((&id("kyc"), unit), (class, AT), (rows, matched))
}

#[test]
fn the_state_pays_one_rate_and_everybody_else_the_other() {
    for sector in Sector::ALL {
        let state = ["Federal", "Provincial", "Local"].contains(&sector.as_str());
        let each = if state { 600 } else { 70_000 };
        for gratis in [false, true] {
            let charge = charge(ChargeUnit::Call, Some(Class::of(*sector, gratis)), 9, true);
            assert_eq!((charge.amount, charge.payable()), (each, if gratis { 0 } else { each }), "{sector}");
        }
    }
    let public = charge(ChargeUnit::Call, None, 9, true);
    assert_eq!((public.amount, public.unit), (0, None), "a citizen and the public pay nothing");
}

#[test]
fn rows_calls_reports_inquiries_and_gifts_are_counted_each_in_its_way() {
    let check = |charged, rows, matched, unit, units, amount| {
        let class = Some(Class::Private);
        let expected = Charge { version: id("v7"), at: AT, key: id("kyc"), class, unit, units, amount };
        assert_eq!(charge(charged, class, rows, matched), expected, "{charged:?} {rows}");
    };
    check(ChargeUnit::Row, 0, true, Some(Unit::Row), 0, 0);
    check(ChargeUnit::Row, 1, true, Some(Unit::Row), 1, 35_000);
    check(ChargeUnit::Row, 9_999, false, Some(Unit::Row), 9_999, 349_965_000);
    check(ChargeUnit::Call, 0, true, Some(Unit::Call), 1, 70_000);
    check(ChargeUnit::Call, 9_999, true, Some(Unit::Call), 1, 70_000);
    check(ChargeUnit::Report, 3, true, Some(Unit::Report), 1, 105_000);
    check(ChargeUnit::Match, 1, true, Some(Unit::Match), 1, 140_000);
    check(ChargeUnit::Match, 0, false, Some(Unit::NoMatch), 1, 175_000);
    check(ChargeUnit::Free, 9_999, true, None, 0, 0);
}

#[test]
fn b27_rows_of_zero_one_and_nine_thousand_cost_exactly_their_number() {
    for rows in [0_u32, 1, 1_000, 9_999] {
        let charge = charge(ChargeUnit::Row, Some(Class::Private), rows, true);
        assert_eq!(charge.amount, 35_000 * i64::from(rows), "1,000 rows at rate r cost exactly 1000 r (R151)");
    }
}

#[test]
fn a_line_that_the_book_lacks_costs_nothing_and_is_still_named() {
    let book = book("v7", 0, vec![rate("kyc", Unit::Row, 300, 35_000)]);
    for key in ["kyc2", "ky", "KYC", "other"] {
        let key: TariffKey = id(key);
        let class = Some(Class::Private);
        let got = book.charge((&key, ChargeUnit::Row), (class, AT), (4, true));
        assert_eq!(got, Charge { version: id("v7"), at: AT, key, class, unit: Some(Unit::Row), units: 4, amount: 0 });
    }
    let by_call = book.charge((&id("kyc"), ChargeUnit::Call), (Some(Class::Private), AT), (4, true));
    assert_eq!(by_call.amount, 0, "a line by row prices no call");
}

#[test]
fn a_price_stops_at_the_ends_of_money_instead_of_turning_over() {
    let with = |private| book("v7", 0, vec![rate("kyc", Unit::Row, 0, private)]);
    let check = |private, rows, expected| {
        let got = with(private).charge((&id("kyc"), ChargeUnit::Row), (Some(Class::Private), AT), (rows, true));
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
    assert_eq!(book_at::<RateBook>(&[], Timestamp::from_micros(0)), None);
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

const FILE: &str = "version = \"v1\"\nvalid_from = 5\ninstrument = \"Sample decision\"\nforum = \"BISPBoard\"\n\
                    sample = true\n[[rate]]\nkey = \"kyc\"\nunit = \"row\"\ngovernment = 1\nprivate = 2\n";

#[test]
fn a_rate_book_reads_from_its_file_and_refuses_what_it_does_not_know() {
    assert_eq!(toml::from_str::<RateBook>(FILE).unwrap(), book("v1", 5, vec![rate("kyc", Unit::Row, 1, 2)]));
    let check = |from: &str, to: &str| {
        assert!(FILE.contains(from));
        assert!(toml::from_str::<RateBook>(&FILE.replacen(from, to, 1)).is_err(), "{from} to {to}");
    };
    check("private = 2", "private = 2.5");
    check("private = 2", "private = \"2\"");
    check("private = 2", "private = 2\ntax = 3");
    check("private = 2", "");
    check("version", "Version");
    check("valid_from = 5", "");
    check("\"kyc\"", "\"k y c\"");
    check("\"row\"", "\"column\"");
    check("unit = \"row\"", "");
    check("valid_from = 5", "valid_from = 5\nvalid_until = 9");
}

#[test]
fn a_book_that_cannot_be_held_to_is_named() {
    let good = || book("v1", 5, vec![rate("kyc", Unit::Row, 1, 2)]);
    good().check().unwrap();
    let tax = |basis_points, name_ur: &str, columns: &[Column]| Tax {
        name: "Sales tax".into(),
        name_ur: name_ur.into(),
        basis_points,
        columns: columns.to_vec(),
    };
    let check = |book: RateBook, told: &str| {
        let why = book.check().unwrap_err();
        assert!(why.contains(told), "{why}");
    };
    check(RateBook { instrument: " ".into(), ..good() }, "no decision");
    check(RateBook { rates: Vec::new(), ..good() }, "no line");
    let twice = vec![rate("kyc", Unit::Row, 1, 2), rate("kyc", Unit::Row, 3, 4)];
    check(RateBook { rates: twice, ..good() }, "`kyc` by row twice");
    check(RateBook { rates: vec![rate("kyc", Unit::Row, 1, -2)], ..good() }, "`kyc` by row, private: a unit costs");
    check(RateBook { rates: vec![rate("kyc", Unit::Row, -1, 2)], ..good() }, "government: a unit costs");
    let with = |tax| RateBook { taxes: vec![tax], ..good() };
    with(tax(10_000, "ٹیکس", &[Column::Private])).check().unwrap();
    check(with(tax(10_001, "ٹیکس", &[Column::Private])), "more than everything");
    check(with(tax(1, "ٹیکس", &[])), "on nobody");
    check(with(tax(1, "Tax", &[Column::Private])), "one in Urdu");
}

#[test]
fn a_tax_is_rounded_to_the_even_paisa() {
    let tax = Tax { name: "t".into(), name_ur: "ٹ".into(), basis_points: 1_500, columns: vec![Column::Private] };
    let check = |paisa, expected| assert_eq!(tax.on(paisa), expected, "{paisa}");
    check(0, 0);
    check(3, 0);
    check(4, 1);
    check(10, 2);
    check(30, 4);
    check(-10, -2);
    check(i64::MAX, 1_383_505_805_528_216_371);
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
        let one = |rows| charge(ChargeUnit::Row, Some(Class::Private), rows, true).amount;
        prop_assert_eq!(rows.iter().map(|rows| one(*rows)).sum::<i64>(), one(rows.iter().sum()));
    }

    #[test]
    fn the_book_in_force_is_the_latest_of_those_that_began(
        starts in prop::collection::btree_set(-50..50_i64, 0..8), at in -60..60_i64,
    ) {
        let books: Vec<_> = starts.iter().map(|start| book(&format!("v{start}"), *start, vec![])).collect();
        let expected = starts.iter().rev().find(|start| **start <= at).map(|start| format!("v{start}"));
        let mut shuffled = books.clone();
        shuffled.reverse();
        for books in [books, shuffled] {
            let got = book_at(&books, Timestamp::from_micros(at)).map(|book| book.version.to_string());
            prop_assert_eq!(&got, &expected);
        }
    }
}

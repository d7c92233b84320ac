//! Bills and statements of a few leaves, and what holds of any.

use proptest::prelude::*;

use super::*;
use crate::{
    classification::{Forum, Sector},
    ids::{AgencyId, GratisId, RateVersion, ServiceId, TariffKey},
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
    tariff::{Class, Column, Gratis, GratisReason, Price, Rate, RateBook, Tax, Tier, Unit},
    timestamp::Timestamp,
};

const NOON: i64 = 1_795_330_800_000_000; // 2026-11-22T12:00:00+05:00

fn leaf(kind: Kind, agency: &str, service: &str, rows: u32, amount: i64) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind,
        at: NOON,
        node: "node-1".into(),
        sequence: 4,
        request: "r1".into(),
        intent: None,
        caller: "Agency".into(),
        agency: Some(agency.into()),
        service: Some(format!("{service}@1")),
        purpose: None,
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows,
        bytes: 0,
        rate_version: Some("v1".into()),
        tariff: Some(service.into()),
        amount,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: Some(Unit::Row),
        class: Some(Class::Private),
        rated_at: Some(NOON),
    }
}

fn rate(key: &str, unit: Unit, government: i64, private: Price) -> Rate {
    Rate { key: TariffKey::parse(key).unwrap(), unit, government: Price::flat(government), private }
}

fn book(version: &str, from: i64) -> RateBook {
    let tiers = vec![Tier { above: 10, each: 20_005 }];
    RateBook {
        version: RateVersion::parse(version).unwrap(),
        valid_from: Timestamp::from_micros(from),
        instrument: "Sample decision".into(),
        forum: Forum::BispBoard,
        sample: false,
        taxes: vec![Tax {
            name: "Sales tax on services".into(),
            name_ur: "خدمات پر سیلز ٹیکس".into(),
            basis_points: 1_500,
            columns: vec![Column::Private],
        }],
        rates: vec![
            rate("kyc", Unit::Row, 7, Price { tiers, ..Price::flat(35_005) }),
            rate("list", Unit::Row, 10, Price { minimum: 1_000_000, ..Price::flat(100) }),
            rate("yes-no", Unit::Match, 1, Price::flat(333)),
            rate("yes-no", Unit::NoMatch, 1, Price::flat(111)),
        ],
    }
}

fn bank() -> AgencyId {
    AgencyId::parse("bank-indus").unwrap()
}

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

fn priced(leaves: &[Leaf]) -> Result<Statement, PriceError> {
    Statement::price(&recompute(leaves.iter(), &bank(), november()), &[book("v1", 0), book("v2", NOON + 1)])
}

#[test]
fn only_answers_and_their_batches_are_billed() {
    let check = |kind, expected: Option<(i64, i64)>| {
        let item = billed(&leaf(kind, "bank-indus", "kyc", 3, 90));
        assert_eq!(item.map(|item| (item.calls, item.amount_milli_paisa)), expected, "{kind:?}");
    };
    check(Kind::Outcome, Some((1, 90)));
    check(Kind::Part, Some((0, 90)));
    for kind in [Kind::Intent, Kind::Refused, Kind::Replay, Kind::Consent, Kind::Admin, Kind::AuditRead] {
        check(kind, None);
    }
    assert_eq!(billed(&Leaf { dry_run: true, ..leaf(Kind::Outcome, "bank-indus", "kyc", 1, 90) }), None);
    assert_eq!(billed(&Leaf { tariff: None, ..leaf(Kind::Outcome, "bank-indus", "kyc", 1, 90) }), None);
}

#[test]
fn the_month_is_that_of_the_request_whenever_its_answer_was_recorded() {
    let midnight = november().until().micros();
    let of = |rated_at| Leaf { at: midnight + 5, rated_at, ..leaf(Kind::Outcome, "bank-indus", "kyc", 1, 35_005) };
    assert_eq!(month_of(&of(Some(midnight - 1))), Some(november()));
    assert_eq!(month_of(&of(Some(midnight))).map(|month| month.to_string()), Some("2026-12".into()));
    assert_eq!(month_of(&of(None)).map(|month| month.to_string()), Some("2026-12".into()));
    let bill = recompute([of(Some(midnight - 1)), of(Some(midnight))].iter(), &bank(), november());
    assert_eq!(bill.rated_milli_paisa, 35_005);
}

#[test]
fn a_line_is_a_service_at_one_version_and_class_and_is_rounded_once() {
    let yes = Leaf { unit: Some(Unit::Match), ..leaf(Kind::Outcome, "bank-indus", "yes-no", 1, 333) };
    let no = Leaf { unit: Some(Unit::NoMatch), amount: 111, ..yes.clone() };
    let statement = priced(&[yes.clone(), no.clone(), yes.clone(), no]).unwrap();
    assert_eq!(statement.lines.len(), 1);
    let line = &statement.lines[0];
    let parts: Vec<_> = line.parts.iter().map(|part| (part.unit, part.units, part.rated_milli_paisa)).collect();
    assert_eq!(parts, [(Some(Unit::Match), 2, 666), (Some(Unit::NoMatch), 2, 222)], "who is not found has a line");
    assert_eq!(line.value_paisa, 1, "888 milli-paisa, rounded once and not request by request");
    let government = Leaf { class: Some(Class::Government), amount: 1, ..yes.clone() };
    let classes = priced(&[yes, government]).unwrap();
    assert_eq!(classes.lines.len(), 2, "each class has a line of its own");
}

#[test]
fn tiers_and_minimum_are_the_months() {
    let kyc = |rows: u32| leaf(Kind::Outcome, "bank-indus", "kyc", rows, 35_005 * i64::from(rows));
    let statement = priced(&[kyc(8), kyc(5)]).unwrap();
    let part = &statement.lines[0].parts[0];
    assert_eq!((part.units, part.rated_milli_paisa, part.saved_milli_paisa), (13, 455_065, 45_000));
    assert_eq!(statement.lines[0].value_paisa, 410, "410 065 milli-paisa");
    let list = priced(&[leaf(Kind::Outcome, "bank-indus", "list", 3, 300)]).unwrap();
    let part = &list.lines[0].parts[0];
    assert_eq!((part.rated_milli_paisa, part.missing_milli_paisa), (300, 999_700));
    assert_eq!(list.value_paisa, 1_000);
}

#[test]
fn tax_comes_after_rounding_and_only_on_what_is_payable_by_its_column() {
    let statement = priced(&[leaf(Kind::Outcome, "bank-indus", "kyc", 1, 35_005)]).unwrap();
    // 35 paisa; 15 % of them is 5.25.
    assert_eq!((statement.value_paisa, statement.tax_paisa, statement.total_paisa), (35, 5, 40));
    assert_eq!(statement.taxes[0].on_paisa, 35);
    let class = Some(Class::Government);
    let state = priced(&[Leaf { class, ..leaf(Kind::Outcome, "bank-indus", "list", 600, 6_000) }]).unwrap();
    assert_eq!((state.value_paisa, state.tax_paisa, state.taxes.len()), (6, 0, 0));
}

#[test]
fn b29_a_gratis_agency_pays_nothing_and_its_value_is_known() {
    let class = Some(Class::GratisPrivate);
    let given = Leaf { class, ..leaf(Kind::Outcome, "bank-indus", "kyc", 2, 70_010) };
    let statement = priced(&[given]).unwrap();
    assert_eq!((statement.value_paisa, statement.given_paisa), (70, 70));
    assert_eq!((statement.tax_paisa, statement.total_paisa), (0, 0));
}

#[test]
fn what_is_rated_otherwise_than_its_book_has_no_price() {
    let kyc = leaf(Kind::Outcome, "bank-indus", "kyc", 1, 35_006);
    assert!(matches!(
        priced(std::slice::from_ref(&kyc)),
        Err(PriceError::Differs { charged: 35_006, rated: 35_005, .. })
    ));
    let other = Leaf { rate_version: Some("v9".into()), ..kyc.clone() };
    assert_eq!(priced(&[other]), Err(PriceError::BookUnknown("v9".into())));
    let call = Leaf { unit: Some(Unit::Call), ..kyc.clone() };
    assert!(matches!(priced(&[call]), Err(PriceError::RateUnknown { unit: Unit::Call, .. })));
    let before_this = Leaf { unit: None, class: None, rated_at: None, ..kyc };
    assert_eq!(priced(&[before_this]).unwrap().value_paisa, 35, "what says nothing is due as it was charged");
}

fn classes() -> Classes {
    let from = |column, since| AgencyClass { agency: bank(), column, since: Timestamp::from_micros(since) };
    Classes {
        classes: vec![from(Column::Private, 10), from(Column::Government, NOON + 100)],
        gratis: vec![Gratis {
            id: GratisId::parse("g1").unwrap(),
            agency: bank(),
            reason: GratisReason::BispOperations,
            instrument: "Sample decision".into(),
            forum: Forum::BispBoard,
            services: vec![ServiceId::parse("list").unwrap()],
            valid_from: Timestamp::from_micros(20),
            valid_until: Timestamp::from_micros(NOON + 50),
            ended_at: None,
        }],
    }
}

#[test]
fn a_class_is_known_by_agency_service_and_instant() {
    let check = |agency: &str, service: &str, at, expected: Option<Class>| {
        let (agency, service) = (AgencyId::parse(agency).unwrap(), ServiceId::parse(service).unwrap());
        assert_eq!(classes().at(&agency, &service, Timestamp::from_micros(at)), expected, "{agency} {service} {at}");
    };
    check("bank-indus", "kyc", 9, None);
    check("bank-indus", "kyc", 10, Some(Class::Private));
    check("bank-indus", "list", 19, Some(Class::Private));
    check("bank-indus", "list", 20, Some(Class::GratisPrivate));
    check("bank-indus", "list", NOON + 50, Some(Class::Private));
    check("bank-indus", "list", NOON + 100, Some(Class::Government));
    check("bank-ravi", "kyc", NOON, None);
    assert_eq!(Class::of(Sector::Donor, false), Class::Private, "who is not the State is private (S3 §8.4)");
}

#[test]
fn each_way_of_charging_wrongly_is_named() {
    let (books, classes) = ([book("v1", 0), book("v2", NOON + 1)], classes());
    let check = |leaf: Leaf, told: Option<&str>| {
        let got = rate_again(&leaf, &books, &classes).err().map(|fault| fault.to_string());
        assert_eq!(got.as_deref(), told);
    };
    let kyc = leaf(Kind::Outcome, "bank-indus", "kyc", 2, 70_010);
    check(kyc.clone(), None);
    check(Leaf { kind: Kind::Part, ..kyc.clone() }, None);
    check(Leaf { kind: Kind::Refused, amount: 7, ..kyc.clone() }, None);
    let amount = "entry node-1/4: is charged 70011 milli-paisa; its rate gives 70010";
    check(Leaf { amount: 70_011, ..kyc.clone() }, Some(amount));
    check(Leaf { rows: 1, ..kyc.clone() }, Some("entry node-1/4: is charged 70010 milli-paisa; its rate gives 35005"));
    let version = "entry node-1/4: is rated by `v2`; in force was `v1`";
    check(Leaf { rate_version: Some("v2".into()), ..kyc.clone() }, Some(version));
    let late = "entry node-1/4: is rated by `v1`; in force was `v2`";
    check(Leaf { rated_at: Some(NOON + 1), ..kyc.clone() }, Some(late));
    let class = "entry node-1/4: is rated as government; the agency was private";
    check(Leaf { class: Some(Class::Government), ..kyc.clone() }, Some(class));
    let gift = "entry node-1/4: is rated as private; the agency was gratis-private";
    check(leaf(Kind::Outcome, "bank-indus", "list", 1, 100), Some(gift));
    let none = "entry node-1/4: is rated as private; the agency had no class then";
    check(Leaf { agency: Some("bank-ravi".into()), ..kyc.clone() }, Some(none));
    let bare = "entry node-1/4: is charged 70010 milli-paisa and names no unit, class or service";
    check(Leaf { unit: None, ..kyc.clone() }, Some(bare));
    check(Leaf { unit: None, amount: 0, ..kyc }, None);
}

fn any_charged() -> impl Strategy<Value = Leaf> {
    let service = prop::sample::select(vec![("kyc", Unit::Row), ("list", Unit::Row), ("yes-no", Unit::Match)]);
    let version = prop::sample::select(vec!["v1", "v2"]);
    let class = prop::sample::select(Class::ALL.to_vec());
    (service, version, class, 0..9_u32).prop_map(|((service, unit), version, class, rows)| {
        let key = TariffKey::parse(service).unwrap();
        let book = book(version, 0);
        let amount = book.rate(key.as_str(), unit).unwrap().price(class.column()).charge(unit.of(rows));
        let rate_version = Some(version.into());
        Leaf {
            rate_version,
            class: Some(class),
            unit: Some(unit),
            ..leaf(Kind::Outcome, "bank-indus", service, rows, amount)
        }
    })
}

proptest! {
    #[test]
    fn b30_lines_and_taxes_sum_to_the_total_within_the_documented_rule(
        leaves in prop::collection::vec(any_charged(), 0..60),
    ) {
        let statement = priced(&leaves).unwrap();
        let payable: i64 = statement.lines.iter().map(Line::payable_paisa).sum();
        let taxes: i64 = statement.taxes.iter().map(|tax| tax.tax_paisa).sum();
        prop_assert_eq!(payable + taxes, statement.total_paisa);
        prop_assert_eq!(statement.value_paisa - statement.given_paisa, payable);
        for line in &statement.lines {
            let exact: i64 = line.parts.iter().map(|p| p.rated_milli_paisa - p.saved_milli_paisa + p.missing_milli_paisa).sum();
            prop_assert!((exact - line.value_paisa * 1_000).abs() <= 500, "half a paisa for each line");
            prop_assert_eq!(line.given_paisa, if line.class.unwrap().is_gratis() { line.value_paisa } else { 0 });
        }
        for tax in &statement.taxes {
            let exact = tax.on_paisa * i64::from(tax.basis_points);
            prop_assert!((exact - tax.tax_paisa * 10_000).abs() <= 5_000, "half a paisa for each tax");
        }
    }

    #[test]
    fn b30_a_request_split_in_two_changes_no_line(
        leaves in prop::collection::vec(any_charged(), 0..20),
        rows in 2..9_999_u32,
        cut in 1..9_999_u32,
    ) {
        let cut = cut % rows;
        let kyc = |rows: u32| leaf(Kind::Outcome, "bank-indus", "kyc", rows, 35_005 * i64::from(rows));
        let with = |more: &[Leaf]| priced(&[&leaves[..], more].concat()).unwrap();
        let (whole, split) = (with(&[kyc(rows)]), with(&[kyc(cut), kyc(rows - cut)]));
        prop_assert_eq!(whole.total_paisa, split.total_paisa);
    }

    #[test]
    fn the_order_of_the_leaves_does_not_change_the_statement(leaves in prop::collection::vec(any_charged(), 0..40)) {
        let backward: Vec<Leaf> = leaves.iter().rev().cloned().collect();
        prop_assert_eq!(priced(&leaves), priced(&backward));
    }
}

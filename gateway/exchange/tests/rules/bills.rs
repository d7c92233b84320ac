//! A bill is a function of the log: the statement agrees with a plain sum over leaves, in whatever order they come.

use std::collections::BTreeMap;

use exchange::{
    ids::AgencyId,
    month::Month,
    record::leaf::{Kind, Leaf},
    statement::{Bill, Bills, Item, Sum, SumKey, billed, recompute},
    tariff::{Class, Unit},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{NOON, id, leaf};

fn bank() -> AgencyId {
    id("bank-indus")
}

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

fn bill(leaves: &[Leaf]) -> Bill {
    recompute(leaves.iter(), &bank(), november())
}

#[test]
fn a_leaf_is_billed_for_what_it_says() {
    let (unit, class) = (Some(Unit::Row), Some(Class::Private));
    let outcome = Leaf { rows: 3, amount: 105_000, unit, class, ..leaf(Kind::Outcome) };
    let key = SumKey { service: String::new(), rate_version: "v1".into(), class, tariff: "kyc".into(), unit };
    let item = Item { key: key.clone(), calls: 1, rows: 3, units: 3, amount_milli_paisa: 105_000 };
    assert_eq!(billed(&outcome), Some(item.clone()));
    let part = Leaf { kind: Kind::Part, ..outcome.clone() };
    assert_eq!(billed(&part), Some(Item { calls: 0, ..item.clone() }), "a batch of rows is no call of its own");
    let without_book = Leaf { rate_version: None, ..outcome.clone() };
    let no_version = SumKey { rate_version: String::new(), ..key.clone() };
    assert_eq!(billed(&without_book), Some(Item { key: no_version, ..item.clone() }));
    let by_call = Leaf { unit: Some(Unit::Call), ..outcome.clone() };
    let call = SumKey { unit: Some(Unit::Call), ..key.clone() };
    assert_eq!(billed(&by_call), Some(Item { key: call, units: 1, ..item.clone() }));
    let free = Leaf { unit: None, ..outcome.clone() };
    assert_eq!(billed(&free), Some(Item { key: SumKey { unit: None, ..key }, units: 0, ..item.clone() }));
    let gratis = Leaf { amount: 0, ..outcome.clone() };
    assert_eq!(
        billed(&gratis),
        Some(Item { amount_milli_paisa: 0, ..item.clone() }),
        "a free answer stands on the bill"
    );
    let reversal = Leaf { amount: -105_000, ..outcome };
    assert_eq!(billed(&reversal), Some(Item { amount_milli_paisa: -105_000, ..item }));
}

#[test]
fn what_released_nothing_is_never_billed() {
    for kind in Kind::ALL {
        let due = matches!(kind, Kind::Outcome | Kind::Part);
        assert_eq!(billed(&leaf(*kind)).is_some(), due, "{kind:?}");
        assert_eq!(billed(&Leaf { dry_run: true, ..leaf(*kind) }), None, "{kind:?} as a dry run");
        assert_eq!(billed(&Leaf { tariff: None, ..leaf(*kind) }), None, "{kind:?} without a tariff");
    }
}

#[test]
fn sums_are_one_for_each_tariff_and_rate_version_in_order() {
    let with = |tariff: &str, version: Option<&str>, amount: i64| Leaf {
        tariff: Some(tariff.into()),
        rate_version: version.map(str::to_owned),
        amount,
        ..leaf(Kind::Outcome)
    };
    let bill = bill(&[
        with("yes-no", Some("v2"), 1),
        with("kyc", Some("v10"), 2),
        with("kyc", None, 4),
        with("yes-no", Some("v1"), 8),
        with("kyc", Some("v10"), 16),
        with("Kyc", Some("v1"), 32),
    ]);
    let sums: Vec<_> = bill
        .sums
        .iter()
        .map(|sum| (sum.key.rate_version.as_str(), sum.key.tariff.as_str(), sum.calls, sum.amount_milli_paisa))
        .collect();
    assert_eq!(
        sums,
        [
            ("", "kyc", 1, 4),
            ("v1", "Kyc", 1, 32),
            ("v1", "yes-no", 1, 8),
            ("v10", "kyc", 2, 18),
            ("v2", "yes-no", 1, 1)
        ]
    );
    assert_eq!(bill.rated_milli_paisa, 63);
}

#[test]
fn a_bill_holds_its_months_instants_in_karachi() {
    let at = |text: &str| Leaf { at: Timestamp::parse_rfc3339(text).unwrap().micros(), ..leaf(Kind::Outcome) };
    let check = |text: &str, calls: i64| {
        assert_eq!(bill(&[at(text)]).sums.iter().map(|sum| sum.calls).sum::<i64>(), calls, "{text}");
    };
    check("2026-10-31T18:59:59.999999Z", 0);
    check("2026-10-31T19:00:00Z", 1);
    check("2026-11-01T00:00:00+05:00", 1);
    check("2026-11-30T23:59:59.999999+05:00", 1);
    check("2026-12-01T00:00:00+05:00", 0);
    check("2025-11-15T12:00:00+05:00", 0);
}

#[test]
fn a_leaf_that_names_no_agency_or_no_month_is_on_no_bill() {
    let check = |leaf: Leaf, what: &str| {
        let mut bills = Bills::default();
        bills.add(&leaf);
        assert_eq!(bills.bills().count(), 0, "{what}");
    };
    check(Leaf { agency: None, ..leaf(Kind::Outcome) }, "a citizen's own access");
    check(Leaf { agency: Some("two words".into()), ..leaf(Kind::Outcome) }, "not an agency's name");
    check(Leaf { at: i64::MAX, ..leaf(Kind::Outcome) }, "after the calendar");
    check(Leaf { at: i64::MIN, ..leaf(Kind::Outcome) }, "before the calendar");
    check(leaf(Kind::Refused), "a refusal");
}

#[test]
fn an_agency_without_answers_gets_an_empty_bill() {
    let empty = bill(&[]);
    assert_eq!((empty.agency, empty.month, empty.rated_milli_paisa), (bank(), november(), 0));
    assert!(empty.sums.is_empty());
    let others = bill(&[Leaf { agency: Some("bank-indus2".into()), ..leaf(Kind::Outcome) }]);
    assert!(others.sums.is_empty(), "a name that begins alike is another's");
}

#[test]
fn sums_stop_at_the_ends_of_money_instead_of_turning_over() {
    let with = |amount| Leaf { amount, rows: u32::MAX, ..leaf(Kind::Outcome) };
    let high = bill(&[with(i64::MAX), with(1)]);
    assert_eq!((high.rated_milli_paisa, high.sums[0].amount_milli_paisa), (i64::MAX, i64::MAX));
    assert_eq!(high.sums[0].rows, 2 * i64::from(u32::MAX));
    let low = bill(&[with(i64::MIN), with(-1)]);
    assert_eq!(low.rated_milli_paisa, i64::MIN);
    let other = Leaf { tariff: Some("other".into()), ..with(i64::MAX) };
    assert_eq!(bill(&[with(i64::MAX), other]).rated_milli_paisa, i64::MAX, "and so does the total of two lines");
}

#[test]
fn a_printed_bill_is_a_table_of_rupees() {
    let wide = Leaf { service: Some("nser.household@1".into()), rows: 12, amount: 4_200_007, ..leaf(Kind::Outcome) };
    let (unit, class) = (Some(Unit::NoMatch), Some(Class::GratisGovernment));
    let text = bill(&[Leaf { unit, class, ..leaf(Kind::Outcome) }, wide]).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "bank-indus 2026-11",
            "                           v1             gratis-government no-match         1 calls         1 rows         Rs 0.35000",
            "  nser.household@1         v1             -                 free             1 calls        12 rows        Rs 42.00007",
            "  rated Rs 42.35007",
        ]
    );
}

#[test]
fn sums_given_in_any_order_are_put_in_order() {
    let sum = |tariff: &str, version: &str, amount_milli_paisa| Sum {
        key: SumKey {
            service: String::new(),
            rate_version: version.into(),
            class: None,
            tariff: tariff.into(),
            unit: None,
        },
        calls: 1,
        rows: 1,
        units: 1,
        amount_milli_paisa,
    };
    let (a, b, c) = (sum("a", "v2", 5), sum("a", "v1", -7), sum("B", "v2", 11));
    let bill = Bill::of(bank(), november(), vec![a.clone(), b.clone(), c.clone()]);
    assert_eq!(bill.sums, [b, c, a]);
    assert_eq!(bill.rated_milli_paisa, 9);
}

/// Leaves that often share an agency, a month, a tariff and a rate.
fn any_leaf() -> impl Strategy<Value = Leaf> {
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let agency = prop::sample::select(vec![None, Some("bank-indus"), Some("telco-sarhad"), Some("not an agency")]);
    let tariff = prop::sample::select(vec![None, Some("kyc"), Some("yes-no")]);
    let rate = prop::sample::select(vec![None, Some("v1"), Some("v2")]);
    let days = -40..40_i64;
    (kind, agency, tariff, rate, days, 0..50_u32, -1_000..1_000_000_i64, prop::bool::weighted(0.2)).prop_map(
        |(kind, agency, tariff, rate, days, rows, amount, dry_run)| Leaf {
            agency: agency.map(str::to_owned),
            tariff: tariff.map(str::to_owned),
            rate_version: rate.map(str::to_owned),
            at: NOON.plus_seconds(days * 86_400).micros(),
            rows,
            amount,
            dry_run,
            ..leaf(kind)
        },
    )
}

/// Agency, month, tariff and rate version to calls, rows and amount.
type Sums = BTreeMap<(String, String, String, String), (i64, i64, i64)>;

/// The sums that a clerk would make, with months cut off the printed date.
fn by_hand(leaves: &[Leaf]) -> Sums {
    let mut sums = Sums::new();
    for leaf in leaves.iter().filter(|leaf| !leaf.dry_run) {
        let (Some(agency), Some(tariff)) = (&leaf.agency, &leaf.tariff) else { continue };
        let calls = match leaf.kind {
            Kind::Outcome => 1,
            Kind::Part => 0,
            _ => continue,
        };
        if agency.contains(' ') {
            continue;
        }
        let month = Timestamp::from_micros(leaf.at).rfc3339()[..7].to_owned();
        let key = (agency.clone(), month, tariff.clone(), leaf.rate_version.clone().unwrap_or_default());
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + calls, sum.1 + i64::from(leaf.rows), sum.2 + leaf.amount);
    }
    sums
}

fn all_bills(leaves: &[Leaf]) -> Vec<Bill> {
    let mut bills = Bills::default();
    for leaf in leaves {
        bills.add(leaf);
    }
    bills.bills().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn all_bills_of_a_log_are_the_sums_by_hand(leaves in prop::collection::vec(any_leaf(), 0..60)) {
        let mut sums = Sums::new();
        for bill in all_bills(&leaves) {
            let total: i64 = bill.sums.iter().map(|sum| sum.amount_milli_paisa).sum();
            prop_assert_eq!(total, bill.rated_milli_paisa);
            for sum in bill.sums {
                let SumKey { tariff, rate_version, .. } = sum.key;
                let key = (bill.agency.to_string(), bill.month.to_string(), tariff, rate_version);
                prop_assert!(sums.insert(key, (sum.calls, sum.rows, sum.amount_milli_paisa)).is_none());
            }
        }
        prop_assert_eq!(sums, by_hand(&leaves));
    }

    #[test]
    fn a_bill_alone_is_the_same_as_among_all(leaves in prop::collection::vec(any_leaf(), 0..40)) {
        for bill in all_bills(&leaves) {
            prop_assert_eq!(recompute(leaves.iter(), &bill.agency, bill.month), bill);
        }
    }

    #[test]
    fn cutting_an_answer_into_batches_changes_rows_and_amount_by_nothing(
        batches in prop::collection::vec((0..1_000_u32, 0..1_000_000_i64), 1..20),
    ) {
        let part = |(rows, amount): &(u32, i64)| Leaf { rows: *rows, amount: *amount, ..leaf(Kind::Part) };
        let end = Leaf { rows: 0, amount: 0, ..leaf(Kind::Outcome) };
        let cut: Vec<Leaf> = batches.iter().map(part).chain([end]).collect();
        let rows = batches.iter().map(|batch| batch.0).sum();
        let amount = batches.iter().map(|batch| batch.1).sum();
        let whole = [Leaf { rows, amount, ..leaf(Kind::Outcome) }];
        prop_assert_eq!(bill(&cut), bill(&whole));
    }
}

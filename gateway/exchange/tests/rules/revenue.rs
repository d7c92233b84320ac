//! Revenue over all agencies: it sums to their bills, and what is given is told by agency and reason.

use exchange::{
    classification::Forum,
    ids::{GratisId, ServiceId},
    month::Month,
    statement::{Revenue, Sold, Sum, SumKey, revenue},
    tariff::{Class, Gratis, GratisReason, Unit},
    timestamp::Timestamp,
};

use crate::support::id;

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

fn sold(agency: &str, day: u8, service: &str, class: Option<Class>, amount_milli_paisa: i64) -> Sold {
    let key =
        SumKey { service: service.into(), rate_version: "v1".into(), class, tariff: "t".into(), unit: Some(Unit::Row) };
    Sold { agency: id(agency), day, sum: Sum { key, calls: 1, rows: 2, units: 2, amount_milli_paisa } }
}

fn gift(agency: &str, reason: GratisReason, first: &str, until: &str) -> Gratis {
    let instant = |day: &str| Timestamp::parse_rfc3339(&format!("{day}+05:00")).unwrap();
    Gratis {
        id: GratisId::parse("gift").unwrap(),
        agency: id(agency),
        reason,
        instrument: "Sample decision".into(),
        forum: Forum::SecretaryBisp,
        services: vec![ServiceId::parse("nser.household").unwrap()],
        valid_from: instant(first),
        valid_until: instant(until),
        ended_at: None,
    }
}

/// Class, service, calls, amount, payable.
fn lines(revenue: &Revenue) -> Vec<(Option<Class>, &str, i64, i64, i64)> {
    let one = |line: &exchange::statement::RevenueLine| {
        (line.counts.calls, line.counts.amount_milli_paisa, line.counts.payable_milli_paisa)
    };
    let all = revenue.lines.iter().map(|line| (line.class, line.service.as_str(), one(line)));
    all.map(|(class, service, (calls, amount, payable))| (class, service, calls, amount, payable)).collect()
}

#[test]
fn revenue_is_told_by_class_and_service_over_all_agencies() {
    let (private, government) = (Some(Class::Private), Some(Class::Government));
    let told = revenue(
        november(),
        &[
            sold("bank-indus", 2, "identity.kyc@1", private, 100),
            sold("telco-sarhad", 9, "identity.kyc@1", private, 20),
            sold("bisp", 9, "nser.household@1", government, 3),
            sold("bank-indus", 30, "fbr.taxpayer@1", None, 1_000),
        ],
        &[],
    );
    let expected = [
        (None, "fbr.taxpayer@1", 1, 1_000, 1_000),
        (government, "nser.household@1", 1, 3, 3),
        (private, "identity.kyc@1", 2, 120, 120),
    ];
    assert_eq!(lines(&told), expected);
    assert_eq!((told.total.calls, told.total.payable_milli_paisa, told.given_milli_paisa()), (4, 1_123, 0));
    let agencies: Vec<_> = told.agencies.iter().map(|(agency, counts)| (agency.as_str(), counts.calls)).collect();
    assert_eq!(agencies, [("bank-indus", 2), ("bisp", 1), ("telco-sarhad", 1)]);
    assert!(told.given.is_empty());
}

#[test]
fn what_is_given_is_told_by_agency_and_reason() {
    let given = Some(Class::GratisGovernment);
    let gifts = [
        gift("bisp", GratisReason::EnrichNser, "2026-11-10T12:00:00", "2026-11-20T00:00:00"),
        gift("bisp", GratisReason::BispOperations, "2026-11-20T00:00:00", "2026-12-01T00:00:00"),
        gift("fbr", GratisReason::EnrichNser, "2026-11-01T00:00:00", "2026-12-01T00:00:00"),
    ];
    let told = revenue(
        november(),
        &[
            sold("bisp", 10, "nser.household@1", given, 1),
            sold("bisp", 19, "nser.household@2", given, 2),
            sold("bisp", 20, "nser.household@1", given, 4),
            sold("bisp", 9, "nser.household@1", given, 8),
            sold("bisp", 21, "nser.band@1", given, 16),
            sold("fbr", 1, "nser.household@1", given, 32),
            sold("fbr", 1, "nser.household@1", Some(Class::Government), 64),
            sold("fbr", 1, "", given, 128),
        ],
        &gifts,
    );
    let found: Vec<_> =
        told.given.iter().map(|given| (given.agency.as_str(), given.reason, given.counts.amount_milli_paisa)).collect();
    let (operations, enrich) = (Some(GratisReason::BispOperations), Some(GratisReason::EnrichNser));
    let expected =
        [("bisp", None, 24), ("bisp", operations, 4), ("bisp", enrich, 3), ("fbr", None, 128), ("fbr", enrich, 32)];
    assert_eq!(found, expected);
    assert!(told.given.iter().all(|given| given.counts.payable_milli_paisa == 0));
    assert_eq!((told.given_milli_paisa(), told.total.payable_milli_paisa), (191, 64));
    assert_eq!(told.total.amount_milli_paisa, 255);
}

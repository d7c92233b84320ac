//! Sums by day and by user against plain readings of the leaves and of who was named; an older index is built again.

use std::collections::BTreeMap;

use exchange::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    statement::{Counts, Daily, Month, recompute},
    tariff::{Class, Unit},
};

use super::{
    UserKey, UserSum,
    fake::leaf,
    schema::{COMPONENT, MIGRATIONS},
    tests::{AT, Bench, numbers},
};
use crate::sql::Database;

const USERS: [Option<&str>; 3] = [None, Some("teller-1"), Some("teller-2")];

/// Random entries over seventy days, each with who was named.
fn filled(bench: &Bench) -> Vec<(Leaf, Option<&'static str>)> {
    let mut pick = numbers(77);
    let mut all = Vec::new();
    for n in 0..900 {
        let hours = i64::try_from(pick(70 * 24)).unwrap() * 3_600_000_000;
        let one = Leaf {
            agency: [None, Some("bank-indus".into()), Some("telco-sarhad".into())][pick(3)].clone(),
            service: [None, Some("identity.kyc@1".into()), Some("nser.household@1".into())][pick(3)].clone(),
            tariff: [None, Some("kyc".into()), Some("yes-no".into())][pick(3)].clone(),
            rate_version: [None, Some("v1".into()), Some("v2".into())][pick(3)].clone(),
            class: [None, Some(Class::Private), Some(Class::GratisPrivate)][pick(3)],
            unit: [None, Some(Unit::Row), Some(Unit::Call)][pick(3)],
            rows: u32::try_from(pick(40)).unwrap(),
            amount: i64::try_from(pick(1_000_000)).unwrap(),
            dry_run: pick(9) == 0,
            ..leaf(Kind::ALL[pick(5)], &format!("r{n}"), AT - hours)
        };
        let user = USERS[pick(3)];
        bench.log.put_by(user, one.clone(), &[]);
        all.push((one, user));
    }
    all
}

fn months() -> impl Iterator<Item = Month> {
    ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"].into_iter().map(|month| Month::parse(month).unwrap())
}

/// Sums of a bill without saying of which line: service and class, and what they came to.
fn by_service(sums: &[exchange::statement::Sum]) -> BTreeMap<(String, Option<Class>), Counts> {
    let mut all: BTreeMap<_, Counts> = BTreeMap::new();
    for sum in sums {
        all.entry((sum.key.service.clone(), sum.key.class)).or_default().add(sum);
    }
    all
}

#[tokio::test]
async fn the_days_of_the_index_are_plain_sums_of_the_leaves() {
    let bench = Bench::new("days");
    let all = filled(&bench);
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    let leaves: Vec<Leaf> = all.into_iter().map(|(leaf, _)| leaf).collect();
    let mut busy = 0;
    for agency in ["bank-indus", "telco-sarhad", "nobody"] {
        let agency = AgencyId::parse(agency).unwrap();
        for month in months() {
            let daily = store.daily(&agency, month).await.unwrap();
            assert_eq!(daily, Daily::recompute(leaves.iter(), &agency, month));
            for (day, counts) in &daily.days {
                let of_day = leaves.iter().filter(|leaf| leaf.billed_at().karachi_date().2 == *day);
                let plain = recompute(of_day, &agency, month);
                assert_eq!((counts.amount_milli_paisa, plain.sums.is_empty()), (plain.rated_milli_paisa, false));
            }
            let days = daily.days.iter().map(|(_, counts)| counts.payable_milli_paisa).sum::<i64>();
            assert_eq!(days, daily.bill.payable_milli_paisa());
            busy += daily.days.len();
        }
    }
    assert!(busy > 60, "hardly any day had anything: {busy}");
}

#[tokio::test]
async fn the_users_of_the_index_are_those_of_the_side_records_and_sum_to_the_lines() {
    let bench = Bench::new("users");
    let all = filled(&bench);
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    let mut named = 0;
    for agency in ["bank-indus", "telco-sarhad"] {
        let agency = AgencyId::parse(agency).unwrap();
        for month in months() {
            let found = store.users(&agency, month).await.unwrap();
            for user in USERS {
                let key = user.map(|user| bench.opener().user_key(agency.as_str(), user));
                let sums: Vec<_> = found.iter().filter(|one| one.user == key).map(|one| one.sum.clone()).collect();
                let asked = all.iter().filter(|(_, by)| *by == user).map(|(leaf, _)| leaf);
                assert_eq!(by_service(&sums), by_service(&recompute(asked, &agency, month).sums), "{user:?}");
                named += sums.len();
            }
            let sums: Vec<_> = found.iter().map(|one| one.sum.clone()).collect();
            assert_eq!(by_service(&sums), by_service(&store.usage(&agency, month).await.unwrap().sums));
        }
    }
    assert!(named > 20, "{named}");
}

#[tokio::test]
async fn the_month_of_all_agencies_is_the_sum_of_their_bills() {
    let bench = Bench::new("sold");
    filled(&bench);
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    for month in months() {
        let (sold, users) = store.everybody(month).await.unwrap();
        let mut apart = Vec::new();
        for agency in ["bank-indus", "telco-sarhad"] {
            let agency = AgencyId::parse(agency).unwrap();
            let daily = store.daily(&agency, month).await.unwrap();
            let own: Vec<_> = sold.iter().filter(|one| one.agency == agency).collect();
            let sums: Vec<_> = own.iter().map(|one| one.sum.clone()).collect();
            assert_eq!(by_service(&sums), by_service(&daily.bill.sums));
            for (day, counts) in &daily.days {
                let mut of_day = Counts::default();
                own.iter().filter(|one| one.day == *day).for_each(|one| of_day.add(&one.sum));
                assert_eq!(of_day, *counts);
            }
            apart.extend(store.users(&agency, month).await.unwrap());
        }
        assert_eq!(users, apart);
        assert!(sold.iter().all(|one| ["bank-indus", "telco-sarhad"].contains(&one.agency.as_str())));
    }
}

#[tokio::test]
async fn the_same_name_in_two_agencies_is_two_users_and_none_reads_back() {
    let bench = Bench::new("keys");
    let opener = bench.opener();
    let key = opener.user_key("bank-indus", "teller-1");
    assert_eq!(bench.opener().user_key("bank-indus", "teller-1"), key);
    assert_ne!(opener.user_key("telco-sarhad", "teller-1"), key);
    assert_ne!(opener.user_key("bank-indus", "teller-2"), key);
    assert_ne!(opener.user_key("bank-indust", "eller-1"), key);
    assert_eq!(UserKey::from_hex(&key.to_hex()), Some(key));
    assert_eq!((UserKey::from_hex("00"), UserKey::from_hex("")), (None, None));
    assert_eq!(format!("{key:?}"), "UserKey(…)");
}

#[tokio::test]
async fn an_index_of_version_three_is_built_again_with_its_days_and_users() {
    let bench = Bench::new("third");
    for n in 0..5 {
        bench.log.put(leaf(Kind::Outcome, &format!("r{n}"), AT), &[(1, true)]);
    }
    let url = format!("sqlite:{}", bench.folder.join("index.db").display());
    let old = Database::open(&url, "log_index").await.unwrap();
    old.migrate(COMPONENT, &MIGRATIONS[..3]).await.unwrap();
    for sql in [
        "INSERT INTO watermark VALUES ('node-1', 5)",
        "INSERT INTO bill VALUES ('node-1', 'bank-indus', '2026-11', 's@1', 'v1', 'private', 't', 'row', 9, 9, 9, 9)",
    ] {
        sqlx::query(sql).execute(old.pool()).await.unwrap();
    }
    old.close().await;
    let (indexer, store) = bench.indexer().await;
    assert_eq!(store.indexed("node-1").await, Ok(0));
    assert_eq!(indexer.catch_up().await, Ok(5));
    let (bank, november) = (AgencyId::parse("bank-indus").unwrap(), Month::parse("2026-11").unwrap());
    let daily = store.daily(&bank, november).await.unwrap();
    assert_eq!(daily, Daily::recompute(bench.log.leaves().iter(), &bank, november));
    assert_eq!(daily.days.len(), 1);
    let users: Vec<UserSum> = store.users(&bank, november).await.unwrap();
    assert_eq!(users.iter().map(|one| one.sum.calls).collect::<Vec<_>>(), [5]);
}

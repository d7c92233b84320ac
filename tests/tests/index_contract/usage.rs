//! Sums by day, by user and over all agencies against a plain reading of the same entries; damage is told.

use std::collections::BTreeMap;

use adapters::sql::{
    SqlError,
    index::{IndexStore, Opened, UserKey},
};
use exchange::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    statement::{Counts, Daily, Month, Sum, recompute},
    tariff::{Class, Unit},
};
use tests::meddling::Dice;

use super::{AT, damage::meddled, leaf, opened};

const AGENCIES: [&str; 2] = ["bank-indus", "telco-sarhad"];
const NODES: [&str; 2] = ["node-1", "node-2"];

fn user(n: usize) -> Option<UserKey> {
    (n > 0).then(|| UserKey::from_hex(&format!("{n:064x}")).unwrap())
}

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

fn agency(id: &str) -> AgencyId {
    AgencyId::parse(id).unwrap()
}

fn entry(dice: &mut Dice, node: &str, sequence: u64) -> Opened {
    let kind = if dice.below(3) == 0 { Kind::ALL[dice.below(Kind::ALL.len())] } else { Kind::Outcome };
    let hours = i64::try_from(dice.below(60 * 24)).unwrap() * 3_600_000_000;
    let leaf = Leaf {
        node: node.into(),
        at: AT - hours,
        agency: [None, Some(AGENCIES[0].into()), Some(AGENCIES[1].into())][dice.below(3)].clone(),
        service: [None, Some("identity.kyc@1".into()), Some("it's \"odd\" % بینک@2".into())][dice.below(3)].clone(),
        tariff: [None, Some("kyc".into())][dice.below(2)].clone(),
        class: [None, Some(Class::Government), Some(Class::GratisGovernment)][dice.below(3)],
        unit: [None, Some(Unit::Row)][dice.below(2)],
        rows: [0, 1, 500][dice.below(3)],
        amount: [0, 35_000, 1 << 40][dice.below(3)],
        ..leaf(kind, sequence, &format!("r{sequence}"))
    };
    Opened { user: user(dice.below(4)), ..opened(leaf, &[]) }
}

async fn filled(store: &IndexStore, dice: &mut Dice) -> Vec<Opened> {
    let mut all = Vec::new();
    for (node, batches) in [(NODES[0], [130, 170]), (NODES[1], [60, 40])] {
        let mut from = 0;
        for count in batches {
            let batch: Vec<_> = (from..from + count).map(|n| entry(dice, node, n)).collect();
            assert!(store.take(node, from, &batch).await.unwrap());
            from += count;
            all.extend(batch);
        }
    }
    all
}

fn by_service<'a>(sums: impl IntoIterator<Item = &'a Sum>) -> BTreeMap<(String, Option<Class>), Counts> {
    let mut all: BTreeMap<_, Counts> = BTreeMap::new();
    for sum in sums {
        all.entry((sum.key.service.clone(), sum.key.class)).or_default().add(sum);
    }
    all
}

/// Everything that the index says of November is what the entries say.
async fn agrees(store: &IndexStore, all: &[Opened]) -> usize {
    let (sold, everyone) = store.everybody(november()).await.unwrap();
    let mut counted = 0;
    for id in AGENCIES {
        let agency = agency(id);
        let daily = store.daily(&agency, november()).await.unwrap();
        let leaves = || all.iter().map(|entry| &entry.leaf);
        assert_eq!(daily, Daily::recompute(leaves(), &agency, november()));
        assert_eq!(daily.bill, recompute(leaves(), &agency, november()));
        for (day, counts) in &daily.days {
            let of_day = leaves().filter(|leaf| leaf.billed_at().karachi_date().2 == *day);
            assert_eq!(recompute(of_day, &agency, november()).rated_milli_paisa, counts.amount_milli_paisa, "{day}");
        }
        let users = store.users(&agency, november()).await.unwrap();
        for n in 0..5 {
            let of_user = all.iter().filter(|entry| entry.user == user(n)).map(|entry| &entry.leaf);
            let found = users.iter().filter(|one| one.user == user(n)).map(|one| &one.sum);
            assert_eq!(by_service(found), by_service(&recompute(of_user, &agency, november()).sums), "user {n}");
        }
        assert_eq!(by_service(users.iter().map(|one| &one.sum)), by_service(&daily.bill.sums));
        let own = sold.iter().filter(|one| one.agency == agency).map(|one| &one.sum);
        assert_eq!(by_service(own), by_service(&daily.bill.sums));
        assert_eq!(everyone.iter().filter(|one| one.agency == agency).cloned().collect::<Vec<_>>(), users);
        counted += daily.days.len() + users.len();
    }
    counted
}

pub async fn days_and_users_are_those_of_a_plain_reading(url: &str) {
    let store = super::store(url).await;
    assert_eq!(agrees(&store, &[]).await, 0);
    let all = filled(&store, &mut Dice::new(21)).await;
    assert!(agrees(&store, &all).await > 30);
}

pub async fn a_node_takes_its_part_of_every_sum_with_it(url: &str) {
    let store = super::store(url).await;
    let mut all = filled(&store, &mut Dice::new(5)).await;
    store.forget("node-2").await.unwrap();
    all.retain(|entry| entry.leaf.node == "node-1");
    assert!(agrees(&store, &all).await > 20);
    store.forget("node-1").await.unwrap();
    assert_eq!(agrees(&store, &[]).await, 0);
}

pub async fn a_damaged_sum_is_told_and_the_rebuilt_index_is_whole(url: &str) {
    let store = super::store(url).await;
    let entries: Vec<_> = (0..8)
        .map(|n| {
            let leaf = Leaf { class: Some(Class::Private), unit: Some(Unit::Row), ..leaf(Kind::Outcome, n, "r") };
            Opened { user: user(1), ..opened(leaf, &[]) }
        })
        .collect();
    assert!(store.take("node-1", 0, &entries).await.unwrap());
    let bank = agency("bank-indus");
    for damage in [
        "UPDATE bill SET class = 'junk'",
        "UPDATE bill SET unit = 'junk'",
        "UPDATE user_sum SET class = 'junk'",
        "UPDATE user_sum SET user_key = '00'",
        "UPDATE user_sum SET user_key = 'teller-1'",
        "UPDATE bill SET agency = ''",
        "UPDATE user_sum SET agency = ''",
    ] {
        meddled(url, damage).await.unwrap();
        let answers = [
            store.daily(&bank, november()).await.err(),
            store.users(&bank, november()).await.err(),
            store.everybody(november()).await.err(),
        ];
        let told =
            answers.iter().flatten().any(|why| matches!(why, SqlError::Other(why) if why.contains("rebuild it")));
        assert!(told, "{damage}: {answers:?}");
        store.forget("node-1").await.unwrap();
        assert!(store.take("node-1", 0, &entries).await.unwrap(), "{damage}");
        agrees(&store, &entries).await;
    }
    for (sql, why) in [
        ("UPDATE bill SET day = 0", "a day before the first"),
        ("UPDATE bill SET day = 32", "a day that no month has"),
        ("UPDATE user_sum SET calls = -1", "fewer calls than none"),
        ("INSERT INTO user_sum SELECT * FROM user_sum", "a user's sum twice"),
    ] {
        assert_eq!(meddled(url, sql).await, Err(SqlError::Conflict), "{why}");
    }
}

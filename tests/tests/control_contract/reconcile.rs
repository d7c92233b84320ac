//! The ledger held against the leaves: what was changed, taken away or put in is found and named, however the books agree in
//! themselves.

use std::sync::Arc;

use adapters::sql::control::{Compared, ControlStore, Difference, PostError, Reconciler};
use exchange::{
    ports::record_log::RecordLog,
    record::leaf::{Kind, Leaf},
    tariff::Class,
};
use tests::meddling::Dice;

use super::{
    ledger::{Leaves, leaf, pay_in, posters, sound},
    world::{WITHOUT_SENDING, World},
};

fn reconciler(log: &Arc<Leaves>, store: &Arc<ControlStore>, since: u64) -> Reconciler {
    Reconciler::new(Arc::clone(log) as Arc<dyn RecordLog>, Arc::clone(store), since)
}

async fn look(reconciler: &mut Reconciler) -> Compared {
    reconciler.advance().await.unwrap()
}

fn agreed(upto: u64, rated_milli_paisa: i64) -> Compared {
    Compared { upto, rated_milli_paisa, difference: None }
}

/// Three rounds of answers, each posted by itself; what each is rated at.
async fn three_rounds(world: &World, log: &Arc<Leaves>) -> [i64; 3] {
    pay_in(world, 1_000).await;
    let (_, [poster, _]) = posters(world, log);
    let mut rated = [0; 3];
    for (round, rated) in rated.iter_mut().enumerate() {
        for n in 0..4 {
            let amount = i64::try_from(1 + round * 10 + n).unwrap();
            log.put(leaf(
                Kind::Outcome,
                round * 4 + n,
                amount,
                if n == 3 { Class::GratisPrivate } else { Class::Private },
            ));
            *rated += amount;
        }
        log.put(leaf(Kind::Intent, 99, 0, Class::Private));
        poster.catch_up().await.unwrap();
    }
    rated
}

pub async fn b33_the_ledger_is_held_against_the_leaves_from_where_it_was_the_last_time(world: &World) {
    let log = Arc::new(Leaves::default());
    let mut all = reconciler(&log, &world.there, 0);
    assert_eq!(look(&mut all).await, agreed(0, 0), "an empty log agrees with an empty ledger");
    let rated = three_rounds(world, &log).await;
    let sum: i64 = rated.iter().sum();
    assert_eq!(look(&mut all).await, agreed(15, sum));
    // One that began with a process is told what was rated since.
    let (_, second, third) = (rated[0], rated[1], rated[2]);
    for (since, expected) in [(5, second + third), (15, 0), (99, 0), (7, second - 11 - 12 + third), (10, third)] {
        assert_eq!(look(&mut reconciler(&log, &world.there, since)).await, agreed(15, expected), "{since}");
    }
    // What is free is compared too, and what waits to be posted is not.
    let (_, [poster, _]) = posters(world, &log);
    log.put(leaf(Kind::Intent, 99, 0, Class::Private));
    assert_eq!(look(&mut all).await, agreed(15, sum));
    poster.catch_up().await.unwrap();
    assert_eq!(look(&mut all).await, agreed(16, sum));
}

pub async fn b33_what_was_changed_consistently_is_named_by_its_range_and_accounts(world: &World) {
    let log = Arc::new(Leaves::default());
    three_rounds(world, &log).await;
    let second = |debit: &str, credit: &str, ledger, log| {
        let (node, debit, credit) = ("node-1".to_owned(), debit.to_owned(), credit.to_owned());
        Some(Difference::Range { node, from: 5, to: 10, debit, credit, ledger, log })
    };
    let (bank, revenue, given) = ("agency/bank-indus", "revenue/private", "given/bank-indus");
    // Each with its accounts, so that the books agree in themselves.
    for (what, sql, back, expected) in [
        (
            "less was charged",
            "UPDATE ledger_entry SET amount = amount - 5 WHERE log_to = 10 AND id LIKE '%/private'; \
             UPDATE ledger_account SET debits = debits - 5 WHERE name = 'agency/bank-indus'; \
             UPDATE ledger_account SET credits = credits - 5 WHERE name = 'revenue/private'",
            "UPDATE ledger_entry SET amount = amount + 5 WHERE log_to = 10 AND id LIKE '%/private'; \
             UPDATE ledger_account SET debits = debits + 5 WHERE name = 'agency/bank-indus'; \
             UPDATE ledger_account SET credits = credits + 5 WHERE name = 'revenue/private'",
            second(bank, revenue, 45, 50),
        ),
        (
            "more was given",
            "INSERT INTO ledger_entry (id, at, debit, credit, amount, node, log_to) \
             VALUES ('log/node-1/5-10/more', 0, 'given/bank-indus', 'agency/bank-indus', 3, 'node-1', 10); \
             UPDATE ledger_account SET debits = debits + 3 WHERE name = 'given/bank-indus'; \
             UPDATE ledger_account SET credits = credits + 3 WHERE name = 'agency/bank-indus'",
            "DELETE FROM ledger_entry WHERE id = 'log/node-1/5-10/more'; \
             UPDATE ledger_account SET debits = debits - 3 WHERE name = 'given/bank-indus'; \
             UPDATE ledger_account SET credits = credits - 3 WHERE name = 'agency/bank-indus'",
            second(given, bank, 17, 14),
        ),
        (
            "a payment that nobody made",
            "INSERT INTO ledger_entry (id, at, debit, credit, amount) VALUES ('help', 0, 'bank', 'agency/bank-indus', 9); \
             UPDATE ledger_account SET debits = debits + 9 WHERE name = 'bank'; \
             UPDATE ledger_account SET credits = credits + 9 WHERE name = 'agency/bank-indus'",
            "DELETE FROM ledger_entry WHERE id = 'help'; \
             UPDATE ledger_account SET debits = debits - 9 WHERE name = 'bank'; \
             UPDATE ledger_account SET credits = credits - 9 WHERE name = 'agency/bank-indus'",
            Some(Difference::Origin("help".into())),
        ),
    ] {
        world.meddle(sql).await.unwrap();
        sound(world).await;
        let mut found = reconciler(&log, &world.there, 0);
        for _ in 0..2 {
            let told = look(&mut found).await;
            assert_eq!(told.difference, expected, "{what}: told until it is mended");
        }
        world.meddle(back).await.unwrap();
        assert_eq!(look(&mut found).await.difference, None, "{what}");
    }
    // A movement that is gone.
    world.meddle("UPDATE ledger_entry SET node = 'node-9' WHERE log_to = 10 AND id LIKE '%/private'").await.unwrap();
    assert_eq!(look(&mut reconciler(&log, &world.there, 0)).await.difference, second(bank, revenue, 14, 50));
}

pub async fn b33_whatever_happened_the_ledger_agrees_with_the_leaves(world: &World) {
    let log = Arc::new(Leaves::default());
    let (_, posters) = posters(world, &log);
    let mut all = reconciler(&log, &world.here, 0);
    let (mut dice, mut rated) = (Dice::new(33), 0);
    for n in 0..40 {
        for _ in 0..dice.below(5) {
            let kind = [Kind::Outcome, Kind::Part, Kind::Replay, Kind::Refused][dice.below(4)];
            let class = [Class::Private, Class::Government, Class::GratisGovernment][dice.below(3)];
            let one = leaf(kind, n, i64::try_from(dice.below(1_000)).unwrap(), class);
            rated += exchange::statement::rated(&one);
            log.put(Leaf { dry_run: false, ..one });
        }
        if dice.below(2) == 0 {
            posters[dice.below(2)].catch_up().await.unwrap();
        }
        if dice.below(3) == 0 {
            assert_eq!(look(&mut all).await.difference, None);
        }
    }
    posters[0].catch_up().await.unwrap();
    assert_eq!(look(&mut all).await, agreed(log.durable_size(), rated));
    assert_eq!(look(&mut reconciler(&log, &world.there, 0)).await, agreed(log.durable_size(), rated));
}

pub async fn a_ledger_of_before_its_places_is_held_against_the_log_as_one_range(world: &World) {
    let log = Arc::new(Leaves::default());
    let rated: i64 = three_rounds(world, &log).await.iter().sum();
    world
        .meddle(format!(
            "{WITHOUT_SENDING} DROP INDEX ledger_entry_place; DROP INDEX ledger_entry_placeless; \
             ALTER TABLE ledger_entry DROP COLUMN node; ALTER TABLE ledger_entry DROP COLUMN log_to; \
             DROP INDEX idempotency_working; ALTER TABLE idempotency DROP COLUMN request; \
             ALTER TABLE idempotency DROP COLUMN begun; DROP TABLE closed_month; DROP TABLE quota_use; \
             DROP TABLE quota_hold; DROP TABLE sms_inbox; DROP INDEX contact_lookup; \
             ALTER TABLE contact DROP COLUMN lookup; DROP INDEX auth_request_subject; \
             ALTER TABLE auth_request DROP COLUMN counter; ALTER TABLE auth_request DROP COLUMN resends; \
             ALTER TABLE auth_request DROP COLUMN asked_at; ALTER TABLE auth_request DROP COLUMN mode; \
             ALTER TABLE auth_request DROP COLUMN screen; ALTER TABLE consent DROP COLUMN mode; \
             UPDATE schema_version SET version = 9 WHERE component = 'control'",
        ))
        .await
        .unwrap();
    let store = Arc::new(world.open([1, 2, 3]).await.unwrap());
    assert_eq!(look(&mut reconciler(&log, &store, 0)).await, agreed(15, rated));
    let (_, [poster, _]) = posters(world, &log);
    log.put(leaf(Kind::Outcome, 77, 5, Class::Private));
    poster.catch_up().await.unwrap();
    assert_eq!(look(&mut reconciler(&log, &store, 0)).await, agreed(16, rated + 5));
    world
        .meddle("UPDATE ledger_entry SET amount = amount + 1 WHERE log_to = 15 AND id LIKE '%10-15%/private'")
        .await
        .unwrap();
    let told = look(&mut reconciler(&log, &store, 0)).await.difference;
    assert!(matches!(told, Some(Difference::Range { from: 0, to: 15, .. })), "{told:?}");
}

pub async fn a_ledger_ahead_of_its_log_is_not_compared(world: &World) {
    let log = Arc::new(Leaves::default());
    three_rounds(world, &log).await;
    let shorter = Arc::new(Leaves::default());
    let told = reconciler(&shorter, &world.there, 0).advance().await.unwrap_err();
    assert!(matches!(told, PostError::AheadOfLog { posted: 15, durable: 0 }), "{told}");
    for n in 0..15 {
        shorter.put(leaf(Kind::Intent, n, 0, Class::Private));
    }
    let told = look(&mut reconciler(&shorter, &world.there, 0)).await;
    assert_eq!(told.upto, 0);
    assert!(matches!(told.difference, Some(Difference::Range { from: 0, to: 5, log: 0, .. })), "{told:?}");
}

//! Following a log that grows, breaks, lies or is another's: each entry once and in order, or a loud stop.

use std::sync::Arc;

use adapters::{
    entropy::SystemEntropy,
    sql::index::{IndexError, IndexStore, Indexer, Opener},
};
use exchange::{
    ports::record_log::{LogUnavailable, RecordLog, StoredEntry},
    record::{
        leaf::{Kind, Leaf},
        seal::SealingKey,
        side,
    },
};

use super::{everything, key, leaf, plain_log::PlainLog, sequences};

fn log(count: u64) -> Arc<PlainLog> {
    let log = PlainLog::default();
    for n in 0..count {
        log.put(leaf(Kind::Outcome, n, &format!("r{n}")), &[1]);
    }
    Arc::new(log)
}

fn opener(log: &Arc<PlainLog>) -> Opener {
    Opener::new(Arc::clone(log) as Arc<dyn RecordLog>, key())
}

fn indexer(log: &Arc<PlainLog>, store: &IndexStore) -> Indexer {
    Indexer::new(opener(log), store.clone())
}

/// Everything below the watermark stands in the index once, and nothing else.
async fn whole(store: &IndexStore, size: u64) {
    assert_eq!(store.indexed("node-1").await, Ok(size));
    let found = store.accesses(&everything(u64::MAX)).await.unwrap();
    assert_eq!(sequences(&found), (0..size).rev().take(1_000).collect::<Vec<_>>());
}

pub async fn many_indexers_at_once_index_each_entry_once(url: &str) {
    let log = log(700);
    let stores = [super::store(url).await, super::store(url).await];
    let following: Vec<_> = (0..6)
        .map(|n| {
            let indexer = indexer(&log, &stores[n % 2]);
            tokio::spawn(async move { indexer.catch_up().await })
        })
        .collect();
    for following in following {
        assert_eq!(following.await.unwrap(), Ok(700));
    }
    whole(&stores[0], 700).await;
}

/// While the log grows, whoever asks sees everything that was durable when it asked.
pub async fn a_question_sees_all_that_was_durable_when_it_began(url: &str) {
    let (log, store) = (log(0), super::store(url).await);
    let indexer = indexer(&log, &store);
    assert_eq!(indexer.catch_up().await, Ok(0));
    assert_eq!(indexer.advance().await, Ok(0));
    for n in 0..30_u64 {
        log.put(leaf(Kind::Outcome, n, &format!("r{n}")), &[1]);
        if n % 3 == 0 {
            assert_eq!(indexer.catch_up().await, Ok(n + 1));
            whole(&store, n + 1).await;
        }
    }
    assert_eq!(indexer.catch_up_to(5).await, Ok(30), "what is there is taken, also beyond what was asked for");
    assert_eq!(indexer.catch_up_to(31).await, Err(IndexError::Unreadable(30)), "the log does not hold that many");
    assert_eq!(indexer.catch_up_to(30).await, Ok(30));
}

/// What a disk or a thief makes of one entry, and an index that stops in front of it until it is mended.
pub async fn an_entry_that_is_not_what_it_was_stops_the_index(url: &str) {
    let store = super::store(url).await;
    let other_key = SealingKey::new(&[8; 32]).unwrap();
    let seal = |key: &SealingKey, request: &str, plain: &[u8]| {
        key.seal(&SystemEntropy::default(), &side::place(request), plain).unwrap()
    };
    let plain = super::side_of(&[1]).to_bytes();
    let changed = |change: fn(&mut Leaf)| {
        let mut leaf = leaf(Kind::Outcome, 3, "r3");
        change(&mut leaf);
        leaf.to_bytes()
    };
    let log = log(6);
    let good = log.entries()[3].clone();
    let neighbour = log.entries()[2].clone();
    let spoiled: Vec<(&str, StoredEntry)> = vec![
        ("of another node", StoredEntry { leaf: changed(|leaf| leaf.node = "node-2".into()), ..good.clone() }),
        ("of another place", StoredEntry { leaf: changed(|leaf| leaf.sequence = 4), ..good.clone() }),
        ("filed elsewhere", StoredEntry { sequence: 4, ..good.clone() }),
        ("beside another request", StoredEntry { leaf: changed(|leaf| leaf.request = "r2".into()), ..good.clone() }),
        ("the side of the entry before", StoredEntry { side: neighbour.side.clone(), ..good.clone() }),
        ("the entry before, twice", neighbour),
        ("sealed under another key", StoredEntry { side: seal(&other_key, "r3", &plain), ..good.clone() }),
        ("sealed for another place", StoredEntry { side: seal(&key(), "r4", &plain), ..good.clone() }),
        ("no side record within", StoredEntry { side: seal(&key(), "r3", b"junk"), ..good.clone() }),
        (
            "a side record cut short",
            StoredEntry { side: seal(&key(), "r3", &plain[..plain.len() - 1]), ..good.clone() },
        ),
        ("no leaf", StoredEntry { leaf: Vec::new(), ..good.clone() }),
    ];
    for (what, entry) in spoiled {
        log.entries()[3] = entry;
        store.forget("node-1").await.unwrap();
        let indexer = indexer(&log, &store);
        for _ in 0..2 {
            assert_eq!(indexer.catch_up().await, Err(IndexError::Unreadable(3)), "{what}");
        }
        assert!(store.indexed("node-1").await.unwrap() <= 3, "{what}: the index went past it");
        assert_eq!(opener(&log).each(vec![1, 3]).await, Err(IndexError::Unreadable(3)), "{what}");
        log.entries()[3] = good.clone();
        assert_eq!(indexer.catch_up().await, Ok(6), "{what}: mended");
        whole(&store, 6).await;
    }
}

/// A side record's every byte counts: none can be turned unseen.
pub async fn a_bit_that_turned_in_a_side_record_stops_the_index(url: &str) {
    let (log, store) = (log(2), super::store(url).await);
    let size = log.entries()[1].side.len();
    for at in 0..size {
        log.entries()[1].side[at] ^= 1 << (at % 8);
        assert_eq!(opener(&log).range(1, 9).await, Err(IndexError::Unreadable(1)), "byte {at} of {size}");
        log.entries()[1].side[at] ^= 1 << (at % 8);
    }
    for end in 1..size {
        let whole = log.entries()[1].side.clone();
        log.entries()[1].side.truncate(end);
        assert_eq!(opener(&log).range(1, 1).await, Err(IndexError::Unreadable(1)), "cut to {end} of {size}");
        log.entries()[1].side = whole;
    }
    assert_eq!(indexer(&log, &store).catch_up().await, Ok(2));
}

pub async fn a_log_that_was_rolled_back_is_refused(url: &str) {
    let (log, store) = (log(9), super::store(url).await);
    let indexer = indexer(&log, &store);
    assert_eq!(indexer.catch_up().await, Ok(9));
    log.entries().truncate(7);
    let refused = indexer.catch_up().await.unwrap_err();
    assert_eq!(refused, IndexError::AheadOfLog { indexed: 9, durable: 7 });
    assert!(refused.to_string().contains("up to 9") && refused.to_string().contains("only 7"), "{refused}");
    assert_eq!(store.indexed("node-1").await, Ok(9), "the evidence was wiped");
    // Rebuilt on purpose, it is the shorter log's.
    store.forget("node-1").await.unwrap();
    assert_eq!(indexer.catch_up().await, Ok(7));
    whole(&store, 7).await;
}

pub async fn a_log_that_cannot_be_read_leaves_the_index_where_it_was(url: &str) {
    let (log, store) = (log(4), super::store(url).await);
    let indexer = indexer(&log, &store);
    assert_eq!(indexer.catch_up().await, Ok(4));
    log.put(leaf(Kind::Outcome, 4, "r4"), &[1]);
    log.set_broken(true);
    assert_eq!(indexer.catch_up().await, Err(IndexError::Log(LogUnavailable::Failed("broken".into()))));
    assert_eq!(store.indexed("node-1").await, Ok(4));
    log.set_broken(false);
    assert_eq!(indexer.catch_up().await, Ok(5));
    whole(&store, 5).await;
}

/// Entries in any order, some twice, none that is not durable.
pub async fn entries_are_opened_in_the_order_asked(url: &str) {
    let (log, _store) = (log(8), super::store(url).await);
    let asked = |sequences: Vec<u64>| {
        let opener = opener(&log);
        async move { opener.each(sequences).await.map(|all| all.iter().map(|one| one.leaf.sequence).collect::<Vec<_>>()) }
    };
    assert_eq!(asked(vec![7, 0, 3, 3, 1]).await, Ok(vec![7, 0, 3, 3, 1]));
    assert_eq!(asked(vec![]).await, Ok(vec![]));
    assert_eq!(asked(vec![2, 8]).await, Err(IndexError::Unreadable(8)));
    assert_eq!(asked(vec![u64::MAX]).await, Err(IndexError::Unreadable(u64::MAX)));
    let range = opener(&log).range(6, 100).await.unwrap();
    assert_eq!(range.iter().map(|one| one.leaf.sequence).collect::<Vec<_>>(), [6, 7]);
    assert_eq!(opener(&log).range(8, 1).await.unwrap().len(), 0);
}

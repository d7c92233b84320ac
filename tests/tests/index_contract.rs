//! What the index of the access log promises, on SQLite and on PostgreSQL alike, fed from a log in files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic: that is how they fail")]

#[path = "index_contract/damage.rs"]
mod damage;
#[path = "index_contract/follow.rs"]
mod follow;
#[path = "index_contract/model.rs"]
mod model;
#[path = "index_contract/plain_log.rs"]
mod plain_log;
#[path = "index_contract/usage.rs"]
mod usage;

use std::{path::PathBuf, sync::Arc};

use adapters::{
    clock::SystemClock,
    entropy::SystemEntropy,
    log::{LogOptions, SegmentLog},
    sql::{
        Database,
        index::{Access, AccessQuery, IndexStore, Indexer, Opened, Opener},
    },
};
use exchange::{
    consent::SubjectKey,
    ids::AgencyId,
    ports::record_log::{Entry, RecordLog},
    record::{
        leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
        seal::SealingKey,
        side::{self, Side, SubjectEntry},
    },
    statement::{Month, recompute},
    timestamp::Timestamp,
};
use tests::postgres::Cluster;

/// 2026-11-22 in Karachi, in the afternoon.
const AT: i64 = 1_795_340_000_000_000;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-index-contract-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn sqlite(&self) -> String {
        format!("sqlite:{}", self.0.join("index.db").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn store(url: &str) -> IndexStore {
    IndexStore::open(Database::open(url, "log_index").await.unwrap()).await.unwrap()
}

fn key() -> Arc<SealingKey> {
    Arc::new(SealingKey::new(&[9; 32]).unwrap())
}

fn leaf(kind: Kind, sequence: u64, request: &str) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind,
        at: AT,
        node: "node-1".into(),
        sequence,
        request: request.into(),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some("identity.kyc@1".into()),
        purpose: None,
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 0,
        rate_version: Some("v1".into()),
        tariff: Some("identity.kyc".into()),
        amount: 35_000,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    }
}

fn side_of(citizens: &[u8]) -> Side {
    let subject = |&n: &u8| SubjectEntry { key: [n; 32].into(), sealed: vec![].into(), returned: true };
    Side { address: "203.0.113.77".into(), subjects: citizens.iter().map(subject).collect(), ..Side::default() }
}

fn opened(leaf: Leaf, citizens: &[u8]) -> Opened {
    Opened { leaf, side: side_of(citizens), user: None, is_closed: false }
}

fn outcomes(from: u64, count: u64) -> Vec<Opened> {
    (from..from + count).map(|n| opened(leaf(Kind::Outcome, n, &format!("r{n}")), &[1])).collect()
}

fn everything(bound: u64) -> AccessQuery<'static> {
    AccessQuery {
        node: "node-1",
        subject: SubjectKey([1; 32]),
        from: Timestamp::from_micros(0),
        until: Timestamp::from_micros(i64::MAX),
        bound,
        before: u64::MAX,
        except: "",
        limit: 1_000,
    }
}

fn sequences(found: &[Access]) -> Vec<u64> {
    found.iter().map(|access| access.sequence).collect()
}

/// Of several that write the same entries, one does.
async fn entries_are_taken_once(url: &str) {
    let (a, b) = (store(url).await, store(url).await);
    let entries = outcomes(0, 40);
    let (one, two) = tokio::join!(a.take("node-1", 0, &entries), b.take("node-1", 0, &entries));
    assert!(one.unwrap() ^ two.unwrap(), "both or neither wrote");
    assert!(!a.take("node-1", 0, &entries).await.unwrap());
    assert!(!a.take("node-1", 39, &outcomes(39, 2)).await.unwrap());
    assert_eq!((a.indexed("node-1").await, b.indexed("node-1").await), (Ok(40), Ok(40)));
    assert_eq!(a.indexed("node-2").await, Ok(0));
    assert_eq!(sequences(&b.accesses(&everything(40)).await.unwrap()), (0..40).rev().collect::<Vec<_>>());
}

/// What fails leaves nothing.
async fn a_batch_is_all_or_nothing(url: &str) {
    let store = store(url).await;
    let mut entries = outcomes(0, 5);
    entries.push(entries[2].clone());
    store.take("node-1", 0, &entries).await.unwrap_err();
    assert_eq!(store.indexed("node-1").await, Ok(0));
    assert_eq!(store.accesses(&everything(9)).await, Ok(vec![]));
    assert!(store.take("node-1", 0, &entries[..5]).await.unwrap());
}

/// Pages are cut from the log as it was, and forgetting makes room to build again.
async fn pages_stand_still_and_forgetting_is_whole(url: &str) {
    let store = store(url).await;
    let mut entries = outcomes(0, 6);
    entries.push(opened(leaf(Kind::Intent, 6, "open"), &[1, 1]));
    entries.push(opened(leaf(Kind::Outcome, 7, "about somebody else"), &[2]));
    assert!(store.take("node-1", 0, &entries).await.unwrap());
    let closing = Leaf { intent: Some(6), ..leaf(Kind::Outcome, 8, "open") };
    assert!(store.take("node-1", 8, &[opened(closing, &[1])]).await.unwrap());
    let check = async |query: AccessQuery<'_>, expected: &[u64]| {
        assert_eq!(sequences(&store.accesses(&query).await.unwrap()), expected, "{query:?}");
    };
    check(everything(8), &[6, 5, 4, 3, 2, 1, 0]).await;
    check(everything(9), &[8, 5, 4, 3, 2, 1, 0]).await;
    check(AccessQuery { before: 3, limit: 2, ..everything(9) }, &[2, 1]).await;
    check(AccessQuery { except: "open", limit: 1, ..everything(9) }, &[5]).await;
    check(AccessQuery { from: Timestamp::from_micros(AT + 1), ..everything(9) }, &[]).await;
    check(AccessQuery { node: "node-2", ..everything(9) }, &[]).await;
    store.forget("node-1").await.unwrap();
    check(everything(9), &[]).await;
    assert!(store.take("node-1", 0, &entries).await.unwrap());
}

/// The bill summed in SQL is the bill recomputed from leaves; text of every kind survives the database.
async fn the_bill_is_the_recomputation(url: &str) {
    let store = store(url).await;
    let pick = |n: u64, of: u64| usize::try_from((n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) % of).unwrap();
    let leaves: Vec<_> = (0..400_u64)
        .map(|n| Leaf {
            agency: [None, Some("bank-indus".into()), Some("telco-sarhad".into())][pick(n, 3)].clone(),
            rate_version: [None, Some("v1".into()), Some("v2".into())][pick(n + 7, 3)].clone(),
            tariff: [None, Some("identity.kyc".into()), Some("identity.yes-no".into())][pick(n + 9, 3)].clone(),
            at: AT - i64::try_from(n).unwrap() * 14_400_000_000,
            rows: u32::try_from(pick(n, 40)).unwrap(),
            amount: i64::try_from(n).unwrap() * 10_000_000_000_007,
            dry_run: n % 11 == 0,
            ..leaf(Kind::ALL[pick(n + 3, 5)], n, "r")
        })
        .collect();
    let entries: Vec<_> = leaves.iter().map(|leaf| opened(leaf.clone(), &[])).collect();
    // In two batches, and the same once more on another node: lines add up, and forgetting a node takes its part away.
    assert!(store.take("node-1", 0, &entries[..150]).await.unwrap());
    assert!(store.take("node-1", 150, &entries[150..]).await.unwrap());
    assert!(store.take("node-2", 0, &entries).await.unwrap());
    let (bank, november) = (AgencyId::parse("bank-indus").unwrap(), Month::parse("2026-11").unwrap());
    let twice = store.usage(&bank, november).await.unwrap();
    assert_eq!(twice, recompute(leaves.iter().chain(&leaves), &bank, november));
    store.forget("node-2").await.unwrap();
    let mut billed = 0;
    for agency in ["bank-indus", "telco-sarhad", "nobody"] {
        for month in ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12"] {
            let (agency, month) = (AgencyId::parse(agency).unwrap(), Month::parse(month).unwrap());
            let bill = store.usage(&agency, month).await.unwrap();
            assert_eq!(bill, recompute(leaves.iter(), &agency, month));
            billed += bill.rated_milli_paisa;
        }
    }
    assert!(billed > 0);
}

/// The whole way: a log in files, sealed side records, an indexer that is stopped and started.
async fn a_log_in_files_is_followed_across_a_restart(url: &str, folder: &Folder) {
    let clock = Arc::new(SystemClock);
    let options = LogOptions::new(folder.0.join("log"), "ijazat.test/node-1", "node-1", [5; 32], clock);
    let log = Arc::new(SegmentLog::open(options).unwrap());
    for part in [0..300_u32, 300..310] {
        for n in part {
            let leaf = leaf(Kind::Outcome, 0, &format!("r{n}"));
            let plain = side_of(&[1]).to_bytes();
            let side = key().seal(&SystemEntropy::default(), &side::place(&leaf.request), &plain).unwrap();
            log.submit(Entry { leaf, side, closes: true }).unwrap().await.unwrap();
        }
        let opener = Opener::new(Arc::clone(&log) as Arc<dyn RecordLog>, key());
        let store = store(url).await;
        let indexed = Indexer::new(opener, store.clone()).catch_up().await.unwrap();
        let expected: Vec<_> = (0..indexed).rev().collect();
        assert_eq!(indexed, log.durable_size());
        assert_eq!(sequences(&store.accesses(&everything(indexed)).await.unwrap()), expected);
    }
    assert_eq!(log.durable_size(), 310);
}

async fn contract(name: &str, url: impl Fn(&Folder) -> String) {
    let at = |case: &str| Folder::new(&format!("{name}-{case}"));
    entries_are_taken_once(&url(&at("once"))).await;
    a_batch_is_all_or_nothing(&url(&at("batch"))).await;
    pages_stand_still_and_forgetting_is_whole(&url(&at("pages"))).await;
    the_bill_is_the_recomputation(&url(&at("bill"))).await;
    let folder = at("log");
    a_log_in_files_is_followed_across_a_restart(&url(&folder), &folder).await;
}

/// The parts that live in files of their own, each on a database of its own.
macro_rules! parts {
    ($at:ident, $url:ident; $($part:ident { $($name:ident,)* })*) => {$($(
        eprintln!(stringify!($name));
        $part::$name(&$url(&$at(stringify!($name)))).await;
    )*)*};
}

async fn parts(name: &str, url: impl Fn(&Folder) -> String) {
    let at = |case: &str| Folder::new(&format!("{name}-{case}"));
    parts! { at, url;
        model {
            accesses_are_those_of_a_plain_reading,
            pages_join_to_the_whole_while_the_log_grows,
            bills_of_two_nodes_are_one_bill_to_the_microsecond,
        }
        follow {
            many_indexers_at_once_index_each_entry_once,
            a_question_sees_all_that_was_durable_when_it_began,
            an_entry_that_is_not_what_it_was_stops_the_index,
            a_bit_that_turned_in_a_side_record_stops_the_index,
            a_log_that_was_rolled_back_is_refused,
            a_log_that_cannot_be_read_leaves_the_index_where_it_was,
            entries_are_opened_in_the_order_asked,
        }
        usage {
            days_and_users_are_those_of_a_plain_reading,
            a_node_takes_its_part_of_every_sum_with_it,
            a_damaged_sum_is_told_and_the_rebuilt_index_is_whole,
        }
        damage {
            a_damaged_row_is_told_and_the_rebuilt_index_is_whole,
            a_watermark_set_back_doubles_nothing,
            a_batch_that_fails_at_any_place_is_taken_back,
            an_empty_batch_moves_nothing,
            a_closed_index_says_so,
        }
    }
}

#[tokio::test]
async fn sqlite_keeps_the_contract_of_the_index() {
    contract("sqlite", Folder::sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_parts_of_the_contract() {
    parts("sqlite-parts", Folder::sqlite).await;
}

#[tokio::test]
async fn postgres_keeps_the_contract_of_the_index() {
    let cluster = Cluster::shared().unwrap();
    contract("postgres", |_| cluster.database().unwrap()).await;
    parts("postgres-parts", |_| cluster.database().unwrap()).await;
}

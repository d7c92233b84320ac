//! What the index promises, tried on SQLite; `tests/tests/index_contract.rs` tries the same store on PostgreSQL.

use std::{path::PathBuf, sync::Arc};

use exchange::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    statement::{Month, recompute},
    timestamp::Timestamp,
};

use super::{
    Access, AccessQuery, IndexError, IndexStore, Indexer, Opener,
    fake::{ADDRESS, FakeLog, NAME, citizen, key, leaf},
    schema::{COMPONENT, MIGRATIONS},
};
use crate::sql::{Database, SqlError};

/// 2026-11-22 in Karachi, somewhere in the afternoon.
pub(super) const AT: i64 = 1_795_340_000_000_000;

pub(super) struct Bench {
    pub(super) folder: PathBuf,
    pub(super) log: Arc<FakeLog>,
}

impl Bench {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-index-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, log: Arc::default() }
    }

    pub(super) async fn store(&self) -> IndexStore {
        let url = format!("sqlite:{}", self.folder.join("index.db").display());
        IndexStore::open(Database::open(&url, "log_index").await.unwrap()).await.unwrap()
    }

    pub(super) fn opener(&self) -> Opener {
        Opener::new(Arc::clone(&self.log) as _, key())
    }

    pub(super) async fn indexer(&self) -> (Indexer, IndexStore) {
        let store = self.store().await;
        (Indexer::new(self.opener(), store.clone()), store)
    }

    fn fill(&self, count: usize) {
        for n in 0..count {
            self.log.put(leaf(Kind::Outcome, &format!("r{n}"), AT), &[(1, true)]);
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn everything(bound: u64) -> AccessQuery<'static> {
    AccessQuery {
        node: "node-1",
        subject: citizen(1),
        from: Timestamp::from_micros(0),
        until: Timestamp::from_micros(i64::MAX),
        bound,
        before: u64::MAX,
        except: "",
        limit: 1_000,
    }
}

fn sequences(accesses: &[Access]) -> Vec<u64> {
    accesses.iter().map(|access| access.sequence).collect()
}

#[tokio::test]
async fn each_entry_is_indexed_once_across_a_restart() {
    let bench = Bench::new("restart");
    bench.fill(1_100);
    let (indexer, store) = bench.indexer().await;
    assert_eq!(indexer.advance().await, Ok(1_024));
    store.database.close().await;
    drop((indexer, store));
    bench.fill(5);
    let (indexer, store) = bench.indexer().await;
    assert_eq!(indexer.catch_up().await, Ok(1_105));
    assert_eq!(indexer.catch_up().await, Ok(1_105));
    let found = store.accesses(&AccessQuery { limit: 2_000, ..everything(1_105) }).await.unwrap();
    assert_eq!(sequences(&found), (0..1_105).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_that_fails_half_way_leaves_nothing_behind() {
    let bench = Bench::new("half");
    bench.fill(10);
    let (indexer, store) = bench.indexer().await;
    let plant = "INSERT INTO subject (subject_key, node, sequence, returned) VALUES ($1, 'node-1', 7, 1)";
    sqlx::query(plant).bind(citizen(1).to_hex()).execute(store.database.pool()).await.unwrap();
    assert_eq!(indexer.advance().await, Err(IndexError::Store(SqlError::Conflict)));
    assert_eq!(store.indexed("node-1").await, Ok(0));
    sqlx::query("DELETE FROM subject").execute(store.database.pool()).await.unwrap();
    assert_eq!(indexer.catch_up().await, Ok(10));
    assert_eq!(store.accesses(&everything(10)).await.unwrap().len(), 10);
}

#[tokio::test]
async fn two_indexers_share_the_work_without_doing_it_twice() {
    let bench = Bench::new("race");
    bench.fill(2_700);
    let ((a, store), (b, _other)) = (bench.indexer().await, bench.indexer().await);
    let (a, b) = tokio::join!(a.catch_up(), b.catch_up());
    assert_eq!((a, b), (Ok(2_700), Ok(2_700)));
    assert_eq!(store.accesses(&AccessQuery { limit: 5_000, ..everything(2_700) }).await.unwrap().len(), 2_700);
}

#[tokio::test]
async fn an_entry_that_cannot_be_opened_stops_the_index_before_it() {
    let bench = Bench::new("damaged");
    bench.fill(260);
    bench.log.damage(258);
    let (indexer, store) = bench.indexer().await;
    assert_eq!(indexer.catch_up().await, Err(IndexError::Unreadable(258)));
    assert_eq!(store.indexed("node-1").await, Ok(258));
    assert_eq!(store.accesses(&everything(258)).await.unwrap().len(), 258);
}

#[tokio::test]
async fn an_intent_is_shown_while_open_whether_its_outcome_came_in_the_same_batch_or_later() {
    let bench = Bench::new("closed");
    let both = bench.log.put(leaf(Kind::Intent, "both", AT), &[(1, false)]);
    bench.log.put(Leaf { intent: Some(both), ..leaf(Kind::Outcome, "both", AT) }, &[(1, true)]);
    let late = bench.log.put(leaf(Kind::Intent, "late", AT), &[(1, false)]);
    let (indexer, store) = bench.indexer().await;
    let bound = indexer.catch_up().await.unwrap();
    assert_eq!(sequences(&store.accesses(&everything(bound)).await.unwrap()), [late, both + 1]);
    bench.log.put(Leaf { intent: Some(late), ..leaf(Kind::Outcome, "late", AT) }, &[(1, true)]);
    let later = indexer.catch_up().await.unwrap();
    assert_eq!(sequences(&store.accesses(&everything(later)).await.unwrap()), [late + 1, both + 1]);
    assert_eq!(sequences(&store.accesses(&everything(bound)).await.unwrap()), [late, both + 1]);
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM entry").fetch_one(store.database.pool()).await.unwrap();
    assert_eq!(rows, 3, "the intent that its own batch closed has no row");
}

#[tokio::test]
async fn an_index_of_another_log_is_refused() {
    let bench = Bench::new("ahead");
    bench.fill(3);
    bench.indexer().await.0.catch_up().await.unwrap();
    let shorter = Opener::new(Arc::new(FakeLog::default()), key());
    let indexer = Indexer::new(shorter, bench.store().await);
    assert_eq!(indexer.advance().await, Err(IndexError::AheadOfLog { indexed: 3, durable: 0 }));
}

#[tokio::test]
async fn a_forgotten_index_is_built_again_the_same() {
    let bench = Bench::new("rebuild");
    bench.fill(20);
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    let before = store.accesses(&everything(20)).await.unwrap();
    store.forget("node-1").await.unwrap();
    assert_eq!(store.accesses(&everything(20)).await.unwrap(), []);
    indexer.catch_up().await.unwrap();
    assert_eq!(store.accesses(&everything(20)).await.unwrap(), before);
}

#[tokio::test]
async fn pages_do_not_shift_while_the_log_grows() {
    let bench = Bench::new("pages");
    bench.fill(9);
    let intent = bench.log.put(leaf(Kind::Intent, "open", AT), &[(1, false)]);
    let (indexer, store) = bench.indexer().await;
    let bound = indexer.catch_up().await.unwrap();
    let mut seen = Vec::new();
    let mut before = u64::MAX;
    loop {
        let page = store.accesses(&AccessQuery { before, limit: 4, ..everything(bound) }).await.unwrap();
        let Some(last) = page.last() else { break };
        before = last.sequence;
        seen.extend(sequences(&page));
        // Between two pages more comes in, the intent's own end among it.
        bench.log.put(Leaf { intent: Some(intent), ..leaf(Kind::Outcome, "open", AT) }, &[(1, true)]);
        indexer.catch_up().await.unwrap();
    }
    assert_eq!(seen, (0..10).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_access_is_shown_once_and_refusals_are_shown_too() {
    let bench = Bench::new("once");
    let intent = bench.log.put(leaf(Kind::Intent, "answered", AT), &[(1, false)]);
    let outcome =
        bench.log.put(Leaf { intent: Some(intent), ..leaf(Kind::Outcome, "answered", AT) }, &[(1, false), (1, true)]);
    let refused = Leaf { code: Some("consent_required".into()), ..leaf(Kind::Refused, "refused", AT) };
    let refused = bench.log.put(refused, &[(1, false)]);
    let crashed = bench.log.put(leaf(Kind::Intent, "crashed", AT), &[(1, false)]);
    bench.log.put(leaf(Kind::Outcome, "another citizen", AT), &[(2, true)]);
    bench.log.put(leaf(Kind::Intent, "own question", AT), &[(1, false)]);
    let (indexer, store) = bench.indexer().await;
    let bound = indexer.catch_up().await.unwrap();
    let found = store.accesses(&AccessQuery { except: "own question", ..everything(bound) }).await.unwrap();
    assert_eq!(sequences(&found), [crashed, refused, outcome]);
    assert_eq!(found[1].code.as_deref(), Some("consent_required"));
    assert!(found[2].returned && !found[1].returned);
    assert_eq!(found[2].released, ["citizen.name"]);
}

#[tokio::test]
async fn from_is_inside_and_until_is_outside() {
    let bench = Bench::new("dates");
    for at in [AT, AT + 1, AT + 2] {
        bench.log.put(leaf(Kind::Outcome, "r", at), &[(1, true)]);
    }
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    let (from, until) = (Timestamp::from_micros(AT + 1), Timestamp::from_micros(AT + 2));
    let found = store.accesses(&AccessQuery { from, until, ..everything(3) }).await.unwrap();
    assert_eq!(sequences(&found), [1]);
}

#[tokio::test]
async fn an_index_of_version_one_is_built_again_from_the_log() {
    let bench = Bench::new("upgrade");
    bench.fill(7);
    let url = format!("sqlite:{}", bench.folder.join("index.db").display());
    let old = Database::open(&url, "log_index").await.unwrap();
    old.migrate(COMPONENT, &MIGRATIONS[..1]).await.unwrap();
    for sql in [
        "INSERT INTO watermark VALUES ('node-1', 7)",
        "INSERT INTO subject VALUES ('00', 'node-1', 3, 1)",
        "INSERT INTO entry VALUES ('node-1', 3, 1, 'outcome', NULL, 'r', 'Agency', NULL, NULL, NULL, NULL, 200, NULL, '', 1, \
         5, NULL, '', 1, 1)",
    ] {
        sqlx::query(sql).execute(old.pool()).await.unwrap();
    }
    old.close().await;
    let (indexer, store) = bench.indexer().await;
    assert_eq!(store.indexed("node-1").await, Ok(0));
    assert_eq!(indexer.catch_up().await, Ok(7));
    assert_eq!(sequences(&store.accesses(&everything(7)).await.unwrap()), (0..7).rev().collect::<Vec<_>>());
}

/// Numbers that look random and are the same in each run.
pub(super) fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

#[tokio::test]
async fn the_bill_of_the_index_is_the_bill_of_the_leaves() {
    let bench = Bench::new("bill");
    let mut pick = numbers(2026);
    for n in 0..800 {
        let kind = Kind::ALL[pick(5)];
        let day = i64::try_from(pick(70)).unwrap() * 86_400_000_000;
        bench.log.put(
            Leaf {
                agency: [None, Some("bank-indus".into()), Some("telco-sarhad".into())][pick(3)].clone(),
                tariff: [None, Some("kyc".into()), Some("yes-no".into())][pick(3)].clone(),
                rate_version: [None, Some("v1".into()), Some("v2".into())][pick(3)].clone(),
                rows: u32::try_from(pick(40)).unwrap(),
                amount: i64::try_from(pick(1_000_000)).unwrap(),
                dry_run: pick(5) == 0,
                ..leaf(kind, &format!("r{n}"), AT - day)
            },
            &[],
        );
    }
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    let leaves = bench.log.leaves();
    let mut charged = 0;
    for agency in ["bank-indus", "telco-sarhad", "nobody"] {
        for month in ["2026-09", "2026-10", "2026-11", "2026-12"] {
            let (agency, month) = (AgencyId::parse(agency).unwrap(), Month::parse(month).unwrap());
            let bill = store.usage(&agency, month).await.unwrap();
            assert_eq!(bill, recompute(leaves.iter(), &agency, month));
            charged += bill.rated_milli_paisa;
        }
    }
    assert!(charged > 0);
}

#[tokio::test]
async fn no_sealed_name_or_address_stands_in_the_index_files() {
    let bench = Bench::new("sealed");
    bench.fill(50);
    let (indexer, store) = bench.indexer().await;
    indexer.catch_up().await.unwrap();
    let opened = bench.opener().each(vec![3]).await.unwrap();
    assert_eq!(opened[0].side.user_name.as_deref(), Some(NAME));
    store.database.close().await;
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(&bench.folder).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("identity.kyc@1"), "the index was looked for in the wrong place");
    assert!(!holds(NAME) && !holds(ADDRESS) && !holds("teller-1"));
}

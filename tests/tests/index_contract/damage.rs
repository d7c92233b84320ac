//! Rows of the index that no program of ours wrote, and a database that fails: told, and mended from the log.

use adapters::sql::{Database, SqlError, index::IndexError};
use exchange::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    statement::Month,
};
use tests::meddling::meddle;

use super::{everything, leaf, opened, outcomes, sequences};

/// Runs a statement that no program of ours would.
pub async fn meddled(url: &str, sql: &str) -> Result<(), SqlError> {
    let database = Database::open(url, "log_index").await.unwrap();
    let done = meddle(&database, sql).await;
    database.close().await;
    done
}

pub async fn a_damaged_row_is_told_and_the_rebuilt_index_is_whole(url: &str) {
    let store = super::store(url).await;
    let entries = outcomes(0, 8);
    assert!(store.take("node-1", 0, &entries).await.unwrap());
    let whole = store.accesses(&everything(8)).await.unwrap();
    for damage in [
        "UPDATE entry SET kind = 'junk' WHERE sequence = 3",
        "UPDATE entry SET kind = '' WHERE sequence = 3",
        "UPDATE entry SET shown = '' WHERE sequence = 3",
        "UPDATE entry SET shown = REPLACE(shown, ',200,', ',65536,') WHERE sequence = 3",
        "UPDATE entry SET shown = REPLACE(shown, ',200,', ',-1,') WHERE sequence = 3",
        "UPDATE entry SET shown = shown || ' ' || shown WHERE sequence = 3",
        "UPDATE entry SET sequence = -3 WHERE sequence = 3; UPDATE subject SET sequence = -3 WHERE sequence = 3",
    ] {
        meddled(url, damage).await.unwrap();
        let refused = store.accesses(&everything(8)).await.unwrap_err();
        assert!(matches!(&refused, SqlError::Other(why) if why.contains("rebuild it")), "{damage}: {refused}");
        store.forget("node-1").await.unwrap();
        assert_eq!(store.indexed("node-1").await, Ok(0));
        assert!(store.take("node-1", 0, &entries).await.unwrap(), "{damage}");
        assert_eq!(store.accesses(&everything(8)).await.unwrap(), whole, "{damage}: rebuilt");
    }
}

/// A watermark that somebody set back would make entries twice: the keys of the tables stop it, whole.
pub async fn a_watermark_set_back_doubles_nothing(url: &str) {
    let store = super::store(url).await;
    assert!(store.take("node-1", 0, &outcomes(0, 6)).await.unwrap());
    let bank = AgencyId::parse("bank-indus").unwrap();
    let november = Month::parse("2026-11").unwrap();
    let bill = store.usage(&bank, november).await.unwrap();
    meddled(url, "UPDATE watermark SET next_sequence = 4").await.unwrap();
    let refused = store.take("node-1", 4, &outcomes(4, 4)).await;
    assert_eq!(refused, Err(IndexError::Store(SqlError::Conflict)));
    assert_eq!(store.indexed("node-1").await, Ok(4), "a refused batch moved the watermark");
    assert_eq!(store.usage(&bank, november).await.unwrap(), bill, "an entry is billed twice");
    let found = store.accesses(&everything(u64::MAX)).await.unwrap();
    assert_eq!(sequences(&found), [5, 4, 3, 2, 1, 0]);
    for (sql, why) in [
        ("UPDATE watermark SET next_sequence = -1", "a watermark before the log"),
        ("UPDATE bill SET calls = -1", "fewer calls than none"),
        ("INSERT INTO bill SELECT * FROM bill", "a line of a bill twice"),
        ("UPDATE subject SET returned = 7", "neither returned nor not"),
        ("INSERT INTO subject SELECT * FROM subject", "a citizen twice in one entry"),
    ] {
        assert_eq!(meddled(url, sql).await, Err(SqlError::Conflict), "{why}");
    }
}

/// A batch whose last part cannot be kept leaves neither rows nor a moved watermark, whichever part fails.
pub async fn a_batch_that_fails_at_any_place_is_taken_back(url: &str) {
    let store = super::store(url).await;
    for failing in 0..5_u64 {
        // The fifth entry carries the number of an earlier one.
        let mut batch = outcomes(0, 5);
        batch.push(opened(leaf(Kind::Outcome, failing, "again"), &[2]));
        let refused = store.take("node-1", 0, &batch).await;
        assert_eq!(refused, Err(IndexError::Store(SqlError::Conflict)), "{failing}");
        assert_eq!(store.indexed("node-1").await, Ok(0));
        assert!(store.accesses(&everything(9)).await.unwrap().is_empty());
    }
    meddled(url, "DROP TABLE subject").await.unwrap();
    store.take("node-1", 0, &outcomes(0, 3)).await.unwrap_err();
    assert_eq!(store.indexed("node-1").await, Ok(0), "rows of one table were kept without the other's");
    let table = "CREATE TABLE subject (subject_key TEXT NOT NULL, node TEXT NOT NULL, sequence BIGINT NOT NULL, \
                 returned BIGINT NOT NULL, PRIMARY KEY (subject_key, node, sequence))";
    meddled(url, table).await.unwrap();
    assert!(store.take("node-1", 0, &outcomes(0, 3)).await.unwrap());
}

/// Nothing to write still needs the right place, and writes nothing.
pub async fn an_empty_batch_moves_nothing(url: &str) {
    let store = super::store(url).await;
    assert!(store.take("node-1", 0, &[]).await.unwrap());
    assert!(!store.take("node-1", 1, &[]).await.unwrap(), "a batch from beyond the watermark was taken");
    assert!(!store.take("node-1", 1, &outcomes(1, 2)).await.unwrap(), "a gap was left");
    assert_eq!(store.indexed("node-1").await, Ok(0));
    let long = Leaf { request: "x".repeat(60_000), ..leaf(Kind::Outcome, 0, "") };
    assert!(store.take("node-1", 0, &[opened(long.clone(), &[1])]).await.unwrap());
    assert_eq!(store.accesses(&everything(1)).await.unwrap()[0].request, long.request);
}

pub async fn a_closed_index_says_so(url: &str) {
    let store = super::store(url).await;
    let database = Database::open(url, "log_index").await.unwrap();
    let other = adapters::sql::index::IndexStore::open(database.clone()).await.unwrap();
    database.close().await;
    let bank = AgencyId::parse("bank-indus").unwrap();
    let unavailable =
        |error: SqlError, what: &str| assert!(matches!(error, SqlError::Unavailable(_)), "{what}: {error}");
    unavailable(other.indexed("node-1").await.unwrap_err(), "indexed");
    unavailable(other.forget("node-1").await.unwrap_err(), "forget");
    unavailable(other.accesses(&everything(1)).await.unwrap_err(), "accesses");
    unavailable(other.usage(&bank, Month::parse("2026-11").unwrap()).await.unwrap_err(), "usage");
    let refused = other.take("node-1", 0, &outcomes(0, 1)).await.unwrap_err();
    assert!(matches!(refused, IndexError::Store(SqlError::Unavailable(_))), "{refused}");
    assert_eq!(store.indexed("node-1").await, Ok(0));
}

//! Databases that fail, on SQLite: full, locked, damaged, read-only, closed; and what each connection is set up to.
//! What PostgreSQL answers is in `tests/tests/control_contract/databases.rs`.

use std::path::PathBuf;

use super::*;

/// A folder of the test's own, gone with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-sql-failure-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("state.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.file().display())
    }

    async fn database(&self) -> Database {
        let database = Database::open(&self.url(), "control").await.unwrap();
        let table = "CREATE TABLE IF NOT EXISTS t (a BIGINT PRIMARY KEY CHECK (a > 0), b TEXT NOT NULL)";
        sqlx::raw_sql(table).execute(database.pool()).await.unwrap();
        database
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn insert(on: &mut AnyConnection, a: i64, bytes: usize) -> Result<(), SqlError> {
    let insert = sqlx::query("INSERT INTO t (a, b) VALUES ($1, $2)").bind(a).bind("x".repeat(bytes));
    insert.execute(on).await.map(drop).map_err(SqlError::from)
}

async fn rows(database: &Database) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(database.pool()).await.unwrap()
}

fn is_unavailable<T>(answer: &Result<T, SqlError>) -> bool {
    matches!(answer, Err(SqlError::Unavailable(_)))
}

#[tokio::test]
async fn a_full_database_is_unavailable_and_takes_more_when_there_is_room() {
    let place = Place::new("full");
    let database = place.database().await;
    let mut work = database.begin().await.unwrap();
    insert(work.on(), 1, 10).await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 20").execute(work.on()).await.unwrap();
    let full = insert(work.on(), 2, 1_000_000).await;
    assert!(is_unavailable(&full), "{full:?}");
    drop(work);
    assert_eq!(rows(&database).await, 0, "work that did not fit was kept in part");
    // Held together, so that the connection which met the full disk is among them.
    let mut held = Vec::new();
    for _ in 0..database.dialect().connections_max() {
        held.push(database.pool().begin_with("BEGIN DEFERRED").await.unwrap());
    }
    drop(held);
    let mut work = database.begin().await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1000000").execute(work.on()).await.unwrap();
    insert(work.on(), 2, 1_000_000).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(rows(&database).await, 1);
}

#[tokio::test]
async fn a_file_locked_by_another_process_is_unavailable_to_writers_only() {
    let place = Place::new("locked");
    let (here, there) = (place.database().await, place.database().await);
    let mut held = there.begin().await.unwrap();
    insert(held.on(), 1, 10).await.unwrap();
    // One waits for the lock, the next for its turn; both are told, and readers meanwhile see the state before.
    let (first, second, seen) = tokio::join!(here.begin(), here.begin(), async { rows(&here).await });
    assert!(is_unavailable(&first) && is_unavailable(&second), "{first:?} {second:?}");
    assert_eq!(seen, 0);
    held.commit().await.unwrap();
    assert_eq!(rows(&here).await, 1);
    here.begin().await.unwrap();
}

#[tokio::test]
async fn a_turn_comes_as_soon_as_it_is_free_and_never_on_a_closed_store() {
    let place = Place::new("turn");
    let database = place.database().await;
    let held = database.turn().await.unwrap();
    let (mut waiting, mut next) = (Box::pin(database.turn()), Box::pin(database.turn()));
    let pending = async |waiting: &mut (dyn Future<Output = Result<OwnedSemaphorePermit, SqlError>> + Unpin + Send)| {
        std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *waiting).poll(cx).is_pending())).await
    };
    assert!(pending(&mut waiting).await && pending(&mut next).await, "two write at once");
    drop(held);
    assert!(pending(&mut next).await, "the later one came first");
    drop(waiting.await.unwrap());
    drop(next.await.unwrap());
    database.writers.close();
    let closed = database.turn().await;
    assert!(is_unavailable(&closed), "{closed:?}");
}

#[tokio::test]
async fn turns_are_as_many_as_the_dialect_has_writers() {
    let place = Place::new("turns");
    let database = place.database().await;
    let first = database.turn().await.unwrap();
    assert_eq!(database.writers.available_permits(), 0, "SQLite has one writer");
    drop(first);
    assert_eq!(database.writers.available_permits(), 1);
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let readers = usize::try_from(dialect.connections_max()).unwrap() - dialect.writers_max();
        assert!(readers >= 3, "{dialect:?} leaves {readers} connections to readers");
    }
}

#[tokio::test]
async fn dropped_work_gives_back_its_turn_and_leaves_nothing() {
    let place = Place::new("dropped");
    let database = place.database().await;
    for a in 1..20 {
        let mut work = database.begin().await.unwrap();
        insert(work.on(), a, 10).await.unwrap();
        if a % 5 == 0 {
            work.commit().await.unwrap();
        } else {
            drop(work);
        }
    }
    let kept: Vec<i64> = sqlx::query_scalar("SELECT a FROM t ORDER BY a").fetch_all(database.pool()).await.unwrap();
    assert_eq!(kept, [5, 10, 15]);
}

#[tokio::test]
async fn a_damaged_file_is_unavailable_and_not_taken_for_an_empty_one() {
    let place = Place::new("damaged");
    let database = place.database().await;
    let mut work = database.begin().await.unwrap();
    for a in 1..200 {
        insert(work.on(), a, 400).await.unwrap();
    }
    work.commit().await.unwrap();
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(database.pool()).await.unwrap();
    database.close().await;
    let whole = std::fs::read(place.file()).unwrap();
    // The head of the file, and every page behind the first.
    let (mut no_head, mut no_pages) = (whole.clone(), whole.clone());
    no_head[..100].fill(0x5a);
    no_pages[4096..].fill(0x5a);
    for (what, bytes) in [("head", no_head), ("pages", no_pages)] {
        std::fs::write(place.file(), bytes).unwrap();
        let read = async {
            let database = Database::open(&place.url(), "control").await?;
            let count: i64 =
                sqlx::query_scalar("SELECT COUNT(*) FROM t WHERE b LIKE 'x%'").fetch_one(database.pool()).await?;
            Ok::<_, SqlError>(count)
        };
        let read = read.await;
        assert!(is_unavailable(&read), "{what}: {read:?}");
    }
    std::fs::write(place.file(), whole).unwrap();
    assert_eq!(rows(&Database::open(&place.url(), "control").await.unwrap()).await, 199);
}

const ONE: &[Migration] = &[Migration { version: 1, sql: "CREATE TABLE u (a BIGINT)" }];

#[tokio::test]
async fn a_read_only_database_reads_and_refuses_to_write() {
    let place = Place::new("read-only");
    let database = place.database().await;
    let mut work = database.begin().await.unwrap();
    insert(work.on(), 1, 10).await.unwrap();
    work.commit().await.unwrap();
    let read_only = Database::open(&format!("{}?mode=ro", place.url()), "control").await.unwrap();
    assert_eq!(rows(&read_only).await, 1);
    let began = read_only.begin().await;
    let refused = match began {
        Ok(mut work) => insert(work.on(), 2, 10).await,
        Err(error) => Err(error),
    };
    assert!(is_unavailable(&refused), "{refused:?}");
    assert!(is_unavailable(&read_only.migrate("part", ONE).await));
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    let place = Place::new("closed");
    let database = place.database().await;
    let other = database.clone();
    database.close().await;
    let begun = other.begin().await;
    assert!(is_unavailable(&begun), "a clone outlives the close");
    let read = sqlx::query("SELECT 1").execute(other.pool()).await.map_err(SqlError::from);
    assert!(is_unavailable(&read), "{read:?}");
}

#[tokio::test]
async fn every_connection_of_a_pool_is_set_up_alike() {
    let place = Place::new("set-up");
    let database = place.database().await;
    let mut held = Vec::new();
    for _ in 0..Dialect::Sqlite.connections_max() {
        held.push(database.pool().acquire().await.unwrap());
    }
    for connection in &mut held {
        for (pragma, expected) in [("busy_timeout", 1_000_i64), ("synchronous", 2), ("foreign_keys", 1)] {
            let text = AssertSqlSafe(format!("PRAGMA {pragma}"));
            let value: i64 = sqlx::query_scalar(text).fetch_one(&mut **connection).await.unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut **connection).await.unwrap();
        assert_eq!(mode, "wal");
    }
}

#[tokio::test]
async fn an_address_that_is_wrong_is_told_without_its_password() {
    for url in [
        "mysql://ijazat:s3cret@db/control",
        "ijazat:s3cret@db/control",
        "s3cret",
        "postgres://ijazat:s3cret@db:notaport/control",
        "postgres://ijazat:s3cret@[::1/control",
        "POSTGRES://ijazat:s3cret@db/control",
    ] {
        let refused = Database::open(url, "control").await.unwrap_err();
        assert!(matches!(refused, SqlError::Other(_)), "{url}: {refused}");
        assert!(!format!("{refused} {refused:?}").contains("s3cret"), "{url}: {refused}");
    }
    let nowhere = "postgres://ijazat:s3cret@localhost/control?host=/nonexistent-ijazat";
    let refused = Database::open(nowhere, "control").await.unwrap_err();
    assert!(matches!(refused, SqlError::Unavailable(_)), "{refused}");
    assert!(!format!("{refused:?}").contains("s3cret"), "{refused}");
}

#[tokio::test]
async fn a_role_is_a_word_of_letters_or_nothing_is_opened() {
    let place = Place::new("role");
    for role in ["", " ", "Control", "control;", "control-1", "control1", "c\"", "control\n", "قابو", "public.x"] {
        let refused = Database::open(&place.url(), role).await;
        assert!(matches!(refused, Err(SqlError::Other(_))), "{role:?}");
    }
    assert!(!place.file().exists(), "a refused role made the file");
    for role in ["control", "log_index", "_", "a"] {
        assert_eq!(Database::open(&place.url(), role).await.unwrap().role(), role);
    }
}

#[test]
fn a_file_is_made_when_absent_unless_the_address_says_otherwise() {
    let check = |dialect: Dialect, url: &str, expected: &str| assert_eq!(dialect.url(url), expected);
    check(Dialect::Sqlite, "sqlite:/a/b.db", "sqlite:/a/b.db?mode=rwc");
    check(Dialect::Sqlite, "sqlite:/a/b.db?mode=ro", "sqlite:/a/b.db?mode=ro");
    check(Dialect::Postgres, "postgres://h/d", "postgres://h/d");
    for (url, expected) in [
        ("sqlite:x", Some(Dialect::Sqlite)),
        ("postgres:x", Some(Dialect::Postgres)),
        ("postgresql://x", Some(Dialect::Postgres)),
        ("sqlite", None),
        ("", None),
        (":", None),
        ("sqlite3:x", None),
        (" sqlite:x", None),
    ] {
        assert_eq!(Dialect::of(url).ok(), expected, "{url:?}");
    }
}

//! SQL: one text for SQLite and PostgreSQL (design/style.md). A [`Database`] is the pool of one role.

use std::{str::FromStr as _, sync::Arc};

use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub mod control;
mod dialect;
mod error;
#[cfg(test)]
mod failure_tests;
pub mod index;
pub mod limits;
mod many;
mod migrate;
pub mod registry;
mod versions;

pub use dialect::Dialect;
pub use error::SqlError;
pub use migrate::Migration;

/// The database of one role (decisions.md, "State"): a SQLite file, or a schema of a PostgreSQL database.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    dialect: Dialect,
    role: Arc<str>,
    /// SQLite has one writer: waiting here is fair and costs nothing, waiting in the file's lock is a spin.
    writers: Arc<Semaphore>,
}

impl Database {
    /// Opens `sqlite:PATH` (made if absent) or `postgres://…`, where the role's tables stand in a schema of its name.
    /// Must be called on the runtime that will use it. `role` is one or more of `a-z` and `_`.
    ///
    /// # Errors
    /// [`SqlError::Other`] for an unknown scheme or role name, [`SqlError::Unavailable`] when it cannot be reached.
    pub async fn open(url: &str, role: &str) -> Result<Self, SqlError> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(url)?;
        if role.is_empty() || !role.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(SqlError::Other(format!("`{role}` is not the name of a database role")));
        }
        let options = AnyConnectOptions::from_str(&dialect.url(url))?;
        let set_up = dialect.connection_set_up(role);
        let pool = AnyPoolOptions::new()
            .max_connections(dialect.connections_max())
            .acquire_timeout(limits::ACQUIRE_WAIT)
            .after_connect(move |connection, _| {
                let set_up = set_up.clone();
                Box::pin(async move { run(connection, set_up).await })
            })
            // On a full disk SQLite itself takes the work back; sqlx then counts it as begun for ever, and the connection
            // could not begin another.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options)
            .await?;
        let writers = Arc::new(Semaphore::new(dialect.writers_max()));
        Ok(Self { pool, dialect, role: Arc::from(role), writers })
    }

    /// The pool, for reads; a single statement that writes takes its `turn` first.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Which of the two it is, for the few statements that differ.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The role's name, as given to [`Self::open`].
    #[must_use]
    pub fn role(&self) -> &str {
        &self.role
    }

    /// Begins a transaction that will write. Unless it is committed, dropping it undoes it.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] when no connection or lock can be had in time.
    pub async fn begin(&self) -> Result<Work, SqlError> {
        let turn = self.turn().await?;
        let transaction = self.pool.begin_with(self.dialect.begin_write()).await?;
        Ok(Work { transaction, _turn: turn })
    }

    /// Waits for one's turn to write, held until the guard goes. So at most as many connections as may write ever wait
    /// for a lock, and readers find one while the store is locked.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, SqlError> {
        let turn = tokio::time::timeout(limits::TURN_WAIT, Arc::clone(&self.writers).acquire_owned());
        turn.await
            .map_err(|_| SqlError::unavailable("other writers hold the store"))?
            .map_err(|_| SqlError::unavailable("the store is closed"))
    }

    /// Brings the tables of one component to the newest of `migrations`, one process at a time.
    ///
    /// # Errors
    /// [`SqlError::NewerSchema`] when a newer program has been here: nothing is changed then.
    pub async fn migrate(&self, component: &str, migrations: &'static [Migration]) -> Result<(), SqlError> {
        migrate::migrate(self, component, migrations).await
    }

    /// Closes every connection and waits for it, so that a SQLite file is whole and alone.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn run(connection: &mut AnyConnection, statements: Vec<String>) -> Result<(), sqlx::Error> {
    for statement in statements {
        // Made from constants and a role name that was checked letter by letter.
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A transaction that writes: give [`Self::on`] to each statement, then [`Self::commit`].
#[derive(Debug)]
pub struct Work {
    transaction: Transaction<'static, Any>,
    _turn: OwnedSemaphorePermit,
}

impl Work {
    /// The connection that the next statement runs on.
    pub fn on(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Runs one constant statement; the rows that it changed.
    ///
    /// # Errors
    /// [`SqlError`]: the work can only be dropped then.
    pub async fn run(&mut self, statement: &'static str) -> Result<u64, SqlError> {
        Ok(sqlx::query(statement).execute(self.on()).await?.rows_affected())
    }

    /// Makes the work durable.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was done.
    pub async fn commit(self) -> Result<(), SqlError> {
        Ok(self.transaction.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[Migration] = &[Migration { version: 1, sql: "CREATE TABLE t (a BIGINT NOT NULL CHECK (a > 0))" }];
    const TWO: &[Migration] = &[
        Migration { version: 1, sql: "CREATE TABLE t (a BIGINT NOT NULL CHECK (a > 0))" },
        Migration { version: 2, sql: "CREATE TABLE u (b TEXT NOT NULL); CREATE UNIQUE INDEX u_b ON u (b)" },
    ];

    fn place(name: &str) -> (std::path::PathBuf, String) {
        let folder = std::env::temp_dir().join(format!("ijazat-sql-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("state.db").display());
        (folder, url)
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_and_left_alone() {
        let (folder, url) = place("newer");
        let database = Database::open(&url, "control").await.unwrap();
        database.migrate("part", TWO).await.unwrap();
        database.migrate("part", TWO).await.unwrap();
        let refused = database.migrate("part", ONE).await.unwrap_err();
        assert!(matches!(refused, SqlError::NewerSchema { found: 2, known: 1, .. }), "{refused}");
        database.migrate("other part", ONE).await.unwrap_err();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn two_who_migrate_at_once_both_find_it_done() {
        let (folder, url) = place("both");
        let (a, b) = tokio::join!(Database::open(&url, "control"), Database::open(&url, "control"));
        let (a, b) = (a.unwrap(), b.unwrap());
        let (first, second) = tokio::join!(a.migrate("part", TWO), b.migrate("part", TWO));
        first.unwrap();
        second.unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn breaking_a_constraint_is_a_conflict_and_undone_work_leaves_nothing() {
        let (folder, url) = place("conflict");
        let database = Database::open(&url, "control").await.unwrap();
        database.migrate("part", ONE).await.unwrap();
        let mut work = database.begin().await.unwrap();
        sqlx::query("INSERT INTO t (a) VALUES (1)").execute(work.on()).await.unwrap();
        let refused = sqlx::query("INSERT INTO t (a) VALUES (0)").execute(work.on()).await.unwrap_err();
        assert!(matches!(SqlError::from(refused), SqlError::Conflict));
        drop(work);
        let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(database.pool()).await.unwrap();
        assert_eq!(rows, 0);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_place_that_is_no_database_is_unavailable_or_named_wrong() {
        let (folder, _) = place("wrong");
        let absent = format!("sqlite:{}/no/such/folder/state.db", folder.display());
        assert!(matches!(Database::open(&absent, "control").await, Err(SqlError::Unavailable(_))));
        assert!(matches!(Database::open("mysql://x", "control").await, Err(SqlError::Other(_))));
        assert!(matches!(Database::open(&absent, "x; DROP").await, Err(SqlError::Other(_))));
        let junk = folder.join("junk.db");
        std::fs::write(&junk, "this is not a database, however long one looks at it".repeat(100)).unwrap();
        let junk = format!("sqlite:{}", junk.display());
        assert!(matches!(Database::open(&junk, "control").await, Err(SqlError::Unavailable(_))));
        std::fs::remove_dir_all(folder).unwrap();
    }
}

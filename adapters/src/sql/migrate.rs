//! Tables are changed forward only, by one process at a time, and never by a program older than they are.

use super::{Database, SqlError, Work, limits::MIGRATION_ATTEMPTS};

/// One step forward of a component's tables.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Rises by one from 1.
    pub version: i64,
    /// Statements in the common subset, separated by semicolons.
    pub sql: &'static str,
}

const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (component TEXT PRIMARY KEY, version BIGINT NOT NULL)";

pub(super) async fn migrate(
    database: &Database,
    component: &str,
    migrations: &'static [Migration],
) -> Result<(), SqlError> {
    let mut attempts = 1;
    loop {
        match attempt(database, component, migrations).await {
            // Somebody else may be changing the tables or filling them: each attempt waits for the lock.
            Err(SqlError::Unavailable(_)) if attempts < MIGRATION_ATTEMPTS => attempts += 1,
            done => return done,
        }
    }
}

async fn attempt(database: &Database, component: &str, migrations: &'static [Migration]) -> Result<(), SqlError> {
    let known = migrations.last().map_or(0, |last| last.version);
    let mut work = database.begin().await?;
    if let Some(lock) = database.dialect().migration_lock() {
        sqlx::raw_sql(lock).execute(work.on()).await?;
    }
    sqlx::raw_sql(VERSIONS).execute(work.on()).await?;
    let found = version_of(&mut work, component).await?;
    if found > known {
        return Err(SqlError::NewerSchema { component: component.to_owned(), found, known });
    }
    for migration in migrations.iter().filter(|m| m.version > found) {
        sqlx::raw_sql(migration.sql).execute(work.on()).await?;
    }
    sqlx::query(
        "INSERT INTO schema_version (component, version) VALUES ($1, $2) \
         ON CONFLICT (component) DO UPDATE SET version = EXCLUDED.version",
    )
    .bind(component)
    .bind(known)
    .execute(work.on())
    .await?;
    work.commit().await
}

async fn version_of(work: &mut Work, component: &str) -> Result<i64, SqlError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT version FROM schema_version WHERE component = $1")
        .bind(component)
        .fetch_optional(work.on())
        .await?;
    Ok(found.unwrap_or(0))
}

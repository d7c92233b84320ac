//! Which version the tables of each component have, for operators; nothing is changed.

use super::{Database, SqlError};

/// In both dialects a table that is not there fails when it is named, so its name is looked up first.
const SQLITE: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
const POSTGRES: &str = "SELECT COUNT(*) FROM information_schema.tables \
     WHERE table_schema = current_schema() AND table_name = 'schema_version'";

impl Database {
    /// Each component with its version, by name; empty where nothing was ever migrated.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn schema_versions(&self) -> Result<Vec<(String, i64)>, SqlError> {
        let look_up = match self.dialect() {
            super::Dialect::Sqlite => SQLITE,
            super::Dialect::Postgres => POSTGRES,
        };
        let found: i64 = sqlx::query_scalar(look_up).fetch_one(self.pool()).await?;
        if found == 0 {
            return Ok(Vec::new());
        }
        let versions = sqlx::query_as("SELECT component, version FROM schema_version ORDER BY component");
        Ok(versions.fetch_all(self.pool()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Migration;

    const ONE: &[Migration] = &[Migration { version: 1, sql: "CREATE TABLE t (a BIGINT NOT NULL)" }];

    #[tokio::test]
    async fn versions_are_told_and_nothing_is_made_by_asking() {
        let folder = std::env::temp_dir().join(format!("ijazat-sql-versions-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("state.db").display());
        let database = Database::open(&url, "control").await.unwrap();
        assert_eq!(database.schema_versions().await.unwrap(), []);
        assert_eq!(database.schema_versions().await.unwrap(), []);
        database.migrate("part", ONE).await.unwrap();
        assert_eq!(database.schema_versions().await.unwrap(), [("part".to_owned(), 1)]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

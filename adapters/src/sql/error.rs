//! What can go wrong in a database, by what a caller would do about it.

use sqlx::{error::DatabaseError, postgres::PgDatabaseError, sqlite::SqliteError};

/// Why a database did not do what was asked. No variant repeats a value that was stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// Locked, read-only, full, gone or damaged: wait and try again.
    #[error("database is unavailable: {0}")]
    Unavailable(String),
    /// A constraint refused it: somebody else was first, or the value breaks a rule.
    #[error("database holds something that conflicts")]
    Conflict,
    /// A newer program has changed the tables: this one must not touch them.
    #[error("tables of `{component}` have version {found}, this program knows {known}: use the newer program")]
    NewerSchema {
        /// Whose tables.
        component: String,
        /// Version in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// This process has another secret than the one that the database was begun with.
    #[error(
        "was begun with another `{key}` key than this process has: give all roles the same `{key}.key`, or restore it \
         from its backup; a new key cannot read what is stored"
    )]
    OtherKey {
        /// Which of the keys.
        key: &'static str,
    },
    /// A defect of ours or of the configuration.
    #[error("database: {0}")]
    Other(String),
}

impl SqlError {
    pub(super) fn unavailable(why: &str) -> Self {
        Self::Unavailable(why.to_owned())
    }
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(refused) => of_database(refused.as_ref()),
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

fn of_database(error: &dyn DatabaseError) -> SqlError {
    if error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation() {
        return SqlError::Conflict;
    }
    let code = error.code().unwrap_or_default();
    let unavailable = if error.as_error().is::<SqliteError>() {
        sqlite_is_unavailable(&code)
    } else if error.as_error().is::<PgDatabaseError>() {
        postgres_is_unavailable(&code)
    } else {
        false
    };
    let text = format!("{} (code {code})", error.message());
    if unavailable { SqlError::Unavailable(text) } else { SqlError::Other(text) }
}

/// By primary result code: busy, locked, read-only, I/O error, damaged, full, cannot open, lock protocol, not a database.
fn sqlite_is_unavailable(code: &str) -> bool {
    let primary = code.parse::<u32>().unwrap_or_default() & 0xff;
    matches!(primary, 5 | 6 | 8 | 10 | 11 | 13 | 14 | 15 | 26)
}

/// By SQLSTATE: connection, resources, intervention, system and configuration; read-only; serialisation, deadlock, lock.
fn postgres_is_unavailable(code: &str) -> bool {
    ["08", "53", "57", "58", "F0", "28", "3D"].iter().any(|class| code.starts_with(class))
        || ["25006", "40001", "40P01", "55P03"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_waiting_is_told_from_what_does_not() {
        // Primary codes, then extended ones, whose low byte is the primary.
        let unavailable = [5, 6, 8, 10, 11, 13, 14, 15, 26];
        for primary in 0..=101_u32 {
            let expected = unavailable.contains(&primary);
            assert_eq!(sqlite_is_unavailable(&primary.to_string()), expected, "{primary}");
            assert_eq!(sqlite_is_unavailable(&(primary | 0x1_0300).to_string()), expected, "{primary} extended");
        }
        for code in ["", "x", "-5", "5 ", "99999999999"] {
            assert!(!sqlite_is_unavailable(code), "{code:?}");
        }
        for (codes, expected) in [
            (["08000", "08006", "53100", "53300", "57014", "57P01", "57P03", "58030", "58P01", "F0000"], true),
            (["28P01", "3D000", "25006", "40001", "40P01", "55P03", "53200", "57P02", "08P01", "28000"], true),
            (["23505", "23503", "42601", "42P01", "22P02", "25001", "25P02", "40002", "55006", "XX000"], false),
            (["00000", "01000", "02000", "0A000", "22012", "22021", "2200G", "3F000", "54000", ""], false),
        ] {
            for code in codes {
                assert_eq!(postgres_is_unavailable(code), expected, "{code:?}");
            }
        }
    }

    #[test]
    fn a_lost_connection_passes_by_waiting_and_a_wrong_column_does_not() {
        let io = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let column = || sqlx::Error::ColumnNotFound("a".into());
        let decode = || sqlx::Error::Decode("no text".into());
        for (error, expected) in [
            (sqlx::Error::Io(io()), true),
            (sqlx::Error::Tls("no".into()), true),
            (sqlx::Error::Protocol("no".into()), true),
            (sqlx::Error::PoolClosed, true),
            (sqlx::Error::WorkerCrashed, true),
            (column(), false),
            (decode(), false),
            (sqlx::Error::Configuration("no".into()), false),
        ] {
            let text = error.to_string();
            let told = SqlError::from(error);
            assert_eq!(matches!(told, SqlError::Unavailable(_)), expected, "{text}");
            assert_eq!(matches!(told, SqlError::Other(_)), !expected, "{text}");
            assert!(told.to_string().contains(&text), "the cause is lost: {told}");
        }
        assert!(matches!(SqlError::from(sqlx::Error::PoolTimedOut), SqlError::Unavailable(_)));
        assert!(matches!(SqlError::from(sqlx::Error::RowNotFound), SqlError::Other(_)));
    }
}

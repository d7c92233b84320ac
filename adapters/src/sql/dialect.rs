//! Where SQLite and PostgreSQL differ: set-up of a connection, locks, how writing begins.

use super::{SqlError, limits::LOCK_WAIT};

/// One of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded form: one file, one writer.
    Sqlite,
    /// The production form, version 15 or newer.
    Postgres,
}

/// Any number that no other program takes an advisory lock on.
const MIGRATION_LOCK: &str = "DO $$ BEGIN PERFORM pg_advisory_xact_lock(7220081003); END $$";

/// The role whose tables are built again from the log: a power cut may take its last transactions, never half of one.
const REBUILT: &str = "index";

impl Dialect {
    /// Reads the scheme of a database URL.
    ///
    /// # Errors
    /// [`SqlError::Other`] for any other scheme; the URL itself may hold a password and is not repeated.
    pub fn of(url: &str) -> Result<Self, SqlError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            _ => Err(SqlError::Other("a database URL begins with `sqlite:` or `postgres:`".to_owned())),
        }
    }

    /// The URL as the driver wants it: a SQLite file is made when absent.
    pub(super) fn url(self, url: &str) -> String {
        match self {
            Self::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            Self::Sqlite | Self::Postgres => url.to_owned(),
        }
    }

    /// What each new connection runs first.
    pub(super) fn connection_set_up(self, role: &str) -> Vec<String> {
        match self {
            // The wait comes first: a second process may be switching the file to WAL.
            Self::Sqlite => vec![
                format!("PRAGMA busy_timeout = {}", LOCK_WAIT.as_millis()),
                "PRAGMA journal_mode = WAL".to_owned(),
                format!("PRAGMA synchronous = {}", if role == REBUILT { "NORMAL" } else { "FULL" }),
                "PRAGMA foreign_keys = ON".to_owned(),
            ],
            // Two connections may create the schema at once, and `IF NOT EXISTS` races: the lock makes it one.
            Self::Postgres => vec![
                format!("BEGIN; {MIGRATION_LOCK}; CREATE SCHEMA IF NOT EXISTS {role}; COMMIT"),
                format!("SET search_path TO {role}"),
                format!("SET lock_timeout = {}", LOCK_WAIT.as_millis()),
                format!("SET synchronous_commit = {}", if role == REBUILT { "off" } else { "on" }),
            ],
        }
    }

    /// Connections of one pool: each SQLite connection is a thread, each PostgreSQL connection a process.
    pub(super) fn connections_max(self) -> u32 {
        match self {
            Self::Sqlite => 4,
            Self::Postgres => 16,
        }
    }

    /// Transactions that may write at once from one pool.
    pub(super) fn writers_max(self) -> usize {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 12,
        }
    }

    /// How a writing transaction begins. SQLite takes its lock at once, because a reader that turns writer is refused.
    pub(super) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Taken inside a transaction by whoever changes tables; SQLite's writing transaction is lock enough.
    pub(super) fn migration_lock(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(MIGRATION_LOCK),
        }
    }
}

//! Asking the index who accessed a citizen.

use exchange::{consent::SubjectKey, record::leaf::Kind, timestamp::Timestamp};
use sqlx::{Row as _, any::AnyRow};

use super::{
    IndexStore,
    shown::{self, Shown},
    store::stored,
};
use crate::sql::SqlError;

/// Which accesses to a citizen are asked for.
#[derive(Clone, Debug)]
pub struct AccessQuery<'a> {
    /// The node whose log is searched.
    pub node: &'a str,
    /// The citizen.
    pub subject: SubjectKey,
    /// Only accesses at or after this instant.
    pub from: Timestamp,
    /// Only accesses before this instant.
    pub until: Timestamp,
    /// Entries of the log that the answer knows of: what came later is invisible, so that pages do not shift.
    pub bound: u64,
    /// Only sequences below this one.
    pub before: u64,
    /// A request whose own entries are left out: the auditor's own question.
    pub except: &'a str,
    /// Most accesses to return.
    pub limit: u32,
}

/// One access to a citizen, as the leaf tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Index in the node's tree.
    pub sequence: u64,
    /// Instant.
    pub at: Timestamp,
    /// What was recorded; an intent appears only while nothing closes it.
    pub kind: Kind,
    /// The request.
    pub request: String,
    /// The agency.
    pub agency: Option<String>,
    /// Service and version.
    pub service: Option<String>,
    /// Purpose code.
    pub purpose: Option<String>,
    /// Consent, programme or approval.
    pub basis: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Problem code.
    pub code: Option<String>,
    /// Datatypes released.
    pub released: Vec<String>,
    /// Rows that left.
    pub rows: i64,
    /// Whether this citizen's data was returned, not only asked for.
    pub returned: bool,
}

const ACCESSES: &str = "
SELECT e.sequence, e.at, e.kind, e.request, e.shown, s.returned
FROM subject s JOIN entry e ON e.node = s.node AND e.sequence = s.sequence
WHERE s.subject_key = $1 AND s.node = $2 AND s.sequence < $3 AND s.sequence < $4 AND e.at >= $5 AND e.at < $6
  AND e.request <> $7
  AND NOT (e.kind = 'intent' AND EXISTS
           (SELECT 1 FROM entry c WHERE c.node = e.node AND c.intent = e.sequence AND c.sequence < $3))
ORDER BY s.sequence DESC LIMIT $8";

impl IndexStore {
    /// Accesses to a citizen, newest first. Every entry that concerns the citizen is one, except an intent that a later
    /// entry below the bound closes.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn accesses(&self, query: &AccessQuery<'_>) -> Result<Vec<Access>, SqlError> {
        let rows = sqlx::query(ACCESSES)
            .bind(query.subject.to_hex())
            .bind(query.node)
            .bind(stored(query.bound))
            .bind(stored(query.before))
            .bind(query.from.micros())
            .bind(query.until.micros())
            .bind(query.except)
            .bind(i64::from(query.limit))
            .fetch_all(self.database.pool())
            .await?;
        rows.iter().map(access).collect()
    }
}

fn access(row: &AnyRow) -> Result<Access, SqlError> {
    let kind: String = row.try_get("kind")?;
    let text: String = row.try_get("shown")?;
    let Shown(agency, service, purpose, basis, status, code, released, rows) =
        shown::read(&text).ok_or_else(damaged)?;
    Ok(Access {
        sequence: number(row.try_get("sequence")?)?,
        at: Timestamp::from_micros(row.try_get("at")?),
        kind: Kind::parse(&kind).ok_or_else(damaged)?,
        request: row.try_get("request")?,
        agency,
        service,
        purpose,
        basis,
        status,
        code,
        released,
        rows: i64::from(rows),
        returned: row.try_get::<i64, _>("returned")? != 0,
    })
}

pub(super) fn number<T: TryFrom<i64>>(value: i64) -> Result<T, SqlError> {
    T::try_from(value).map_err(|_| damaged())
}

pub(super) fn damaged() -> SqlError {
    SqlError::Other("index holds a value that it never writes: rebuild it".to_owned())
}

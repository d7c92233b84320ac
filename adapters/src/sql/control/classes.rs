//! By which column of the rate book an agency pays, since when: kept beside the directory's entries, so that whoever rates a
//! leaf again finds the column of its day, however often the agency's own entry has changed since.

use exchange::{
    directory::Agency, ids::AgencyId, limits, statement::AgencyClass, tariff::Column, timestamp::Timestamp,
};

use super::{
    Work,
    directory::{AGENCY, CLASS, put, read},
};
use crate::sql::SqlError;

/// Notes the column of an agency's entry that is about to be written, if it is another than the one before: what was, from
/// ever, and what will be, when every gateway has it ([`limits::MONEY_LEAD_S`]), so that all rate by the same. Of an agency
/// that never changed its column nothing is noted: its entry says it.
pub(super) async fn note(work: &mut Work, agency: &Agency, now: Timestamp) -> Result<(), SqlError> {
    let column = Column::of(agency.sector);
    let noted = of(work, &agency.id).await?.into_iter().max_by_key(|class| class.since);
    let from = match &noted {
        Some(last) if last.column == column => return Ok(()),
        Some(last) => last.since.plus_seconds(1),
        None => {
            let Some(before) = before(work, &agency.id).await?.filter(|before| *before != column) else {
                return Ok(());
            };
            let first = AgencyClass { agency: agency.id.clone(), column: before, since: Timestamp::default() };
            put(work, CLASS, &key(&first), &first).await?;
            Timestamp::default()
        }
    };
    let since = now.plus_seconds(limits::MONEY_LEAD_S).max(from);
    let class = AgencyClass { agency: agency.id.clone(), column, since };
    put(work, CLASS, &key(&class), &class).await
}

/// The column of the agency's entry as it stands.
async fn before(work: &mut Work, agency: &AgencyId) -> Result<Option<Column>, SqlError> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
        .bind(AGENCY)
        .bind(agency.as_str())
        .fetch_optional(work.on())
        .await?;
    let entry = body.map(|body| read::<Agency>(AGENCY, &body)).transpose()?;
    Ok(entry.map(|agency| Column::of(agency.sector)))
}

/// An agency's classes follow each other; no two begin at one instant.
pub(super) fn key(class: &AgencyClass) -> String {
    format!("{}/{:020}", class.agency, class.since.micros())
}

/// Every class that the agency had.
async fn of(work: &mut Work, agency: &AgencyId) -> Result<Vec<AgencyClass>, SqlError> {
    // Compared as text and not as a pattern: a name may hold what patterns give a meaning.
    let named = format!("{agency}/");
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT body FROM directory_entry WHERE kind = $1 AND substr(key, 1, CAST($2 AS INTEGER)) = $3")
            .bind(CLASS)
            .bind(i64::try_from(named.len()).unwrap_or(i64::MAX))
            .bind(&named)
            .fetch_all(work.on())
            .await?;
    rows.iter().map(|(body,)| read(CLASS, body)).collect()
}

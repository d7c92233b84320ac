//! What operators changed: noted in the unit of work that changes it, kept until the access log has its leaf.

use async_trait::async_trait;
use exchange::{
    ports::{
        consent_tokens::ControlUnavailable,
        entropy::random_hex_128,
        unrecorded::{Claim, UnrecordedChange, UnrecordedChanges},
    },
    record::leaf::Kind,
};

use super::{ControlStore, SqlError, Work};

/// Changes of what is charged.
const RATES: [&str; 2] = ["approve-rate-book", "approve-gratis"];

const CLAIM: &str = "UPDATE admin_change SET node = $1, log_from = $2 WHERE id = $3 AND node IS NULL";
const NOTE: &str = "UPDATE admin_change SET sequence = $1 WHERE id = $2 AND sequence IS NULL";

/// What an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<'a> {
    /// Such as `agency-suspend`.
    pub what: &'a str,
    /// The agency concerned.
    pub agency: Option<&'a str>,
    /// What it was done to.
    pub detail: serde_json::Value,
}

impl ControlStore {
    /// From now on every change through this store is an operator's and waits for its leaf. Without an operator nothing
    /// is noted: then the program itself prepares a state that nobody uses yet.
    #[must_use]
    pub fn operated_by(mut self, operator: impl Into<String>) -> Self {
        self.operator = Some(operator.into());
        self
    }

    /// Notes an act of the operator that changes nothing in this database, before it is done: what cannot be noted must
    /// not be done.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was noted.
    pub async fn note_act(&self, done: &Done<'_>) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        // The row of the generation is the lock that gives changes their order; it keeps its value.
        let generation: i64 = sqlx::query_scalar("UPDATE generation SET value = value WHERE id = 1 RETURNING value")
            .fetch_one(work.on())
            .await?;
        self.note(&mut work, u64::try_from(generation).unwrap_or(0), done).await?;
        work.commit().await
    }

    /// Notes a change within the work that makes it, which holds the generation's row.
    pub(super) async fn note(&self, work: &mut Work, generation: u64, done: &Done<'_>) -> Result<(), SqlError> {
        let Some(operator) = &self.operator else { return Ok(()) };
        self.note_of(work, generation, done, operator).await
    }

    /// Notes a change in the name of somebody else than whoever runs the program.
    pub(super) async fn note_of(
        &self,
        work: &mut Work,
        generation: u64,
        done: &Done<'_>,
        operator: &str,
    ) -> Result<(), SqlError> {
        let id = random_hex_128(self.entropy.as_ref());
        let detail = self.seal(&place("detail", &id), done.detail.to_string().as_bytes())?;
        let operator = self.seal(&place("operator", &id), operator.as_bytes())?;
        sqlx::query(
            "INSERT INTO admin_change (id, ordinal, at, what, agency, generation, detail, operator) VALUES \
             ($1, (SELECT COALESCE(MAX(ordinal), 0) + 1 FROM admin_change), $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(self.clock.now().micros())
        .bind(done.what)
        .bind(done.agency)
        .bind(i64::try_from(generation).unwrap_or(i64::MAX))
        .bind(detail)
        .bind(operator)
        .execute(work.on())
        .await?;
        Ok(())
    }

    fn read_change(&self, row: Row) -> Result<UnrecordedChange, SqlError> {
        let (id, at, what, agency, generation, detail, operator, node, from) = row;
        let detail = self.unseal(&place("detail", &id), &detail)?;
        let operator = self.unseal(&place("operator", &id), &operator)?;
        let claim = node.zip(from).map(|(node, from)| Claim { node, from: u64::try_from(from).unwrap_or(0) });
        let generation = u64::try_from(generation).unwrap_or(0);
        Ok(UnrecordedChange {
            id,
            at,
            kind: if RATES.contains(&what.as_str()) { Kind::RateChange } else { Kind::Admin },
            service: format!("admin.{what}@1"),
            agency,
            purpose: None,
            basis: None,
            generation,
            detail,
            operator: Some(operator),
            claim,
        })
    }
}

/// Id, instant, deed, agency, generation, sealed detail and operator, claiming node and the size of its log.
type Row = (String, i64, String, Option<String>, i64, Vec<u8>, Vec<u8>, Option<String>, Option<i64>);

#[async_trait]
impl UnrecordedChanges for ControlStore {
    async fn waiting(&self, node: &str, limit: u32) -> Result<Vec<UnrecordedChange>, ControlUnavailable> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, at, what, agency, generation, detail, operator, node, log_from FROM admin_change \
             WHERE sequence IS NULL AND (node IS NULL OR node = $1) ORDER BY ordinal LIMIT $2",
        )
        .bind(node)
        .bind(i64::from(limit))
        .fetch_all(self.database.pool())
        .await
        .map_err(SqlError::from)?;
        Ok(rows.into_iter().map(|row| self.read_change(row)).collect::<Result<_, _>>()?)
    }

    async fn claim(&self, ids: &[String], claim: &Claim) -> Result<Vec<String>, ControlUnavailable> {
        Ok(self.claim_rows(CLAIM, ids, claim).await?)
    }

    async fn recorded(&self, places: &[(String, u64)]) -> Result<(), ControlUnavailable> {
        Ok(self.note_places(NOTE, places).await?)
    }
}

impl ControlStore {
    /// Claims rows of a table one by one, in one unit of work; answers those that were free.
    pub(super) async fn claim_rows(
        &self,
        statement: &'static str,
        ids: &[String],
        claim: &Claim,
    ) -> Result<Vec<String>, SqlError> {
        let mut work = self.database.begin().await?;
        let mut claimed = Vec::with_capacity(ids.len());
        for id in ids {
            let row = sqlx::query(statement)
                .bind(&claim.node)
                .bind(i64::try_from(claim.from).unwrap_or(i64::MAX))
                .bind(id)
                .execute(work.on())
                .await?;
            claimed.extend((row.rows_affected() == 1).then(|| id.clone()));
        }
        work.commit().await?;
        Ok(claimed)
    }

    /// Notes where the leaves of rows stand, in one unit of work.
    pub(super) async fn note_places(&self, statement: &'static str, places: &[(String, u64)]) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        for (id, sequence) in places {
            sqlx::query(statement)
                .bind(i64::try_from(*sequence).unwrap_or(i64::MAX))
                .bind(id)
                .execute(work.on())
                .await?;
        }
        work.commit().await
    }
}

fn place(column: &str, id: &str) -> String {
    format!("admin_change/{column}/{id}")
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;

//! Closing months: one statement closes a month of an agency, once, and only a statement that reverses it corrects it.

use exchange::{
    ids::AgencyId,
    ledger::{Beside, Closing},
    month::Month,
};
use serde_json::json;

use super::{ControlStore, Done, SqlError, Work, damaged, ledger::Moves};

/// Why a month is not closed by a statement.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// It is closed by another.
    #[error("{month} of {agency} is closed by statement {statement}; only a statement that reverses it corrects it")]
    Closed {
        /// The agency.
        agency: AgencyId,
        /// The month.
        month: Month,
        /// The statement that closed it, by its digest.
        statement: String,
    },
    /// It reverses a statement that did not close the month.
    #[error("statement {0} did not close the month, so nothing of it is taken back")]
    Reverses(String),
    /// The ledger does not hold yet what the statement was made of.
    #[error(
        "the ledger is posted up to entry {posted} of `{node}`, the statement was made up to {until}: try again in seconds"
    )]
    Behind {
        /// The node.
        node: String,
        /// Entries of its log that are posted.
        posted: u64,
        /// Entries that the statement was made of.
        until: u64,
    },
    /// The store.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The statement that holds of a closed month.
struct Last {
    place: u32,
    statement: String,
    beside: Beside,
}

impl ControlStore {
    /// Closes the month by the statement. `false` if that was done before.
    ///
    /// # Errors
    /// [`CloseError`]: nothing was moved.
    pub async fn close_month(&self, closing: &Closing) -> Result<bool, CloseError> {
        let mut work = self.database.begin().await?;
        // Closings follow each other on the row that orders all changes of an operator.
        let generation: i64 = sqlx::query_scalar("UPDATE generation SET value = value WHERE id = 1 RETURNING value")
            .fetch_one(work.on())
            .await
            .map_err(SqlError::from)?;
        let last = last(&mut work, &closing.agency, closing.month).await?;
        let digest = closing.statement.to_string();
        let (place, before) = match (last, closing.reverses.map(|digest| digest.to_string())) {
            (Some(last), _) if last.statement == digest => return Ok(false),
            (None, None) => (1, Beside::default()),
            (Some(last), Some(reversed)) if last.statement == reversed => (last.place.saturating_add(1), last.beside),
            (_, Some(reversed)) => return Err(CloseError::Reverses(reversed)),
            (Some(last), None) => {
                let (agency, month) = (closing.agency.clone(), closing.month);
                return Err(CloseError::Closed { agency, month, statement: last.statement });
            }
        };
        self.covers(&mut work, closing).await?;
        self.insert_closed(&mut work, closing, place).await?;
        self.enter(&mut work, &closing.postings(place, before), None, Moves::default()).await?;
        let detail = json!({ "month": closing.month, "statement": digest, "root": closing.root, "place": place,
                             "total_paisa": closing.total_paisa });
        let done = Done { what: "month-closed", agency: Some(closing.agency.as_str()), detail };
        self.note(&mut work, super::generation_of(generation)?, &done).await?;
        work.commit().await?;
        Ok(true)
    }

    /// The statement that closed an agency's month, by its digest; `None` while it is open.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn closed_by(&self, agency: &AgencyId, month: Month) -> Result<Option<String>, SqlError> {
        let mut work = self.database.begin().await?;
        Ok(last(&mut work, agency, month).await?.map(|last| last.statement))
    }

    /// Whether the ledger has all that the statement was made of.
    async fn covers(&self, work: &mut Work, closing: &Closing) -> Result<(), CloseError> {
        for (node, until) in &closing.covered {
            let posted: Option<i64> = sqlx::query_scalar("SELECT next FROM ledger_mark WHERE node = $1")
                .bind(node)
                .fetch_optional(work.on())
                .await
                .map_err(SqlError::from)?;
            let posted = u64::try_from(posted.unwrap_or(0)).map_err(|_| damaged("ledger mark"))?;
            if posted < *until {
                return Err(CloseError::Behind { node: node.clone(), posted, until: *until });
            }
        }
        Ok(())
    }

    async fn insert_closed(&self, work: &mut Work, closing: &Closing, place: u32) -> Result<(), SqlError> {
        sqlx::query(
            "INSERT INTO closed_month (agency, month, place, statement, root, total_paisa, tax, adjustment, closed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(closing.agency.as_str())
        .bind(closing.month.to_string())
        .bind(i64::from(place))
        .bind(closing.statement.to_string())
        .bind(closing.root.to_string())
        .bind(closing.total_paisa)
        .bind(closing.beside.tax)
        .bind(closing.beside.adjustment)
        .bind(self.clock.now().micros())
        .execute(work.on())
        .await?;
        Ok(())
    }
}

async fn last(work: &mut Work, agency: &AgencyId, month: Month) -> Result<Option<Last>, SqlError> {
    let row: Option<(i64, String, i64, i64)> = sqlx::query_as(
        "SELECT place, statement, tax, adjustment FROM closed_month WHERE agency = $1 AND month = $2 \
         ORDER BY place DESC LIMIT 1",
    )
    .bind(agency.as_str())
    .bind(month.to_string())
    .fetch_optional(work.on())
    .await?;
    let read = |(place, statement, tax, adjustment): (i64, String, i64, i64)| {
        let place = u32::try_from(place).map_err(|_| damaged("closed month"))?;
        Ok(Last { place, statement, beside: Beside { tax, adjustment } })
    };
    row.map(read).transpose()
}

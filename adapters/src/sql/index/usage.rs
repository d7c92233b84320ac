//! Asking the index what was used: the days of a bill, its users, and the month of all agencies.

use exchange::{
    ids::AgencyId,
    statement::{Bill, Daily, Month, Sold, Sum, SumKey},
    tariff::{Class, Unit},
};
use sqlx::{Row as _, any::AnyRow};

use super::{
    IndexStore, UserKey,
    query::{damaged, number},
};
use crate::sql::SqlError;

/// What one user of an agency was answered of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSum {
    /// The agency.
    pub agency: AgencyId,
    /// The user; `None` where the request named none.
    pub user: Option<UserKey>,
    /// The sum: of a service and class, whatever the line, book and unit.
    pub sum: Sum,
}

const DAYS: &str = "
SELECT day, service, rate_version, class, tariff, unit, CAST(SUM(calls) AS BIGINT) AS calls,
       CAST(SUM(row_count) AS BIGINT) AS row_count, CAST(SUM(units) AS BIGINT) AS units, CAST(SUM(amount) AS BIGINT) AS amount
FROM bill WHERE agency = $1 AND month = $2
GROUP BY day, service, rate_version, class, tariff, unit";

const USERS: &str = "
SELECT agency, user_key, service, '' AS rate_version, class, '' AS tariff, '' AS unit,
       CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(row_count) AS BIGINT) AS row_count,
       CAST(SUM(units) AS BIGINT) AS units, CAST(SUM(amount) AS BIGINT) AS amount
FROM user_sum WHERE agency = $1 AND month = $2
GROUP BY agency, user_key, service, class ORDER BY user_key, service, class";

/// One statement, so that the sums by day and the sums by user are of one moment. No day is 0: it marks a user's sum.
const EVERYBODY: &str = "
SELECT agency, day, '' AS user_key, service, '' AS rate_version, class, '' AS tariff, '' AS unit,
       CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(row_count) AS BIGINT) AS row_count,
       CAST(SUM(units) AS BIGINT) AS units, CAST(SUM(amount) AS BIGINT) AS amount
FROM bill WHERE month = $1 GROUP BY agency, day, service, class
UNION ALL
SELECT agency, CAST(0 AS BIGINT) AS day, user_key, service, '' AS rate_version, class, '' AS tariff, '' AS unit,
       CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(row_count) AS BIGINT) AS row_count,
       CAST(SUM(units) AS BIGINT) AS units, CAST(SUM(amount) AS BIGINT) AS amount
FROM user_sum WHERE month = $1 GROUP BY agency, user_key, service, class
ORDER BY agency, day, user_key, service, class";

impl IndexStore {
    /// The bill of an agency's month, from every node indexed here: equal to `exchange::statement::recompute`.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn usage(&self, agency: &AgencyId, month: Month) -> Result<Bill, SqlError> {
        Ok(self.daily(agency, month).await?.bill)
    }

    /// The same bill and its days, of one reading, so that the days sum to the lines.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn daily(&self, agency: &AgencyId, month: Month) -> Result<Daily, SqlError> {
        let rows =
            sqlx::query(DAYS).bind(agency.as_str()).bind(month.to_string()).fetch_all(self.database.pool()).await?;
        let parts = rows.iter().map(|row| Ok((day(row)?, sum(row)?))).collect::<Result<Vec<_>, SqlError>>()?;
        Ok(Daily::of(agency.clone(), month, &parts))
    }

    /// What each user of the agency was answered in a month, by service and class.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn users(&self, agency: &AgencyId, month: Month) -> Result<Vec<UserSum>, SqlError> {
        let rows =
            sqlx::query(USERS).bind(agency.as_str()).bind(month.to_string()).fetch_all(self.database.pool()).await?;
        rows.iter().map(user_sum).collect()
    }

    /// What every agency was sold in a month, by day, service and class, and what each user was answered, both of one
    /// moment: the operator's question.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn everybody(&self, month: Month) -> Result<(Vec<Sold>, Vec<UserSum>), SqlError> {
        let rows = sqlx::query(EVERYBODY).bind(month.to_string()).fetch_all(self.database.pool()).await?;
        let (mut sold, mut users) = (Vec::new(), Vec::new());
        for row in &rows {
            match day(row)? {
                0 => users.push(user_sum(row)?),
                day => sold.push(Sold { agency: agency(row)?, day, sum: sum(row)? }),
            }
        }
        Ok((sold, users))
    }
}

fn user_sum(row: &AnyRow) -> Result<UserSum, SqlError> {
    Ok(UserSum { agency: agency(row)?, user: user(row)?, sum: sum(row)? })
}

fn agency(row: &AnyRow) -> Result<AgencyId, SqlError> {
    AgencyId::parse(&row.try_get::<String, _>("agency")?).map_err(|_| damaged())
}

fn day(row: &AnyRow) -> Result<u8, SqlError> {
    number(row.try_get("day")?)
}

fn user(row: &AnyRow) -> Result<Option<UserKey>, SqlError> {
    let text: String = row.try_get("user_key")?;
    if text.is_empty() { Ok(None) } else { UserKey::from_hex(&text).map(Some).ok_or_else(damaged) }
}

fn sum(row: &AnyRow) -> Result<Sum, SqlError> {
    let (class, unit): (String, String) = (row.try_get("class")?, row.try_get("unit")?);
    let said = |word: &str, known: bool| if known || word.is_empty() { Ok(()) } else { Err(damaged()) };
    let key = SumKey {
        service: row.try_get("service")?,
        rate_version: row.try_get("rate_version")?,
        class: Class::parse(&class),
        tariff: row.try_get("tariff")?,
        unit: Unit::parse(&unit),
    };
    said(&class, key.class.is_some())?;
    said(&unit, key.unit.is_some())?;
    Ok(Sum {
        key,
        calls: row.try_get("calls")?,
        rows: row.try_get("row_count")?,
        units: row.try_get("units")?,
        amount_milli_paisa: row.try_get("amount")?,
    })
}

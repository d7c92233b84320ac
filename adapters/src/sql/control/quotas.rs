//! Quotas: what was used of each in each period, and what is held for requests under way.
//!
//! INVARIANTS
//! - What is held of a quota is the sum of its holds, and with what was used never above the most that it was taken under: each
//!   taking is one conditional statement on one row, and all of a request's are one transaction.
//! - What an answer used is added in the transaction that posts its entry of the log, so that it is added once.
//! - Rows are changed in one order everywhere, holds before quotas: two that work at once never wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use exchange::{
    ids::{QuotaId, RequestId},
    ledger::{Drawn, Measure, Quota, Usage},
    limits,
    ports::{
        consent_tokens::ControlUnavailable,
        quotas::{Quotas, Standing, Take, Taken, Want},
    },
    timestamp::Timestamp,
};

use super::{
    ControlStore, SqlError, Work, damaged,
    directory::{QUOTA, read},
};

/// Takes if the quota bears it.
const TAKE: &str =
    "UPDATE quota_use SET held = held + $3 WHERE quota = $1 AND begins_at = $2 AND $4 - used - held >= $3";

const MOVE: &str =
    "UPDATE quota_use SET used = used + $3, held = held + $4 WHERE quota = $1 AND begins_at = $2 RETURNING used";

/// Locks the holds of a request and reads them.
const LOCK: &str =
    "UPDATE quota_hold SET amount = amount WHERE request = $1 RETURNING quota, begins_at, measure, amount";

const END: &str = "DELETE FROM quota_hold WHERE request = $1 RETURNING quota, begins_at, measure, amount";

/// A quota in a period.
type Key = (String, i64);

/// One hold: quota, first instant of the period, measure, amount.
type Hold = (String, i64, String, i64);

#[async_trait]
impl Quotas for ControlStore {
    async fn take(&self, take: &Take) -> Result<Taken, ControlUnavailable> {
        Ok(self.take_quotas(take).await?)
    }

    async fn settle_usage(&self, request: &RequestId, usage: Usage) -> Result<(), ControlUnavailable> {
        let mut work = self.database.begin().await?;
        let mut changes = Uses::default();
        if usage.calls <= 0 {
            end(&mut work, request.as_str(), Usage::default(), &mut changes).await?;
        } else {
            lower(&mut work, request.as_str(), |measure, held| usage.of(measure).clamp(0, held), &mut changes).await?;
        }
        changes.write(&mut work).await?;
        Ok(work.commit().await?)
    }

    async fn put_off_usage(&self, request: &RequestId, until: Timestamp) -> Result<bool, ControlUnavailable> {
        let _turn = self.database.turn().await?;
        let done = sqlx::query("UPDATE quota_hold SET until_at = $2 WHERE request = $1")
            .bind(request.as_str())
            .bind(until.micros())
            .execute(self.database.pool())
            .await
            .map_err(SqlError::from)?;
        Ok(done.rows_affected() > 0)
    }

    async fn standing(&self, of: &[(QuotaId, Timestamp)]) -> Result<Vec<Standing>, ControlUnavailable> {
        let mut all = Vec::with_capacity(of.len());
        for (quota, begins_at) in of {
            let row: Option<(i64, i64)> =
                sqlx::query_as("SELECT used, held FROM quota_use WHERE quota = $1 AND begins_at = $2")
                    .bind(quota.as_str())
                    .bind(begins_at.micros())
                    .fetch_optional(self.database.pool())
                    .await
                    .map_err(SqlError::from)?;
            all.push(row.map(|(used, held)| Standing { used, held }).unwrap_or_default());
        }
        Ok(all)
    }
}

impl ControlStore {
    async fn take_quotas(&self, take: &Take) -> Result<Taken, SqlError> {
        let mut wants: Vec<&Want> = take.wants.iter().collect();
        wants.sort_by(|one, other| (&one.quota, one.begins_at).cmp(&(&other.quota, other.begins_at)));
        let mut work = self.database.begin().await?;
        for want in &wants {
            let new = sqlx::query(
                "INSERT INTO quota_hold (request, quota, begins_at, measure, amount, node, until_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (request, quota, begins_at) DO NOTHING",
            )
            .bind(take.request.as_str())
            .bind(want.quota.as_str())
            .bind(want.begins_at.micros())
            .bind(want.measure.as_str())
            .bind(want.amount)
            .bind(&take.node)
            .bind(take.until.micros())
            .execute(work.on())
            .await?;
            if new.rows_affected() == 0 {
                // Asked again: it has what it took.
                return Ok(Taken::All);
            }
        }
        for want in &wants {
            if !take_one(&mut work, want).await? {
                // The work is dropped, and with it whatever was taken before.
                return Ok(Taken::Short(want.quota.clone()));
            }
        }
        work.commit().await?;
        Ok(Taken::All)
    }

    /// The number of quotas that have reached a warning in their present period.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn quotas_alerting(&self) -> Result<u64, SqlError> {
        let now = self.clock.now();
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT e.body, u.begins_at, u.used FROM directory_entry e JOIN quota_use u ON u.quota = e.key \
             WHERE e.kind = 'quota' AND u.begins_at > $1",
        )
        .bind(now.plus_seconds(-limits::QUOTA_RETRY_S_MAX).micros())
        .fetch_all(self.database.pool())
        .await?;
        let mut alerting = 0_u64;
        for (body, begins_at, used) in rows {
            let quota: Quota = read(QUOTA, &body)?;
            let present = quota.period(now).is_some_and(|period| period.from.micros() == begins_at);
            alerting = alerting.saturating_add(u64::from(present && !quota.ended && quota.alert(used).is_some()));
        }
        Ok(alerting)
    }

    /// The first quota of which what is held is not the sum of its holds, in words; `None` when all agrees.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn quota_fault(&self) -> Result<Option<String>, SqlError> {
        let wrong: Option<(String, i64, i64, i64)> = sqlx::query_as(FAULT).fetch_optional(self.database.pool()).await?;
        Ok(wrong.map(|(quota, begins_at, held, holds)| {
            format!("quota `{quota}` from {begins_at} says that {held} is held; its holds say {holds}")
        }))
    }
}

async fn take_one(work: &mut Work, want: &Want) -> Result<bool, SqlError> {
    sqlx::query(
        "INSERT INTO quota_use (quota, begins_at, used, held) VALUES ($1, $2, 0, 0) \
         ON CONFLICT (quota, begins_at) DO NOTHING",
    )
    .bind(want.quota.as_str())
    .bind(want.begins_at.micros())
    .execute(work.on())
    .await?;
    let taken = sqlx::query(TAKE)
        .bind(want.quota.as_str())
        .bind(want.begins_at.micros())
        .bind(want.amount)
        .bind(want.most)
        .execute(work.on())
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// What changes of quotas, by quota and period: used, and held.
#[derive(Debug, Default)]
pub(super) struct Uses(BTreeMap<Key, (i64, i64)>);

impl Uses {
    fn add(&mut self, key: Key, used: i64, held: i64) {
        let sums = self.0.entry(key).or_default();
        *sums = (sums.0.saturating_add(used), sums.1.saturating_add(held));
    }

    /// Moves the quotas; which warnings they crossed by what was used.
    pub(super) async fn write(&self, work: &mut Work) -> Result<Vec<Crossed>, SqlError> {
        let mut crossed = Vec::new();
        for ((quota, begins_at), (used, held)) in &self.0 {
            let after: Option<i64> = sqlx::query_scalar(MOVE)
                .bind(quota)
                .bind(*begins_at)
                .bind(*used)
                .bind(*held)
                .fetch_optional(work.on())
                .await?;
            let Some(after) = after.filter(|_| *used != 0) else { continue };
            crossed.extend(warning(work, quota, (after.saturating_sub(*used), after)).await?);
        }
        Ok(crossed)
    }
}

/// A warning that what was posted has crossed.
#[derive(Debug)]
pub(super) struct Crossed {
    quota: Quota,
    percent: u8,
    used: i64,
}

impl Crossed {
    /// Tells operators, without a person.
    pub(super) fn tell(&self) {
        let Quota { id, level, measure, most, .. } = &self.quota;
        let (percent, used, level) = (self.percent, self.used, level.as_str());
        tracing::warn!(quota = %id, level, %measure, percent, used, most, "a quota has reached a warning");
    }
}

async fn warning(work: &mut Work, quota: &str, (before, after): (i64, i64)) -> Result<Option<Crossed>, SqlError> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
        .bind(QUOTA)
        .bind(quota)
        .fetch_optional(work.on())
        .await?;
    let Some(body) = body else { return Ok(None) };
    let quota: Quota = read(QUOTA, &body)?;
    Ok(quota.crossed(before, after).map(|percent| Crossed { quota, percent, used: after }))
}

/// What the entries of a node's log used of what was held for their requests.
pub(super) async fn post(work: &mut Work, node: &str, drawn: &[Drawn]) -> Result<Uses, SqlError> {
    let mut changes = Uses::default();
    let open: BTreeSet<String> = sqlx::query_scalar("SELECT DISTINCT request FROM quota_hold WHERE node = $1")
        .bind(node)
        .fetch_all(work.on())
        .await?
        .into_iter()
        .collect();
    for drawn in drawn.iter().filter(|drawn| open.contains(&drawn.request)) {
        if drawn.over {
            end(work, &drawn.request, drawn.usage, &mut changes).await?;
        } else {
            part(work, drawn, &mut changes).await?;
        }
    }
    Ok(changes)
}

/// Gives up what is held for requests of a node whose instant had passed at `now`; which requests.
pub(super) async fn give_up(
    work: &mut Work,
    node: &str,
    now: Timestamp,
    changes: &mut Uses,
) -> Result<Vec<String>, SqlError> {
    let overdue: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT request FROM quota_hold WHERE node = $1 AND until_at < $2 ORDER BY request",
    )
    .bind(node)
    .bind(now.micros())
    .fetch_all(work.on())
    .await?;
    for request in &overdue {
        end(work, request, Usage::default(), changes).await?;
    }
    Ok(overdue)
}

/// Forgets what was used in periods long past.
pub(super) async fn forget_old(work: &mut Work, now: Timestamp) -> Result<(), SqlError> {
    sqlx::query("DELETE FROM quota_use WHERE begins_at < $1 AND held = 0")
        .bind(now.plus_seconds(-limits::QUOTA_KEPT_S).micros())
        .execute(work.on())
        .await?;
    Ok(())
}

/// Ends the holds of a request that used so much.
async fn end(work: &mut Work, request: &str, usage: Usage, changes: &mut Uses) -> Result<(), SqlError> {
    let holds: Vec<Hold> = sqlx::query_as(END).bind(request).fetch_all(work.on()).await?;
    for (quota, begins_at, measure, held) in holds {
        changes.add((quota, begins_at), used(&measure, held, usage)?, held.saturating_neg());
    }
    Ok(())
}

/// Adds what a batch of an answer used, which is no longer held.
async fn part(work: &mut Work, drawn: &Drawn, changes: &mut Uses) -> Result<(), SqlError> {
    let holds: Vec<Hold> = sqlx::query_as(LOCK).bind(&drawn.request).fetch_all(work.on()).await?;
    for (quota, begins_at, measure, held) in holds {
        let used = used(&measure, held, drawn.usage)?;
        let freed = used.clamp(0, held);
        hold_less(work, &drawn.request, (&quota, begins_at), held.saturating_sub(freed)).await?;
        changes.add((quota, begins_at), used, freed.saturating_neg());
    }
    Ok(())
}

/// What is added of an answer: a call is counted once, however many batches it has, by taking it out of what is held.
fn used(measure: &str, held: i64, usage: Usage) -> Result<i64, SqlError> {
    match Measure::parse(measure).ok_or_else(|| damaged("measure of a quota"))? {
        Measure::Calls => Ok(usage.calls.min(held)),
        measure => Ok(usage.of(measure)),
    }
}

/// Lowers the holds of a request to what `left` makes of each.
async fn lower(
    work: &mut Work,
    request: &str,
    left: impl Fn(Measure, i64) -> i64,
    changes: &mut Uses,
) -> Result<(), SqlError> {
    let holds: Vec<Hold> = sqlx::query_as(LOCK).bind(request).fetch_all(work.on()).await?;
    for (quota, begins_at, measure, held) in holds {
        let measure = Measure::parse(&measure).ok_or_else(|| damaged("measure of a quota"))?;
        let left = left(measure, held);
        hold_less(work, request, (&quota, begins_at), left).await?;
        changes.add((quota, begins_at), 0, left.saturating_sub(held));
    }
    Ok(())
}

async fn hold_less(work: &mut Work, request: &str, (quota, at): (&str, i64), left: i64) -> Result<(), SqlError> {
    sqlx::query("UPDATE quota_hold SET amount = $4 WHERE request = $1 AND quota = $2 AND begins_at = $3")
        .bind(request)
        .bind(quota)
        .bind(at)
        .bind(left)
        .execute(work.on())
        .await?;
    Ok(())
}

/// Quotas whose rows disagree, and holds of no quota.
const FAULT: &str = "\
    SELECT quota, begins_at, CAST(SUM(held) AS BIGINT), CAST(SUM(holds) AS BIGINT) FROM ( \
        SELECT quota, begins_at, held, 0 AS holds FROM quota_use \
        UNION ALL SELECT quota, begins_at, 0 AS held, amount AS holds FROM quota_hold) AS both_sides \
    GROUP BY quota, begins_at HAVING SUM(held) <> SUM(holds) ORDER BY quota, begins_at LIMIT 1";

//! Idempotency keys of clients: the same request twice is done once (decisions.md, "Idempotency").

use std::collections::BTreeSet;

use async_trait::async_trait;
pub use exchange::ports::idempotency::{Beginning, Begun, Claim, IdempotencyScope};
use exchange::{
    ids::UserId,
    ledger::Drawn,
    ports::{consent_tokens::ControlUnavailable, idempotency::IdempotencyKeys},
    timestamp::Timestamp,
};
use sqlx::Row as _;

use super::{ControlStore, SqlError, Work, damaged, sha256};

/// Seconds that a key is remembered: a day.
const REMEMBERED_S: i64 = 24 * 3600;

/// Seconds after which work that never ended is taken over: longer than any upstream may take, short of a clerk's patience.
const ABANDONED_S: i64 = 60;

#[async_trait]
impl IdempotencyKeys for ControlStore {
    async fn begin(
        &self,
        scope: IdempotencyScope<'_>,
        body_sha256: &[u8; 32],
        beginning: Beginning<'_>,
    ) -> Result<Begun, ControlUnavailable> {
        Ok(self.begin_noted(scope, body_sha256, Some(beginning)).await?)
    }

    async fn finish(&self, claim: &Claim, sequence: u64, answer: Option<&[u8]>) -> Result<bool, ControlUnavailable> {
        Ok(Self::finish(self, claim, sequence, answer).await?)
    }

    async fn abandon(&self, claim: &Claim) -> Result<(), ControlUnavailable> {
        Ok(Self::abandon(self, claim).await?)
    }

    async fn count_replay(&self, claim: &Claim, max: u32) -> Result<bool, ControlUnavailable> {
        Ok(Self::count_replay(self, claim, max).await?)
    }

    async fn forget_old(&self) -> Result<u64, ControlUnavailable> {
        Ok(self.forget_old_keys().await?)
    }
}

impl ControlStore {
    /// Claims a key for a body, or tells what became of it; nothing is noted of who asks.
    ///
    /// # Errors
    /// [`SqlError`]: the request must not be done.
    pub async fn begin(&self, scope: IdempotencyScope<'_>, body_sha256: &[u8; 32]) -> Result<Begun, SqlError> {
        self.begin_noted(scope, body_sha256, None).await
    }

    async fn begin_noted(
        &self,
        scope: IdempotencyScope<'_>,
        body_sha256: &[u8; 32],
        beginning: Option<Beginning<'_>>,
    ) -> Result<Begun, SqlError> {
        let now = self.clock.now();
        let claim = Claim { scope: scope_text(scope), begun_at: now };
        let body = hex::encode(body_sha256);
        let seal = |beginning: Beginning<'_>| self.seal(&place(&claim.scope), beginning.note);
        let note = beginning.map(seal).transpose()?;
        let turn = self.database.turn().await?;
        // A finished key is free after a day; unfinished work of the same body is taken over after a minute.
        let taken = sqlx::query(
            "INSERT INTO idempotency (scope, body, state, replays, begun_at, request, begun) \
             VALUES ($1, $2, 'working', 0, $3, $6, $7) \
             ON CONFLICT (scope) DO UPDATE SET body = EXCLUDED.body, state = 'working', sequence = NULL, \
             answer = NULL, replays = 0, begun_at = EXCLUDED.begun_at, request = EXCLUDED.request, \
             begun = EXCLUDED.begun \
             WHERE idempotency.begun_at <= $4 \
             OR (idempotency.state = 'working' AND idempotency.body = EXCLUDED.body AND idempotency.begun_at <= $5)",
        )
        .bind(claim.scope.clone())
        .bind(body.clone())
        .bind(now.micros())
        .bind(now.plus_seconds(-REMEMBERED_S).micros())
        .bind(now.plus_seconds(-ABANDONED_S).micros())
        .bind(beginning.map(|beginning| beginning.request.to_string()))
        .bind(note)
        .execute(self.database.pool())
        .await?;
        drop(turn);
        if taken.rows_affected() == 1 {
            return Ok(Begun::Fresh(claim));
        }
        self.known(claim, &body).await
    }

    async fn known(&self, claim: Claim, body: &str) -> Result<Begun, SqlError> {
        let row = sqlx::query("SELECT body, state, sequence, answer, begun_at FROM idempotency WHERE scope = $1")
            .bind(claim.scope.clone())
            .fetch_optional(self.database.pool())
            .await?;
        // Abandoned between the two statements: the client repeats as for work in progress.
        let Some(row) = row else { return Ok(Begun::InProgress) };
        if row.try_get::<String, _>("body")? != body {
            return Ok(Begun::OtherBody);
        }
        if row.try_get::<String, _>("state")? == "working" {
            return Ok(Begun::InProgress);
        }
        let sequence: Option<i64> = row.try_get("sequence")?;
        let sequence = sequence.and_then(|s| u64::try_from(s).ok()).ok_or_else(|| damaged("sequence"))?;
        let sealed: Option<Vec<u8>> = row.try_get("answer")?;
        let at = Timestamp::from_micros(row.try_get("begun_at")?);
        let open = |sealed: Vec<u8>| self.keys.wrapping.open(place(&claim.scope).as_bytes(), &sealed);
        let answer = sealed.map(open).transpose().map_err(|_| damaged("answer"))?;
        Ok(Begun::Done { sequence, answer, at, claim: Claim { begun_at: at, ..claim } })
    }

    /// The work is done and recorded at `sequence`; `answer`, sealed, is given again to the same key. `false` if the
    /// claim was taken over meanwhile.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn finish(&self, claim: &Claim, sequence: u64, answer: Option<&[u8]>) -> Result<bool, SqlError> {
        let sequence = i64::try_from(sequence).map_err(|_| damaged("sequence"))?;
        let sealed = answer.map(|plain| self.seal(&place(&claim.scope), plain)).transpose()?;
        let _turn = self.database.turn().await?;
        let done = sqlx::query(
            "UPDATE idempotency SET state = 'done', sequence = $3, answer = $4, begun = NULL \
             WHERE scope = $1 AND begun_at = $2 AND (state = 'working' OR sequence = $3)",
        )
        .bind(claim.scope.clone())
        .bind(claim.begun_at.micros())
        .bind(sequence)
        .bind(sealed)
        .execute(self.database.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The work had no effect: the key is free again.
    ///
    /// # Errors
    /// [`SqlError`]: the key frees itself after a minute.
    pub async fn abandon(&self, claim: &Claim) -> Result<(), SqlError> {
        let _turn = self.database.turn().await?;
        sqlx::query("DELETE FROM idempotency WHERE scope = $1 AND begun_at = $2 AND state = 'working'")
            .bind(claim.scope.clone())
            .bind(claim.begun_at.micros())
            .execute(self.database.pool())
            .await?;
        Ok(())
    }

    /// Counts one repetition; `false` when there were `max` before.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn count_replay(&self, claim: &Claim, max: u32) -> Result<bool, SqlError> {
        let _turn = self.database.turn().await?;
        let counted = sqlx::query(
            "UPDATE idempotency SET replays = replays + 1 \
             WHERE scope = $1 AND begun_at = $2 AND state = 'done' AND replays < $3",
        )
        .bind(claim.scope.clone())
        .bind(claim.begun_at.micros())
        .bind(i64::from(max))
        .execute(self.database.pool())
        .await?;
        Ok(counted.rows_affected() == 1)
    }

    /// Deletes the keys that nobody can repeat any more; how many there were.
    ///
    /// # Errors
    /// [`SqlError`]: the next call deletes them.
    pub async fn forget_old_keys(&self) -> Result<u64, SqlError> {
        let until = self.clock.now().plus_seconds(-REMEMBERED_S).micros();
        let _turn = self.database.turn().await?;
        let forgotten = sqlx::query("DELETE FROM idempotency WHERE begun_at <= $1")
            .bind(until)
            .execute(self.database.pool())
            .await?;
        Ok(forgotten.rows_affected())
    }
}

/// Finishes the keys of requests whose answers are recorded though nobody finished them: their processes died in between, or
/// are about to.
pub(super) async fn finish_recorded(work: &mut Work, drawn: &[Drawn]) -> Result<(), SqlError> {
    let working: Vec<String> =
        sqlx::query_scalar("SELECT request FROM idempotency WHERE state = 'working' AND request IS NOT NULL")
            .fetch_all(work.on())
            .await?;
    if working.is_empty() {
        return Ok(());
    }
    let working: BTreeSet<String> = working.into_iter().collect();
    for (request, sequence) in drawn.iter().filter_map(|drawn| Some((&drawn.request, drawn.answered?))) {
        if !working.contains(request) {
            continue;
        }
        sqlx::query(
            "UPDATE idempotency SET state = 'done', sequence = $2, answer = begun, begun = NULL \
             WHERE request = $1 AND state = 'working'",
        )
        .bind(request)
        .bind(i64::try_from(sequence).map_err(|_| damaged("sequence"))?)
        .execute(work.on())
        .await?;
    }
    Ok(())
}

/// `/` stands in no identifier, and the client's key comes last, so no two scopes read alike.
fn scope_text(scope: IdempotencyScope<'_>) -> String {
    let user = scope.user.map_or("", UserId::as_str);
    let text = format!("{}/{user}/{}/{}", scope.agency, scope.service, scope.key);
    hex::encode(sha256(text.as_bytes()))
}

fn place(scope: &str) -> String {
    format!("idempotency/answer/{scope}")
}

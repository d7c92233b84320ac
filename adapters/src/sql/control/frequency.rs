//! Uses of a consent that may be used only so often: each is a row, written while the consent's row is locked.

use exchange::{
    consent::{
        ConsentFacts,
        frequency::{Bounds, Turn},
    },
    ids::{ConsentId, RequestId},
    ports::consent_tokens::Turned,
};
use sqlx::{Row as _, any::AnyRow};

use super::{ControlStore, SqlError, Work, damaged};

impl ControlStore {
    /// Uses a consent, if its period and its life have a use left. Whoever holds the consent's row counts alone.
    pub(super) async fn take_turn(
        &self,
        consent: &ConsentId,
        turn: Turn,
        request: &RequestId,
    ) -> Result<Turned, SqlError> {
        let mut work = self.database.begin().await?;
        // Also the last look whether the citizen still allows it: whoever ends a consent waits for this row, or comes first.
        let held = sqlx::query("UPDATE consent SET revision = revision WHERE id = $1 AND state = 'active'")
            .bind(consent.as_str())
            .execute(work.on())
            .await?;
        if held.rows_affected() == 0 {
            return Ok(Turned::Ended);
        }
        let (ever, within): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), COUNT(CASE WHEN begins_at = $2 THEN 1 END) FROM consent_use \
             WHERE consent = $1 AND request <> $3",
        )
        .bind(consent.as_str())
        .bind(turn.begins_at.micros())
        .bind(request.as_str())
        .fetch_one(work.on())
        .await?;
        if turn.ever.is_some_and(|most| ever >= i64::from(most)) {
            return Ok(Turned::Ended);
        }
        if turn.times.is_some_and(|most| within >= i64::from(most)) {
            return Ok(Turned::TooOften);
        }
        sqlx::query(
            "INSERT INTO consent_use (consent, request, begins_at, used_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (consent, request) DO NOTHING",
        )
        .bind(consent.as_str())
        .bind(request.as_str())
        .bind(turn.begins_at.micros())
        .bind(self.clock.now().micros())
        .execute(work.on())
        .await?;
        work.commit().await?;
        Ok(Turned::Taken)
    }

    /// Gives a use back, whatever became of the consent meanwhile.
    pub(super) async fn give_back_turn(&self, consent: &ConsentId, request: &RequestId) -> Result<(), SqlError> {
        let _turn = self.database.turn().await?;
        sqlx::query("DELETE FROM consent_use WHERE consent = $1 AND request = $2")
            .bind(consent.as_str())
            .bind(request.as_str())
            .execute(self.database.pool())
            .await?;
        Ok(())
    }

    /// Whether a consent has no use left, as far as uses are counted.
    pub(super) async fn is_used_up(&self, facts: &ConsentFacts) -> Result<bool, SqlError> {
        let Some(most) = facts.bounds.uses else { return Ok(false) };
        let used: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM consent_use WHERE consent = $1")
            .bind(facts.id.as_str())
            .fetch_one(self.database.pool())
            .await?;
        Ok(used >= i64::from(most))
    }

    /// Forgets uses of consents that have run out: nothing counts them any more. Answers how many.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn forget_uses(&self) -> Result<u64, SqlError> {
        let _turn = self.database.turn().await?;
        let forgotten = sqlx::query(
            "DELETE FROM consent_use WHERE EXISTS \
             (SELECT 1 FROM consent c WHERE c.id = consent_use.consent AND c.expires_at <= $1)",
        )
        .bind(self.clock.now().micros())
        .execute(self.database.pool())
        .await?;
        Ok(forgotten.rows_affected())
    }
}

/// Stores what bounds a consent that is just made; nothing where nothing does.
pub(super) async fn bind(work: &mut Work, consent: &ConsentId, bounds: &Bounds) -> Result<(), SqlError> {
    if *bounds == Bounds::default() {
        return Ok(());
    }
    sqlx::query("UPDATE consent SET bounds = $2 WHERE id = $1")
        .bind(consent.as_str())
        .bind(serde_json::to_string(bounds).map_err(|_| damaged("consent's bounds"))?)
        .execute(work.on())
        .await?;
    Ok(())
}

/// What bounds a consent. One that cannot be read bounds everything: the row is an error.
pub(super) fn bounds_of(row: &AnyRow) -> Result<Bounds, SqlError> {
    let stored: Option<String> = row.try_get("bounds")?;
    let Some(text) = stored else { return Ok(Bounds::default()) };
    serde_json::from_str(&text).map_err(|_| damaged("consent's bounds"))
}

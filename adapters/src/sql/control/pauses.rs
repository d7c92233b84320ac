//! Consents that a citizen pauses, resumes, and ends all at once, by SMS. Locks are taken as everywhere: requests from the newest,
//! the generation, consents.

use exchange::{
    consent::{
        answer::Told,
        reply::Reference,
        revision::{Cause, Standing},
        word_text::Worded,
    },
    limits,
    timestamp::Timestamp,
};

use super::{
    ControlStore, SqlError, Work,
    requests::{locked_by_hash, save},
};

/// Standing consents of a number under a reference, in one state. A notice of death pauses too, and what it paused is not the
/// citizen's to resume: that is told apart by who paused.
const STANDING: &str = "SELECT r.id_hash, k.id FROM auth_request r JOIN contact c ON c.subject = r.subject \
    JOIN consent k ON k.id = r.consent WHERE c.lookup = $1 AND r.reference = $2 AND k.usage = 'standing' AND k.expires_at > $3 \
    AND k.state = $4 AND (k.state = 'active' OR k.paused_by IS NOT NULL) ORDER BY r.created_at DESC, r.id_hash";

/// All that holds of a number.
const ALL: &str = "SELECT r.id_hash FROM auth_request r JOIN contact c ON c.subject = r.subject \
    JOIN consent k ON k.id = r.consent WHERE c.lookup = $1 AND k.state <> 'revoked' AND k.expires_at > $2 \
    ORDER BY r.created_at DESC, r.id_hash LIMIT $3";

const PAUSED_BY_CITIZEN: &str = "UPDATE consent SET paused_by = 'citizen' WHERE id = $1";

/// Whether it is the citizen's to resume is asked once more, under the lock.
const LET_GO: &str = "UPDATE consent SET paused_by = NULL WHERE id = $1 AND state = 'paused' AND paused_by IS NOT NULL";

impl ControlStore {
    /// Makes a standing consent of no use until it is resumed.
    pub(super) async fn pause(
        &self,
        work: &mut Work,
        sender: &str,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<(Told, Option<u64>), SqlError> {
        let active = standing(work, sender, reference, "active", now).await?;
        if let Some((id_hash, consent)) = active.into_iter().next() {
            locked_by_hash(work, id_hash).await?;
            let generation = self.bump(work).await?;
            let step = (Standing::Paused, Cause::PauseBySms);
            if self.turn_one(work, &consent, Standing::Active, step).await? {
                sqlx::query(PAUSED_BY_CITIZEN).bind(consent).execute(work.on()).await?;
                return Ok((Told::Word(Worded::Paused(reference.clone())), Some(generation)));
            }
        }
        let is_paused = !standing(work, sender, reference, "paused", now).await?.is_empty();
        Ok((if is_paused { Told::Word(Worded::AsItWas) } else { Told::Nothing }, None))
    }

    /// Lets a consent that the citizen paused go on.
    pub(super) async fn resume(
        &self,
        work: &mut Work,
        sender: &str,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<(Told, Option<u64>), SqlError> {
        let paused = standing(work, sender, reference, "paused", now).await?;
        let Some((id_hash, consent)) = paused.into_iter().next() else { return Ok((Told::Nothing, None)) };
        locked_by_hash(work, id_hash).await?;
        let generation = self.bump(work).await?;
        let let_go = sqlx::query(LET_GO).bind(consent.clone()).execute(work.on()).await?;
        let step = (Standing::Active, Cause::ResumeBySms);
        if let_go.rows_affected() == 0 || !self.turn_one(work, &consent, Standing::Paused, step).await? {
            return Ok((Told::Nothing, None));
        }
        Ok((Told::Word(Worded::Resumed(reference.clone())), Some(generation)))
    }

    /// What whoever resumes is told where nothing is paused.
    pub(super) async fn is_not_paused(
        &self,
        work: &mut Work,
        sender: &str,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<Option<Told>, SqlError> {
        if !standing(work, sender, reference, "paused", now).await?.is_empty() {
            return Ok(None);
        }
        let holds = !standing(work, sender, reference, "active", now).await?.is_empty();
        Ok(Some(if holds { Told::Word(Worded::AsItWas) } else { Told::Nothing }))
    }

    /// Ends every consent of a number's citizens, the newest so many.
    pub(super) async fn stop_all(
        &self,
        work: &mut Work,
        sender: &str,
        now: Timestamp,
    ) -> Result<(Told, Option<u64>), SqlError> {
        let requests: Vec<String> = sqlx::query_scalar(ALL)
            .bind(sender)
            .bind(now.micros())
            .bind(limits::CONSENTS_ENDED_AT_ONCE_MAX)
            .fetch_all(work.on())
            .await?;
        let mut held = Vec::new();
        for id_hash in requests {
            held.extend(locked_by_hash(work, id_hash).await?);
        }
        if held.is_empty() {
            return Ok((Told::Word(Worded::StoppedAll), None));
        }
        let generation = self.bump(work).await?;
        for stored in held {
            let Some(consent) = &stored.consent else { continue };
            let ended = self.revoke(work, consent, Cause::StopBySms).await?;
            match stored.transaction.clone().unsaid() {
                Some(next) => save(work, &stored, &next, None).await?,
                // Only then its agency knows the consent.
                None if ended => self.tell_revoked(work, consent).await?,
                None => {}
            }
        }
        Ok((Told::Word(Worded::StoppedAll), Some(generation)))
    }
}

/// Request and consent, the newest first.
async fn standing(
    work: &mut Work,
    sender: &str,
    reference: &Reference,
    state: &str,
    now: Timestamp,
) -> Result<Vec<(String, String)>, SqlError> {
    let found = sqlx::query_as(STANDING)
        .bind(sender)
        .bind(reference.as_str())
        .bind(now.micros())
        .bind(state)
        .fetch_all(work.on())
        .await?;
    Ok(found)
}

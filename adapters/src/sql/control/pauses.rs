//! Consents that a citizen pauses, resumes, and ends all at once, by SMS. Locks are taken as everywhere: requests from the newest,
//! the generation, consents.

use exchange::{
    consent::{answer::Told, reply::Reference, word_text::Worded},
    limits,
    timestamp::Timestamp,
};

use super::{
    ControlStore, SqlError, Work,
    consents::revoke,
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

const PAUSE: &str = "UPDATE consent SET state = 'paused', paused_by = 'citizen', revision = revision + 1 \
                     WHERE id = $1 AND state = 'active'";

const RESUME: &str = "UPDATE consent SET state = 'active', paused_by = NULL, revision = revision + 1 \
                      WHERE id = $1 AND state = 'paused' AND paused_by IS NOT NULL";

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
        if let Some(generation) = self.turn_one(work, active, PAUSE).await? {
            return Ok((Told::Word(Worded::Paused(reference.clone())), Some(generation)));
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
        Ok(match self.turn_one(work, paused, RESUME).await? {
            Some(generation) => (Told::Word(Worded::Resumed(reference.clone())), Some(generation)),
            None => (Told::Nothing, None),
        })
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
            if let Some(consent) = &stored.consent {
                revoke(work, consent).await?;
            }
            if let Some(next) = stored.transaction.clone().unsaid() {
                save(work, &stored, &next, None).await?;
            }
        }
        Ok((Told::Word(Worded::StoppedAll), Some(generation)))
    }

    /// Turns the first of these consents that can be turned; with the generation if one was.
    async fn turn_one(
        &self,
        work: &mut Work,
        found: Vec<(String, String)>,
        sql: &'static str,
    ) -> Result<Option<u64>, SqlError> {
        let Some((id_hash, consent)) = found.into_iter().next() else { return Ok(None) };
        locked_by_hash(work, id_hash).await?;
        let generation = self.bump(work).await?;
        let turned = sqlx::query(sql).bind(consent).execute(work.on()).await?;
        Ok((turned.rows_affected() == 1).then_some(generation))
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

//! Consents: granted by a right passcode, turned into one token, ended by the citizen.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    caller::Thumbprint,
    consent::{
        ConsentUse, SubjectKey,
        details::Details,
        machine::Transaction,
        mode::Mode,
        revision::{Cause, Standing},
    },
    ids::{AgencyId, ConsentId},
    limits,
    ports::entropy::random_hex_128,
    timestamp::Timestamp,
};

use super::{
    ControlStore, Done, IssuedToken, SqlError, Work, damaged, frequency::bind, requests::Stored, revisions::Revised,
    sha256, tokens,
};

impl ControlStore {
    /// Stores the consent that a right passcode gave.
    pub(super) async fn grant(
        &self,
        work: &mut Work,
        stored: &Stored,
        approved: &Transaction,
    ) -> Result<ConsentId, SqlError> {
        // The name that its record began under; a request from before there were records has none.
        let id = match &stored.record {
            Some(id) => ConsentId::parse(id).map_err(|_| damaged("consent id"))?,
            None => self.draw_consent_id()?,
        };
        let details = details_of(stored)?;
        let collected = approved.collect_until().plus_seconds(limits::CONSENT_TOKEN_TTL_S);
        let expires_at = match details.usage {
            ConsentUse::OneTime => details.valid_until.unwrap_or(collected).min(collected),
            ConsentUse::Standing => details.valid_until.ok_or_else(|| damaged("standing consent"))?,
        };
        let granted_at = whole_millisecond(approved.approved_at.ok_or_else(|| damaged("approval"))?);
        sqlx::query(
            "INSERT INTO consent (id, revision, subject, agency, user_id, purpose, datatypes, usage, granted_at, \
             expires_at, state, valid_until, mode) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $11)",
        )
        .bind(id.as_str())
        .bind(stored.subject.clone())
        .bind(stored.agency.clone())
        .bind(stored.user.clone())
        .bind(details.purpose.as_str())
        .bind(serde_json::to_string(&details.datatypes).map_err(|_| damaged("list of datatypes"))?)
        .bind(tokens::usage_word(details.usage))
        .bind(granted_at.micros())
        .bind(expires_at.micros())
        .bind(details.valid_until.map(Timestamp::micros))
        .bind(approved.mode.as_str())
        .execute(work.on())
        .await?;
        bind(work, &id, &details.bounds).await?;
        let cause = match approved.mode {
            Mode::SmsPin => Cause::PasscodeAtCounter,
            Mode::SmsReply => Cause::OkBySms,
        };
        if stored.record.is_some() {
            self.revise(work, id.as_str(), (Standing::Active, cause)).await?.whole()?;
        }
        Ok(id)
    }

    /// A name for a consent that is asked for.
    pub(super) fn draw_consent_id(&self) -> Result<ConsentId, SqlError> {
        let id = format!("cns-{}", random_hex_128(self.entropy.as_ref()));
        ConsentId::parse(&id).map_err(|_| damaged("consent id"))
    }

    /// Stores the consent's one token, hashed and bound to the certificate. `None` if the consent has ended meanwhile.
    pub(super) async fn issue(
        &self,
        work: &mut Work,
        stored: &Stored,
        certificate: Thumbprint,
        now: Timestamp,
    ) -> Result<Option<IssuedToken>, SqlError> {
        let consent = stored.consent.as_deref().ok_or_else(|| damaged("consent"))?;
        if !holds(work, consent).await? {
            return Ok(None);
        }
        let details = details_of(stored)?;
        let short = now.plus_seconds(limits::CONSENT_TOKEN_TTL_S);
        let expires_at = match details.usage {
            ConsentUse::OneTime => details.valid_until.unwrap_or(short).min(short),
            ConsentUse::Standing => details.valid_until.unwrap_or(now),
        };
        if expires_at <= now {
            return Ok(None);
        }
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret);
        let access_token = URL_SAFE_NO_PAD.encode(secret);
        sqlx::query("INSERT INTO token (hash, consent, certificate, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(tokens::hash_text(sha256(access_token.as_bytes())))
            .bind(consent)
            .bind(tokens::certificate_text(certificate))
            .bind(expires_at.micros())
            .execute(work.on())
            .await?;
        Ok(Some(IssuedToken {
            access_token,
            expires_in_s: expires_at.seconds() - now.seconds(),
            consent: ConsentId::parse(consent).map_err(|_| damaged("consent id"))?,
            details: stored.details.clone(),
            subject: SubjectKey::from_hex(&stored.subject).ok_or_else(|| damaged("subject"))?,
            mode: stored.transaction.mode,
            approved_at: stored.transaction.approved_at.ok_or_else(|| damaged("approval"))?,
        }))
    }

    /// Ends a consent for ever, in the operator's name; its token dies everywhere within a second, and its agency is told. `false` if
    /// there was none to end.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn revoke_consent(&self, consent: &ConsentId) -> Result<bool, SqlError> {
        self.end_consent(consent, Cause::Operator).await
    }

    async fn end_consent(&self, consent: &ConsentId, cause: Cause) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        if !self.revoke(&mut work, consent.as_str(), cause).await? {
            return Ok(false);
        }
        if cause == Cause::Operator {
            let detail = serde_json::json!({ "consent": consent });
            self.note(&mut work, generation, &Done { what: "consent-revoke", agency: None, detail }).await?;
        }
        // What it gave back itself it need not be told.
        if cause != Cause::AgencyGaveBack {
            self.tell_revoked(&mut work, consent.as_str()).await?;
        }
        self.commit(work, generation).await?;
        Ok(true)
    }

    /// Ends the consent behind a token, or of this name, if it was given to this agency; it dies everywhere within a second.
    /// `false` if there was none to end.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn give_back(&self, handed: &str, agency: &AgencyId) -> Result<bool, SqlError> {
        let by_token =
            "SELECT c.id FROM token t JOIN consent c ON c.id = t.consent WHERE t.hash = $1 AND c.agency = $2";
        let by_name = "SELECT id FROM consent WHERE id = $1 AND agency = $2";
        let hash = tokens::hash_text(sha256(handed.as_bytes()));
        let mut row: Option<String> = None;
        for (sql, key) in [(by_token, hash.as_str()), (by_name, handed)] {
            if row.is_none() {
                let found = sqlx::query_scalar(sql).bind(key).bind(agency.as_str());
                row = found.fetch_optional(self.database.pool()).await?;
            }
        }
        let Some(id) = row else { return Ok(false) };
        self.end_consent(&ConsentId::parse(&id).map_err(|_| damaged("consent id"))?, Cause::AgencyGaveBack).await
    }

    /// Every consent that a citizen ever gave, newest first, at most a thousand.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn consents_of(&self, subject: SubjectKey) -> Result<Vec<ConsentId>, SqlError> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT id FROM consent WHERE subject = $1 ORDER BY granted_at DESC, id LIMIT 1000")
                .bind(subject.to_hex())
                .fetch_all(self.database.pool())
                .await?;
        ids.iter().map(|id| ConsentId::parse(id).map_err(|_| damaged("consent id"))).collect()
    }

    /// Pauses every active consent of a citizen, as a notice of death does; answers how many.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn pause_consents(&self, subject: SubjectKey) -> Result<u64, SqlError> {
        self.turn(subject, Standing::Active, (Standing::Paused, Cause::DeathNotice)).await
    }

    /// Lets every paused consent of a citizen go on, as the withdrawal of a notice does; answers how many.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn resume_consents(&self, subject: SubjectKey) -> Result<u64, SqlError> {
        self.turn(subject, Standing::Paused, (Standing::Active, Cause::NoticeWithdrawn)).await
    }

    async fn turn(&self, subject: SubjectKey, from: Standing, step: (Standing, Cause)) -> Result<u64, SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        // What the citizen paused, only the citizen resumes.
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM consent WHERE subject = $1 AND state = $2 AND paused_by IS NULL ORDER BY id",
        )
        .bind(subject.to_hex())
        .bind(from.as_str())
        .fetch_all(work.on())
        .await?;
        let mut turned = 0;
        for id in ids {
            turned += u64::from(self.turn_one(&mut work, &id, from, step).await?);
        }
        self.commit(work, generation).await?;
        Ok(turned)
    }

    /// Turns one consent from a state into another; whether it was in it. The caller commits it under a new generation.
    pub(super) async fn turn_one(
        &self,
        work: &mut Work,
        consent: &str,
        from: Standing,
        step: (Standing, Cause),
    ) -> Result<bool, SqlError> {
        let turned = sqlx::query("UPDATE consent SET state = $3, revision = revision + 1 WHERE id = $1 AND state = $2")
            .bind(consent)
            .bind(from.as_str())
            .bind(step.0.as_str())
            .execute(work.on())
            .await?;
        if turned.rows_affected() == 0 {
            return Ok(false);
        }
        let revised = self.revise(work, consent, step).await?;
        // What is let go on must be told; what is halted is halted, whatever became of its record.
        if step.0 == Standing::Active {
            revised.whole()?;
        }
        Ok(true)
    }

    /// Ends a consent; whether there was one to end. The caller commits it under a new generation.
    pub(super) async fn revoke(&self, work: &mut Work, consent: &str, cause: Cause) -> Result<bool, SqlError> {
        let ended = sqlx::query(
            "UPDATE consent SET state = 'revoked', revision = revision + 1 WHERE id = $1 AND state <> 'revoked'",
        )
        .bind(consent)
        .execute(work.on())
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        // It is over, whatever became of its record: a citizen who says stop is not made to wait for an inquiry.
        let _: Revised = self.revise(work, consent, (Standing::Revoked, cause)).await?;
        Ok(true)
    }
}

/// Whether a consent is there to be ended.
pub(super) async fn holds(work: &mut Work, consent: &str) -> Result<bool, SqlError> {
    let holds: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM consent WHERE id = $1 AND state <> 'revoked'")
        .bind(consent)
        .fetch_one(work.on())
        .await?;
    Ok(holds == 1)
}

/// The policies know milliseconds, and let nothing begin early: a yes in the midst of one would not hold until the next,
/// and a token that is used at once would fail. No token exists before its yes, so the earlier instant gives nothing away.
const fn whole_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.millis().saturating_mul(1_000))
}

pub(super) fn details_of(stored: &Stored) -> Result<Details, SqlError> {
    Details::parse(&stored.details).map_err(|_| damaged("request's details"))
}

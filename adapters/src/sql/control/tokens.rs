//! Consent tokens and single-use approvals as the door uses them: of many at once, one wins.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{
    caller::Thumbprint,
    consent::{ConsentFacts, ConsentUse, SubjectKey, frequency::Turn},
    ids::{AgencyId, ApprovalId, ConsentId, DatatypeId, ProgrammeId, PurposeCode, RequestId, UserId},
    limits,
    ports::consent_tokens::{ConsentTokens, ControlUnavailable, Turned},
    timestamp::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::{ControlStore, SqlError, damaged, frequency::bounds_of, sha256};

pub(super) const FIND: &str = "SELECT t.certificate, t.expires_at AS token_expires_at, t.used_by, t.used_at, c.id, c.revision, c.subject, \
                    c.agency, c.user_id, c.purpose, c.datatypes, c.usage, c.granted_at, c.expires_at, c.state, c.valid_until, c.mode, c.bounds \
                    FROM token t JOIN consent c ON c.id = t.consent WHERE t.hash = $1";

/// The same by the consent; one whose token was never collected has none.
const FIND_BY_CONSENT: &str = "SELECT t.certificate, t.expires_at AS token_expires_at, t.used_by, t.used_at, c.id, c.revision, \
                               c.subject, c.agency, c.user_id, c.purpose, c.datatypes, c.usage, c.granted_at, c.expires_at, \
                               c.state, c.valid_until, c.bounds FROM token t JOIN consent c ON c.id = t.consent WHERE c.id = $1";

/// Uses a one-time token if nobody has: the statement itself decides who was first.
const CONSUME: &str = "UPDATE token SET used_by = $2, used_at = $3 \
                       WHERE hash = $1 AND used_by IS NULL AND expires_at > $3 AND EXISTS \
                       (SELECT 1 FROM consent c WHERE c.id = token.consent AND c.state = 'active' \
                       AND c.usage = 'one_time')";

/// What stands behind a token, with the certificate that may show it.
type Found = Arc<(Thumbprint, ConsentFacts)>;

#[async_trait]
impl ConsentTokens for ControlStore {
    async fn find(&self, token: &str, certificate: Thumbprint) -> Result<Option<ConsentFacts>, ControlUnavailable> {
        let now = self.clock.now();
        let found = self.behind(sha256(token.as_bytes()), now).await?;
        let live = found.filter(|found| found.0 == certificate && found.1.active && now < found.1.expires_at);
        Ok(live.map(|found| found.1.clone()))
    }

    async fn find_again(
        &self,
        token: &str,
        certificate: Thumbprint,
        by: &RequestId,
    ) -> Result<Option<ConsentFacts>, ControlUnavailable> {
        let row = sqlx::query(FIND)
            .bind(hash_text(sha256(token.as_bytes())))
            .fetch_optional(self.database.pool())
            .await
            .map_err(SqlError::from)?;
        let Some(row) = row else { return Ok(None) };
        let (bound, facts) = used_by(&row, by)?;
        Ok((bound == certificate && facts.active && self.clock.now() < facts.expires_at).then_some(facts))
    }

    async fn consume(&self, token: &str, request: &RequestId) -> Result<bool, ControlUnavailable> {
        let now = self.clock.now();
        let hash = sha256(token.as_bytes());
        let found = self.behind(hash, now).await?;
        let live = found.filter(|found| found.1.active && now < found.1.expires_at);
        match live.map(|found| found.1.usage) {
            None => Ok(false),
            Some(ConsentUse::Standing) => Ok(true),
            Some(ConsentUse::OneTime) => Ok(self.consume_once(hash, request, now).await?),
        }
    }

    async fn restore(&self, token: &str, request: &RequestId) -> Result<(), ControlUnavailable> {
        let _turn = self.database.turn().await?;
        sqlx::query("UPDATE token SET used_by = NULL, used_at = NULL WHERE hash = $1 AND used_by = $2")
            .bind(hash_text(sha256(token.as_bytes())))
            .bind(request.as_str())
            .execute(self.database.pool())
            .await
            .map_err(SqlError::from)?;
        Ok(())
    }

    async fn use_consent(
        &self,
        consent: &ConsentId,
        turn: Turn,
        request: &RequestId,
    ) -> Result<Turned, ControlUnavailable> {
        Ok(self.take_turn(consent, turn, request).await?)
    }

    async fn restore_consent(&self, consent: &ConsentId, request: &RequestId) -> Result<(), ControlUnavailable> {
        Ok(self.give_back_turn(consent, request).await?)
    }

    async fn use_approval(&self, approval: &ApprovalId, request: &RequestId) -> Result<bool, ControlUnavailable> {
        Ok(self.take_approval(approval, request).await?)
    }

    async fn restore_approval(&self, approval: &ApprovalId, request: &RequestId) -> Result<(), ControlUnavailable> {
        Ok(self.give_back_approval(approval, request).await?)
    }

    async fn use_programme(
        &self,
        programme: &ProgrammeId,
        (window, times): (Timestamp, u32),
        request: &RequestId,
    ) -> Result<bool, ControlUnavailable> {
        Ok(self.take_programme(programme, (window, times), request).await?)
    }

    async fn restore_programme(&self, programme: &ProgrammeId, request: &RequestId) -> Result<(), ControlUnavailable> {
        let _turn = self.database.turn().await?;
        sqlx::query("DELETE FROM programme_use WHERE programme = $1 AND request = $2")
            .bind(programme.as_str())
            .bind(request.as_str())
            .execute(self.database.pool())
            .await
            .map_err(SqlError::from)?;
        Ok(())
    }
}

impl ControlStore {
    /// The consent behind a recorded request, as it was when it was used: active, whatever became of it since.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn recorded_consent(&self, consent: &ConsentId) -> Result<Option<ConsentFacts>, SqlError> {
        let row = sqlx::query(FIND_BY_CONSENT).bind(consent.as_str()).fetch_optional(self.database.pool()).await?;
        let facts = row.map(|row| found(&row)).transpose()?;
        Ok(facts.map(|(_, facts)| ConsentFacts { active: true, ..facts }))
    }

    /// Standing consents are remembered while their generation is current; one-time tokens never are.
    async fn behind(&self, hash: [u8; 32], now: Timestamp) -> Result<Option<Found>, SqlError> {
        let generation = self.confirmed.current(now);
        if let Some(found) = generation.and_then(|generation| self.standing.get(&hash, generation)) {
            return Ok(Some(found));
        }
        let row = sqlx::query(FIND).bind(hash_text(hash)).fetch_optional(self.database.pool()).await?;
        let Some(row) = row else { return Ok(None) };
        let found = Arc::new(found(&row)?);
        if let (Some(generation), ConsentUse::Standing) = (generation, found.1.usage) {
            self.standing.put(hash, generation, Arc::clone(&found));
        }
        Ok(Some(found))
    }

    async fn consume_once(&self, hash: [u8; 32], request: &RequestId, now: Timestamp) -> Result<bool, SqlError> {
        let _turn = self.database.turn().await?;
        let used = sqlx::query(CONSUME)
            .bind(hash_text(hash))
            .bind(request.as_str())
            .bind(now.micros())
            .execute(self.database.pool())
            .await?;
        Ok(used.rows_affected() == 1)
    }

    /// Each use has a place of its own in its window: who writes a place first has it.
    async fn take_programme(
        &self,
        programme: &ProgrammeId,
        (window, times): (Timestamp, u32),
        request: &RequestId,
    ) -> Result<bool, SqlError> {
        let _turn = self.database.turn().await?;
        let taken: Vec<i64> = sqlx::query_scalar(
            "SELECT place FROM programme_use WHERE programme = $1 AND begins_at = $2 ORDER BY place",
        )
        .bind(programme.as_str())
        .bind(window.micros())
        .fetch_all(self.database.pool())
        .await?;
        for place in (0..i64::from(times)).filter(|place| taken.binary_search(place).is_err()) {
            let used = sqlx::query(
                "INSERT INTO programme_use (programme, begins_at, place, request, used_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (programme, begins_at, place) DO NOTHING",
            )
            .bind(programme.as_str())
            .bind(window.micros())
            .bind(place)
            .bind(request.as_str())
            .bind(self.clock.now().micros())
            .execute(self.database.pool())
            .await?;
            if used.rows_affected() == 1 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn take_approval(&self, approval: &ApprovalId, request: &RequestId) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        let used = sqlx::query(
            "INSERT INTO approval_use (approval, request, used_at) SELECT e.key, $2, $3 FROM directory_entry e \
             WHERE e.kind = 'approval' AND e.key = $1 ON CONFLICT (approval) DO NOTHING",
        )
        .bind(approval.as_str())
        .bind(request.as_str())
        .bind(self.clock.now().micros())
        .execute(work.on())
        .await?;
        if used.rows_affected() == 0 {
            return Ok(false);
        }
        self.commit(work, generation).await?;
        Ok(true)
    }

    async fn give_back_approval(&self, approval: &ApprovalId, request: &RequestId) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        sqlx::query("DELETE FROM approval_use WHERE approval = $1 AND request = $2")
            .bind(approval.as_str())
            .bind(request.as_str())
            .execute(work.on())
            .await?;
        self.commit(work, generation).await?;
        Ok(())
    }
}

/// Hash of a handle as it stands in the database.
pub(super) fn hash_text(hash: [u8; 32]) -> String {
    hex::encode(hash)
}

/// A certificate's thumbprint as it stands in the database.
pub(super) fn certificate_text(certificate: Thumbprint) -> String {
    hex::encode(certificate.0)
}

/// The usage as it stands in the database.
pub(super) const fn usage_word(usage: ConsentUse) -> &'static str {
    match usage {
        ConsentUse::OneTime => "one_time",
        ConsentUse::Standing => "standing",
    }
}

/// Reads back [`usage_word`].
pub(super) fn usage_of(word: &str) -> Result<ConsentUse, SqlError> {
    match word {
        "one_time" => Ok(ConsentUse::OneTime),
        "standing" => Ok(ConsentUse::Standing),
        _ => Err(damaged("consent's use")),
    }
}

/// As [`found`]; but what this request itself used is not used up for it, and its use was in time. The end that was asked
/// of the citizen still holds.
fn used_by(row: &AnyRow, request: &RequestId) -> Result<(Thumbprint, ConsentFacts), SqlError> {
    let (bound, mut facts) = found(row)?;
    let used: Option<String> = row.try_get("used_by")?;
    let used_at: Option<i64> = row.try_get("used_at")?;
    if let (Some(used), Some(at)) = (used, used_at)
        && used == request.as_str()
    {
        facts.active = row.try_get::<String, _>("state")? == "active";
        let repeatable = Timestamp::from_micros(at).plus_seconds(limits::REPLAY_WITHIN_S);
        let own_end: Option<i64> = row.try_get("valid_until")?;
        facts.expires_at = own_end.map_or(repeatable, |end| repeatable.min(Timestamp::from_micros(end)));
    }
    Ok((bound, facts))
}

pub(super) fn found(row: &AnyRow) -> Result<(Thumbprint, ConsentFacts), SqlError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let integer = |column: &str| row.try_get::<i64, _>(column);
    let certificate = hex::decode(text("certificate")?).ok().and_then(|bytes| bytes.try_into().ok());
    let used: Option<String> = row.try_get("used_by")?;
    let usage = usage_of(&text("usage")?)?;
    let datatypes: Vec<DatatypeId> = serde_json::from_str(&text("datatypes")?).map_err(|_| damaged("datatypes"))?;
    let expires_at = integer("token_expires_at")?.min(integer("expires_at")?);
    let facts = ConsentFacts {
        id: ConsentId::parse(&text("id")?).map_err(|_| damaged("consent id"))?,
        revision: u32::try_from(integer("revision")?).map_err(|_| damaged("revision"))?,
        subject: SubjectKey::from_hex(&text("subject")?).ok_or_else(|| damaged("subject"))?,
        agency: AgencyId::parse(&text("agency")?).map_err(|_| damaged("agency"))?,
        user: UserId::parse(&text("user_id")?).map_err(|_| damaged("user"))?,
        purpose: PurposeCode::parse(&text("purpose")?).map_err(|_| damaged("purpose"))?,
        datatypes,
        usage,
        granted_at: Timestamp::from_micros(integer("granted_at")?),
        expires_at: Timestamp::from_micros(expires_at),
        active: text("state")? == "active" && used.is_none(),
        bounds: bounds_of(row)?,
    };
    Ok((Thumbprint(certificate.ok_or_else(|| damaged("certificate"))?), facts))
}

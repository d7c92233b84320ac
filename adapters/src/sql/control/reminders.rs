//! Before the end of a standing consent its citizen is told, once, whichever process comes first.

use exchange::{
    consent::{SubjectKey, message::Language},
    ids::ConsentId,
    limits,
    timestamp::Timestamp,
};

use super::{ControlStore, SqlError, damaged, outbox::Message};

/// Consents that are looked at in one round.
const ROUND_MAX: i64 = 200;

/// A standing consent that ends soon.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The consent.
    pub consent: ConsentId,
    /// The agency that holds it, by its name in the directory.
    pub agency: String,
    /// The purpose's code.
    pub purpose: String,
    /// The reference under which the citizen allowed it.
    pub reference: String,
    /// First instant at which it no longer holds.
    pub ends_at: Timestamp,
    subject: SubjectKey,
}

/// A row of what ends: consent, agency, purpose, subject, end, reference.
type Row = (String, String, String, String, i64, String);

impl ControlStore {
    /// Standing consents that end within [`limits::CONSENT_REMINDER_S`], whose citizens were not told yet; the next to end first. One
    /// that was given for less long is not announced: its message told the end.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn ending(&self) -> Result<Vec<Ending>, SqlError> {
        let now = self.clock.now();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT c.id, c.agency, c.purpose, c.subject, c.expires_at, r.reference FROM consent c \
             JOIN auth_request r ON r.consent = c.id WHERE c.reminded_at IS NULL AND c.usage = 'standing' \
             AND c.state = 'active' AND c.expires_at > $1 AND c.expires_at <= $2 \
             AND c.expires_at - c.granted_at > $3 ORDER BY c.expires_at, c.id LIMIT $4",
        )
        .bind(now.micros())
        .bind(now.plus_seconds(limits::CONSENT_REMINDER_S).micros())
        .bind(limits::CONSENT_REMINDER_S.saturating_mul(1_000_000))
        .bind(ROUND_MAX)
        .fetch_all(self.database.pool())
        .await?;
        rows.into_iter().map(ending_of).collect()
    }

    /// Notes that the citizen is told, and queues the message that `tell` makes, both or neither; `false` if that was done before, the
    /// consent was ended meanwhile, or the citizen has no number.
    ///
    /// # Errors
    /// [`SqlError`]: it can be tried again.
    pub async fn remind(&self, ending: &Ending, tell: impl FnOnce(Language) -> String) -> Result<bool, SqlError> {
        let now = self.clock.now();
        let mut work = self.database.begin().await?;
        let noted = sqlx::query(
            "UPDATE consent SET reminded_at = $2 WHERE id = $1 AND reminded_at IS NULL AND state = 'active'",
        )
        .bind(ending.consent.as_str())
        .bind(now.micros())
        .execute(work.on())
        .await?;
        if noted.rows_affected() == 0 {
            return Ok(false);
        }
        let contact = self.contact_within(&mut work, ending.subject).await?;
        if let Some(contact) = contact {
            let text = tell(contact.language);
            let message = Message { to: contact.mobile, text: &text, drop_at: ending.ends_at, about: None };
            self.queue_sms(&mut work, message, now).await?;
        }
        work.commit().await?;
        Ok(contact.is_some())
    }
}

fn ending_of((consent, agency, purpose, subject, ends_at, reference): Row) -> Result<Ending, SqlError> {
    Ok(Ending {
        consent: ConsentId::parse(&consent).map_err(|_| damaged("consent id"))?,
        agency,
        purpose,
        reference,
        ends_at: Timestamp::from_micros(ends_at),
        subject: SubjectKey::from_hex(&subject).ok_or_else(|| damaged("subject"))?,
    })
}

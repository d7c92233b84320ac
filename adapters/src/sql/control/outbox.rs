//! Messages that wait for a transport: written in the unit of work that needs them sent, sealed like the numbers.

use exchange::{mobile::Mobile, ports::entropy::random_hex_128, timestamp::Timestamp};

use super::{ControlStore, SqlError, Work, damaged};
use crate::sms::{Sms, SmsState, limits};

/// A message to be queued.
pub(super) struct Message<'a> {
    /// To whom.
    pub(super) to: Mobile,
    /// The text.
    pub(super) text: &'a str,
    /// From then on it is of no use to anybody.
    pub(super) drop_at: Timestamp,
    /// Hash of the request that it carries the passcode of.
    pub(super) about: Option<&'a str>,
}

/// A row as it is shown, with the best and the worst that became of its pieces: the words are in that order.
type Shown = (String, i64, Vec<u8>, Vec<u8>, Option<String>, Option<String>, Option<String>);

const SHOWN: &str = "SELECT o.id, o.queued_at, o.recipient, o.body, o.ended, \
                     (SELECT MIN(COALESCE(p.fate, 'accepted')) FROM sms_piece p WHERE p.message = o.id), \
                     (SELECT MAX(p.fate) FROM sms_piece p WHERE p.message = o.id) \
                     FROM sms_outbox o ORDER BY o.queued_at DESC, o.id DESC LIMIT $1";

impl ControlStore {
    /// Queues a message within the work that makes it necessary.
    pub(super) async fn queue_sms(
        &self,
        work: &mut Work,
        Message { to, text, drop_at, about }: Message<'_>,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        let id = random_hex_128(self.entropy.as_ref());
        let recipient = self.seal(&place("recipient", &id), to.e164().as_bytes())?;
        let body = self.seal(&place("body", &id), text.as_bytes())?;
        sqlx::query(
            "INSERT INTO sms_outbox (id, queued_at, recipient, body, lookup, drop_at, due_at, about) \
             VALUES ($1, $2, $3, $4, $5, $6, $2, $7)",
        )
        .bind(id)
        .bind(now.micros())
        .bind(recipient)
        .bind(body)
        .bind(self.number_tag(to))
        .bind(drop_at.micros())
        .bind(about)
        .execute(work.on())
        .await?;
        Ok(())
    }

    /// The newest messages, at most `limit`, oldest first: what `ijazat sms` shows.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn outbox(&self, limit: u32) -> Result<Vec<Sms>, SqlError> {
        let rows: Vec<Shown> = sqlx::query_as(SHOWN).bind(i64::from(limit)).fetch_all(self.database.pool()).await?;
        rows.into_iter().rev().map(|row| self.sms(row)).collect()
    }

    /// How many messages wait for a transport.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn outbox_depth(&self) -> Result<i64, SqlError> {
        let counted = sqlx::query_scalar("SELECT COUNT(*) FROM sms_outbox WHERE due_at IS NOT NULL")
            .fetch_one(self.database.pool())
            .await?;
        Ok(counted)
    }

    /// Forgets what became of messages long ago, receipts that nothing came of, and parts whose others never came.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn forget_outbox(&self) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        let now = self.clock.now();
        let old = now.plus_seconds(-limits::OUTBOX_KEPT_S).micros();
        sqlx::query("DELETE FROM sms_piece WHERE message IN (SELECT id FROM sms_outbox WHERE queued_at <= $1)")
            .bind(old)
            .execute(work.on())
            .await?;
        sqlx::query("DELETE FROM sms_outbox WHERE queued_at <= $1").bind(old).execute(work.on()).await?;
        sqlx::query("DELETE FROM sms_receipt WHERE came_at <= $1")
            .bind(now.plus_seconds(-limits::RECEIPT_WAITS_S).micros())
            .execute(work.on())
            .await?;
        sqlx::query("DELETE FROM sms_part WHERE came_at <= $1")
            .bind(now.plus_seconds(-limits::PARTS_WITHIN_S).micros())
            .execute(work.on())
            .await?;
        work.commit().await
    }

    fn sms(&self, (id, queued_at, recipient, body, ended, least, most): Shown) -> Result<Sms, SqlError> {
        let to = self.recipient(&id, &recipient)?;
        let text = if body.is_empty() { String::new() } else { self.text(&id, &body)? };
        let state = match (ended.as_deref(), least.as_deref(), most.as_deref()) {
            (Some("refused"), ..) => SmsState::Refused,
            (Some("late"), ..) => SmsState::Late,
            (Some("unknown"), ..) => SmsState::Unknown,
            (Some(_), _, Some("undeliverable")) => SmsState::Undeliverable,
            (Some(_), Some("delivered"), _) => SmsState::Delivered,
            (Some(_), ..) => SmsState::Taken,
            (None, ..) => SmsState::Waiting,
        };
        Ok(Sms { queued_at: Timestamp::from_micros(queued_at), to, text, state })
    }

    /// Opens the number of a message.
    pub(super) fn recipient(&self, id: &str, sealed: &[u8]) -> Result<Mobile, SqlError> {
        let to = self.unseal(&place("recipient", id), sealed)?;
        Mobile::parse(&to).map_err(|_| damaged("recipient"))
    }

    /// Opens the text of a message.
    pub(super) fn text(&self, id: &str, sealed: &[u8]) -> Result<String, SqlError> {
        self.unseal(&place("body", id), sealed)
    }
}

fn place(column: &str, id: &str) -> String {
    format!("sms_outbox/{column}/{id}")
}

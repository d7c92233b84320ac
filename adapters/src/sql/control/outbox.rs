//! Messages that wait for a transport: written in the unit of work that needs them sent, sealed like the numbers.

use exchange::{mobile::Mobile, ports::entropy::random_hex_128, timestamp::Timestamp};

use super::{ControlStore, SqlError, Work, damaged};
use crate::sms::Sms;

impl ControlStore {
    /// Queues a message within the work that makes it necessary.
    pub(super) async fn queue_sms(
        &self,
        work: &mut Work,
        to: Mobile,
        text: &str,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        let id = random_hex_128(self.entropy.as_ref());
        let recipient = self.seal(&place("recipient", &id), to.e164().as_bytes())?;
        let body = self.seal(&place("body", &id), text.as_bytes())?;
        sqlx::query("INSERT INTO sms_outbox (id, queued_at, recipient, body) VALUES ($1, $2, $3, $4)")
            .bind(id)
            .bind(now.micros())
            .bind(recipient)
            .bind(body)
            .execute(work.on())
            .await?;
        Ok(())
    }

    /// The newest messages, at most `limit`, oldest first: what `ijazat sms` shows in the sandbox.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn outbox(&self, limit: u32) -> Result<Vec<Sms>, SqlError> {
        let rows: Vec<(String, i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT id, queued_at, recipient, body FROM sms_outbox ORDER BY queued_at DESC, id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.database.pool())
        .await?;
        rows.into_iter().rev().map(|row| self.sms(row)).collect()
    }

    /// How many messages wait for a transport.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn outbox_depth(&self) -> Result<i64, SqlError> {
        let counted = sqlx::query_scalar("SELECT COUNT(*) FROM sms_outbox").fetch_one(self.database.pool()).await?;
        Ok(counted)
    }

    fn sms(&self, (id, queued_at, recipient, body): (String, i64, Vec<u8>, Vec<u8>)) -> Result<Sms, SqlError> {
        let to = self.unseal(&place("recipient", &id), &recipient)?;
        let to = Mobile::parse(&to).map_err(|_| damaged("recipient"))?;
        let text = self.unseal(&place("body", &id), &body)?;
        Ok(Sms { queued_at: Timestamp::from_micros(queued_at), to, text })
    }
}

fn place(column: &str, id: &str) -> String {
    format!("sms_outbox/{column}/{id}")
}

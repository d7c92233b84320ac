//! What a transport receives: receipts, and citizens' messages, whole or in parts. Kept before it is acknowledged.

use async_trait::async_trait;

use super::{ControlStore, SqlError};
use crate::sms::{
    limits,
    port::{Incoming, NotKept, Part, Receipt, SmsReceiver},
};

#[async_trait]
impl SmsReceiver for ControlStore {
    async fn message(&self, message: Incoming) -> Result<(), NotKept> {
        let taken = match message.part {
            None => self.take_sms(message.from, &message.text).await.map(drop),
            Some(part) => self.take_part(&message, part).await,
        };
        taken.map_err(|error| not_kept("message", &error))
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), NotKept> {
        self.take_receipt(&receipt).await.map(drop).map_err(|error| not_kept("receipt", &error))
    }
}

fn not_kept(what: &str, error: &SqlError) -> NotKept {
    tracing::warn!(error = %error, what, "what came by SMS could not be kept; it is asked for again");
    NotKept
}

impl ControlStore {
    /// Takes a part; with the last that was missing, the message. What cannot be a message of ours is taken and forgotten.
    async fn take_part(&self, message: &Incoming, part: Part) -> Result<(), SqlError> {
        let possible = (2..=limits::PARTS_MAX).contains(&part.total) && (1..=part.total).contains(&part.number);
        if !possible {
            tracing::warn!(parts = part.total, "a message in impossible parts came by SMS");
            return Ok(());
        }
        let sender = self.number_tag(message.from);
        let Some(bodies) = self.keep_part(&sender, message, part).await? else { return Ok(()) };
        let mut text = String::new();
        for (number, body) in bodies {
            text.push_str(&self.unseal(&place(&sender, part, number), &body)?);
        }
        // Done before the parts are forgotten: a kill between brings the last part again, and the same message is taken once.
        self.take_sms(message.from, &text).await?;
        let _turn = self.database.turn().await?;
        sqlx::query("DELETE FROM sms_part WHERE sender = $1 AND reference = $2 AND total = $3")
            .bind(sender)
            .bind(i64::from(part.reference))
            .bind(i64::from(part.total))
            .execute(self.database.pool())
            .await?;
        Ok(())
    }

    /// Keeps a part beside those that came within a minute; all of them in their order, once they are all there.
    async fn keep_part(
        &self,
        sender: &str,
        message: &Incoming,
        part: Part,
    ) -> Result<Option<Vec<(i64, Vec<u8>)>>, SqlError> {
        let now = self.clock.now();
        let body = self.seal(&place(sender, part, i64::from(part.number)), message.text.as_bytes())?;
        let mut work = self.database.begin().await?;
        sqlx::query("DELETE FROM sms_part WHERE sender = $1 AND came_at <= $2")
            .bind(sender)
            .bind(now.plus_seconds(-limits::PARTS_WITHIN_S).micros())
            .execute(work.on())
            .await?;
        let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sms_part WHERE sender = $1")
            .bind(sender)
            .fetch_one(work.on())
            .await?;
        if waiting >= limits::PARTS_WAITING_MAX {
            return Ok(None);
        }
        sqlx::query(
            "INSERT INTO sms_part (sender, reference, total, number, came_at, body) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (sender, reference, total, number) DO UPDATE SET came_at = excluded.came_at, body = excluded.body",
        )
        .bind(sender)
        .bind(i64::from(part.reference))
        .bind(i64::from(part.total))
        .bind(i64::from(part.number))
        .bind(now.micros())
        .bind(body)
        .execute(work.on())
        .await?;
        work.commit().await?;
        // Only now: of two parts that come at once, the later one to be kept sees both. If both do, the message is taken once.
        let parts: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT number, body FROM sms_part WHERE sender = $1 AND reference = $2 AND total = $3 ORDER BY number",
        )
        .bind(sender)
        .bind(i64::from(part.reference))
        .bind(i64::from(part.total))
        .fetch_all(self.database.pool())
        .await?;
        Ok((parts.len() == usize::from(part.total)).then_some(parts))
    }
}

fn place(sender: &str, part: Part, number: i64) -> String {
    format!("sms_part/body/{sender}/{}/{}/{number}", part.reference, part.total)
}

//! The outbox as a sender works it off: taken out under a lease, handed over piece by piece, each noted before the next.
//!
//! What a kill leaves behind is a message under a lease, of which the pieces are known that were noted. Of the one that was being
//! handed over nobody knows; it waits for a receipt that names it, and then goes out again, in the same words.

use exchange::timestamp::Timestamp;

use super::{ControlStore, SqlError, Work};
use crate::sms::{limits, names, port::Outgoing};

/// A message that is this sender's until its lease ends.
#[derive(Debug)]
pub struct Due {
    /// The message.
    pub message: Outgoing,
    /// Pieces that the network has.
    pub done: Vec<u8>,
    /// How often it was taken out before.
    pub tries: i64,
    /// When another may take it.
    pub until: Timestamp,
}

/// A piece that the network took.
#[derive(Clone, Debug)]
pub struct PieceTaken {
    /// The message.
    pub id: String,
    /// Which piece, from 0.
    pub piece: u8,
    /// The network's name for it.
    pub name: String,
    /// Whether that was the last one that was missing.
    pub last: bool,
}

/// Why a message leaves the outbox other than by being taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUp {
    /// The network would not have it.
    Refused,
    /// No answer came, as often as it may be tried.
    Unknown,
}

type Waiting = (String, Vec<u8>, Vec<u8>, i64, i64, i64, i64, Option<String>);

const WAITING: &str = "SELECT id, recipient, body, due_at, drop_at, tries, unknown, lease FROM sms_outbox \
                       WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2";

impl ControlStore {
    /// Takes out at most `count` messages that are due, oldest first. What is of no use any more ends here.
    ///
    /// # Errors
    /// [`SqlError`]: none was taken.
    pub async fn claim_sms(&self, node: &str, count: u32) -> Result<Vec<Due>, SqlError> {
        let now = self.clock.now();
        // Most of the time there is nothing: that is found out without a lock.
        if !self.is_due(now).await? {
            return Ok(Vec::new());
        }
        let mut work = self.database.begin().await?;
        let rows: Vec<Waiting> =
            sqlx::query_as(WAITING).bind(now.micros()).bind(i64::from(count)).fetch_all(work.on()).await?;
        let mut claimed = Vec::new();
        for row in rows {
            claimed.extend(self.claim(&mut work, row, node, now).await?);
        }
        work.commit().await?;
        Ok(claimed)
    }

    async fn is_due(&self, now: Timestamp) -> Result<bool, SqlError> {
        let due: Option<i64> = sqlx::query_scalar("SELECT due_at FROM sms_outbox WHERE due_at <= $1 LIMIT 1")
            .bind(now.micros())
            .fetch_optional(self.database.pool())
            .await?;
        Ok(due.is_some())
    }

    async fn claim(
        &self,
        work: &mut Work,
        (id, recipient, body, due_at, drop_at, tries, unknown, lease): Waiting,
        node: &str,
        now: Timestamp,
    ) -> Result<Option<Due>, SqlError> {
        // Whoever held it has died over it.
        let unknown = unknown + i64::from(lease.is_some());
        if drop_at <= now.micros() {
            end(work, &id, "late").await?;
            return Ok(None);
        }
        if unknown > limits::UNKNOWN_MAX {
            end(work, &id, "unknown").await?;
            return Ok(None);
        }
        let (Ok(to), Ok(text)) = (self.recipient(&id, &recipient), self.text(&id, &body)) else {
            tracing::error!("a message in the outbox cannot be read, and is not sent");
            end(work, &id, "unknown").await?;
            return Ok(None);
        };
        let until = now.plus_seconds(limits::LEASE_S);
        let taken = sqlx::query(
            "UPDATE sms_outbox SET lease = $2, due_at = $3, tries = $4, unknown = $5 WHERE id = $1 AND due_at = $6",
        )
        .bind(id.clone())
        .bind(node)
        .bind(until.micros())
        .bind(tries + 1)
        .bind(unknown)
        .bind(due_at)
        .execute(work.on())
        .await?;
        if taken.rows_affected() == 0 {
            return Ok(None);
        }
        let done = if tries == 0 { Vec::new() } else { pieces_of(work, &id).await? };
        Ok(Some(Due { message: Outgoing { id, to, text }, done, tries, until }))
    }

    /// Lets go of what an earlier process of this name held: of each, nobody knows whether it went out.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn release_sms(&self, node: &str) -> Result<u64, SqlError> {
        let _turn = self.database.turn().await?;
        let settled = self.clock.now().plus_seconds(limits::SETTLE_S);
        let released = sqlx::query(
            "UPDATE sms_outbox SET due_at = $2, lease = NULL, unknown = unknown + 1 WHERE lease = $1 AND due_at IS NOT NULL",
        )
        .bind(node)
        .bind(settled.micros())
        .execute(self.database.pool())
        .await?;
        Ok(released.rows_affected())
    }

    /// Notes pieces that the network took, all or none. With the last one the text is forgotten: it is the citizen's.
    ///
    /// # Errors
    /// [`SqlError`]: none is noted.
    pub async fn sms_taken(&self, taken: &[PieceTaken]) -> Result<(), SqlError> {
        let now = self.clock.now();
        let mut work = self.database.begin().await?;
        for piece in taken {
            note_piece(&mut work, (&piece.id, piece.piece), &names::kept(&piece.name), now).await?;
            if piece.last {
                end(&mut work, &piece.id, "taken").await?;
            }
        }
        work.commit().await?;
        // They are noted; what is advisory only may fail.
        if let Err(error) = self.catch_up_receipts(taken).await {
            tracing::warn!(error = %error, "receipts that came early wait for others");
        }
        Ok(())
    }

    /// Puts a message back for `after_s` seconds; `unknown` says that it may have gone out.
    ///
    /// # Errors
    /// [`SqlError`]: it is taken up when its lease ends.
    pub async fn put_off_sms(&self, id: &str, node: &str, after_s: i64, unknown: bool) -> Result<(), SqlError> {
        let _turn = self.database.turn().await?;
        sqlx::query(
            "UPDATE sms_outbox SET due_at = $3, lease = NULL, unknown = unknown + $4 \
             WHERE id = $1 AND lease = $2 AND due_at IS NOT NULL",
        )
        .bind(id)
        .bind(node)
        .bind(self.clock.now().plus_seconds(after_s).micros())
        .bind(i64::from(unknown))
        .execute(self.database.pool())
        .await?;
        Ok(())
    }

    /// A message of which the network has every piece, as receipts told.
    ///
    /// # Errors
    /// [`SqlError`]: it is taken up when its lease ends.
    pub async fn finish_sms(&self, id: &str) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        end(&mut work, id, "taken").await?;
        work.commit().await
    }

    /// Takes a message out of the outbox that will not be tried again.
    ///
    /// # Errors
    /// [`SqlError`]: it is taken up when its lease ends.
    pub async fn give_up_sms(&self, id: &str, why: GivenUp) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        let ended = match why {
            GivenUp::Refused => "refused",
            GivenUp::Unknown => "unknown",
        };
        end(&mut work, id, ended).await?;
        work.commit().await
    }
}

/// A newer message says what this one would have said: of what waits and was not tried yet, the older goes.
pub(super) async fn supersede(work: &mut Work, about: &str) -> Result<(), SqlError> {
    sqlx::query(
        "UPDATE sms_outbox SET ended = 'late', due_at = NULL, body = $2 \
         WHERE about = $1 AND due_at IS NOT NULL AND lease IS NULL",
    )
    .bind(about)
    .bind(Vec::<u8>::new())
    .execute(work.on())
    .await?;
    Ok(())
}

/// Nothing more is to be done; the text goes.
async fn end(work: &mut Work, id: &str, ended: &str) -> Result<(), SqlError> {
    sqlx::query(
        "UPDATE sms_outbox SET ended = $2, due_at = NULL, lease = NULL, body = $3 WHERE id = $1 AND ended IS NULL",
    )
    .bind(id)
    .bind(ended)
    .bind(Vec::<u8>::new())
    .execute(work.on())
    .await?;
    Ok(())
}

async fn pieces_of(work: &mut Work, id: &str) -> Result<Vec<u8>, SqlError> {
    let pieces: Vec<i64> = sqlx::query_scalar("SELECT piece FROM sms_piece WHERE message = $1 ORDER BY piece")
        .bind(id)
        .fetch_all(work.on())
        .await?;
    Ok(pieces.into_iter().filter_map(|piece| u8::try_from(piece).ok()).collect())
}

/// Notes a piece under the network's name, with the fate that a receipt told which overtook it.
pub(super) async fn note_piece(
    work: &mut Work,
    (id, piece): (&str, u8),
    name: &str,
    now: Timestamp,
) -> Result<(), SqlError> {
    sqlx::query(
        "INSERT INTO sms_piece (message, piece, name, taken_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (message, piece) DO UPDATE SET name = excluded.name",
    )
    .bind(id)
    .bind(i64::from(piece))
    .bind(name)
    .bind(now.micros())
    .execute(work.on())
    .await?;
    super::receipts::catch_up(work, (id, piece), name).await
}

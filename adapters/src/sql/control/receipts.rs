//! What networks tell of messages afterwards. Advisory: nothing is granted or refused by it, and it may come late, twice or never.

use exchange::timestamp::Timestamp;

use super::{
    ControlStore, SqlError, Work,
    sending::{PieceTaken, note_piece},
};
use crate::sms::{
    names,
    port::{Fate, Receipt, short_reference},
};

/// Pieces of one message that a short reference is looked for among.
const PIECES_LOOKED_AT: u8 = 8;

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It told of a message of ours.
    Told,
    /// No message has that name yet: it waits a minute for one.
    Waits,
}

impl ControlStore {
    /// Takes a receipt.
    ///
    /// # Errors
    /// [`SqlError`]: it shall come again.
    pub async fn take_receipt(&self, receipt: &Receipt) -> Result<Noted, SqlError> {
        let now = self.clock.now();
        let lookup = receipt.to.map(|to| self.number_tag(to)).unwrap_or_default();
        let mut work = self.database.begin().await?;
        let known = match &receipt.reference {
            Some((id, piece)) => exists(&mut work, id).await?.then(|| (id.clone(), *piece)),
            None => by_name(&mut work, &receipt.message_id, &lookup).await?,
        };
        let known = match (known, receipt.short) {
            (None, Some(short)) => by_short(&mut work, short, &lookup).await?,
            (known, _) => known,
        };
        let noted = if let Some((id, piece)) = known {
            if !has_piece(&mut work, &id, piece).await? {
                // The answer that would have named it never came: the receipt proves that it went out.
                note_piece(&mut work, (&id, piece), &names::kept(&receipt.message_id), now).await?;
            }
            set_fate(&mut work, (&id, piece), word(receipt.fate)).await?;
            Noted::Told
        } else {
            park(&mut work, receipt, &lookup, now).await?;
            Noted::Waits
        };
        work.commit().await?;
        match noted {
            Noted::Told => Ok(Noted::Told),
            Noted::Waits => self.told_meanwhile(receipt, &lookup).await,
        }
    }

    /// The answer may have been noted while the receipt was parked, neither seeing the other: whoever ends last looks again.
    async fn told_meanwhile(&self, receipt: &Receipt, lookup: &str) -> Result<Noted, SqlError> {
        let mut work = self.database.begin().await?;
        let Some((id, piece)) = by_name(&mut work, &receipt.message_id, lookup).await? else { return Ok(Noted::Waits) };
        set_fate(&mut work, (&id, piece), word(receipt.fate)).await?;
        work.commit().await?;
        Ok(Noted::Told)
    }

    /// The same from the other side, for pieces that were just noted.
    pub(super) async fn catch_up_receipts(&self, pieces: &[PieceTaken]) -> Result<(), SqlError> {
        let waiting: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sms_receipt").fetch_one(self.database.pool()).await?;
        if waiting == 0 {
            return Ok(());
        }
        let mut work = self.database.begin().await?;
        for piece in pieces {
            catch_up(&mut work, (&piece.id, piece.piece), &names::kept(&piece.name)).await?;
        }
        work.commit().await
    }
}

async fn exists(work: &mut Work, id: &str) -> Result<bool, SqlError> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT id FROM sms_outbox WHERE id = $1").bind(id).fetch_optional(work.on()).await?;
    Ok(found.is_some())
}

async fn has_piece(work: &mut Work, id: &str, piece: u8) -> Result<bool, SqlError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT piece FROM sms_piece WHERE message = $1 AND piece = $2")
        .bind(id)
        .bind(i64::from(piece))
        .fetch_optional(work.on())
        .await?;
    Ok(found.is_some())
}

/// By the network's name and the number: names come again, the newest is meant.
async fn by_name(work: &mut Work, name: &str, lookup: &str) -> Result<Option<(String, u8)>, SqlError> {
    for form in names::forms(name) {
        let found: Option<(String, i64)> = sqlx::query_as(
            "SELECT p.message, p.piece FROM sms_piece p JOIN sms_outbox o ON o.id = p.message \
             WHERE p.name = $1 AND ($2 = '' OR o.lookup = $2) ORDER BY p.taken_at DESC, p.message, p.piece LIMIT 1",
        )
        .bind(form)
        .bind(lookup)
        .fetch_optional(work.on())
        .await?;
        if let Some((message, piece)) = found {
            return Ok(u8::try_from(piece).ok().map(|piece| (message, piece)));
        }
    }
    Ok(None)
}

/// By our own short name among the messages to the number that wait and were tried: of those nobody knows whether they went out.
async fn by_short(work: &mut Work, short: u16, lookup: &str) -> Result<Option<(String, u8)>, SqlError> {
    let tried: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM sms_outbox WHERE lookup = $1 AND due_at IS NOT NULL AND tries > 0 ORDER BY queued_at, id",
    )
    .bind(lookup)
    .fetch_all(work.on())
    .await?;
    let mut pieces = tried.into_iter().flat_map(|id| (0..PIECES_LOOKED_AT).map(move |piece| (id.clone(), piece)));
    Ok(pieces.find(|(id, piece)| short_reference(id, *piece) == short))
}

async fn park(work: &mut Work, receipt: &Receipt, lookup: &str, now: Timestamp) -> Result<(), SqlError> {
    for form in names::forms(&receipt.message_id) {
        sqlx::query(
            "INSERT INTO sms_receipt (name, lookup, fate, came_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name, lookup, fate) DO NOTHING",
        )
        .bind(form)
        .bind(lookup)
        .bind(word(receipt.fate))
        .bind(now.micros())
        .execute(work.on())
        .await?;
    }
    Ok(())
}

/// Lets a piece have the fate that was told before it had its name.
pub(super) async fn catch_up(work: &mut Work, (id, piece): (&str, u8), name: &str) -> Result<(), SqlError> {
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT r.fate FROM sms_receipt r JOIN sms_outbox o ON o.id = $2 \
         WHERE r.name = $1 AND (r.lookup = '' OR r.lookup = o.lookup)",
    )
    .bind(name)
    .bind(id)
    .fetch_all(work.on())
    .await?;
    for fate in told {
        set_fate(work, (id, piece), &fate).await?;
    }
    Ok(())
}

/// The first end that was told stays; what is underway may still end.
async fn set_fate(work: &mut Work, (id, piece): (&str, u8), fate: &str) -> Result<(), SqlError> {
    sqlx::query(
        "UPDATE sms_piece SET fate = $3 WHERE message = $1 AND piece = $2 AND (fate IS NULL OR fate = 'accepted')",
    )
    .bind(id)
    .bind(i64::from(piece))
    .bind(fate)
    .execute(work.on())
    .await?;
    Ok(())
}

/// In the order of the letters, so that the greatest of a message's pieces is the worst.
const fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Underway => "accepted",
        Fate::Delivered => "delivered",
        Fate::Undeliverable => "undeliverable",
    }
}

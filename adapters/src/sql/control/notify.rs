//! What agencies are told, as rows: written in the unit of work that makes it necessary, sealed, worked off under leases.
//!
//! A ping is queued with its request and due when that runs out; what ends the request before brings it forward. So a request that
//! nobody can be asked for is told of at the very instant at which one is that nobody answers, by the same row, and the handle, which
//! the request has hashed, is sealed in one place and forgotten with the ping.

use std::collections::HashMap;

use exchange::{
    consent::machine::State,
    directory::Agency,
    ids::AgencyId,
    notify::{NotificationToken, Notify, NotifyUrl},
    ports::entropy::random_hex_128,
    timestamp::Timestamp,
};
use serde_json::json;
use sqlx::{FromRow, Row as _, any::AnyRow};
use zeroize::Zeroizing;

use super::{
    ChangeError, ControlStore, Done, NewRequest, SqlError, Work,
    directory::{AGENCY, read},
    requests::hash_of,
};
use crate::notify::{Kind, limits};

/// URI of the one event that there is (RFC 8417 §2.2, `events`).
pub const CONSENT_REVOKED: &str = "urn:pk:ijazat:event:consent-revoked";

/// Due at once: before anything that waits for an instant.
const AT_ONCE: i64 = 0;

/// A notification that is this sender's until its lease ends. Prints without what it carries.
pub struct DueNotification {
    /// The row; of an event, the name under which the agency knows it.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Whom it is for.
    pub agency: AgencyId,
    /// Where that agency is told such things now.
    pub url: NotifyUrl,
    /// The agency's own token, with a ping.
    pub bearer: Option<Zeroizing<String>>,
    /// A ping's body; of an event, what happened.
    pub body: Zeroizing<String>,
    /// When it was queued: when an event happened.
    pub queued_at: Timestamp,
    /// How often it was tried before.
    pub tries: i64,
}

impl std::fmt::Debug for DueNotification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DueNotification").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a notification leaves the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationEnd {
    /// The agency took it.
    Taken,
    /// The agency would not have it.
    Refused,
    /// It was tried as often as it may be.
    Spent,
}

/// A row that waits.
struct Waiting {
    id: String,
    kind: Kind,
    agency: AgencyId,
    queued_at: i64,
    body: Vec<u8>,
    bearer: Vec<u8>,
    due_at: i64,
    tries: i64,
}

/// Of each agency no more than its share are under way, so that one which does not answer lets the others' through.
const WAITING: &str = "SELECT n.id, n.kind, n.agency, n.queued_at, n.body, n.bearer, n.due_at, n.tries FROM notification n \
                       WHERE n.due_at <= $1 AND (SELECT COUNT(*) FROM notification h WHERE h.agency = n.agency \
                       AND h.lease IS NOT NULL AND h.due_at > $1) < $3 ORDER BY n.due_at, n.id LIMIT $2";

impl ControlStore {
    /// Sets where an agency is told what, or takes it away.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn set_agency_notify(&self, agency: &AgencyId, notify: Option<Notify>) -> Result<u64, ChangeError> {
        let detail = json!({ "notify": notify });
        let done = Done { what: "agency-notify", agency: Some(agency.as_str()), detail };
        self.change::<Agency>(AGENCY, agency.as_str(), &done, |agency| agency.notify = notify).await
    }

    /// Queues the ping of a request within the work that takes it.
    pub(super) async fn await_end(
        &self,
        work: &mut Work,
        (request, token): (&NewRequest<'_>, &NotificationToken),
        id_hash: &str,
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<(), SqlError> {
        let id = random_hex_128(self.entropy.as_ref());
        let body = Zeroizing::new(json!({ "auth_req_id": request.auth_req_id }).to_string());
        let bearer = self.seal(&place("bearer", &id), token.expose().as_bytes())?;
        let body = self.seal(&place("body", &id), body.as_bytes())?;
        let row = (Kind::Ping, request.agency.as_str(), id_hash);
        queue(work, id, row, (body, bearer), (now, expires_at.micros())).await
    }

    /// Nothing will be told of a request: its agency got another answer.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn forget_ping(&self, auth_req_id: &str) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        void(&mut work, &hash_of(auth_req_id)).await?;
        work.commit().await
    }

    /// Queues the news that a consent ended otherwise than by its agency, where that wants to be told.
    pub(super) async fn tell_revoked(&self, work: &mut Work, consent: &str) -> Result<(), SqlError> {
        let agency: String =
            sqlx::query_scalar("SELECT agency FROM consent WHERE id = $1").bind(consent).fetch_one(work.on()).await?;
        if url_of(work, &agency, Kind::Event).await?.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let id = random_hex_128(self.entropy.as_ref());
        let said =
            json!({ CONSENT_REVOKED: { "event": "consent.revoked", "consent_id": consent, "at": now.rfc3339() } });
        let body = self.seal(&place("body", &id), said.to_string().as_bytes())?;
        queue(work, id, (Kind::Event, &agency, consent), (body, Vec::new()), (now, AT_ONCE)).await
    }

    /// Takes out at most `count` notifications that are due, oldest first. What has no place to go to ends here.
    ///
    /// # Errors
    /// [`SqlError`]: none was taken.
    pub async fn claim_notifications(&self, node: &str, count: u32) -> Result<Vec<DueNotification>, SqlError> {
        let now = self.clock.now();
        // Most of the time there is nothing: that is found out without a lock.
        let due: Option<i64> = sqlx::query_scalar("SELECT due_at FROM notification WHERE due_at <= $1 LIMIT 1")
            .bind(now.micros())
            .fetch_optional(self.database.pool())
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        let mut work = self.database.begin().await?;
        let share = i64::try_from(limits::AGENCY_AT_ONCE).unwrap_or(i64::MAX);
        let waiting = sqlx::query(WAITING).bind(now.micros()).bind(i64::from(count)).bind(share);
        let rows = waiting.fetch_all(work.on()).await?;
        let (mut claimed, mut taken) = (Vec::new(), HashMap::<String, usize>::new());
        for row in rows {
            let row = Waiting::from_row(&row)?;
            let of_agency = taken.entry(row.agency.as_str().to_owned()).or_default();
            if *of_agency < limits::AGENCY_AT_ONCE {
                *of_agency += 1;
                claimed.extend(self.claim_notification(&mut work, row, node, now).await?);
            }
        }
        work.commit().await?;
        Ok(claimed)
    }

    async fn claim_notification(
        &self,
        work: &mut Work,
        row: Waiting,
        node: &str,
        now: Timestamp,
    ) -> Result<Option<DueNotification>, SqlError> {
        let Some(url) = url_of(work, row.agency.as_str(), row.kind).await? else {
            end(work, &row.id, "nowhere").await?;
            return Ok(None);
        };
        let opened = self.unseal(&place("body", &row.id), &row.body).and_then(|body| {
            let sealed = Some(row.bearer.as_slice()).filter(|sealed| !sealed.is_empty());
            let bearer = sealed.map(|sealed| self.unseal(&place("bearer", &row.id), sealed)).transpose()?;
            Ok((Zeroizing::new(body), bearer.map(Zeroizing::new)))
        });
        let Ok((body, bearer)) = opened else {
            tracing::error!("a notification cannot be read, and is not sent");
            end(work, &row.id, "unreadable").await?;
            return Ok(None);
        };
        let held = sqlx::query(
            "UPDATE notification SET lease = $2, due_at = $3, tries = tries + 1 WHERE id = $1 AND due_at = $4",
        )
        .bind(row.id.clone())
        .bind(node)
        .bind(now.plus_seconds(limits::LEASE_S).micros())
        .bind(row.due_at)
        .execute(work.on())
        .await?;
        let Waiting { id, kind, agency, queued_at, tries, .. } = row;
        let queued_at = Timestamp::from_micros(queued_at);
        let due = DueNotification { id, kind, agency, url, bearer, body, queued_at, tries };
        Ok((held.rows_affected() == 1).then_some(due))
    }

    /// Lets go of what an earlier process of this name held: what the agency was told already, it is told again.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn release_notifications(&self, node: &str) -> Result<u64, SqlError> {
        let _turn = self.database.turn().await?;
        let released =
            sqlx::query("UPDATE notification SET due_at = $2, lease = NULL WHERE lease = $1 AND due_at IS NOT NULL")
                .bind(node)
                .bind(AT_ONCE)
                .execute(self.database.pool())
                .await?;
        Ok(released.rows_affected())
    }

    /// Puts a notification back for `after_s` seconds.
    ///
    /// # Errors
    /// [`SqlError`]: it is taken up when its lease ends.
    pub async fn put_off_notification(&self, id: &str, node: &str, after_s: i64) -> Result<(), SqlError> {
        let _turn = self.database.turn().await?;
        sqlx::query(
            "UPDATE notification SET due_at = $3, lease = NULL WHERE id = $1 AND lease = $2 AND due_at IS NOT NULL",
        )
        .bind(id)
        .bind(node)
        .bind(self.clock.now().plus_seconds(after_s).micros())
        .execute(self.database.pool())
        .await?;
        Ok(())
    }

    /// Takes a notification out of the outbox; what it carried is forgotten.
    ///
    /// # Errors
    /// [`SqlError`]: it is taken up when its lease ends.
    pub async fn end_notification(&self, id: &str, why: NotificationEnd) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        let ended = match why {
            NotificationEnd::Taken => "taken",
            NotificationEnd::Refused => "refused",
            NotificationEnd::Spent => "spent",
        };
        end(&mut work, id, ended).await?;
        work.commit().await
    }

    /// How many notifications wait, those included that wait for their instant.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn notifications_waiting(&self) -> Result<i64, SqlError> {
        let waiting = sqlx::query_scalar("SELECT COUNT(*) FROM notification WHERE due_at IS NOT NULL");
        Ok(waiting.fetch_one(self.database.pool()).await?)
    }

    /// Forgets what became of notifications long ago.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn forget_notifications(&self) -> Result<(), SqlError> {
        let _turn = self.database.turn().await?;
        sqlx::query("DELETE FROM notification WHERE ended IS NOT NULL AND queued_at <= $1")
            .bind(self.clock.now().plus_seconds(-limits::KEPT_S).micros())
            .execute(self.database.pool())
            .await?;
        Ok(())
    }
}

impl FromRow<'_, AnyRow> for Waiting {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let unread = |what: &str| sqlx::Error::Decode(format!("a stored {what} cannot be read").into());
        let (kind, agency): (String, String) = (row.try_get("kind")?, row.try_get("agency")?);
        Ok(Self {
            id: row.try_get("id")?,
            kind: Kind::parse(&kind).ok_or_else(|| unread("kind"))?,
            agency: AgencyId::parse(&agency).map_err(|_| unread("agency"))?,
            queued_at: row.try_get("queued_at")?,
            body: row.try_get("body")?,
            bearer: row.try_get("bearer")?,
            due_at: row.try_get("due_at")?,
            tries: row.try_get("tries")?,
        })
    }
}

/// A request took a step. One that ended is told of now; of one that its agency took back there is nothing to tell.
pub(super) async fn moved(work: &mut Work, id_hash: &str, from: State, to: State) -> Result<(), SqlError> {
    match to {
        _ if from == to => Ok(()),
        State::Approved | State::Denied | State::Locked => {
            sqlx::query(
                "UPDATE notification SET due_at = $2 \
                 WHERE about = $1 AND kind = 'ping' AND due_at IS NOT NULL AND tries = 0",
            )
            .bind(id_hash)
            .bind(AT_ONCE)
            .execute(work.on())
            .await?;
            Ok(())
        }
        State::Void => void(work, id_hash).await,
        // Whoever has its token was told, or did not wait for it; the others go on.
        State::TokenIssued | State::Received | State::Suppressed | State::Sent => Ok(()),
    }
}

async fn void(work: &mut Work, id_hash: &str) -> Result<(), SqlError> {
    sqlx::query(
        "UPDATE notification SET due_at = NULL, lease = NULL, ended = 'void', body = $2, bearer = $2 \
         WHERE about = $1 AND kind = 'ping' AND ended IS NULL",
    )
    .bind(id_hash)
    .bind(Vec::<u8>::new())
    .execute(work.on())
    .await?;
    Ok(())
}

async fn queue(
    work: &mut Work,
    id: String,
    (kind, agency, about): (Kind, &str, &str),
    (body, bearer): (Vec<u8>, Vec<u8>),
    (now, due_at): (Timestamp, i64),
) -> Result<(), SqlError> {
    sqlx::query(
        "INSERT INTO notification (id, kind, agency, about, queued_at, body, bearer, due_at, tries) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
    )
    .bind(id)
    .bind(kind.as_str())
    .bind(agency)
    .bind(about)
    .bind(now.micros())
    .bind(body)
    .bind(bearer)
    .bind(due_at)
    .execute(work.on())
    .await?;
    Ok(())
}

/// Nothing more is to be done; what it carried goes.
async fn end(work: &mut Work, id: &str, ended: &str) -> Result<(), SqlError> {
    sqlx::query(
        "UPDATE notification SET ended = $2, due_at = NULL, lease = NULL, body = $3, bearer = $3 \
         WHERE id = $1 AND ended IS NULL",
    )
    .bind(id)
    .bind(ended)
    .bind(Vec::<u8>::new())
    .execute(work.on())
    .await?;
    Ok(())
}

/// Where an agency is told such things, by the directory as it is now.
async fn url_of(work: &mut Work, agency: &str, kind: Kind) -> Result<Option<NotifyUrl>, SqlError> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
        .bind(AGENCY)
        .bind(agency)
        .fetch_optional(work.on())
        .await?;
    let Some(body) = body else { return Ok(None) };
    let notify = read::<Agency>(AGENCY, &body)?.notify;
    Ok(notify.and_then(|notify| match kind {
        Kind::Ping => notify.ping_url,
        Kind::Event => notify.event_url,
    }))
}

fn place(column: &str, id: &str) -> String {
    format!("notification/{column}/{id}")
}

//! Requests for consent: each step is the pure machine's, taken while the request's row is locked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    caller::Thumbprint,
    consent::{
        SubjectKey,
        details::Details,
        machine::{PasscodeAnswer, PollAnswer, State, Transaction},
        mode::Mode,
        passcode::{Passcode, PasscodeMac, ScreenNumber},
        revision::{Cause, Terms},
    },
    ids::{AgencyId, ConsentId, UserId},
    limits,
    notify::NotificationToken,
    timestamp::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::{
    Contact, ControlStore, SqlError, Work, bindings::mode_of, damaged, notify::moved, outbox::Message,
    patience::wrong_of, sending::supersede, sha256,
};

/// A request for consent as it arrives.
#[derive(Clone, Debug)]
pub struct NewRequest<'a> {
    /// The handle that the agency gets; stored hashed.
    pub auth_req_id: &'a str,
    /// Our reference, which the citizen sees too.
    pub reference: &'a str,
    /// The agency that asks.
    pub agency: &'a AgencyId,
    /// The user who asks.
    pub user: &'a UserId,
    /// The citizen who is to be asked, whether there is one or not.
    pub subject: SubjectKey,
    /// What is asked.
    pub details: &'a Details,
    /// The counter's own mark, which the citizen is told.
    pub counter: Option<&'a str>,
    /// The digits on the agency's screen, for a citizen who answers by SMS; `None` where the passcode is read out at the counter.
    pub screen: Option<&'a ScreenNumber>,
    /// The agreement that covers it.
    pub terms: Option<&'a Terms>,
    /// Seconds that it lives.
    pub ttl_s: i64,
    /// The token by which the agency knows the ping that it waits for; `None` where it asks by itself.
    pub ping: Option<&'a NotificationToken>,
}

/// What a poll brought.
#[derive(Debug)]
pub enum Polled {
    /// The token, once.
    Token(IssuedToken),
    /// Anything else; never [`PollAnswer::Issue`].
    Answer(PollAnswer),
}

/// A consent token as it is handed out, the only time that its text exists here.
pub struct IssuedToken {
    /// The opaque handle.
    pub access_token: String,
    /// Seconds that it lives.
    pub expires_in_s: i64,
    /// The consent that it stands for.
    pub consent: ConsentId,
    /// What was consented to, canonical.
    pub details: String,
    /// Whose yes it is.
    pub subject: SubjectKey,
    /// How the citizen said yes.
    pub mode: Mode,
    /// When the citizen said yes.
    pub approved_at: Timestamp,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken").field("consent", &self.consent).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "SELECT agency, user_id, subject, details, state, tries, mac, expires_at, approved_at, \
                       interval_s, polled_at, consent, reference, counter, created_at, resends, asked_at, mode, screen, record \
                       FROM auth_request WHERE id_hash = $1";

/// One stored request.
pub(super) struct Stored {
    pub(super) id_hash: String,
    pub(super) agency: String,
    pub(super) user: String,
    pub(super) subject: String,
    pub(super) details: String,
    pub(super) consent: Option<String>,
    pub(super) reference: String,
    pub(super) counter: Option<String>,
    pub(super) screen: Option<Vec<u8>>,
    /// Name of the consent that it may become; empty in requests from before there were records.
    pub(super) record: Option<String>,
    pub(super) transaction: Transaction,
}

impl Stored {
    /// Whether this user of this agency made it: nobody else has to do with it.
    pub(super) fn is_of(&self, agency: &AgencyId, user: &UserId) -> bool {
        self.agency == agency.as_str() && self.user == user.as_str()
    }
}

impl ControlStore {
    /// Whether the citizen was asked under this reference before, whether there is one or not.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn reference_is_taken(&self, subject: SubjectKey, reference: &str) -> Result<bool, SqlError> {
        let taken: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM auth_request WHERE subject = $1 AND reference = $2")
            .bind(subject.to_hex())
            .bind(reference)
            .fetch_one(self.database.pool())
            .await?;
        Ok(taken > 0)
    }

    /// Takes a request. Nothing here depends on the citizen.
    ///
    /// # Errors
    /// [`SqlError`]; [`SqlError::Conflict`] if the handle exists, which does not happen with 256 random bits.
    pub async fn submit(&self, request: &NewRequest<'_>) -> Result<(), SqlError> {
        let now = self.clock.now();
        let mode = if request.screen.is_some() { Mode::SmsReply } else { Mode::SmsPin };
        let transaction = Transaction::received_in(mode, now, request.ttl_s);
        let id_hash = hash_of(request.auth_req_id);
        let screen = request.screen.map(|screen| self.seal_screen(&id_hash, screen)).transpose()?;
        let consent = self.draw_consent_id()?;
        let mut work = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO auth_request (id_hash, reference, agency, user_id, subject, details, state, tries, \
             created_at, expires_at, interval_s, counter, mode, screen, record) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(id_hash.clone())
        .bind(request.reference)
        .bind(request.agency.as_str())
        .bind(request.user.as_str())
        .bind(request.subject.to_hex())
        .bind(request.details.canonical())
        .bind(transaction.state.as_str())
        .bind(now.micros())
        .bind(transaction.expires_at.micros())
        .bind(transaction.interval_s)
        .bind(request.counter)
        .bind(mode.as_str())
        .bind(screen)
        .bind(consent.as_str())
        .execute(work.on())
        .await?;
        self.begin_record(&mut work, request, (&consent, mode), now).await?;
        if let Some(token) = request.ping {
            self.await_end(&mut work, (request, token), &id_hash, (now, transaction.expires_at)).await?;
        }
        work.commit().await
    }

    /// Binds the passcode to the request and queues its message, both or neither. `false` if it is too late for both.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was queued.
    pub async fn send(
        &self,
        auth_req_id: &str,
        passcode: &Passcode,
        contact: Contact,
        text: &str,
    ) -> Result<bool, SqlError> {
        self.bind_and_queue(auth_req_id, passcode, (contact, text), Transaction::sent).await
    }

    /// Takes a step with the code of a passcode and queues its message, both or neither; `false` if the step is not to be taken.
    pub(super) async fn bind_and_queue(
        &self,
        auth_req_id: &str,
        passcode: &Passcode,
        (contact, text): (Contact, &str),
        step: impl FnOnce(Transaction, PasscodeMac, Timestamp) -> Option<Transaction>,
    ) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(false) };
        let queued = self.bind_within(&mut work, &stored, (auth_req_id, passcode), (contact, text), step).await?;
        if queued {
            work.commit().await?;
        }
        Ok(queued)
    }

    /// The same within a unit of work that holds the request, and that is not committed here.
    pub(super) async fn bind_within(
        &self,
        work: &mut Work,
        stored: &Stored,
        (auth_req_id, passcode): (&str, &Passcode),
        (contact, text): (Contact, &str),
        step: impl FnOnce(Transaction, PasscodeMac, Timestamp) -> Option<Transaction>,
    ) -> Result<bool, SqlError> {
        let now = self.clock.now();
        let mac = self.mac(auth_req_id, stored, passcode)?;
        let Some(next) = step(stored.transaction.clone(), mac, now) else { return Ok(false) };
        save(work, stored, &next, None).await?;
        self.show(work, stored, (passcode, text), now).await?;
        // A passcode that was replaced before it went out would only be typed in vain.
        supersede(work, &stored.id_hash).await?;
        let message = Message { to: contact.mobile, text, drop_at: next.expires_at, about: Some(&stored.id_hash) };
        self.queue_sms(work, message, now).await?;
        Ok(true)
    }

    /// Nobody can be asked: the request will run out like one that nobody answers.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn suppress(&self, auth_req_id: &str) -> Result<bool, SqlError> {
        self.move_on(auth_req_id, Transaction::suppressed).await
    }

    /// Takes one passcode from the user who asked. `None` if the request is unknown or another's.
    ///
    /// A right passcode stores the consent in the same unit of work, so that of many at once one counts.
    ///
    /// # Errors
    /// [`SqlError`]: no try was counted.
    pub async fn offer(
        &self,
        auth_req_id: &str,
        agency: &AgencyId,
        user: &UserId,
        passcode: &Passcode,
    ) -> Result<Option<PasscodeAnswer>, SqlError> {
        let Some(seen) = self.seen(auth_req_id).await? else { return Ok(None) };
        if !seen.is_of(agency, user) {
            return Ok(None);
        }
        // Nor what a passcode would come to: in this way it is never taken.
        if seen.transaction.mode != Mode::SmsPin {
            return Ok(Some(PasscodeAnswer::OtherMode));
        }
        // A flood on a settled request costs one read each and no lock.
        if let Some(answer) = seen.transaction.settled(self.clock.now()) {
            return Ok(Some(answer));
        }
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(None) };
        let now = self.clock.now();
        let wrong = wrong_of(&mut work, &stored.subject, now).await?;
        // Nobody is told that others guessed: it is as if the passcode were wrong.
        let (next, answer) = if wrong >= limits::WRONG_PASSCODES_MAX {
            stored.transaction.clone().guessed_out(now)
        } else {
            stored.transaction.clone().offer(&self.mac(auth_req_id, &stored, passcode)?, now)
        };
        let consent = match answer {
            PasscodeAnswer::Approved => Some(self.grant(&mut work, &stored, &next).await?),
            _ => None,
        };
        match &consent {
            Some(consent) => save(&mut work, &stored, &next, Some(consent)).await?,
            None => self.settle(&mut work, &stored, &next, Cause::TriesSpent).await?,
        }
        if stored.transaction.was_guessed_by(&next) {
            self.guessed(&mut work, &stored.subject, wrong, now).await?;
        }
        work.commit().await?;
        Ok(Some(answer))
    }

    /// Takes one poll of the agency that asked; the token is bound to `certificate`. `None` if the request is unknown or
    /// another's.
    ///
    /// # Errors
    /// [`SqlError`]: no token was made.
    pub async fn poll(
        &self,
        auth_req_id: &str,
        agency: &AgencyId,
        certificate: Thumbprint,
    ) -> Result<Option<Polled>, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(None) };
        if stored.agency != agency.as_str() {
            return Ok(None);
        }
        let now = self.clock.now();
        let (next, answer) = stored.transaction.clone().poll(now);
        let polled = match answer {
            PollAnswer::Issue => match self.issue(&mut work, &stored, certificate, now).await? {
                Some(token) => Polled::Token(token),
                None => return Ok(Some(Polled::Answer(PollAnswer::Expired))),
            },
            other => Polled::Answer(other),
        };
        save(&mut work, &stored, &next, None).await?;
        work.commit().await?;
        Ok(Some(polled))
    }

    async fn move_on(
        &self,
        auth_req_id: &str,
        step: impl FnOnce(Transaction) -> Option<Transaction>,
    ) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(false) };
        let Some(next) = step(stored.transaction.clone()) else { return Ok(false) };
        save(&mut work, &stored, &next, None).await?;
        work.commit().await?;
        Ok(true)
    }

    async fn seen(&self, auth_req_id: &str) -> Result<Option<Stored>, SqlError> {
        let id_hash = hash_of(auth_req_id);
        let row = sqlx::query(COLUMNS).bind(id_hash.clone()).fetch_optional(self.database.pool()).await?;
        row.map(|row| stored(id_hash, &row)).transpose()
    }
}

/// The handle's hash: what stands in the database cannot be polled with.
pub(super) fn hash_of(auth_req_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(auth_req_id.as_bytes()))
}

/// Locks the row until the work ends (an update that changes nothing does so on both databases), then reads it.
pub(super) async fn locked(work: &mut Work, auth_req_id: &str) -> Result<Option<Stored>, SqlError> {
    locked_by_hash(work, hash_of(auth_req_id)).await
}

/// The same by the hash that it is stored under.
pub(super) async fn locked_by_hash(work: &mut Work, id_hash: String) -> Result<Option<Stored>, SqlError> {
    let found = sqlx::query("UPDATE auth_request SET tries = tries WHERE id_hash = $1")
        .bind(id_hash.clone())
        .execute(work.on())
        .await?;
    if found.rows_affected() == 0 {
        return Ok(None);
    }
    let row = sqlx::query(COLUMNS).bind(id_hash.clone()).fetch_one(work.on()).await?;
    stored(id_hash, &row).map(Some)
}

fn stored(id_hash: String, row: &AnyRow) -> Result<Stored, SqlError> {
    let state: String = row.try_get("state")?;
    let mac: Option<Vec<u8>> = row.try_get("mac")?;
    let mac = match mac {
        None => None,
        Some(bytes) => Some(PasscodeMac::from_bytes(bytes.try_into().map_err(|_| damaged("passcode code"))?)),
    };
    let tries: i64 = row.try_get("tries")?;
    let resends: i64 = row.try_get("resends")?;
    let (created_at, asked_at): (i64, Option<i64>) = (row.try_get("created_at")?, row.try_get("asked_at")?);
    let instant = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(Stored {
        id_hash,
        agency: row.try_get("agency")?,
        user: row.try_get("user_id")?,
        subject: row.try_get("subject")?,
        details: row.try_get("details")?,
        consent: row.try_get("consent")?,
        reference: row.try_get("reference")?,
        counter: row.try_get("counter")?,
        screen: row.try_get("screen")?,
        record: row.try_get("record")?,
        transaction: Transaction {
            mode: mode_of(row)?,
            state: State::parse(&state).ok_or_else(|| damaged("state"))?,
            tries: u8::try_from(tries).map_err(|_| damaged("count of tries"))?,
            mac,
            expires_at: Timestamp::from_micros(row.try_get("expires_at")?),
            approved_at: instant(row.try_get("approved_at")?),
            interval_s: row.try_get("interval_s")?,
            polled_at: instant(row.try_get("polled_at")?),
            resends: u8::try_from(resends).map_err(|_| damaged("count of resends"))?,
            asked_at: Timestamp::from_micros(asked_at.unwrap_or(created_at)),
        },
    })
}

pub(super) async fn save(
    work: &mut Work,
    stored: &Stored,
    next: &Transaction,
    consent: Option<&ConsentId>,
) -> Result<(), SqlError> {
    let consent = consent.map(|id| id.as_str().to_owned()).or_else(|| stored.consent.clone());
    sqlx::query(
        "UPDATE auth_request SET state = $2, tries = $3, mac = $4, approved_at = $5, interval_s = $6, \
         polled_at = $7, consent = $8, resends = $9, asked_at = $10 WHERE id_hash = $1",
    )
    .bind(stored.id_hash.clone())
    .bind(next.state.as_str())
    .bind(i64::from(next.tries))
    .bind(next.mac.as_ref().map(|mac| mac.as_bytes().to_vec()))
    .bind(next.approved_at.map(Timestamp::micros))
    .bind(next.interval_s)
    .bind(next.polled_at.map(Timestamp::micros))
    .bind(consent)
    .bind(i64::from(next.resends))
    .bind(next.asked_at.micros())
    .execute(work.on())
    .await?;
    moved(work, &stored.id_hash, stored.transaction.state, next.state).await
}

//! Asking within bounds: what was asked of a citizen of late is counted from the requests themselves, one asker at a time.

use exchange::{
    consent::{
        SubjectKey,
        answer::Told,
        details::Channel,
        machine::Transaction,
        passcode::Passcode,
        patience::{History, Spared},
    },
    limits,
    ports::entropy::random_hex_128,
    timestamp::Timestamp,
};

use super::{
    Contact, ControlStore, SqlError, Work,
    blocks::is_blocked,
    damaged,
    outbox::Message,
    requests::{Stored, locked, save},
};
use crate::sms::limits::ANSWER_LIVES_S;

/// What became of asking a citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskOutcome {
    /// The message is queued.
    Asked,
    /// The request does not wait to be asked any more.
    TooLate,
    /// The citizen is not asked, and the request looks like one that nobody answers.
    Spared(Spared),
}

/// Of the last day: open requests of all, and those of this agency whose message went out, or is about to, and was not answered.
const COUNTED: &str = "SELECT \
    COALESCE(SUM(CASE WHEN state = 'sent' AND expires_at > $2 THEN 1 ELSE 0 END), 0), \
    COALESCE(SUM(CASE WHEN agency = $3 AND state IN ('sent', 'void') AND EXISTS (SELECT 1 FROM sms_outbox o \
        WHERE o.about = auth_request.id_hash AND (o.ended IS NULL OR o.ended = 'taken')) THEN 1 ELSE 0 END), 0) \
    FROM auth_request WHERE subject = $1 AND created_at > $4";

/// Two refusals of one agency within a day, the later of them not long ago.
const REFUSED_OFTEN: &str = "SELECT COUNT(*) FROM auth_request a JOIN auth_request b \
    ON b.subject = a.subject AND b.agency = a.agency AND b.id_hash <> a.id_hash \
    WHERE a.subject = $1 AND a.agency = $2 AND a.state = 'denied' AND b.state = 'denied' \
    AND b.created_at >= a.created_at AND b.created_at - a.created_at <= $3 AND b.created_at > $4";

impl ControlStore {
    /// Binds a passcode to a request and queues its message, both or neither, unless the citizen is asked enough already: then the
    /// request is suppressed. Who asks the same citizen at the same moment waits.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was queued.
    pub async fn ask(
        &self,
        auth_req_id: &str,
        passcode: &Passcode,
        (contact, text): (Contact, &str),
        channel: Channel,
    ) -> Result<AskOutcome, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(AskOutcome::TooLate) };
        let now = self.clock.now();
        let history = history(&mut work, &stored, now).await?;
        if let Some(spared) = history.spared(channel, now) {
            let Some(next) = stored.transaction.clone().suppressed() else { return Ok(AskOutcome::TooLate) };
            save(&mut work, &stored, &next, None).await?;
            work.commit().await?;
            return Ok(AskOutcome::Spared(spared));
        }
        let queued = self.bind_within(&mut work, &stored, (auth_req_id, passcode), (contact, text), Transaction::sent);
        if !queued.await? {
            return Ok(AskOutcome::TooLate);
        }
        work.commit().await?;
        Ok(AskOutcome::Asked)
    }

    /// Counts a wrong passcode in the citizen's name, `wrong` having been counted before. At the last that may be, the citizen is told.
    ///
    /// Only where a passcode was out: of a request that nobody was asked for none is right, and whoever tries it guesses at nothing.
    pub(super) async fn guessed(
        &self,
        work: &mut Work,
        subject: &str,
        wrong: i64,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        if wrong >= limits::WRONG_PASSCODES_MAX {
            return Ok(());
        }
        let id = random_hex_128(self.entropy.as_ref());
        sqlx::query("INSERT INTO wrong_guess (id, subject, guessed_at) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(subject)
            .bind(now.micros())
            .execute(work.on())
            .await?;
        if wrong + 1 < limits::WRONG_PASSCODES_MAX {
            return Ok(());
        }
        let subject = SubjectKey::from_hex(subject).ok_or_else(|| damaged("subject"))?;
        let Some(contact) = self.contact_within(work, subject).await? else { return Ok(()) };
        let text = Told::GuessesSpent.text(contact.language);
        let drop_at = now.plus_seconds(ANSWER_LIVES_S);
        self.queue_sms(work, Message { to: contact.mobile, text: &text, drop_at, about: None }, now).await
    }

    /// Forgets wrong passcodes that count no more.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn forget_guesses(&self) -> Result<(), SqlError> {
        let _turn = self.database.turn().await?;
        sqlx::query("DELETE FROM wrong_guess WHERE guessed_at <= $1")
            .bind(self.clock.now().plus_seconds(-limits::WRONG_PASSCODES_S).micros())
            .execute(self.database.pool())
            .await?;
        Ok(())
    }

    /// Whether the citizen of a request may be asked again: it was asked before, so only what the citizen wants counts, and guesses.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn may_be_asked_again(&self, subject: SubjectKey) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        let now = self.clock.now();
        let (locked, since) = lock_of(&mut work, &subject.to_hex(), now).await?;
        Ok(!locked && wrong_since(&mut work, &subject.to_hex(), since).await? < limits::WRONG_PASSCODES_MAX)
    }
}

/// What was asked of the citizen of a request, the request itself left out: it is not sent yet. Holds the citizen until the work ends.
async fn history(work: &mut Work, stored: &Stored, now: Timestamp) -> Result<History, SqlError> {
    hold(work, &stored.subject).await?;
    let (locked, since) = lock_of(work, &stored.subject, now).await?;
    let (open, unanswered): (i64, i64) = sqlx::query_as(COUNTED)
        .bind(stored.subject.clone())
        .bind(now.micros())
        .bind(stored.agency.clone())
        .bind(now.plus_seconds(-limits::SMS_DAY_S).micros())
        .fetch_one(work.on())
        .await?;
    let wrong = wrong_since(work, &stored.subject, since).await?;
    let refused: i64 = sqlx::query_scalar(REFUSED_OFTEN)
        .bind(stored.subject.clone())
        .bind(stored.agency.clone())
        .bind(limits::SMS_DAY_S.saturating_mul(1_000_000))
        .bind(now.plus_seconds(-limits::SILENCE_S).micros())
        .fetch_one(work.on())
        .await?;
    let blocked = is_blocked(work, &stored.subject, &stored.agency).await?;
    Ok(History { open, unanswered, refused_often: refused > 0, wrong, locked, blocked })
}

/// Lets those who count the same citizen's requests follow each other. A citizen without a number is asked by nobody.
async fn hold(work: &mut Work, subject: &str) -> Result<(), SqlError> {
    sqlx::query("UPDATE contact SET set_at = set_at WHERE subject = $1").bind(subject).execute(work.on()).await?;
    Ok(())
}

/// Whether the citizen locked consents, and since when wrong passcodes count.
async fn lock_of(work: &mut Work, subject: &str, now: Timestamp) -> Result<(bool, Timestamp), SqlError> {
    let month = now.plus_seconds(-limits::WRONG_PASSCODES_S);
    let found: Option<(Option<i64>, Option<i64>)> =
        sqlx::query_as("SELECT locked_at, forgiven_at FROM citizen_lock WHERE subject = $1")
            .bind(subject)
            .fetch_optional(work.on())
            .await?;
    let Some((locked_at, forgiven_at)) = found else { return Ok((false, month)) };
    let since = forgiven_at.map_or(month, |at| Timestamp::from_micros(at).max(month));
    Ok((locked_at.is_some(), since))
}

async fn wrong_since(work: &mut Work, subject: &str, since: Timestamp) -> Result<i64, SqlError> {
    let wrong = sqlx::query_scalar("SELECT COUNT(*) FROM wrong_guess WHERE subject = $1 AND guessed_at > $2")
        .bind(subject)
        .bind(since.micros())
        .fetch_one(work.on())
        .await?;
    Ok(wrong)
}

/// How many wrong passcodes were given in the citizen's name; holds the citizen until the work ends, so that of all who guess at
/// once no more are heard than may be.
pub(super) async fn wrong_of(work: &mut Work, subject: &str, now: Timestamp) -> Result<i64, SqlError> {
    hold(work, subject).await?;
    let (_, since) = lock_of(work, subject, now).await?;
    wrong_since(work, subject, since).await
}

//! A passcode that is sent again: counted while the request's row is locked, sent behind the answer.

use exchange::{
    consent::{
        SubjectKey,
        details::Details,
        machine::{NotResent, State, Transaction},
        mode::Mode,
        passcode::Passcode,
    },
    ids::{AgencyId, UserId},
    limits,
    timestamp::Timestamp,
};

use super::{
    Contact, ControlStore, SqlError,
    consents::details_of,
    damaged,
    requests::{locked, save},
};

/// A request whose citizen shall be asked again.
#[derive(Debug)]
pub struct Again {
    /// Our reference, which stays.
    pub reference: String,
    /// What was asked.
    pub details: Details,
    /// The counter's own mark.
    pub counter: Option<String>,
    /// How the citizen answers; the digits of the screen stay too.
    pub mode: Mode,
    /// The citizen.
    pub subject: SubjectKey,
    /// Whether a message went out before: without one, none goes out now.
    pub was_sent: bool,
    /// Tries left; sending again gives none back.
    pub tries_left: u8,
    /// Seconds until a passcode is too late.
    pub expires_in_s: i64,
    /// Seconds until it may be sent once more; `None` if it may not.
    pub resend_after_s: Option<i64>,
}

impl ControlStore {
    /// Counts that the user who asked has the passcode sent again. `None` if the request is unknown or another's.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was counted.
    pub async fn resend(
        &self,
        auth_req_id: &str,
        agency: &AgencyId,
        user: &UserId,
    ) -> Result<Option<Result<Again, NotResent>>, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(None) };
        if !stored.is_of(agency, user) {
            return Ok(None);
        }
        let now = self.clock.now();
        let micros_to = |at: Timestamp| at.micros().saturating_sub(now.micros());
        let next = match stored.transaction.clone().resend(now) {
            Ok(next) => next,
            Err(why) => return Ok(Some(Err(why))),
        };
        save(&mut work, &stored, &next, None).await?;
        let again = Again {
            details: details_of(&stored)?,
            subject: SubjectKey::from_hex(&stored.subject).ok_or_else(|| damaged("subject"))?,
            reference: stored.reference,
            counter: stored.counter,
            mode: next.mode,
            was_sent: next.state == State::Sent,
            tries_left: limits::PASSCODE_ATTEMPTS_MAX.saturating_sub(next.tries),
            // What is promised holds: not longer than it lives, and not sooner than it may be.
            expires_in_s: micros_to(next.expires_at).div_euclid(1_000_000),
            resend_after_s: next.resend_at().map(|at| micros_to(at).saturating_add(999_999).div_euclid(1_000_000)),
        };
        work.commit().await?;
        Ok(Some(Ok(again)))
    }

    /// Writes a request as it stands, for one whose citizen is not asked again.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn leave(&self, auth_req_id: &str) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(()) };
        save(&mut work, &stored, &stored.transaction, None).await?;
        work.commit().await
    }

    /// Binds another passcode to the request and queues its message, both or neither; the one before is worth nothing any more.
    /// `false` if it is too late for both.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was queued, and the passcode before still holds.
    pub async fn send_again(
        &self,
        auth_req_id: &str,
        passcode: &Passcode,
        contact: Contact,
        text: &str,
    ) -> Result<bool, SqlError> {
        self.bind_and_queue(auth_req_id, passcode, (contact, text), Transaction::resent).await
    }
}

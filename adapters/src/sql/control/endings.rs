//! Requests that end without a yes: refused, taken back, their tries used up. Their record says by what.

use exchange::{
    consent::{
        machine::{CancelAnswer, State, Transaction},
        revision::{Cause, Standing},
    },
    ids::{AgencyId, UserId},
};

use super::{
    ControlStore, SqlError, Work, damaged,
    requests::{Stored, locked, save},
};

impl ControlStore {
    /// The citizen refuses. `false` if there was nothing to refuse any more.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn deny(&self, auth_req_id: &str) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(false) };
        let Some(next) = stored.transaction.clone().denied() else { return Ok(false) };
        self.settle(&mut work, &stored, &next, Cause::NoBySms).await?;
        work.commit().await?;
        Ok(true)
    }

    /// The user who asked takes the request back; a consent that it had become and whose token nobody has yet ends with it.
    /// `None` if the request is unknown or another's.
    ///
    /// # Errors
    /// [`SqlError`]: it stands as it stood.
    pub async fn cancel(
        &self,
        auth_req_id: &str,
        agency: &AgencyId,
        user: &UserId,
    ) -> Result<Option<CancelAnswer>, SqlError> {
        let mut work = self.database.begin().await?;
        let Some(stored) = locked(&mut work, auth_req_id).await? else { return Ok(None) };
        if !stored.is_of(agency, user) {
            return Ok(None);
        }
        let (next, answer) = stored.transaction.clone().cancelled(self.clock.now());
        if answer == CancelAnswer::EndsConsent {
            save(&mut work, &stored, &next, None).await?;
            // The generation before the consent, as everyone takes them: two who wait for each other wait for ever.
            let generation = self.bump(&mut work).await?;
            let consent = stored.consent.as_deref().ok_or_else(|| damaged("consent"))?;
            self.revoke(&mut work, consent, Cause::AgencyWithdrew).await?;
            self.commit(work, generation).await?;
        } else {
            self.settle(&mut work, &stored, &next, Cause::AgencyWithdrew).await?;
            work.commit().await?;
        }
        Ok(Some(answer))
    }

    /// Saves a step; where the request ends by it without a yes, its record says so.
    pub(super) async fn settle(
        &self,
        work: &mut Work,
        stored: &Stored,
        next: &Transaction,
        cause: Cause,
    ) -> Result<(), SqlError> {
        save(work, stored, next, None).await?;
        let standing = match next.state {
            State::Denied => Standing::Denied,
            State::Locked => Standing::Locked,
            State::Void => Standing::Withdrawn,
            State::Received | State::Suppressed | State::Sent | State::Approved | State::TokenIssued => return Ok(()),
        };
        let Some(consent) = stored.record.as_deref().filter(|_| next.state != stored.transaction.state) else {
            return Ok(());
        };
        self.revise(work, consent, (standing, cause)).await.map(drop)
    }
}

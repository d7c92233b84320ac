//! Phase 5. Afterwards what can be used once is used, and the intent stands in the log, durable where it must be.

use exchange::{
    codes::Code,
    ids::{ApprovalId, ConsentId, ProgrammeId, RequestId},
    ledger::Usage,
    ports::{consent_tokens::ControlUnavailable, record_log::Position},
    record::leaf::Kind,
    refusal::Refusal,
    timestamp::Timestamp,
};

use super::{
    authorise::Authorised,
    bounded, idempotency,
    parts::Parts,
    quota::{self, OnQuota},
    record::{self, Closing},
    route::Routed,
    trail::Trail,
    wallet::{self, OnHold},
};

/// What was reserved for one request.
#[derive(Debug, Default)]
pub struct Reserved {
    token: Option<String>,
    consent: Option<ConsentId>,
    approval: Option<ApprovalId>,
    programme: Option<ProgrammeId>,
    /// What is held on the agency's account.
    pub held: Option<OnHold>,
    /// What is held of quotas.
    pub taken: Option<OnQuota>,
    /// Where the intent stands, when it had to be durable first.
    pub intent: Option<Position>,
}

impl Reserved {
    /// Sequence of the intent, where it is known.
    #[must_use]
    pub fn intent_sequence(&self) -> Option<u64> {
        self.intent.map(|position| position.sequence)
    }

    /// Nothing is recorded after this instant, where anything is held.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        [self.held.map(|held| held.until), self.taken.map(|taken| taken.until)].into_iter().flatten().min()
    }
}

/// Holds what the answer may cost and takes what it may use, uses up token, approval and a programme's turn, and records the intent.
///
/// # Errors
/// `balance_insufficient` if the agency's account does not bear it, `quota_exhausted` if a quota does not, `token_invalid` or `basis_unknown` if another request was quicker, `frequency_exceeded` if the consent was used as often as its citizen allows, `programme_spent` if the programme was used as often as
/// it may be, `store_unavailable`, `log_unavailable`.
pub async fn reserve(
    parts: &Parts,
    routed: &Routed,
    authorised: &Authorised,
    trail: &Trail,
) -> Result<Reserved, Refusal> {
    let mut reserved = Reserved::default();
    let taken = take(parts, routed, authorised, trail, &mut reserved).await;
    if let Err(refusal) = taken {
        give_back(parts, &reserved, &trail.request).await;
        return Err(refusal);
    }
    match intent(parts, routed, authorised, trail, reserved.held.is_some()).await {
        Ok(position) => reserved.intent = position,
        Err(refusal) => {
            give_back(parts, &reserved, &trail.request).await;
            return Err(refusal);
        }
    }
    Ok(reserved)
}

async fn take(
    parts: &Parts,
    routed: &Routed,
    authorised: &Authorised,
    trail: &Trail,
    reserved: &mut Reserved,
) -> Result<(), Refusal> {
    if idempotency::repeats(routed).is_some() {
        // An approval is for one answer; a repetition is another, whatever a snapshot still says of the approval.
        if authorised.approval.is_some() {
            return Err(Code::BasisUnknown.into());
        }
        return idempotency::count(parts, routed).await;
    }
    reserved.held = wallet::hold(parts, routed, authorised, trail).await?;
    reserved.taken = quota::take(parts, routed, authorised, trail).await?;
    if let (Some(token), Some(consent)) = (&routed.token, &authorised.consent) {
        if !parts.tokens.consume(token, &trail.request).await.map_err(|error| unavailable(&error))? {
            return Err(Code::TokenInvalid.into());
        }
        reserved.token = Some(token.clone());
        reserved.consent = bounded::take(parts, consent, trail).await?;
    }
    if let Some(approval) = &authorised.approval {
        if !parts.tokens.use_approval(&approval.id, &trail.request).await.map_err(|error| unavailable(&error))? {
            return Err(Code::BasisUnknown.into());
        }
        reserved.approval = Some(approval.id.clone());
    }
    if let Some((programme, cadence)) = authorised.programme.as_ref().and_then(|it| Some((it, it.cadence?))) {
        let window = cadence.every.around(trail.at).ok_or_else(|| Refusal::new(Code::Internal))?;
        let turns = (window.from, cadence.times);
        let taken = parts.tokens.use_programme(&programme.id, turns, &trail.request).await;
        if !taken.map_err(|error| unavailable(&error))? {
            let wait_s = window.until.seconds().saturating_sub(trail.at.seconds()).max(1);
            return Err(Refusal::new(Code::ProgrammeSpent).retry_after(u32::try_from(wait_s).unwrap_or(u32::MAX)));
        }
        reserved.programme = Some(programme.id.clone());
    }
    Ok(())
}

/// Durable before forwarding for Secret, prepaid and state-changing services and answers in batches, queued but ordered for the rest
/// (decisions.md).
async fn intent(
    parts: &Parts,
    routed: &Routed,
    authorised: &Authorised,
    trail: &Trail,
    held: bool,
) -> Result<Option<Position>, Refusal> {
    let entry = record::entry(parts, trail, &Closing::intent()).await?;
    debug_assert_eq!(entry.leaf.kind, Kind::Intent);
    let refusal = |error| record::refusal(&error);
    if held || authorised.secret || routed.service.writes || routed.service.streams.is_some() {
        let durable = parts.log.submit(entry).map_err(refusal)?;
        return durable.await.map(Some).map_err(refusal);
    }
    parts.log.submit_unawaited(entry).map(|()| None).map_err(refusal)
}

/// Gives back what was used up, for a request that released nothing.
pub async fn give_back(parts: &Parts, reserved: &Reserved, request: &RequestId) {
    wallet::settle(parts, reserved.held, request, 0).await;
    quota::settle(parts, reserved.taken, request, Usage::default()).await;
    if let Some(token) = &reserved.token
        && let Err(error) = parts.tokens.restore(token, request).await
    {
        tracing::error!(request = %request, error = %error, "a consent token could not be given back");
    }
    if let Some(consent) = &reserved.consent {
        bounded::give_back(parts, consent, request).await;
    }
    if let Some(approval) = &reserved.approval
        && let Err(error) = parts.tokens.restore_approval(approval, request).await
    {
        tracing::error!(request = %request, error = %error, "an approval could not be given back");
    }
    if let Some(programme) = &reserved.programme
        && let Err(error) = parts.tokens.restore_programme(programme, request).await
    {
        tracing::error!(request = %request, error = %error, "a programme's turn could not be given back");
    }
}

/// The refusal that a silent control store means.
pub(super) fn unavailable(error: &ControlUnavailable) -> Refusal {
    tracing::warn!(error = %error, "the control store did not answer");
    Refusal::new(Code::StoreUnavailable).retry_after(1)
}

#[cfg(test)]
#[path = "reserve_tests.rs"]
mod tests;

//! What a citizen bounded beside the end of a consent: how often it is used, and how long what it opened may be kept.

use exchange::{
    codes::Code,
    consent::ConsentFacts,
    decision::Question,
    ids::{ConsentId, RequestId},
    ports::consent_tokens::Turned,
    refusal::Refusal,
    timestamp::Timestamp,
};

use super::{idempotency, parts::Parts, reserve::unavailable, route::Routed, trail::Trail};

/// Uses a consent once, if its uses are counted; the consent then, which can be given back.
///
/// # Errors
/// `frequency_exceeded` with the beginning of the next period, `token_invalid` where no use is left in all, `store_unavailable`.
pub async fn take(parts: &Parts, consent: &ConsentFacts, trail: &Trail) -> Result<Option<ConsentId>, Refusal> {
    if !consent.bounds.counts() {
        return Ok(None);
    }
    let (turn, window) = consent.bounds.turn(trail.at).ok_or_else(|| Refusal::new(Code::Internal))?;
    let used = parts.tokens.use_consent(&consent.id, turn, &trail.request).await;
    match used.map_err(|error| unavailable(&error))? {
        Turned::Taken => Ok(Some(consent.id.clone())),
        Turned::Ended => Err(Code::TokenInvalid.into()),
        Turned::TooOften => {
            let next = window.map_or(trail.at, |window| window.until);
            let wait_s = next.seconds().saturating_sub(trail.at.seconds()).max(1);
            Err(Refusal::new(Code::FrequencyExceeded)
                .member("available_at", next.rfc3339())
                .retry_after(u32::try_from(wait_s).unwrap_or(u32::MAX)))
        }
    }
}

/// Gives the use back, for a request that released nothing.
pub async fn give_back(parts: &Parts, consent: &ConsentId, request: &RequestId) {
    if let Err(error) = parts.tokens.restore_consent(consent, request).await {
        tracing::error!(request = %request, error = %error, "a use of a consent could not be given back");
    }
}

/// By when what the answer holds is to be erased, where it rests on a consent that says so. A repetition is as old as what it repeats.
#[must_use]
pub fn erase_by(question: &Question, routed: &Routed, at: Timestamp) -> Option<Timestamp> {
    if question.programme.is_some() {
        return None;
    }
    let life = question.consent.as_ref()?.bounds.data_life?;
    Some(life.after(idempotency::repeats(routed).map_or(at, |first| first.at)))
}

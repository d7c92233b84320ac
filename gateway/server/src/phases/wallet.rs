//! Part of phase 5: what an answer may cost at most is held on the agency's account before anything is forwarded, and what it
//! does not cost is free again as soon as its record is durable.
//!
//! The record is the meter here too (rule 4): what was held is ended by the entry in the log that tells how the request ended,
//! when the ledger is posted. What stands here only makes more of it available sooner.

use exchange::{
    codes::Code,
    ids::RequestId,
    limits,
    ports::{
        consent_tokens::ControlUnavailable,
        wallets::{Held, Hold},
    },
    refusal::Refusal,
    tariff::{Class, rupees},
    timestamp::Timestamp,
};

use super::{authorise::Authorised, meter, parts::Parts, route::Routed, trail::Trail};

/// What is held for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnHold {
    /// Milli-paisa.
    pub amount: i64,
    /// Nothing is recorded after this instant.
    pub until: Timestamp,
}

/// Holds the most that the answer can cost, where the agency's terms set a bound; `None` where there is nothing to hold.
///
/// # Errors
/// `balance_insufficient`, `store_unavailable`.
pub async fn hold(
    parts: &Parts,
    routed: &Routed,
    authorised: &Authorised,
    trail: &Trail,
) -> Result<Option<OnHold>, Refusal> {
    let Some(terms) = &routed.terms else { return Ok(None) };
    if routed.class.is_some_and(Class::is_gratis) {
        return Ok(None);
    }
    let rows = if routed.service.rows.is_some() { authorised.permit.grant().rows } else { 1 };
    let amount = meter::at_most(routed, rows);
    if amount <= 0 {
        return Ok(None);
    }
    let until = until(routed, parts.clock.now());
    let hold = Hold {
        request: trail.request.clone(),
        agency: terms.agency.clone(),
        limit: terms.limit(),
        amount,
        node: parts.log.node().to_owned(),
        until,
    };
    match parts.wallets.hold(&hold).await.map_err(|error| unavailable(&error))? {
        Held::Held => Ok(Some(OnHold { amount, until })),
        Held::Short(available) => {
            let detail = format!("the answer may cost {}; available {}", rupees(amount), rupees(available));
            Err(Refusal::new(Code::BalanceInsufficient).detail(detail))
        }
    }
}

/// The instant until which a request that is being worked on now ends, whatever happens to it.
pub(super) fn until(routed: &Routed, now: Timestamp) -> Timestamp {
    let timeout_s = i64::from(routed.service.timeout_ms) / 1_000;
    now.plus_seconds(timeout_s.saturating_add(limits::HOLD_S))
}

/// Whether an answer may still be recorded: shortly before what is held for it could be given up, it may not.
///
/// # Errors
/// `upstream_timeout`: the answer took longer than anything may.
pub fn in_time(parts: &Parts, until: Option<Timestamp>) -> Result<(), Refusal> {
    match until {
        Some(until) if parts.clock.now().plus_seconds(limits::HOLD_MARGIN_S) > until => {
            Err(Code::UpstreamTimeout.into())
        }
        _ => Ok(()),
    }
}

/// Puts off the end of a hold for the next batch of an answer.
///
/// # Errors
/// `balance_insufficient` if nothing is held any more, `store_unavailable`.
pub async fn put_off(parts: &Parts, routed: &Routed, request: &RequestId) -> Result<(), Refusal> {
    let until = until(routed, parts.clock.now());
    if parts.wallets.put_off(request, until).await.map_err(|error| unavailable(&error))? {
        return Ok(());
    }
    Err(Refusal::new(Code::BalanceInsufficient).detail("what was held for the answer is held no longer"))
}

/// Frees what an answer did not cost; what cannot be freed now is when the ledger is posted.
pub async fn settle(parts: &Parts, held: Option<OnHold>, request: &RequestId, cost: i64) {
    if held.is_none_or(|held| held.amount <= cost) {
        return;
    }
    if let Err(error) = parts.wallets.settle(request, cost).await {
        tracing::warn!(request = %request, error = %error, "what an answer did not cost is free only when it is posted");
    }
}

fn unavailable(error: &ControlUnavailable) -> Refusal {
    tracing::warn!(error = %error, "the ledger did not answer");
    Refusal::new(Code::StoreUnavailable).retry_after(1)
}

#[cfg(test)]
#[path = "wallet_tests.rs"]
mod tests;

//! Part of phase 5: what an answer may use at most is taken of every quota that bounds the caller before anything is forwarded,
//! of all or of none; what it does not use is free again as soon as its record is durable.
//!
//! The record is the meter here too (rule 4): what was used is added when the answer's entry of the log is posted. A caller whom
//! no quota bounds costs nothing here, and so does what is free: only what the rate book prices is counted. What is given counts
//! by its rated value, for the value given is what a budget of gifts is for.

use exchange::{
    codes::Code,
    ids::RequestId,
    ledger::{Quota, Usage},
    limits,
    ports::{
        consent_tokens::ControlUnavailable,
        quotas::{Take, Taken, Want},
    },
    programme::Window,
    refusal::Refusal,
    timestamp::Timestamp,
};

use super::{authorise::Authorised, meter, parts::Parts, route::Routed, trail::Trail, wallet};

/// What is held of quotas for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnQuota {
    /// The most that its answer can use.
    pub most: Usage,
    /// Nothing is recorded after this instant.
    pub until: Timestamp,
}

/// Takes the most that the answer can use of each quota that bounds the caller; `None` where none does.
///
/// # Errors
/// `quota_exhausted`, `store_unavailable`.
pub async fn take(
    parts: &Parts,
    routed: &Routed,
    authorised: &Authorised,
    trail: &Trail,
) -> Result<Option<OnQuota>, Refusal> {
    if routed.quotas.is_empty() || routed.service.charge.priced().is_empty() {
        return Ok(None);
    }
    let rows = if routed.service.rows.is_some() { authorised.permit.grant().rows } else { 1 };
    let most = Usage { rows: i64::from(rows), calls: 1, milli_paisa: meter::at_most(routed, rows) };
    let until = wallet::until(routed, parts.clock.now());
    let mut wants = Vec::with_capacity(routed.quotas.len());
    for quota in &routed.quotas {
        let period = period(quota, trail.at)?;
        let amount = most.of(quota.measure);
        let want =
            Want { quota: quota.id.clone(), begins_at: period.from, measure: quota.measure, amount, most: quota.most };
        wants.push(want);
    }
    let take = Take { request: trail.request.clone(), node: parts.log.node().to_owned(), until, wants };
    match parts.quotas.take(&take).await.map_err(|error| unavailable(&error))? {
        Taken::All => Ok(Some(OnQuota { most, until })),
        Taken::Short(id) => {
            let short =
                routed.quotas.iter().find(|quota| quota.id == id).ok_or_else(|| Refusal::new(Code::Internal))?;
            tracing::info!(request = %trail.request, quota = %id, level = short.level.as_str(), "a quota leaves too little");
            Err(exhausted(short, most, period(short, trail.at)?, trail.at))
        }
    }
}

fn period(quota: &Quota, at: Timestamp) -> Result<Window, Refusal> {
    quota.period(at).ok_or_else(|| Refusal::new(Code::Internal))
}

/// Names the quota and never what is left: of a kind of agency, or a place, that would tell what others asked for.
fn exhausted(quota: &Quota, most: Usage, period: Window, now: Timestamp) -> Refusal {
    let Quota { id, level, measure, .. } = quota;
    let (level, amount) = (level.as_str(), most.of(*measure));
    let refusal = Refusal::new(Code::QuotaExhausted).member("quota", id.as_str()).member("level", level);
    if amount > quota.most {
        // Waiting does not help.
        return refusal
            .detail(format!("the answer may take {amount} {measure}; quota `{id}` of the {level} gives less"));
    }
    let until = period.until.rfc3339();
    let detail =
        format!("the answer may take {amount} {measure}; quota `{id}` of the {level} leaves less until {until}");
    refusal.detail(detail).retry_after(wait_s(period, now))
}

/// Seconds until the next period, rounded up, so that who waits as long finds it.
fn wait_s(period: Window, now: Timestamp) -> u32 {
    let micros = period.until.micros().saturating_sub(now.micros());
    let seconds = micros.saturating_add(999_999).div_euclid(1_000_000).clamp(1, limits::QUOTA_RETRY_S_MAX);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// Puts off the end of what is held for the next batch of an answer.
///
/// # Errors
/// `quota_exhausted` if nothing is held any more, `store_unavailable`.
pub async fn put_off(parts: &Parts, routed: &Routed, request: &RequestId) -> Result<(), Refusal> {
    let until = wallet::until(routed, parts.clock.now());
    if parts.quotas.put_off_usage(request, until).await.map_err(|error| unavailable(&error))? {
        return Ok(());
    }
    Err(Refusal::new(Code::QuotaExhausted).detail("what was taken for the answer is held no longer"))
}

/// Frees what an answer did not use; what cannot be freed now is when the ledger is posted.
pub async fn settle(parts: &Parts, taken: Option<OnQuota>, request: &RequestId, usage: Usage) {
    if taken.is_none_or(|taken| taken.most == usage) {
        return;
    }
    if let Err(error) = parts.quotas.settle_usage(request, usage).await {
        tracing::warn!(request = %request, error = %error, "what an answer did not use is free only when it is posted");
    }
}

fn unavailable(error: &ControlUnavailable) -> Refusal {
    tracing::warn!(error = %error, "the quotas cannot be asked");
    Refusal::new(Code::StoreUnavailable).retry_after(1)
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;

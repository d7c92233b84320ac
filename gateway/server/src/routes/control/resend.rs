//! `POST /bc-authorize/{id}/resend` and `DELETE /bc-authorize/{id}`: what the user who asked may do while the citizen has not
//! answered (consent.md, 6.2). Neither words nor time tell whether there is a citizen.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{delete, post},
};
use exchange::{
    codes::Code,
    consent::machine::{CancelAnswer, NotResent, PasscodeAnswer},
    refusal::Refusal,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    asking::{AskingAgain, Matter},
    authorize::busy,
    consent::{ConsentParts, agency, store_failure, user},
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// The routes.
pub fn routes(parts: Arc<ConsentParts>) -> Router {
    Router::new()
        .route("/bc-authorize/{id}/resend", post(resend))
        .route("/bc-authorize/{id}", delete(cancel))
        .with_state(parts)
}

/// Seconds, and what is left.
#[derive(Serialize)]
struct Resent {
    #[serde(rename = "ref")]
    reference: String,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_after: Option<i64>,
    tries_left: u8,
}

async fn resend(
    State(parts): State<Arc<ConsentParts>>,
    Path(auth_req_id): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Resent>, Failure> {
    let permit = permit_for(permit, "consent.resend")?;
    let slot = parts.background.slot().ok_or_else(busy)?;
    let counted = parts.store.resend(&auth_req_id, agency(&permit)?, user(&permit)?).await;
    let again = match counted.map_err(|error| store_failure(&error))? {
        Some(Ok(again)) => again,
        Some(Err(why)) => return Err(refused(why)),
        None => return Err(Code::InvalidGrant.into()),
    };
    let answer = Resent {
        reference: again.reference.clone(),
        expires_in: again.expires_in_s,
        resend_after: again.resend_after_s,
        tries_left: again.tries_left,
    };
    let agency = agency(&permit)?.clone();
    let matter =
        Matter { reference: again.reference, agency, details: again.details, counter: again.counter, mode: again.mode };
    let asking = AskingAgain { subject: again.subject, auth_req_id, matter, was_sent: again.was_sent };
    slot.run(async move {
        asking.run(&parts).await;
    });
    Ok(Json(answer))
}

fn refused(why: NotResent) -> Failure {
    match why {
        NotResent::Settled(PasscodeAnswer::Used | PasscodeAnswer::Approved) => Code::PinUsed.into(),
        NotResent::Settled(PasscodeAnswer::Denied | PasscodeAnswer::Wrong { .. }) => Code::AccessDenied.into(),
        NotResent::Settled(PasscodeAnswer::Expired) => Code::ExpiredToken.into(),
        NotResent::Settled(PasscodeAnswer::OtherMode) => Code::PinModeNotAllowed.into(),
        NotResent::Spent => Code::ResendsUsedUp.into(),
        NotResent::TooSoon { wait_s } => {
            Refusal::new(Code::RateLimited).retry_after(u32::try_from(wait_s).unwrap_or(u32::MAX)).into()
        }
    }
}

async fn cancel(
    State(parts): State<Arc<ConsentParts>>,
    Path(auth_req_id): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "consent.cancel")?;
    let answer = parts.store.cancel(&auth_req_id, agency(&permit)?, user(&permit)?).await;
    match answer.map_err(|error| store_failure(&error))? {
        Some(CancelAnswer::Cancelled | CancelAnswer::EndsConsent) => Ok(Json(json!({"status": "cancelled"}))),
        Some(CancelAnswer::Denied) => Err(Code::AccessDenied.into()),
        Some(CancelAnswer::Expired) => Err(Code::ExpiredToken.into()),
        Some(CancelAnswer::Used) | None => Err(Code::InvalidGrant.into()),
    }
}

//! `POST /bc-authorize/{id}/pin`: the passcode that the citizen read out, typed in at the counter (consent.md, 6.2).

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, extract::Path, extract::State, routing::post};
use exchange::{
    codes::Code,
    consent::{machine::PasscodeAnswer, passcode::Passcode},
    ids::AgencyId,
    refusal::Refusal,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::consent::{ConsentParts, agency, invalid, store_failure, user};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// The route.
pub fn routes(parts: Arc<ConsentParts>) -> Router {
    Router::new().route("/bc-authorize/{id}/pin", post(pin)).with_state(parts)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    pin: String,
}

async fn pin(
    State(parts): State<Arc<ConsentParts>>,
    Path(auth_req_id): Path<String>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "consent.pin")?;
    let given: Given = serde_json::from_slice(&body).map_err(|_| invalid("pin"))?;
    // What is not six digits cannot be a passcode, so it is a slip of the keyboard and costs no try.
    let passcode = Passcode::parse(&given.pin).ok_or_else(|| invalid("pin"))?;
    let answer = parts.store.offer(&auth_req_id, agency(&permit)?, user(&permit)?, &passcode).await;
    let answer = answer.map_err(|error| store_failure(&error))?;
    count(&parts, agency(&permit)?, answer);
    match answer {
        Some(PasscodeAnswer::Approved) => Ok(Json(json!({"status": "approved"}))),
        Some(PasscodeAnswer::Wrong { tries_left }) => {
            Err(Refusal::new(Code::InvalidPin).member("tries_left", tries_left).into())
        }
        Some(PasscodeAnswer::Denied) => Err(Code::AccessDenied.into()),
        Some(PasscodeAnswer::Used) => Err(Code::PinUsed.into()),
        Some(PasscodeAnswer::Expired) => Err(Code::ExpiredToken.into()),
        Some(PasscodeAnswer::OtherMode) => Err(Code::PinModeNotAllowed.into()),
        None => Err(Code::InvalidGrant.into()),
    }
}

/// Counts what was looked at, by agency.
fn count(parts: &ConsentParts, agency: &AgencyId, answer: Option<PasscodeAnswer>) {
    let wrong = match answer {
        Some(PasscodeAnswer::Approved) => false,
        Some(PasscodeAnswer::Wrong { .. }) => true,
        _ => return,
    };
    if parts.guessing.offered(agency, wrong) {
        let why = "too many passcodes at its counters are wrong: for an hour its requests are answered by SMS only";
        tracing::error!(agency.id = agency.as_str(), why, "an agency is held");
    }
}

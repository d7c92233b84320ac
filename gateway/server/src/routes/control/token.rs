//! `POST /token`: the agency polls for the citizen's answer and fetches its token, once (CIBA Core 1.0 §10.1, §11).

use std::sync::Arc;

use adapters::sql::control::Polled;
use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use exchange::{codes::Code, consent::machine::PollAnswer, refusal::Refusal};
use serde_json::{Value, json};

use super::{
    consent::{ConsentParts, STORE_RETRY_S, agency, certificate, form, invalid, same_client, store_failure},
    openid::{id_token::Said, signing::SigningError},
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

const GRANT_TYPE: &str = "urn:openid:params:grant-type:ciba";

/// The route.
pub fn routes(parts: Arc<ConsentParts>) -> Router {
    Router::new().route("/token", post(token)).with_state(parts)
}

async fn token(
    State(parts): State<Arc<ConsentParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "consent.token")?;
    let form = form(&body, &["grant_type", "auth_req_id", "client_id"])?;
    same_client(&permit, &form)?;
    if form.get("grant_type").map(String::as_str) != Some(GRANT_TYPE) {
        return Err(invalid("grant_type"));
    }
    let auth_req_id = form.get("auth_req_id").ok_or_else(|| invalid("auth_req_id"))?;
    // A yes becomes a token once: without a key to sign with it stays where it is, for the agency to fetch later.
    let signer = parts.id_tokens.signer().map_err(|error| unsigned(&error))?;
    let polled = parts.store.poll(auth_req_id, agency(&permit)?, certificate(&permit)?).await;
    match polled.map_err(|error| store_failure(&error))? {
        Some(Polled::Token(token)) => {
            let details: Value = serde_json::from_str(&token.details).map_err(|_| Code::Internal)?;
            let said = Said {
                agency: agency(&permit)?,
                subject: token.subject,
                auth_req_id,
                access_token: &token.access_token,
                mode: token.mode,
                approved_at: token.approved_at,
            };
            let id_token = parts.id_tokens.make(&signer, said, permit.grant().at).map_err(|error| unsigned(&error))?;
            Ok(Json(json!({
                "access_token": token.access_token,
                // RFC 8705 §3: a certificate-bound token is still presented as a bearer token, over the bound connection.
                "token_type": "Bearer",
                "expires_in": token.expires_in_s,
                "id_token": id_token,
                "consent_id": token.consent,
                "authorization_details": details,
            })))
        }
        Some(Polled::Answer(answer)) => Err(refused(answer).into()),
        None => Err(Code::InvalidGrant.into()),
    }
}

fn unsigned(error: &SigningError) -> Failure {
    tracing::error!(%error, "no id_token can be signed");
    Refusal::new(Code::StoreUnavailable).retry_after(STORE_RETRY_S).into()
}

fn refused(answer: PollAnswer) -> Code {
    match answer {
        PollAnswer::Pending => Code::AuthorizationPending,
        PollAnswer::SlowDown => Code::SlowDown,
        PollAnswer::Denied => Code::AccessDenied,
        PollAnswer::Expired => Code::ExpiredToken,
        PollAnswer::Used => Code::InvalidGrant,
        PollAnswer::Issue => Code::Internal,
    }
}

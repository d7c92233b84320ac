//! `POST /introspect` (RFC 7662) and `POST /revoke` (RFC 7009): what an agency may ask of, and do with, a token of its own. Of
//! other tokens it learns nothing: an unknown one and another's look alike.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{codes::Code, permit::Permit};
use serde_json::{Value, json};

use super::{
    consent::{ConsentParts, agency, form, invalid, same_client, store_failure},
    openid::id_token::AMR,
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// The routes.
pub fn routes(parts: Arc<ConsentParts>) -> Router {
    Router::new().route("/introspect", post(introspect)).route("/revoke", post(revoke)).with_state(parts)
}

async fn introspect(
    State(parts): State<Arc<ConsentParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "consent.introspect")?;
    let token = token(&permit, &body)?;
    let agency = agency(&permit)?;
    let found = parts.store.introspect(&token, agency).await.map_err(|error| store_failure(&error))?;
    // RFC 7662 §2.2: nothing more is said of a token that does not hold.
    let Some(found) = found else { return Ok(Json(json!({ "active": false }))) };
    let details: Value = serde_json::from_str(&found.details.canonical()).map_err(|_| Code::Internal)?;
    Ok(Json(json!({
        "active": true,
        "iss": *parts.id_tokens.issuer(),
        "client_id": agency,
        "sub": parts.id_tokens.subject(agency, found.facts.subject),
        "token_type": "Bearer",
        "nbf": found.facts.granted_at.seconds(),
        "exp": found.facts.expires_at.seconds(),
        // A consent has one token.
        "jti": found.facts.id,
        "consent_id": found.facts.id,
        "acr": found.mode.acr(),
        "amr": AMR,
        "cnf": { "x5t#S256": URL_SAFE_NO_PAD.encode(found.certificate.0) },
        "authorization_details": details,
    })))
}

async fn revoke(
    State(parts): State<Arc<ConsentParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "consent.revoke")?;
    let token = token(&permit, &body)?;
    parts.store.give_back(&token, agency(&permit)?).await.map_err(|error| store_failure(&error))?;
    // RFC 7009 §2.2: the same for a token that was none, so that nobody learns which tokens there are.
    Ok(Json(json!({ "status": "revoked" })))
}

fn token(permit: &Permit, body: &[u8]) -> Result<String, Failure> {
    let mut form: BTreeMap<String, String> = form(body, &["token", "token_type_hint", "client_id"])?;
    same_client(permit, &form)?;
    form.remove("token").filter(|token| !token.is_empty()).ok_or_else(|| invalid("token"))
}

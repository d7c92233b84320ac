//! The record of consents: `GET /v1/consents/{consent}/receipt` for the agency that a consent was given to, and
//! `POST /v1/audit/consents` for an auditor, who sees what a citizen was asked, said and took back, and whether the record holds.

use std::sync::Arc;

use adapters::sql::control::{Audited, ControlStore, StoredRevision};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    routing::{get, post},
};
use exchange::{
    codes::Code,
    consent::{
        receipt::{Names, receipt},
        revision::Revision,
    },
    es256::KeyRing,
    ids::ConsentId,
    ports::citizen_keys::CitizenKeys as _,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    consent::{agency, store_failure},
    openid::id_token::IdTokens,
};
use crate::{
    phases::snapshot::DirectoryWatch,
    routes::answer::{Failure, MaybePermit, permit_for},
};

/// Records of one page: each is verified while the auditor waits.
const PAGE_MAX: u32 = 20;

/// What the routes work with.
#[derive(Debug)]
pub struct RecordParts {
    /// The record.
    pub store: Arc<ControlStore>,
    /// Names of agencies and purposes.
    pub directory: Arc<DirectoryWatch>,
    /// Agencies' names for citizens.
    pub id_tokens: IdTokens,
    /// Keys whose signatures are believed.
    pub ring: KeyRing,
}

/// The routes.
pub fn routes(parts: Arc<RecordParts>) -> Router {
    Router::new()
        .route("/v1/consents/{consent}/receipt", get(told))
        .route("/v1/audit/consents", post(audited))
        .with_state(parts)
}

async fn told(
    State(parts): State<Arc<RecordParts>>,
    permit: MaybePermit,
    Path(consent): Path<String>,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "consent.receipt")?;
    let agency = agency(&permit)?;
    let consent = ConsentId::parse(&consent).map_err(|_| Code::NotFound)?;
    let found = parts.store.audit_record(&consent, &parts.ring).await.map_err(|error| store_failure(&error))?;
    // What is absent and what is another agency's get one answer.
    if found.rows.first().is_none_or(|row| row.agency != agency.as_str()) {
        return Err(Code::NotFound.into());
    }
    let record = found.verdict.map_err(|broken| {
        tracing::error!(%consent, %broken, "the record of a consent does not hold");
        Code::Internal
    })?;
    let (subject, _) =
        parts.store.record_subject(&consent).await.map_err(|error| store_failure(&error))?.ok_or(Code::Internal)?;
    let directory = parts.directory.any();
    let purpose = record.first().and_then(|first| directory.purpose(first.purpose.as_str()));
    let names = Names {
        issuer: &parts.id_tokens.issuer(),
        principal: &parts.id_tokens.subject(agency, subject),
        agency: directory.agency(agency.as_str()).map_or(agency.as_str(), |agency| agency.name.as_str()),
        purpose: purpose.map_or("", |purpose| purpose.text.as_str()),
    };
    let receipt = receipt(&record, names).ok_or(Code::Internal)?;
    let revisions: Vec<&str> = found.rows.iter().map(|row| row.signed.as_str()).collect();
    Ok(Json(
        json!({ "receipt": receipt, "revisions": revisions, "keys": format!("{}/jwks", parts.id_tokens.issuer()) }),
    ))
}

/// The citizen stands in the permit; the door has checked that the body names the same one.
#[derive(Debug, Default, Deserialize)]
struct Ask {
    cursor: Option<String>,
}

async fn audited(
    State(parts): State<Arc<RecordParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "audit.consents")?;
    let ask: Ask = serde_json::from_slice(&body).map_err(|_| Code::BodyMalformed)?;
    let citizen = parts.store.subject_key(permit.subject().ok_or(Code::CnicInvalid)?);
    let limit = permit.grant().rows.clamp(1, PAGE_MAX);
    let after = ask.cursor.unwrap_or_default();
    let failed = |error| store_failure(&error);
    // One more than the page shows whether there is another.
    let mut names = parts.store.records_of(citizen, &after, limit + 1).await.map_err(failed)?;
    let more = names.len() > limit as usize;
    names.truncate(limit as usize);
    let next = names.last().filter(|_| more).cloned();
    let mut consents = Vec::with_capacity(names.len());
    for consent in names {
        let found = parts.store.audit_record(&consent, &parts.ring).await.map_err(failed)?;
        let shown = parts.store.shown(&consent).await.map_err(failed)?;
        let shown: Vec<Value> = shown.iter().map(|shown| json!({ "at": shown.at, "text": shown.text })).collect();
        consents.push(described(&parts.ring, &consent, &found, &shown));
    }
    Ok(Json(json!({ "consents": consents, "next": next })))
}

fn described(ring: &KeyRing, consent: &ConsentId, found: &Audited, shown: &[Value]) -> Value {
    let broken = found.verdict.as_ref().err();
    let first = found.rows.first();
    json!({
        "consent": consent,
        "agency": first.map(|row| &row.agency),
        "state": found.rows.last().map(|row| &row.state),
        "holds": broken.is_none(),
        "broken": broken.map(|broken| broken.revision),
        "fault": broken.map(|broken| broken.fault.to_string()),
        "revisions": found.rows.iter().map(|row| revision(ring, row)).collect::<Vec<_>>(),
        "shown": shown,
    })
}

/// A revision as its signed words tell it; of one that nobody signed its row alone.
fn revision(ring: &KeyRing, row: &StoredRevision) -> Value {
    let read = Revision::open(ring, &row.signed);
    let read = read.as_ref();
    json!({
        "revision": row.revision,
        "at": row.at.rfc3339(),
        "state": row.state,
        "cause": read.map(|revision| revision.cause),
        "user": read.map(|revision| &revision.user),
        "purpose": read.map(|revision| &revision.purpose),
        "acr": read.map(|revision| &revision.acr),
        "node": row.leaf.as_ref().map(|(node, _)| node),
        "sequence": row.leaf.as_ref().map(|(_, sequence)| sequence),
        "signed": row.signed,
    })
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;

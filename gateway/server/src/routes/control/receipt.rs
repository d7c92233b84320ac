//! `GET /v1/receipts/{sequence}`: proof that an entry of the caller's own stands in the log.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange::{
    codes::Code,
    ids::AgencyId,
    ports::record_log::{InclusionProof, LogUnavailable, RecordLog, StoredEntry},
    record::leaf::Leaf,
};
use serde_json::{Value, json};

use super::checkpoint::on_files;
use crate::{
    phases::snapshot::DirectoryWatch,
    routes::answer::{Failure, MaybePermit, permit_for},
};

/// Kind of agency that may prove any entry: what an auditor was shown must be checkable.
const AUDITOR: &str = "Auditor";

/// What the route works with.
#[derive(Debug)]
pub struct ReceiptParts {
    /// The access log.
    pub log: Arc<dyn RecordLog>,
    /// Agencies, to tell auditors.
    pub directory: Arc<DirectoryWatch>,
}

/// The route.
pub fn routes(parts: Arc<ReceiptParts>) -> Router {
    Router::new().route("/v1/receipts/{sequence}", get(receipt)).with_state(parts)
}

async fn receipt(
    State(parts): State<Arc<ReceiptParts>>,
    Path(sequence): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "receipt.get")?;
    let agency = permit.grant().agency.as_ref().ok_or(Code::CallerNotAllowed)?;
    let directory = parts.directory.current()?;
    let auditor = directory.agency(agency.as_str()).is_some_and(|agency| agency.kind == AUDITOR);
    // What is no sequence, beyond the log, or another agency's gets one and the same answer.
    let sequence: u64 = sequence.parse().map_err(|_| Code::NotFound)?;
    let (log, agency) = (Arc::clone(&parts.log), agency.clone());
    let found = on_files(move || find(log.as_ref(), sequence, &agency, auditor)).await?;
    let (entry, proof) = found.ok_or(Code::NotFound)?;
    Ok(Json(json!({
        "sequence": sequence,
        "leaf": STANDARD.encode(&entry.leaf),
        "proof": proof.tlog_proof,
        "checkpoint": proof.checkpoint,
        "verifier_key": parts.log.verifier_key(),
    })))
}

fn find(
    log: &dyn RecordLog,
    sequence: u64,
    agency: &AgencyId,
    auditor: bool,
) -> Result<Option<(StoredEntry, InclusionProof)>, LogUnavailable> {
    if sequence >= log.durable_size() {
        return Ok(None);
    }
    let Some(entry) = log.read(sequence, 1)?.pop().filter(|entry| entry.sequence == sequence) else { return Ok(None) };
    let leaf = Leaf::from_bytes(&entry.leaf).map_err(|error| LogUnavailable::Failed(error.to_string()))?;
    if !auditor && leaf.agency.as_deref() != Some(agency.as_str()) {
        return Ok(None);
    }
    let proof = log.prove(sequence)?;
    Ok(Some((entry, proof)))
}

#[cfg(test)]
mod tests {
    use exchange::{
        directory::DirectoryData,
        log::{note::NoteVerifier, proof::TlogProof},
        record::leaf::Kind,
    };

    use super::*;
    use crate::routes::trial::{MemoryLog, agency, ask, directory, leaf, permit};

    async fn receipt_of(agency_id: &str, sequence: &str) -> (u16, Value) {
        let log = Arc::new(MemoryLog::default());
        for n in 0..7 {
            log.put(leaf(Kind::Outcome, &format!("r{n}"), ["bank-indus", "telco-sarhad"][n % 2]), 1);
        }
        let agencies = vec![agency("bank-indus", "Bank"), agency("auditor-general", "Auditor")];
        let directory = directory(DirectoryData { agencies, ..DirectoryData::default() }).await;
        let router = routes(Arc::new(ReceiptParts { log, directory }));
        ask(router, Some(permit("receipt.get", agency_id)), "GET", &format!("/v1/receipts/{sequence}"), "").await
    }

    #[tokio::test]
    async fn a_receipt_is_verified_without_the_exchange() {
        let (status, found) = receipt_of("bank-indus", "4").await;
        assert_eq!(status, 200);
        let verifier = NoteVerifier::parse(found["verifier_key"].as_str().unwrap()).unwrap();
        let mut entry = STANDARD.decode(found["leaf"].as_str().unwrap()).unwrap();
        let proof = TlogProof::parse(found["proof"].as_str().unwrap()).unwrap();
        assert_eq!((proof.index, Leaf::from_bytes(&entry).unwrap().sequence), (4, 4));
        assert_eq!(proof.checkpoint, found["checkpoint"].as_str().unwrap());
        proof.verify(&entry, &verifier).unwrap();
        entry[10] ^= 1;
        proof.verify(&entry, &verifier).unwrap_err();
    }

    #[tokio::test]
    async fn what_is_absent_and_what_is_another_agencys_get_one_answer() {
        let foreign = receipt_of("bank-indus", "3").await;
        assert_eq!(foreign, (404, json!({"code": "not_found"})));
        for absent in ["7", "18446744073709551615", "-1", "x", "99999999999999999999"] {
            assert_eq!(receipt_of("bank-indus", absent).await, foreign, "{absent}");
        }
        assert_eq!(receipt_of("agency-of-nobody", "0").await, foreign);
    }

    #[tokio::test]
    async fn an_auditor_may_prove_any_entry() {
        for sequence in ["0", "1"] {
            assert_eq!(receipt_of("auditor-general", sequence).await.0, 200);
        }
    }
}

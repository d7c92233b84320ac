//! A leaf with its proof, as `GET /v1/receipts/{sequence}` gives it and as leaves are exported: one JSON object a line.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{limits::EVIDENCE_BYTES_MAX, log::proof::TlogProof};

/// A leaf's bytes and the proof that they stand in a log; nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The leaf's bytes as hashed.
    pub leaf: Vec<u8>,
    /// Where they stand, and under which checkpoint.
    pub proof: TlogProof,
}

/// Why a line is no leaf with its proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Longer than any leaf with its proof.
    #[error("is longer than {EVIDENCE_BYTES_MAX} bytes")]
    TooLong,
    /// Not JSON with `leaf` and `proof`.
    #[error("is not a json object with `leaf` and `proof`: {0}")]
    Json(String),
    /// Its leaf is not base64.
    #[error("its `leaf` is not base64")]
    Leaf,
    /// Its proof is not a tlog-proof.
    #[error("its `proof` is not a tlog-proof text")]
    Proof,
}

/// Members that others wrote beside these two, such as `sequence`, are passed over: the proof says the same, provably.
#[derive(Serialize, Deserialize)]
struct Written {
    leaf: String,
    proof: String,
}

impl Evidence {
    /// Reads one line.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn parse(line: &str) -> Result<Self, EvidenceError> {
        if line.len() > EVIDENCE_BYTES_MAX {
            return Err(EvidenceError::TooLong);
        }
        let written: Written = serde_json::from_str(line).map_err(|error| EvidenceError::Json(error.to_string()))?;
        let leaf = STANDARD.decode(written.leaf).map_err(|_| EvidenceError::Leaf)?;
        let proof = TlogProof::parse(&written.proof).map_err(|_| EvidenceError::Proof)?;
        Ok(Self { leaf, proof })
    }

    /// The line, without its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let written = Written { leaf: STANDARD.encode(&self.leaf), proof: self.proof.to_text() };
        // Two texts always have a JSON form.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

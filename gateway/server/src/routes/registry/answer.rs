//! Reading a body once, and answering as JSON or with a problem.

use axum::Json;
use bytes::Bytes;
use exchange::{cnic::Cnic, codes::Code, ids::DatatypeId};
use serde::{Deserialize, de::DeserializeOwned};

use crate::routes::answer::Failure;

/// What every handler gives.
pub type Answer<T> = Result<Json<T>, Failure>;

/// The body of a question about one person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Whom it is about.
    pub cnic: Cnic,
    /// Decided at the door, all or nothing; the permit names what came of it.
    #[serde(rename = "fields")]
    _fields: Option<Vec<DatatypeId>>,
}

/// Reads the body as the service's parameters. The door has checked them against the catalogue already; what gets here
/// otherwise is refused, not repaired.
///
/// # Errors
/// `body_malformed`, without repeating anything of the body.
pub fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Code::BodyMalformed.into())
}

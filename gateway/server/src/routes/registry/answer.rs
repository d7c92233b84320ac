//! Reading a body once, and answering as JSON or with a problem.

use axum::Json;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// What every handler gives.
pub type Answer<T> = Result<Json<T>, Problem>;

/// Reads the body as the service's parameters. The door has checked them against the catalogue already; what gets here
/// otherwise is refused, not repaired.
///
/// # Errors
/// [`Problem::malformed`], without repeating anything of the body.
pub fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|_| Problem::malformed())
}

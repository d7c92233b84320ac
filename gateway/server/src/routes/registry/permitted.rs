//! The permit of a request: without one there is no handler.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use exchange::permit::Permit;

use super::problem::Problem;

/// The permit that came with the request.
#[derive(Debug)]
pub struct Permitted(pub Arc<Permit>);

impl<S: Sync> FromRequestParts<S> for Permitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Arc<Permit>>().map(|permit| Self(Arc::clone(permit))).ok_or_else(Problem::no_permit)
    }
}

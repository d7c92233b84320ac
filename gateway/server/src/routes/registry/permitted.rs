//! The permit of a request: without one there is no handler.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use exchange::{codes::Code, permit::Permit};

use crate::routes::answer::Failure;

/// The permit that came with the request; which service it is for, the registry itself looks at.
#[derive(Debug)]
pub struct Permitted(pub Arc<Permit>);

impl<S: Sync> FromRequestParts<S> for Permitted {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let permit = parts.extensions.get::<Arc<Permit>>().map(|permit| Self(Arc::clone(permit)));
        permit.ok_or_else(|| Code::PolicyDenied.into())
    }
}

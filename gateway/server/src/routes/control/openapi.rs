//! `GET /openapi.json`: every service described for programs, made from the catalogue in force.

use std::sync::Arc;

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use bytes::Bytes;
use exchange::{catalogue::Catalogue, openapi};

use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// What the route works with.
#[derive(Debug)]
pub struct OpenapiParts {
    document: Bytes,
}

impl OpenapiParts {
    /// The description of this catalogue; `issuer` is the agencies' listener, `https://host:port`.
    #[must_use]
    pub fn new(catalogue: &Catalogue, issuer: &str) -> Self {
        Self { document: openapi::document(catalogue, issuer).to_string().into() }
    }
}

/// The route.
pub fn routes(parts: Arc<OpenapiParts>) -> Router {
    Router::new().route("/openapi.json", get(document)).with_state(parts)
}

async fn document(State(parts): State<Arc<OpenapiParts>>, permit: MaybePermit) -> Result<impl IntoResponse, Failure> {
    permit_for(permit, "openapi.document")?;
    Ok(([(header::CONTENT_TYPE, "application/json")], parts.document.clone()))
}

#[cfg(test)]
mod tests {
    use exchange::{decision::Decider as _, limits};
    use policies::Bundle;

    use super::*;
    use crate::routes::trial::{ask, permit};

    fn parts() -> Arc<OpenapiParts> {
        let bundle = Bundle::embedded().unwrap();
        Arc::new(OpenapiParts::new(&bundle.catalogue(), "https://localhost:8443"))
    }

    #[tokio::test]
    async fn the_catalogue_in_force_is_described_to_who_has_a_permit_for_that() {
        let get = |service| ask(routes(parts()), Some(permit(service, "bank-indus")), "GET", "/openapi.json", "");
        let (status, found) = get("openapi.document").await;
        let kyc = found.pointer("/paths/~1v1~1identity~1kyc/post/operationId");
        assert_eq!((status, kyc), (200, Some(&serde_json::json!("identity.kyc"))));
        assert_eq!(get("openid.configuration").await.0, 500);
    }

    #[test]
    fn the_document_passes_the_bounds_of_every_answer() {
        let parts = parts();
        assert!(parts.document.len() < limits::ANSWER_BYTES_MAX / 2, "{} bytes", parts.document.len());
        let value = serde_json::from_slice(&parts.document).unwrap();
        assert!(!exchange::filter::too_deep(&value, limits::JSON_DEPTH_MAX));
    }
}

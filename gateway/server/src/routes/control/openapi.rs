//! `GET /openapi.json`: every service described for programs, made from the catalogue in force.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use bytes::Bytes;
use exchange::{catalogue::Catalogue, decision::Decider, openapi};

use super::openid::issuer::Issuer;
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// What the route works with.
#[derive(Debug)]
pub struct OpenapiParts {
    decider: Arc<dyn Decider>,
    issuer: Issuer,
    made: ArcSwap<Made>,
}

/// The description of one catalogue.
#[derive(Debug)]
struct Made {
    of: Arc<Catalogue>,
    issuer: Arc<String>,
    document: Bytes,
}

impl OpenapiParts {
    /// Describes the catalogue of the law in force; `issuer` is the agencies' listener as clients reach it.
    #[must_use]
    pub fn new(decider: Arc<dyn Decider>, issuer: Issuer) -> Self {
        let made = ArcSwap::from_pointee(Made::of(decider.catalogue(), issuer.url()));
        Self { decider, issuer, made }
    }

    /// The description, made anew when another catalogue is in force or the listener is known better.
    fn document(&self) -> Bytes {
        let catalogue = self.decider.catalogue();
        let (made, issuer) = (self.made.load(), self.issuer.url());
        if Arc::ptr_eq(&made.of, &catalogue) && made.issuer == issuer {
            return made.document.clone();
        }
        let made = Made::of(catalogue, issuer);
        let document = made.document.clone();
        self.made.store(Arc::new(made));
        document
    }
}

impl Made {
    fn of(catalogue: Arc<Catalogue>, issuer: Arc<String>) -> Self {
        let document = openapi::document(&catalogue, &issuer).to_string().into();
        Self { of: catalogue, issuer, document }
    }
}

/// The route.
pub fn routes(parts: Arc<OpenapiParts>) -> Router {
    Router::new().route("/openapi.json", get(document)).with_state(parts)
}

async fn document(State(parts): State<Arc<OpenapiParts>>, permit: MaybePermit) -> Result<impl IntoResponse, Failure> {
    permit_for(permit, "openapi.document")?;
    Ok(([(header::CONTENT_TYPE, "application/json")], parts.document()))
}

#[cfg(test)]
mod tests {
    use exchange::limits;
    use policies::{Bundle, source::Source};

    use super::*;
    use crate::{
        law::LawInForce,
        phases::parts::Law,
        routes::trial::{ask, permit},
    };

    fn parts() -> Arc<OpenapiParts> {
        let law = LawInForce::new(Law::new(Arc::new(Bundle::embedded().unwrap())));
        Arc::new(OpenapiParts::new(Arc::new(law), Issuer::new("https://localhost:8443")))
    }

    #[test]
    fn another_law_is_described_as_soon_as_it_is_in_force() {
        let law = Arc::new(LawInForce::new(Law::new(Arc::new(Bundle::embedded().unwrap()))));
        let issuer = Issuer::new("https://localhost");
        let parts = OpenapiParts::new(Arc::clone(&law) as Arc<dyn Decider>, issuer.clone());
        assert_eq!(parts.document(), parts.document());
        let names = |url: &[u8]| parts.document().windows(url.len()).any(|bytes| bytes == url);
        assert!(!names(b"https://localhost:8443"));
        issuer.listens("localhost", 8443);
        assert!(names(b"https://localhost:8443"), "where clients reach it, as soon as that is known");
        let source = Source::embedded();
        let text = source.file("catalogue/own.toml").unwrap().replace("title = \"", "title = \"Renamed: ");
        assert!(!parts.document().windows(9).any(|bytes| bytes == b"Renamed: "));
        law.swap(Law::new(Arc::new(Bundle::load(&source.with("catalogue/own.toml", &text)).unwrap())));
        assert!(parts.document().windows(9).any(|bytes| bytes == b"Renamed: "));
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
        let document = parts.document();
        // A quarter is left for services to come: past that, what is said once for all of them must be said once.
        assert!(document.len() < limits::ANSWER_BYTES_MAX / 4 * 3, "{} bytes", document.len());
        let value = serde_json::from_slice(&document).unwrap();
        assert!(!exchange::filter::too_deep(&value, limits::JSON_DEPTH_MAX));
    }
}

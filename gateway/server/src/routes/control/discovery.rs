//! `GET /.well-known/openid-configuration`: which of OpenID CIBA's endpoints and abilities are built.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde_json::{Value, json};

use super::openid::{
    id_token::{ACRS, CLAIMS},
    issuer::Issuer,
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// Type of the one element of `authorization_details` (RFC 9396).
const DETAILS_TYPE: &str = "urn:pk:ijazat:consent:1";

/// What the route works with.
#[derive(Debug)]
pub struct DiscoveryParts {
    /// The agencies' listener as clients reach it.
    pub issuer: Issuer,
}

/// The route.
pub fn routes(parts: Arc<DiscoveryParts>) -> Router {
    Router::new().route("/.well-known/openid-configuration", get(discovery)).with_state(parts)
}

async fn discovery(State(parts): State<Arc<DiscoveryParts>>, permit: MaybePermit) -> Result<Json<Value>, Failure> {
    permit_for(permit, "openid.configuration")?;
    Ok(Json(document(&parts.issuer.url())))
}

/// Only what works. There is no `push`: a token leaves over the connection that its certificate binds it to, or not at all.
fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "backchannel_authentication_endpoint": format!("{issuer}/bc-authorize"),
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_user_code_parameter_supported": false,
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "token_endpoint_auth_methods_supported": ["tls_client_auth"],
        "introspection_endpoint": format!("{issuer}/introspect"),
        "introspection_endpoint_auth_methods_supported": ["tls_client_auth"],
        "revocation_endpoint": format!("{issuer}/revoke"),
        "revocation_endpoint_auth_methods_supported": ["tls_client_auth"],
        "grant_types_supported": ["urn:openid:params:grant-type:ciba"],
        "scopes_supported": ["openid", "consent"],
        "response_types_supported": [],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "acr_values_supported": ACRS,
        "claims_supported": CLAIMS,
        "authorization_details_types_supported": [DETAILS_TYPE],
        "tls_client_certificate_bound_access_tokens": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::trial::{ask, permit};

    #[tokio::test]
    async fn discovery_promises_polling_and_bound_tokens_and_no_push() {
        let parts = DiscoveryParts { issuer: Issuer::new("https://127.0.0.1:8443") };
        let permit = Some(permit("openid.configuration", "bank-indus"));
        let router = routes(Arc::new(parts));
        let (status, found) = ask(router, permit, "GET", "/.well-known/openid-configuration", "").await;
        assert_eq!(status, 200);
        assert_eq!(found["issuer"], "https://127.0.0.1:8443");
        assert_eq!(found["token_endpoint"], "https://127.0.0.1:8443/token");
        assert_eq!(found["jwks_uri"], "https://127.0.0.1:8443/jwks");
        assert_eq!(found["introspection_endpoint"], "https://127.0.0.1:8443/introspect");
        assert_eq!(found["revocation_endpoint"], "https://127.0.0.1:8443/revoke");
        assert_eq!(found["subject_types_supported"], json!(["pairwise"]));
        assert_eq!(found["acr_values_supported"], json!(["urn:nadra:acr:sms-pin", "urn:nadra:acr:sms-reply"]));
        assert_eq!(found["backchannel_authentication_endpoint"], "https://127.0.0.1:8443/bc-authorize");
        assert_eq!(found["backchannel_token_delivery_modes_supported"], json!(["poll", "ping"]));
        assert_eq!(found["tls_client_certificate_bound_access_tokens"], true);
        assert_eq!(found["authorization_details_types_supported"], json!([DETAILS_TYPE]));
    }
}

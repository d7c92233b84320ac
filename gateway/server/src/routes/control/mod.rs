//! The control service as an upstream: consent, and what callers and auditors read of the record.

use std::sync::Arc;

use axum::Router;

mod asking;
pub mod audit;
pub mod authorize;
pub mod background;
pub mod checkpoint;
pub mod consent;
#[cfg(test)]
mod consent_tests;
pub mod discovery;
pub mod openapi;
pub mod pin;
pub mod receipt;
pub mod token;
pub mod usage;
pub mod whoami;

/// What each route works with; `compose.rs` makes them.
#[derive(Clone, Debug)]
pub struct ControlParts {
    /// Asking a citizen, the passcode, the token.
    pub consent: Arc<consent::ConsentParts>,
    /// Who looked at a citizen.
    pub audit: Arc<audit::AuditParts>,
    /// The log's head.
    pub checkpoint: Arc<checkpoint::CheckpointParts>,
    /// What OpenID clients read first.
    pub discovery: Arc<discovery::DiscoveryParts>,
    /// Every service, described for programs.
    pub openapi: Arc<openapi::OpenapiParts>,
    /// One entry and its proof.
    pub receipt: Arc<receipt::ReceiptParts>,
    /// The month's bill.
    pub usage: Arc<usage::UsageParts>,
    /// The caller itself.
    pub whoami: Arc<whoami::WhoamiParts>,
}

/// The control service under the catalogue's paths. Each request must carry `Arc<Permit>` in its extensions.
pub fn router(parts: ControlParts) -> Router {
    Router::new()
        .merge(authorize::routes(Arc::clone(&parts.consent)))
        .merge(pin::routes(Arc::clone(&parts.consent)))
        .merge(token::routes(parts.consent))
        .merge(audit::routes(parts.audit))
        .merge(checkpoint::routes(parts.checkpoint))
        .merge(discovery::routes(parts.discovery))
        .merge(openapi::routes(parts.openapi))
        .merge(receipt::routes(parts.receipt))
        .merge(usage::routes(parts.usage))
        .merge(whoami::routes(parts.whoami))
}

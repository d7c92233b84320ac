//! The registry as an upstream: one handler a file, each with a permit in its hands.

mod answer;
mod death_notice;
mod household;
mod households;
mod kyc;
mod permitted;
mod predicates;
mod problem;
mod report;
#[cfg(test)]
mod testing;
mod yes_no;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use registry_core::service::RegistryService;

/// The registry's services under the catalogue's paths. Each request must carry `Arc<Permit>` in its extensions: put
/// there by the door in this process, or by whoever verified the permit token.
pub fn router(service: Arc<RegistryService>) -> Router {
    Router::new()
        .route("/v1/identity/yes-no", post(yes_no::handle))
        .route("/v1/identity/kyc", post(kyc::handle))
        .route("/v1/identity/predicates", post(predicates::predicates))
        .route("/v1/nser/band", post(predicates::band))
        .route("/v1/nser/household", post(household::handle))
        .route("/v1/nser/households/by-address", post(households::by_address))
        .route("/v1/nser/households/by-pmt", post(households::by_pmt))
        .route("/v1/nser/export", post(households::export))
        .route("/v1/vital/death-notices", post(death_notice::handle))
        .route("/v1/reports/{report}", get(report::handle))
        .with_state(service)
}

//! `GET /v1/reports/{report}`: published counts, for anyone.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use registry_core::{answer::ReportAnswer, service::RegistryService};

use super::{answer::Answer, permitted::Permitted};

/// Answers the report; cells too small to publish are `null`.
///
/// # Errors
/// `not_found` for any other name.
pub async fn handle(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    Path(report): Path<String>,
) -> Answer<ReportAnswer> {
    let report = service.report(&permit, &report).await?;
    Ok(Json(ReportAnswer::clone(&report)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routes::registry::testing::World;

    #[tokio::test]
    async fn a_report_names_areas_and_nobody() {
        let world = World::new().await;
        let (status, answer) = world.get("/v1/reports/persons-by-province").await;
        assert_eq!((status, &answer["rows"]), (200, &json!([{"area": "Punjab", "count": null}])));
        assert_eq!(world.get("/v1/reports/persons").await, (404, json!({"code": "not_found"})));
    }
}

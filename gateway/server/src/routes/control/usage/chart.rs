//! `GET /v1/usage/{month}/chart`: the month as a picture that needs nothing else, for a page or a report.

use std::sync::Arc;

use adapters::sql::index::IndexError;
use axum::{
    Json,
    extract::{Path, State},
};
use exchange::statement::chart;
use serde_json::{Value, json};

use super::{UsageParts, agency_of, month_named};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

pub(super) async fn picture(
    State(parts): State<Arc<UsageParts>>,
    Path(month): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "usage.chart")?;
    let agency = agency_of(&permit)?;
    let month = month_named(&month)?;
    parts.indexer.catch_up().await?;
    let daily = parts.index.daily(agency, month).await.map_err(IndexError::from)?;
    let directory = parts.directory.any();
    let names = directory.agency(agency.as_str());
    let names = names.map_or((agency.as_str(), agency.as_str()), |it| (it.name.as_str(), it.name_ur.as_str()));
    let svg = chart(names, &daily, permit.grant().at);
    Ok(Json(json!({ "agency": agency, "month": month.to_string(), "svg": svg })))
}

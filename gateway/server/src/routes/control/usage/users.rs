//! `GET /v1/usage/{month}/users`: the caller's own month by user and service; it sums to the lines of the bill.

use std::sync::Arc;

use adapters::sql::index::IndexError;
use axum::{
    Json,
    extract::{Path, State},
};
use exchange::statement::Counts;
use serde_json::{Value, json};

use super::{
    UsageParts, agency_of,
    by_user::{LINES_MAX, Place, known, lines, who},
    counted, month_named,
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

pub(super) async fn users(
    State(parts): State<Arc<UsageParts>>,
    Path(month): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "usage.users")?;
    let agency = agency_of(&permit)?;
    let month = month_named(&month)?;
    parts.indexer.catch_up().await?;
    let sums = parts.index.users(agency, month).await.map_err(IndexError::from)?;
    let known = known(&parts.opener, &parts.directory.any(), std::iter::once(agency));
    let placed: Vec<_> =
        sums.iter().map(|sum| ((agency.clone(), who(sum, &known), sum.sum.key.service.clone()), sum)).collect();
    let (mut rated, lines) = (Counts::default(), lines(&placed, LINES_MAX));
    for sum in &sums {
        rated.add(&sum.sum);
    }
    Ok(Json(json!({
        "agency": agency,
        "month": month.to_string(),
        "users": lines.iter().map(line).collect::<Vec<_>>(),
        "rated_milli_paisa": rated.amount_milli_paisa,
        "total_milli_paisa": rated.payable_milli_paisa,
    })))
}

fn line(((_, who, service), counts): (&Place, &Counts)) -> Value {
    let [user, why] = who.members();
    counted(&[user, why, ("service", service.as_str().into())], counts).into()
}

//! `GET /v1/usage/{month}`: the caller's own bill so far, its days, today and what the month is likely to come to.

use std::sync::Arc;

use adapters::sql::index::IndexError;
use axum::{
    Json,
    extract::{Path, State},
};
use exchange::{
    statement::{Counts, Daily, Month, Sum, day_text},
    tariff::{Class, Unit},
    timestamp::Timestamp,
};
use serde_json::{Value, json};

use super::{UsageParts, agency_of, counted, month_named};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

pub(super) async fn usage(
    State(parts): State<Arc<UsageParts>>,
    Path(month): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "usage.month")?;
    let agency = agency_of(&permit)?;
    let month = month_named(&month)?;
    parts.indexer.catch_up().await?;
    let daily = parts.index.daily(agency, month).await.map_err(IndexError::from)?;
    Ok(Json(document(&daily, permit.grant().at)))
}

fn document(daily: &Daily, now: Timestamp) -> Value {
    let bill = &daily.bill;
    json!({
        "agency": bill.agency,
        "month": bill.month.to_string(),
        "lines": bill.sums.iter().map(line).collect::<Vec<_>>(),
        "rated_milli_paisa": bill.rated_milli_paisa,
        "total_milli_paisa": bill.payable_milli_paisa(),
        "days": daily.days.iter().map(|(number, counts)| day(bill.month, *number, counts)).collect::<Vec<_>>(),
        "today": daily.today(now).map(|(number, counts)| day(bill.month, number, &counts)),
        "forecast_milli_paisa": daily.forecast_milli_paisa(now),
    })
}

fn day(month: Month, number: u8, counts: &Counts) -> Value {
    counted(&[("day", day_text(month, number).into())], counts).into()
}

fn line(sum: &Sum) -> Value {
    json!({
        "service": sum.key.service,
        "tariff": sum.key.tariff,
        "rate_version": sum.key.rate_version,
        "class": sum.key.class.map(Class::as_str),
        "unit": sum.key.unit.map(Unit::as_str),
        "calls": sum.calls,
        "rows": sum.rows,
        "units": sum.units,
        "amount_milli_paisa": sum.amount_milli_paisa,
    })
}

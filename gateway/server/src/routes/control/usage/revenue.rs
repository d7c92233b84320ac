//! `GET /v1/revenue/{month}`: what all agencies brought by class and service, what was given, and by kind, agency and user.
//!
//! Who may ask is the law's to say: nobody but the operator. All amounts are as the answers were rated.

use std::{collections::BTreeMap, sync::Arc};

use adapters::sql::index::{IndexError, UserSum};
use axum::{
    Json,
    extract::{Path, State},
};
use exchange::{
    directory::Directory,
    ids::AgencyId,
    statement::{Counts, Given, Revenue, RevenueLine, revenue},
    tariff::{Class, Gratis},
};
use serde_json::{Map, Value, json};

use super::{
    UsageParts,
    by_user::{LINES_MAX, known, lines, who},
    counted, month_named,
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

pub(super) async fn month(
    State(parts): State<Arc<UsageParts>>,
    Path(month): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    permit_for(permit, "revenue.month")?;
    let month = month_named(&month)?;
    parts.indexer.catch_up().await?;
    let (sold, users) = parts.index.everybody(month).await.map_err(IndexError::from)?;
    let directory = parts.directory.any();
    let gifts: Vec<Gratis> = directory.gifts().cloned().collect();
    let revenue = revenue(month, &sold, &gifts);
    let (kinds, agencies) = levels(&directory, &revenue);
    Ok(Json(json!({
        "month": month.to_string(),
        "lines": revenue.lines.iter().map(line).collect::<Vec<_>>(),
        "given": revenue.given.iter().map(given).collect::<Vec<_>>(),
        "kinds": kinds,
        "agencies": agencies,
        "users": by_user(&parts, &directory, &revenue, &users),
        "calls": revenue.total.calls,
        "rated_milli_paisa": revenue.total.amount_milli_paisa,
        "given_milli_paisa": revenue.given_milli_paisa(),
        "revenue_milli_paisa": revenue.total.payable_milli_paisa,
    })))
}

/// Counts and what of them is payable.
fn paid(of: &[(&str, Value)], counts: &Counts) -> Map<String, Value> {
    let mut members = counted(of, counts);
    members.insert("payable_milli_paisa".to_owned(), counts.payable_milli_paisa.into());
    members
}

fn line(line: &RevenueLine) -> Value {
    let class = line.class.map(Class::as_str).into();
    paid(&[("class", class), ("service", line.service.as_str().into())], &line.counts).into()
}

fn given(given: &Given) -> Value {
    let reason = given.reason.map_or(Value::Null, |reason| json!(reason));
    counted(&[("agency", json!(given.agency)), ("reason", reason)], &given.counts).into()
}

/// The kind of an agency; null of one that left the directory.
fn kind(directory: &Directory, agency: &AgencyId) -> Option<String> {
    directory.agency(agency.as_str()).map(|agency| agency.kind.clone())
}

/// By kind of agency, and by kind and agency.
fn levels(directory: &Directory, revenue: &Revenue) -> (Vec<Value>, Vec<Value>) {
    let (mut kinds, mut agencies) = (BTreeMap::new(), BTreeMap::new());
    for (agency, counts) in &revenue.agencies {
        let kind = kind(directory, agency);
        kinds.entry(kind.clone()).or_insert_with(Counts::default).join(counts);
        agencies.insert((kind, agency), counts);
    }
    let kinds = kinds.iter().map(|(kind, counts)| paid(&[("kind", json!(kind))], counts).into());
    let agencies = agencies
        .iter()
        .map(|((kind, agency), counts)| paid(&[("kind", json!(kind)), ("agency", json!(agency))], counts).into());
    (kinds.collect(), agencies.collect())
}

/// By kind, agency and user.
fn by_user(parts: &UsageParts, directory: &Directory, revenue: &Revenue, users: &[UserSum]) -> Vec<Value> {
    let known = known(&parts.opener, directory, revenue.agencies.iter().map(|(agency, _)| agency));
    let placed: Vec<_> = users.iter().map(|sum| ((sum.agency.clone(), who(sum, &known), String::new()), sum)).collect();
    let lines = lines(&placed, LINES_MAX);
    let line = |((agency, whose, _), counts): (&super::by_user::Place, &Counts)| {
        let [user, why] = whose.members();
        let kind = ("kind", json!(kind(directory, agency)));
        paid(&[kind, ("agency", json!(agency)), user, why], counts).into()
    };
    lines.iter().map(line).collect()
}

//! What an agency used: its bill by line and day, by user and as a picture; and for the operator, what all of them brought.
//!
//! Each answer first catches up with the log, so that it tells all that was durable when it was asked for.

use std::sync::Arc;

use adapters::sql::index::{IndexStore, Indexer, Opener};
use axum::{Router, routing::get};
use exchange::{
    codes::Code,
    ids::AgencyId,
    permit::Permit,
    refusal::Refusal,
    statement::{Counts, Month},
};
use serde_json::{Map, Value, json};

use crate::{phases::snapshot::DirectoryWatch, routes::answer::Failure};

mod by_user;
mod chart;
mod month;
mod revenue;
#[cfg(test)]
mod tests;
mod users;

/// What the routes work with.
#[derive(Debug)]
pub struct UsageParts {
    /// Makes users' digests from the directory's names.
    pub opener: Opener,
    /// Follows the log.
    pub indexer: Indexer,
    /// The index.
    pub index: IndexStore,
    /// Agencies, their users, and what is given them.
    pub directory: Arc<DirectoryWatch>,
}

/// The routes.
pub fn routes(parts: Arc<UsageParts>) -> Router {
    Router::new()
        .route("/v1/usage/{month}", get(month::usage))
        .route("/v1/usage/{month}/users", get(users::users))
        .route("/v1/usage/{month}/chart", get(chart::picture))
        .route("/v1/revenue/{month}", get(revenue::month))
        .with_state(parts)
}

/// The agency is the permit's, never a parameter: nobody can ask for another's bill.
fn agency_of(permit: &Permit) -> Result<&AgencyId, Failure> {
    permit.grant().agency.as_ref().ok_or_else(|| Code::CallerNotAllowed.into())
}

fn month_named(month: &str) -> Result<Month, Failure> {
    Month::parse(month).map_err(|_| Refusal::new(Code::ParameterInvalid).member("parameter", "month").into())
}

/// Counts as members, behind those that say of what.
fn counted(of: &[(&str, Value)], counts: &Counts) -> Map<String, Value> {
    let mut members: Map<String, Value> = of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    for (name, number) in [
        ("calls", counts.calls),
        ("rows", counts.rows),
        ("units", counts.units),
        ("amount_milli_paisa", counts.amount_milli_paisa),
    ] {
        members.insert(name.to_owned(), json!(number));
    }
    members
}

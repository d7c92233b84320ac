//! `GET /v1/usage/{month}`: the caller's own bill so far, the sum of what stands in the log.

use std::sync::Arc;

use adapters::sql::index::{IndexError, IndexStore, Indexer};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use exchange::{
    codes::Code,
    refusal::Refusal,
    statement::{Bill, Month, Sum},
    tariff::{Class, Unit},
};
use serde_json::{Value, json};

use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// What the route works with.
#[derive(Debug)]
pub struct UsageParts {
    /// Follows the log.
    pub indexer: Indexer,
    /// The index.
    pub index: IndexStore,
}

/// The route.
pub fn routes(parts: Arc<UsageParts>) -> Router {
    Router::new().route("/v1/usage/{month}", get(usage)).with_state(parts)
}

async fn usage(
    State(parts): State<Arc<UsageParts>>,
    Path(month): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "usage.month")?;
    // The agency is the permit's, never a parameter: nobody can ask for another's bill.
    let agency = permit.grant().agency.as_ref().ok_or(Code::CallerNotAllowed)?;
    let month = Month::parse(&month).map_err(|_| Refusal::new(Code::ParameterInvalid).member("parameter", "month"))?;
    parts.indexer.catch_up().await?;
    let bill = parts.index.usage(agency, month).await.map_err(IndexError::from)?;
    Ok(Json(document(&bill)))
}

fn document(bill: &Bill) -> Value {
    json!({
        "agency": bill.agency,
        "month": bill.month.to_string(),
        "lines": bill.sums.iter().map(line).collect::<Vec<_>>(),
        "rated_milli_paisa": bill.rated_milli_paisa,
        "total_milli_paisa": bill.payable_milli_paisa(),
    })
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

#[cfg(test)]
mod tests {
    use adapters::sql::{Database, index::Opener};
    use exchange::record::leaf::{Kind, Leaf};

    use super::*;
    use crate::routes::trial::{MemoryLog, ask, leaf, permit, side_key};

    async fn usage_of(test: &str, agency: &str, month: &str) -> (u16, Value) {
        let folder = std::env::temp_dir().join(format!("ijazat-usage-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("index.db").display());
        let index = IndexStore::open(Database::open(&url, "log_index").await.unwrap()).await.unwrap();
        let log = Arc::new(MemoryLog::default());
        log.put(leaf(Kind::Intent, "r1", "bank-indus"), 1);
        log.put(leaf(Kind::Outcome, "r1", "bank-indus"), 1);
        log.put(Leaf { rate_version: Some("v2".into()), ..leaf(Kind::Outcome, "r2", "bank-indus") }, 1);
        log.put(Leaf { amount: 7, ..leaf(Kind::Outcome, "r3", "telco-sarhad") }, 1);
        let indexer = Indexer::new(Opener::new(log, side_key()), index.clone());
        let router = routes(Arc::new(UsageParts { indexer, index }));
        let answer = ask(router, Some(permit("usage.month", agency)), "GET", &format!("/v1/usage/{month}"), "").await;
        std::fs::remove_dir_all(&folder).unwrap();
        answer
    }

    #[tokio::test]
    async fn an_agency_reads_its_own_bill_and_nobody_elses() {
        let line = |version: &str| {
            json!({"service": "identity.kyc@1", "tariff": "identity.kyc", "rate_version": version,
                   "class": "private", "unit": "row", "calls": 1, "rows": 1, "units": 1,
                   "amount_milli_paisa": 35_000})
        };
        let expected = json!({"agency": "bank-indus", "month": "2026-11", "lines": [line("v1"), line("v2")],
                              "rated_milli_paisa": 70_000, "total_milli_paisa": 70_000});
        assert_eq!(usage_of("own", "bank-indus", "2026-11").await, (200, expected));
        let (_, telco) = usage_of("telco", "telco-sarhad", "2026-11").await;
        assert_eq!(telco["total_milli_paisa"], 7);
        let (status, empty) = usage_of("empty", "bank-indus", "2026-10").await;
        assert_eq!((status, &empty["lines"], &empty["total_milli_paisa"]), (200, &json!([]), &json!(0)));
    }

    #[tokio::test]
    async fn a_malformed_month_is_named() {
        let refused = (400, json!({"code": "parameter_invalid", "members": {"parameter": "month"}}));
        for month in ["2026-13", "2026-1", "november", "2026-11-01"] {
            assert_eq!(usage_of("malformed", "bank-indus", month).await, refused, "{month}");
        }
    }
}

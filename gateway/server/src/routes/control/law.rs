//! `GET /v1/law/policies/{policy}`: one policy of the law in force, its authority, its text, and what would make a request
//! lawful, in English and Urdu. It stands in no relation to any request, so it tells nothing of anybody.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use exchange::{
    codes::Code,
    decision::{Decider, Told},
    ids::PolicyId,
};

use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// The route.
pub fn routes(decider: Arc<dyn Decider>) -> Router {
    Router::new().route("/v1/law/policies/{policy}", get(policy)).with_state(decider)
}

async fn policy(
    State(decider): State<Arc<dyn Decider>>,
    Path(policy): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Told>, Failure> {
    permit_for(permit, "law.policy")?;
    let told = PolicyId::parse(&policy).ok().and_then(|policy| decider.told(&policy));
    Ok(Json(told.ok_or(Code::NotFound)?))
}

#[cfg(test)]
mod tests {
    use policies::Bundle;

    use super::*;
    use crate::routes::trial::{ask, permit};

    #[tokio::test]
    async fn a_policy_is_told_with_what_would_be_lawful() {
        let bundle: Arc<dyn Decider> = Arc::new(Bundle::embedded().unwrap());
        let get = async |service: &str, policy: &str| {
            let path = format!("/v1/law/policies/{policy}");
            ask(routes(Arc::clone(&bundle)), Some(permit(service, "bank-indus")), "GET", &path, "").await
        };
        let (status, told) = get("law.policy", "G07-nda-in-force").await;
        assert_eq!((status, &told["effect"], &told["code"]), (200, &"forbid".into(), &"agreement_required".into()));
        assert!(told["lawful"].as_str().unwrap().contains("non-disclosure"), "{told}");
        assert!(told["lawful_ur"].as_str().unwrap().chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter)));
        assert!(told["cedar"].as_str().unwrap().contains("forbid (principal"), "{told}");
        assert_eq!(get("law.policy", "G99-nothing").await.0, 404);
        assert_ne!(get("openapi.document", "G07-nda-in-force").await.0, 200, "a permit for another service");
    }
}

//! `POST /v1/identity/predicates`: facts of a person instead of particulars; `POST /v1/nser/band`: the band instead of the score.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use exchange::cnic::Cnic;
use registry_core::{
    answer::{BandAnswer, PredicatesAnswer},
    service::RegistryService,
};
use serde::Deserialize;

use super::{
    answer::{Answer, Person, read},
    permitted::Permitted,
};

/// Answers yes or no to each predicate that the permit names and that can be told.
///
/// # Errors
/// `subject_not_verifiable` where nothing of what is named can be told.
pub async fn predicates(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<PredicatesAnswer> {
    let person: Person = read(&body)?;
    Ok(Json(service.predicates(&permit, person.cnic).await?))
}

/// The body of a question about the band.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    cnic: Cnic,
}

/// Answers the band that the household's score lies in.
///
/// # Errors
/// `subject_not_verifiable` for anyone of whom nothing may be said, and for a person without a household.
pub async fn band(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<BandAnswer> {
    let member: Member = read(&body)?;
    Ok(Json(service.band(&permit, member.cnic).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routes::registry::testing::{ADULT, DEAD, UNKNOWN, World};

    #[tokio::test]
    async fn predicates_come_only_as_the_permit_names_them() {
        let world = World::new().await;
        let check = async |number: &str, datatypes: &[&str], expected| {
            let (path, body) = ("/v1/identity/predicates", json!({ "cnic": number }));
            assert_eq!(world.post(path, "identity.predicates", number, datatypes, body).await, expected, "{number}");
        };
        check(ADULT, &["identity.over-18"], (200, json!({"cnic": ADULT, "over_18": true}))).await;
        check(DEAD, &["identity.living"], (200, json!({"cnic": DEAD, "living": false}))).await;
        check(DEAD, &["identity.over-18"], (422, json!({"code": "subject_not_verifiable"}))).await;
        check(UNKNOWN, &["identity.card-valid"], (200, json!({"cnic": UNKNOWN, "card_valid": false}))).await;
        check(UNKNOWN, &["identity.living"], (422, json!({"code": "subject_not_verifiable"}))).await;
        check(ADULT, &["identity.birth"], (403, json!({"code": "policy_denied"}))).await;
    }

    #[tokio::test]
    async fn a_band_comes_without_the_score() {
        let world = World::new().await;
        let check = async |number: &str, body, expected| {
            assert_eq!(world.post("/v1/nser/band", "nser.band", number, &["nser.band"], body).await, expected);
        };
        check(ADULT, json!({"cnic": ADULT}), (200, json!({"cnic": ADULT, "band": "16.18-32"}))).await;
        check(DEAD, json!({"cnic": DEAD}), (422, json!({"code": "subject_not_verifiable"}))).await;
        check(ADULT, json!({"cnic": ADULT, "score": 1}), (400, json!({"code": "body_malformed"}))).await;
    }
}

//! `POST /v1/identity/kyc`: a person's particulars, those that the permit names.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use registry_core::{answer::IdentityAnswer, service::RegistryService};

use super::{
    answer::{Answer, Person, read},
    permitted::Permitted,
};

/// Answers the particulars flat, each only if the permit names its datatype.
///
/// # Errors
/// `subject_not_verifiable` for anyone of whom nothing may be said.
pub async fn handle(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<IdentityAnswer> {
    let person: Person = read(&body)?;
    Ok(Json(service.identity(&permit, person.cnic).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routes::registry::testing::{ADULT, DEAD, World};

    const PATH: &str = "/v1/identity/kyc";

    #[tokio::test]
    async fn particulars_come_only_as_the_permit_names_them() {
        let world = World::new().await;
        let check = async |datatypes: &[&str], expected| {
            let got = world.post(PATH, "identity.kyc", ADULT, datatypes, json!({"cnic": ADULT})).await;
            assert_eq!(got, (200, expected));
        };
        check(&[], json!({"cnic": ADULT})).await;
        check(&["identity.gender"], json!({"cnic": ADULT, "gender": "M"})).await;
        check(&["identity.birth"], json!({"cnic": ADULT, "date_of_birth": "1985"})).await;
    }

    #[tokio::test]
    async fn the_dead_release_nothing() {
        let world = World::new().await;
        let got = world.post(PATH, "identity.kyc", DEAD, &["identity.name"], json!({"cnic": DEAD})).await;
        assert_eq!(got, (422, json!({"code": "subject_not_verifiable"})));
    }
}

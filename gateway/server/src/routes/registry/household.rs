//! `POST /v1/nser/household`: the household that a person belongs to.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use registry_core::{answer::HouseholdAnswer, service::RegistryService};

use super::{
    answer::{Answer, Person, read},
    permitted::Permitted,
};

/// Answers `{"subjects":[…], "household":{…}}`; `subjects` are for the door's record and go no further.
///
/// # Errors
/// `subject_not_verifiable` also for a person without a household.
pub async fn handle(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<HouseholdAnswer> {
    let person: Person = read(&body)?;
    Ok(Json(service.household(&permit, person.cnic).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routes::registry::testing::{ADULT, OTHER, World};

    const PATH: &str = "/v1/nser/household";

    #[tokio::test]
    async fn a_household_comes_as_the_permit_names_it() {
        let world = World::new().await;
        let datatypes = &["nser.pmt", "nser.relation", "nser.cnic"];
        let got = world.post(PATH, "nser.household", ADULT, datatypes, json!({"cnic": ADULT})).await;
        let members = json!([
            {"searched": true, "relation": "head", "cnic": ADULT},
            {"searched": false, "relation": "son", "cnic": OTHER},
        ]);
        let expected = json!({"subjects": [ADULT, OTHER], "household": {"pmt": 31.25, "members": members}});
        assert_eq!(got, (200, expected));
    }

    #[tokio::test]
    async fn a_permit_for_another_service_opens_nothing() {
        let world = World::new().await;
        let got = world.post(PATH, "identity.kyc", ADULT, &["nser.pmt"], json!({"cnic": ADULT})).await;
        assert_eq!(got, (403, json!({"code": "policy_denied"})));
    }
}

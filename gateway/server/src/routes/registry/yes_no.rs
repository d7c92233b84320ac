//! `POST /v1/identity/yes-no`: whether given particulars are a person's.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use exchange::cnic::Cnic;
use registry_core::{
    answer::MatchAnswer,
    date::Day,
    service::{Particulars, RegistryService},
};
use serde::Deserialize;

use super::{
    answer::{Answer, read},
    permitted::Permitted,
    problem::parameter,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    cnic: Cnic,
    name: Option<String>,
    father_name: Option<String>,
    date_of_birth: Option<String>,
}

/// Answers `{"match": bool}`: yes only if everything that was given is the person's.
///
/// # Errors
/// `subject_not_verifiable` for anyone of whom nothing may be said.
pub async fn handle(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<MatchAnswer> {
    let params: Params = read(&body)?;
    let born = params.date_of_birth.as_deref().map(|text| Day::parse(text).ok_or(text)).transpose();
    let given = Particulars {
        name: params.name,
        father_name: params.father_name,
        date_of_birth: born.map_err(|_| parameter("date_of_birth"))?,
    };
    Ok(Json(service.match_person(&permit, params.cnic, &given).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routes::registry::testing::{ADULT, DEAD, UNKNOWN, World};

    const PATH: &str = "/v1/identity/yes-no";

    #[tokio::test]
    async fn yes_or_no_is_all_that_is_said() {
        let world = World::new().await;
        let check = async |body, expected| {
            let (status, answer) = world.post(PATH, "identity.yes-no", ADULT, &["identity.match"], body).await;
            assert_eq!((status, answer), (200, expected));
        };
        check(json!({"cnic": ADULT}), json!({"match": true})).await;
        check(json!({"cnic": ADULT, "name": "Nobody"}), json!({"match": false})).await;
        check(World::right_particulars(), json!({"match": true})).await;
    }

    #[tokio::test]
    async fn the_dead_and_the_unknown_get_one_answer() {
        let world = World::new().await;
        for number in [DEAD, UNKNOWN] {
            let body = json!({"cnic": number});
            let got = world.post(PATH, "identity.yes-no", number, &["identity.match"], body).await;
            assert_eq!(got, (422, json!({"code": "subject_not_verifiable"})));
        }
    }

    #[tokio::test]
    async fn a_malformed_request_is_refused_without_repeating_it() {
        let world = World::new().await;
        let check = async |body, expected: (u16, serde_json::Value)| {
            assert_eq!(world.post(PATH, "identity.yes-no", ADULT, &["identity.match"], body).await, expected);
        };
        let wrong = |parameter| (400, json!({"code": "parameter_invalid", "members": {"parameter": parameter}}));
        let malformed = (400, json!({"code": "body_malformed"}));
        check(json!({"cnic": ADULT, "date_of_birth": "1985"}), wrong("date_of_birth")).await;
        check(json!({"cnic": DEAD}), wrong("cnic")).await;
        check(json!({"cnic": "12"}), malformed.clone()).await;
        check(json!({"cnic": ADULT, "mother": "x"}), malformed.clone()).await;
        check(json!([]), malformed).await;
    }
}

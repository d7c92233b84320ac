//! `POST /v1/vital/death-notices`: a feeder's notice of a death.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use exchange::cnic::Cnic;
use registry_core::{answer::NoticeAnswer, date::Day, notice::DeathNotice, service::RegistryService};
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
    date_of_death: String,
    place: String,
    informant_cnic: Option<Cnic>,
    cause: Option<String>,
}

/// Answers `{"notice", "status"}`; the person cannot be verified from then on.
///
/// # Errors
/// What the registry says; nothing is held then.
pub async fn handle(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<NoticeAnswer> {
    let params: Params = read(&body)?;
    let content = DeathNotice {
        died: Day::parse(&params.date_of_death).ok_or_else(|| parameter("date_of_death"))?,
        place: params.place,
        informant: params.informant_cnic,
        cause: params.cause,
    };
    Ok(Json(service.death_notice(&permit, params.cnic, content).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routes::registry::testing::{ADULT, World};

    const PATH: &str = "/v1/vital/death-notices";

    #[tokio::test]
    async fn after_a_notice_the_person_cannot_be_verified() {
        let world = World::new().await;
        let verify = async || {
            let body = json!({"cnic": ADULT});
            world.post("/v1/identity/yes-no", "identity.yes-no", ADULT, &["identity.match"], body).await
        };
        assert_eq!(verify().await.0, 200);
        let body = json!({"cnic": ADULT, "date_of_death": "2026-11-20", "place": "Mehran Hospital"});
        let first = world.post(PATH, "vital.death-notice", ADULT, &["vital.notice"], body.clone()).await;
        assert_eq!((first.0, &first.1["status"]), (200, &json!("received")));
        let again = world.post(PATH, "vital.death-notice", ADULT, &["vital.notice"], body).await;
        assert_eq!(first, again);
        assert_eq!(verify().await, (422, json!({"code": "subject_not_verifiable"})));
    }

    #[tokio::test]
    async fn a_locked_store_is_said_so() {
        let world = World::new().await;
        world.store.set_unavailable(true);
        let body = json!({"cnic": ADULT, "date_of_death": "2026-11-20", "place": "Mehran Hospital"});
        let got = world.post(PATH, "vital.death-notice", ADULT, &["vital.notice"], body).await;
        assert_eq!(got, (503, json!({"code": "store_unavailable", "retry_after_s": 2})));
    }
}

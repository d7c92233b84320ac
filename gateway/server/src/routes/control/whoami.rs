//! `GET /v1/self/whoami`: what the exchange knows of the caller, so that an integrator need not guess.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use exchange::{
    codes::Code,
    directory::{Agency, Agreement},
    permit::Grant,
    timestamp::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    phases::snapshot::DirectoryWatch,
    routes::answer::{Failure, MaybePermit, permit_for},
};

/// What the route works with.
#[derive(Debug)]
pub struct WhoamiParts {
    /// Agencies and agreements.
    pub directory: Arc<DirectoryWatch>,
}

/// The route.
pub fn routes(parts: Arc<WhoamiParts>) -> Router {
    Router::new().route("/v1/self/whoami", get(whoami)).with_state(parts)
}

async fn whoami(State(parts): State<Arc<WhoamiParts>>, permit: MaybePermit) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "self.whoami")?;
    let grant = permit.grant();
    let directory = parts.directory.current()?;
    let id = grant.agency.as_ref().ok_or(Code::CallerNotAllowed)?;
    let agency = directory.agency(id.as_str()).ok_or(Code::NotFound)?;
    Ok(Json(describe(agency, directory.agreements(id), grant)))
}

fn describe(agency: &Agency, agreements: &[Arc<Agreement>], grant: &Grant) -> Value {
    json!({
        "agency": agency.id,
        "agency_name": agency.name,
        "agency_name_ur": agency.name_ur,
        "kind": agency.kind,
        "sector": agency.sector,
        "user": grant.user,
        "role": grant.role,
        "agreements": agreements.iter().map(|one| agreement(one, grant.at)).collect::<Vec<_>>(),
        "limits": {"requests_per_s": agency.requests_per_s},
        "certificate_thumbprint": grant.certificate.map(|thumbprint| hex::encode(thumbprint.0)),
    })
}

fn agreement(agreement: &Agreement, now: Timestamp) -> Value {
    json!({
        "id": agreement.id,
        "revision": agreement.revision,
        "forum": agreement.forum,
        "role": agreement.role,
        "services": agreement.services,
        "purposes": agreement.purposes,
        "datatypes": agreement.datatypes,
        "row_limit": agreement.row_limit,
        "valid_from": agreement.valid_from.rfc3339(),
        "valid_until": agreement.valid_until.rfc3339(),
        "in_force": !agreement.revoked && agreement.valid_from <= now && now < agreement.valid_until,
    })
}

#[cfg(test)]
mod tests {
    use exchange::{
        classification::{Channel, Forum, Role},
        directory::DirectoryData,
        ids::{AgencyId, AgreementId, PurposeCode, ServiceId},
    };

    use super::*;
    use crate::routes::trial::{self, ask, directory, permit};

    fn agreement_until(id: &str, until: i64) -> Agreement {
        Agreement {
            id: AgreementId::parse(id).unwrap(),
            revision: 2,
            agency: AgencyId::parse("bank-indus").unwrap(),
            forum: Forum::Nadra,
            services: vec![ServiceId::parse("identity.kyc").unwrap()],
            purposes: vec![PurposeCode::parse("KYC-101").unwrap()],
            datatypes: Vec::new(),
            role: Role::Standard,
            row_limit: 1,
            channels: vec![Channel::Api],
            valid_from: Timestamp::from_micros(0),
            valid_until: Timestamp::from_micros(until),
            revoked: false,
        }
    }

    async fn asked_by(agency: &str) -> (u16, Value) {
        let mut foreign = agreement_until("foreign", i64::MAX);
        foreign.agency = AgencyId::parse("telco-sarhad").unwrap();
        let data = DirectoryData {
            agencies: vec![trial::agency("bank-indus", "Bank"), trial::agency("telco-sarhad", "Telco")],
            agreements: vec![agreement_until("ended", trial::AT), agreement_until("live", trial::AT + 1), foreign],
            ..DirectoryData::default()
        };
        let router = routes(Arc::new(WhoamiParts { directory: directory(data).await }));
        ask(router, Some(permit("self.whoami", agency)), "GET", "/v1/self/whoami", "").await
    }

    #[tokio::test]
    async fn a_caller_sees_itself_its_agreements_and_nobody_elses() {
        let (status, found) = asked_by("bank-indus").await;
        assert_eq!((status, &found["agency"], &found["user"]), (200, &json!("bank-indus"), &json!("user-1")));
        assert_eq!((&found["role"], &found["limits"]["requests_per_s"]), (&json!("Standard"), &json!(50)));
        assert_eq!(found["certificate_thumbprint"], "07".repeat(32));
        let agreements: Vec<_> =
            found["agreements"].as_array().unwrap().iter().map(|a| (a["id"].clone(), a["in_force"].clone())).collect();
        assert_eq!(agreements, [(json!("ended"), json!(false)), (json!("live"), json!(true))]);
    }

    #[tokio::test]
    async fn an_agency_that_the_directory_lost_is_not_found() {
        assert_eq!(asked_by("bank-of-nowhere").await, (404, json!({"code": "not_found"})));
    }
}

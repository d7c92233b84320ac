//! `GET /v1/self/whoami`: what the exchange knows of the caller, so that an integrator need not guess.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use exchange::{
    codes::Code,
    directory::{Agency, Agreement},
    ids::AgencyId,
    ledger::{Pays, Terms},
    permit::Grant,
    ports::wallets::Wallets,
    refusal::Refusal,
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
    /// Agencies' accounts.
    pub wallets: Arc<dyn Wallets>,
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
    let account = account(&parts, id, directory.terms(id).map(AsRef::as_ref)).await?;
    Ok(Json(describe(agency, directory.agreements(id), grant, &account)))
}

/// How the agency pays, and what it may still spend; `available` is null for whom nothing bounds.
async fn account(parts: &WhoamiParts, agency: &AgencyId, terms: Option<&Terms>) -> Result<Value, Failure> {
    let balance = parts.wallets.balance(agency).await.map_err(|error| {
        tracing::warn!(error = %error, "the ledger did not answer");
        Failure::from(Refusal::new(Code::StoreUnavailable).retry_after(1))
    })?;
    let (pays, limit) = match terms.map(|terms| terms.pays) {
        None => ("statement", None),
        Some(Pays::Prepaid) => ("prepaid", Some(0)),
        Some(Pays::Credit(limit)) => ("credit", Some(limit)),
    };
    Ok(json!({
        "pays": pays,
        "limit_milli_paisa": limit,
        "credited_milli_paisa": balance.credits,
        "debited_milli_paisa": balance.debits,
        "held_milli_paisa": balance.held,
        "available_milli_paisa": limit.map(|limit| balance.available(limit)),
    }))
}

fn describe(agency: &Agency, agreements: &[Arc<Agreement>], grant: &Grant, account: &Value) -> Value {
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
        "account": account,
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
    use crate::{
        phases::testing::{Diary, FakeWallets},
        routes::trial::{self, ask, directory, permit},
    };

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
            terms: vec![Terms {
                agency: AgencyId::parse("bank-indus").unwrap(),
                pays: Pays::Credit(5),
                instrument: "contract 7".into(),
            }],
            ..DirectoryData::default()
        };
        let wallets = FakeWallets::new(Diary::default());
        wallets.pay_in("bank-indus", 7);
        let parts = WhoamiParts { directory: directory(data).await, wallets: Arc::new(wallets) };
        let router = routes(Arc::new(parts));
        ask(router, Some(permit("self.whoami", agency)), "GET", "/v1/self/whoami", "").await
    }

    #[tokio::test]
    async fn a_caller_sees_itself_its_agreements_and_nobody_elses() {
        let (status, found) = asked_by("bank-indus").await;
        assert_eq!((status, &found["agency"], &found["user"]), (200, &json!("bank-indus"), &json!("user-1")));
        assert_eq!((&found["role"], &found["limits"]["requests_per_s"]), (&json!("Standard"), &json!(50)));
        assert_eq!(found["certificate_thumbprint"], "07".repeat(32));
        let account = json!({
            "pays": "credit", "limit_milli_paisa": 5, "credited_milli_paisa": 7, "debited_milli_paisa": 0,
            "held_milli_paisa": 0, "available_milli_paisa": 12,
        });
        assert_eq!(found["account"], account);
        let (_, telco) = asked_by("telco-sarhad").await;
        assert_eq!(telco["account"]["pays"], "statement");
        assert_eq!(telco["account"]["available_milli_paisa"], Value::Null, "nothing bounds it");
        let agreements: Vec<_> =
            found["agreements"].as_array().unwrap().iter().map(|a| (a["id"].clone(), a["in_force"].clone())).collect();
        assert_eq!(agreements, [(json!("ended"), json!(false)), (json!("live"), json!(true))]);
    }

    #[tokio::test]
    async fn an_agency_that_the_directory_lost_is_not_found() {
        assert_eq!(asked_by("bank-of-nowhere").await, (404, json!({"code": "not_found"})));
    }
}

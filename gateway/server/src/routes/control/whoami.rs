//! `GET /v1/self/whoami`: what the exchange knows of the caller, so that an integrator need not guess.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use exchange::{
    codes::Code,
    directory::{Agency, Agreement, Directory},
    ids::AgencyId,
    ledger::{Level, Pays, Quota, Terms},
    permit::Grant,
    ports::{
        consent_tokens::ControlUnavailable,
        quotas::{Quotas, Standing},
        wallets::Wallets,
    },
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
    /// What is left of quotas.
    pub quotas: Arc<dyn Quotas>,
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
    let quotas = quotas(&parts, &directory, agency, grant).await?;
    let account = account(&parts, id, directory.terms(id).map(AsRef::as_ref), quotas).await?;
    Ok(Json(describe(agency, directory.agreements(id), grant, &account)))
}

/// How the agency pays, what it may still spend, and its quotas; `available` is null for whom nothing bounds.
async fn account(
    parts: &WhoamiParts,
    agency: &AgencyId,
    terms: Option<&Terms>,
    quotas: Value,
) -> Result<Value, Failure> {
    let balance = parts.wallets.balance(agency).await.map_err(|error| unavailable(&error))?;
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
        "quotas": quotas,
    }))
}

/// The quotas that bound the caller; the store is asked only where there are any.
async fn quotas(parts: &WhoamiParts, directory: &Directory, agency: &Agency, grant: &Grant) -> Result<Value, Failure> {
    let user = grant.user.as_ref().and_then(|user| directory.user(&agency.id, user.as_str()));
    let covering = directory.quotas(agency, user.map(AsRef::as_ref));
    if covering.is_empty() {
        return Ok(json!([]));
    }
    let mut of = Vec::with_capacity(covering.len());
    for quota in &covering {
        let period = quota.period(grant.at).ok_or(Code::Internal)?;
        of.push((quota.id.clone(), period.from));
    }
    let standing = parts.quotas.standing(&of).await.map_err(|error| unavailable(&error))?;
    let told = covering.iter().zip(of.iter().zip(standing));
    Ok(told.map(|(quota, ((_, from), standing))| quota_told(quota, *from, standing)).collect())
}

/// What other agencies of a kind asked for is not this one's to know: of their common quota it learns the warning alone.
fn quota_told(quota: &Quota, from: Timestamp, standing: Standing) -> Value {
    let own = !matches!(quota.level, Level::Kind(_));
    json!({
        "id": quota.id,
        "level": quota.level.as_str(),
        "measure": quota.measure,
        "most": quota.most,
        "from": from.rfc3339(),
        "until": quota.period(from).map(|period| period.until.rfc3339()),
        "used": own.then_some(standing.used),
        "held": own.then_some(standing.held),
        "percent": own.then(|| quota.percent(standing.used)),
        "alert": quota.alert(standing.used),
    })
}

fn unavailable(error: &ControlUnavailable) -> Failure {
    tracing::warn!(error = %error, "the ledger did not answer");
    Refusal::new(Code::StoreUnavailable).retry_after(1).into()
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
        directory::{DirectoryData, User},
        ids::{AgreementId, PurposeCode, QuotaId, ServiceId, UserId},
        ledger::Measure,
        programme::Period,
    };

    use super::*;
    use crate::{
        phases::testing::{Diary, FakeQuotas, FakeWallets},
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
        let quotas = Arc::new(FakeQuotas::new(Diary::default()));
        quotas.down.store(true, std::sync::atomic::Ordering::SeqCst);
        let parts = WhoamiParts { directory: directory(data).await, wallets: Arc::new(wallets), quotas };
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
            "held_milli_paisa": 0, "available_milli_paisa": 12, "quotas": [],
        });
        assert_eq!(found["account"], account);
        let (_, telco) = asked_by("telco-sarhad").await;
        assert_eq!(telco["account"]["pays"], "statement");
        assert_eq!(telco["account"]["available_milli_paisa"], Value::Null, "nothing bounds it");
        let agreements: Vec<_> =
            found["agreements"].as_array().unwrap().iter().map(|a| (a["id"].clone(), a["in_force"].clone())).collect();
        assert_eq!(agreements, [(json!("ended"), json!(false)), (json!("live"), json!(true))]);
    }

    fn quota(id: &str, level: Level, most: i64) -> Quota {
        let id = QuotaId::parse(id).unwrap();
        let (measure, per, alerts) = (Measure::Rows, Period::Day, vec![50, 80]);
        Quota { id, level, measure, most, per, alerts, instrument: "contract 7".into(), ended: false }
    }

    #[tokio::test]
    async fn r141_a_caller_sees_its_own_quotas_and_of_its_kinds_the_warning_alone() {
        let bank = AgencyId::parse("bank-indus").unwrap();
        let of = |user: &str| Level::User { agency: bank.clone(), user: UserId::parse(user).unwrap() };
        let user = User {
            agency: bank.clone(),
            id: UserId::parse("user-1").unwrap(),
            name: "Sample Teller".into(),
            role: Role::Standard,
            disabled: false,
            assertion_key: None,
            place: None,
        };
        let data = DirectoryData {
            agencies: vec![trial::agency("bank-indus", "Bank")],
            users: vec![user],
            quotas: vec![
                quota("a-kind", Level::Kind("Bank".into()), 10),
                quota("b-own", Level::Agency(bank.clone()), 10),
                quota("c-user", of("user-1"), 10),
                quota("d-other", of("user-2"), 10),
            ],
            ..DirectoryData::default()
        };
        let quotas = Arc::new(FakeQuotas::new(Diary::default()));
        let day = Period::Day.around(Timestamp::from_micros(trial::AT)).unwrap();
        quotas.use_up("a-kind", day.from, 8);
        quotas.use_up("b-own", day.from, 7);
        let wallets = Arc::new(FakeWallets::new(Diary::default()));
        let parts = WhoamiParts { directory: directory(data).await, wallets, quotas: Arc::clone(&quotas) as _ };
        let router = routes(Arc::new(parts));
        let asked = || ask(router.clone(), Some(permit("self.whoami", "bank-indus")), "GET", "/v1/self/whoami", "");
        let (status, found) = asked().await;
        let row = |id: &str, level: &str, used: Value, percent: Value, alert: Value| {
            let held = if used.is_null() { Value::Null } else { json!(0) };
            json!({
                "id": id, "level": level, "measure": "rows", "most": 10, "from": day.from.rfc3339(),
                "until": day.until.rfc3339(), "used": used, "held": held, "percent": percent, "alert": alert,
            })
        };
        let expected = json!([
            row("a-kind", "kind", Value::Null, Value::Null, json!(80)),
            row("b-own", "agency", json!(7), json!(70), json!(50)),
            row("c-user", "user", json!(0), json!(0), Value::Null),
        ]);
        assert_eq!((status, &found["account"]["quotas"]), (200, &expected));
        quotas.down.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(asked().await.0, 503, "what cannot be told is not told as nothing");
    }

    #[tokio::test]
    async fn an_agency_that_the_directory_lost_is_not_found() {
        assert_eq!(asked_by("bank-of-nowhere").await, (404, json!({"code": "not_found"})));
    }
}

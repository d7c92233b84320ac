//! `/v1/onboarding/…`: applications, and changes of the directory by two persons. Who may is the policies' to say; whose an
//! application is, and that two are two, is said here and in the store again.

use std::sync::Arc;

use adapters::sql::control::{ControlStore, Decided, Newcomers, OnboardingError, Proposal};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use bytes::Bytes;
use exchange::{
    catalogue::Catalogue,
    codes::Code,
    day::Day,
    decision::Decider,
    onboarding::{
        Application, Case, Change, Rules,
        case::{Clock, Stuck},
        checklist::missing,
        forum::RequestKind,
    },
    permit::Grant,
    ports::directory_source::DirectorySource as _,
    refusal::Refusal,
    timestamp::Timestamp,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    phases::snapshot::DirectoryWatch,
    routes::answer::{Failure, MaybePermit, permit_for},
};

/// Kind of the agency that keeps the directory.
const OPERATOR: &str = "Operator";

/// What the routes work with.
#[derive(Debug)]
pub struct OnboardingParts {
    /// Applications and proposals.
    pub store: Arc<ControlStore>,
    /// Whose an application may be.
    pub directory: Arc<DirectoryWatch>,
    /// The law's catalogue and what it says of newcomers.
    pub decider: Arc<dyn Decider>,
}

/// The routes.
pub fn routes(parts: Arc<OnboardingParts>) -> Router {
    Router::new()
        .route("/v1/onboarding/applications", post(apply))
        .route("/v1/onboarding/applications/{application}", get(application))
        .route("/v1/onboarding/proposals", post(propose).get(proposals))
        .route("/v1/onboarding/approvals", post(decide))
        .with_state(parts)
}

#[derive(Deserialize)]
struct Handed {
    form: Value,
    application: Option<String>,
}

#[derive(Deserialize)]
struct Proposed {
    change: Value,
}

#[derive(Deserialize)]
struct Judged {
    proposal: String,
    verdict: String,
}

async fn apply(
    State(parts): State<Arc<OnboardingParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "onboarding.apply")?;
    let grant = permit.grant();
    let handed: Handed = read(&body)?;
    let form: Application = typed("form", handed.form)?;
    parts.owns(grant, form.agency.as_str()).then_some(()).ok_or(Code::CallerNotAllowed)?;
    let law = parts.law()?;
    let case = parts.store.hand_in(form, handed.application.as_deref(), &person(grant)?).await.map_err(refused)?;
    parts.describe(&case, &law, grant.at).await
}

async fn application(
    State(parts): State<Arc<OnboardingParts>>,
    Path(id): Path<String>,
    permit: MaybePermit,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "onboarding.application")?;
    let grant = permit.grant();
    let found = parts.store.case(&id).await.map_err(|error| refused(error.into()))?;
    // Another agency's application and none at all are one answer.
    let own = found.filter(|case| parts.owns(grant, case.application.agency.as_str()));
    let case = own.ok_or(Code::NotFound)?;
    parts.describe(&case, &parts.law()?, grant.at).await
}

async fn propose(
    State(parts): State<Arc<OnboardingParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "onboarding.propose")?;
    let proposed: Proposed = read(&body)?;
    let change: Change = typed("change", proposed.change)?;
    let law = parts.law()?;
    let proposal = parts.store.propose(change, &person(permit.grant())?, law.newcomers()).await.map_err(refused)?;
    Ok(Json(json!({
        "proposal": proposal.id,
        "kind": proposal.change.kind(),
        "agency": proposal.agency,
        "state": "open",
        "proposed_at": proposal.at.rfc3339(),
    })))
}

async fn decide(
    State(parts): State<Arc<OnboardingParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "onboarding.decide")?;
    let judged: Judged = read(&body)?;
    let approve = match judged.verdict.as_str() {
        "approve" => true,
        "refuse" => false,
        _ => return Err(invalid("verdict").into()),
    };
    let (law, by) = (parts.law()?, person(permit.grant())?);
    let decided = parts.store.decide(&judged.proposal, approve, &by, law.newcomers()).await.map_err(refused)?;
    let Decided { proposal, approved, at, generation } = decided;
    Ok(Json(json!({
        "proposal": proposal.id,
        "kind": proposal.change.kind(),
        "agency": proposal.agency,
        "state": if approved { "approved" } else { "refused" },
        "decided_at": at.rfc3339(),
        "generation": generation,
    })))
}

async fn proposals(State(parts): State<Arc<OnboardingParts>>, permit: MaybePermit) -> Result<Json<Value>, Failure> {
    permit_for(permit, "onboarding.proposals")?;
    let open = parts.store.proposals().await.map_err(|error| refused(error.into()))?;
    Ok(Json(json!({ "proposals": open.iter().map(shown).collect::<Vec<_>>() })))
}

/// A proposal for who has to decide it; a person's name stays in the store.
fn shown(proposal: &Proposal) -> Value {
    let mut change = serde_json::to_value(&proposal.change).unwrap_or(Value::Null);
    let entry = change.get_mut("entry").and_then(Value::as_object_mut);
    if let (Change::User(_), Some(entry)) = (&proposal.change, entry) {
        entry.remove("name");
    }
    json!({
        "proposal": proposal.id,
        "kind": proposal.change.kind(),
        "agency": proposal.agency,
        "proposed_by": proposal.by,
        "proposed_at": proposal.at.rfc3339(),
        "change": change,
    })
}

/// The law in force when a request came.
struct Law {
    catalogue: Arc<Catalogue>,
    rules: Arc<Rules>,
}

impl Law {
    fn newcomers(&self) -> Newcomers<'_> {
        Newcomers { catalogue: &self.catalogue, rules: &self.rules }
    }
}

impl OnboardingParts {
    /// A law that says nothing of newcomers takes none.
    fn law(&self) -> Result<Law, Refusal> {
        let rules = self.decider.newcomers().ok_or(Code::PolicyDenied)?;
        Ok(Law { catalogue: self.decider.catalogue(), rules })
    }

    /// Whether the caller is this agency, or the operator who acts for those that have no certificate yet.
    fn owns(&self, grant: &Grant, agency: &str) -> bool {
        let Some(caller) = &grant.agency else { return false };
        let operator = |directory: Arc<exchange::directory::Directory>| {
            directory.agency(caller.as_str()).is_some_and(|agency| agency.kind == OPERATOR)
        };
        caller.as_str() == agency || self.directory.current().is_ok_and(operator)
    }

    async fn describe(&self, case: &Case, law: &Law, now: Timestamp) -> Result<Json<Value>, Failure> {
        let (_, directory) = self.store.read().await.map_err(|error| {
            tracing::warn!(%error, "the directory cannot be read");
            Refusal::new(Code::StoreUnavailable).retry_after(1)
        })?;
        let request = RequestKind::of(&case.application, &law.catalogue, &directory, now);
        let lacks = Day::of(now).map(|today| missing(&case.application, &law.rules, today)).unwrap_or_default();
        let lacks: Vec<_> = lacks
            .iter()
            .map(|item| json!({"id": item.id, "title": item.title, "title_ur": item.title_ur, "source": item.source}))
            .collect();
        Ok(Json(json!({
            "application": case.id,
            "agency": case.application.agency,
            "state": case.state,
            "request": request,
            "forum": request.forum(),
            "missing": lacks,
            "clock": case.clock(&law.rules, now).map(clock),
        })))
    }
}

fn clock(clock: Clock) -> Value {
    json!({
        "name": clock.name,
        "working_days": clock.working_days,
        "started": clock.started.rfc3339(),
        "due": clock.due.to_string(),
        "stopped": clock.stopped.map(Timestamp::rfc3339),
        "breached": clock.breached,
    })
}

/// The person in the store's words: unique over all agencies, since `/` stands in no name.
fn person(grant: &Grant) -> Result<String, Refusal> {
    let (Some(agency), Some(user)) = (&grant.agency, &grant.user) else { return Err(Code::UserRequired.into()) };
    Ok(format!("{agency}/{user}"))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Code::BodyMalformed.into())
}

/// A parameter as what it must be. What is wrong is told by place, never by value: a form names people.
fn typed<T: DeserializeOwned>(name: &'static str, value: Value) -> Result<T, Refusal> {
    serde_json::from_value(value).map_err(|_| invalid(name))
}

fn invalid(parameter: &'static str) -> Refusal {
    Refusal::new(Code::ParameterInvalid).member("parameter", parameter)
}

fn refused(error: OnboardingError) -> Failure {
    let because = |code, reason: &dyn std::fmt::Display| Refusal::new(code).member("reason", reason.to_string());
    let refusal = match error {
        OnboardingError::UnknownApplication => Code::NotFound.into(),
        OnboardingError::SecondPerson => Code::SecondPersonRequired.into(),
        OnboardingError::Full => because(Code::Conflict, &error),
        OnboardingError::Fault(fault) => {
            because(Code::ChangeRefused, &fault.detail).member("rule", fault.rule.as_str())
        }
        OnboardingError::Stuck(Stuck::Lacks(items)) => {
            let ids: Vec<_> = items.into_iter().map(|item| item.id).collect();
            Refusal::new(Code::ApplicationIncomplete).member("missing", ids)
        }
        OnboardingError::Stuck(stuck @ Stuck::Forum(..)) => {
            because(Code::ChangeRefused, &stuck).member("rule", "forum-too-low")
        }
        OnboardingError::Stuck(stuck) => because(Code::ChangeRefused, &stuck).member("rule", "application-state"),
        OnboardingError::Change(_) | OnboardingError::Store(_) => {
            tracing::warn!(%error, "the control store does not take an onboarding step");
            Refusal::new(Code::StoreUnavailable).retry_after(1)
        }
    };
    refusal.into()
}

#[cfg(test)]
#[path = "onboarding_tests.rs"]
mod tests;

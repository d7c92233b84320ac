//! Phase 4. Afterwards there is a [`Permit`] that names what may be released, or a reasoned refusal. Rule 5: an error in
//! a policy is a refusal and an alarm. Nothing else in the workspace makes a permit.

use std::{fmt::Write as _, sync::Arc};

use exchange::{
    caller::Caller,
    catalogue::ConsentRule,
    classification::{BasisKind, Classification, Role},
    codes::Code,
    consent::ConsentFacts,
    decision::{Decision, Proposer, Question},
    directory::{Agreement, Approval, Directory, Programme},
    ids::DatatypeId,
    limits,
    permit::{Grant, Permit},
    programme::Reach,
    refusal::Refusal,
    report::Report,
};
use serde_json::Value;

use super::{
    asked, bounded, enrolment, idempotency,
    parts::Parts,
    route::{Routed, Wanted},
    trail::Trail,
};

/// The service that anyone reads reports of: its parameter `report` names one.
const REPORTS: &str = "report.public";

/// Where an agency asks a citizen.
const BACKCHANNEL: &str = "/bc-authorize";

/// A request that policy allows.
#[derive(Debug)]
pub struct Authorised {
    /// The proof.
    pub permit: Arc<Permit>,
    /// Consent that the permit rests on and that must be consumed.
    pub consent: Option<ConsentFacts>,
    /// Approval that the permit rests on and that must be used up.
    pub approval: Option<Arc<Approval>>,
    /// Programme that the permit rests on, if it may be used only so often.
    pub programme: Option<Arc<Programme>>,
    /// Whether any Secret datatype is permitted: the intent must then be durable before forwarding.
    pub secret: bool,
}

/// Asks the policies, datatype by datatype, and mints the permit.
///
/// # Errors
/// `token_invalid`, `basis_unknown`, `user_assertion_required`, `fields_not_permitted`, `policy_error`, `store_unavailable`
/// or the code of the policy that refused.
pub async fn authorise(
    parts: &Parts,
    routed: &Routed,
    directory: &Directory,
    trail: &mut Trail,
) -> Result<Authorised, Refusal> {
    let question = question(parts, routed, directory, trail).await?;
    trail.erase_by = bounded::erase_by(&question, routed, trail.at);
    note(&question, trail);
    let decision = routed.law.decider.decide(&question);
    trail.bundle = decision.generation;
    trail.decision = Some(decision.clone());
    if decision.errored {
        parts.metrics.policy_errors.inc();
        tracing::error!(request = %trail.request, service = %routed.service.id, "a policy could not be evaluated");
    }
    let allowed = allowed(routed, &decision)?;
    all_done(parts, routed, &decision, trail)?;
    let secret = allowed.iter().any(|id| is_secret(routed, id));
    needs_assertion(&question, secret)?;
    let approved = question.approval.is_some() && (secret || rests_on_approval(routed, &question, &allowed));
    let basis = if question.programme.is_some() { question.programme.as_ref().map(|p| p.kind) } else { None };
    let permit = parts.mint.mint(grant(&question, routed, &decision, allowed, basis, trail));
    Ok(Authorised {
        permit: Arc::new(permit),
        // A programme stands in the place of consent: the citizen's token is then left alone.
        consent: question.consent.filter(|_| question.programme.is_none()),
        approval: question.approval.filter(|_| approved),
        programme: question.programme.filter(|programme| programme.cadence.is_some()),
        secret,
    })
}

/// Whether less would be permitted without the approval: then this request uses it up, whatever the class of what it opened.
fn rests_on_approval(routed: &Routed, question: &Question, allowed: &[DatatypeId]) -> bool {
    let without = Question { approval: None, ..question.clone() };
    let verdicts = routed.law.decider.decide(&without).verdicts;
    let still = verdicts.iter().filter(|verdict| verdict.allowed && allowed.contains(&verdict.datatype)).count();
    still < allowed.len()
}

async fn question(parts: &Parts, routed: &Routed, directory: &Directory, trail: &Trail) -> Result<Question, Refusal> {
    let now = trail.at;
    let caller = &routed.caller;
    let purpose = routed.purpose.clone();
    let agreement = caller
        .agency_id()
        .and_then(|id| directory.agreement_for(id, &routed.service.id, purpose.as_ref().map(|p| &p.code), now))
        .cloned();
    let (programme, approval) = bases(routed, directory)?;
    let within_population =
        programme.as_ref().is_none_or(|programme| programme.population.holds(reach(&routed.params)));
    let consent = consent(parts, routed, trail).await?;
    let proposer = proposer(parts, routed).await?;
    let consent_is_subjects = consent.as_ref().is_some_and(|consent| trail.subject_key == Some(consent.subject));
    Ok(Question {
        service: Arc::clone(&routed.service),
        role: role(caller, agreement.as_deref()),
        channel: caller.channel(),
        address: trail.address,
        rows: rows(routed.rows, agreement.as_deref()),
        caller: caller.clone(),
        agreement,
        purpose,
        programme,
        within_population,
        category: caller.agency().and_then(|agency| directory.category(&agency.kind)).cloned(),
        report: report(routed, directory),
        approval,
        consent,
        consent_is_subjects,
        proposer,
        second: routed.second.clone(),
        has_subject: routed.subject.is_some(),
        enrolment: enrolment::facts(routed, directory, now)?,
        now,
        datatypes: routed.fields.clone().unwrap_or_else(|| routed.service.datatypes()),
    })
}

/// The approved design behind the report that is asked for.
fn report(routed: &Routed, directory: &Directory) -> Option<Arc<Report>> {
    let name = routed.params.get("report").and_then(Value::as_str)?;
    directory.report(name).filter(|_| routed.service.id.as_str() == REPORTS).cloned()
}

/// What of the register the request says that it reaches for.
fn reach(params: &Value) -> Reach<'_> {
    let number = |name: &str| params.get(name).and_then(Value::as_f64);
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    Reach { district: text("district"), tehsil: text("tehsil"), scores: number("pmt_from").zip(number("pmt_to")) }
}

/// The rows that the answer may have: what was asked for, else what the agreement allows. Whether that is too many is the
/// policies' to say.
fn rows(wanted: Option<Wanted>, agreement: Option<&Agreement>) -> u32 {
    let allowed = agreement.map_or(u32::MAX, |agreement| agreement.row_limit);
    match wanted {
        Some(Wanted::AtMost(rows)) => rows,
        Some(Wanted::Usual) => allowed.min(limits::LIST_ROWS_USUAL),
        None => allowed,
    }
}

/// The lower of the agreement's and the user's role (decisions.md, Callers).
fn role(caller: &Caller, agreement: Option<&Agreement>) -> Role {
    agreement.map_or(caller.role(), |agreement| agreement.role.min(caller.role()))
}

/// A lawful basis that was named: a programme, an approval, both or none.
type Bases = (Option<Arc<Programme>>, Option<Arc<Approval>>);

fn bases(routed: &Routed, directory: &Directory) -> Result<Bases, Refusal> {
    let (mut programme, mut approval) = (None, None);
    for name in &routed.bases {
        let own_programme = directory.programme(name).filter(|p| Some(&p.agency) == routed.caller.agency_id());
        let used = routed.earlier.as_ref().and_then(|earlier| earlier.approval.as_ref());
        let approval_of = directory.approval(name).or(used.filter(|used| used.id.as_str() == name));
        let own_approval = approval_of.filter(|a| Some(&a.agency) == routed.caller.agency_id());
        match (own_programme, own_approval) {
            (Some(found), _) if programme.is_none() => programme = Some(Arc::clone(found)),
            (None, Some(found)) if approval.is_none() => approval = Some(Arc::clone(found)),
            // Another agency's, an unknown, a used-up or a second one: all the same answer.
            _ => return Err(Code::BasisUnknown.into()),
        }
    }
    Ok((programme, approval))
}

async fn consent(parts: &Parts, routed: &Routed, trail: &Trail) -> Result<Option<ConsentFacts>, Refusal> {
    let (Some(token), Caller::Agency { certificate, .. }) = (&routed.token, &routed.caller) else { return Ok(None) };
    let repeated = idempotency::repeats(routed).map(|first| &first.request);
    let found = match repeated.or(routed.earlier.as_ref().map(|_| &trail.request)) {
        Some(user) => parts.tokens.find_again(token, *certificate, user).await,
        None => parts.tokens.find(token, *certificate).await,
    };
    let found = found.map_err(|error| {
        tracing::warn!(error = %error, "consent tokens cannot be looked up");
        Refusal::new(Code::StoreUnavailable).retry_after(1)
    })?;
    found.map(Some).ok_or_else(|| Code::TokenInvalid.into())
}

/// Who made the open proposal that the request would decide: a fact, so that nobody decides their own.
async fn proposer(parts: &Parts, routed: &Routed) -> Result<Option<Proposer>, Refusal> {
    let Some(proposal) = routed.params.get("proposal").and_then(Value::as_str) else { return Ok(None) };
    parts.proposals.proposer(proposal).await.map_err(|error| {
        tracing::warn!(%error, "proposals cannot be looked up");
        Refusal::new(Code::StoreUnavailable).retry_after(1)
    })
}

fn note(question: &Question, trail: &mut Trail) {
    trail.agreement = question.agreement.as_ref().map(|a| format!("{}@{}", a.id, a.revision));
    let mut bases = Vec::new();
    bases.extend(question.programme.as_ref().map(|programme| programme.id.to_string()));
    bases.extend(question.approval.as_ref().map(|approval| approval.id.to_string()));
    if question.programme.is_none() {
        bases.extend(question.consent.as_ref().map(|consent| format!("{}@{}", consent.id, consent.revision)));
    }
    trail.sealed_until = question.programme.as_ref().and_then(|programme| programme.seal());
    trail.basis = (!bases.is_empty()).then(|| bases.join(","));
    trail.decision_input = asked::text(question, trail.directory);
    if let Some(by) = trail.erase_by {
        // Writing to a String cannot fail.
        let _ = write!(trail.decision_input, " erase_by={}", by.rfc3339());
    }
}

/// The datatypes that may be released; an explicit `fields` list is all or nothing (decisions.md, shapes).
fn allowed(routed: &Routed, decision: &Decision) -> Result<Vec<DatatypeId>, Refusal> {
    decision.answer(routed.fields.is_some()).map_err(|code| match code {
        Code::FieldsNotPermitted => {
            let withheld = decision.verdicts.iter().filter(|verdict| !verdict.allowed);
            let withheld: Vec<_> = withheld.map(|verdict| verdict.datatype.as_str()).collect();
            Refusal::new(code).member("withheld", withheld)
        }
        code => refused(routed, decision, code),
    })
}

/// The refusal by a code with what would make the request lawful.
fn refused(routed: &Routed, decision: &Decision, code: Code) -> Refusal {
    let mut policies: Vec<_> = decision
        .verdicts
        .iter()
        .filter(|verdict| verdict.code.unwrap_or(Code::PolicyDenied) == code)
        .flat_map(|verdict| verdict.policies.clone())
        .collect();
    policies.sort();
    policies.dedup();
    let told = policies.first().filter(|_| code != Code::PolicyError).and_then(|id| routed.law.decider.told(id));
    let mut refusal = Refusal::new(code).policies(policies);
    if let Some(told) = told {
        refusal = refusal.member("lawful", told.lawful).member("lawful_ur", told.lawful_ur);
    }
    if code == Code::ConsentRequired && routed.service.consent == ConsentRule::Required {
        return refusal.next(BACKCHANNEL);
    }
    refusal
}

/// A duty that nobody does is no permission: neither the door nor the service's upstream would sample, mask or tell.
fn all_done(parts: &Parts, routed: &Routed, decision: &Decision, trail: &Trail) -> Result<(), Refusal> {
    let Some(undone) = decision.obligations.iter().find(|duty| !routed.service.does(**duty)) else { return Ok(()) };
    parts.metrics.policy_errors.inc();
    tracing::error!(request = %trail.request, service = %routed.service.id, duty = ?undone, "nobody does what a permit obliges to");
    Err(Code::PolicyError.into())
}

fn is_secret(routed: &Routed, id: &DatatypeId) -> bool {
    // A datatype that the dictionary lacks is treated as the highest class.
    routed.law.catalogue.datatype(id.as_str()).is_none_or(|datatype| datatype.class == Classification::Secret)
}

fn needs_assertion(question: &Question, secret: bool) -> Result<(), Refusal> {
    let asserted = matches!(question.caller, Caller::Agency { asserted: true, .. });
    let needed = question.caller.agency().is_some() && (secret || question.role == Role::Power);
    if needed && !asserted { Err(Code::UserAssertionRequired.into()) } else { Ok(()) }
}

fn grant(
    question: &Question,
    routed: &Routed,
    decision: &Decision,
    allowed: Vec<DatatypeId>,
    basis: Option<BasisKind>,
    trail: &Trail,
) -> Grant {
    let certificate = match &question.caller {
        Caller::Agency { certificate, .. } => Some(*certificate),
        _ => None,
    };
    let mut policies: Vec<_> =
        decision.verdicts.iter().filter(|v| v.allowed).flat_map(|v| v.policies.clone()).collect();
    policies.sort();
    policies.dedup();
    Grant {
        request: trail.request.clone(),
        service: routed.service.id.clone(),
        version: routed.service.version,
        agency: question.caller.agency_id().cloned(),
        user: question.caller.user().map(|user| user.id.clone()),
        certificate,
        role: question.role,
        purpose: question.purpose.as_ref().map(|purpose| purpose.code.clone()),
        subject: routed.subject,
        datatypes: allowed,
        rows: question.rows,
        consent: question.consent.as_ref().map(|consent| consent.id.clone()),
        basis,
        subject_status: question.caller.agency().is_some_and(|agency| agency.subject_status),
        policies,
        obligations: decision.obligations.clone(),
        report: question.report.clone(),
        at: trail.at,
    }
}

#[cfg(test)]
#[path = "authorise_tests.rs"]
mod tests;

//! Turns a case into the question that the door would ask.

use std::{net::IpAddr, sync::Arc};

use exchange::{
    caller::{Caller, Thumbprint},
    catalogue::Catalogue,
    classification::Role,
    cnic::Cnic,
    consent::{ConsentFacts, ConsentUse, SubjectKey, frequency::Bounds},
    decision::{Proposer, Question},
    directory::{Agency, Directory, User},
    enrolment::EnrolmentFacts,
    ids::{AgencyId, ConsentId, PurposeCode, UserId},
    timestamp::Timestamp,
};

use super::{Case, CaseConsent, CaseEnrolment};

/// Instant of a case that names none: noon of 22 November 2026 in Pakistan.
const NOON: &str = "2026-11-22T12:00:00+05:00";

/// The citizen of a case that a citizen asks; no policy sees which.
const SOMEBODY: &str = "0000000000000";

/// Minutes before the request at which a case's consent was given.
const CONSENT_AGE_S: i64 = 120;

/// The question of a case; the error names what the world or the catalogue lacks.
pub(super) fn question(case: &Case, catalogue: &Catalogue, world: &Directory) -> Result<Question, String> {
    let service = catalogue.service(case.service.as_str()).ok_or_else(|| lacks("service", case.service.as_str()))?;
    let now = case.at.as_deref().unwrap_or(NOON);
    let now = Timestamp::parse_rfc3339(now).ok_or_else(|| lacks("instant", now))?;
    let caller = caller(case, world)?;
    let purpose = find(case.purpose.as_deref(), "purpose", |code| world.purpose(code))?;
    let agreement = caller.agency().and_then(|agency| {
        world.agreement_for(&agency.id, &service.id, purpose.as_ref().map(|purpose| &purpose.code), now).cloned()
    });
    let role = agreement.as_ref().map_or(Role::Basic, |agreement| agreement.role.min(caller.role()));
    let second = case.second.as_deref().zip(caller.agency());
    let second = second.map(|(name, agency)| user_of(world, agency, name)).transpose()?;
    let programme = find(case.programme.as_deref(), "programme", |id| world.programme(id))?;
    let within_population = programme.as_ref().is_none_or(|it| it.population.holds(case.reach.named()));
    let datatypes = case.fields.clone().unwrap_or_else(|| service.datatypes());
    let mut question = Question {
        service: Arc::clone(service),
        role,
        channel: caller.channel(),
        address: address(case)?,
        agreement,
        purpose,
        programme,
        within_population,
        category: caller.agency().and_then(|agency| world.category(&agency.kind)).cloned(),
        report: find(case.report.as_deref(), "report", |name| world.report(name))?,
        approval: find(case.approval.as_deref(), "approval", |id| world.approval(id))?,
        consent: None,
        consent_is_subjects: case.consent.as_ref().is_some_and(|consent| !consent.of_another),
        proposer: case.proposed_by.as_deref().map(proposer).transpose()?,
        second,
        has_subject: service.subject.is_some(),
        enrolment: None,
        rows: case.rows.unwrap_or(1),
        now,
        datatypes,
        caller,
    };
    if let Some(consent) = &case.consent {
        question.consent = Some(of_consent(consent, &question)?);
    }
    if let Some(enrolment) = &case.enrolment {
        question.enrolment = Some(of_enrolment(enrolment, &question, world)?);
    }
    Ok(question)
}

fn proposer(text: &str) -> Result<Proposer, String> {
    let (agency, user) = text.split_once('/').ok_or_else(|| lacks("proposer", text))?;
    Ok(Proposer { agency: id(Some(agency), AgencyId::parse)?, user: id(Some(user), UserId::parse)? })
}

fn caller(case: &Case, world: &Directory) -> Result<Caller, String> {
    if case.citizen {
        return Cnic::parse(SOMEBODY).map(|cnic| Caller::Citizen { cnic }).map_err(|error| error.to_string());
    }
    let Some(name) = &case.agency else { return Ok(Caller::Public) };
    let agency = world.agency(name).ok_or_else(|| lacks("agency", name))?;
    let user = case.user.as_deref().map(|user| user_of(world, agency, user)).transpose()?;
    Ok(Caller::Agency { agency: Arc::clone(agency), user, asserted: case.signed, certificate: Thumbprint([7; 32]) })
}

fn user_of(world: &Directory, agency: &Agency, name: &str) -> Result<Arc<User>, String> {
    let (home, user) = match name.split_once('/') {
        Some((home, user)) => (AgencyId::parse(home).map_err(|error| error.to_string())?, user),
        None => (agency.id.clone(), name),
    };
    world.user(&home, user).cloned().ok_or_else(|| lacks("user", name))
}

fn address(case: &Case) -> Result<IpAddr, String> {
    let text = case.address.as_deref().unwrap_or("127.0.0.1");
    text.parse().map_err(|_| lacks("address", text))
}

fn of_consent(given: &CaseConsent, question: &Question) -> Result<ConsentFacts, String> {
    let agency = question.caller.agency_id().map(AgencyId::as_str);
    let user = question.caller.user().map(|user| user.id.as_str());
    let purpose = question.purpose.as_ref().map(|purpose| purpose.code.as_str());
    let age_s = if given.expired { 1 } else { -CONSENT_AGE_S };
    Ok(ConsentFacts {
        id: ConsentId::parse("consent-1").map_err(|error| error.to_string())?,
        revision: 1,
        subject: SubjectKey([1; 32]),
        agency: id(given.agency.as_deref().or(agency), AgencyId::parse)?,
        user: id(given.user.as_deref().or(user), UserId::parse)?,
        purpose: id(given.purpose.as_deref().or(purpose), PurposeCode::parse)?,
        datatypes: given.datatypes.clone().unwrap_or_else(|| question.service.datatypes()),
        usage: ConsentUse::OneTime,
        granted_at: question.now.plus_seconds(-CONSENT_AGE_S),
        expires_at: question.now.plus_seconds(-age_s),
        active: !given.inactive,
        bounds: Bounds::default(),
    })
}

fn of_enrolment(given: &CaseEnrolment, question: &Question, world: &Directory) -> Result<EnrolmentFacts, String> {
    let agency = question.caller.agency().ok_or("an enrolment is an agency's")?;
    let supervisor = given.supervisor.as_deref().map(|name| user_of(world, agency, name)).transpose()?;
    Ok(EnrolmentFacts {
        modality: given.modality,
        born: given.born,
        sample: !given.no_sample,
        missing: given.missing,
        supervisor,
    })
}

fn id<T, E: ToString>(text: Option<&str>, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, String> {
    parse(text.unwrap_or("nobody")).map_err(|error| error.to_string())
}

fn find<'a, T: 'a>(
    name: Option<&str>,
    what: &str,
    look_up: impl Fn(&str) -> Option<&'a Arc<T>>,
) -> Result<Option<Arc<T>>, String> {
    let Some(name) = name else { return Ok(None) };
    look_up(name).cloned().map(Some).ok_or_else(|| lacks(what, name))
}

fn lacks(what: &str, name: &str) -> String {
    format!("the case's world has no {what} `{name}`")
}

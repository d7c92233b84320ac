//! The bundle, its permitted questions, and how tests change one thing of a question.

use std::sync::{Arc, LazyLock};

use exchange::{
    caller::{Caller, Thumbprint},
    catalogue::{CallerKind, Service},
    classification::Classification,
    consent::ConsentFacts,
    decision::{Decider, Decision, Question},
    directory::{Agency, Agreement, Approval, Category, Programme, Purpose, User},
    ids::DatatypeId,
    report::Report,
    timestamp::Timestamp,
};
use policies::{Bundle, source::Source};
use toml::Table;

static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| Bundle::embedded().unwrap_or_else(|error| panic!("{error}")));

/// The embedded bundle, loaded once for a process.
pub(crate) fn bundle() -> &'static Bundle {
    &BUNDLE
}

/// One of the two tables, as text is read.
pub(crate) fn table(name: &str) -> Table {
    Source::embedded().file(&format!("matrices/{name}.toml")).unwrap().parse().unwrap()
}

/// Whether the row of a kind lists a domain under `feeds` or `uses`.
pub(crate) fn lists(table: &Table, verb: &str, kind: &str, domain: &str) -> bool {
    let rows = table["row"].as_array().unwrap();
    let row = rows.iter().find(|row| row["kind"].as_str() == Some(kind));
    row.is_some_and(|row| row[verb].as_array().unwrap().iter().any(|listed| listed.as_str() == Some(domain)))
}

/// Every service of the embedded catalogue.
pub(crate) fn services() -> Vec<Arc<Service>> {
    bundle().catalogue().services().to_vec()
}

/// A policy with the two sentences that every policy has for the person who is refused.
pub(crate) fn spoken(policy: &str) -> String {
    policy.replacen("@authority", "@lawful(\"Ask the operator.\")@lawful_ur(\"منتظم سے پوچھیں۔\")@authority", 1)
}

/// The question of a case, by its name.
pub(crate) fn case(name: &str) -> Question {
    let case = bundle().cases().cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case {name}"));
    bundle().question(case).unwrap()
}

/// Questions of a service all of whose datatypes are permitted: one for each case of the bundle that permits anything,
/// cut down to what it permits; and the same by an agency's user where anyone may ask.
pub(crate) fn permitted(service: &Service) -> Vec<(String, Question)> {
    let own = bundle().cases().cases.iter().filter(|case| case.service == service.id && case.permits());
    let mut questions: Vec<_> = own
        .map(|case| {
            let mut question = bundle().question(case).unwrap();
            question.datatypes = allowed(&bundle().decide_plainly(&question));
            (format!("{}: {}", service.id, case.name), question)
        })
        .collect();
    if service.callers.contains(&CallerKind::Public) && service.callers.contains(&CallerKind::Agency) {
        let mut question = questions[0].1.clone();
        question.caller = teller();
        question.channel = question.caller.channel();
        questions.push((format!("{}: by an agency's user", service.id), question));
    }
    questions
}

/// Every permitted question of every service.
pub(crate) fn all_permitted() -> Vec<(String, Question)> {
    services().iter().flat_map(|service| permitted(service)).collect()
}

/// The Secret part of every permitted question that has one.
pub(crate) fn secret() -> Vec<(String, Question)> {
    let is_secret = |id: &DatatypeId| class(id) == Classification::Secret;
    let mut questions = all_permitted();
    for (_, question) in &mut questions {
        question.datatypes.retain(is_secret);
    }
    questions.retain(|(_, question)| !question.datatypes.is_empty());
    questions
}

/// A user of a bank, as caller.
pub(crate) fn teller() -> Caller {
    let world = &bundle().cases().world;
    let agency = Arc::clone(world.agency("bank-indus").unwrap());
    let user = world.user(&agency.id, "teller-1").cloned();
    Caller::Agency { agency, user, asserted: false, certificate: Thumbprint([7; 32]) }
}

pub(crate) fn class(id: &DatatypeId) -> Classification {
    bundle().catalogue().datatype(id.as_str()).unwrap().class
}

/// Decides in all three ways, which must agree, the remembered one twice.
pub(crate) fn decide(bundle: &Bundle, question: &Question) -> Decision {
    let plain = bundle.decide_plainly(question);
    assert_eq!(bundle.decide_afresh(question), plain, "{question:?}");
    assert_eq!(bundle.decide(question), plain, "{question:?}");
    assert_eq!(bundle.decide(question), plain, "remembered: {question:?}");
    plain
}

/// Datatypes that a decision permits.
pub(crate) fn allowed(decision: &Decision) -> Vec<DatatypeId> {
    decision.verdicts.iter().filter(|verdict| verdict.allowed).map(|verdict| verdict.datatype.clone()).collect()
}

/// The instant so many milliseconds later.
pub(crate) fn later(at: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_micros(at.micros() + ms * 1_000)
}

pub(crate) fn of_agency(question: &mut Question, change: impl FnOnce(&mut Agency)) {
    if let Caller::Agency { agency, .. } = &mut question.caller {
        change(Arc::make_mut(agency));
    }
}

pub(crate) fn of_user(question: &mut Question, change: impl FnOnce(&mut User)) {
    if let Caller::Agency { user: Some(user), .. } = &mut question.caller {
        change(Arc::make_mut(user));
    }
}

pub(crate) fn signed(question: &mut Question, by_user: bool) {
    if let Caller::Agency { asserted, .. } = &mut question.caller {
        *asserted = by_user;
    }
}

pub(crate) fn of_agreement(question: &mut Question, change: impl FnOnce(&mut Agreement)) {
    if let Some(agreement) = &mut question.agreement {
        change(Arc::make_mut(agreement));
    }
}

pub(crate) fn of_purpose(question: &mut Question, change: impl FnOnce(&mut Purpose)) {
    if let Some(purpose) = &mut question.purpose {
        change(Arc::make_mut(purpose));
    }
}

pub(crate) fn of_programme(question: &mut Question, change: impl FnOnce(&mut Programme)) {
    if let Some(programme) = &mut question.programme {
        change(Arc::make_mut(programme));
    }
}

pub(crate) fn of_category(question: &mut Question, change: impl FnOnce(&mut Category)) {
    if let Some(category) = &mut question.category {
        change(Arc::make_mut(category));
    }
}

pub(crate) fn of_report(question: &mut Question, change: impl FnOnce(&mut Report)) {
    if let Some(report) = &mut question.report {
        change(Arc::make_mut(report));
    }
}

pub(crate) fn of_approval(question: &mut Question, change: impl FnOnce(&mut Approval)) {
    if let Some(approval) = &mut question.approval {
        change(Arc::make_mut(approval));
    }
}

pub(crate) fn of_consent(question: &mut Question, change: impl FnOnce(&mut ConsentFacts)) {
    if let Some(consent) = &mut question.consent {
        change(consent);
    }
}

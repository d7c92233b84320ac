//! Refusals for every service of the catalogue: each permitted question, changed in one thing, is refused with its code.
//! A new service is covered by its own case that permits; a change that touches no service fails.

use std::collections::BTreeMap;

use exchange::{
    caller::Caller,
    catalogue::{CallerKind, ConsentRule},
    classification::{Channel, Classification, Forum, Role, Sector},
    codes::Code,
    decision::Question,
    ids::{AgencyId, PurposeCode, UserId},
};

use super::support::{
    all_permitted, bundle, class, decide, later, of_agency, of_agreement, of_approval, of_consent, of_programme,
    of_purpose, of_user, secret, services, signed,
};

/// One thing that is wrong: its name, the questions it can be wrong of, the change, the code that the caller is shown.
type Wrong = (&'static str, fn(&Question) -> bool, fn(&mut Question), Code);

fn by_agency(question: &Question) -> bool {
    question.caller.agency().is_some()
}

fn by_user(question: &Question) -> bool {
    question.caller.user().is_some()
}

fn for_agencies(question: &Question) -> bool {
    let callers = &question.service.callers;
    callers.contains(&CallerKind::Agency) && !callers.contains(&CallerKind::Public)
}

fn attended(question: &Question) -> bool {
    for_agencies(question) && !question.service.unattended
}

fn under_agreement(question: &Question) -> bool {
    question.service.purpose_required
}

/// Rests on the citizen's consent.
fn consented(question: &Question) -> bool {
    question.service.consent != ConsentRule::None && question.consent.is_some() && question.programme.is_none()
}

/// Rests on a programme.
fn by_programme(question: &Question) -> bool {
    question.service.consent == ConsentRule::Basis && question.programme.is_some()
}

fn unconsented(question: &Question) -> bool {
    under_agreement(question) && !consented(question) && question.service.subject.is_some()
}

fn of_domain(question: &Question, domain: &str) -> bool {
    question.service.id.as_str().starts_with(domain)
}

fn reads(question: &Question) -> bool {
    under_agreement(question) && !question.service.writes
}

fn writes(question: &Question) -> bool {
    under_agreement(question) && question.service.writes
}

fn stranger() -> AgencyId {
    AgencyId::parse("agency-of-nowhere").unwrap()
}

fn other_purpose() -> PurposeCode {
    PurposeCode::parse("MKT-001").unwrap()
}

const STANDING: &[Wrong] = &[
    ("anyone asks what is for agencies", for_agencies, |q| q.caller = Caller::Public, Code::CallerNotAllowed),
    ("a text message asks", |_| true, |q| q.caller = Caller::Sms, Code::CallerNotAllowed),
    ("a process of our own asks", |_| true, |q| q.caller = Caller::Internal, Code::CallerNotAllowed),
    ("no user is named", attended, |q| no_user(q), Code::CallerNotAllowed),
    ("the agency is suspended", by_agency, |q| of_agency(q, |a| a.suspended = true), Code::AgencySuspended),
    ("its condition was not seen", by_agency, |q| of_agency(q, |a| a.condition_met = false), Code::AgencySuspended),
    ("the address is foreign", by_agency, |q| q.address = [203, 0, 113, 9].into(), Code::NetworkRefused),
    ("the agency has no network", by_agency, |q| of_agency(q, |a| a.networks.clear()), Code::NetworkRefused),
    ("the user was struck off", by_user, |q| of_user(q, |u| u.disabled = true), Code::UserDisabled),
    ("the user is another agency's", by_user, |q| of_user(q, |u| u.agency = stranger()), Code::UserUnknown),
];

fn no_user(question: &mut Question) {
    if let Caller::Agency { user, .. } = &mut question.caller {
        *user = None;
    }
}

const AGREEMENT: &[Wrong] = &[
    ("there is no agreement", under_agreement, |q| q.agreement = None, Code::AgreementRequired),
    ("it is revoked", under_agreement, |q| of_agreement(q, |a| a.revoked = true), Code::AgreementRequired),
    (
        "it is another agency's",
        under_agreement,
        |q| of_agreement(q, |a| a.agency = stranger()),
        Code::AgreementRequired,
    ),
    ("it ends this millisecond", under_agreement, |q| ends(q, 0), Code::AgreementRequired),
    ("it ended a second ago", under_agreement, |q| ends(q, -1_000), Code::AgreementRequired),
    ("it begins in a millisecond", under_agreement, |q| begins(q, 1), Code::AgreementRequired),
    ("it lacks the service", under_agreement, |q| of_agreement(q, |a| a.services.clear()), Code::AgreementRequired),
    ("it lacks the datatypes", under_agreement, |q| of_agreement(q, |a| a.datatypes.clear()), Code::AgreementRequired),
    ("it lacks every channel", under_agreement, |q| of_agreement(q, |a| a.channels.clear()), Code::AgreementRequired),
    ("another channel is used", under_agreement, |q| q.channel = Channel::Portal, Code::AgreementRequired),
    ("the NDA ends this millisecond", under_agreement, |q| nda(q, -1_000, 0), Code::AgreementRequired),
    ("the NDA begins in a millisecond", under_agreement, |q| nda(q, 1, 1_000), Code::AgreementRequired),
    ("no purpose is named", under_agreement, |q| q.purpose = None, Code::PurposeRequired),
    (
        "the agreement lacks the purpose",
        under_agreement,
        |q| of_agreement(q, |a| a.purposes.clear()),
        Code::PurposeRequired,
    ),
    ("the purpose is forbidden", under_agreement, |q| of_purpose(q, |p| p.forbidden = true), Code::PolicyDenied),
    (
        "the purpose reaches Public only",
        under_agreement,
        |q| of_purpose(q, |p| p.class_max = Classification::Public),
        Code::PolicyDenied,
    ),
    ("no row is wanted", under_agreement, |q| q.rows = 0, Code::PolicyDenied),
    (
        "a row too many is wanted",
        under_agreement,
        |q| q.rows = q.agreement.as_ref().unwrap().row_limit + 1,
        Code::PolicyDenied,
    ),
    ("the role is above the agreement's", under_agreement, |q| role(q, Role::Basic, Role::Power), Code::PolicyDenied),
    ("the role is above the user's", under_agreement, |q| role(q, Role::Power, Role::Basic), Code::PolicyDenied),
    ("Power is not signed", under_agreement, |q| power(q), Code::UserAssertionRequired),
    ("nobody is asked about", |q| unconsented(q) && q.has_subject, |q| q.has_subject = false, Code::PolicyDenied),
];

fn ends(question: &mut Question, ms: i64) {
    let at = later(question.now, ms);
    of_agreement(question, |agreement| agreement.valid_until = at);
}

fn begins(question: &mut Question, ms: i64) {
    let at = later(question.now, ms);
    of_agreement(question, |agreement| agreement.valid_from = at);
}

fn nda(question: &mut Question, from: i64, until: i64) {
    let (from, until) = (later(question.now, from), later(question.now, until));
    of_agency(question, |agency| (agency.nda_from, agency.nda_until) = (from, until));
}

/// The request claims Standard where the agreement or the user has less.
fn role(question: &mut Question, agreement: Role, user: Role) {
    of_agreement(question, |a| a.role = agreement);
    of_user(question, |u| u.role = user);
    question.role = Role::Standard;
}

fn power(question: &mut Question) {
    role(question, Role::Power, Role::Power);
    question.role = Role::Power;
    signed(question, false);
}

const CONSENT: &[Wrong] = &[
    ("the citizen was not asked", consented, |q| q.consent = None, Code::ConsentRequired),
    ("another citizen consented", consented, |q| q.consent_is_subjects = false, Code::ConsentMismatch),
    ("nobody is asked about", consented, |q| q.has_subject = false, Code::ConsentMismatch),
    ("another agency was given it", consented, |q| of_consent(q, |c| c.agency = stranger()), Code::ConsentMismatch),
    (
        "another user was given it",
        consented,
        |q| of_consent(q, |c| c.user = UserId::parse("teller-2").unwrap()),
        Code::ConsentMismatch,
    ),
    (
        "it was given for another purpose",
        consented,
        |q| of_consent(q, |c| c.purpose = other_purpose()),
        Code::ConsentMismatch,
    ),
    ("it names no datatype", consented, |q| of_consent(q, |c| c.datatypes.clear()), Code::ConsentMismatch),
    ("it is withdrawn or used up", consented, |q| of_consent(q, |c| c.active = false), Code::ConsentMismatch),
    ("it ends this millisecond", consented, |q| lasts(q, -1_000, 0), Code::ConsentMismatch),
    ("it ended a millisecond ago", consented, |q| lasts(q, -1_000, -1), Code::ConsentMismatch),
    ("it is given in a millisecond", consented, |q| lasts(q, 1, 1_000), Code::ConsentMismatch),
    ("it ends before it begins", consented, |q| lasts(q, 0, -1), Code::ConsentMismatch),
];

fn lasts(question: &mut Question, from: i64, until: i64) {
    let (from, until) = (later(question.now, from), later(question.now, until));
    of_consent(question, |consent| (consent.granted_at, consent.expires_at) = (from, until));
}

const PROGRAMME: &[Wrong] = &[
    ("there is no programme", by_programme, |q| q.programme = None, Code::ConsentRequired),
    ("it is another agency's", by_programme, |q| of_programme(q, |p| p.agency = stranger()), Code::ConsentRequired),
    (
        "it serves another purpose",
        by_programme,
        |q| of_programme(q, |p| p.purpose = other_purpose()),
        Code::ConsentRequired,
    ),
    ("it names no datatype", by_programme, |q| of_programme(q, |p| p.datatypes.clear()), Code::ConsentRequired),
    ("it is revoked", by_programme, |q| of_programme(q, |p| p.revoked = true), Code::ConsentRequired),
    ("it covers other people", by_programme, |q| q.within_population = false, Code::OutsideProgramme),
    ("it names no channel", by_programme, |q| of_programme(q, |p| p.channels.clear()), Code::OutsideProgramme),
    ("it ends this millisecond", by_programme, |q| runs(q, -1_000, 0), Code::ConsentRequired),
    ("it begins in a millisecond", by_programme, |q| runs(q, 1, 1_000), Code::ConsentRequired),
];

fn runs(question: &mut Question, from: i64, until: i64) {
    let (from, until) = (later(question.now, from), later(question.now, until));
    of_programme(question, |programme| (programme.valid_from, programme.valid_until) = (from, until));
}

const DOMAINS: &[Wrong] = &[
    (
        "an agency that only feeds asks for consent",
        |q| of_domain(q, "consent."),
        |q| of_agency(q, |a| a.user_agency = false),
        Code::PolicyDenied,
    ),
    ("the agency only feeds", reads, |q| of_agency(q, |a| a.user_agency = false), Code::CallerNotAllowed),
    ("the agency only uses", writes, |q| of_agency(q, |a| a.feeder = false), Code::CallerNotAllowed),
    (
        "its kind is in no matrix",
        under_agreement,
        |q| of_agency(q, |a| a.kind = "Circus".into()),
        Code::CallerNotAllowed,
    ),
    (
        "NADRA did not agree",
        |q| of_domain(q, "identity."),
        |q| of_agreement(q, |a| a.forum = Forum::BispBoard),
        Code::AgreementRequired,
    ),
    (
        "no forum agreed",
        |q| of_domain(q, "nser."),
        |q| of_agreement(q, |a| a.forum = Forum::NotRequired),
        Code::AgreementRequired,
    ),
    (
        "the Director General agreed to a private body",
        |q| of_domain(q, "nser."),
        |q| by_director(q, Sector::Private),
        Code::AgreementRequired,
    ),
    (
        "the Director General agreed to a donor",
        |q| of_domain(q, "nser."),
        |q| by_director(q, Sector::Donor),
        Code::AgreementRequired,
    ),
];

fn by_director(question: &mut Question, sector: Sector) {
    of_agency(question, |agency| agency.sector = sector);
    of_agreement(question, |agreement| agreement.forum = Forum::DgNser);
    question.category = None;
}

fn any(_: &Question) -> bool {
    true
}

/// What is wrong of a permitted question about Secret data.
const SECRET: &[Wrong] = &[
    ("nobody approved", any, |q| q.approval = None, Code::SecretNeedsBoard),
    ("the Secretary approved", any, |q| of_approval(q, |a| a.forum = Forum::SecretaryBisp), Code::SecretNeedsBoard),
    ("it is another agency's", any, |q| of_approval(q, |a| a.agency = stranger()), Code::SecretNeedsBoard),
    ("it serves another purpose", any, |q| of_approval(q, |a| a.purpose = other_purpose()), Code::SecretNeedsBoard),
    ("it names no datatype", any, |q| of_approval(q, |a| a.datatypes.clear()), Code::SecretNeedsBoard),
    ("it ends this millisecond", any, |q| approved(q, -1_000, 0), Code::SecretNeedsBoard),
    ("it begins in a millisecond", any, |q| approved(q, 1, 1_000), Code::SecretNeedsBoard),
    ("the agency is private", any, |q| of_agency(q, |a| a.sector = Sector::Private), Code::SecretNeedsBoard),
    ("the agency is an NGO", any, |q| of_agency(q, |a| a.sector = Sector::LocalNgo), Code::SecretNeedsBoard),
    ("the user did not sign", any, |q| signed(q, false), Code::UserAssertionRequired),
    ("the role is Standard", any, |q| q.role = Role::Standard, Code::PolicyDenied),
    ("the role is Basic", any, |q| q.role = Role::Basic, Code::PolicyDenied),
    ("the user is Standard", any, |q| of_user(q, |u| u.role = Role::Standard), Code::PolicyDenied),
    ("the agreement is Standard", any, |q| of_agreement(q, |a| a.role = Role::Standard), Code::PolicyDenied),
    (
        "the purpose reaches Confidential only",
        any,
        |q| of_purpose(q, |p| p.class_max = Classification::Confidential),
        Code::PolicyDenied,
    ),
];

fn approved(question: &mut Question, from: i64, until: i64) {
    let (from, until) = (later(question.now, from), later(question.now, until));
    of_approval(question, |approval| (approval.valid_from, approval.valid_until) = (from, until));
}

/// Makes each question wrong in each way that it can be, and says how often each way applied.
fn refuse_all(questions: &[(String, Question)], wrongs: &[Wrong]) {
    let mut applied: BTreeMap<&str, usize> = wrongs.iter().map(|(name, ..)| (*name, 0)).collect();
    for (what, permitted) in questions {
        assert!(decide(bundle(), permitted).verdicts.iter().all(|verdict| verdict.allowed), "{what}");
        for (wrong, applies, change, code) in wrongs.iter().filter(|(_, applies, ..)| applies(permitted)) {
            debug_assert!(applies(permitted));
            let mut question = permitted.clone();
            change(&mut question);
            let decision = decide(bundle(), &question);
            assert!(!decision.errored && decision.obligations.is_empty(), "{what}, but {wrong}");
            for verdict in &decision.verdicts {
                let found = (verdict.allowed, verdict.code);
                assert_eq!(
                    found,
                    (false, Some(*code)),
                    "{what}, but {wrong}: {} by {:?}",
                    verdict.datatype,
                    verdict.policies
                );
            }
            *applied.entry(wrong).or_default() += 1;
        }
    }
    let idle: Vec<_> = applied.iter().filter(|(_, times)| **times == 0).collect();
    assert!(idle.is_empty(), "these are wrong of no service: {idle:?}");
}

#[test]
fn every_service_has_a_permitted_question_to_be_made_wrong() {
    let questions = all_permitted();
    for service in services() {
        let own: Vec<_> = questions.iter().filter(|(_, question)| question.service.id == service.id).collect();
        assert!(!own.is_empty(), "{} has no case that permits", service.id);
        assert!(own.iter().all(|(_, question)| !question.datatypes.is_empty()), "{}", service.id);
    }
}

#[test]
fn who_may_not_ask_is_refused_by_every_service() {
    refuse_all(&all_permitted(), STANDING);
}

/// What is permitted without the Board: the Secret parts and the complete export have reasons of their own, which come first.
fn all_but_the_boards() -> Vec<(String, Question)> {
    let mut questions = all_permitted();
    questions.retain(|(_, question)| question.service.action != "exportHouseholds");
    for (_, question) in &mut questions {
        question.datatypes.retain(|id| class(id) != Classification::Secret);
    }
    questions.retain(|(_, question)| !question.datatypes.is_empty());
    questions
}

#[test]
fn without_an_agreement_that_covers_it_every_use_is_refused() {
    refuse_all(&all_but_the_boards(), AGREEMENT);
}

#[test]
fn without_the_citizens_own_consent_every_personal_use_is_refused() {
    refuse_all(&all_permitted(), CONSENT);
}

#[test]
fn without_a_programme_that_covers_it_every_search_is_refused() {
    refuse_all(&all_permitted(), PROGRAMME);
}

#[test]
fn what_only_some_agencies_may_is_refused_to_the_others() {
    refuse_all(&all_but_the_boards(), DOMAINS);
}

#[test]
fn without_the_boards_approval_nothing_secret_is_released() {
    let questions = secret();
    assert!(!questions.is_empty());
    refuse_all(&questions, SECRET);
}

//! What each instrument of a question covers, written down anew for `model`: agreement, programme, consent, approval, role, age.

use exchange::{
    classification::{Forum, Role},
    decision::Question,
    directory::Approval,
    enrolment::Modality,
    ids::DatatypeId,
    timestamp::Timestamp,
};

/// Whether something holds at the question's instant, in whole milliseconds.
pub(crate) fn holds(question: &Question, from: Timestamp, until: Timestamp) -> bool {
    let now = question.now.millis();
    (from.micros() + 999).div_euclid(1_000) <= now && now < until.millis()
}

pub(crate) fn state(question: &Question) -> bool {
    question.caller.agency().is_some_and(|agency| agency.sector.is_public_sector())
}

pub(crate) fn programme_covers(question: &Question, id: &DatatypeId) -> bool {
    let (Some(programme), Some(agency), Some(purpose)) =
        (&question.programme, question.caller.agency(), &question.purpose)
    else {
        return false;
    };
    programme.agency == agency.id
        && programme.purpose == purpose.code
        && programme.datatypes.contains(id)
        && !programme.revoked
        && holds(question, programme.valid_from, programme.valid_until)
}

/// Whether the agency is of a kind that was approved as a category.
pub(crate) fn category_approved(question: &Question) -> bool {
    let (Some(category), Some(agency)) = (&question.category, question.caller.agency()) else { return false };
    category.kind == agency.kind
        && !category.revoked
        && [Forum::SecretaryBisp, Forum::BispBoard].contains(&category.forum)
        && holds(question, category.valid_from, category.valid_until)
}

pub(crate) fn consent_covers(question: &Question, id: &DatatypeId) -> bool {
    let (Some(consent), Some(agency), Some(user), Some(purpose)) =
        (&question.consent, question.caller.agency(), question.caller.user(), &question.purpose)
    else {
        return false;
    };
    question.has_subject
        && question.consent_is_subjects
        && consent.active
        && consent.agency == agency.id
        // A user's name is unique within the agency only.
        && (&consent.agency, &consent.user) == (&user.agency, &user.id)
        && consent.purpose == purpose.code
        && consent.datatypes.contains(id)
        && holds(question, consent.granted_at, consent.expires_at)
}

pub(crate) fn approval_covers(question: &Question, id: &DatatypeId) -> bool {
    state(question) && approval_of_board(question, id)
}

/// The one template that there is.
pub(crate) const TEMPLATE: &str = "T10-board-payments";

/// The approval, unless it names a template that nobody knows.
pub(crate) fn approval(question: &Question) -> Option<&Approval> {
    let known = |approval: &&Approval| approval.template.as_ref().is_none_or(|name| name.as_str() == TEMPLATE);
    question.approval.as_deref().filter(known)
}

/// Whether the template opens payments.
pub(crate) fn by_template(question: &Question, id: &DatatypeId) -> bool {
    let named = approval(question).is_some_and(|approval| approval.template.is_some());
    named && question.role == Role::Power && id.as_str() == "nser.payments" && approval_of_board(question, id)
}

pub(crate) fn approval_of_board(question: &Question, id: &DatatypeId) -> bool {
    let (Some(approval), Some(agency), Some(purpose)) =
        (approval(question), question.caller.agency(), &question.purpose)
    else {
        return false;
    };
    approval.forum == Forum::BispBoard
        && approval.agency == agency.id
        && approval.purpose == purpose.code
        && approval.services.contains(&question.service.id)
        && approval.datatypes.contains(id)
        && holds(question, approval.valid_from, approval.valid_until)
}

pub(crate) fn agreement_covers(question: &Question, id: &DatatypeId) -> bool {
    let (Some(agreement), Some(agency)) = (&question.agreement, question.caller.agency()) else { return false };
    agreement.agency == agency.id
        && !agreement.revoked
        && holds(question, agreement.valid_from, agreement.valid_until)
        && agreement.services.contains(&question.service.id)
        && agreement.channels.contains(&question.channel)
        && agreement.datatypes.contains(id)
}

pub(crate) fn role_fits(question: &Question) -> bool {
    let (Some(user), Some(agreement)) = (question.caller.user(), &question.agreement) else { return false };
    question.role <= user.role && question.role <= agreement.role
}

/// Age on the day of the question in Pakistan, and the first ages of finger and iris; `None` where nobody is enrolled.
pub(crate) fn age_and_first(question: &Question) -> Option<(i32, i32)> {
    let born: Vec<i32> =
        question.enrolment.as_ref()?.born.to_string().split('-').map(|part| part.parse().unwrap()).collect();
    let (year, month, day) = question.now.karachi_date();
    let passed = (i32::from(month), i32::from(day)) >= (born[1], born[2]);
    let age = year - born[0] - i32::from(!passed);
    let first = match (year, month) {
        (..=2024, _) => return None,
        (2025, ..=5) => 6,
        _ => 10,
    };
    (0..=150).contains(&age).then_some((age, first))
}

/// Whether the guardrail lets the part of the body be taken.
pub(crate) fn young_enough(question: &Question) -> bool {
    let face = question.enrolment.as_ref().is_some_and(|facts| facts.modality == Modality::Face);
    age_and_first(question).is_some_and(|(age, _)| face || age >= 6)
}

/// Whether the set in force lets it be taken, and whether it is whole or excused.
pub(crate) fn enrols(question: &Question) -> (bool, bool) {
    let (Some(facts), Some((age, first))) = (&question.enrolment, age_and_first(question)) else {
        return (false, false);
    };
    let of_age = match facts.modality {
        Modality::Face => true,
        Modality::Fingerprint => age >= first,
        Modality::Iris => age >= 6,
    };
    let by = question.caller.user().zip(facts.supervisor.as_ref());
    let own = facts.supervisor.as_ref().is_some_and(|s| Some(&s.agency) == question.caller.agency_id());
    let supervised = own && by.is_some_and(|(user, supervisor)| user.id != supervisor.id && !supervisor.disabled);
    (of_age, if facts.missing.is_some() { supervised } else { facts.sample })
}

//! Writes a question down as the policies read it: one context, built once for each request from typed values.

use cedar_policy::{Context, EntityUid, RestrictedExpression as Value};
use exchange::{
    caller::Caller,
    catalogue::Service,
    consent::ConsentFacts,
    decision::{Proposer, Question},
    directory::{Agency, Agreement, Approval, Category, Programme, Purpose, User, in_networks},
    enrolment::Modality,
    ids::{AgencyId, DatatypeId, PurposeCode, ServiceId, UserId},
    report::Report,
    timestamp::Timestamp,
};

use crate::{
    children::Enrolled,
    matrix::{self, Matrix},
    words::Words,
};

/// The question could not be written down, as if a record had one member twice: it is denied. Small, because every step
/// of the writing can return it; there is nothing more to say, since the members' names are fixed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the question cannot be written down as a context")]
pub(crate) struct Unwritable;

type Pairs = Vec<(String, Value)>;

/// Who asks, as Cedar's principal; `None` for callers whom no policy knows.
pub(crate) fn principal(words: &Words, caller: &Caller) -> Option<EntityUid> {
    match caller {
        Caller::Agency { agency, user: Some(user), .. } => Some(words.user.uid(&user_name(&agency.id, &user.id))),
        Caller::Agency { agency, user: None, .. } => Some(words.client.uid(agency.id.as_str())),
        Caller::Public => Some(words.anyone.uid("public")),
        // Which citizen it is, no policy sees.
        Caller::Citizen { .. } => Some(words.citizen.uid("self")),
        Caller::Sms | Caller::Internal => None,
    }
}

/// The context of a question: the schema's `Facts`.
pub(crate) fn context(
    words: &Words,
    matrix: &Matrix,
    question: &Question,
    enrolled: Option<&Enrolled>,
    lists: Lists,
) -> Result<Context, Unwritable> {
    let lists = Listed { words, question, lists };
    let caller = &question.caller;
    let in_network = caller.agency().is_some_and(|agency| in_networks(question.address, &agency.networks));
    let mut pairs = Vec::with_capacity(16);
    put(&mut pairs, "now", Value::new_long(question.now.millis()));
    put(&mut pairs, "service", words.service.value(question.service.id.as_str()));
    put(&mut pairs, "channel", words.channel.value(question.channel.as_str()));
    put(&mut pairs, "inNetwork", Value::new_bool(in_network));
    put(&mut pairs, "role", words.role.value(question.role.as_str()));
    put(&mut pairs, "rows", Value::new_long(i64::from(question.rows)));
    put(&mut pairs, "hasSubject", Value::new_bool(question.has_subject));
    let cell = caller.agency().map(|agency| matrix.cell(&agency.kind, matrix::domain_of(&question.service)));
    let cell = cell.unwrap_or_default();
    put(&mut pairs, "namesCase", Value::new_bool(names_case(&question.service)));
    put(&mut pairs, "kindFeeds", Value::new_bool(cell.feeds));
    put(&mut pairs, "kindUses", Value::new_bool(cell.uses));
    if let Caller::Agency { agency, user, asserted, .. } = caller {
        put(&mut pairs, "agency", of_agency(words, agency)?);
        if let Some(user) = user {
            put(&mut pairs, "user", of_user(words, user, *asserted)?);
        }
    }
    if let Some(agreement) = &question.agreement {
        put(&mut pairs, "agreement", of_agreement(&lists, agreement)?);
    }
    if let Some(purpose) = &question.purpose {
        put(&mut pairs, "purpose", of_purpose(words, purpose)?);
    }
    if let Some(programme) = &question.programme {
        put(&mut pairs, "programme", of_programme(&lists, programme)?);
    }
    if let Some(approval) = &question.approval {
        put(&mut pairs, "approval", of_approval(&lists, approval)?);
    }
    if let Some(consent) = &question.consent {
        put(&mut pairs, "consent", of_consent(&lists, consent)?);
    }
    if let Some(enrolled) = enrolled {
        put(&mut pairs, "enrolment", of_enrolment(words, enrolled)?);
    }
    if let Some(second) = &question.second {
        put(&mut pairs, "second", of_second(words, second)?);
    }
    if let Some(category) = &question.category {
        put(&mut pairs, "category", of_category(words, category)?);
    }
    if let Some(report) = &question.report {
        put(&mut pairs, "report", of_report(words, report)?);
    }
    if let Some(Proposer { agency, user }) = &question.proposer {
        let proposer = words.user.value(&user_name(agency, user));
        put(&mut pairs, "proposal", record([("proposer", proposer)])?);
    }
    Context::from_pairs(pairs).map_err(|_| Unwritable)
}

/// Whether the service demands a case number: the door answers no request without it (`parameter_invalid`).
fn names_case(service: &Service) -> bool {
    service.params.iter().any(|param| param.name == "case" && param.required)
}

fn put(pairs: &mut Pairs, name: &str, value: Value) {
    pairs.push((name.to_owned(), value));
}

fn record<const N: usize>(members: [(&str, Value); N]) -> Result<Value, Unwritable> {
    Value::new_record(members.map(|(name, value)| (name.to_owned(), value))).map_err(|_| Unwritable)
}

/// A user's name is unique within the agency only, so Cedar's name carries both.
fn user_name(agency: &AgencyId, user: &UserId) -> String {
    format!("{agency}/{user}")
}

/// The instant from which something holds, never early: the next whole millisecond.
pub(crate) fn begins(at: Timestamp) -> i64 {
    at.millis().saturating_add(i64::from(at.micros().rem_euclid(1_000) != 0))
}

/// The instant at which something ends, never late: the millisecond that it falls in.
pub(crate) fn ends(at: Timestamp) -> i64 {
    at.millis()
}

fn of_agency(words: &Words, agency: &Agency) -> Result<Value, Unwritable> {
    record([
        ("id", words.agency.value(agency.id.as_str())),
        ("kind", words.agency_kind.value(&agency.kind)),
        ("sector", words.sector.value(agency.sector.as_str())),
        ("conditionMet", Value::new_bool(agency.condition_met)),
        ("feeder", Value::new_bool(agency.feeder)),
        ("userAgency", Value::new_bool(agency.user_agency)),
        ("suspended", Value::new_bool(agency.suspended)),
        ("ndaFrom", Value::new_long(begins(agency.nda_from))),
        ("ndaUntil", Value::new_long(ends(agency.nda_until))),
    ])
}

fn of_user(words: &Words, user: &User, asserted: bool) -> Result<Value, Unwritable> {
    record([
        ("agency", words.agency.value(user.agency.as_str())),
        ("id", words.user.value(&user_name(&user.agency, &user.id))),
        ("role", words.role.value(user.role.as_str())),
        ("disabled", Value::new_bool(user.disabled)),
        ("asserted", Value::new_bool(asserted)),
    ])
}

fn of_agreement(lists: &Listed<'_>, agreement: &Agreement) -> Result<Value, Unwritable> {
    let words = lists.words;
    record([
        ("agency", words.agency.value(agreement.agency.as_str())),
        ("forum", words.forum.value(agreement.forum.as_str())),
        ("services", lists.services(&agreement.services)),
        ("purposes", lists.purposes(&agreement.purposes)),
        ("datatypes", lists.datatypes(&agreement.datatypes)),
        ("role", words.role.value(agreement.role.as_str())),
        ("channels", words.channel.set(agreement.channels.iter().map(|channel| channel.as_str()))),
        ("rowLimit", Value::new_long(i64::from(agreement.row_limit))),
        ("validFrom", Value::new_long(begins(agreement.valid_from))),
        ("validUntil", Value::new_long(ends(agreement.valid_until))),
        ("revoked", Value::new_bool(agreement.revoked)),
    ])
}

fn of_purpose(words: &Words, purpose: &Purpose) -> Result<Value, Unwritable> {
    record([
        ("code", words.purpose.value(purpose.code.as_str())),
        ("classMax", words.class.value(purpose.class_max.as_str())),
        ("forbidden", Value::new_bool(purpose.forbidden)),
    ])
}

fn of_programme(lists: &Listed<'_>, programme: &Programme) -> Result<Value, Unwritable> {
    let words = lists.words;
    record([
        ("agency", words.agency.value(programme.agency.as_str())),
        ("kind", words.basis.value(programme.kind.as_str())),
        ("forum", words.forum.value(programme.forum.as_str())),
        ("purpose", words.purpose.value(programme.purpose.as_str())),
        ("datatypes", lists.datatypes(&programme.datatypes)),
        ("channels", words.channel.set(programme.channels.iter().map(|channel| channel.as_str()))),
        ("covers", Value::new_bool(lists.question.within_population)),
        ("validFrom", Value::new_long(begins(programme.valid_from))),
        ("validUntil", Value::new_long(ends(programme.valid_until))),
        ("revoked", Value::new_bool(programme.revoked)),
    ])
}

fn of_second(words: &Words, user: &User) -> Result<Value, Unwritable> {
    record([
        ("agency", words.agency.value(user.agency.as_str())),
        ("id", words.user.value(&user_name(&user.agency, &user.id))),
        ("disabled", Value::new_bool(user.disabled)),
    ])
}

fn of_category(words: &Words, category: &Category) -> Result<Value, Unwritable> {
    record([
        ("kind", words.agency_kind.value(&category.kind)),
        ("forum", words.forum.value(category.forum.as_str())),
        ("validFrom", Value::new_long(begins(category.valid_from))),
        ("validUntil", Value::new_long(ends(category.valid_until))),
        ("revoked", Value::new_bool(category.revoked)),
    ])
}

fn of_report(words: &Words, report: &Report) -> Result<Value, Unwritable> {
    record([
        ("forum", words.forum.value(report.forum.as_str())),
        ("validFrom", Value::new_long(begins(report.valid_from))),
        ("validUntil", Value::new_long(ends(report.valid_until))),
        ("revoked", Value::new_bool(report.revoked)),
    ])
}

fn of_approval(lists: &Listed<'_>, approval: &Approval) -> Result<Value, Unwritable> {
    let words = lists.words;
    record([
        ("agency", words.agency.value(approval.agency.as_str())),
        ("forum", words.forum.value(approval.forum.as_str())),
        ("purpose", words.purpose.value(approval.purpose.as_str())),
        ("services", lists.services(&approval.services)),
        ("datatypes", lists.datatypes(&approval.datatypes)),
        ("validFrom", Value::new_long(begins(approval.valid_from))),
        ("validUntil", Value::new_long(ends(approval.valid_until))),
    ])
}

fn of_consent(lists: &Listed<'_>, consent: &ConsentFacts) -> Result<Value, Unwritable> {
    let words = lists.words;
    record([
        ("agency", words.agency.value(consent.agency.as_str())),
        ("user", words.user.value(&user_name(&consent.agency, &consent.user))),
        ("purpose", words.purpose.value(consent.purpose.as_str())),
        ("datatypes", lists.datatypes(&consent.datatypes)),
        ("subjects", Value::new_bool(lists.question.consent_is_subjects)),
        ("grantedAt", Value::new_long(begins(consent.granted_at))),
        ("expiresAt", Value::new_long(ends(consent.expires_at))),
        ("active", Value::new_bool(consent.active)),
    ])
}

fn of_enrolment(words: &Words, enrolled: &Enrolled) -> Result<Value, Unwritable> {
    let modality = match enrolled.modality {
        Modality::Face => "Face",
        Modality::Fingerprint => "Fingerprint",
        Modality::Iris => "Iris",
    };
    let years = |age: u16| Value::new_long(i64::from(age));
    record([
        ("modality", words.modality.value(modality)),
        ("age", years(enrolled.age)),
        ("faceFrom", years(enrolled.from.face)),
        ("fingerprintFrom", years(enrolled.from.fingerprint)),
        ("irisFrom", years(enrolled.from.iris)),
        ("sample", Value::new_bool(enrolled.sample)),
        ("missing", Value::new_bool(enrolled.missing)),
        ("supervised", Value::new_bool(enrolled.supervised)),
    ])
}

/// How much of the instruments' lists is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lists {
    /// All of them.
    Whole,
    /// Of each list what the question could find in it: enough for policies that only ask whether a list contains what
    /// the question is about ([`crate::lists`]), and less to write for each question.
    Met,
}

/// Writes lists for one question.
struct Listed<'a> {
    words: &'a Words,
    question: &'a Question,
    lists: Lists,
}

impl Listed<'_> {
    fn services(&self, ids: &[ServiceId]) -> Value {
        let met = |id: &&ServiceId| self.lists == Lists::Whole || **id == self.question.service.id;
        self.words.service.set(ids.iter().filter(met).map(ServiceId::as_str))
    }

    fn purposes(&self, codes: &[PurposeCode]) -> Value {
        let asked = self.question.purpose.as_ref().map(|purpose| &purpose.code);
        let met = |code: &&PurposeCode| self.lists == Lists::Whole || Some(*code) == asked;
        self.words.purpose.set(codes.iter().filter(met).map(PurposeCode::as_str))
    }

    fn datatypes(&self, ids: &[DatatypeId]) -> Value {
        let met = |id: &&DatatypeId| self.lists == Lists::Whole || self.question.datatypes.contains(id);
        self.words.datatype.set(ids.iter().filter(met).map(DatatypeId::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_early_or_ends_late() {
        let check = |micros, from, until| {
            let at = Timestamp::from_micros(micros);
            assert_eq!((begins(at), ends(at)), (from, until), "{micros}");
        };
        check(5_000, 5, 5);
        check(5_001, 6, 5);
        check(5_999, 6, 5);
        check(-1, 0, -1);
    }
}

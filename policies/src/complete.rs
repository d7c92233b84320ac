//! Completeness: what every service and every datatype must have before a bundle may decide anything.

use std::collections::{BTreeMap, BTreeSet};

use exchange::{
    catalogue::{BodyForm, CallerKind, ChargeUnit, ConsentRule, Datatype, Param, ParamKind, Service},
    classification::Classification,
};

use crate::{
    cases::Case,
    error::{BundleError, Problem},
    law::Law,
    parse::Placed,
    words::{SCHEMA_FILE, has_urdu},
};

/// Milliseconds that a service may take at most: the listener's own limit on an answer.
const TIMEOUT_MS_MAX: u32 = 30_000;

/// Characters of a personal datatype's title: the citizen reads it in a text message of one part, beside the agency, the
/// purpose and the passcode.
const TITLE_CHARS_MAX: usize = 24;

/// Sensitivities within a class (S0 §3.2.8).
const SENSITIVITIES: [&str; 3] = ["ordinary", "sensitive", "critical"];

/// Checks everything and reports all that is wrong.
pub(crate) fn check(
    services: &[Placed<Service>],
    dictionary: &[Placed<Datatype>],
    law: &Law,
    cases: &[Case],
) -> Result<(), BundleError> {
    let mut problems = Vec::new();
    for Placed { file, item } in services {
        let mut say = |reason: String| problems.push(Problem::new(file, format!("`{}` {reason}", item.id)));
        texts(item, &mut say);
        params(item, &mut say);
        fields(item, dictionary, &mut say);
        action(item, law, &mut say);
        in_cases(item, cases, &mut say);
    }
    unique(services, &mut problems);
    for action in law.actions().filter(|action| !services.iter().any(|placed| placed.item.action == **action)) {
        problems.push(Problem::new(SCHEMA_FILE, format!("has action `{action}`, which no service uses")));
    }
    for Placed { file, item } in dictionary {
        let mut say = |reason: String| problems.push(Problem::new(file, format!("`{}` {reason}", item.id)));
        datatype(item, services, &mut say);
    }
    BundleError::unless_empty(problems)
}

fn texts(service: &Service, say: &mut impl FnMut(String)) {
    if service.title.is_empty() {
        say("has no title".to_owned());
    }
    if !has_urdu(&service.title_ur) {
        say("has no Urdu title".to_owned());
    }
    if !(1..=TIMEOUT_MS_MAX).contains(&service.timeout_ms) {
        say(format!("has timeout_ms = {}: 1 to {TIMEOUT_MS_MAX}", service.timeout_ms));
    }
    if service.purpose_required == service.purposes.is_empty() {
        say("lists purposes if and only if a purpose is required".to_owned());
    }
    if service.writes && service.idempotent {
        say("changes state, so a failed forward must not be tried again".to_owned());
    }
    // RFC 9110 §9.3: content of a GET or a DELETE means nothing.
    let takes_none = matches!(service.method.as_str(), "GET" | "DELETE");
    match service.body {
        BodyForm::Json | BodyForm::Form if takes_none => {
            say(format!("has a body, and its method is {}", service.method));
        }
        BodyForm::None if !takes_none && !service.params.iter().all(|param| stands_in_path(service, param)) => {
            say("has no body for parameters that do not stand in its path".to_owned());
        }
        BodyForm::None | BodyForm::Json | BodyForm::Form => {}
    }
}

fn stands_in_path(service: &Service, param: &Param) -> bool {
    service.path.contains(&format!("{{{}}}", param.name))
}

fn params(service: &Service, say: &mut impl FnMut(String)) {
    let mut names = BTreeSet::new();
    for param in &service.params {
        if param.about.is_empty() {
            say(format!("does not say what parameter `{}` is", param.name));
        }
        if !names.insert(param.name.as_str()) {
            say(format!("has parameter `{}` twice", param.name));
        }
        let personal = matches!(param.kind, ParamKind::Cnic | ParamKind::Mobile);
        if personal && stands_in_path(service, param) {
            say(format!("names a person in its path: `{}`", param.name));
        }
    }
    for segment in service.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let known = service.params.iter().any(|param| param.name == segment && param.required);
        if !known {
            say(format!("has no required parameter for the path's `{segment}`"));
        }
    }
    if let Some(subject) = &service.subject {
        // CIBA's hint is text; the door reads the number behind `cnic:`.
        let names_one = |p: &Param| p.required && (p.kind == ParamKind::Cnic || p.name == "login_hint");
        let is_cnic = |name: &str| service.params.iter().any(|p| p.name == name && names_one(p));
        if !subject.strip_prefix('/').is_some_and(is_cnic) {
            say(format!("has subject `{subject}`, which is not a required CNIC parameter"));
        }
    }
}

fn fields(service: &Service, dictionary: &[Placed<Datatype>], say: &mut impl FnMut(String)) {
    if service.fields.is_empty() {
        say("releases no field".to_owned());
    }
    for (pointer, datatype) in &service.fields {
        if !pointer.starts_with('/') || pointer.ends_with('/') {
            say(format!("has field `{pointer}`, which is not a JSON pointer to a leaf"));
        }
        match dictionary.iter().find(|placed| placed.item.id == *datatype) {
            None => say(format!("gives `{pointer}` the datatype `{datatype}`, which no dictionary has")),
            Some(found) if !may_stand(pointer, &found.item) => {
                say(format!("opens all of `{pointer}`, which only a public datatype about nobody may, and at the end"));
            }
            Some(_) => {}
        }
    }
    let others = service.answer_subjects.iter().chain(&service.answer_subject_check).chain(&service.rows);
    let others = others.chain(&service.streams).chain(&service.matched);
    for pointer in others.filter(|pointer| !pointer.starts_with('/')) {
        say(format!("has `{pointer}`, which is not a JSON pointer"));
    }
    if service.streams.is_some() && (service.rows.is_none() || service.bare || service.writes) {
        say("streams, but has no `rows`, is `bare` or writes".to_owned());
    }
    if service.streams.is_some() && !matches!(service.charge, ChargeUnit::Row | ChargeUnit::Free) {
        say("streams, but is charged by something else than rows".to_owned());
    }
    if service.matched.as_ref().is_some_and(|pointer| !service.fields.contains_key(pointer)) {
        say("is charged by a match that it never tells".to_owned());
    }
    if service.answer_subject_check.is_some() && service.subject.is_none() {
        say("checks whom the answer is about, but names no subject".to_owned());
    }
}

/// `**` opens whatever the upstream sends below: nothing of a person may leave that way.
fn may_stand(pointer: &str, datatype: &Datatype) -> bool {
    match pointer.split('/').position(|part| part == "**") {
        None => true,
        Some(_) if datatype.personal || datatype.class != Classification::Public => false,
        Some(place) => place + 1 == pointer.split('/').count(),
    }
}

/// The schema says who may ask an action, the catalogue who may call the service: they must agree.
fn action(service: &Service, law: &Law, say: &mut impl FnMut(String)) {
    let Some(action) = law.action(&service.action) else {
        return say(format!("has action `{}`, which the schema lacks", service.action));
    };
    let words = &law.words;
    let called_by = |kind| service.callers.contains(&kind);
    let wanted = [
        ("an agency's users", &words.user, called_by(CallerKind::Agency)),
        ("an agency's bare client", &words.client, called_by(CallerKind::Agency) && service.unattended),
        ("anyone", &words.anyone, called_by(CallerKind::Public)),
        ("a citizen", &words.citizen, called_by(CallerKind::Citizen)),
    ];
    for (who, kind, callable) in wanted {
        if action.slice(kind.name()).is_some() != callable {
            say(format!("and its action `{}` disagree about {who}", service.action));
        }
    }
    let personal = law.entities.is_ancestor_of(&words.action.uid("personal"), &action.uid);
    if personal != (service.consent != ConsentRule::None) {
        say(format!("needs a consent rule if and only if its action `{}` is personal", service.action));
    }
    let within = |group| law.entities.is_ancestor_of(&words.action.uid(group), &action.uid);
    if within("underAgreement") && (within("feeding"), within("using")) != (service.writes, !service.writes) {
        say(format!("needs an action that feeds if it writes and uses if it does not, unlike `{}`", service.action));
    }
}

fn in_cases(service: &Service, cases: &[Case], say: &mut impl FnMut(String)) {
    let mut own = cases.iter().filter(|case| case.service == service.id).peekable();
    if own.peek().is_none() {
        return say("has no case".to_owned());
    }
    let (permits, refusals): (Vec<_>, Vec<_>) = own.partition(|case| case.permits());
    if permits.is_empty() {
        say("has no case that permits anything".to_owned());
    }
    if refusals.is_empty() {
        say("has no case that refuses everything".to_owned());
    }
}

fn unique(services: &[Placed<Service>], problems: &mut Vec<Problem>) {
    let (mut ids, mut routes) = (BTreeSet::new(), BTreeMap::new());
    for Placed { file, item } in services {
        if !ids.insert(&item.id) {
            problems.push(Problem::new(file, format!("`{}` is listed twice", item.id)));
        }
        if let Some(other) = routes.insert((&item.method, &item.path), &item.id) {
            problems.push(Problem::new(file, format!("`{}` has the route of `{other}`", item.id)));
        }
    }
}

fn datatype(datatype: &Datatype, services: &[Placed<Service>], say: &mut impl FnMut(String)) {
    if !has_urdu(&datatype.title_ur) {
        say("has no Urdu title".to_owned());
    }
    let in_message = |title: &str| title.chars().count() <= TITLE_CHARS_MAX;
    if datatype.personal && !(in_message(&datatype.title) && in_message(&datatype.title_ur)) {
        say(format!("has a title of more than {TITLE_CHARS_MAX} characters"));
    }
    for (name, text) in [
        ("title", &datatype.title),
        ("controller", &datatype.controller),
        ("source", &datatype.source),
        ("since", &datatype.since),
        ("reason", &datatype.reason),
    ] {
        if text.is_empty() {
            say(format!("has no {name}"));
        }
    }
    if !SENSITIVITIES.contains(&datatype.sensitivity.as_str()) {
        say(format!("has sensitivity `{}`: one of {SENSITIVITIES:?}", datatype.sensitivity));
    }
    if !services.iter().any(|placed| placed.item.fields.values().any(|id| *id == datatype.id)) {
        say("stands in no service's fields".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bundle, source::Source};

    #[test]
    fn what_is_missing_is_named_with_its_file() {
        let check = |file: &str, from: &str, to: &str, expected: &str| {
            let source = Source::embedded();
            let text = source.file(file).unwrap();
            assert!(text.contains(from), "{file} has no `{from}` any more");
            let changed = text.replacen(from, to, 1);
            let error = Bundle::load(&source.with(file, &changed)).unwrap_err();
            let found = error.problems().iter().any(|p| p.file == file && p.reason.contains(expected));
            assert!(found, "wanted `{expected}`, got {error}");
        };
        let (identity, own, nser) = ("catalogue/identity.toml", "catalogue/own.toml", "catalogue/nser.toml");
        check(identity, "verifyYesNo", "verify", "which the schema lacks");
        check(identity, "کیا یہ کوائف اس شہری کے ہیں؟", "same in Urdu", "no Urdu title");
        check(identity, "consent = \"required\"", "consent = \"none\"", "consent rule");
        check(identity, "purpose_required = true", "purpose_required = false", "lists purposes");
        check(identity, "\"identity.match\"", "\"identity.guess\"", "which no dictionary has");
        check(identity, "subject = \"/cnic\"", "subject = \"/name\"", "not a required CNIC parameter");
        check(identity, "about = \"Card number of the citizen.\"", "about = \"\"", "does not say what");
        check(identity, "name = \"father_name\"", "name = \"name\"", "twice");
        check(identity, "/v1/identity/kyc", "/v1/identity/yes-no", "has the route of");
        check(identity, "id = \"identity.kyc\"", "id = \"identity.yes-no\"", "listed twice");
        check(identity, "timeout_ms = 2000", "timeout_ms = 90000", "1 to 30000");
        check(own, "name = \"sequence\"", "name = \"number\"", "no required parameter for the path's `sequence`");
        check(own, "unattended = true", "unattended = false", "disagree about an agency's bare client");
        check(own, "body = \"none\"", "body = \"json\"", "has a body, and its method is GET");
        check(own, "id = \"usage.month\"", "id = \"usage.week\"", "has no case");
        check(nser, "\"/household/pmt\"", "\"household/pmt\"", "not a JSON pointer");
        check("dictionary/nser.toml", "household number", "the number of the household", "more than 24 characters");
        check(nser, "\"/household/assets/*\"", "\"/household/assets/**\"", "opens all of `/household/assets/**`");
        check(identity, "\"/match\" = ", "\"/**\" = ", "opens all of `/**`");
        check(identity, "matched = \"/match\"", "matched = \"/found\"", "by a match that it never tells");
        let (by_row, by_call) = ("\"nser.export\"\ncharge = \"row\"", "\"nser.export\"\ncharge = \"call\"");
        check(nser, by_row, by_call, "charged by something else than rows");
        check("catalogue/open.toml", "\"/paths/**\"", "\"/**/paths\"", "opens all of `/**/paths`");
        check(nser, "\"/subjects/*\"", "\"subjects\"", "`subjects`, which is not a JSON pointer");
        check("catalogue/tax.toml", "subject = \"/cnic\"\nanswer", "answer", "names no subject");
        check("dictionary/nser.toml", "sensitivity = \"ordinary\"", "sensitivity = \"mild\"", "`mild`");
        check("catalogue/vital.toml", "writes = true", "writes = true\nidempotent = true", "must not be tried again");
    }

    #[test]
    fn a_datatype_that_nothing_releases_is_refused() {
        let source = Source::embedded();
        let text = source.file("dictionary/report.toml").unwrap();
        let twin = text.replace("report.statistics", "report.other").replace("# Datatypes", "# More datatypes");
        let error = Bundle::load(&source.with("dictionary/more.toml", &twin)).unwrap_err();
        assert!(error.to_string().contains("`report.other` stands in no service's fields"), "{error}");
    }
}

#[cfg(test)]
#[path = "complete_laws.rs"]
mod laws;

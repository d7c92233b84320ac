//! What changes from one bundle to another: datatypes, services, and what their cases are answered.

use std::fmt;

use exchange::{
    catalogue::{Catalogue, Datatype},
    decision::{Decider as _, Decision, Verdict},
    ids::PolicyId,
};

use crate::Bundle;

/// A datatype that is not as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct DatatypeChange {
    /// Its name.
    pub id: String,
    /// As it was.
    pub before: Option<Datatype>,
    /// As it is, with who classed it and why.
    pub after: Option<Datatype>,
}

impl DatatypeChange {
    /// Whether the class differs, or the datatype is new or gone.
    #[must_use]
    pub fn is_of_class(&self) -> bool {
        self.before.as_ref().map(|datatype| datatype.class) != self.after.as_ref().map(|datatype| datatype.class)
    }
}

/// One answer of a case that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerChange {
    /// The case.
    pub case: String,
    /// The datatype, or `obligations`.
    pub what: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

impl fmt::Display for AnswerChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {} -> {}", self.case, self.what, self.before, self.after)
    }
}

/// Datatypes that were added, removed or changed, by name.
#[must_use]
pub fn datatypes(before: &Bundle, after: &Bundle) -> Vec<DatatypeChange> {
    let (old, new) = (before.catalogue(), after.catalogue());
    let get = |catalogue: &Catalogue, id: &str| catalogue.datatype(id).map(|datatype| (**datatype).clone());
    let mut ids: Vec<String> = old.datatypes().chain(new.datatypes()).map(|datatype| datatype.id.to_string()).collect();
    ids.sort();
    ids.dedup();
    let change = |id: String| DatatypeChange { before: get(&old, &id), after: get(&new, &id), id };
    ids.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

/// Services that were added (`+`), removed (`-`) or changed (`~`), by name.
#[must_use]
pub fn services(before: &Bundle, after: &Bundle) -> Vec<(char, String)> {
    let (old, new) = (before.catalogue(), after.catalogue());
    let mut ids: Vec<_> = old.services().iter().chain(new.services()).map(|service| service.id.to_string()).collect();
    ids.sort();
    ids.dedup();
    let sign = |id: String| match (old.service(&id), new.service(&id)) {
        (None, _) => Some(('+', id)),
        (_, None) => Some(('-', id)),
        (Some(old), Some(new)) => (old != new).then_some(('~', id)),
    };
    ids.into_iter().filter_map(sign).collect()
}

/// What the cases of both bundles are answered differently. A case is asked in the world of the bundle that has it, by the
/// later one if both have it; one that a bundle cannot ask, because it lacks the service, is told so.
#[must_use]
pub fn answers(before: &Bundle, after: &Bundle) -> Vec<AnswerChange> {
    let mut changes = Vec::new();
    let has = |name: &str| after.cases().cases.iter().any(|case| case.name == name);
    let gone = before.cases().cases.iter().filter(|case| !has(&case.name)).map(|case| (before, case));
    for (home, case) in after.cases().cases.iter().map(|case| (after, case)).chain(gone) {
        let asked = |bundle: &Bundle| bundle.question_in(case, &home.cases().world).map(|q| bundle.decide(&q));
        changes.extend(differences(&case.name, &asked(before), &asked(after)));
    }
    changes
}

fn differences(case: &str, before: &Result<Decision, String>, after: &Result<Decision, String>) -> Vec<AnswerChange> {
    let change = |what: &str, before: String, after: String| AnswerChange {
        case: case.to_owned(),
        what: what.to_owned(),
        before,
        after,
    };
    match (before, after) {
        (Ok(before), Ok(after)) => {
            decisions(before, after).into_iter().map(|(what, was, is)| change(&what, was, is)).collect()
        }
        (Err(_), Err(_)) => Vec::new(),
        (Ok(_), Err(why)) => vec![change("question", "asked".to_owned(), why.clone())],
        (Err(why), Ok(_)) => vec![change("question", why.clone(), "asked".to_owned())],
    }
}

/// In what two decisions differ: datatype (or `obligations`), as it was, as it is. Other policies that come to the same
/// answer are no difference.
#[must_use]
pub fn decisions(before: &Decision, after: &Decision) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let of = |decision: &Decision, id: &str| decision.verdicts.iter().find(|v| v.datatype.as_str() == id).cloned();
    let mut ids: Vec<&str> = before.verdicts.iter().chain(&after.verdicts).map(|v| v.datatype.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let (was, is) = (of(before, id), of(after, id));
        let answer = |verdict: &Option<Verdict>| verdict.as_ref().map(|v| (v.allowed, v.code));
        if answer(&was) != answer(&is) {
            found.push((id.to_owned(), say(was.as_ref()), say(is.as_ref())));
        }
    }
    if before.obligations != after.obligations {
        let duties = |decision: &Decision| format!("{:?}", decision.obligations);
        found.push(("obligations".to_owned(), duties(before), duties(after)));
    }
    found
}

/// A verdict in the words of a case.
#[must_use]
pub fn say(verdict: Option<&Verdict>) -> String {
    let Some(verdict) = verdict else { return "not asked for".to_owned() };
    let policies = verdict.policies.iter().map(PolicyId::as_str).collect::<Vec<_>>().join(" ");
    match verdict.code {
        None => format!("permitted by {policies}"),
        Some(code) if policies.is_empty() => format!("refused, {code}"),
        Some(code) => format!("refused, {code}: {policies}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn with(path: &str, from: &str, to: &str) -> Bundle {
        let text = Source::embedded().file(path).unwrap().to_owned();
        assert!(text.contains(from), "{path} has no {from}");
        Bundle::load(&Source::embedded().with(path, &text.replacen(from, to, 1)))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_law_compared_with_itself_has_no_difference() {
        let (a, b) = (Bundle::embedded().unwrap(), Bundle::embedded().unwrap());
        assert_eq!((datatypes(&a, &b), services(&a, &b), answers(&a, &b)), (vec![], vec![], vec![]));
    }

    #[test]
    fn a_class_a_service_and_an_answer_that_changed_are_told() {
        let before = Bundle::embedded().unwrap();
        let after = with("dictionary/nser.toml", "class = \"Secret\"", "class = \"Confidential\"");
        let changes = datatypes(&before, &after);
        let [change] = changes.as_slice() else { panic!("{changes:?}") };
        assert!(change.is_of_class() && !change.after.as_ref().unwrap().reason.is_empty());
        assert_eq!(
            services(&before, &with("catalogue/own.toml", "title = \"", "title = \"My ")).first().unwrap().0,
            '~'
        );
        let after = with("guardrails/G05-network.cedar", "forbid (", "@was(\"x\")\nforbid (");
        assert!(answers(&before, &after).is_empty(), "an annotation changes no answer");
        let header = "domains/nser/N02-household-standard.cedar";
        let text = Source::embedded()
            .file(header)
            .unwrap()
            .replace("permit (", "forbid (")
            .replace("@obligation", "@reason(\"policy_denied\")\n@was");
        let after = Bundle::load(&Source::embedded().with(header, &text)).unwrap();
        let told: Vec<_> = answers(&before, &after).iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|line| line.contains("permitted by N02-household-standard -> refused, policy_denied")),
            "{told:#?}"
        );
    }
}

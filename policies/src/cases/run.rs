//! Runs cases against the law and says where it differs from what they promise.

use std::fmt;

use exchange::{
    decision::{Decider, Decision, Obligation, Question, Verdict},
    directory::Directory,
    ids::PolicyId,
};

use super::{Case, ask};
use crate::Bundle;

/// One point in which the law differs from a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The case's name.
    pub case: String,
    /// What was promised and what came of it.
    pub reason: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.case, self.reason)
    }
}

impl Bundle {
    /// Runs every case of the bundle; nothing comes back if the law keeps what they promise.
    #[must_use]
    pub fn run_cases(&self) -> Vec<Difference> {
        self.cases().cases.iter().flat_map(|case| self.run_case(case)).collect()
    }

    /// The question that a case asks in the bundle's world.
    ///
    /// # Errors
    /// Names what the world or the catalogue lacks.
    pub fn question(&self, case: &Case) -> Result<Question, String> {
        self.question_in(case, &self.cases().world)
    }

    /// The question that a case asks in a world of the caller's.
    ///
    /// # Errors
    /// As [`Self::question`].
    pub fn question_in(&self, case: &Case, world: &Directory) -> Result<Question, String> {
        ask::question(case, &self.catalogue(), world)
    }

    /// Runs one case in the bundle's world.
    #[must_use]
    pub fn run_case(&self, case: &Case) -> Vec<Difference> {
        let reasons = match self.question(case) {
            Ok(question) => compare(case, &self.decide(&question)),
            Err(reason) => vec![reason],
        };
        reasons.into_iter().map(|reason| Difference { case: case.name.clone(), reason }).collect()
    }
}

fn compare(case: &Case, decision: &Decision) -> Vec<String> {
    let mut reasons: Vec<_> = decision.verdicts.iter().filter_map(|verdict| differs(case, verdict)).collect();
    if decision.errored {
        reasons.push("a policy erred".to_owned());
    }
    for name in case.permitted.keys().chain(case.refused.keys()).filter(|name| *name != "*") {
        if !decision.verdicts.iter().any(|verdict| verdict.datatype.as_str() == name) {
            reasons.push(format!("`{name}` was not asked for"));
        }
    }
    if let Some(promised) = &case.obligations {
        let promised: Option<Vec<_>> = promised.iter().map(|word| Obligation::parse(word)).collect();
        if promised.as_ref() != Some(&decision.obligations) {
            reasons.push(format!("obligations are {:?}", decision.obligations));
        }
    }
    if let Some(promised) = &case.answer {
        let answer =
            decision.answer(case.fields.is_some()).map_or_else(|code| code.to_string(), |_| "released".to_owned());
        if *promised != answer {
            reasons.push(format!("the answer is {answer}; the case says {promised}"));
        }
    }
    reasons
}

fn differs(case: &Case, verdict: &Verdict) -> Option<String> {
    let name = verdict.datatype.as_str();
    let named = |promises: &std::collections::BTreeMap<String, String>, key| promises.get(key).cloned();
    let promised = named(&case.permitted, name)
        .map(|by| format!("permitted by {by}"))
        .or_else(|| named(&case.refused, name).map(|why| format!("refused, {why}")))
        .or_else(|| named(&case.permitted, "*").map(|by| format!("permitted by {by}")))
        .or_else(|| named(&case.refused, "*").map(|why| format!("refused, {why}")));
    let (brief, full) = (say(verdict, false), say(verdict, true));
    match promised {
        Some(promised) if promised == full || promised == brief => None,
        Some(promised) => Some(format!("`{name}` is {full}; the case says {promised}")),
        None => Some(format!("`{name}` is {full}; the case says nothing of it")),
    }
}

/// A verdict in the words of a case; a refusal with or without the policies behind it.
fn say(verdict: &Verdict, full: bool) -> String {
    let policies = verdict.policies.iter().map(PolicyId::as_str).collect::<Vec<_>>().join(" ");
    match verdict.code {
        None => format!("permitted by {policies}"),
        Some(code) if full && !policies.is_empty() => format!("refused, {code}: {policies}"),
        Some(code) => format!("refused, {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_keeps_what_its_cases_promise() {
        let bundle = Bundle::embedded().unwrap();
        let differences: Vec<_> = bundle.run_cases().iter().map(ToString::to_string).collect();
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    #[test]
    fn a_broken_promise_is_told() {
        let bundle = Bundle::embedded().unwrap();
        let kept = bundle
            .cases()
            .cases
            .iter()
            .find(|case| case.permits() && case.service.as_str() == "identity.yes-no")
            .unwrap();
        let check = |change: &dyn Fn(&mut Case), expected: &str| {
            let mut case = kept.clone();
            change(&mut case);
            let differences = bundle.run_case(&case);
            assert!(differences.iter().any(|d| d.reason.contains(expected)), "wanted {expected}: {differences:?}");
        };
        check(&|case| case.permitted.clear(), "the case says nothing of it");
        check(&|case| drop(case.permitted.insert("identity.match".into(), "X".into())), "the case says permitted by X");
        check(&|case| drop(case.refused.insert("x.y".into(), "policy_denied".into())), "`x.y` was not asked for");
        check(&|case| case.obligations = Some(vec!["notice".into()]), "obligations are");
        check(&|case| case.answer = Some("fields_not_permitted".into()), "the answer is released");
        check(&|case| case.agency = Some("bank-of-nowhere".into()), "has no agency `bank-of-nowhere`");
        check(&|case| case.consent = None, "consent_required");
    }
}

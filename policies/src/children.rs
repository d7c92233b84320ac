//! From which age which part of a child's body is enrolled: dated sets of rules (`rules/child-biometrics.toml`), one in force.

use std::collections::BTreeSet;

use exchange::{
    day::Day,
    decision::Question,
    enrolment::{AGE_YEARS_MAX, Modality},
};
use serde::Deserialize;

use crate::{
    error::{BundleError, Problem},
    parse,
    source::Source,
};

const FILE: &str = "rules/child-biometrics.toml";

/// Years before which no set may take a finger or an iris: guardrail G34 forbids it whatever a set says.
const FINGER_AND_IRIS_FROM: u16 = 6;

/// First ages of one set, in years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ages {
    pub(crate) face: u16,
    pub(crate) fingerprint: u16,
    pub(crate) iris: u16,
}

/// An enrolment as the policies see it: an age, not a day of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Enrolled {
    pub(crate) modality: Modality,
    /// Whole years on the day of the decision in Pakistan.
    pub(crate) age: u16,
    /// Of the set in force on that day.
    pub(crate) from: Ages,
    /// Whether there is a sample.
    pub(crate) sample: bool,
    /// Whether something is said to be missing.
    pub(crate) missing: bool,
    /// Whether another user of the agency stands by, who may act.
    pub(crate) supervised: bool,
}

/// The sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children {
    /// By their first days.
    sets: Vec<(Day, Ages)>,
    /// The set that the header of the bundle puts in force on all days.
    named: Option<Ages>,
}

impl Children {
    /// Reads the sets; `named` is the one that the header names.
    pub(crate) fn read(source: &Source, named: Option<&str>) -> Result<Self, BundleError> {
        let text = source.file(FILE).ok_or_else(|| Problem::new(FILE, "is missing"))?;
        let File { set: sets } = parse::read(FILE, text)?;
        BundleError::unless_empty(check(&sets))?;
        let found = named.map(|name| {
            let set = sets.iter().find(|set| set.id == name);
            set.map(Set::ages).ok_or_else(|| {
                Problem::new("bundle.toml", format!("puts `{name}` of {FILE} in force, which has no such set"))
            })
        });
        let named = found.transpose()?;
        Ok(Self { named, sets: sets.iter().map(|set| (set.since, set.ages())).collect() })
    }

    /// What the policies see of a question's enrolment. `None` if it has none, if no set is in force, or if the age cannot be
    /// known: then nothing is enrolled (G34).
    pub(crate) fn enrolled(&self, question: &Question) -> Option<Enrolled> {
        let facts = question.enrolment.as_ref()?;
        let today = Day::of(question.now)?;
        let age = facts.born.age_on(today);
        if facts.born > today || age > AGE_YEARS_MAX {
            return None;
        }
        let (agency, user) = (question.caller.agency(), question.caller.user());
        let supervised = facts.supervisor.as_ref().is_some_and(|supervisor| {
            let colleague = agency.is_some_and(|agency| agency.id == supervisor.agency);
            colleague && !supervisor.disabled && user.is_some_and(|user| user.id != supervisor.id)
        });
        Some(Enrolled {
            modality: facts.modality,
            age,
            from: self.on(today)?,
            sample: facts.sample,
            missing: facts.missing.is_some(),
            supervised,
        })
    }

    fn on(&self, day: Day) -> Option<Ages> {
        let begun = self.sets.iter().filter(|(since, _)| *since <= day);
        self.named.or_else(|| begun.max_by_key(|(since, _)| *since).map(|(_, ages)| *ages))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    set: Vec<Set>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    id: String,
    since: Day,
    source: String,
    face_from: u16,
    fingerprint_from: u16,
    iris_from: u16,
}

impl Set {
    fn ages(&self) -> Ages {
        Ages { face: self.face_from, fingerprint: self.fingerprint_from, iris: self.iris_from }
    }
}

fn check(sets: &[Set]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (mut ids, mut days) = (BTreeSet::new(), BTreeSet::new());
    for set in sets {
        let mut say = |reason: &str| problems.push(Problem::new(FILE, format!("`{}` {reason}", set.id)));
        if set.source.is_empty() {
            say("needs a source");
        }
        if !ids.insert(&set.id) {
            say("is listed twice");
        }
        if !days.insert(set.since) {
            say("begins on the day of another");
        }
        if set.fingerprint_from.min(set.iris_from) < FINGER_AND_IRIS_FROM {
            say("takes a finger or an iris before the age of guardrail G34");
        }
        if set.face_from.max(set.fingerprint_from).max(set.iris_from) > AGE_YEARS_MAX {
            say("waits for an age that nobody has");
        }
    }
    if sets.is_empty() {
        problems.push(Problem::new(FILE, "has no set"));
    }
    problems
}

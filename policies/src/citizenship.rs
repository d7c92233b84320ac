//! By what a person is a citizen, found by dated rules (`rules/citizenship.toml`): for the registrar and for services that
//! come later. No policy reads it: citizenship is a finding about a person, not a permission.

use std::collections::BTreeSet;

use exchange::day::Day;
use serde::Deserialize;

use crate::{error::Problem, parse, source::Source};

const FILE: &str = "rules/citizenship.toml";

/// By what a person is a citizen (S0 Annex A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Born in Pakistan, or abroad to a father who was a citizen.
    Birth,
    /// Father or mother was a citizen at the birth, wherever that was.
    Descent,
    /// Came from India in time and stayed, or from elsewhere with a certificate of citizenship.
    Migration,
    /// By certificate of naturalisation.
    Naturalisation,
    /// None of these: not refused, a case for the registrar (R026).
    NotDetermined,
}

/// Where somebody was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In Pakistan.
    Pakistan,
    /// Anywhere else.
    Abroad,
}

/// What a parent was when the child was born.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parent {
    /// A citizen of Pakistan.
    Citizen,
    /// No citizen of Pakistan.
    Foreign,
    /// A foreign diplomat.
    Diplomat,
    /// Not known, or without papers.
    #[default]
    Unknown,
}

/// Origin where somebody migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// India.
    India,
    /// Any other country.
    Elsewhere,
}

/// A migration to Pakistan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Origin where.
    pub from: Origin,
    /// The day of it.
    pub on: Day,
    /// Whether the person has permanently resided in Pakistan since.
    pub resides: bool,
    /// Number of the certificate of citizenship, where there is one.
    #[serde(default)]
    pub certificate: Option<String>,
}

/// What is known of a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Place of birth.
    pub place: Place,
    /// Day of birth.
    pub born: Day,
    /// The father.
    #[serde(default)]
    pub father: Parent,
    /// The mother.
    #[serde(default)]
    pub mother: Parent,
    /// Migration, if any.
    #[serde(default)]
    pub migration: Option<Migration>,
    /// Number of the certificate of naturalisation, where there is one.
    #[serde(default)]
    pub naturalised: Option<String>,
}

/// What was found, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The basis.
    pub basis: Basis,
    /// The section that gives it.
    pub section: &'static str,
    /// The version of the rules that found it.
    pub version: &'a str,
}

/// What becomes of a second nationality (R030).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// It is kept.
    Kept,
    /// The registrar opens a case.
    Case,
}

/// The rules at one time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Its name.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Its first day; a draft has none.
    #[serde(default)]
    pub since: Option<Day>,
    /// Where it is written.
    pub source: String,
    born_from: Day,
    section_4: bool,
    #[serde(default)]
    mother_from: Option<Day>,
    migrated_before: Day,
}

/// All versions, and the second nationalities that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    versions: Vec<Version>,
    kept: BTreeSet<String>,
}

impl Rules {
    /// The version in force on a day; `None` before the first.
    #[must_use]
    pub fn as_of(&self, day: Day) -> Option<&Version> {
        let in_force = self.versions.iter().filter(|version| version.since.is_some_and(|since| since <= day));
        in_force.max_by_key(|version| version.since)
    }

    /// What becomes of a second nationality, by its ISO 3166 code.
    #[must_use]
    pub fn second_nationality(&self, country: &str) -> Second {
        if self.kept.contains(country) { Second::Kept } else { Second::Case }
    }
}

impl Version {
    /// The first basis of S0 Annex A, in its order, that the facts give.
    #[must_use]
    pub fn find(&self, facts: &Facts) -> Finding<'_> {
        let since_partition = facts.born >= self.born_from;
        let by_father = since_partition && facts.father == Parent::Citizen;
        let by_mother = facts.mother == Parent::Citizen && self.mother_from.is_some_and(|first| facts.born >= first);
        let here = facts.place == Place::Pakistan && facts.father != Parent::Diplomat;
        let (basis, section) = if self.section_4 && since_partition && here {
            (Basis::Birth, "S0 Annex A 1 first rule; Act 1951 section 4")
        } else if facts.place == Place::Abroad && by_father {
            (Basis::Birth, "S0 Annex A 1 second rule; Act 1951 section 5")
        } else if by_father || (since_partition && by_mother) {
            (Basis::Descent, "S0 Annex A 2; Act 1951 section 5")
        } else if facts.migration.as_ref().is_some_and(|migration| self.migrated(migration)) {
            (Basis::Migration, "S0 Annex A 3")
        } else if named(facts.naturalised.as_deref()) {
            (Basis::Naturalisation, "S0 Annex A 4")
        } else {
            (Basis::NotDetermined, "S0 2.1.1")
        };
        Finding { basis, section, version: &self.id }
    }

    fn migrated(&self, migration: &Migration) -> bool {
        match migration.from {
            Origin::India => migration.on < self.migrated_before && migration.resides,
            Origin::Elsewhere => named(migration.certificate.as_deref()),
        }
    }
}

/// Whether a certificate is named by its number.
fn named(number: Option<&str>) -> bool {
    number.is_some_and(|number| number.bytes().any(|byte| byte.is_ascii_alphanumeric()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Vec<Version>,
    second_nationality: SecondNationality,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondNationality {
    kept: BTreeSet<String>,
}

/// Reads the rules; the error lists everything that is wrong with them.
pub(crate) fn read(source: &Source) -> Result<Rules, Vec<Problem>> {
    let text = source.file(FILE).ok_or_else(|| vec![Problem::new(FILE, "is missing")])?;
    let File { version: versions, second_nationality } = parse::read(FILE, text).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut say = |reason: String| problems.push(Problem::new(FILE, reason));
    let (mut ids, mut days) = (BTreeSet::new(), BTreeSet::new());
    for version in &versions {
        if version.title.is_empty() || version.source.is_empty() {
            say(format!("`{}` needs a title and a source", version.id));
        }
        if !ids.insert(&version.id) {
            say(format!("`{}` is listed twice", version.id));
        }
        if version.since.is_some_and(|since| !days.insert(since)) {
            say(format!("`{}` begins on the day of another", version.id));
        }
    }
    if days.is_empty() {
        say("has no version in force: one needs `since`".to_owned());
    }
    let is_code = |code: &&String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some(wrong) = second_nationality.kept.iter().find(|code| !is_code(code)) {
        say(format!("`{wrong}` is not a country's code of two capitals"));
    }
    if problems.is_empty() { Ok(Rules { versions, kept: second_nationality.kept }) } else { Err(problems) }
}

#[cfg(test)]
#[path = "citizenship_tests.rs"]
mod tests;

//! The theorems, read from `policies/theorems` and held to the schema.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use cedar_policy::{PolicySet, ValidationMode, Validator};
use policies::error::Problem;
use serde::Deserialize;

use crate::{
    error::ProveError,
    law::{Law, Premise},
};

/// The list of theorems within their folder.
const LIST: &str = "theorems.toml";

/// What is to be proved of each environment.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Whatever the premise permits, these policies permit.
    Implies(Box<PolicySet>),
    /// No policy can fail to be evaluated.
    NeverErrs,
    /// Every policy speaks to some request, every permit permits something.
    NoneDead,
    /// Each kind of caller can get something by each action that is open to it.
    NeverAlwaysDenied,
    /// No action is allowed whatever is asked.
    NeverAlwaysAllowed,
    /// Permits that meet oblige to the same.
    DutiesAgree,
    /// Nothing is permitted that the law last released beside this folder refused, but for what a waiver quotes.
    NotWider(PathBuf),
}

/// One theorem.
#[derive(Clone, Debug)]
pub struct Theorem {
    /// Its name, which is its file's.
    pub id: String,
    /// What it says, in plain words.
    pub title: String,
    /// What it says, for the solver.
    pub claim: Claim,
    /// What it follows from; each is proved by itself.
    pub from: Vec<Premise>,
    /// Actions or groups that it speaks of; empty: all.
    pub actions: Vec<String>,
    /// What it takes for granted of the code before the policies.
    pub assumes: Vec<String>,
}

/// All theorems, in the order of their list.
#[derive(Clone, Debug)]
pub struct Theorems(pub Vec<Theorem>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    theorem: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    title: String,
    kind: Kind,
    #[serde(default)]
    from: Vec<Premise>,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    assumes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Implies,
    NeverErrs,
    NoneDead,
    NeverAlwaysDenied,
    NeverAlwaysAllowed,
    DutiesAgree,
    NotWider,
}

impl Theorems {
    /// Reads the folder.
    ///
    /// # Errors
    /// Names the file and what is wrong: a theorem without text, a text that is not listed, an action that the schema lacks,
    /// policies that break the schema.
    pub fn read(folder: &Path, law: &Law) -> Result<Self, ProveError> {
        let text = read(&folder.join(LIST))?;
        let list: List = toml::from_str(&text).map_err(|error| Problem::new(LIST, error.to_string()))?;
        let theorems = list.theorem.into_iter().map(|written| theorem(written, folder, law));
        let theorems = Self(theorems.collect::<Result<_, _>>()?);
        theorems.listed_once(folder)?;
        Ok(theorems)
    }

    /// Those whose names begin with one of `only`; all when it is empty.
    ///
    /// # Errors
    /// Names the first of `only` that no theorem's name begins with.
    pub fn only(mut self, only: &[String]) -> Result<Self, ProveError> {
        if let Some(unknown) = only.iter().find(|start| !self.0.iter().any(|it| it.id.starts_with(start.as_str()))) {
            let known: Vec<_> = self.0.iter().map(|theorem| theorem.id.as_str()).collect();
            let reason = format!("has no theorem `{unknown}`; there are {}", known.join(", "));
            return Err(Problem::new(LIST, reason).into());
        }
        self.0.retain(|theorem| only.is_empty() || only.iter().any(|start| theorem.id.starts_with(start.as_str())));
        Ok(self)
    }

    /// Every name once in the list, every text of the folder in it.
    fn listed_once(&self, folder: &Path) -> Result<(), Problem> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.0.iter().find(|theorem| !names.insert(theorem.id.as_str())) {
            return Err(Problem::new(LIST, format!("lists `{}` twice", twice.id)));
        }
        let entries = fs::read_dir(folder).map_err(|error| Problem::new(LIST, error.to_string()))?;
        let mut texts = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        match texts.find(|file| file.strip_suffix(".cedar").is_some_and(|name| !names.contains(name))) {
            Some(unlisted) => Err(Problem::new(unlisted, format!("is not listed in {LIST}"))),
            None => Ok(()),
        }
    }
}

fn read(path: &PathBuf) -> Result<String, Problem> {
    fs::read_to_string(path)
        .map_err(|error| Problem::new(path.display().to_string(), format!("cannot be read: {error}")))
}

fn theorem(written: Written, folder: &Path, law: &Law) -> Result<Theorem, Problem> {
    let Written { id, title, kind, from, actions, assumes } = written;
    if let Some(unknown) = actions.iter().find(|&name| law.envs(std::slice::from_ref(name)).is_empty()) {
        return Err(Problem::new(LIST, format!("`{id}` speaks of `{unknown}`, which is no action of the schema")));
    }
    if (kind == Kind::Implies) == from.is_empty() {
        return Err(Problem::new(LIST, format!("`{id}` has `from` if and only if its kind is `implies`")));
    }
    let claim = match kind {
        Kind::Implies => Claim::Implies(Box::new(conclusion(&id, folder, law)?)),
        Kind::NeverErrs => Claim::NeverErrs,
        Kind::NoneDead => Claim::NoneDead,
        Kind::NeverAlwaysDenied => Claim::NeverAlwaysDenied,
        Kind::NeverAlwaysAllowed => Claim::NeverAlwaysAllowed,
        Kind::DutiesAgree => Claim::DutiesAgree,
        Kind::NotWider => Claim::NotWider(folder.join("..")),
    };
    let from = if from.is_empty() { vec![Premise::Law] } else { from };
    Ok(Theorem { id, title, claim, from, actions, assumes })
}

fn conclusion(id: &str, folder: &Path, law: &Law) -> Result<PolicySet, Problem> {
    let file = format!("{id}.cedar");
    let set: PolicySet = read(&folder.join(&file))?.parse().map_err(|error| Problem::new(&file, format!("{error}")))?;
    let result = Validator::new(law.schema().clone()).validate(&set, ValidationMode::Strict);
    match result.validation_errors().next() {
        Some(error) => Err(Problem::new(file, error.to_string())),
        None => Ok(set),
    }
}

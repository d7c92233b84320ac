//! `ijazat agency apply | propose | approve | refuse | list | show | conform`: how one comes to be served, from the console of
//! the host. The same store judges what the services of the same names judge; the account of the host is the person.

mod conform;
mod form;
mod report;

use std::{fs, io::Write, path::PathBuf, sync::Arc};

use adapters::sql::control::{Newcomers, OnboardingError};
use clap::Args;
use exchange::{
    catalogue::Catalogue,
    decision::Decider as _,
    onboarding::{Application, Change, Rules, case::Stuck},
    ports::directory_source::DirectorySource as _,
};
use serde::de::DeserializeOwned;

pub use self::conform::Conform;
use super::{control, failure::Failure, operator::operator, policy, runtime::block_on};
use crate::config::Config;

/// Hands in a data request form, or prints one to fill in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat agency apply --template
  ijazat agency apply form.toml
  ijazat agency apply form.toml --application app-7

The form says what is missing in English and in Urdu. The clock of S3 8.5 runs from the first time it is handed in.")]
pub struct Apply {
    /// The form (TOML or JSON)
    #[arg(value_name = "FILE", required_unless_present = "template", conflicts_with = "template")]
    file: Option<PathBuf>,
    /// Print a form to fill in
    #[arg(long)]
    template: bool,
    /// The application that this form takes the place of
    #[arg(long, value_name = "ID", conflicts_with = "template")]
    application: Option<String>,
}

/// Proposes a change of the directory; another person approves it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat agency propose agreement.toml

`kind` is agency, key, user, agreement, approval, programme, category, report,
purpose, rate-book, gratis, terms, quota or decision;
`[entry]` is the whole entry as the directory shall have it. A class is changed by a bundle of
the law, not here.")]
pub struct Propose {
    /// The change (TOML or JSON)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Which proposal.
#[derive(Debug, Args)]
pub struct Decide {
    /// The proposal
    #[arg(value_name = "ID")]
    proposal: String,
}

/// Which application or proposal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat agency show app-7

An application with all that it must bring, or a proposal with the whole entry.")]
pub struct Show {
    /// The application or proposal
    #[arg(value_name = "ID")]
    id: String,
}

/// The law of this installation, as far as it is about newcomers.
struct Law {
    catalogue: Arc<Catalogue>,
    rules: Arc<Rules>,
}

impl Law {
    fn of(config: &Config) -> Result<Self, Failure> {
        let decider = policy::bundle_in_force(config)?;
        let rules = decider.newcomers().ok_or_else(|| Failure::Failed("the law says nothing of newcomers".into()))?;
        Ok(Self { catalogue: decider.catalogue(), rules })
    }

    fn newcomers(&self) -> Newcomers<'_> {
        Newcomers { catalogue: &self.catalogue, rules: &self.rules }
    }
}

impl Apply {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a form that cannot be read, [`Failure::Failed`] when the store does not take it.
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let law = Law::of(config)?;
        let Some(file) = &self.file else {
            write!(out, "{}", form::template(&law.rules))?;
            return Ok(());
        };
        let form: Application = read(file)?;
        let told = block_on(async {
            let store = control::open(config).await?;
            let case = store.hand_in(form, self.application.as_deref(), &operator()).await.map_err(failed)?;
            let (_, directory) = store.read().await.map_err(|error| Failure::Failed(error.to_string()))?;
            Ok(report::application(&case, &law.catalogue, &law.rules, &directory, report::now()))
        })?;
        write!(out, "{told}")?;
        Ok(())
    }
}

impl Propose {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a change that cannot be read, [`Failure::Failed`] naming the rule that it breaks.
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let (law, change): (_, Change) = (Law::of(config)?, read(&self.file)?);
        let proposal = block_on(async {
            let store = control::open(config).await?;
            store.propose(change, &operator(), law.newcomers()).await.map_err(failed)
        })?;
        writeln!(out, "{} waits for another person: ijazat agency approve {0}", proposal.id)?;
        Ok(())
    }
}

impl Decide {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] for the proposer's own account, and for what became unsound meanwhile.
    pub(super) fn run(&self, approve: bool, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let law = Law::of(config)?;
        let decided = block_on(async {
            let store = control::open(config).await?;
            store.decide(&self.proposal, approve, &operator(), law.newcomers()).await.map_err(failed)
        })?;
        let (kind, agency) = (decided.proposal.change.kind(), decided.proposal.agency.unwrap_or_default());
        let word = if decided.approved { "approved" } else { "refused" };
        writeln!(out, "{kind} {agency} {word}; directory generation {}", decided.generation)?;
        Ok(())
    }
}

impl Show {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] where there is neither.
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let law = Law::of(config)?;
        let told = block_on(async {
            let store = control::open(config).await?;
            let unreadable = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
            if let Some(case) = store.case(&self.id).await.map_err(|error| unreadable(&error))? {
                let (_, directory) = store.read().await.map_err(|error| unreadable(&error))?;
                return Ok(report::application(&case, &law.catalogue, &law.rules, &directory, report::now()));
            }
            let open = store.proposals().await.map_err(|error| unreadable(&error))?;
            let found = open.iter().find(|proposal| proposal.id == self.id).map(report::proposal);
            found.ok_or_else(|| Failure::Failed(format!("{}: no application and no open proposal", self.id)))
        })?;
        write!(out, "{told}")?;
        Ok(())
    }
}

/// Lists applications with their clocks, and proposals that wait.
///
/// # Errors
/// [`Failure::Failed`] when the store cannot be read.
pub(super) fn list(config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
    let law = Law::of(config)?;
    let told = block_on(async {
        let store = control::open(config).await?;
        let unreadable = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
        let cases = store.cases().await.map_err(|error| unreadable(&error))?;
        let open = store.proposals().await.map_err(|error| unreadable(&error))?;
        Ok(report::list(&cases, &open, &law.rules, report::now()))
    })?;
    write!(out, "{told}")?;
    Ok(())
}

/// Reads TOML, or JSON where the name ends so.
fn read<T: DeserializeOwned>(path: &std::path::Path) -> Result<T, Failure> {
    let told = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| told(&error))?;
    if path.extension().is_some_and(|end| end == "json") {
        return serde_json::from_str(&text).map_err(|error| told(&error));
    }
    toml::from_str(&text).map_err(|error| told(&error))
}

fn failed(error: OnboardingError) -> Failure {
    Failure::Failed(match error {
        OnboardingError::Stuck(Stuck::Lacks(items)) => {
            let lines = items.iter().map(|item| format!("\n  {}: {}\n    {}", item.id, item.title, item.title_ur));
            format!("the application lacks:{}", lines.collect::<String>())
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests;

//! `ijazat doctor`: what is wrong with this installation, and what to do about it.

mod certificates;
mod host;
mod stores;

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::{failure::Failure, options::Place};

/// Looks at ports, disk, permissions, clock, certificates, databases and the access log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat doctor
  ijazat doctor --config /etc/ijazat/ijazat.toml --json

Nothing is changed. Each line says ok, warn or fail, what was found, and what to do. Exit code 1 when anything fails.")]
pub struct Doctor {
    #[command(flatten)]
    place: Place,
    /// Print {"ok":bool,"checks":[{"name","state","found","todo"}]} instead of lines
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Works now, but look at it.
    Warn,
    /// Does not work.
    Fail,
}

/// One check, done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    name: String,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

impl Check {
    pub(super) fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Ok, found: found.into(), todo: None }
    }

    pub(super) fn warn(name: impl Into<String>, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Warn, found: found.into(), todo: Some(todo.into()) }
    }

    pub(super) fn fail(name: impl Into<String>, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Fail, found: found.into(), todo: Some(todo.into()) }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    checks: &'a [Check],
}

impl Doctor {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Config`] when there is no plan to look at; [`Failure::Failed`] when a check fails.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let mut checks = host::checks(&config);
        checks.extend(certificates::checks(&config));
        checks.extend(stores::checks(&config)?);
        let failed = checks.iter().filter(|check| check.state == State::Fail).count();
        if self.json {
            let report = Report { ok: failed == 0, checks: &checks };
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::Failed(error.to_string()))?;
            writeln!(out, "{text}")?;
        } else {
            for check in &checks {
                print(check, out)?;
            }
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Failed(format!("{failed} of {} checks failed", checks.len()))) }
    }
}

fn print(check: &Check, out: &mut dyn Write) -> std::io::Result<()> {
    let state = match check.state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "FAIL",
    };
    writeln!(out, "{state:<5} {:<22} {}", check.name, check.found)?;
    match &check.todo {
        Some(todo) => writeln!(out, "{:<28} → {todo}", ""),
        None => Ok(()),
    }
}

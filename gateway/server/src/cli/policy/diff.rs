//! `ijazat policy diff`: what one law changes of another, in its text and in its answers.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use policies::compare;
use similar::TextDiff;

use super::{super::failure::Failure, read};
use crate::config::Config;

/// Lines around a changed one.
const CONTEXT_LINES: usize = 2;

/// Tell what a law changes of another: files, policies, datatypes, services, and the answers of its cases
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy diff law                      what it changes of the law in force here
  ijazat policy diff law-2.bundle law

Texts are compared line by line (-, +). Exit code 0 whether or not there are differences.")]
pub(super) struct Diff {
    /// The earlier law; with one law named, the earlier is the one in force here
    #[arg(value_name = "OLD")]
    first: PathBuf,
    /// The later law
    #[arg(value_name = "NEW")]
    second: Option<PathBuf>,
}

impl Diff {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let (old, new) = match &self.second {
            Some(second) => (read::law(&self.first)?, read::law(second)?),
            None => (read::in_force(config)?, read::law(&self.first)?),
        };
        let (before, after) = (old.bundle()?, new.bundle()?);
        let (was, is) = (old.manifest()?, new.manifest()?);
        writeln!(out, "{} (generation {}) -> {} (generation {})", old.name, was.generation, new.name, is.generation)?;
        let guarded = is.guarded_changes(&was);
        for path in is.changes(&was) {
            let mark = if guarded.contains(&path) { "  two signers" } else { "" };
            writeln!(out, "\n{path}{mark}")?;
            let text = |law: &read::Law| law.source.file(&path).unwrap_or_default().to_owned();
            show(&text(&old), &text(&new), out)?;
        }
        tell("\ndatatypes", &datatypes(&compare::datatypes(&before, &after)), out)?;
        let services = compare::services(&before, &after);
        tell("\nservices", &services.iter().map(|(sign, id)| format!("{sign} {id}")).collect::<Vec<_>>(), out)?;
        let answers = compare::answers(&before, &after);
        tell("\nanswers of cases", &answers.iter().map(ToString::to_string).collect::<Vec<_>>(), out)?;
        if !guarded.is_empty() {
            writeln!(out, "\ntwo people must sign: {}", guarded.join(", "))?;
        }
        Ok(())
    }
}

fn show(old: &str, new: &str, out: &mut dyn Write) -> io::Result<()> {
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        for change in hunk.iter_changes() {
            write!(out, "  {}{}", change.tag(), change.value())?;
            if change.missing_newline() {
                writeln!(out)?;
            }
        }
    }
    Ok(())
}

fn tell(what: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return writeln!(out, "{what}: none changes");
    }
    writeln!(out, "{what}")?;
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

fn datatypes(changes: &[compare::DatatypeChange]) -> Vec<String> {
    let class = |datatype: &Option<exchange::catalogue::Datatype>| {
        datatype.as_ref().map_or_else(|| "none".to_owned(), |datatype| datatype.class.to_string())
    };
    let line = |change: &compare::DatatypeChange| {
        let why = change.after.as_ref().map_or("", |after| after.reason.as_str());
        if change.is_of_class() {
            format!("{}: class {} -> {}; {why}", change.id, class(&change.before), class(&change.after))
        } else {
            format!("{}: of class {} as before; {why}", change.id, class(&change.after))
        }
    };
    changes.iter().map(line).collect()
}

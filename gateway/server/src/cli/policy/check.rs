//! `ijazat policy check`: every check that the gateway makes, before anyone signs.

use std::{io::Write, path::PathBuf};

use clap::Args;
use exchange::decision::Decider as _;
use policies::told;

use super::{super::failure::Failure, read};
use crate::config::Config;

/// Check a law: every file, every reference, every policy against the schema
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy check policies
  ijazat policy check law-2.bundle
  ijazat policy check                         the law in force here

Every problem is told with its file, and the exit code is 1 when there is one. `ijazat policy test` runs the law's own cases.")]
pub(super) struct Check {
    /// Folder or signed file; the law in force here unless named
    #[arg(value_name = "LAW")]
    law: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let law = read::law_or_in_force(self.law.as_deref(), config)?;
        let bundle = law.bundle()?;
        let catalogue = bundle.catalogue();
        let all = told::policies(&law.source).map_err(|error| Failure::Failed(error.to_string()))?;
        let guardrails = all.iter().filter(|policy| policy.file.starts_with("guardrails/")).count();
        let later = catalogue.services().iter().filter(|service| service.not_built).count();
        writeln!(out, "{}: generation {}, {}", law.name, bundle.generation(), bundle.title())?;
        writeln!(
            out,
            "  {} policies ({guardrails} guardrails), {} services ({later} not built yet), {} datatypes, {} cases",
            all.len(),
            catalogue.services().len(),
            catalogue.datatypes().count(),
            bundle.cases().cases.len()
        )?;
        let manifest = law.manifest()?;
        writeln!(out, "  {} files, digest {}", manifest.files.len(), manifest.digest())?;
        match (&law.pack, &manifest.after) {
            (Some(pack), Some(after)) => {
                writeln!(out, "  follows generation {after}")?;
                for line in pack.note().lines().filter_map(|line| line.strip_prefix("— ")) {
                    writeln!(out, "  signature by {}", line.split(' ').next().unwrap_or(line))?;
                }
            }
            _ => writeln!(out, "  not signed")?,
        }
        Ok(())
    }
}

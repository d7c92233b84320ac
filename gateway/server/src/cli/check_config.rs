//! `ijazat check-config`: everything that would stop a start, all at once, without starting.

use std::io::Write;

use clap::Args;

use super::{failure::Failure, files::missing_files, options::Place};
use crate::config::{Config, Source};

/// Checks a configuration without starting anything.
///
/// Every problem is listed, not only the first. Outside development the files that the roles of this
/// process need must be there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat check-config --config /etc/ijazat/ijazat.toml
  ijazat check-config --print              every key, its value in force and where it came from
  IJAZAT__CONSENT__PASSCODE_TTL_S=120 ijazat check-config --print")]
pub struct CheckConfig {
    #[command(flatten)]
    place: Place,
    /// Print every key with its value in force and its source; secrets are masked
    #[arg(long)]
    print: bool,
}

impl CheckConfig {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Config`] when the plan is wrong; [`Failure::Failed`] when it names files that are not there.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let missing = missing_files(&config);
        if !missing.is_empty() {
            return Err(Failure::Failed(missing.join("\n")));
        }
        if self.print {
            print(&config, out)?;
        }
        let roles: Vec<&str> = config.node.roles.iter().map(|role| role.as_str()).collect();
        writeln!(out, "configuration is sound: {} plays {}", config.node.name, roles.join(", "))?;
        Ok(())
    }
}

fn print(config: &Config, out: &mut dyn Write) -> std::io::Result<()> {
    let mut section = "";
    for line in &config.effective {
        if line.section != section {
            section = &line.section;
            writeln!(out, "[{section}]")?;
        }
        let source = match line.source {
            Source::Default => "default",
            Source::File => "file",
            Source::Environment => "environment",
        };
        match &line.value {
            Some(value) => writeln!(out, "{} = {value}  # {source}", line.key)?,
            None => writeln!(out, "# {} is absent", line.key)?,
        }
    }
    Ok(())
}

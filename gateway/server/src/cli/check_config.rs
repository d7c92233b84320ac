//! `ijazat check-config`: everything that would stop a start, all at once, without starting.

use std::{io::Write, path::Path};

use clap::Args;

use super::{failure::Failure, options::Place};
use crate::config::{Config, Source, UpstreamKind};

/// Checks a configuration without starting anything.
///
/// Every problem is listed, not only the first. Outside development the files that the configuration names must be there.
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

/// Files that the plan names and that nobody will make, one message each. In development the PKI makes its own.
#[must_use]
pub fn missing_files(config: &Config) -> Vec<String> {
    let mut named: Vec<(String, &Path)> = Vec::new();
    if !config.node.development {
        let tls = &config.tls;
        named.extend([
            ("[tls] server_cert".to_owned(), tls.server_cert.as_path()),
            ("[tls] server_key".to_owned(), tls.server_key.as_path()),
            ("[tls] client_ca".to_owned(), tls.client_ca.as_path()),
            ("[tls] client_crl".to_owned(), tls.client_crl.as_path()),
        ]);
    }
    let files = [("[rates] path", &config.rates.path), ("[policy] bundle", &config.policy.bundle)];
    named.extend(files.into_iter().filter_map(|(key, path)| Some((key.to_owned(), path.as_deref()?))));
    for upstream in config.upstreams.values().filter(|upstream| upstream.kind != UpstreamKind::Embedded) {
        let files = [
            ("ca", &upstream.ca),
            ("client_cert", &upstream.client_cert),
            ("client_key", &upstream.client_key),
            ("permit_key", &upstream.permit_key),
        ];
        let section = format!("[upstream.{}]", upstream.id);
        named.extend(files.into_iter().filter_map(|(key, p)| Some((format!("{section} {key}"), p.as_deref()?))));
    }
    let absent = named.into_iter().filter(|(_, path)| !path.exists());
    absent.map(|(key, path)| format!("config: {key} = \"{}\": no such file", path.display())).collect()
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

//! `ijazat agency …` and `ijazat certificate …`: an operator's changes to the directory, effective in under a second.

use std::{io::Write, path::PathBuf};

use clap::{Args, Subcommand};
use exchange::ids::AgencyId;

use super::{
    control,
    failure::Failure,
    notify::NotifyCommand,
    onboarding::{self, Apply, Conform, Decide, Propose, Show},
    options::Place,
    pki::{Revoke, read_facts},
    runtime::block_on,
};

/// Hexadecimal digits of a SHA-256.
const SHA256_HEX: usize = 64;

/// Brings agencies in, suspends them, lets them back, registers the keys of their certificates.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat agency apply --template
  ijazat agency propose agreement.toml
  ijazat agency list
  ijazat agency add-key bank-indus --cert bank.pem
  ijazat agency suspend telco-sarhad

From the form to the first answer: apply, propose the forum's decision, the agency, its users, agreements and programmes
(another account approves each), `pki issue` for its request, add-key, and the agency itself runs conform.

A running gateway follows within a second. A certificate whose key is not registered opens nothing, whoever signed it.")]
pub struct Agency {
    #[command(subcommand)]
    command: AgencyCommand,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum AgencyCommand {
    Apply(Apply),
    Propose(Propose),
    /// Put in force what another person proposed
    #[command(after_help = "\
Examples:
  ijazat agency approve 7dcaf01eae23c1580527e5b52958f505

The proposer's own account is refused. The change is judged again and in force when the command ends.")]
    Approve(Decide),
    /// Refuse what another person proposed
    #[command(after_help = "\
Examples:
  ijazat agency refuse 7dcaf01eae23c1580527e5b52958f505")]
    Refuse(Decide),
    /// List applications with their clocks, and proposals that wait
    #[command(after_help = "\
Examples:
  ijazat agency list")]
    List,
    Show(Show),
    Conform(Conform),
    /// Refuse every request of the agency
    #[command(after_help = "\
Examples:
  ijazat agency suspend telco-sarhad

Its requests are refused with `agency_suspended` in under a second, on live connections too.")]
    Suspend {
        /// The agency
        #[arg(value_parser = agency)]
        agency: AgencyId,
    },
    /// Let a suspended agency back
    #[command(after_help = "\
Examples:
  ijazat agency resume telco-sarhad")]
    Resume {
        /// The agency
        #[arg(value_parser = agency)]
        agency: AgencyId,
    },
    /// Register the key of one of the agency's certificates
    #[command(after_help = "\
Examples:
  ijazat agency add-key bank-indus --cert bank.pem
  ijazat agency add-key bank-indus --sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

A certificate that names another agency is refused.")]
    AddKey {
        /// The agency
        #[arg(value_parser = agency)]
        agency: AgencyId,
        #[command(flatten)]
        key: Key,
    },
    Notify(NotifyCommand),
}

/// Which key.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Key {
    /// Certificate that holds the key (PEM)
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// SHA-256 of the subject public key info, in hexadecimal
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
}

impl Key {
    /// The key's fingerprint; a certificate that names another agency is refused.
    fn fingerprint(&self, agency: &AgencyId) -> Result<String, Failure> {
        if let Some(path) = &self.cert {
            let facts = read_facts(path)?;
            if facts.agency.as_ref() != Some(agency) {
                let named = facts.agency.as_ref().map_or("no agency", AgencyId::as_str);
                return Err(Failure::Usage(format!("{}: names {named}, not {agency}", path.display())));
            }
            return Ok(facts.spki_sha256);
        }
        let text = self.sha256.as_deref().unwrap_or_default().to_ascii_lowercase();
        let hex = text.len() == SHA256_HEX && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex { Ok(text) } else { Err(Failure::Usage("--sha256: not 64 hexadecimal digits".to_owned())) }
    }
}

impl Agency {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when the agency is unknown or the store does not take the change.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
        let (agency, done, generation) = match &self.command {
            AgencyCommand::Apply(command) => return command.run(&config, out),
            AgencyCommand::Propose(command) => return command.run(&config, out),
            AgencyCommand::Approve(command) => return command.run(true, &config, out),
            AgencyCommand::Refuse(command) => return command.run(false, &config, out),
            AgencyCommand::List => return onboarding::list(&config, out),
            AgencyCommand::Show(command) => return command.run(&config, out),
            AgencyCommand::Conform(command) => return command.run(&config, out),
            AgencyCommand::Suspend { agency } | AgencyCommand::Resume { agency } => {
                let suspend = matches!(self.command, AgencyCommand::Suspend { .. });
                let change = async {
                    let store = control::open(&config).await?;
                    store.set_agency_suspended(agency, suspend).await.map_err(|error| failed(&error))
                };
                (agency, if suspend { "is suspended" } else { "may call again" }, block_on(change)?)
            }
            AgencyCommand::AddKey { agency, key } => {
                let fingerprint = key.fingerprint(agency)?;
                let change = async {
                    let store = control::open(&config).await?;
                    store.add_key(agency, &fingerprint).await.map_err(|error| failed(&error))
                };
                (agency, "may call with this key", block_on(change)?)
            }
            AgencyCommand::Notify(command) => {
                let (done, generation) = command.run(&config)?;
                (&command.agency, done, generation)
            }
        };
        writeln!(out, "{agency} {done}; directory generation {generation}")?;
        Ok(())
    }
}

/// Revokes a certificate in the directory itself, whichever authority signed it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat certificate revoke --cert bank.pem
  ijazat certificate revoke --serial 7dcaf01eae23c1580527e5b52958f505

A serial that was revoked here stays revoked for ever. `ijazat pki revoke` writes the development authority's list instead.")]
pub struct Certificate {
    #[command(subcommand)]
    command: CertificateCommand,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum CertificateCommand {
    /// Refuse every request under the certificate, for ever
    #[command(after_help = "\
Examples:
  ijazat certificate revoke --cert bank.pem
  ijazat certificate revoke --serial 7dcaf01eae23c1580527e5b52958f505

It cannot be taken back: issue another certificate instead.")]
    Revoke(Revoke),
}

impl Certificate {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when the store does not take the change.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let CertificateCommand::Revoke(which) = &self.command;
        let serial = which.serial()?;
        let generation = block_on(async {
            let store = control::open(&config).await?;
            store.revoke_serial(&serial).await.map_err(|error| Failure::Failed(error.to_string()))
        })?;
        writeln!(out, "{serial} is revoked; directory generation {generation}")?;
        Ok(())
    }
}

fn agency(text: &str) -> Result<AgencyId, String> {
    AgencyId::parse(text).map_err(|error| error.to_string())
}

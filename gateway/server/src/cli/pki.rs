//! `ijazat pki …`: the development PKI from the command line.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use adapters::{clock::SystemClock, entropy::SystemEntropy, sql::control::Done};
use clap::{Args, Subcommand};
use exchange::{ids::AgencyId, ports::clock::Clock};
use serde_json::json;

use super::{control, failure::Failure, options::Place};
use crate::{
    config::Config,
    pki::{self, Authorities, Ca, CaKind, Facts, Request, Validity, World, store},
};

/// Certificates: authorities for development, requests in, certificates out, renewal, revocation.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat pki init
  ijazat pki request --agency bank-indus --key bank.key --out bank.csr     development only
  ijazat pki issue --agency bank-indus --csr bank.csr --out bank.pem
  ijazat pki show bank.pem
  ijazat pki renew --cert bank.pem --out bank-2027.pem
  ijazat pki revoke --cert bank.pem          refused by running gateways in under a second

In production an authority of your own signs; name its certificate and list in [tls] client_ca and client_crl.")]
pub struct Pki {
    #[command(subcommand)]
    command: PkiCommand,
    #[command(flatten)]
    place: Place,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum PkiCommand {
    /// Make the three authorities, the server's certificate and a first revocation list; what is there stays
    #[command(after_help = "\
Examples:
  ijazat pki init
  ijazat pki init --state /var/lib/ijazat

`ijazat serve` does the same on its first start in development.")]
    Init,
    /// Make a key and a certificate request; development only, since an agency's key is its own
    #[command(after_help = "\
Examples:
  ijazat pki request --agency bank-indus --key bank.key --out bank.csr

In production the agency makes both on its own machine.")]
    Request {
        /// Agency that the request is for
        #[arg(long, value_name = "ID", value_parser = agency)]
        agency: AgencyId,
        /// Where the key goes (mode 0600); must not exist
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the request goes; must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign an agency's request: only the public key is taken from it
    #[command(after_help = "\
Examples:
  ijazat pki issue --agency bank-indus --csr bank.csr --out bank.pem
  ijazat pki issue --agency bank-indus --csr bank.csr --out bank.pem --days 30

The certificate opens nothing until `ijazat agency add-key` has registered its key.")]
    Issue {
        /// Agency that the certificate speaks for
        #[arg(long, value_name = "ID", value_parser = agency)]
        agency: AgencyId,
        /// The agency's request (PEM)
        #[arg(long, value_name = "FILE")]
        csr: PathBuf,
        /// Where the certificate goes; must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Days of validity, 1 to 397
        #[arg(long, default_value_t = pki::CLIENT_DAYS)]
        days: i64,
    },
    /// Sign a certificate of ours again for the same agency and key
    #[command(after_help = "\
Examples:
  ijazat pki renew --cert bank.pem --out bank-2027.pem

A certificate that was revoked is not renewed.")]
    Renew {
        /// The certificate (PEM)
        #[arg(long, value_name = "FILE")]
        cert: PathBuf,
        /// Where the new certificate goes; must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Days of validity, 1 to 397
        #[arg(long, default_value_t = pki::CLIENT_DAYS)]
        days: i64,
    },
    /// Revoke a certificate and write the new list
    #[command(after_help = "\
Examples:
  ijazat pki revoke --cert bank.pem
  ijazat pki revoke --serial 7dcaf01eae23c1580527e5b52958f505

Running gateways read the new list and refuse it in under a second.")]
    Revoke(Revoke),
    /// Sign the revocation list anew, with a higher number and later dates
    #[command(after_help = "\
Examples:
  ijazat pki crl

Do it weekly, for instance by a timer: an overdue list is warned of by `ijazat doctor`.")]
    Crl,
    /// Replace the server's certificate and key
    #[command(after_help = "\
Examples:
  ijazat pki server
  ijazat pki server --name exchange.example --name 10.0.0.1

Running gateways take the new files within a second.")]
    Server {
        /// DNS name or IP address; may be repeated. Default: the origin and this machine's loopback names
        #[arg(long, value_name = "NAME")]
        name: Vec<String>,
        /// Days of validity, 1 to 397
        #[arg(long, default_value_t = pki::SERVER_DAYS)]
        days: i64,
    },
    /// Show what stands in a certificate
    #[command(after_help = "\
Examples:
  ijazat pki show bank.pem")]
    Show {
        /// The certificate (PEM)
        #[arg(value_name = "FILE")]
        cert: PathBuf,
    },
}

/// Which certificate to revoke.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Revoke {
    /// Its serial in hexadecimal
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,
    /// Its file (PEM)
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
}

impl Revoke {
    /// The serial in its one form.
    pub(super) fn serial(&self) -> Result<String, Failure> {
        match (&self.serial, &self.cert) {
            (Some(serial), _) => Ok(pki::canonical_serial(serial)?),
            (None, Some(cert)) => Ok(read_facts(cert)?.serial),
            (None, None) => Err(Failure::Usage("either --serial or --cert is needed".to_owned())),
        }
    }

    /// The agency that the certificate names, where its file is given.
    fn agency(&self) -> Result<Option<AgencyId>, Failure> {
        let facts = self.cert.as_deref().map(read_facts).transpose()?;
        Ok(facts.and_then(|facts| facts.agency))
    }
}

impl Pki {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Pki`] with what to do about it.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let folder = config.node.state_dir.join("pki");
        match &self.command {
            PkiCommand::Init => init(&config, &folder, out),
            PkiCommand::Request { agency, key, out: csr } => request(&config, agency, key, csr, out),
            PkiCommand::Issue { agency, csr, out: cert, days } => {
                let ca = Ca::load(&folder, CaKind::Client)?;
                let validity = Validity::days(SystemClock.now(), *days)?;
                let pem = ca.issue_client(&read(csr)?, agency, validity, &SystemEntropy::default())?;
                issued(&config, "pki-issue", cert, &pem, out)
            }
            PkiCommand::Renew { cert, out: renewed, days } => {
                let ca = Ca::load(&folder, CaKind::Client)?;
                let validity = Validity::days(SystemClock.now(), *days)?;
                let pem = ca.renew_client(&read(cert)?, validity, &SystemEntropy::default())?;
                issued(&config, "pki-renew", renewed, &pem, out)
            }
            PkiCommand::Revoke(which) => {
                let ca = Ca::load(&folder, CaKind::Client)?;
                let serial = which.serial()?;
                noted(&config, "pki-revoke", which.agency()?.as_ref(), json!({ "serial": serial }))?;
                ca.revoke(&serial, &SystemClock)?;
                writeln!(out, "revoked {serial}; list {}", ca.crl_path().display())?;
                Ok(())
            }
            PkiCommand::Crl => {
                let ca = Ca::load(&folder, CaKind::Client)?;
                noted(&config, "pki-crl", None, json!({}))?;
                ca.crl_pem(&SystemClock)?;
                writeln!(out, "signed {}; next due in {} days", ca.crl_path().display(), pki::CRL_DAYS)?;
                Ok(())
            }
            PkiCommand::Server { name, days } => {
                let names = if name.is_empty() { store::names(&config.node.origin) } else { name.clone() };
                let authorities = Authorities::load(&folder)?;
                Validity::days(SystemClock.now(), *days)?;
                noted(&config, "pki-server", None, json!({ "names": names }))?;
                let pem = authorities.new_server(&names, *days, world(&SystemEntropy::default()))?;
                show(&pki::facts(&pem)?, out)
            }
            PkiCommand::Show { cert } => show(&read_facts(cert)?, out),
        }
    }
}

fn init(config: &Config, folder: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let all = Authorities::ensure(folder, &config.node.name, &config.node.origin, world(&SystemEntropy::default()))?;
    writeln!(out, "authorities, server certificate and revocation list stand in {}", all.client.folder().display())?;
    writeln!(out, "give agencies {} to check this server by", folder.join("server-ca.pem").display())?;
    Ok(())
}

fn request(config: &Config, agency: &AgencyId, key: &Path, csr: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    if !config.node.development {
        let why = "keys are made for agencies in development only: each agency makes its own and sends the request";
        return Err(Failure::Usage(why.to_owned()));
    }
    let made = Request::make(agency)?;
    write_new(key, &made.key_pem, 0o600)?;
    write_new(csr, &made.csr_pem, 0o644)?;
    writeln!(out, "key {}, request {}", key.display(), csr.display())?;
    writeln!(out, "next: ijazat pki issue --agency {agency} --csr {} --out {agency}.pem", csr.display())?;
    Ok(())
}

fn issued(config: &Config, what: &str, path: &Path, pem: &str, out: &mut dyn Write) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::Failed(format!("{}: is there already and stays as it is", path.display())));
    }
    let facts = pki::facts(pem)?;
    noted(config, what, facts.agency.as_ref(), json!({ "serial": facts.serial, "key_sha256": facts.spki_sha256 }))?;
    write_new(path, pem, 0o644)?;
    show(&facts, out)?;
    if let Some(agency) = &facts.agency {
        writeln!(out, "next: ijazat agency add-key {agency} --cert {}", path.display())?;
    }
    Ok(())
}

/// Notes what is about to be done for the access log.
fn noted(config: &Config, what: &str, agency: Option<&AgencyId>, detail: serde_json::Value) -> Result<(), Failure> {
    control::note(config, &Done { what, agency: agency.map(AgencyId::as_str), detail })
}

fn show(facts: &Facts, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "agency      {}", facts.agency.as_ref().map_or("none", |agency| agency.as_str()))?;
    writeln!(out, "serial      {}", facts.serial)?;
    writeln!(out, "valid       {} to {}", facts.not_before.rfc3339(), facts.not_after.rfc3339())?;
    writeln!(out, "days left   {}", facts.days_left(SystemClock.now()))?;
    writeln!(out, "key sha256  {}", facts.spki_sha256)?;
    Ok(())
}

fn world(entropy: &SystemEntropy) -> World<'_> {
    World { clock: &SystemClock, entropy }
}

fn agency(text: &str) -> Result<AgencyId, String> {
    AgencyId::parse(text).map_err(|error| error.to_string())
}

/// Facts of a certificate file.
pub(super) fn read_facts(path: &Path) -> Result<Facts, Failure> {
    pki::facts(&read(path)?).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

/// Writes a file that must not be there: certificates and keys are never overwritten by a slip of the hand.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

//! Makes the stage: state folder, certificates, keys in the directory, people, the taxpayer service.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use async_trait::async_trait;
use exchange::ids::{AgencyId, UserId};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{
    client::{ClientError, Credential},
    outbox::Outbox,
    stage::{Cast, Operators, Stage},
    taxpayers::Manner,
};
use crate::{
    compose::{ComposeError, Keys, World, seed, stores},
    config::Config,
    pki::{
        ca::{Ca, Validity},
        inspect::facts,
        request::Request,
        store::{Authorities, World as PkiWorld},
    },
};

/// Agencies of the sample directory that get a certificate.
pub const AGENCIES: [&str; 7] =
    ["bank-indus", "telco-sarhad", "bisp", "hospital-mehran", "auditor-general", "fbr", "registry-office"];

/// Certificates by agency.
pub type Credentials = HashMap<&'static str, Credential>;

/// File that says that a state folder was made by the demo and may be made anew.
const MARK: &str = "made-by-demo";

/// Days that the demo's certificates live.
const DAYS: i64 = 30;

/// Clears a state folder that an earlier demo made, and makes it.
///
/// # Errors
/// [`ComposeError`] if the folder holds anything that the demo did not make, or a running gateway holds its log.
pub fn fresh(state: &Path) -> Result<(), ComposeError> {
    let failed = |error: std::io::Error| ComposeError { what: "state folder", why: error.to_string() };
    if in_use(state).map_err(failed)? {
        let why = format!(
            "`{}` is in use by a running gateway, perhaps an earlier demo: stop that first, or name another with --state",
            state.display()
        );
        return Err(ComposeError { what: "state folder", why });
    }
    if state.join(MARK).exists() {
        fs::remove_dir_all(state).map_err(failed)?;
    } else if state.exists() && fs::read_dir(state).map_err(failed)?.next().is_some() {
        let why =
            format!("`{}` holds something that the demo did not make: name another with --state", state.display());
        return Err(ComposeError { what: "state folder", why });
    }
    fs::create_dir_all(state).map_err(failed)?;
    fs::write(state.join(MARK), "`ijazat demo` made this folder and makes it anew each time.\n").map_err(failed)
}

/// Whether some process has the folder's access log open.
fn in_use(state: &Path) -> std::io::Result<bool> {
    match fs::File::open(state.join("log/lock")) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(error)) => Err(error),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Issues a certificate for each agency under `<state>/certs`.
///
/// # Errors
/// [`ComposeError`] from the PKI or the disk.
pub fn certificates(config: &Config, world: &World) -> Result<Credentials, ComposeError> {
    let what = "demo certificates";
    let host = PkiWorld { clock: world.clock.as_ref(), entropy: world.entropy.as_ref() };
    let pki = config.node.state_dir.join("pki");
    let all =
        Authorities::ensure(&pki, &config.node.name, &config.node.origin, host).map_err(ComposeError::of(what))?;
    let folder = config.node.state_dir.join("certs");
    fs::create_dir_all(&folder).map_err(ComposeError::of(what))?;
    let mut made = HashMap::new();
    for agency in AGENCIES {
        let credential = issue(&all.client, agency, world).map_err(ComposeError::of(what))?;
        fs::write(folder.join(format!("{agency}.pem")), &credential.certificate).map_err(ComposeError::of(what))?;
        secret(&folder.join(format!("{agency}.key")), &credential.key).map_err(ComposeError::of(what))?;
        made.insert(agency, credential);
    }
    Ok(made)
}

/// Writes a key that only this account may read; curl's lines in the README use it.
fn secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn issue(ca: &Ca, agency: &str, world: &World) -> Result<Credential, crate::pki::PkiError> {
    let id = AgencyId::parse(agency).map_err(|error| crate::pki::PkiError::Request(error.to_string()))?;
    let request = Request::make(&id)?;
    let validity = Validity::days(world.clock.now(), DAYS)?;
    let certificate = ca.issue_client(&request.csr_pem, &id, validity, world.entropy.as_ref())?;
    Ok(Credential { certificate, key: request.key_pem.to_string() })
}

/// Registers the certificates' keys and the officer's signing key; returns that key, PEM.
///
/// # Errors
/// [`ComposeError`] from the control store.
pub async fn register(config: &Config, world: &World, credentials: &Credentials) -> Result<String, ComposeError> {
    let what = "demo directory";
    let keys = Keys::open(config, world.entropy.as_ref())?;
    let store = stores::control(config, world, &keys).await?;
    for (agency, credential) in credentials {
        let spki = facts(&credential.certificate).map_err(ComposeError::of(what))?.spki_sha256;
        let id = AgencyId::parse(agency).map_err(ComposeError::of(what))?;
        store.add_key(&id, &spki).await.map_err(ComposeError::of(what))?;
    }
    let officer = rcgen::KeyPair::generate().map_err(ComposeError::of(what))?;
    let bisp = AgencyId::parse("bisp").map_err(ComposeError::of(what))?;
    let power = UserId::parse("power-1").map_err(ComposeError::of(what))?;
    store
        .set_user_assertion_key(&bisp, &power, Some(officer.public_key_pem()))
        .await
        .map_err(ComposeError::of(what))?;
    store.database().close().await;
    Ok(officer.serialize_pem())
}

/// The taxpayer service in a process of its own; it ends with this value.
#[derive(Debug)]
pub struct TaxService {
    /// Where it listens.
    pub address: SocketAddr,
    _child: Child,
}

/// Starts `ijazat sample-upstream` as a process of its own and waits until it listens.
///
/// # Errors
/// [`ComposeError`] if it does not start.
pub async fn tax_service(binary: PathBuf, config: &Config, manner: Manner) -> Result<TaxService, ComposeError> {
    let what = "taxpayer service";
    let manner =
        clap::ValueEnum::to_possible_value(&manner).map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut child = Command::new(binary)
        .args(["sample-upstream", "--manner", &manner, "--state"])
        .arg(&config.node.state_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ComposeError::of(what))?;
    let stdout = child.stdout.take().ok_or_else(|| ComposeError { what, why: "no output".to_owned() })?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await.map_err(ComposeError::of(what))?;
    let address = line.trim().parse().map_err(ComposeError::of(what))?;
    Ok(TaxService { address, _child: child })
}

/// Who plays whom.
///
/// # Errors
/// [`ComposeError`] if the population is too small to have them all.
pub fn cast(seeded: &seed::Seeded) -> Result<Cast, ComposeError> {
    let why = "the population is too small for the story: use at least 2000 persons".to_owned();
    let people = seeded.notable.ok_or(ComposeError { what: "cast", why })?;
    Ok(Cast {
        citizen: people.customer,
        head: people.household_head,
        dying: people.patient,
        taxpayer: people.year_only,
    })
}

/// Revokes as `ijazat pki revoke` does: the authority's list is written anew, and the gateway's watcher finds it.
#[derive(Debug)]
pub struct Registrar {
    /// The state folder.
    pub state: PathBuf,
    /// Certificates by agency.
    pub credentials: Credentials,
    /// Time.
    pub world: World,
}

#[async_trait]
impl Operators for Registrar {
    async fn revoke(&self, actor: &str) -> Result<(), ClientError> {
        let told = |error: &dyn std::fmt::Display| ClientError(format!("revoke: {error}"));
        let credential = self.credentials.get(actor).ok_or_else(|| told(&"no such agency"))?;
        let serial = facts(&credential.certificate).map_err(|e| told(&e))?.serial;
        let authorities = Authorities::load(&self.state.join("pki")).map_err(|e| told(&e))?;
        authorities.client.revoke(&serial, self.world.clock.as_ref()).map(drop).map_err(|e| told(&e))
    }
}

/// Puts the stage together for a gateway that listens on these addresses.
///
/// # Errors
/// [`ComposeError`] if the control store or a file cannot be opened.
pub async fn stage(
    config: &Config,
    world: &World,
    addresses: (SocketAddr, SocketAddr),
    cast: Cast,
    credentials: Credentials,
    officer_key: String,
) -> Result<Stage, ComposeError> {
    let keys = Keys::open(config, world.entropy.as_ref())?;
    let store = stores::control(config, world, &keys).await?;
    let server_ca = fs::read_to_string(config.node.state_dir.join("pki/server-ca.pem"));
    Ok(Stage {
        agency: addresses.0,
        public: addresses.1,
        server_ca: server_ca.map_err(ComposeError::of("server authority"))?,
        operators: Arc::new(Registrar {
            state: config.node.state_dir.clone(),
            credentials: credentials.clone(),
            world: world.clone(),
        }),
        credentials,
        officer_key,
        audience: config.node.origin.clone(),
        cast,
        phone: Arc::new(Outbox(store)),
        clock: Arc::clone(&world.clock),
        entropy: Arc::clone(&world.entropy),
    })
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;

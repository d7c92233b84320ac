//! The story: banks, a telco, BISP, a hospital, a citizen and an auditor meet at the door over real sockets.

pub mod client;
pub mod curl;
pub mod outbox;
pub mod stage;
pub mod story;
pub mod taxpayers;
pub mod told;
pub mod verified;
pub mod world;

use std::{io::Write, path::PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use registry_core::population::DEMO_SEED;

use self::{stage::Cast, taxpayers::Manner, told::Told};
use crate::{
    compose::{self, ComposeError, Running, World, seed},
    config::Config,
};

/// How the demo is to be played.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Persons of the population.
    pub persons: u64,
    /// State folder, made anew.
    pub state: PathBuf,
    /// Any free ports instead of the usual ones.
    pub free_ports: bool,
    /// The binary that serves the taxpayer service, usually this very one.
    pub binary: PathBuf,
}

/// A demo that was played and whose gateway is still up.
#[derive(Debug)]
pub struct Played {
    /// What was told.
    pub told: Told,
    /// The gateway.
    pub running: Running,
    /// Who played whom.
    pub cast: Cast,
    /// The configuration.
    pub config: Config,
    _tax: world::TaxService,
}

impl Played {
    /// Lines for curl against the gateway that is still up.
    #[must_use]
    pub fn curl_lines(&self, binary: &str) -> String {
        let port = |address: Option<std::net::SocketAddr>| address.map_or(0, |address| address.port());
        let (agency, public) = (port(self.running.agency_address()), port(self.running.public_address()));
        curl::lines(&self.config.node.state_dir, binary, agency, public, self.cast.citizen)
    }
}

/// Makes everything, plays the story, verifies log and bill. The gateway stays up until the value is stopped.
///
/// # Errors
/// [`ComposeError`] if the stage cannot be made; a step of the story that fails is in what was told.
pub async fn play(options: DemoOptions, out: Box<dyn Write + Send>) -> Result<Played, ComposeError> {
    let host = World::host();
    let mut told = Told::new(out);
    world::fresh(&options.state)?;
    let plain = config(&options, None)?;
    told.scene("Making authorities, certificates and state");
    let credentials = world::certificates(&plain, &host)?;
    let officer_key = world::register(&plain, &host, &credentials).await?;
    told.step(
        "every agency has a certificate, and its key is registered",
        true,
        format!("{} agencies", credentials.len()),
    );
    let seeded = populate(&plain, &host, options.persons, &mut told).await?;
    let cast = world::cast(&seeded)?;
    let tax = world::tax_service(options.binary.clone(), &plain, Manner::Honest).await?;
    let config = config(&options, Some(&tax))?;
    let running = compose::start(config.clone(), host.clone()).await?;
    let (agency, public) = addresses(&running)?;
    told.step("the gateway listens", true, format!("agencies https://{agency}, public https://{public}"));
    let stage = world::stage(&config, &host, (agency, public), cast, credentials, officer_key).await?;
    story::play(&stage, &mut told).await;
    if let Some(log) = running.access_log() {
        verified::log_and_bill(&config, &stage, log.as_ref(), &mut told).await;
    }
    Ok(Played { told, running, cast, config, _tax: tax })
}

fn addresses(running: &Running) -> Result<(std::net::SocketAddr, std::net::SocketAddr), ComposeError> {
    let both = running.agency_address().zip(running.public_address());
    both.ok_or_else(|| ComposeError { what: "listeners", why: "the gateway does not listen".to_owned() })
}

/// The default configuration with the demo's state, ports and taxpayer service.
fn config(options: &DemoOptions, tax: Option<&world::TaxService>) -> Result<Config, ComposeError> {
    let state = options.state.display();
    let mut env = vec![("IJAZAT__NODE__STATE_DIR".to_owned(), state.to_string())];
    if options.free_ports {
        for name in ["AGENCY", "PUBLIC", "OPS"] {
            env.push((format!("IJAZAT__LISTEN__{name}"), "127.0.0.1:0".to_owned()));
        }
    }
    if let Some(tax) = tax {
        let pki = format!("{state}/pki");
        for (key, value) in [
            ("URL", format!("https://127.0.0.1:{}", tax.address.port())),
            ("CA", format!("{pki}/internal-ca.pem")),
            ("CLIENT_CERT", format!("{pki}/internal.pem")),
            ("CLIENT_KEY", format!("{pki}/internal.key")),
        ] {
            env.push((format!("IJAZAT__UPSTREAM__FBR__{key}"), value));
        }
    }
    Config::load(None, env).map_err(ComposeError::of("configuration"))
}

async fn populate(config: &Config, host: &World, persons: u64, told: &mut Told) -> Result<seed::Seeded, ComposeError> {
    let bar = ProgressBar::new(persons);
    if let Ok(style) = ProgressStyle::with_template("  people {bar:30} {human_pos}/{human_len}, {eta} left") {
        bar.set_style(style);
    }
    let seeded = seed::seed(config, host, persons, DEMO_SEED, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    let detail = format!("{} persons, {} households, all invented", seeded.persons, seeded.households);
    told.step("a synthetic population is registered", true, detail);
    Ok(seeded)
}

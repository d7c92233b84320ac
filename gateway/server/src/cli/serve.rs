//! `ijazat serve`: runs the roles of this process until it is asked to stop.

use std::{io::Write, net::SocketAddr, path::PathBuf, sync::Arc};

use adapters::{clock::DevClock, sql::control::Done};
use clap::Args;
use serde_json::json;

use super::{
    control,
    failure::Failure,
    files::missing_files,
    options::Place,
    runtime::{Signals, block_on},
};
use crate::{
    compose::{self, Running, World},
    config::{Config, ProcessRole},
    observe::logs,
};

/// Runs the exchange until SIGTERM or SIGINT, then lets requests under way finish.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat serve                                         every role, embedded, for development
  ijazat serve --config /etc/ijazat/ijazat.toml
  ijazat serve --config split-registry.toml --roles registry

Without a configuration file everything runs in one process over SQLite, a development PKI is made under the state, and the
listeners stand on loopback: agencies 8443, public 8444, metrics and health 9464.")]
pub struct Serve {
    #[command(flatten)]
    place: Place,
    /// Roles of this process: gateway, control, registry, matcher, worker. Wins over `[node] roles`
    #[arg(long, value_name = "ROLE,…")]
    roles: Option<String>,
    /// Let a Unix socket set the time (`set RFC3339`, `advance SECONDS`, `now`). Development only
    #[arg(long, value_name = "SOCKET")]
    dev_clock: Option<PathBuf>,
}

impl Serve {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Config`], or [`Failure::Failed`] with the part that could not start or that failed.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let roles = self.roles.iter().map(|roles| ("IJAZAT__NODE__ROLES", roles.clone()));
        let config = self.place.load_with(roles.collect())?;
        if self.dev_clock.is_some() && !config.node.development {
            return Err(Failure::Usage(
                "--dev-clock needs [node] development = true: it makes any time true".to_owned(),
            ));
        }
        let missing = missing_files(&config);
        if !missing.is_empty() {
            return Err(Failure::Failed(missing.join("\n")));
        }
        logs::init(&config.observe).map_err(|error| Failure::Failed(error.to_string()))?;
        block_on(self.serve(config, out))
    }

    async fn serve(&self, config: Config, out: &mut dyn Write) -> Result<(), Failure> {
        if self.dev_clock.is_some() {
            self.note_clock(&config).await?;
        }
        // Before anything is open: a stop that is asked for while this starts must not cut the start off in its midst.
        let mut signals = Signals::listen()?;
        let world = self.world()?;
        let name = config.node.name.clone();
        let running = compose::start(config, world).await?;
        tell(&name, &running, out)?;
        let outcome = tokio::select! {
            signal = signals.asked_to_stop() => {
                tracing::info!(signal, "stopping");
                Ok(())
            }
            why = running.log_failed() => Err(Failure::Failed(format!("access log failed, nothing may be answered: {why}"))),
        };
        running.stop().await;
        outcome
    }

    /// That time may be set stands in the record before it may be, where this process has a store to note it in.
    async fn note_clock(&self, config: &Config) -> Result<(), Failure> {
        if config.node.plays(ProcessRole::Gateway) || config.node.plays(ProcessRole::Control) {
            let detail = json!({ "socket": self.dev_clock });
            control::noted(config, &Done { what: "dev-clock", agency: None, detail }).await?;
        }
        Ok(())
    }

    /// The host's time, or one that a socket sets; that it may be set stands in the log from the start.
    fn world(&self) -> Result<World, Failure> {
        let host = World::host();
        let Some(path) = &self.dev_clock else { return Ok(host) };
        let clock = DevClock::new();
        let server = clock.listen(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
        tokio::spawn(server.run());
        tracing::warn!(socket = %path.display(), "development clock: whoever writes to the socket sets the time");
        Ok(World { clock: Arc::new(clock), ..host })
    }
}

fn tell(name: &str, running: &Running, out: &mut dyn Write) -> Result<(), Failure> {
    let show = |address: Option<SocketAddr>| address.map_or_else(|| "none".to_owned(), |address| address.to_string());
    writeln!(out, "{name} is up")?;
    writeln!(out, "  agencies  {}", show(running.agency_address()))?;
    writeln!(out, "  public    {}", show(running.public_address()))?;
    writeln!(out, "  metrics   {}", show(running.ops_address()))?;
    for address in running.internal_addresses() {
        writeln!(out, "  internal  {address}")?;
    }
    if let Some(address) = running.sms_address() {
        writeln!(out, "  sms       {address}")?;
    }
    out.flush()?;
    Ok(())
}

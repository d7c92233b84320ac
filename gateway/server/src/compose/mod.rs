//! The composition: the only place that picks a part for a port, by roles and configuration.
//!
//! Map: [`start`] builds and opens everything, [`Running`] is what runs · `keys` and `pki` read or make secrets · `stores`
//! opens databases · `control`, `registry` are our upstreams · `upstreams` reaches those elsewhere · `gateway` makes the
//! door · `changes` records what was changed beside the door · `sms` sends and receives · `notify` tells agencies · `tasks` are what runs
//! beside requests.

mod changes;
pub mod control;
mod gateway;
mod keys;
mod notify;
mod pki;
mod reconcile;
mod registry;
mod reminders;
mod running;
pub mod sample;
pub mod seed;
mod sms;
pub mod stores;
mod tasks;
mod upstreams;

use std::sync::Arc;

use exchange::ports::{clock::Clock, entropy::Entropy};

pub use self::{
    changes::{ChangeLog, ChangeLogError},
    keys::{Keys, SHARED_KEYS},
    running::Running,
};
use crate::config::{Config, ProcessRole};

/// Time and randomness of one process.
#[derive(Clone, Debug)]
pub struct World {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl World {
    /// The host's own.
    #[must_use]
    pub fn host() -> Self {
        Self {
            clock: Arc::new(adapters::clock::SystemClock),
            entropy: Arc::new(adapters::entropy::SystemEntropy::default()),
        }
    }
}

/// Why a process cannot start; the text tells the operator what to mend.
#[derive(Debug, thiserror::Error)]
#[error("cannot start: {what}: {why}")]
pub struct ComposeError {
    /// The part.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl ComposeError {
    /// For `map_err`.
    pub fn of<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self { what, why: error.to_string() }
    }
}

/// Builds every part of this process's roles, opens its listeners and starts what runs beside requests.
///
/// # Errors
/// [`ComposeError`]: nothing is left running.
pub async fn start(config: Config, world: World) -> Result<Running, ComposeError> {
    if config.node.development {
        pki::ensure(&config, &world)?;
    }
    let keys = Keys::open(&config, world.entropy.as_ref())?;
    let mut running = Running::new(&config)?;
    let outcome = build(&config, &world, &keys, &mut running).await;
    if let Err(error) = outcome {
        running.stop().await;
        return Err(error);
    }
    Ok(running)
}

async fn build(config: &Config, world: &World, keys: &Keys, running: &mut Running) -> Result<(), ComposeError> {
    let plays = |role| config.node.plays(role);
    let registry = if plays(ProcessRole::Registry) || plays(ProcessRole::Control) {
        Some(registry::service(config, world).await?)
    } else {
        None
    };
    if plays(ProcessRole::Gateway) {
        gateway::build(config, world, keys, registry.as_ref(), running).await?;
    } else {
        if let (true, Some(registry)) = (plays(ProcessRole::Registry), &registry) {
            registry::listen(config, world, registry, running)?;
        }
        if let (true, Some(registry)) = (plays(ProcessRole::Control), &registry) {
            control::listen(config, world, keys, registry, running).await?;
        }
    }
    tasks::ops(config, world, running).await
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;

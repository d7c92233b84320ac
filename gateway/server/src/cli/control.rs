//! Opens the control store for one command of an operator, whose every change is noted for the access log.

use adapters::sql::control::{ControlStore, Done};

use super::{failure::Failure, operator::operator, runtime::block_on};
use crate::{
    compose::{Keys, World, stores},
    config::Config,
};

/// The control store of an installation that exists.
///
/// # Errors
/// [`Failure::Failed`] when there is no state yet, or the store does not open.
pub(super) async fn open(config: &Config) -> Result<ControlStore, Failure> {
    let state = &config.node.state_dir;
    if !state.join("keys").exists() {
        let todo = "run `ijazat serve` or `ijazat demo` first, or name another with --state";
        return Err(Failure::Failed(format!("{}: no installation here; {todo}", state.display())));
    }
    open_or_make(config).await
}

async fn open_or_make(config: &Config) -> Result<ControlStore, Failure> {
    let world = World::host();
    let keys = Keys::open(config, world.entropy.as_ref())?;
    Ok(stores::control_store(config, &world, &keys).await?.operated_by(operator()))
}

/// Notes an act that changes something outside the control store, before it is done; a new installation gets its store.
///
/// # Errors
/// [`Failure`]: it was not noted, so it must not be done.
pub(super) fn note(config: &Config, done: &Done<'_>) -> Result<(), Failure> {
    block_on(noted(config, done))
}

/// As [`note`], within a runtime.
///
/// # Errors
/// As [`note`].
pub(super) async fn noted(config: &Config, done: &Done<'_>) -> Result<(), Failure> {
    let store = open_or_make(config).await?;
    let noted = store.note_act(done).await;
    store.database().close().await;
    noted.map_err(|error| Failure::Failed(format!("not done, because it cannot be recorded: {error}")))
}

//! Opens the control store for one command of an operator.

use std::sync::Arc;

use adapters::sql::control::ControlStore;

use super::failure::Failure;
use crate::{
    compose::{Keys, World, stores},
    config::Config,
};

/// The control store of an installation that exists.
///
/// # Errors
/// [`Failure::Failed`] when there is no state yet, or the store does not open.
pub(super) async fn open(config: &Config) -> Result<Arc<ControlStore>, Failure> {
    let state = &config.node.state_dir;
    if !state.join("keys").exists() {
        let todo = "run `ijazat serve` or `ijazat demo` first, or name another with --state";
        return Err(Failure::Failed(format!("{}: no installation here; {todo}", state.display())));
    }
    let world = World::host();
    let keys = Keys::open(config, world.entropy.as_ref())?;
    Ok(stores::control(config, &world, &keys).await?)
}

//! The process's own secrets: 32 bytes a file, mode 0600, made on first use (ops/KEYS.md).

use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use adapters::log::keys::load_or_create;
use exchange::{ports::entropy::Entropy, record::seal::SealingKey};

use super::ComposeError;
use crate::config::Config;

/// Where the keys are and those that are used at once.
#[derive(Debug)]
pub struct Keys {
    folder: PathBuf,
    /// Seals side records.
    pub side: Arc<SealingKey>,
    log: [u8; 32],
    lookup: [u8; 32],
    wrapping: [u8; 32],
    pepper: [u8; 32],
}

impl Keys {
    /// Reads the keys under `<state>/keys`, making those that are missing.
    ///
    /// # Errors
    /// [`ComposeError`] naming the file that is exposed, cut or unwritable.
    pub fn open(config: &Config, entropy: &dyn Entropy) -> Result<Self, ComposeError> {
        let folder = config.node.state_dir.join("keys");
        make_folder(&folder)?;
        let read = |name: &str| load_or_create(&folder.join(name), entropy).map_err(ComposeError::of("keys"));
        Ok(Self {
            side: Arc::new(SealingKey::new(&read("side.key")?).map_err(ComposeError::of("keys"))?),
            log: read("log.key")?,
            lookup: read("lookup.key")?,
            wrapping: read("wrapping.key")?,
            pepper: read("pepper.key")?,
            folder,
        })
    }

    /// Seed of the checkpoints' Ed25519 key.
    #[must_use]
    pub fn log_seed(&self) -> [u8; 32] {
        self.log
    }

    /// The control store's keys.
    ///
    /// # Errors
    /// [`ComposeError`] if the library refuses them, which it does not for 32 bytes.
    pub fn control(&self) -> Result<adapters::sql::control::ControlKeys, ComposeError> {
        adapters::sql::control::ControlKeys::new(&self.lookup, &self.wrapping, &self.pepper)
            .map_err(ComposeError::of("keys"))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn make_folder(folder: &Path) -> Result<(), ComposeError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).map_err(ComposeError::of("keys"))
}

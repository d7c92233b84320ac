//! Whose signatures this process believes: the keys of its configuration, in development those that `keygen` made here.

use std::{fs, path::PathBuf};

use policies::trust::Keyring;

use crate::config::Config;

/// Verifier keys that `ijazat policy keygen` made on this machine, one a line; read in development only.
const DEVELOPMENT_FILE: &str = "bundle.vkeys";

/// Where trusted keys come from.
#[derive(Clone, Debug)]
pub struct TrustedKeys {
    given: Vec<String>,
    file: Option<PathBuf>,
}

impl TrustedKeys {
    /// The keys of `[policy] keys`; without any, in development, those of the state's own file.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let own = config.node.development && config.policy.keys.is_empty();
        Self { given: config.policy.keys.clone(), file: own.then(|| Self::development_file(config)) }
    }

    /// The file of development's keys.
    #[must_use]
    pub fn development_file(config: &Config) -> PathBuf {
        config.node.state_dir.join("keys").join(DEVELOPMENT_FILE)
    }

    /// Reads the keys now: in development one may have been made since.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn ring(&self) -> Result<Keyring, String> {
        let mut keys = self.given.clone();
        if let Some(path) = &self.file {
            match fs::read_to_string(path) {
                Ok(text) => keys.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{}: cannot be read: {error}", path.display())),
            }
        }
        Keyring::new(keys).map_err(|error| error.to_string())
    }
}

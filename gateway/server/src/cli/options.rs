//! Options that most commands share, and how they become a configuration.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use crate::config::Config;

/// Where the configuration and the state are.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// Configuration file (TOML). Without one, everything runs embedded for development
    #[arg(long, value_name = "FILE", env = "IJAZAT_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// State folder: keys, certificates, databases, access log. Wins over `[node] state_dir`
    #[arg(long, value_name = "DIR", global = true)]
    pub state: Option<PathBuf>,
}

impl Place {
    /// Loads the configuration: file, then environment, then the command line.
    ///
    /// # Errors
    /// [`Failure::Config`] with every problem.
    pub fn load(&self) -> Result<Config, Failure> {
        self.load_with(Vec::new())
    }

    /// As [`Self::load`], with further settings from the command line, each named as in the environment.
    ///
    /// # Errors
    /// [`Failure::Config`] with every problem.
    pub fn load_with(&self, further: Vec<(&'static str, String)>) -> Result<Config, Failure> {
        let state = self.state.iter().map(|state| ("IJAZAT__NODE__STATE_DIR", state.display().to_string()));
        let typed = state.chain(further).map(|(name, value)| (name.to_owned(), value));
        Ok(Config::load(self.config.as_deref(), environment().chain(typed))?)
    }
}

/// The environment as text; what is not text cannot be one of ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

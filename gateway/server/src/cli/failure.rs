//! Why a command did not succeed, and the exit code that says so.

use std::{io, process::ExitCode};

use crate::{compose::ComposeError, config::ConfigError, pki::PkiError};

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration may not run; each line already begins with `config: `.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// What was typed cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// The PKI refused.
    #[error("{0}")]
    Pki(#[from] PkiError),
    /// The work was tried and failed.
    #[error("{0}")]
    Failed(String),
    /// A part could not start or a store could not be opened.
    #[error("{0}")]
    Compose(#[from] ComposeError),
    /// Standard output is gone.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// Exit code: 1 for work that failed, 2 for what was typed or configured.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            // A reader such as `head` that has seen enough is no failure of ours.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Config(_) | Self::Usage(_) => ExitCode::from(2),
            Self::Pki(_) | Self::Failed(_) | Self::Compose(_) | Self::Output(_) => ExitCode::from(1),
        }
    }
}

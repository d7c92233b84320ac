//! Why the PKI could not do what was asked, each with what to do about it.

use std::path::{Path, PathBuf};

/// Why the PKI could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the host said.
        source: std::io::Error,
    },
    /// A file is there already and would be lost.
    #[error("{} is there already; move it away first", .0.display())]
    Exists(PathBuf),
    /// The authority was never made.
    #[error("no authority at {}; run `ijazat pki init` first", .0.display())]
    NoAuthority(PathBuf),
    /// The request is not one that we sign.
    #[error("certificate request: {0}")]
    Request(String),
    /// The text is not a certificate.
    #[error("certificate: {0}")]
    Certificate(String),
    /// The certificate was signed by somebody else.
    #[error("certificate was not issued by this authority")]
    Foreign,
    /// The certificate is revoked.
    #[error("certificate is revoked and cannot be renewed; ask for a new one with a new key")]
    Revoked,
    /// The serial is not one of ours.
    #[error("serial `{0}` is not 1 to 32 hexadecimal digits")]
    Serial(String),
    /// Validity outside the bounds.
    #[error("validity of {given} days: 1 to {} (pki::DAYS_MAX)", super::DAYS_MAX)]
    Days {
        /// Days asked for.
        given: i64,
    },
    /// The list of revoked serials is damaged.
    #[error("{} is damaged: {reason}", path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The signing library refused.
    #[error("signing failed: {0}")]
    Signing(#[from] rcgen::Error),
}

impl PkiError {
    /// Makes the mapping from an error of the host to one that names the file.
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

//! TLS of the listeners: whom we trust, what we show, who the peer is, and files that may change at any time.
//!
//! Map: [`trust`] verifies client certificates and answers whether a serial is revoked, by `lists` that it verified when
//! they were read · [`revocation`] reads the lists · [`server_certificate`] is what we show · [`identity`] reads the peer ·
//! [`acceptor`] joins them for Pingora · [`watch`] follows the files.

use std::{path::PathBuf, sync::Arc};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub mod acceptor;
pub mod identity;
mod lists;
pub mod revocation;
pub mod server_certificate;
mod sessions;
pub mod trust;
pub mod watch;

pub use acceptor::ListenerTls;
pub use server_certificate::ServerCertificate;
pub use trust::TrustState;
pub use watch::{CertificateFiles, TrustFiles, Watcher};

/// Why certificates, keys or lists cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Not PEM, empty, or not what it should be.
    #[error("{0} is missing or malformed")]
    Malformed(&'static str),
    /// Readable, but not usable together.
    #[error("tls configuration is refused: {0}")]
    Refused(String),
}

/// Makes aws-lc-rs the process's crypto library: call it first in `main`, before Pingora installs another.
pub fn install_provider() {
    // An error means that one is installed already; whoever calls twice asks for the same.
    drop(aws_lc_rs::default_provider().install_default());
}

/// The crypto library, given explicitly wherever rustls lets us: two are linked, and a default could be the other.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

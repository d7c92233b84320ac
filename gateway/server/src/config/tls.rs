//! `[tls]`: certificates, keys and revocation lists; by default those that the development PKI makes under the state.

use std::path::{Path, PathBuf};

use super::section::Section;

/// `[tls]`. All files are PEM; they are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Our server certificate with its chain; default `<state>/pki/server.pem`. Whoever controls it with its key could
    /// pose as the exchange.
    pub server_cert: PathBuf,
    /// Key of the server certificate; default `<state>/pki/server.key`. Whoever reads it could pose as the exchange.
    pub server_key: PathBuf,
    /// Authorities that sign agencies' certificates; default `<state>/pki/client-ca.pem`. Whoever controls it could make
    /// certificates for any agency (the directory's list of keys still refuses them).
    pub client_ca: PathBuf,
    /// Revocation list of those authorities; default `<state>/pki/client-ca.crl`. Whoever controls it could bring back a
    /// revoked certificate.
    pub client_crl: PathBuf,
    /// Authority of our own processes; default `<state>/pki/internal-ca.pem`. Whoever controls it could pose as an upstream.
    pub internal_ca: PathBuf,
    /// This process's internal certificate; default `<state>/pki/internal.pem`.
    pub internal_cert: PathBuf,
    /// Key of the internal certificate; default `<state>/pki/internal.key`. Whoever reads it could reach our upstreams,
    /// though not without permits.
    pub internal_key: PathBuf,
    /// Key of permit tokens that this process verifies, 32 bytes; default `<state>/keys/permit.key`. Whoever reads it could
    /// make permits: the registry would answer without the door.
    pub permit_key: PathBuf,
}

impl Tls {
    pub(super) fn read(section: &mut Section<'_>, state: &Path) -> Self {
        let pki = state.join("pki");
        Self {
            server_cert: section.path("server_cert", pki.join("server.pem")),
            server_key: section.path("server_key", pki.join("server.key")),
            client_ca: section.path("client_ca", pki.join("client-ca.pem")),
            client_crl: section.path("client_crl", pki.join("client-ca.crl")),
            internal_ca: section.path("internal_ca", pki.join("internal-ca.pem")),
            internal_cert: section.path("internal_cert", pki.join("internal.pem")),
            internal_key: section.path("internal_key", pki.join("internal.key")),
            permit_key: section.path("permit_key", state.join("keys").join("permit.key")),
        }
    }
}

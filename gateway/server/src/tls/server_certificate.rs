//! The certificate that a listener shows, swapped while it listens.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{TlsError, provider};

/// The certificate chain and key in force.
#[derive(Debug)]
pub struct ServerCertificate(ArcSwap<CertifiedKey>);

impl ServerCertificate {
    /// Reads a chain (leaf first) and its key, both PEM.
    ///
    /// # Errors
    /// [`TlsError`]: not PEM, empty, or the key is not the leaf's.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self(ArcSwap::from_pointee(read(chain, key)?))))
    }

    /// Shows another certificate from the next handshake on.
    ///
    /// # Errors
    /// [`TlsError`]; what was shown stays.
    pub fn reload(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        self.0.store(Arc::new(read(chain, key)?));
        Ok(())
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn read(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::Malformed("server certificate"))?;
    if chain.is_empty() {
        return Err(TlsError::Malformed("server certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Malformed("server key"))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| TlsError::Refused(error.to_string()))
}

#[cfg(test)]
#[path = "server_certificate_tests.rs"]
mod tests;

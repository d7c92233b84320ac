//! The client's side of mTLS: one configuration that resumes sessions and one that never does.

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore, client::Resumption, crypto::aws_lc_rs, pki_types::pem::PemObject,
};

use super::LoadError;

/// Who we are and whom we trust.
#[derive(Clone, Debug)]
pub struct Credentials {
    full: Arc<ClientConfig>,
    resuming: Arc<ClientConfig>,
}

impl Credentials {
    /// Reads PEM files: the certification authority of the server, our certificate with its chain, our key. Without
    /// certificate and key the server is spoken to anonymously.
    ///
    /// # Errors
    /// [`LoadError::Certificates`] with the file that could not be used.
    pub fn read(ca: &Path, own: Option<(&Path, &Path)>) -> Result<Self, LoadError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|error| LoadError::Certificates(format!("{}: {error}", ca.display())))?;
        }
        let full = Self::config_of(roots.clone(), own, Resumption::disabled())?;
        let resuming = Self::config_of(roots, own, Resumption::default())?;
        Ok(Self { full: Arc::new(full), resuming: Arc::new(resuming) })
    }

    fn config_of(
        roots: RootCertStore,
        own: Option<(&Path, &Path)>,
        resumption: Resumption,
    ) -> Result<ClientConfig, LoadError> {
        let wrong = |error: tokio_rustls::rustls::Error| LoadError::Certificates(error.to_string());
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(wrong)?.with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| LoadError::Certificates(format!("{}: {error}", key.display())))?;
                builder.with_client_auth_cert(certificates(chain)?, key).map_err(wrong)?
            }
        };
        config.resumption = resumption;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// The configuration for full handshakes, or for resumed ones.
    #[must_use]
    pub fn config(&self, resume: bool) -> Arc<ClientConfig> {
        Arc::clone(if resume { &self.resuming } else { &self.full })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let wrong = |error| LoadError::Certificates(format!("{}: {error}", path.display()));
    CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let said = Credentials::read(Path::new("/no/such/ca.pem"), None).unwrap_err().to_string();
        assert!(said.contains("/no/such/ca.pem"), "{said}");
    }
}

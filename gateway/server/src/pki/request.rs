//! Keys and certificate requests, for development only: in production an agency makes its own and sends the request.

use exchange::ids::AgencyId;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use zeroize::Zeroizing;

use super::error::PkiError;

/// A key with the request that carries its public half.
#[derive(Debug)]
pub struct Request {
    /// Request, PEM.
    pub csr_pem: String,
    /// Key, PKCS#8 PEM.
    pub key_pem: Zeroizing<String>,
}

impl Request {
    /// Makes a P-256 key and a request for an agency.
    ///
    /// # Errors
    /// [`PkiError::Signing`] when the library refuses.
    pub fn make(agency: &AgencyId) -> Result<Self, PkiError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, agency.as_str());
        let csr_pem = params.serialize_request(&key)?.pem()?;
        Ok(Self { csr_pem, key_pem: key.serialize_pem().into() })
    }
}

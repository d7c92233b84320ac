//! Keys and certificate requests, for development only: in production an agency makes its own and sends the request.

use std::fmt;

use exchange::ids::AgencyId;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use zeroize::Zeroizing;

use super::error::PkiError;

/// A key with the request that carries its public half. Prints without the key.
pub struct Request {
    /// Request, PEM.
    pub csr_pem: String,
    /// Key, PKCS#8 PEM.
    pub key_pem: Zeroizing<String>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("csr_pem", &self.csr_pem).finish_non_exhaustive()
    }
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

#[cfg(test)]
mod tests {
    use rcgen::{CertificateSigningRequestParams, PublicKeyData};

    use super::*;

    #[test]
    fn a_request_carries_its_keys_public_half_and_prints_without_the_other() {
        let agency = AgencyId::parse("bank-indus").unwrap();
        let (one, other) = (Request::make(&agency).unwrap(), Request::make(&agency).unwrap());
        let public = |request: &Request| {
            let read = CertificateSigningRequestParams::from_pem(&request.csr_pem).unwrap();
            read.public_key.subject_public_key_info()
        };
        let key = KeyPair::from_pem(&one.key_pem).unwrap();
        assert_eq!(public(&one), key.subject_public_key_info());
        assert_ne!(public(&one), public(&other), "each a key of its own");
        let shown = format!("{one:?}");
        assert!(shown.contains("CERTIFICATE REQUEST") && !shown.contains("PRIVATE"), "{shown}");
        assert!(one.key_pem.lines().filter(|line| line.len() > 20).all(|line| !shown.contains(line)));
    }
}

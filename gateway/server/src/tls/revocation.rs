//! The serial numbers that may no longer be served, looked up on every request (rule 6 of the door).

use std::collections::HashSet;

use rustls_pki_types::CertificateRevocationListDer;
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::{TlsError, identity::serial_hex};

/// Serials of revoked certificates.
///
/// A serial counts for every issuer: ours are 128 random bits, and a clash refuses, it never admits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevokedSerials(HashSet<String>);

impl RevokedSerials {
    /// Collects the serials of the lists.
    ///
    /// # Errors
    /// [`TlsError::Malformed`] when one of them is not a whole certificate revocation list.
    pub fn from_lists(lists: &[CertificateRevocationListDer<'_>]) -> Result<Self, TlsError> {
        let mut serials = HashSet::new();
        for list in lists {
            let (_, list) = CertificateRevocationList::from_der(list.as_ref())
                .map_err(|_| TlsError::Malformed("certificate revocation list"))?;
            serials.extend(list.iter_revoked_certificates().map(|entry| serial_hex(entry.raw_serial())));
        }
        Ok(Self(serials))
    }

    /// Whether the serial, in the form of [`serial_hex`], is revoked.
    #[must_use]
    pub fn contains(&self, serial: &str) -> bool {
        self.0.contains(serial)
    }

    /// How many serials are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

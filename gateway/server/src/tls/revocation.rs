//! The serial numbers that may no longer be served, looked up on every request (rule 6 of the door).

use std::collections::{HashMap, HashSet};

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::{
    certificate::X509Certificate, num_bigint::BigUint, prelude::FromDer, revocation_list::CertificateRevocationList,
};

use super::{TlsError, identity::serial_hex};

/// Serials of revoked certificates.
///
/// A serial counts for every issuer: ours are 128 random bits, and a clash refuses, it never admits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevokedSerials {
    serials: HashSet<String>,
    /// Name of each issuer in DER → highest number among its lists (RFC 5280 §5.2.3); a list without one has the least.
    numbers: HashMap<Vec<u8>, Option<BigUint>>,
}

impl RevokedSerials {
    /// Collects the serials of the lists.
    ///
    /// # Errors
    /// [`TlsError::Malformed`] when one of them is not a whole certificate revocation list.
    pub fn from_lists(lists: &[CertificateRevocationListDer<'_>]) -> Result<Self, TlsError> {
        let mut all = Self::default();
        for list in lists {
            let (rest, list) = CertificateRevocationList::from_der(list.as_ref())
                .map_err(|_| TlsError::Malformed("certificate revocation list"))?;
            if !rest.is_empty() {
                return Err(TlsError::Malformed("certificate revocation list"));
            }
            all.serials.extend(list.iter_revoked_certificates().map(|entry| serial_hex(entry.raw_serial())));
            let highest = all.numbers.entry(list.issuer().as_raw().to_vec()).or_default();
            *highest = highest.take().max(list.crl_number().cloned());
        }
        Ok(all)
    }

    /// Whether one of these authorities had a newer list before than it has here.
    pub(super) fn is_older_than(&self, before: &Self, authorities: &[CertificateDer<'_>]) -> bool {
        authorities.iter().any(|authority| {
            let Ok((_, authority)) = X509Certificate::from_der(authority) else { return false };
            let name = authority.subject().as_raw();
            before.numbers.get(name).is_some_and(|known| self.numbers.get(name).is_none_or(|number| number < known))
        })
    }

    /// Whether the serial, in the form of [`serial_hex`], is revoked.
    #[must_use]
    pub fn contains(&self, serial: &str) -> bool {
        self.serials.contains(serial)
    }

    /// How many serials are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether none is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.serials.is_empty()
    }
}

#[cfg(test)]
#[path = "revocation_tests.rs"]
mod tests;

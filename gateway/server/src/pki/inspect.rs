//! What stands in a certificate: serial, dates, agency, fingerprint of its key.

use aws_lc_rs::digest;
use exchange::{ids::AgencyId, timestamp::Timestamp};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, pem::parse_x509_pem, prelude::FromDer,
    revocation_list::CertificateRevocationList,
};

use super::{AGENCY_URI, error::PkiError};

/// What stands in a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Serial, lower-case hex without leading zeros.
    pub serial: String,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// Agency of the SAN URI `urn:pk:ijazat:agency:<id>`, if there is exactly one.
    pub agency: Option<AgencyId>,
    /// SHA-256 of the subject public key info, lower-case hex: what the directory registers.
    pub spki_sha256: String,
}

impl Facts {
    /// Whole days until the certificate runs out; negative once it has.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.seconds() - now.seconds()).div_euclid(super::DAY_S)
    }
}

/// Reads the first certificate of a PEM text.
///
/// # Errors
/// [`PkiError::Certificate`] when there is none or it is malformed.
pub fn facts(pem: &str) -> Result<Facts, PkiError> {
    with_certificate(pem, |certificate| {
        let validity = certificate.validity();
        Ok(Facts {
            serial: trimmed_hex(certificate.raw_serial()),
            not_before: from_seconds(validity.not_before.timestamp()),
            not_after: from_seconds(validity.not_after.timestamp()),
            agency: agency_of(certificate),
            spki_sha256: hex::encode(digest::digest(&digest::SHA256, certificate.public_key().raw)),
        })
    })
}

/// SHA-256 of the subject public key info of the first certificate, lower-case hex.
///
/// # Errors
/// [`PkiError::Certificate`] when there is none or it is malformed.
pub fn spki_sha256_hex(pem: &str) -> Result<String, PkiError> {
    facts(pem).map(|facts| facts.spki_sha256)
}

/// When a revocation list (PEM) was issued and when the next is due; `None` if it is not one or names no next.
#[must_use]
pub fn list_dates(pem: &str) -> Option<(Timestamp, Timestamp)> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).ok()?;
    let (_, list) = CertificateRevocationList::from_der(&pem.contents).ok()?;
    Some((from_seconds(list.last_update().timestamp()), from_seconds(list.next_update()?.timestamp())))
}

/// Checks that `ca_pem` signed the certificate.
pub(super) fn check_issued_by(pem: &str, ca_pem: &str) -> Result<(), PkiError> {
    with_certificate(ca_pem, |ca| {
        with_certificate(pem, |certificate| {
            certificate.verify_signature(Some(ca.public_key())).map_err(|_| PkiError::Foreign)
        })
    })
}

/// Gives the subject public key info in DER.
pub(super) fn spki_der(pem: &str) -> Result<Vec<u8>, PkiError> {
    with_certificate(pem, |certificate| Ok(certificate.public_key().raw.to_vec()))
}

fn with_certificate<T>(
    pem: &str,
    read: impl FnOnce(&X509Certificate<'_>) -> Result<T, PkiError>,
) -> Result<T, PkiError> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|_| PkiError::Certificate("not PEM".to_owned()))?;
    if pem.label != "CERTIFICATE" {
        return Err(PkiError::Certificate(format!("a {} where a CERTIFICATE is needed", pem.label)));
    }
    let (_, certificate) = X509Certificate::from_der(&pem.contents)
        .map_err(|_| PkiError::Certificate("not an X.509 certificate".to_owned()))?;
    read(&certificate)
}

fn agency_of(certificate: &X509Certificate<'_>) -> Option<AgencyId> {
    let names = certificate.subject_alternative_name().ok()??;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix(AGENCY_URI),
        _ => None,
    });
    let first = uris.next()?;
    if uris.next().is_some() {
        return None;
    }
    AgencyId::parse(first).ok()
}

/// Lower-case hex without leading zeros, the form of serials everywhere in Ijazat.
fn trimmed_hex(bytes: &[u8]) -> String {
    let hex = hex::encode(bytes);
    let trimmed = hex.trim_start_matches('0');
    if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
}

fn from_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(0).plus_seconds(seconds)
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;

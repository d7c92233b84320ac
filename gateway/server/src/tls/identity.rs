//! Reads who a client certificate belongs to, once per connection.

use aws_lc_rs::digest::{SHA256, digest};
use exchange::{
    caller::{PeerCertificate, Thumbprint},
    ids::AgencyId,
};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

/// What an agency's name stands behind in the certificate's SAN URI.
pub const AGENCY_URN: &str = "urn:pk:ijazat:agency:";

/// Why a certificate that TLS accepted could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not one whole X.509 certificate in DER.
    #[error("certificate is not a whole x509 certificate")]
    Malformed,
}

/// Reads a leaf certificate in DER. An absent, repeated or ill-formed agency name leaves `agency` empty: such a
/// certificate belongs to nobody, and *identify* refuses it with a record.
///
/// # Errors
/// [`IdentityError`]; the connection is then closed.
pub fn read(leaf_der: &[u8]) -> Result<PeerCertificate, IdentityError> {
    let (rest, certificate) = X509Certificate::from_der(leaf_der).map_err(|_| IdentityError::Malformed)?;
    if !rest.is_empty() {
        return Err(IdentityError::Malformed);
    }
    Ok(PeerCertificate {
        thumbprint: Thumbprint(sha256(leaf_der)),
        spki_sha256: hex::encode(sha256(certificate.public_key().raw)),
        serial: serial_hex(certificate.raw_serial()),
        agency: agency_of(&certificate),
        not_before_s: certificate.validity().not_before.timestamp(),
        not_after_s: certificate.validity().not_after.timestamp(),
    })
}

/// A serial number as lower-case hex without leading zeros: the one form in which serials are compared.
#[must_use]
pub fn serial_hex(raw: &[u8]) -> String {
    let hex = hex::encode(raw);
    let short = hex.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    out
}

fn agency_of(certificate: &X509Certificate<'_>) -> Option<AgencyId> {
    let names = certificate.subject_alternative_name().ok()??;
    let mut agencies = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix(AGENCY_URN),
        _ => None,
    });
    // Two names could be read in two ways, so they are none.
    match (agencies.next(), agencies.next()) {
        (Some(id), None) => AgencyId::parse(id).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PublicKeyData, SanType, SerialNumber};

    use super::*;

    fn certificate(uris: &[&str]) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["x.example".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from_slice(&[0x0a, 0xff]));
        params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
        (params.self_signed(&key).unwrap().der().to_vec(), key.subject_public_key_info())
    }

    #[test]
    fn a_certificate_names_its_agency_by_one_uri() {
        let check = |uris: &[&str], expected: Option<&str>| {
            let peer = read(&certificate(uris).0).unwrap();
            assert_eq!(peer.agency.as_ref().map(AgencyId::as_str), expected, "{uris:?}");
        };
        check(&["urn:pk:ijazat:agency:bank-indus"], Some("bank-indus"));
        check(&["https://bank.example", "urn:pk:ijazat:agency:bisp"], Some("bisp"));
        check(&["urn:pk:ijazat:agency:bisp", "urn:pk:ijazat:agency:fbr"], None);
        check(&["urn:pk:ijazat:agency:"], None);
        check(&["urn:pk:ijazat:agency:two words"], None);
        check(&["URN:PK:IJAZAT:AGENCY:bisp"], None);
        check(&[], None);
    }

    #[test]
    fn key_and_serial_are_read_in_the_form_that_the_directory_compares() {
        let (der, spki) = certificate(&[]);
        let peer = read(&der).unwrap();
        assert_eq!(peer.serial, "aff");
        assert_eq!(peer.spki_sha256, hex::encode(sha256(&spki)));
        assert_eq!(peer.thumbprint, Thumbprint(sha256(&der)));
        assert!(peer.not_before_s < peer.not_after_s);
    }

    #[test]
    fn what_is_not_one_whole_certificate_is_nobody() {
        let (mut der, _) = certificate(&[]);
        assert_eq!(read(der.get(..der.len() - 1).unwrap()), Err(IdentityError::Malformed));
        der.push(0);
        assert_eq!(read(&der), Err(IdentityError::Malformed));
        assert_eq!(read(b""), Err(IdentityError::Malformed));
    }

    #[test]
    fn serials_have_one_form() {
        let check = |raw: &[u8], expected| assert_eq!(serial_hex(raw), expected);
        check(&[0x00, 0x9f], "9f");
        check(&[0x0a], "a");
        check(&[0x00], "0");
        check(&[], "0");
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod laws;

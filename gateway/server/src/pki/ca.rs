//! An authority: makes itself, signs certificates for agencies and for our own processes.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use exchange::{
    ids::AgencyId,
    ports::{clock::Clock, entropy::Entropy},
    timestamp::Timestamp,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
    SubjectPublicKeyInfo,
};
use time::OffsetDateTime;

use super::{AGENCY_URI, CA_DAYS, DAY_S, DAYS_MAX, NODE_URI, SKEW_S, error::PkiError, files, inspect};

/// Bytes of an uncompressed P-256 point.
const P256_POINT_BYTES: usize = 65;

/// Characters of a common name (RFC 5280, ub-common-name).
const COMMON_NAME_MAX: usize = 64;

/// What an authority signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaKind {
    /// Agencies' client certificates; it alone has a revocation list.
    Client,
    /// The listeners' server certificate.
    Server,
    /// Certificates among our own processes.
    Internal,
}

impl CaKind {
    /// Every authority.
    pub const ALL: [Self; 3] = [Self::Client, Self::Server, Self::Internal];

    /// First part of its files' names, such as `client-ca`.
    #[must_use]
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::Client => "client-ca",
            Self::Server => "server-ca",
            Self::Internal => "internal-ca",
        }
    }

    const fn common_name(self) -> &'static str {
        match self {
            Self::Client => "Ijazat Client CA (development)",
            Self::Server => "Ijazat Server CA (development)",
            Self::Internal => "Ijazat Internal CA (development)",
        }
    }
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First instant.
    pub from: Timestamp,
    /// Last instant.
    pub until: Timestamp,
}

impl Validity {
    /// From five minutes ago, since clocks differ, for so many days.
    ///
    /// # Errors
    /// [`PkiError::Days`] outside 1 to [`DAYS_MAX`].
    pub fn days(now: Timestamp, days: i64) -> Result<Self, PkiError> {
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(PkiError::Days { given: days });
        }
        Ok(Self { from: now.plus_seconds(-SKEW_S), until: now.plus_seconds(days * DAY_S) })
    }
}

/// A certificate with the key that was made for it. Prints without the key.
pub struct Issued {
    /// Certificate, PEM.
    pub cert_pem: String,
    /// Its key, PKCS#8 PEM.
    pub key_pem: zeroize::Zeroizing<String>,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("cert_pem", &self.cert_pem).finish_non_exhaustive()
    }
}

/// An authority with its key in hand.
#[derive(Debug)]
pub struct Ca {
    kind: CaKind,
    folder: PathBuf,
    cert_pem: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// Makes a new authority and writes `<stem>.pem` and `<stem>.key` (mode 0600) into the folder.
    ///
    /// # Errors
    /// [`PkiError::Exists`] when it was made before; [`PkiError::File`] when the folder cannot be written.
    pub fn create(folder: &Path, kind: CaKind, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self, PkiError> {
        let now = clock.now();
        let validity = Validity { from: now.plus_seconds(-SKEW_S), until: now.plus_seconds(CA_DAYS * DAY_S) };
        let mut params = blank(kind.common_name(), validity, entropy)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let cert_pem = params.self_signed(&key)?.pem();
        files::create(&cert_path(folder, kind), &cert_pem, files::PUBLIC)?;
        files::create(&key_path(folder, kind), &key.serialize_pem(), files::SECRET)?;
        Self::with_key(folder, kind, cert_pem, key)
    }

    /// Opens an authority that was made before.
    ///
    /// # Errors
    /// [`PkiError::NoAuthority`] when it was not.
    pub fn load(folder: &Path, kind: CaKind) -> Result<Self, PkiError> {
        let (cert, key) = (cert_path(folder, kind), key_path(folder, kind));
        if !cert.exists() || !key.exists() {
            return Err(PkiError::NoAuthority(cert));
        }
        let key_pem = zeroize::Zeroizing::new(files::read(&key)?);
        Self::with_key(folder, kind, files::read(&cert)?, KeyPair::from_pem(&key_pem)?)
    }

    fn with_key(folder: &Path, kind: CaKind, cert_pem: String, key: KeyPair) -> Result<Self, PkiError> {
        let issuer = Issuer::from_ca_cert_pem(&cert_pem, key)?;
        Ok(Self { kind, folder: folder.to_owned(), cert_pem, issuer })
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> CaKind {
        self.kind
    }

    /// Folder that its files stand in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its certificate, PEM.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Signs an agency's request. Only the public key is taken from it: name, SAN URI and usages are ours.
    ///
    /// # Errors
    /// [`PkiError::Request`] when the request is malformed, not self-signed, or its key is not P-256.
    pub fn issue_client(
        &self,
        csr_pem: &str,
        agency: &AgencyId,
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<String, PkiError> {
        let request = CertificateSigningRequestParams::from_pem(csr_pem)
            .map_err(|error| PkiError::Request(format!("not a signed request in PEM: {error}")))?;
        check_p256(&request.public_key)?;
        self.sign_client(&request.public_key, agency, validity, entropy)
    }

    /// Signs a certificate of ours again, for the same agency and key.
    ///
    /// # Errors
    /// [`PkiError::Foreign`] when another authority issued it; [`PkiError::Revoked`] when it is revoked.
    pub fn renew_client(&self, cert_pem: &str, validity: Validity, entropy: &dyn Entropy) -> Result<String, PkiError> {
        inspect::check_issued_by(cert_pem, &self.cert_pem)?;
        let facts = inspect::facts(cert_pem)?;
        if self.is_revoked(&facts.serial)? {
            return Err(PkiError::Revoked);
        }
        let agency = facts.agency.ok_or_else(|| PkiError::Certificate("names no agency".to_owned()))?;
        let key = SubjectPublicKeyInfo::from_der(&inspect::spki_der(cert_pem)?)?;
        self.sign_client(&key, &agency, validity, entropy)
    }

    /// Makes a key and a server certificate for DNS names and IP addresses.
    ///
    /// # Errors
    /// [`PkiError::Signing`] when a name is not a DNS name.
    pub fn issue_server(
        &self,
        names: &[String],
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<Issued, PkiError> {
        let common_name = names.first().map_or("ijazat", String::as_str);
        let mut params = blank(common_name, validity, entropy)?;
        params.subject_alt_names = CertificateParams::new(names.to_vec())?.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue_with_key(&params)
    }

    /// Makes a key and a certificate for one of our own processes: server and client at once, SAN URI
    /// `urn:pk:ijazat:node:<name>`.
    ///
    /// # Errors
    /// [`PkiError::Signing`] when a name is not a DNS name.
    pub fn issue_internal(
        &self,
        node: &str,
        names: &[String],
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<Issued, PkiError> {
        let mut params = blank(node, validity, entropy)?;
        params.subject_alt_names = CertificateParams::new(names.to_vec())?.subject_alt_names;
        params.subject_alt_names.push(SanType::URI(format!("{NODE_URI}{node}").try_into()?));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue_with_key(&params)
    }

    fn sign_client(
        &self,
        key: &impl PublicKeyData,
        agency: &AgencyId,
        validity: Validity,
        entropy: &dyn Entropy,
    ) -> Result<String, PkiError> {
        let mut params = blank(agency.as_str(), validity, entropy)?;
        params.subject_alt_names = vec![SanType::URI(format!("{AGENCY_URI}{agency}").try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }

    fn issue_with_key(&self, params: &CertificateParams) -> Result<Issued, PkiError> {
        let key = KeyPair::generate()?;
        let cert_pem = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { cert_pem, key_pem: key.serialize_pem().into() })
    }
}

/// A certificate with our serial, name and dates, for signatures only.
fn blank(common_name: &str, validity: Validity, entropy: &dyn Entropy) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    // RFC 5280 bounds a common name to 64 characters; nobody decides by it, so a longer one is left out.
    if common_name.len() <= COMMON_NAME_MAX {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    params.not_before = to_date(validity.from)?;
    params.not_after = to_date(validity.until)?;
    params.serial_number = Some(serial(entropy));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Sixteen random bytes, positive and without a leading zero, so that every reader prints the same 32 digits.
fn serial(entropy: &dyn Entropy) -> SerialNumber {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// Other curves and RSA are refused: one kind of key is one kind of cost and one kind of mistake.
fn check_p256(key: &impl PublicKeyData) -> Result<(), PkiError> {
    let p256 = key.algorithm() == &rcgen::PKCS_ECDSA_P256_SHA256 && key.der_bytes().len() == P256_POINT_BYTES;
    if p256 { Ok(()) } else { Err(PkiError::Request("key is not P-256 with SHA-256".to_owned())) }
}

pub(super) fn to_date(at: Timestamp) -> Result<OffsetDateTime, PkiError> {
    OffsetDateTime::from_unix_timestamp(at.seconds())
        .map_err(|_| PkiError::Certificate("date outside the calendar".to_owned()))
}

fn cert_path(folder: &Path, kind: CaKind) -> PathBuf {
    folder.join(format!("{}.pem", kind.file_stem()))
}

fn key_path(folder: &Path, kind: CaKind) -> PathBuf {
    folder.join(format!("{}.key", kind.file_stem()))
}

#[cfg(test)]
#[path = "ca_tests.rs"]
mod tests;

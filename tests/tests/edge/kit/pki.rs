//! A certificate authority of a test.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// An authority.
pub struct Pki {
    ca: CertifiedIssuer<'static, KeyPair>,
}

/// A client's certificate and key.
pub struct Issued {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
    pub serial: Vec<u8>,
}

/// Years of validity.
pub const VALID: (i32, i32) = (2020, 2090);

impl Pki {
    pub fn new() -> Self {
        Self::named("authority of the test")
    }

    /// An authority that calls itself so.
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Self { ca: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    pub fn roots(&self) -> String {
        self.ca.as_ref().pem()
    }

    pub fn roots_der(&self) -> CertificateDer<'static> {
        self.ca.as_ref().der().clone()
    }

    /// Chain and key of a server called `gateway.test`, PEM.
    pub fn server(&self) -> (String, String) {
        let mut params = CertificateParams::new(vec!["gateway.test".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    pub fn client(&self, agency: &str) -> Issued {
        self.client_with(agency, VALID, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub fn client_with(&self, agency: &str, years: (i32, i32), usage: ExtendedKeyUsagePurpose) -> Issued {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let uri = format!("urn:pk:ijazat:agency:{agency}");
        params.subject_alt_names.push(SanType::URI(uri.as_str().try_into().unwrap()));
        params.extended_key_usages = vec![usage];
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let serial = key.public_key_raw()[1..17].to_vec();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        Issued {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            serial,
        }
    }

    /// A revocation list, PEM, valid until the given year.
    pub fn list(&self, revoked: &[&Issued], until: i32) -> String {
        let entry = |issued: &&Issued| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&issued.serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&self.ca).unwrap().pem().unwrap()
    }
}

//! Certificates of newcomers, and those that an honest authority would not issue: expired, of the future, for the wrong
//! use, of a stranger.

use exchange::{ids::AgencyId, ports::clock::Clock};
use gateway::{
    demo::client::Credential,
    pki::{ca::Validity, inspect::facts, request::Request, store::Authorities},
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

use super::{Broken, World};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Days that a newcomer's certificate lives.
const DAYS: i64 = 30;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: only its key is registered nowhere.
    Unregistered,
    /// It ended yesterday.
    Expired,
    /// It begins tomorrow.
    NotYetValid,
    /// It is a server's.
    WrongUse,
    /// An authority signed it that nobody here trusts.
    Stranger,
}

/// A newcomer's request for a certificate, signed by the authority of the exchange. Its key is registered nowhere yet.
///
/// # Errors
/// When the authority's files cannot be read, or the name is no agency's.
pub fn issued(world: &World, agency: &str) -> Result<Credential, Broken> {
    let id = AgencyId::parse(agency)?;
    let request = Request::make(&id)?;
    let validity = Validity::days(world.clock.now(), DAYS)?;
    let entropy = world.host.entropy.as_ref();
    let authorities = Authorities::load(&world.state().join("pki"))?;
    let certificate = authorities.client.issue_client(&request.csr_pem, &id, validity, entropy)?;
    Ok(Credential { certificate, key: request.key_pem.to_string() })
}

/// Gives an agency of the directory that has no certificate yet one whose key is registered.
///
/// # Errors
/// As [`issued`], and when the directory does not have the agency.
pub async fn admit(world: &mut World, agency: &AgencyId) -> Result<(), Broken> {
    let credential = issued(world, agency.as_str())?;
    world.store.add_key(agency, &facts(&credential.certificate)?.spki_sha256).await?;
    // A few names, for as long as the test's process lives.
    let name: &'static str = agency.as_str().to_owned().leak();
    world.stage.credentials.insert(name, credential.clone());
    world.credentials.insert(name, credential);
    Ok(())
}

/// A certificate for an agency, signed by the world's client authority unless the flaw is another signer.
///
/// # Errors
/// When the authority's files cannot be read.
pub fn client_certificate(world: &World, agency: &str, flaw: Flaw) -> Result<Credential, Broken> {
    let now = world.clock.now().seconds();
    let (from, until) = match flaw {
        Flaw::Expired => (now - 2 * DAY_S, now - DAY_S),
        Flaw::NotYetValid => (now + DAY_S, now + 2 * DAY_S),
        Flaw::Unregistered | Flaw::WrongUse | Flaw::Stranger => (now - DAY_S, now + DAY_S),
    };
    let mut params = CertificateParams::new(Vec::new())?;
    params.subject_alt_names = vec![SanType::URI(format!("urn:pk:ijazat:agency:{agency}").as_str().try_into()?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match flaw {
        Flaw::WrongUse => ExtendedKeyUsagePurpose::ServerAuth,
        _ => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    let day = |seconds: i64| rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds.unsigned_abs());
    (params.not_before, params.not_after) = (day(from), day(until));
    let key = KeyPair::generate()?;
    let certificate = match flaw {
        Flaw::Stranger => params.signed_by(&key, &stranger()?)?,
        _ => params.signed_by(&key, &authority(world)?)?,
    };
    Ok(Credential { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn authority(world: &World) -> Result<Issuer<'static, KeyPair>, Broken> {
    let pki = world.state().join("pki");
    let key = KeyPair::from_pem(&std::fs::read_to_string(pki.join("client-ca.key"))?)?;
    Ok(Issuer::from_ca_cert_pem(&std::fs::read_to_string(pki.join("client-ca.pem"))?, key)?)
}

fn stranger() -> Result<Issuer<'static, KeyPair>, Broken> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Another authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(Issuer::new(params, KeyPair::generate()?))
}

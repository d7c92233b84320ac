//! Certificates that an honest authority would not issue: expired, of the future, for the wrong use, of a stranger.

use exchange::ports::clock::Clock;
use gateway::demo::client::Credential;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

use super::{Broken, World};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

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

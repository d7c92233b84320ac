//! Phase 1. Afterwards it is known who is calling, and that this very certificate, agency and user may act now.

use std::sync::Arc;

use exchange::{
    caller::{Caller, Peer, PeerCertificate},
    codes::Code,
    directory::{Agency, Directory, User},
    refusal::Refusal,
    timestamp::Timestamp,
};
use http::HeaderMap;

use super::{parts::Parts, trail::Trail};
use crate::door::{Head, Listener};

/// Header that names the user of the agency.
pub const USER_HEADER: &str = "ijazat-user";

/// Finds out who is calling, anew for every request: a resumed session or a live connection proves nothing (rule 6).
///
/// # Errors
/// `certificate_*`, `agency_suspended`, `user_*`, `header_invalid` or `directory_stale`.
pub fn identify(parts: &Parts, head: &Head, trail: &mut Trail) -> Result<(Caller, Arc<Directory>), Refusal> {
    let directory = parts.directory.current()?;
    trail.directory = directory.generation();
    if head.listener == Listener::Public {
        return Ok((Caller::Public, directory));
    }
    let (certificate, agency) = agency_of(parts, &directory, &head.peer, trail)?;
    let user = user_of(&directory, &agency, &head.headers)?;
    let caller = Caller::Agency { agency, user, asserted: false, certificate: certificate.thumbprint };
    trail.caller(&caller);
    Ok((caller, directory))
}

/// The agency that a certificate maps to, by SAN URI and registered key.
///
/// # Errors
/// `certificate_unmapped`, `certificate_expired`, `certificate_revoked` or `agency_suspended`.
pub fn agency_of(
    parts: &Parts,
    directory: &Directory,
    peer: &Peer,
    trail: &mut Trail,
) -> Result<(Arc<PeerCertificate>, Arc<Agency>), Refusal> {
    let certificate = peer.certificate.clone().ok_or(Code::CertificateUnmapped)?;
    let agency = certificate
        .agency
        .as_ref()
        .and_then(|id| directory.agency(id.as_str()))
        .filter(|agency| agency.keys.iter().any(|key| *key == certificate.spki_sha256))
        .cloned()
        .ok_or(Code::CertificateUnmapped)?;
    trail.agency = Some(agency.id.clone());
    in_force(parts, directory, &certificate, trail.at)?;
    if agency.suspended {
        return Err(Code::AgencySuspended.into());
    }
    Ok((certificate, agency))
}

fn in_force(
    parts: &Parts,
    directory: &Directory,
    certificate: &PeerCertificate,
    now: Timestamp,
) -> Result<(), Refusal> {
    if parts.revocations.is_revoked(&certificate.serial) || directory.is_revoked(&certificate.serial) {
        return Err(Code::CertificateRevoked.into());
    }
    if !(certificate.not_before_s..=certificate.not_after_s).contains(&now.seconds()) {
        return Err(Code::CertificateExpired.into());
    }
    Ok(())
}

fn user_of(directory: &Directory, agency: &Agency, headers: &HeaderMap) -> Result<Option<Arc<User>>, Refusal> {
    let Some(value) = headers.get(USER_HEADER) else { return Ok(None) };
    let name = value.to_str().map_err(|_| Refusal::new(Code::HeaderInvalid).member("header", "Ijazat-User"))?;
    let user = directory.user(&agency.id, name).cloned().ok_or(Code::UserUnknown)?;
    if user.disabled {
        return Err(Code::UserDisabled.into());
    }
    Ok(Some(user))
}

#[cfg(test)]
#[path = "identify_tests.rs"]
mod tests;

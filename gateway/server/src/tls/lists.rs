//! Revocation lists whose signature was verified when they were read.
//!
//! rustls verifies a list's signature in each handshake that asks it, which hashes the whole list every time. Here it is
//! done once, for the lists that leave no doubt whose they are; every other list stays with rustls.

use std::collections::{HashMap, HashSet};

use rustls::{CertificateError, Error};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{
        OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ED25519, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_CRL_NUMBER,
        Oid,
    },
    prelude::FromDer,
    revocation_list::CertificateRevocationList,
};

/// Signatures that rustls takes too; SHA-1 is not among them.
const STRONG: [Oid<'static>; 6] = [
    OID_SIG_ECDSA_WITH_SHA256,
    OID_SIG_ECDSA_WITH_SHA384,
    OID_SIG_ED25519,
    OID_PKCS1_SHA256WITHRSA,
    OID_PKCS1_SHA384WITHRSA,
    OID_PKCS1_SHA512WITHRSA,
];

/// Extensions that do not narrow what a list speaks of (RFC 5280 §5.2).
const PLAIN: [Oid<'static>; 2] = [OID_X509_EXT_CRL_NUMBER, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER];

/// What the lists of one authority say.
#[derive(Debug, Default)]
struct Said {
    serials: HashSet<Vec<u8>>,
    /// Seconds since 1970 at which the newest of them is out of date.
    until_s: u64,
}

/// Lists by the name of their authority in DER.
#[derive(Debug, Default)]
pub(super) struct VerifiedLists(HashMap<Vec<u8>, Said>);

impl VerifiedLists {
    /// Keeps the lists that one of these roots signed, and that speak of all its certificates. A name that two roots have,
    /// or a list by any other authority, is left out.
    pub fn of(roots: &[CertificateDer<'_>], lists: &[CertificateRevocationListDer<'_>]) -> Self {
        let mut all = Self::default();
        for list in lists {
            if let Some((issuer, said)) = verified(roots, list) {
                let known = all.0.entry(issuer).or_default();
                known.serials.extend(said.serials);
                known.until_s = known.until_s.max(said.until_s);
            }
        }
        all
    }

    /// What is said of a certificate that its authority's root signed directly; `None` when the lists here do not speak of
    /// it.
    pub fn verdict(&self, end_entity: &CertificateDer<'_>, now: UnixTime) -> Option<Result<(), Error>> {
        let (_, certificate) = X509Certificate::from_der(end_entity).ok()?;
        let said = self.0.get(certificate.issuer().as_raw())?;
        if now.as_secs() >= said.until_s {
            let next_update = UnixTime::since_unix_epoch(std::time::Duration::from_secs(said.until_s));
            return Some(Err(CertificateError::ExpiredRevocationListContext { time: now, next_update }.into()));
        }
        let revoked = said.serials.contains(certificate.raw_serial());
        Some(if revoked { Err(CertificateError::Revoked.into()) } else { Ok(()) })
    }
}

fn verified(roots: &[CertificateDer<'_>], list: &CertificateRevocationListDer<'_>) -> Option<(Vec<u8>, Said)> {
    let (rest, list) = CertificateRevocationList::from_der(list).ok()?;
    let name = list.issuer().as_raw();
    let roots = roots.iter().filter_map(|root| X509Certificate::from_der(root).ok()).map(|(_, root)| root);
    let mut named = roots.filter(|root| root.subject().as_raw() == name);
    let (root, another) = (named.next()?, named.next());
    let may_sign = root.key_usage().ok()?.is_none_or(|usage| usage.value.crl_sign());
    let plain = list.extensions().iter().all(|extension| PLAIN.contains(&extension.oid));
    let strong = STRONG.contains(&list.signature_algorithm.algorithm);
    // What stands outside the signed part may say nothing else than what stands inside (RFC 5280 §5.1.1.2).
    let same = list.signature_algorithm == list.tbs_cert_list.signature && list.signature_value.unused_bits == 0;
    if !rest.is_empty() || another.is_some() || !may_sign || !plain || !strong || !same {
        return None;
    }
    list.verify_signature(root.public_key()).ok()?;
    let until_s = u64::try_from(list.next_update()?.timestamp()).ok()?;
    let serials = list.iter_revoked_certificates().map(|entry| entry.raw_serial().to_vec()).collect();
    Some((name.to_vec(), Said { serials, until_s }))
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;

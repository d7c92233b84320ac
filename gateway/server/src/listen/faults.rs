//! Why handshakes fail, in the few words that an operator acts upon.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client showed no certificate.
    NoCertificate,
    /// Its certificate is revoked.
    Revoked,
    /// Its certificate has run out, or is not valid yet.
    OutsideDates,
    /// The revocation list in force is out of date, so nobody whom it speaks of is let in.
    ListExpired,
    /// No revocation list speaks of its authority.
    ListMissing,
    /// Its certificate is of an unknown authority, for another use, or not well-formed.
    Untrusted,
    /// Not TLS, no version or suite in common, or broken off.
    Broken,
    /// It took longer than allowed.
    Slow,
}

impl Fault {
    /// Every one, in the order of [`Faults`].
    pub const ALL: [Self; 8] = [
        Self::NoCertificate,
        Self::Revoked,
        Self::OutsideDates,
        Self::ListExpired,
        Self::ListMissing,
        Self::Untrusted,
        Self::Broken,
        Self::Slow,
    ];

    /// The word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::Revoked => "revoked",
            Self::OutsideDates => "outside_dates",
            Self::ListExpired => "list_expired",
            Self::ListMissing => "list_missing",
            Self::Untrusted => "untrusted",
            Self::Broken => "broken",
            Self::Slow => "slow",
        }
    }

    /// Finds the reason in what the TLS library says: Pingora turns its error into text, so the text is all there is.
    pub(super) fn of(said: &str) -> Self {
        let Some((_, why)) = said.split_once("invalid peer certificate: ") else {
            return if said.contains("peer sent no certificates") { Self::NoCertificate } else { Self::Broken };
        };
        let begins = |words: &[&str]| words.iter().any(|word| why.starts_with(word));
        if begins(&["Revoked"]) {
            Self::Revoked
        } else if begins(&["ExpiredRevocationList", "certificate revocation list expired"]) {
            Self::ListExpired
        } else if begins(&["Expired", "NotValidYet", "certificate expired", "certificate not valid yet"]) {
            Self::OutsideDates
        } else if begins(&["UnknownRevocationStatus"]) {
            Self::ListMissing
        } else {
            Self::Untrusted
        }
    }
}

/// Failed handshakes by reason.
#[derive(Debug, Default)]
pub struct Faults([AtomicU64; Fault::ALL.len()]);

impl Faults {
    /// Counts one.
    pub(crate) fn count(&self, fault: Fault) {
        let named = Fault::ALL.iter().zip(&self.0).find(|(known, _)| **known == fault);
        if let Some((_, counter)) = named {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every reason with its count.
    pub fn all(&self) -> impl Iterator<Item = (Fault, u64)> + '_ {
        Fault::ALL.into_iter().zip(&self.0).map(|(fault, counter)| (fault, counter.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use rustls::{CertificateError, Error, PeerIncompatible};

    use super::*;

    #[test]
    fn what_the_library_says_becomes_the_word_that_an_operator_acts_upon() {
        let check = |error: Error, expected: Fault| {
            // As Pingora words it.
            let said = format!("Downstream TLSHandshakeFailure context: tls connect error: {error}");
            assert_eq!(Fault::of(&said), expected, "{said}");
        };
        let bad = Error::InvalidCertificate;
        let at = rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(9));
        check(Error::NoCertificatesPresented, Fault::NoCertificate);
        check(bad(CertificateError::Revoked), Fault::Revoked);
        check(bad(CertificateError::Expired), Fault::OutsideDates);
        check(bad(CertificateError::ExpiredContext { time: at, not_after: at }), Fault::OutsideDates);
        check(bad(CertificateError::NotValidYet), Fault::OutsideDates);
        check(bad(CertificateError::NotValidYetContext { time: at, not_before: at }), Fault::OutsideDates);
        check(bad(CertificateError::ExpiredRevocationList), Fault::ListExpired);
        check(bad(CertificateError::ExpiredRevocationListContext { time: at, next_update: at }), Fault::ListExpired);
        check(bad(CertificateError::UnknownRevocationStatus), Fault::ListMissing);
        check(bad(CertificateError::UnknownIssuer), Fault::Untrusted);
        check(bad(CertificateError::BadEncoding), Fault::Untrusted);
        check(bad(CertificateError::BadSignature), Fault::Untrusted);
        check(bad(CertificateError::InvalidPurpose), Fault::Untrusted);
        check(Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), Fault::Broken);
        check(Error::DecryptError, Fault::Broken);
        check(Error::General("peer talks of Revoked things".to_owned()), Fault::Broken);
        assert_eq!(Fault::of(""), Fault::Broken);
        assert_eq!(Fault::of("tls handshake eof"), Fault::Broken);
    }

    #[test]
    fn each_reason_has_a_count_and_a_word_of_its_own() {
        let faults = Faults::default();
        for (n, fault) in Fault::ALL.into_iter().enumerate() {
            (0..=n).for_each(|_| faults.count(fault));
        }
        let counted: Vec<u64> = faults.all().map(|(_, count)| count).collect();
        assert_eq!(counted, [1, 2, 3, 4, 5, 6, 7, 8]);
        let words: std::collections::BTreeSet<_> = faults.all().map(|(fault, _)| fault.as_str()).collect();
        assert_eq!(words.len(), Fault::ALL.len());
    }
}

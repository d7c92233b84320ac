//! Whom the mTLS listener trusts: roots and revocations, swapped while connections live.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime, pem::PemObject};

use super::{TlsError, lists::VerifiedLists, provider, revocation::RevokedSerials, sessions::Sessions};

/// The two verifiers over the same roots, and the lists that were verified already.
#[derive(Debug)]
struct Verifier {
    /// Asks every list, and verifies its signature each time.
    careful: Arc<dyn ClientCertVerifier>,
    /// Asks no list.
    quick: Arc<dyn ClientCertVerifier>,
    lists: VerifiedLists,
}

impl Verifier {
    fn new(
        roots: &[CertificateDer<'static>],
        lists: Vec<CertificateRevocationListDer<'static>>,
    ) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root.clone()).map_err(|_| TlsError::Malformed("root certificate"))?;
        }
        let (store, verified) = (Arc::new(store), VerifiedLists::of(roots, &lists));
        // An out-of-date list refuses everyone it speaks of: nobody can say who was revoked since.
        let careful = WebPkiClientVerifier::builder_with_provider(Arc::clone(&store), provider())
            .with_crls(lists)
            .only_check_end_entity_revocation()
            .enforce_revocation_expiration()
            .build();
        let quick = WebPkiClientVerifier::builder_with_provider(store, provider()).build();
        let refused = |error: rustls::server::VerifierBuilderError| TlsError::Refused(error.to_string());
        Ok(Self { careful: careful.map_err(refused)?, quick: quick.map_err(refused)?, lists: verified })
    }

    /// A client whom a root signed directly is looked up in the lists that this root signed; whoever shows a chain, or is
    /// of an authority without such a list, is verified with all of them.
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let said = if intermediates.is_empty() { self.lists.verdict(end_entity, now) } else { None };
        let Some(said) = said else { return self.careful.verify_client_cert(end_entity, intermediates, now) };
        let verified = self.quick.verify_client_cert(end_entity, intermediates, now)?;
        said.map(|()| verified)
    }
}

/// The roots and revocation lists in force.
///
/// Contract: [`TrustState::reload`] changes all or nothing; new handshakes and [`TrustState::is_revoked`] see the change
/// at once; when the roots changed, sessions are forgotten and [`TrustState::generation`] grows, so that listeners close
/// connections whose certificate an older set of roots admitted. A list never goes back: while its authority stays, it is
/// replaced only by one of the same or a higher number, for an older one would let the revoked in again.
#[derive(Debug)]
pub struct TrustState {
    verifier: ArcSwap<Verifier>,
    revoked: ArcSwap<RevokedSerials>,
    roots: ArcSwap<Vec<CertificateDer<'static>>>,
    generation: AtomicU64,
    sessions: Arc<Sessions>,
}

impl TrustState {
    /// Reads roots and revocation lists as PEM; each text may hold several, and no list at all means no revocations.
    ///
    /// # Errors
    /// [`TlsError`]: no root, not PEM, or a list that is malformed.
    pub fn from_pem(roots: &[u8], lists: &[u8]) -> Result<Arc<Self>, TlsError> {
        let read = Read::from_pem(roots, lists)?;
        Ok(Arc::new(Self {
            verifier: ArcSwap::from_pointee(read.verifier),
            revoked: ArcSwap::from_pointee(read.revoked),
            roots: ArcSwap::from_pointee(read.roots),
            generation: AtomicU64::new(0),
            sessions: Arc::new(Sessions::new()),
        }))
    }

    /// Puts other roots and lists in force.
    ///
    /// # Errors
    /// [`TlsError`]; what was in force stays.
    pub fn reload(&self, roots: &[u8], lists: &[u8]) -> Result<(), TlsError> {
        let read = Read::from_pem(roots, lists)?;
        let stay: Vec<_> = self.roots.load().iter().filter(|root| read.roots.contains(root)).cloned().collect();
        if read.revoked.is_older_than(&self.revoked.load(), &stay) {
            return Err(TlsError::Refused("a revocation list is older than the one in force, or gone".to_owned()));
        }
        // Revocations first: at no instant is a revoked certificate welcome at the handshake and unknown to requests.
        self.revoked.store(Arc::new(read.revoked));
        self.verifier.store(Arc::new(read.verifier));
        if **self.roots.load() != read.roots {
            self.roots.store(Arc::new(read.roots));
            self.sessions.forget();
            self.generation.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// Whether the certificate with this serial (lower-case hex without leading zeros) is revoked now.
    #[must_use]
    pub fn is_revoked(&self, serial: &str) -> bool {
        self.revoked.load().contains(serial)
    }

    /// How many serials are revoked now.
    #[must_use]
    pub fn revoked_count(&self) -> usize {
        self.revoked.load().len()
    }

    /// Grows each time that the roots change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn sessions(&self) -> Arc<Sessions> {
        Arc::clone(&self.sessions)
    }
}

/// One consistent reading of the files.
struct Read {
    roots: Vec<CertificateDer<'static>>,
    verifier: Verifier,
    revoked: RevokedSerials,
}

impl Read {
    fn from_pem(roots: &[u8], lists: &[u8]) -> Result<Self, TlsError> {
        let roots: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(roots)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::Malformed("root certificate"))?;
        let lists: Vec<CertificateRevocationListDer<'static>> = CertificateRevocationListDer::pem_slice_iter(lists)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::Malformed("certificate revocation list"))?;
        let revoked = RevokedSerials::from_lists(&lists)?;
        let verifier = Verifier::new(&roots, lists)?;
        Ok(Self { roots, verifier, revoked })
    }
}

/// The verifier that rustls holds for the life of a listener; every call goes to the one in force.
impl ClientCertVerifier for TrustState {
    /// No hints: they would have to outlive a reload, and they tell a stranger who our authorities are.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verifier.load().verify(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().quick.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().quick.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.load().quick.supported_verify_schemes()
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;

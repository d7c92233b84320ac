//! Pingora's TLS acceptor over our own rustls configuration.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use exchange::caller::PeerCertificate;
use pingora_core::{
    listeners::{
        TlsAccept,
        tls::{Acceptor, TlsSettings},
    },
    protocols::{Stream, tls::TlsRef},
};
use rustls::{
    ServerConfig,
    version::{TLS12, TLS13},
};

use super::{
    TlsError, identity, provider, server_certificate::ServerCertificate, sessions::Sessions, trust::TrustState,
};

/// What a listener needs to speak TLS.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// The certificate that it shows.
    pub certificate: Arc<ServerCertificate>,
    /// Whom it demands a client certificate from; none on the public listener.
    pub clients: Option<Arc<TrustState>>,
}

/// Builds the acceptor: TLS 1.3 and the AEAD suites of 1.2, HTTP/2 before HTTP/1.1.
///
/// Pingora's `TlsSettings` takes neither suites nor session store, and `Acceptor::from_server_config` takes no callback
/// to read the peer with; so the settings give the callback and our configuration takes the place of theirs.
///
/// # Errors
/// [`TlsError::Refused`] when rustls does not take the configuration.
pub fn acceptor(tls: &ListenerTls) -> Result<Acceptor, TlsError> {
    let refused = |error: rustls::Error| TlsError::Refused(error.to_string());
    let builder =
        ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12]).map_err(refused)?;
    let builder = match &tls.clients {
        Some(trust) => builder.with_client_cert_verifier(Arc::clone(trust) as _),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(&tls.certificate) as _);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = match &tls.clients {
        Some(trust) => trust.sessions(),
        None => Arc::new(Sessions::new()),
    };
    let mut settings = TlsSettings::with_callbacks(Box::new(ReadPeer))
        .map_err(|error| TlsError::Refused(error.etype().as_str().to_owned()))?;
    settings.set_cert_resolver(Arc::clone(&tls.certificate) as _);
    let mut acceptor = settings.build();
    acceptor.acceptor = Acceptor::from_server_config(Arc::new(config)).acceptor;
    Ok(acceptor)
}

/// Reads the client certificate when the handshake is complete, resumed or not.
struct ReadPeer;

#[async_trait]
impl TlsAccept for ReadPeer {
    async fn handshake_complete_callback(&self, tls: &TlsRef) -> Option<Arc<dyn Any + Send + Sync>> {
        let certificate = identity::read(tls.peer_certificate_der()?).ok()?;
        Some(Arc::new(Arc::new(certificate)))
    }
}

/// The client certificate of an established connection.
#[must_use]
pub fn peer_of(stream: &Stream) -> Option<Arc<PeerCertificate>> {
    stream.get_ssl_digest()?.extension.get::<Arc<PeerCertificate>>().map(Arc::clone)
}

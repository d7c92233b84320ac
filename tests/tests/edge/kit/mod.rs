//! What the edge's tests share: an authority, a door that remembers, a gateway of both, and clients.

pub mod client;
pub mod door;
pub mod pki;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gateway::{
    door::Listener,
    listen::{self, ListenHandle, ListenLimits, ListenOptions},
    tls::{ListenerTls, ServerCertificate, TrustState},
};

use self::{door::RememberingDoor, pki::Pki};

/// An agency listener before a remembering door.
pub struct Edge {
    pub pki: Pki,
    pub door: Arc<RememberingDoor>,
    pub trust: Arc<TrustState>,
    pub certificate: Arc<ServerCertificate>,
    pub handle: ListenHandle,
}

impl Edge {
    pub fn open() -> Self {
        Self::open_with(ListenLimits::default())
    }

    pub fn open_with(limits: ListenLimits) -> Self {
        Self::open_as(Listener::Agency, limits)
    }

    pub fn open_as(listener: Listener, limits: ListenLimits) -> Self {
        gateway::tls::install_provider();
        let pki = Pki::new();
        let (chain, key) = pki.server();
        let certificate = ServerCertificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let trust = TrustState::from_pem(pki.roots().as_bytes(), b"").unwrap();
        let door = Arc::new(RememberingDoor::default());
        let clients = (listener == Listener::Agency).then(|| Arc::clone(&trust));
        let tls = ListenerTls { certificate: Arc::clone(&certificate), clients };
        let options = ListenOptions { listener, tls, limits };
        let handle = listen::serve(loopback(), options, Arc::clone(&door) as _).unwrap();
        Self { pki, door, trust, certificate, handle }
    }

    pub fn address(&self) -> SocketAddr {
        self.handle.address()
    }
}

pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Waits for what must come; a test that waits in vain fails by name instead of hanging.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("did not happen within ten seconds")
}

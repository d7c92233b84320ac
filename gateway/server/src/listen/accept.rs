//! The accept loop: a place for each connection, a handshake in time, then HTTP/1 or HTTP/2.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use exchange::caller::Peer;
use pingora_core::{
    listeners::tls::Acceptor,
    protocols::{ALPN, Stream},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    connection::{Connection, Shared},
    counters::{During, ListenCounters},
    faults::Fault,
    http1, http2,
    slots::{Slot, Slots},
    wire::Wire,
};
use crate::tls::{TrustState, acceptor::peer_of};

/// Pause after the system refused to accept: it has no file descriptors left, and asking at once would only burn CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the accept loop works with.
pub(super) struct Accepting {
    pub(super) socket: TcpListener,
    pub(super) acceptor: Acceptor,
    pub(super) shared: Arc<Shared>,
    pub(super) slots: Arc<Slots>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) drain: watch::Receiver<Duration>,
}

impl Accepting {
    /// Accepts until asked to stop, then gives the connections their time to finish; returns how many it had to cut.
    pub(super) async fn run(mut self) -> usize {
        let door = Arc::new(Gate {
            acceptor: self.acceptor,
            handshakes: Semaphore::new(self.shared.limits.handshakes),
            shared: self.shared,
            stop: self.stop.clone(),
        });
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stop.changed() => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            let (socket, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = %error.kind(), "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            ListenCounters::count(&door.shared.counters.accepted);
            match self.slots.take(address.ip()) {
                Some(slot) => drop(connections.spawn(Arc::clone(&door).serve(socket, address, slot))),
                None => ListenCounters::count(&door.shared.counters.over_bound),
            }
        }
        drop(self.socket);
        // No sender means that nobody waits: the connections end with the loop.
        let time = *self.drain.borrow();
        self.slots.all_free(time).await
    }
}

/// What a fresh connection passes.
struct Gate {
    acceptor: Acceptor,
    handshakes: Semaphore,
    shared: Arc<Shared>,
    stop: watch::Receiver<bool>,
}

impl Gate {
    async fn serve(self: Arc<Self>, socket: TcpStream, address: SocketAddr, slot: Arc<Slot>) {
        let _open = During::begin(&self.shared.counters.open);
        // Read before the handshake: if the roots change during it, the peer counts as admitted by the old ones.
        let trusted_at = self.shared.trust.as_deref().map_or(0, TrustState::generation);
        let Some(stream) = self.handshake(socket).await else { return };
        let certificate = peer_of(&stream);
        if self.shared.trust.is_some() && certificate.is_none() {
            ListenCounters::count(&self.shared.counters.handshakes_failed);
            self.shared.counters.faults.count(Fault::NoCertificate);
            return;
        }
        let connection = Connection {
            shared: Arc::clone(&self.shared),
            peer: Peer { address: address.ip().to_canonical(), certificate },
            trusted_at,
            stop: self.stop.clone(),
            _slot: slot,
        };
        match stream.selected_alpn_proto() {
            Some(ALPN::H2) => http2::run(stream, connection).await,
            _ => http1::run(stream, connection).await,
        }
    }

    async fn handshake(&self, socket: TcpStream) -> Option<Stream> {
        let counters = &self.shared.counters;
        // Without it a reply of two segments would wait for the client's delayed acknowledgement.
        socket.set_nodelay(true).ok()?;
        let shaken = timeout(self.shared.limits.handshake_time, async {
            // Never closed while the gate stands.
            let _turn = self.handshakes.acquire().await.map_err(|_| Fault::Broken)?;
            self.acceptor.tls_handshake(Wire::new(socket)).await.map_err(|error| Fault::of(&error.to_string()))
        });
        match shaken.await {
            Ok(Ok(stream)) => {
                ListenCounters::count(&counters.handshakes);
                Some(Box::new(stream))
            }
            Ok(Err(fault)) => {
                ListenCounters::count(&counters.handshakes_failed);
                counters.faults.count(fault);
                None
            }
            Err(_) => {
                ListenCounters::count(&counters.handshakes_slow);
                counters.faults.count(Fault::Slow);
                None
            }
        }
    }
}

#[cfg(test)]
#[path = "accept_tests.rs"]
mod tests;

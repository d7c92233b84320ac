//! Listeners: TCP and TLS in, one parsed request at a time to the door, its reply out.
//!
//! Map: [`serve`] opens a listener and gives a [`ListenHandle`] · `accept` is its loop, over `slots` (bounds) and `wire`
//! (socket) · `http1` and `http2` are the two kinds of connection, `head` is the strict reader before Pingora's ·
//! `connection` takes a request to the door and back · [`headers`] strips identities · [`internal`] is the same listener
//! for our own processes.
//!
//! Built from Pingora's TLS acceptor, streams and HTTP sessions under an accept loop of our own. Pingora's `Service` fixes
//! the handshake time at 60 s, waits for an HTTP/2 preface without end, has no bound on connections that knows when one
//! ends, and cannot say which port it was given for port 0 (tests open hundreds in one process).

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpSocket, sync::watch, task::JoinHandle};

use crate::{
    door::{Door, Listener},
    tls::{ListenerTls, TlsError, acceptor::acceptor},
};

mod accept;
mod body;
mod connection;
pub mod counters;
pub mod faults;
mod head;
pub mod headers;
mod http1;
mod http2;
pub mod internal;
pub mod limits;
mod slots;
#[cfg(test)]
mod testing;
mod wire;

pub use counters::ListenCounters;
pub use faults::Fault;
pub use limits::ListenLimits;

/// Connections that the system holds ready for us: a second's worth of a reconnecting agency.
const BACKLOG: u32 = 4_096;

/// Who is expected on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Anybody: identity headers are stripped.
    Outside,
    /// Our own processes, which send permits.
    Inside,
}

/// What a listener is made of.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// The name that the door sees.
    pub listener: Listener,
    /// Server certificate, and whose clients are let in.
    pub tls: ListenerTls,
    /// Bounds; what exceeds the limits of [`limits`] is brought down to them.
    pub limits: ListenLimits,
}

/// Why a listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be bound.
    #[error("{address} cannot be listened on: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The TLS configuration does not hold together.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// An open listener. Dropping it closes the listener and its connections at once; [`ListenHandle::stop`] lets them finish.
#[derive(Debug)]
pub struct ListenHandle {
    address: SocketAddr,
    counters: Arc<ListenCounters>,
    stop: watch::Sender<bool>,
    drain: watch::Sender<Duration>,
    task: JoinHandle<usize>,
}

impl ListenHandle {
    /// The address that is listened on; the port that the system chose where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The listener's counters.
    #[must_use]
    pub fn counters(&self) -> Arc<ListenCounters> {
        Arc::clone(&self.counters)
    }

    /// Accepts nothing more, lets requests under way finish within the deadline and closes. Idle connections close at
    /// once. Returns how many connections had to be cut.
    pub async fn stop(self, deadline: Duration) -> usize {
        self.drain.send_replace(deadline);
        self.stop.send_replace(true);
        // An error would be a cancelled task: the runtime is ending, and nothing is left to cut.
        self.task.await.unwrap_or(0)
    }
}

/// Opens a listener for agencies or for the public. To be called within a tokio runtime.
///
/// # Errors
/// [`ListenError`].
pub fn serve(address: SocketAddr, options: ListenOptions, door: Arc<dyn Door>) -> Result<ListenHandle, ListenError> {
    open(address, options, door, Side::Outside)
}

fn open(
    address: SocketAddr,
    options: ListenOptions,
    door: Arc<dyn Door>,
    side: Side,
) -> Result<ListenHandle, ListenError> {
    let acceptor = acceptor(&options.tls)?;
    let socket = bind(address).map_err(|error| ListenError::Bind { address, error })?;
    let address = socket.local_addr().map_err(|error| ListenError::Bind { address, error })?;
    let limits = options.limits.bounded();
    let counters = Arc::new(ListenCounters::default());
    let slots = slots::Slots::new(limits.connections, limits.connections_per_address);
    let (stop, stopped) = watch::channel(false);
    let (drain, draining) = watch::channel(Duration::ZERO);
    let shared = Arc::new(connection::Shared {
        listener: options.listener,
        side,
        door,
        trust: options.tls.clients,
        limits,
        counters: Arc::clone(&counters),
    });
    let accepting = accept::Accepting { socket, acceptor, shared, slots, stop: stopped, drain: draining };
    let task = tokio::spawn(accepting.run());
    Ok(ListenHandle { address, counters, stop, drain, task })
}

fn bind(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restarted gateway must not wait for the last one's closing connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

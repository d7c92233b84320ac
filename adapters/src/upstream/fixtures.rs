//! For tests of upstreams: a permit, a request, and a peer that speaks raw bytes over a socket.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use exchange::{
    classification::Role,
    cnic::Cnic,
    ids::{AgencyId, DatatypeId, RequestId, ServiceId},
    permit::{Grant, Permit, PermitMint},
    ports::upstream::UpstreamRequest,
    timestamp::Timestamp,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A permit for one datatype of one invented citizen.
#[expect(clippy::disallowed_methods, reason = "a test holds its own mint")]
pub(super) fn permit() -> Arc<Permit> {
    Arc::new(PermitMint::new().mint(Grant {
        request: RequestId::parse("request-1").unwrap(),
        service: ServiceId::parse("identity.yes-no").unwrap(),
        version: 1,
        agency: Some(AgencyId::parse("bank-indus").unwrap()),
        user: None,
        certificate: None,
        role: Role::Standard,
        purpose: None,
        subject: Cnic::parse("4210112345671").ok(),
        datatypes: vec![DatatypeId::parse("name").unwrap()],
        rows: 3,
        consent: None,
        basis: None,
        subject_status: false,
        policies: Vec::new(),
        obligations: Vec::new(),
        report: None,
        at: Timestamp::from_micros(0),
    }))
}

/// A question with a body, patient for longer than any test lasts.
pub(super) fn request(path: &str) -> UpstreamRequest {
    UpstreamRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        body: Bytes::from_static(b"{\"cnic\":\"4210112345671\"}"),
        content_type: "application/json",
        traceparent: None,
        deadline: Duration::from_secs(30),
        answer_bytes_max: 64,
    }
}

/// What a peer does with a request that it has read.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Sends these bytes and reads on.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    SendAndClose(Vec<u8>),
    /// Sends these bytes, then nothing more, until the other side goes away.
    SendAndHang(Vec<u8>),
    /// Sends the first bytes, then the second ones without end.
    Endless(Vec<u8>, Vec<u8>),
}

/// A server without any manners of its own.
#[derive(Debug)]
pub(super) struct Peer {
    pub address: SocketAddr,
    seen: Arc<Seen>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Vec<u8>>>,
    gone: tokio::sync::Notify,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Peer {
    /// A peer that does `act` with the n-th request, counted from 0 over all connections.
    pub async fn new(act: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), act)
    }

    /// The same at a socket of the caller's.
    pub fn on(listener: TcpListener, act: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Seen::default()));
        let (act, shared) = (Arc::new(act), seen.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (act, seen) = (act.clone(), shared.clone());
                tokio::spawn(async move {
                    converse(stream, &*act, &seen).await;
                    seen.gone.notify_one();
                });
            }
        });
        Self { address, seen, accepting }
    }

    /// Where it listens, as an upstream's base.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were made.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The requests, each whole as it came.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.seen.requests.lock().unwrap();
        requests.iter().map(|request| String::from_utf8(request.clone()).unwrap()).collect()
    }

    /// Waits until a connection has ended.
    pub async fn gone(&self) {
        self.seen.gone.notified().await;
    }
}

async fn converse(mut stream: TcpStream, act: &(impl Fn(usize) -> Act + ?Sized), seen: &Seen) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        match act(number) {
            Act::Send(bytes) => stream.write_all(&bytes).await.unwrap(),
            Act::SendAndClose(bytes) => {
                // The other side may have hung up before it read all.
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Act::SendAndHang(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                let _ = stream.read(&mut [0; 16]).await;
                return;
            }
            Act::Endless(first, again) => {
                stream.write_all(&first).await.unwrap();
                while stream.write_all(&again).await.is_ok() {}
                return;
            }
        }
    }
}

/// A request's head and as many bytes behind it as `content-length` says; `None` at the connection's end.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= head.len() + 4 + length.unwrap_or(0_usize) {
                return Some(bytes);
            }
        }
        let mut piece = [0; 4_096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

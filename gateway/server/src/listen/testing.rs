//! What the listeners' unit tests stand on: a door that remembers, and connections over pipes instead of sockets.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    caller::{Peer, PeerCertificate, Thumbprint},
    codes::Code,
    ids::AgencyId,
};
use http::{HeaderValue, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{
    ListenCounters, ListenLimits, Side,
    connection::{Connection, Shared},
    http1, http2,
    slots::Slots,
};
use crate::{
    door::{BodyError, BodyReader, Door, Head, Listener, Reply},
    tls::TrustState,
};

/// Bytes that a pipe holds before its writer has to wait.
const PIPE_BYTES: usize = 256 * 1024;

/// Bytes of body that the door takes.
pub(super) const BODY_MAX: usize = 1_024;

/// One request that the door saw.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) head: Head,
    pub(super) body: Option<Result<Bytes, BodyError>>,
}

/// Answers `request N`. The path asks for more: `/ignore` leaves the body, `/twice` reads it twice, `/close` closes,
/// `/wait` waits to be released, `/large` answers with two hundred thousand bytes.
#[derive(Debug, Default)]
pub(super) struct Remembering {
    seen: Mutex<Vec<Seen>>,
    unparsed: Mutex<Vec<(Listener, Peer, Code)>>,
    pub(super) arrived: Notify,
    pub(super) release: Notify,
}

impl Remembering {
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.head.target).collect()
    }

    pub(super) fn codes(&self) -> Vec<Code> {
        self.unparsed.lock().unwrap().iter().map(|(_, _, code)| *code).collect()
    }

    /// Agencies of the peers whose requests could not be parsed.
    pub(super) fn unparsed_agencies(&self) -> Vec<Option<String>> {
        let agency = |peer: &Peer| peer.certificate.as_ref()?.agency.as_ref().map(ToString::to_string);
        self.unparsed.lock().unwrap().iter().map(|(_, peer, _)| agency(peer)).collect()
    }
}

#[async_trait]
impl Door for Remembering {
    async fn serve(&self, head: Head, body: &mut dyn BodyReader) -> Reply {
        let target = head.target.clone();
        let body = match target.as_str() {
            "/ignore" => None,
            "/twice" => {
                body.read(BODY_MAX).await.ok();
                Some(body.read(BODY_MAX).await)
            }
            _ => Some(body.read(BODY_MAX).await),
        };
        let failed = matches!(body, Some(Err(_)));
        let count = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(Seen { head, body });
            seen.len()
        };
        if target == "/wait" {
            self.arrived.notify_one();
            self.release.notified().await;
        }
        let text = if target == "/large" { "x".repeat(200_000) } else { format!("request {count}") };
        reply(if failed { 400 } else { 200 }, text, target == "/close")
    }

    async fn unparsed(&self, listener: Listener, peer: Peer, code: Code) -> Reply {
        self.unparsed.lock().unwrap().push((listener, peer, code));
        // Whether the connection closes is the listener's to see to.
        reply(code.status(), code.to_string(), false)
    }
}

fn reply(status: u16, body: String, close: bool) -> Reply {
    let text = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Reply { status, headers: vec![text], body: Bytes::from(body), rest: None, close }
}

/// A listener without a socket.
pub(super) struct Bench {
    pub(super) door: Arc<Remembering>,
    pub(super) counters: Arc<ListenCounters>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) slots: Arc<Slots>,
    shared: Arc<Shared>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(ListenLimits::default(), Side::Outside, None)
    }

    pub(super) fn with(limits: ListenLimits, side: Side, trust: Option<Arc<TrustState>>) -> Self {
        let door = Arc::new(Remembering::default());
        let counters = Arc::new(ListenCounters::default());
        let shared = Arc::new(Shared {
            listener: Listener::Agency,
            side,
            door: Arc::clone(&door) as _,
            trust,
            limits,
            counters: Arc::clone(&counters),
        });
        Self { door, counters, stop: watch::channel(false).0, slots: Slots::new(64, 64), shared }
    }

    /// A connection of this agency's, or of nobody's.
    pub(super) fn connection(&self, agency: Option<&str>) -> Connection {
        let address = "192.0.2.7".parse().unwrap();
        Connection {
            shared: Arc::clone(&self.shared),
            peer: Peer { address, certificate: agency.map(|agency| Arc::new(certificate(agency))) },
            trusted_at: self.shared.trust.as_deref().map_or(0, TrustState::generation),
            stop: self.stop.subscribe(),
            _slot: self.slots.take(address).unwrap(),
        }
    }

    /// Speaks HTTP/1 with `bank-indus` at the other end of a pipe.
    pub(super) fn http1(&self) -> Client {
        self.http1_of(Some("bank-indus"))
    }

    pub(super) fn http1_of(&self, agency: Option<&str>) -> Client {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let served = tokio::spawn(http1::run(Box::new(far), self.connection(agency)));
        Client { pipe: near, rest: Vec::new(), served }
    }

    /// The client's end of an HTTP/2 connection, nothing said yet.
    pub(super) fn http2(&self) -> Client {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let served = tokio::spawn(http2::run(Box::new(far), self.connection(Some("bank-indus"))));
        Client { pipe: near, rest: Vec::new(), served }
    }

    /// One of the listener's counts.
    pub(super) fn count(&self, name: &str) -> u64 {
        self.counters.all().into_iter().find(|(known, _)| *known == name).unwrap().1
    }
}

/// A client certificate that names this agency.
pub(super) fn certificate(agency: &str) -> PeerCertificate {
    PeerCertificate {
        thumbprint: Thumbprint([7; 32]),
        spki_sha256: "ab".repeat(32),
        serial: "1f".to_owned(),
        agency: AgencyId::parse(agency).ok(),
        not_before_s: 0,
        not_after_s: i64::MAX,
    }
}

/// The other end of a connection.
pub(super) struct Client {
    pub(super) pipe: DuplexStream,
    rest: Vec<u8>,
    pub(super) served: JoinHandle<()>,
}

/// One reply as it stood on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Status line and headers, lower case.
    pub(super) head: String,
    pub(super) body: String,
}

impl Client {
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have closed already; what it answered is what counts.
        let _ = self.pipe.write_all(bytes.as_ref()).await;
    }

    pub(super) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Option<Answer> {
        self.send(bytes).await;
        self.answer().await
    }

    /// The next reply; none when the connection ends before one.
    pub(super) async fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(answer) = self.whole() {
                return Some(answer);
            }
            if self.pipe.read_buf(&mut self.rest).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    fn whole(&mut self) -> Option<Answer> {
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let body = rest.get(..length.map_or(0, |length| length.parse().unwrap()))?.to_owned();
        self.rest.drain(..head.len() + 4 + body.len());
        Some(Answer { status: head.get(9..12)?.parse().unwrap(), head: lower, body })
    }

    /// Waits for the server's end; whether not another byte came before it.
    pub(super) async fn is_closed(&mut self) -> bool {
        self.rest.is_empty() && self.pipe.read(&mut [0]).await.unwrap_or(0) == 0
    }
}

/// A plain GET.
pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
}

/// A plain POST.
pub(super) fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

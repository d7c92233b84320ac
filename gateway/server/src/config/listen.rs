//! `[listen]`: where the listeners stand, and how much and how long a peer may occupy them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use exchange::limits as exchange_limits;

use super::{
    limits,
    section::{Section, within},
};

/// Every address is a loopback address unless the configuration says otherwise.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// `[listen]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Agencies' listener (mTLS); default 127.0.0.1:8443. Whoever controls it could put another door in front of agencies.
    pub agency: SocketAddr,
    /// The public's listener (TLS); default 127.0.0.1:8444. Whoever controls it could hide public reports.
    pub public: SocketAddr,
    /// Metrics and health, loopback only; default 127.0.0.1:9464. Whoever controls it could hide an alarm.
    pub ops: SocketAddr,
    /// Where the control role serves other processes (internal mTLS); absent by default. Whoever reaches it still needs an
    /// internal certificate.
    pub internal_control: Option<SocketAddr>,
    /// Where the registry role serves other processes (internal mTLS); absent by default. Whoever reaches it still needs an
    /// internal certificate and a permit.
    pub internal_registry: Option<SocketAddr>,
    /// Connections of one listener at once; default 4096. Whoever raises it could exhaust memory.
    pub connections_max: u32,
    /// TLS handshakes at once; default 256. Whoever raises it could let a flood of handshakes starve requests.
    pub handshakes_max: u32,
    /// Milliseconds for a handshake; default 5000. Whoever raises it lets silent peers hold places.
    pub handshake_timeout_ms: u64,
    /// Milliseconds for a request's head; default 10000. Whoever raises it lets slow peers hold places.
    pub header_timeout_ms: u64,
    /// Bytes of a request's head; default 16384. Whoever raises it could exhaust memory.
    pub header_bytes_max: usize,
    /// Header fields of a request; default 64. Whoever raises it makes each request dearer to check.
    pub headers_max: usize,
    /// Milliseconds for a request's body; default 10000. Whoever raises it lets slow peers hold places.
    pub body_timeout_ms: u64,
    /// Bytes of a request's body; default 65536. Whoever lowers it could refuse legal notices.
    pub body_bytes_max: usize,
    /// Milliseconds that an idle connection is kept; default 60000. Whoever raises it lets idle peers hold places.
    pub idle_timeout_ms: u64,
    /// Concurrent streams of one HTTP/2 connection; default 128. Whoever raises it weakens the bound on work per connection.
    pub http2_streams_max: u32,
    /// Milliseconds that a stop waits for requests in flight; default 30000. Whoever lowers it could cut answers off.
    pub drain_timeout_ms: u64,
}

impl Listen {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let wait = within!(limits::WAIT_MS_MIN, limits::WAIT_MS_MAX);
        let listen = Self {
            agency: section.address("agency", SocketAddr::new(LOOPBACK, 8443)),
            public: section.address("public", SocketAddr::new(LOOPBACK, 8444)),
            ops: section.address("ops", SocketAddr::new(LOOPBACK, 9464)),
            internal_control: section.optional_address("internal_control"),
            internal_registry: section.optional_address("internal_registry"),
            connections_max: section.number("connections_max", 4_096, within!(1, limits::CONNECTIONS_MAX)),
            handshakes_max: section.number("handshakes_max", 256, within!(1, limits::HANDSHAKES_MAX)),
            handshake_timeout_ms: section.number("handshake_timeout_ms", 5_000, wait),
            header_timeout_ms: section.number("header_timeout_ms", 10_000, wait),
            header_bytes_max: section.number(
                "header_bytes_max",
                16_384,
                within!(limits::HEAD_BYTES_MIN, limits::HEAD_BYTES_MAX),
            ),
            headers_max: section.number("headers_max", 64, within!(limits::HEADERS_MIN, limits::HEADERS_MAX)),
            body_timeout_ms: section.number("body_timeout_ms", 10_000, wait),
            body_bytes_max: section.number(
                "body_bytes_max",
                exchange_limits::REQUEST_BODY_BYTES_MAX,
                within!(1_024, exchange_limits::REQUEST_BODY_BYTES_MAX),
            ),
            idle_timeout_ms: section.number("idle_timeout_ms", 60_000, within!(1_000, limits::IDLE_MS_MAX)),
            http2_streams_max: section.number("http2_streams_max", 128, within!(1, limits::STREAMS_MAX)),
            drain_timeout_ms: section.number("drain_timeout_ms", 30_000, within!(0, limits::DRAIN_MS_MAX)),
        };
        listen.check(section);
        listen
    }

    fn check(&self, section: &mut Section<'_>) {
        if !self.ops.ip().is_loopback() {
            section.refuse("ops", "metrics and health stay on a loopback address");
        }
        let named = [
            ("agency", Some(self.agency)),
            ("public", Some(self.public)),
            ("ops", Some(self.ops)),
            ("internal_control", self.internal_control),
            ("internal_registry", self.internal_registry),
        ];
        // Port 0 lets the host choose, so two of them do not collide.
        let taken: Vec<_> =
            named.iter().filter_map(|(key, a)| a.filter(|a| a.port() != 0).map(|a| (*key, a))).collect();
        for (at, (key, address)) in taken.iter().enumerate() {
            if let Some((first, _)) = taken.iter().take(at).find(|(_, other)| other == address) {
                section.refuse(key, format!("the same address as `{first}`"));
            }
        }
    }
}

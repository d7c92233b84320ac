//! `[listen]`: where the listeners stand, and how much and how long a peer may occupy them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{
    limits,
    section::{Bounds, Section, quoted, within},
    upstream::to_url,
};
use crate::listen::limits as bounds;

/// Every address is a loopback address unless the configuration says otherwise.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// `[listen]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Agencies' listener (mTLS); default 127.0.0.1:8443. Whoever controls it could put another door in front of agencies.
    pub agency: SocketAddr,
    /// The agencies' listener as clients reach it, which discovery names and tokens say: `https://host` or `https://host:port`; absent
    /// by default, then `https://` and `[node] origin`, in development with the listener's port. Whoever controls it could send
    /// clients elsewhere.
    pub agency_url: Option<String>,
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
    /// Connections of one listener at once; default and most 16384. Whoever lowers it could shut agencies out.
    pub connections_max: u32,
    /// Connections from one address; default and most 4096. Whoever raises it lets one peer take all places.
    pub connections_per_address_max: u32,
    /// TLS handshakes under way; default and most 512. Whoever raises it could let a flood of handshakes starve requests.
    pub handshakes_max: u32,
    /// Milliseconds for a handshake; default and most 5000. Whoever raises it lets silent peers hold places.
    pub handshake_timeout_ms: u64,
    /// Milliseconds for a request's head; default and most 5000. Whoever raises it lets slow peers hold places.
    pub header_timeout_ms: u64,
    /// Milliseconds for a request's body; default and most 10000. Whoever raises it lets slow peers hold places.
    pub body_timeout_ms: u64,
    /// Milliseconds that a client has to take a reply; default and most 30000. Whoever raises it lets slow peers hold
    /// places.
    pub reply_timeout_ms: u64,
    /// Milliseconds that a connection may be without a request; default and most 75000. Whoever raises it lets idle peers
    /// hold places.
    pub idle_timeout_ms: u64,
    /// Milliseconds that a stop waits for requests in flight; default 30000. Whoever lowers it could cut answers off.
    pub drain_timeout_ms: u64,
}

impl Listen {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let listen = Self {
            agency: section.address("agency", SocketAddr::new(LOOPBACK, 8443)),
            agency_url: section.optional_url("agency_url", outer_url, |url| quoted(url)),
            public: section.address("public", SocketAddr::new(LOOPBACK, 8444)),
            ops: section.address("ops", SocketAddr::new(LOOPBACK, 9464)),
            internal_control: section.optional_address("internal_control"),
            internal_registry: section.optional_address("internal_registry"),
            connections_max: count(
                section,
                "connections_max",
                bounds::CONNECTIONS_MAX,
                "listen::limits::CONNECTIONS_MAX",
            ),
            connections_per_address_max: count(
                section,
                "connections_per_address_max",
                bounds::CONNECTIONS_PER_ADDRESS_MAX,
                "listen::limits::CONNECTIONS_PER_ADDRESS_MAX",
            ),
            handshakes_max: count(section, "handshakes_max", bounds::HANDSHAKES_MAX, "listen::limits::HANDSHAKES_MAX"),
            handshake_timeout_ms: wait(
                section,
                "handshake_timeout_ms",
                bounds::HANDSHAKE_TIME,
                "listen::limits::HANDSHAKE_TIME",
            ),
            header_timeout_ms: wait(section, "header_timeout_ms", bounds::HEAD_TIME, "listen::limits::HEAD_TIME"),
            body_timeout_ms: wait(section, "body_timeout_ms", bounds::BODY_TIME, "listen::limits::BODY_TIME"),
            reply_timeout_ms: wait(section, "reply_timeout_ms", bounds::REPLY_TIME, "listen::limits::REPLY_TIME"),
            idle_timeout_ms: wait(section, "idle_timeout_ms", bounds::IDLE_TIME, "listen::limits::IDLE_TIME"),
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

/// An issuer (OpenID Connect Discovery 1.0 §3) without a path.
fn outer_url(text: &str) -> Result<String, String> {
    let url = to_url(text)?;
    // The parser drops a fragment without a word.
    if url.scheme_str() == Some("https") && !text.ends_with('/') && !text.contains('#') {
        return Ok(text.to_owned());
    }
    Err("not a url such as https://host:port, by https and without a slash at the end".to_owned())
}

/// A count from 1 to the listener's own bound, which is also the default.
fn count(section: &mut Section<'_>, key: &'static str, max: usize, name: &'static str) -> u32 {
    let default = u32::try_from(max).unwrap_or(u32::MAX);
    section.number(key, default, own_bound(1, i64::from(default), name))
}

/// A wait from [`limits::WAIT_MS_MIN`] to the listener's own bound, which is also the default, in milliseconds.
fn wait(section: &mut Section<'_>, key: &'static str, max: Duration, name: &'static str) -> u64 {
    let default = i64::try_from(max.as_millis()).unwrap_or(i64::MAX);
    let bounds = Bounds { min_name: "limits::WAIT_MS_MIN", ..own_bound(limits::WAIT_MS_MIN, default, name) };
    section.number(key, default.unsigned_abs(), bounds)
}

fn own_bound(min: i64, max: i64, name: &'static str) -> Bounds {
    Bounds { min, min_name: "", max, max_name: name }
}

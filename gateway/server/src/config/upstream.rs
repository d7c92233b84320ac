//! `[upstream.<id>]`: who answers behind the door.

use std::path::PathBuf;

use exchange::ids::UpstreamId;
use http::Uri;

use super::{
    limits,
    section::{Section, quoted, within},
};

/// Where an upstream runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamKind {
    /// In this process: `control` and `registry` only.
    Embedded,
    /// Another of our own processes: internal mTLS and permit tokens.
    Internal,
    /// Another agency's API: its own credentials, no permit, answers filtered and distrusted.
    External,
}

/// `[upstream.<id>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its name in the catalogue.
    pub id: UpstreamId,
    /// Where it runs; default `embedded` for `control` and `registry`, `external` for others. Whoever controls it could send
    /// requests elsewhere.
    pub kind: UpstreamKind,
    /// Base URL such as `https://127.0.0.1:8451`; none when embedded. Whoever controls it could send requests elsewhere.
    pub url: Option<Uri>,
    /// Authority of its certificate, PEM; default `[tls] internal_ca` for internal ones, needed for external ones. Whoever
    /// controls it could pose as the upstream.
    pub ca: Option<PathBuf>,
    /// Our certificate towards it, PEM; default `[tls] internal_cert` for internal ones.
    pub client_cert: Option<PathBuf>,
    /// Key of that certificate, PEM. Whoever reads it could ask the upstream in our name.
    pub client_key: Option<PathBuf>,
    /// Key of the permit tokens for it, 32 bytes; internal ones only. Whoever reads it could make permits.
    pub permit_key: Option<PathBuf>,
    /// Milliseconds for one answer, over the catalogue's own number; default 5000. Whoever raises it lets a slow upstream
    /// hold requests.
    pub timeout_ms: u64,
    /// Failures in a row that open the circuit; default 5. Whoever raises it lets requests wait on a dead upstream.
    pub breaker_failures: u32,
    /// Milliseconds that the circuit stays open before one trial; default 2000. Whoever raises it keeps a healthy upstream
    /// out.
    pub breaker_open_ms: u64,
}

impl Upstream {
    pub(super) fn read(section: &mut Section<'_>, id: UpstreamId) -> Self {
        let ours = ["control", "registry"].contains(&id.as_str());
        let kinds = [
            ("embedded", UpstreamKind::Embedded),
            ("internal", UpstreamKind::Internal),
            ("external", UpstreamKind::External),
        ];
        let default = if ours { UpstreamKind::Embedded } else { UpstreamKind::External };
        let wait = within!(limits::WAIT_MS_MIN, limits::WAIT_MS_MAX);
        let upstream = Self {
            id,
            kind: section.choice("kind", default, &kinds),
            url: section.optional_url("url", to_url, |url| quoted(&url.to_string())),
            ca: section.optional_path("ca"),
            client_cert: section.optional_path("client_cert"),
            client_key: section.optional_path("client_key"),
            permit_key: section.optional_path("permit_key"),
            timeout_ms: section.number("timeout_ms", 5_000, wait),
            breaker_failures: section.number("breaker_failures", 5, within!(1, limits::BREAKER_FAILURES_MAX)),
            breaker_open_ms: section.number("breaker_open_ms", 2_000, wait),
        };
        upstream.check(section, ours);
        upstream
    }

    fn is_encrypted(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.scheme_str() == Some("https"))
    }

    fn check(&self, section: &mut Section<'_>, ours: bool) {
        match self.kind {
            UpstreamKind::Embedded if !ours => section.refuse("kind", "only control and registry can be embedded"),
            UpstreamKind::Embedded if self.url.is_some() => section.refuse("url", "an embedded upstream has no url"),
            UpstreamKind::External if ours => section.refuse("kind", "control and registry are embedded or internal"),
            UpstreamKind::Internal | UpstreamKind::External if self.url.is_none() => {
                section.refuse("url", "needed unless the upstream is embedded");
            }
            UpstreamKind::Internal if self.permit_key.is_none() => {
                section.refuse("permit_key", "needed for an internal upstream: it answers to permits only");
            }
            UpstreamKind::External if self.permit_key.is_some() => {
                section.refuse("permit_key", "permits are never sent to another agency");
            }
            UpstreamKind::External if self.ca.is_none() && self.is_encrypted() => {
                section.refuse("ca", "needed for an external upstream: nothing else vouches for it");
            }
            _ => {}
        }
        if self.client_cert.is_some() != self.client_key.is_some() {
            section.refuse("client_key", "client_cert and client_key come together");
        }
        let plain = self.url.is_some() && !self.is_encrypted();
        if plain && self.kind == UpstreamKind::Internal {
            section.refuse("url", "internal upstreams are reached by https only");
        } else if plain && !self.url.as_ref().is_some_and(is_loopback) {
            section.refuse("url", "plain http leaves this machine unprotected");
        }
    }
}

pub(super) fn to_url(text: &str) -> Result<Uri, String> {
    let wrong = || "not a url such as https://host:port".to_owned();
    let url: Uri = text.parse().map_err(|_| wrong())?;
    let scheme = matches!(url.scheme_str(), Some("http" | "https"));
    let bare = url.query().is_none() && matches!(url.path(), "" | "/");
    let named = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if scheme && bare && named { Ok(url) } else { Err(wrong()) }
}

fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

//! `[sms]`: how messages reach citizens, and how theirs reach us.

use std::{net::SocketAddr, path::PathBuf};

use super::{
    limits,
    section::{Section, quoted, within},
};

/// Seconds that a message waits for its turn at most (`adapters::sms::http`).
const TURNS_WAIT_S: i64 = 8;

/// A way to send SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsTransport {
    /// An outbox in the control database, printed by `ijazat sms`; nothing is sent.
    Sandbox,
    /// A network's SMSC, by SMPP 3.4 or 5.0.
    Smpp,
    /// An aggregator or a Kannel of our own, by HTTP.
    Http,
}

/// Version of SMPP that is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppVersion {
    /// 3.4, which every SMSC speaks.
    V34,
    /// 5.0.
    V50,
}

/// How an aggregator is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsMethod {
    /// Everything in the URL.
    Get,
    /// Everything in a form.
    Post,
}

impl SmsMethod {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "get" => Ok(Self::Get),
            "post" => Ok(Self::Post),
            _ => Err("not one of get, post".to_owned()),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

/// `[sms]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// Way to send; default `sandbox`. Whoever controls it could read passcodes.
    pub transport: SmsTransport,
    /// The far end: `smpp://USER@HOST:PORT` or `smpps://…` (TLS), `https://USER@HOST/PATH` (plain http on a loopback address
    /// only). Whoever controls it gets every passcode.
    pub url: Option<SmsUrl>,
    /// Password of that user, a file of mode 0600. Whoever reads it could send in our name.
    pub password: Option<PathBuf>,
    /// Authority of the far end's certificate (PEM), for `smpps` and `https`. Whoever controls it could pose as the network.
    pub ca: Option<PathBuf>,
    /// Our number, which citizens answer to; default `8009`. Whoever controls it could let answers go elsewhere.
    pub sender: String,
    /// Messages a second that this process may send, of those that the contract allows; default 50. Whoever lowers it delays passcodes.
    pub rate_per_s: u32,
    /// Messages handed over at once; default 20. Whoever lowers it delays passcodes.
    pub window: u32,
    /// Whether SMPP may go to another machine without TLS, through a tunnel of the operator's; default false. Whoever sets it lets
    /// passcodes be read on the way.
    pub plain: bool,
    /// How an aggregator is asked; by default by POST, and by GET where it is Kannel on a loopback address, which knows no other.
    /// With GET numbers and passcodes stand in URLs, which proxies write down.
    pub method: Option<SmsMethod>,
    /// Version of SMPP; default `3.4`.
    pub version: SmppVersion,
    /// Where an aggregator brings citizens' messages and receipts, a loopback address: one that is elsewhere comes through a proxy
    /// with TLS. Absent by default. Whoever reaches it still needs the secret.
    pub listen: Option<SocketAddr>,
    /// The same as the aggregator reaches it, for receipts; absent by default: `http://` and `listen`.
    pub callback: Option<String>,
    /// Secret of what an aggregator brings, a file of mode 0600. Whoever reads it could refuse in citizens' names.
    pub secret: Option<PathBuf>,
    /// Whether what is brought carries the secret itself, for a Kannel on the same machine that cannot sign; default false.
    pub unsigned: bool,
}

/// The far end: scheme, user, and the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsUrl {
    /// `smpp`, `smpps`, `http` or `https`.
    pub scheme: String,
    /// Who we are there.
    pub user: String,
    /// Host, port, and for HTTP the path.
    pub rest: String,
}

impl SmsUrl {
    /// Reads a URL with a user and without a password.
    fn parse(text: &str) -> Result<Self, String> {
        let reason = || "not a url such as smpp://USER@HOST:2775 or https://USER@HOST/cgi-bin/sendsms".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(reason)?;
        let (user, rest) = rest.rsplit_once('@').ok_or_else(reason)?;
        if !["smpp", "smpps", "http", "https"].contains(&scheme) || user.is_empty() || rest.is_empty() {
            return Err(reason());
        }
        if user.contains([':', '/', '?', '@']) {
            return Err("holds more than a user: a password belongs into the file that `password` names".to_owned());
        }
        Ok(Self { scheme: scheme.to_owned(), user: user.to_owned(), rest: rest.to_owned() })
    }

    fn is_of(&self, transport: SmsTransport) -> bool {
        match transport {
            SmsTransport::Sandbox => true,
            SmsTransport::Smpp => self.scheme.starts_with("smpp"),
            SmsTransport::Http => self.scheme.starts_with("http"),
        }
    }

    /// Host and port alone.
    fn authority(&self) -> &str {
        self.rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.authority().rsplit_once(':').map_or(self.authority(), |(host, _)| host);
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        plain == "localhost" || plain.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for SmsUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}@{}", self.scheme, self.user, self.rest)
    }
}

impl Sms {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let transports =
            [("sandbox", SmsTransport::Sandbox), ("smpp", SmsTransport::Smpp), ("http", SmsTransport::Http)];
        let versions = [("3.4", SmppVersion::V34), ("5.0", SmppVersion::V50)];
        let read = Self {
            transport: section.choice("transport", SmsTransport::Sandbox, &transports),
            url: section.optional_url("url", SmsUrl::parse, |url| quoted(&url.to_string())),
            password: section.optional_path("password"),
            ca: section.optional_path("ca"),
            sender: section.parsed("sender", "8009".to_owned(), short_code, |text| quoted(text)),
            rate_per_s: section.number("rate_per_s", 50, within!(1, limits::SMS_RATE_MAX)),
            window: section.number("window", 20, within!(1, limits::SMS_WINDOW_MAX)),
            plain: section.flag("plain", false),
            method: section.optional("method", SmsMethod::parse, |method| quoted(method.as_str())),
            version: section.choice("version", SmppVersion::V34, &versions),
            listen: section.optional_address("listen"),
            callback: section.optional("callback", callback, |url| quoted(url)),
            secret: section.optional_path("secret"),
            unsigned: section.flag("unsigned", false),
        };
        read.check(section);
        read
    }

    fn check(&self, section: &mut Section<'_>) {
        let secrets = [("url", self.url.is_some()), ("password", self.password.is_some())];
        if self.transport == SmsTransport::Sandbox {
            // Whoever gives them means to send.
            for (key, _) in secrets.into_iter().filter(|(_, given)| *given) {
                section.refuse(key, "of no use to the sandbox, which sends nothing: give `transport`");
            }
            return;
        }
        match &self.url {
            None => section.refuse("url", "needed unless the transport is sandbox"),
            Some(url) if !url.is_of(self.transport) => section.refuse("url", "of another transport"),
            Some(url) if url.scheme == "http" && !url.is_loopback() => {
                section.refuse("url", "passcodes leave this machine over https only");
            }
            Some(url) if url.scheme == "smpp" && !url.is_loopback() && !self.plain => {
                section.refuse(
                    "url",
                    "passcodes leave this machine over smpps, or through a tunnel of yours: then plain = true",
                );
            }
            Some(url) if ["smpps", "https"].contains(&url.scheme.as_str()) && self.ca.is_none() => {
                section.refuse("ca", "needed for smpps and https");
            }
            Some(_) => {}
        }
        if self.password.is_none() {
            section.refuse("password", "needed unless the transport is sandbox");
        }
        if self.transport == SmsTransport::Http && (self.listen.is_none() || self.secret.is_none()) {
            section.refuse("listen", "an aggregator needs `listen` and `secret` to bring messages and receipts");
        }
        if i64::from(self.window) > i64::from(self.rate_per_s).saturating_mul(TURNS_WAIT_S) {
            section.refuse(
                "window",
                "more than eight seconds' worth of `rate_per_s`: messages would wait in vain for their turn",
            );
        }
        if self.transport == SmsTransport::Smpp && (self.listen.is_some() || self.secret.is_some() || self.unsigned) {
            section.refuse("listen", "of no use to smpp, which brings everything over its one connection");
        }
        if self.listen.is_some_and(|address| !address.ip().is_loopback()) {
            section
                .refuse("listen", "plain http: an aggregator elsewhere comes through a proxy with TLS on this machine");
        }
    }
}

fn short_code(text: &str) -> Result<String, String> {
    let digits = (3..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { Ok(text.to_owned()) } else { Err("not 3 to 15 digits".to_owned()) }
}

fn callback(text: &str) -> Result<String, String> {
    let known = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    let plain = text.len() <= 200 && !text.contains(['?', '#', '@', ' ']);
    if known && plain {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("not a plain http or https url".to_owned())
    }
}

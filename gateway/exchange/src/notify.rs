//! Where and how an agency is told that something is ready (OpenID CIBA Core 1.0 §5, §10.2) or has ended (RFC 8935).

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::limits;

/// How an agency learns that its request for consent was answered (CIBA Core 1.0 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum DeliveryMode {
    /// It asks.
    #[default]
    Poll,
    /// It is told that it may ask.
    Ping,
}

impl DeliveryMode {
    /// Reads `poll` or `ping`.
    ///
    /// # Errors
    /// [`NotifyError::Push`], which is told apart because it is asked for in good faith; [`NotifyError::Mode`].
    pub fn parse(text: &str) -> Result<Self, NotifyError> {
        match text {
            "poll" => Ok(Self::Poll),
            "ping" => Ok(Self::Ping),
            "push" => Err(NotifyError::Push),
            _ => Err(NotifyError::Mode),
        }
    }

    /// The word in the directory.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Ping => "ping",
        }
    }
}

impl TryFrom<String> for DeliveryMode {
    type Error = NotifyError;

    fn try_from(text: String) -> Result<Self, NotifyError> {
        Self::parse(&text)
    }
}

impl From<DeliveryMode> for &'static str {
    fn from(mode: DeliveryMode) -> Self {
        mode.as_str()
    }
}

/// Why an agency cannot be told anything in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Tokens would leave by a door of the agency's, on which no certificate binds them.
    #[error(
        "push is not supported: a token is fetched from /token, over the certificate that it is bound to; use ping"
    )]
    Push,
    /// A mode that nobody knows.
    #[error("the delivery mode is not one of poll, ping")]
    Mode,
    /// A URL in the clear, or none at all.
    #[error("a notification url begins with https://")]
    NotHttps,
    /// A user, a password or a fragment in a URL.
    #[error("a notification url has no user, no password and no fragment")]
    Parts,
    /// An address where a name belongs: a certificate speaks for names.
    #[error("a notification url names its host by a dns name, not by an address")]
    Host,
    /// A port that is none.
    #[error("a notification url's port is a number from 1 to 65535")]
    Port,
    /// A character that belongs into no URL, or too many of them.
    #[error(
        "a notification url has at most {} characters, all of which may stand in a url",
        limits::NOTIFY_URL_BYTES_MAX
    )]
    Characters,
    /// Ping without a place.
    #[error("ping needs a ping_url")]
    PingUrl,
    /// A bearer token that is no bearer token, or that can be guessed.
    #[error(
        "a client_notification_token has {} to {} characters of RFC 6750's",
        limits::NOTIFICATION_TOKEN_BYTES_MIN,
        limits::NOTIFICATION_TOKEN_BYTES_MAX
    )]
    Token,
}

/// A URL that notifications may go to: https, by a host's name. Which addresses the name may stand for is looked at when it is
/// called. Prints without its path, which an agency may keep to itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NotifyUrl {
    text: String,
    host: String,
    port: u16,
    target: String,
}

impl NotifyUrl {
    /// Reads it.
    ///
    /// # Errors
    /// [`NotifyError`] says which rule the text broke, without repeating it.
    pub fn parse(text: &str) -> Result<Self, NotifyError> {
        let rest = text.strip_prefix("https://").ok_or(NotifyError::NotHttps)?;
        let (authority, target) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        if rest.contains('#') || authority.contains('@') {
            return Err(NotifyError::Parts);
        }
        if text.len() > limits::NOTIFY_URL_BYTES_MAX || !target.bytes().all(is_of_a_target) {
            return Err(NotifyError::Characters);
        }
        let (host, port) = match authority.rsplit_once(':') {
            None => (authority, 443),
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, port.parse().ok().filter(|port| *port > 0).ok_or(NotifyError::Port)?)
            }
            Some(_) => return Err(NotifyError::Port),
        };
        if !is_name(host) {
            return Err(NotifyError::Host);
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { text: text.to_owned(), host: host.to_owned(), port, target: format!("{slash}{target}") })
    }

    /// The whole URL, for the directory and its keepers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whom the certificate must speak for.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 443 where none is named.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, as the first line of a request has them.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Host, and the port where it is not the usual one, as `Host` has them.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == 443 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl fmt::Debug for NotifyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotifyUrl(https://{}/…)", self.authority())
    }
}

impl TryFrom<String> for NotifyUrl {
    type Error = NotifyError;

    fn try_from(text: String) -> Result<Self, NotifyError> {
        Self::parse(&text)
    }
}

impl From<NotifyUrl> for String {
    fn from(url: NotifyUrl) -> Self {
        url.text
    }
}

/// How an agency is told. Nothing is told to an agency without an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Given")]
pub struct Notify {
    /// How it learns of an answer.
    pub delivery_mode: DeliveryMode,
    /// Where it is told that one is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_url: Option<NotifyUrl>,
    /// Where it is told of events, as signed tokens (RFC 8417): that a citizen ended a consent. A place of its own, because another
    /// library listens there; it may be the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_url: Option<NotifyUrl>,
}

impl Notify {
    /// Puts it together.
    ///
    /// # Errors
    /// [`NotifyError::PingUrl`].
    pub fn new(
        delivery_mode: DeliveryMode,
        ping_url: Option<NotifyUrl>,
        event_url: Option<NotifyUrl>,
    ) -> Result<Self, NotifyError> {
        if delivery_mode == DeliveryMode::Ping && ping_url.is_none() {
            return Err(NotifyError::PingUrl);
        }
        Ok(Self { delivery_mode, ping_url, event_url })
    }
}

/// As it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default)]
    delivery_mode: DeliveryMode,
    #[serde(default)]
    ping_url: Option<NotifyUrl>,
    #[serde(default)]
    event_url: Option<NotifyUrl>,
}

impl TryFrom<Given> for Notify {
    type Error = NotifyError;

    fn try_from(given: Given) -> Result<Self, NotifyError> {
        Self::new(given.delivery_mode, given.ping_url, given.event_url)
    }
}

/// The token by which an agency knows a notification of its request for ours (CIBA Core 1.0 §7.1). Wiped when dropped, never printed.
#[derive(Clone)]
pub struct NotificationToken(Zeroizing<String>);

impl NotificationToken {
    /// Reads the syntax of RFC 6750 §2.1. What is too short to hold 128 bits in any alphabet of it can be guessed and is refused.
    ///
    /// # Errors
    /// [`NotifyError::Token`], without repeating the text.
    pub fn parse(text: &str) -> Result<Self, NotifyError> {
        let lengths = limits::NOTIFICATION_TOKEN_BYTES_MIN..=limits::NOTIFICATION_TOKEN_BYTES_MAX;
        let body = text.trim_end_matches('=');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if !lengths.contains(&text.len()) || body.is_empty() || !body.bytes().all(plain) {
            return Err(NotifyError::Token);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The token, for the header of the notification alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NotificationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotificationToken(***)")
    }
}

/// What RFC 3986 lets stand in a path or query.
fn is_of_a_target(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte)
}

/// A name of DNS. One whose last label is a number is an address to whoever resolves it, in decimal or in another notation.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= 253 && host.split('.').all(is_label) && !last.starts_with(|first: char| first.is_ascii_digit())
}

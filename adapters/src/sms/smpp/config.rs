//! How to reach the far end: its address, our account there, and its contract's numbers.

use std::{fmt, sync::Arc, time::Duration};

use super::limits;
pub use crate::sms::password::Password;
use rustls_pki_types::ServerName;

/// TLS to the far end.
#[derive(Clone)]
pub struct SmppTls {
    /// The name that its certificate must carry.
    pub server_name: ServerName<'static>,
    /// Whom to trust, and our certificate if it asks for one.
    pub client: Arc<rustls::ClientConfig>,
}

impl fmt::Debug for SmppTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmppTls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

/// The version that we announce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 3.3, for the oldest: no TLVs are sent.
    V3_3,
    /// 3.4, which nearly all speak.
    #[default]
    V3_4,
    /// 5.0.
    V5_0,
}

impl Version {
    /// As the bind carries it.
    #[must_use]
    pub const fn octet(self) -> u8 {
        match self {
            Self::V3_3 => 0x33,
            Self::V3_4 => 0x34,
            Self::V5_0 => 0x50,
        }
    }
}

/// From whom our messages come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The short code, such as `8009`.
    pub address: String,
    /// Type of number: 3, network specific, is the commonest for a short code; some contracts say 0 or 6.
    pub ton: u8,
    /// Numbering plan: 0, unknown, is the commonest for a short code; some contracts say 1.
    pub npi: u8,
}

impl Source {
    /// A short code as most contracts want it.
    #[must_use]
    pub fn short_code(address: impl Into<String>) -> Self {
        Self { address: address.into(), ton: 3, npi: 0 }
    }
}

/// What a transport needs to know.
#[derive(Clone, Debug)]
pub struct SmppConfig {
    /// `host:port`.
    pub address: String,
    /// TLS; without it the passcodes cross the wire in the clear, so then a tunnel must stand around it.
    pub tls: Option<SmppTls>,
    /// Our account.
    pub system_id: String,
    /// Its password.
    pub password: Password,
    /// What kind of system we are, where the contract names one.
    pub system_type: String,
    /// The version that we announce.
    pub version: Version,
    /// From whom our messages come.
    pub source: Source,
    /// Messages sent and not yet answered, 1 to [`limits::WINDOW_MAX`].
    pub window: u16,
    /// Pieces each second, 1 to [`limits::RATE_PER_S_MAX`].
    pub rate_per_s: u32,
    /// The silence after which we ask whether the far end lives, to [`limits::ENQUIRE_LINK_MAX`].
    pub enquire_link: Duration,
    /// How long to wait for an answer, to [`limits::RESPONSE_TIMEOUT_MAX`].
    pub response_timeout: Duration,
    /// The first pause before connecting again; it doubles with each failure.
    pub reconnect_min: Duration,
    /// The longest such pause, to [`limits::RECONNECT_MAX`].
    pub reconnect_max: Duration,
}

impl SmppConfig {
    /// An account at `address`, with numbers that suit most contracts.
    #[must_use]
    pub fn new(address: impl Into<String>, system_id: impl Into<String>, password: Password, source: Source) -> Self {
        Self {
            address: address.into(),
            tls: None,
            system_id: system_id.into(),
            password,
            system_type: String::new(),
            version: Version::default(),
            source,
            window: 10,
            rate_per_s: 50,
            enquire_link: Duration::from_secs(30),
            response_timeout: Duration::from_secs(10),
            reconnect_min: Duration::from_secs(1),
            reconnect_max: Duration::from_mins(1),
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// [`ConfigError`] for the first that is broken.
    pub fn check(&self) -> Result<(), ConfigError> {
        let host_and_port = self
            .address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0));
        if !host_and_port {
            return Err(ConfigError::Address);
        }
        text("system_id", &self.system_id, 1, limits::SYSTEM_ID_BYTES_MAX)?;
        text("password", self.password.reveal(), 0, limits::PASSWORD_BYTES_MAX)?;
        text("system_type", &self.system_type, 0, limits::SYSTEM_TYPE_BYTES_MAX)?;
        text("source address", &self.source.address, 1, limits::ADDRESS_BYTES_MAX)?;
        number("window", u32::from(self.window), u32::from(limits::WINDOW_MAX))?;
        number("rate", self.rate_per_s, limits::RATE_PER_S_MAX)?;
        span("enquire link interval", self.enquire_link, limits::ENQUIRE_LINK_MAX)?;
        span("response timeout", self.response_timeout, limits::RESPONSE_TIMEOUT_MAX)?;
        span("longest reconnect pause", self.reconnect_max, limits::RECONNECT_MAX)?;
        span("first reconnect pause", self.reconnect_min, self.reconnect_max)
    }
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address is not one.
    #[error("the address must be `host:port`")]
    Address,
    /// A text is too long, too short, or not plain.
    #[error("the {what} must be {min} to {max} printable ASCII characters")]
    Text {
        /// Which.
        what: &'static str,
        /// At least so many.
        min: usize,
        /// At most so many.
        max: usize,
    },
    /// A number is out of its bounds.
    #[error("the {what} must be 1 to {max}")]
    Number {
        /// Which.
        what: &'static str,
        /// At most so much.
        max: u32,
    },
    /// A span is out of its bounds.
    #[error("the {what} must be above 0 and at most {} ms", max.as_millis())]
    Span {
        /// Which.
        what: &'static str,
        /// At most so long.
        max: Duration,
    },
}

fn text(what: &'static str, text: &str, min: usize, max: usize) -> Result<(), ConfigError> {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && (min..=max).contains(&text.len()) { Ok(()) } else { Err(ConfigError::Text { what, min, max }) }
}

fn number(what: &'static str, number: u32, max: u32) -> Result<(), ConfigError> {
    if (1..=max).contains(&number) { Ok(()) } else { Err(ConfigError::Number { what, max }) }
}

fn span(what: &'static str, span: Duration, max: Duration) -> Result<(), ConfigError> {
    if span > Duration::ZERO && span <= max { Ok(()) } else { Err(ConfigError::Span { what, max }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> SmppConfig {
        let password = Password::new("s3cret".to_owned());
        SmppConfig::new("smsc.example:2775", "ijazat", password, Source::short_code("8009"))
    }

    #[test]
    fn the_ordinary_configuration_is_within_bounds_and_prints_no_password() {
        assert_eq!(config().check(), Ok(()));
        assert!(!format!("{:?}", config()).contains("s3cret"));
    }

    #[test]
    fn what_the_wire_cannot_carry_is_refused_with_its_bound() {
        let check = |change: fn(&mut SmppConfig), expected: &str| {
            let mut config = config();
            change(&mut config);
            assert_eq!(config.check().map_err(|error| error.to_string()), Err(expected.to_owned()));
        };
        for address in ["", "smsc", ":2775", "smsc:0", "smsc:70000"] {
            let config = SmppConfig { address: address.to_owned(), ..config() };
            assert_eq!(config.check(), Err(ConfigError::Address), "{address}");
        }
        let long_password = "the password must be 0 to 8 printable ASCII characters";
        check(|c| c.password = Password::new("123456789".to_owned()), long_password);
        check(|c| c.password = Password::new("a\0b".to_owned()), long_password);
        check(|c| c.system_id = String::new(), "the system_id must be 1 to 15 printable ASCII characters");
        check(|c| c.system_type = "x".repeat(13), "the system_type must be 0 to 12 printable ASCII characters");
        check(
            |c| c.source.address = "اجازت".to_owned(),
            "the source address must be 1 to 20 printable ASCII characters",
        );
        check(|c| c.window = 0, "the window must be 1 to 1000");
        check(|c| c.rate_per_s = 10_001, "the rate must be 1 to 10000");
        check(|c| c.response_timeout = Duration::ZERO, "the response timeout must be above 0 and at most 12000 ms");
        check(
            |c| c.reconnect_min = Duration::from_secs(61),
            "the first reconnect pause must be above 0 and at most 60000 ms",
        );
    }
}

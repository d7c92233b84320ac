//! What agencies are told: pings of CIBA and events, from the outbox in the control database over HTTPS.
//!
//! Map: [`Courier`] is the way out, [`https`] the real one · [`sender`] works off the outbox · [`limits`] holds the bounds. The rows are
//! `sql::control`'s.

use std::fmt;

use async_trait::async_trait;
use exchange::{ids::AgencyId, notify::NotifyUrl, timestamp::Timestamp};
use serde_json::Value;
use zeroize::Zeroizing;

pub mod https;
pub mod limits;
pub mod sender;

pub use https::HttpsCourier;
pub use sender::{Notifier, NotifierCounts};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That a request can be asked about (CIBA Core 1.0 §10.2).
    Ping,
    /// That something happened, as a security event token (RFC 8417, RFC 8935).
    Event,
}

impl Kind {
    /// The word in stores and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Event => "event",
        }
    }

    /// Reads back [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ping, Self::Event].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One notification as it goes out. Prints without what it carries.
#[derive(Clone)]
pub struct Letter {
    /// Where to.
    pub url: NotifyUrl,
    /// Type of the body.
    pub content_type: &'static str,
    /// The agency's own token, by which it knows us.
    pub bearer: Option<Zeroizing<String>>,
    /// The body.
    pub body: Zeroizing<String>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("url", &self.url)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The agency took it.
    Taken,
    /// Not now; why, without a word of the agency's.
    Later(&'static str),
    /// The agency will not take it: its status.
    Never(u16),
}

/// Brings notifications to agencies. A try ends by itself within [`limits::TRY`].
#[async_trait]
pub trait Courier: Send + Sync + fmt::Debug {
    /// One try.
    async fn deliver(&self, letter: &Letter) -> Delivery;
}

/// What an event says before it is signed.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Its name, the same at each try: by it an agency knows what it has.
    pub id: &'a str,
    /// To whom.
    pub agency: &'a AgencyId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened: one member, the event's URI, with what belongs to it.
    pub events: Value,
}

/// Signs events with the key that agencies verify by.
pub trait EventSigner: Send + Sync + fmt::Debug {
    /// The token (RFC 8417).
    ///
    /// # Errors
    /// Why nothing can be signed now.
    fn sign(&self, event: &Event<'_>) -> Result<String, String>;
}

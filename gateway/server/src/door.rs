//! The door as listeners see it: a head, a way to read the body, one reply. Nothing here knows Pingora.

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{caller::Peer, codes::Code};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Which listener a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listener {
    /// mTLS, for agencies.
    Agency,
    /// TLS without a client certificate, for anyone.
    Public,
}

/// A parsed request head.
#[derive(Clone, Debug)]
pub struct Head {
    /// Which listener it came through.
    pub listener: Listener,
    /// The peer of the connection.
    pub peer: Peer,
    /// Method as sent.
    pub method: String,
    /// Path and query exactly as sent, not decoded.
    pub target: String,
    /// Headers as sent; identity headers are not yet stripped.
    pub headers: HeaderMap,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than allowed.
    #[error("body is longer than allowed")]
    TooLarge,
    /// Ended before its announced length, or its framing broke.
    #[error("body ended before its announced length")]
    Incomplete,
    /// Took too long.
    #[error("body was not sent in time")]
    TooSlow,
}

/// Reads the body once, when the door is ready for it.
#[async_trait]
pub trait BodyReader: Send {
    /// The whole body, at most `max` bytes.
    ///
    /// # Errors
    /// [`BodyError`]; the connection is closed after the reply.
    async fn read(&mut self, max: usize) -> Result<Bytes, BodyError>;
}

/// The answer broke off: the connection must break with it, so that the client sees that what it has is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenOff;

/// What follows the first part of a body. Each part is in the record before it is handed out.
#[async_trait]
pub trait Rest: Send + std::fmt::Debug {
    /// The next part, asked for when the one before was written; `None` after the last.
    ///
    /// # Errors
    /// [`BrokenOff`]: nothing more follows, and the end is recorded.
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>>;

    /// Records that the client took no more.
    async fn left(&mut self);
}

/// What goes back to the client. By the time a door returns it, its record is durable.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, `Content-Type` among them; `Content-Length` is the listener's.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body, whole unless there is a rest.
    pub body: Bytes,
    /// What follows, for an answer that leaves in parts.
    pub rest: Option<Box<dyn Rest>>,
    /// Whether the connection closes after this reply.
    pub close: bool,
}

/// Everything behind a listener.
#[async_trait]
pub trait Door: Send + Sync + std::fmt::Debug {
    /// Answers one request. Never fails: a failure is a reply with a problem document, recorded.
    async fn serve(&self, head: Head, body: &mut dyn BodyReader) -> Reply;

    /// Records and words the refusal of a request that the listener could not even parse.
    async fn unparsed(&self, listener: Listener, peer: Peer, code: Code) -> Reply;
}

//! Reads a request's body from a Pingora session, within a size and a time.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header;
use pingora_core::protocols::http::ServerSession;
use tokio::time::timeout;

use super::limits;
use crate::door::{BodyError, BodyReader};

/// The body of one request.
pub(super) struct SessionBody<'a> {
    session: &'a mut ServerSession,
    time: Duration,
    broken: bool,
}

impl<'a> SessionBody<'a> {
    pub(super) fn new(session: &'a mut ServerSession, time: Duration) -> Self {
        Self { session, time, broken: false }
    }

    /// The session, to look at its head before the body is read.
    pub(super) fn session(&self) -> &ServerSession {
        self.session
    }

    /// Reads away a small body that the door did not ask for, so that the connection can be kept.
    ///
    /// Returns whether the next request's head is what comes next.
    pub(super) async fn drain(mut self) -> bool {
        // A stream of HTTP/2 that is left unread is reset alone.
        if self.session.is_http2() {
            return true;
        }
        if self.broken {
            return false;
        }
        if self.session.is_body_done() {
            return true;
        }
        // A client that waits for our leave has sent nothing and will send nothing.
        if self.waits_for_leave() || self.announced().is_some_and(|length| length > limits::DRAIN_BYTES_MAX) {
            return false;
        }
        matches!(timeout(limits::DRAIN_TIME, self.collect(limits::DRAIN_BYTES_MAX)).await, Ok(Ok(_)))
    }

    fn announced(&self) -> Option<usize> {
        let length = self.session.get_header(header::CONTENT_LENGTH)?;
        length.to_str().ok()?.trim().parse().ok()
    }

    fn waits_for_leave(&self) -> bool {
        !self.session.is_http2() && self.session.get_header(header::EXPECT).is_some()
    }

    async fn collect(&mut self, max: usize) -> Result<Bytes, BodyError> {
        let mut whole = Bytes::new();
        let mut gathered = BytesMut::new();
        loop {
            let part = self.session.read_request_body().await.map_err(|_| BodyError::Incomplete)?;
            let Some(part) = part else { break };
            if whole.len() + gathered.len() + part.len() > max {
                return Err(BodyError::TooLarge);
            }
            // Most bodies come in one part, which need not be copied.
            if whole.is_empty() && gathered.is_empty() {
                whole = part;
            } else {
                gathered.extend_from_slice(&std::mem::take(&mut whole));
                gathered.extend_from_slice(&part);
            }
        }
        Ok(if gathered.is_empty() { whole } else { gathered.freeze() })
    }

    async fn read_all(&mut self, max: usize) -> Result<Bytes, BodyError> {
        if self.announced().is_some_and(|length| length > max) {
            return Err(BodyError::TooLarge);
        }
        if self.waits_for_leave() && !self.session.is_body_done() {
            self.session.write_continue_response().await.map_err(|_| BodyError::Incomplete)?;
        }
        self.collect(max).await
    }
}

#[async_trait]
impl BodyReader for SessionBody<'_> {
    async fn read(&mut self, max: usize) -> Result<Bytes, BodyError> {
        let time = self.time;
        let read = timeout(time, self.read_all(max)).await.unwrap_or(Err(BodyError::TooSlow));
        self.broken |= read.is_err();
        read
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;

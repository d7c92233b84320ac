//! What every request of one connection shares, and the way of one request to the door and back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use exchange::{caller::Peer, codes::Code};
use http::{Method, Version, header};
use pingora_core::protocols::http::ServerSession;
use pingora_http::ResponseHeader;
use tokio::{sync::watch, time::timeout};

use super::{
    Side,
    body::SessionBody,
    counters::{During, ListenCounters},
    headers,
    limits::ListenLimits,
    slots::Slot,
};
use crate::{
    door::{BrokenOff, Door, Head, Listener, Reply, Rest},
    tls::TrustState,
};

/// What every connection of one listener shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) listener: Listener,
    pub(super) side: Side,
    pub(super) door: Arc<dyn Door>,
    pub(super) trust: Option<Arc<TrustState>>,
    pub(super) limits: ListenLimits,
    pub(super) counters: Arc<ListenCounters>,
}

/// One established connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: Peer,
    /// Generation of the roots that admitted the peer.
    pub(super) trusted_at: u64,
    /// Turns true when the listener closes.
    pub(super) stop: watch::Receiver<bool>,
    /// Place among the listener's connections, given back when the last request of the connection is done.
    pub(super) _slot: Arc<Slot>,
}

impl Connection {
    /// Whether further requests may come over this connection.
    pub(super) fn may_go_on(&self) -> bool {
        !*self.stop.borrow() && !self.is_distrusted()
    }

    /// Whether the roots changed since the handshake: what admitted the peer may be gone.
    pub(super) fn is_distrusted(&self) -> bool {
        self.shared.trust.as_ref().is_some_and(|trust| trust.generation() != self.trusted_at)
    }

    /// Takes one parsed request to the door and writes its reply. Returns whether the connection may be kept.
    pub(super) async fn answer(&self, session: &mut ServerSession) -> bool {
        let mut body = SessionBody::new(session, self.shared.limits.body_time);
        let reply = match self.head_of(body.session()) {
            Ok(head) => {
                ListenCounters::count(&self.shared.counters.requests);
                let _with_door = During::begin(&self.shared.counters.in_flight);
                self.shared.door.serve(head, &mut body).await
            }
            Err(code) => self.unparsed(code).await,
        };
        let keep = !reply.close && self.may_go_on() && body.drain().await;
        // HTTP/1 leaves it out by itself; in HTTP/2 a body after HEAD would be an error of ours.
        let body = if session.req_header().method == Method::HEAD { Bytes::new() } else { reply.body };
        // Before HTTP/1.1 the end of an answer in parts is the end of the connection.
        let keep = keep && (reply.rest.is_none() || session.req_header().version >= Version::HTTP_11);
        self.write(session, Reply { body, ..reply }, keep).await && keep
    }

    /// Has the door record and word a refusal of what could not be parsed.
    pub(super) async fn unparsed(&self, code: Code) -> Reply {
        ListenCounters::count(&self.shared.counters.unparsed);
        let mut reply = self.shared.door.unparsed(self.shared.listener, self.peer.clone(), code).await;
        reply.close = true;
        reply
    }

    fn head_of(&self, session: &ServerSession) -> Result<Head, Code> {
        let request = session.req_header();
        let mut headers = request.headers.clone();
        match self.shared.side {
            Side::Outside => headers::clean(&mut headers),
            Side::Inside => headers::check(&headers),
        }
        .map_err(|_| Code::HeaderInvalid)?;
        let target = std::str::from_utf8(request.raw_path()).map_err(|_| Code::PathAmbiguous)?;
        Ok(Head {
            listener: self.shared.listener,
            peer: self.peer.clone(),
            method: request.method.as_str().to_owned(),
            target: target.to_owned(),
            headers,
        })
    }

    /// Writes the reply; returns whether the client took it in time.
    pub(super) async fn write(&self, session: &mut ServerSession, mut reply: Reply, keep: bool) -> bool {
        if !keep {
            session.set_keepalive(None);
        } else if !session.is_http2() {
            // The time is ours to measure; any value says that the connection may be kept.
            session.set_keepalive(Some(self.shared.limits.idle_time.as_secs().max(1)));
        }
        let time = self.shared.limits.reply_time;
        session.set_write_timeout(Some(time));
        let rest = reply.rest.take();
        let mut written = matches!(timeout(time, write(session, reply, rest.is_none())).await, Ok(Ok(())));
        if let Some(mut rest) = rest {
            written = written && write_rest(session, rest.as_mut(), time).await;
            if !written {
                rest.left().await;
                // Without this the stream would end in good order and the answer look whole.
                if session.is_http2() {
                    session.shutdown().await;
                }
            }
        }
        if !written {
            ListenCounters::count(&self.shared.counters.replies_lost);
        }
        written
    }
}

/// Writes head and body, the whole of it or its first part.
async fn write(session: &mut ServerSession, reply: Reply, whole: bool) -> pingora_core::Result<()> {
    let mut head = ResponseHeader::build_no_case(reply.status, Some(reply.headers.len() + 3))?;
    for (name, value) in reply.headers {
        head.append_header(name, value)?;
    }
    if whole {
        head.insert_header(header::CONTENT_LENGTH, reply.body.len())?;
    } else if session.req_header().version == Version::HTTP_11 {
        head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    session.write_response_header(Box::new(head)).await?;
    session.write_response_body(reply.body, whole).await
}

/// Writes what follows, each part only when the client took the one before; returns whether all of it was written.
async fn write_rest(session: &mut ServerSession, rest: &mut dyn Rest, time: Duration) -> bool {
    loop {
        let (part, end) = match rest.next().await {
            Some(Ok(part)) => (part, false),
            Some(Err(BrokenOff)) => return false,
            None => (Bytes::new(), true),
        };
        match timeout(time, session.write_response_body(part, end)).await {
            Ok(Ok(())) if end => return true,
            Ok(Ok(())) => {}
            _ => return false,
        }
    }
}

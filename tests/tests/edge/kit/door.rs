//! A door that answers plainly and remembers what it saw.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{caller::Peer, codes::Code};
use gateway::door::{BodyError, BodyReader, Door, Head, Listener, Reply};
use http::{HeaderValue, header};
use tokio::sync::Notify;

/// One request that the door saw.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: Head,
    /// The body, unless the path says to leave it.
    pub body: Option<Result<Bytes, BodyError>>,
}

/// What the path of a request asks of the door: `/ignore` leaves the body, `/close` closes, `/wait` waits to be released,
/// everything else reads at most a kibibyte.
#[derive(Debug, Default)]
pub struct RememberingDoor {
    seen: Mutex<Vec<Seen>>,
    unparsed: Mutex<Vec<(Peer, Code)>>,
    waiting: AtomicUsize,
    pub arrived: Notify,
    pub release: Notify,
}

impl RememberingDoor {
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Releases every request to `/wait` that has arrived.
    pub async fn release_all(&self) {
        while self.waiting.load(Ordering::SeqCst) > 0 {
            self.release.notify_one();
            tokio::task::yield_now().await;
        }
    }

    pub fn unparsed(&self) -> Vec<Code> {
        self.unparsed.lock().unwrap().iter().map(|(_, code)| *code).collect()
    }

    pub fn unparsed_peers(&self) -> Vec<Peer> {
        self.unparsed.lock().unwrap().iter().map(|(peer, _)| peer.clone()).collect()
    }
}

#[async_trait]
impl Door for RememberingDoor {
    async fn serve(&self, head: Head, body: &mut dyn BodyReader) -> Reply {
        let body = match head.target.as_str() {
            "/ignore" => None,
            _ => Some(body.read(1_024).await),
        };
        let (target, count) = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(Seen { head: head.clone(), body: body.clone() });
            (head.target, seen.len())
        };
        if target == "/wait" {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            self.arrived.notify_one();
            self.release.notified().await;
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        let status = if matches!(body, Some(Err(_))) { 400 } else { 200 };
        reply(status, format!("request {count}"), target == "/close")
    }

    async fn unparsed(&self, _: Listener, peer: Peer, code: Code) -> Reply {
        self.unparsed.lock().unwrap().push((peer, code));
        reply(code.status(), code.to_string(), true)
    }
}

fn reply(status: u16, body: String, close: bool) -> Reply {
    let text = (header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Reply { status, headers: vec![text], body: Bytes::from(body), rest: None, close }
}

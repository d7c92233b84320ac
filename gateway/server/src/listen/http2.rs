//! One HTTP/2 connection: each stream is one request to the door.
//!
//! Pingora's own loop waits without end for the client's preface and bounds work only by open streams, of which a client
//! that resets them at once has none (CVE-2023-44487); so the loop is ours, over Pingora's sessions.

use std::{sync::Arc, time::Duration};

use pingora_core::protocols::{
    Digest, Stream,
    http::{
        ServerSession,
        v2::server::{H2Accept, H2Options, HttpSession, default_h2_options, handshake},
    },
};
use tokio::{sync::Notify, time::timeout};

use super::{connection::Connection, limits};

/// Requests of one connection that may be with the door at once. Twice the streams: a reset stream is not open any more,
/// but its request is with the door until it is recorded.
const REQUESTS_MAX: usize = 2 * limits::STREAMS_MAX as usize;

/// Streams reset by the client that h2 remembers before it ends the connection.
const RESETS_MAX: usize = 32;

/// Serves streams until either side closes.
pub(super) async fn run(stream: Stream, connection: Connection) {
    let greeting = handshake(stream, Some(options()));
    let Ok(Ok(mut h2)) = timeout(connection.shared.limits.head_time, greeting).await else { return };
    let digest = Arc::new(Digest::default());
    let mut stop = connection.stop.clone();
    let close = Arc::new(Notify::new());
    let with_door = Arc::new(());
    let mut malformed = 0;
    let mut closing = !connection.may_go_on();
    if closing {
        h2.graceful_shutdown();
    }
    loop {
        let accepted = tokio::select! {
            biased;
            () = asked_to_close(&mut stop, &close), if !closing => {
                h2.graceful_shutdown();
                closing = true;
                continue;
            }
            accepted = within(connection.shared.limits.idle_time, HttpSession::from_h2_conn(&mut h2, Arc::clone(&digest))) => accepted,
        };
        let idle = Arc::strong_count(&with_door) == 1;
        match accepted {
            Some(Ok(Some(H2Accept::Session(session)))) => {
                if Arc::strong_count(&with_door) > REQUESTS_MAX || connection.is_distrusted() {
                    return;
                }
                tokio::spawn(one(session, connection.clone(), Arc::clone(&close), Arc::clone(&with_door)));
            }
            Some(Ok(Some(H2Accept::Rejected))) => {
                malformed += 1;
                if malformed >= limits::MALFORMED_STREAMS_MAX {
                    return;
                }
            }
            None if !idle => {}
            None | Some(Ok(None) | Err(_)) => return,
        }
    }
}

async fn one(session: HttpSession, connection: Connection, close: Arc<Notify>, with_door: Arc<()>) {
    let mut session = ServerSession::H2(session);
    let keep = connection.answer(&mut session).await;
    // An error here is the client's reset; its record is durable either way.
    drop(session.finish().await);
    drop(with_door);
    if !keep {
        close.notify_one();
    }
}

async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    timeout(time, future).await.ok()
}

async fn asked_to_close(stop: &mut tokio::sync::watch::Receiver<bool>, close: &Notify) {
    tokio::select! {
        _ = stop.changed() => {}
        () = close.notified() => {}
    }
}

/// What Pingora lets us set is h2's builder; what it does not expose are h2's bounds on CONTINUATION frames (fixed there
/// by the size of the header list) and on PING and SETTINGS floods (bounded by h2's own queues).
fn options() -> H2Options {
    let mut options = default_h2_options();
    options
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits::STREAMS_MAX)
        .max_concurrent_reset_streams(RESETS_MAX)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(Some(RESETS_MAX));
    options
}

#[cfg(test)]
#[path = "http2_tests.rs"]
mod tests;

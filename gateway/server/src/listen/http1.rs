//! One HTTP/1 connection: strict head, Pingora's session, the door, and the next request.

use std::ops::ControlFlow;

use bytes::BytesMut;
use exchange::codes::Code;
use pingora_core::protocols::{
    Stream,
    http::{ServerSession, v1::server::HttpSession},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    connection::Connection,
    counters::ListenCounters,
    head::{self, Read},
    limits,
};

/// Serves requests until either side closes.
pub(super) async fn run(mut stream: Stream, mut connection: Connection) {
    while let Some(first) = first_byte(&mut stream, &mut connection).await {
        let read = timeout(connection.shared.limits.head_time, head::read(&mut stream, first)).await;
        let next = match read {
            Ok(Read::Head(head)) => one(stream, head, &connection).await,
            Ok(Read::Refused(code)) => refuse(session_over(stream), code, &connection).await,
            Ok(Read::Gone) => {
                ListenCounters::count(&connection.shared.counters.heads_broken);
                if connection.peer.certificate.is_none() {
                    return;
                }
                refuse(session_over(stream), Code::HeadIncomplete, &connection).await
            }
            Err(_) => {
                ListenCounters::count(&connection.shared.counters.heads_slow);
                refuse(session_over(stream), Code::HeadIncomplete, &connection).await
            }
        };
        match next {
            ControlFlow::Continue(kept) => stream = kept,
            ControlFlow::Break(None) => return,
            ControlFlow::Break(Some(ended)) => return linger(ended).await,
        }
    }
    linger(stream).await;
}

/// What becomes of the stream after a request: kept, to be closed in peace, or closed already.
type Next = ControlFlow<Option<Stream>, Stream>;

/// Waits for the next request; none when the time is over, the client left or the listener closes.
///
/// A single byte is read into the stack, so that an idle connection holds no buffer.
async fn first_byte(stream: &mut Stream, connection: &mut Connection) -> Option<u8> {
    if !connection.may_go_on() {
        return None;
    }
    let mut first = [0];
    let time = connection.shared.limits.idle_time;
    let read = tokio::select! {
        biased;
        read = timeout(time, stream.read(&mut first)) => read,
        _ = connection.stop.changed() => return None,
    };
    match read {
        // The roots may have changed while the client was silent; it has to show its certificate anew.
        Ok(Ok(1)) if !connection.is_distrusted() => first.first().copied(),
        _ => None,
    }
}

async fn one(stream: Stream, head: BytesMut, connection: &Connection) -> Next {
    let mut session = session_over(stream);
    session.set_pipelined_prefix(head);
    // The head is whole, so nothing is waited for here unless Pingora reads it differently from us.
    match timeout(connection.shared.limits.head_time, session.read_request()).await {
        Ok(Ok(true)) => {}
        _ => return refuse(session, Code::HeaderInvalid, connection).await,
    }
    if !connection.answer(&mut session).await {
        return ControlFlow::Break(into_stream(session));
    }
    match session.finish().await {
        Ok(Some(kept)) => ControlFlow::Continue(kept.into_parts().0),
        // The client sent more than its request: who knows what it thinks the rest is.
        Ok(None) | Err(_) => ControlFlow::Break(None),
    }
}

async fn refuse(mut session: ServerSession, code: Code, connection: &Connection) -> Next {
    let reply = connection.unparsed(code).await;
    connection.write(&mut session, reply, false).await;
    ControlFlow::Break(into_stream(session))
}

fn session_over(stream: Stream) -> ServerSession {
    ServerSession::H1(HttpSession::new(stream))
}

fn into_stream(session: ServerSession) -> Option<Stream> {
    match session {
        ServerSession::H1(session) => Some(session.into_inner()),
        _ => None,
    }
}

/// Closes so that the client can read the last reply: data that arrives at a closed socket would reset the connection
/// and throw the reply away.
async fn linger(mut stream: Stream) {
    drop(
        timeout(limits::LINGER_TIME, async {
            AsyncWriteExt::shutdown(&mut stream).await?;
            let mut left = limits::DRAIN_BYTES_MAX;
            let mut sink = [0; 1_024];
            while left > 0 {
                match stream.read(&mut sink).await? {
                    0 => break,
                    read => left = left.saturating_sub(read),
                }
            }
            std::io::Result::Ok(())
        })
        .await,
    );
}

#[cfg(test)]
#[path = "http1_tests.rs"]
mod tests;

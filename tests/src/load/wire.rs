//! HTTP/1.1 over one kept connection, no more of it than the servers under measurement send.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{client::TlsStream, rustls::HandshakeKind};

use super::{LoadError, limits};

/// Bytes to make room for at a time: more than one answer of the bench.
const ROOM: usize = 4096;

/// What lies under a connection.
#[derive(Debug)]
pub enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Status line and headers as sent, with the empty line.
    pub head: Bytes,
    /// Body.
    pub body: Bytes,
    /// Whether the server will close the connection.
    pub close: bool,
}

impl Answer {
    /// The value of a header, if the answer has it and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = headers(&self.head).find(|(its, _)| its.eq_ignore_ascii_case(name.as_bytes()))?.1;
        std::str::from_utf8(value).ok()
    }
}

/// One kept connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    received: BytesMut,
}

impl Connection {
    /// A connection over an open stream.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self { stream, received: BytesMut::with_capacity(ROOM) }
    }

    /// Whether its TLS session was resumed.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }

    /// Sends `request` and reads its answer whole.
    ///
    /// # Errors
    /// [`LoadError`] when the connection breaks, the answer is not what [`Answer`] can hold, or it takes longer than
    /// [`limits::ANSWER_WITHIN_MS`]. The connection is of no use afterwards.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer, LoadError> {
        let received = &mut self.received;
        let exchanged = async {
            match &mut self.stream {
                Stream::Plain(tcp) => exchange(tcp, received, request).await,
                Stream::Tls(tls) => exchange(tls.as_mut(), received, request).await,
            }
        };
        let late = |_| LoadError::Answer("no answer in time");
        timeout(Duration::from_millis(limits::ANSWER_WITHIN_MS), exchanged).await.map_err(late)?
    }

    /// Says goodbye. A server that has already gone is no failure.
    pub async fn close(mut self) {
        let closed = match &mut self.stream {
            Stream::Plain(tcp) => tcp.shutdown().await,
            Stream::Tls(tls) => tls.shutdown().await,
        };
        drop(closed);
    }
}

async fn exchange<S>(stream: &mut S, received: &mut BytesMut, request: &[u8]) -> Result<Answer, LoadError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request).await.map_err(LoadError::io("sending"))?;
    stream.flush().await.map_err(LoadError::io("sending"))?;
    loop {
        if let Some(answer) = take_answer(received)? {
            return Ok(answer);
        }
        if received.len() > limits::ANSWER_MAX {
            return Err(LoadError::Answer("longer than the generator reads"));
        }
        received.reserve(ROOM);
        if stream.read_buf(received).await.map_err(LoadError::io("receiving"))? == 0 {
            return Err(LoadError::Answer("the connection ended before the answer did"));
        }
    }
}

/// Takes one answer off the front of what was received, when it is there whole.
fn take_answer(received: &mut BytesMut) -> Result<Option<Answer>, LoadError> {
    let Some(head_len) = received.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
        return Ok(None);
    };
    let Some(head) = received.get(..head_len) else { return Ok(None) };
    let status = status(head)?;
    let (mut body_len, mut close) = (None, false);
    for (name, value) in headers(head) {
        if name.eq_ignore_ascii_case(b"content-length") {
            body_len = std::str::from_utf8(value).ok().and_then(|text| text.parse::<usize>().ok());
        } else if name.eq_ignore_ascii_case(b"connection") {
            close = value.eq_ignore_ascii_case(b"close");
        }
    }
    let body_len = body_len.ok_or(LoadError::Answer("no Content-Length"))?;
    if received.len() < head_len.saturating_add(body_len) {
        return Ok(None);
    }
    let head = received.split_to(head_len).freeze();
    let body = received.split_to(body_len).freeze();
    Ok(Some(Answer { status, head, body, close }))
}

/// The three digits after `HTTP/1.1 `.
fn status(head: &[u8]) -> Result<u16, LoadError> {
    let digits = head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or(LoadError::Answer("no status line"))
}

/// Names and values of a head, without the status line and the spaces around values.
fn headers(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = head.split(|&byte| byte == b'\n').skip(1);
    lines.filter_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        Some((name, value.get(1..)?.trim_ascii()))
    })
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod hostile_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (Option<Answer>, usize) {
        let mut received = BytesMut::from(text);
        (take_answer(&mut received).unwrap(), received.len())
    }

    #[test]
    fn an_answer_is_taken_whole_and_the_next_one_left() {
        let (answer, left) = taken("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nIjazat-Receipt: r7\r\n\r\n{}HTTP");
        let answer = answer.unwrap();
        assert_eq!((answer.status, &*answer.body, answer.close, left), (200, &b"{}"[..], false, 4));
        assert_eq!((answer.header("ijazat-receipt"), answer.header("missing")), (Some("r7"), None));
    }

    #[test]
    fn an_answer_that_is_not_there_whole_is_waited_for() {
        let check = |text| assert_eq!(taken(text), (None, text.len()), "{text}");
        check("");
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{");
    }

    #[test]
    fn an_answer_without_a_length_or_status_is_refused() {
        let check = |text: &str, expected| {
            let said = take_answer(&mut BytesMut::from(text)).unwrap_err().to_string();
            assert!(said.ends_with(expected), "{text}: {said}");
        };
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "no Content-Length");
        check("HTTP/2 200\r\n\r\n", "no status line");
    }

    #[test]
    fn a_server_that_will_close_is_believed() {
        let (answer, _) = taken("HTTP/1.1 503 X\r\ncontent-length: 0\r\nconnection: Close\r\n\r\n");
        assert!(answer.unwrap().close);
    }
}

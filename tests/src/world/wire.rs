//! A client that sends any bytes over TLS and keeps the answer's bytes as they came.

use std::{net::SocketAddr, sync::Arc};

use gateway::demo::client::Call;
use rustls::{ClientConfig, pki_types::ServerName};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Broken;

/// A live connection.
#[derive(Debug)]
pub struct Wire {
    stream: TlsStream<TcpStream>,
    rest: Vec<u8>,
}

/// One answer as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// Body, byte for byte.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; `Null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The problem's code, or nothing.
    #[must_use]
    pub fn code(&self) -> String {
        self.json().get("code").and_then(Value::as_str).unwrap_or("").to_owned()
    }

    /// A header's value, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }
}

impl Wire {
    /// Connects and does the handshake.
    ///
    /// # Errors
    /// When either fails; an alert of TLS 1.3 comes with the first read instead.
    pub async fn open(address: SocketAddr, tls: ClientConfig) -> Result<Self, Broken> {
        Self::open_with(address, Arc::new(tls)).await
    }

    /// As [`Self::open`], with a configuration that remembers sessions between connections.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(address: SocketAddr, tls: Arc<ClientConfig>) -> Result<Self, Broken> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let stream = TlsConnector::from(tls).connect(ServerName::try_from("localhost")?, socket).await?;
        Ok(Self { stream, rest: Vec::new() })
    }

    /// Whether the handshake resumed an earlier session.
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
    }

    /// Sends bytes and reads one answer.
    ///
    /// # Errors
    /// When the connection ends before a whole answer: an alert is the [`rustls::Error`] inside.
    pub async fn ask(&mut self, bytes: &[u8]) -> Result<Reply, Broken> {
        self.send(bytes).await;
        self.reply().await
    }

    /// Sends a call and reads one answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn call(&mut self, call: &Call) -> Result<Reply, Broken> {
        self.ask(&bytes_of(call)).await
    }

    /// Sends bytes; a peer that has closed already is told by the next read.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// Ends our side, as a client that breaks off does.
    pub async fn end(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn reply(&mut self) -> Result<Reply, Broken> {
        let reading = read_reply(&mut self.stream, &mut self.rest);
        tokio::time::timeout(super::PATIENCE, reading).await?
    }
}

async fn read_reply(stream: &mut (impl AsyncRead + Unpin), rest: &mut Vec<u8>) -> Result<Reply, Broken> {
    loop {
        if let Some(reply) = whole(rest)? {
            return Ok(reply);
        }
        if stream.read_buf(rest).await? == 0 {
            return Err("the connection ended before a whole answer".into());
        }
    }
}

/// Takes one whole answer out of what was read.
fn whole(rest: &mut Vec<u8>) -> Result<Option<Reply>, Broken> {
    let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8(rest.iter().take(end).copied().collect())?;
    let mut reply = Reply { status: 0, head, body: Vec::new() };
    let length: usize = reply.header("content-length").parse()?;
    reply.status = reply.head.split(' ').nth(1).ok_or("no status")?.parse()?;
    if rest.len() < end + 4 + length {
        return Ok(None);
    }
    reply.body = rest.drain(..end + 4 + length).skip(end + 4).collect();
    Ok(Some(reply))
}

/// A call as HTTP/1.1 writes it.
#[must_use]
pub fn bytes_of(call: &Call) -> Vec<u8> {
    let line = format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", call.method, call.path);
    let headers = call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let length = (call.method != "GET").then(|| format!("Content-Length: {}\r\n", call.body.len()));
    let text: String = [line].into_iter().chain(headers).chain(length).chain(["\r\n".to_owned()]).collect();
    [text.as_bytes(), &call.body].concat()
}

/// A GET without TLS, as Prometheus sends it.
///
/// # Errors
/// When nobody answers.
pub async fn plain_get(address: SocketAddr, path: &str) -> Result<Reply, Broken> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    read_reply(&mut stream, &mut Vec::new()).await
}

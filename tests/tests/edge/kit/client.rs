//! Clients: a raw one that sends any bytes, and hyper's for HTTP/2.

use std::{io, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{AlertDescription, ClientConfig, RootCertStore, SupportedProtocolVersion, version::TLS13};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Edge,
    pki::{Issued, Pki},
};

/// How a client speaks TLS.
pub struct Tls {
    pub config: ClientConfig,
}

impl Tls {
    /// A client that shows this certificate, or none.
    pub fn new(pki: &Pki, own: Option<&Issued>) -> Self {
        Self::with(pki.roots_der(), own, &TLS13)
    }

    pub fn with(
        root: CertificateDer<'static>,
        own: Option<&Issued>,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        gateway::tls::install_provider();
        let mut roots = RootCertStore::empty();
        roots.add(root).unwrap();
        let builder = ClientConfig::builder_with_protocol_versions(&[version]).with_root_certificates(roots);
        let config = match own {
            Some(own) => builder.with_client_auth_cert(vec![own.certificate.clone()], own.key.clone_key()).unwrap(),
            None => builder.with_no_client_auth(),
        };
        Self { config }
    }

    pub fn alpn(mut self, protocol: &[u8]) -> Self {
        self.config.alpn_protocols = vec![protocol.to_vec()];
        self
    }

    pub async fn connect(&self, edge: &Edge) -> io::Result<Raw> {
        self.connect_to(edge.address()).await
    }

    pub async fn connect_to(&self, address: std::net::SocketAddr) -> io::Result<Raw> {
        let socket = TcpStream::connect(address).await?;
        let name = ServerName::try_from("gateway.test").unwrap();
        let stream = TlsConnector::from(Arc::new(self.config.clone())).connect(name, socket).await?;
        Ok(Raw { stream, rest: Vec::new() })
    }

    /// The alert by which the server refuses the handshake; in TLS 1.3 it comes after the client's side is done.
    pub async fn alert(&self, edge: &Edge) -> Option<AlertDescription> {
        let error = match self.connect(edge).await {
            Ok(mut raw) => raw.stream.read(&mut [0]).await.err()?,
            Err(error) => error,
        };
        match error.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::AlertReceived(alert) => Some(*alert),
            _ => None,
        }
    }
}

/// A connection that sends any bytes.
pub struct Raw {
    pub stream: TlsStream<TcpStream>,
    rest: Vec<u8>,
}

/// One reply as it stood on the wire.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Raw {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have closed already; what it answered is what counts.
        let _ = self.stream.write_all(bytes.as_ref()).await;
        let _ = self.stream.flush().await;
    }

    pub async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Option<Answer> {
        self.send(bytes).await;
        self.answer().await
    }

    /// The next reply; none when the connection ends before one.
    pub async fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(answer) = self.whole_answer() {
                return Some(answer);
            }
            let mut part = [0; 4_096];
            match self.stream.read(&mut part).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.rest.extend_from_slice(&part[..read]),
            }
        }
    }

    fn whole_answer(&mut self) -> Option<Answer> {
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let status = head.get(9..12)?.parse().unwrap();
        let length: usize = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
            .map_or(0, |length| length.parse().unwrap());
        let body = rest.get(..length)?.to_owned();
        self.rest.drain(..head.len() + 4 + length);
        Some(Answer { status, head: head.to_owned(), body })
    }

    /// Whether the server closes now, without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.rest.is_empty() && matches!(self.stream.read(&mut [0]).await, Ok(0) | Err(_))
    }
}

/// A plain GET.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
}

/// A plain POST.
pub fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An HTTP/2 connection.
pub async fn http2(edge: &Edge, own: Option<&Issued>) -> SendRequest<Full<Bytes>> {
    let raw = Tls::new(&edge.pki, own).alpn(b"h2").connect(edge).await.unwrap();
    http2_over(raw).await
}

pub async fn http2_over(raw: Raw) -> SendRequest<Full<Bytes>> {
    let io = TokioIo::new(raw.stream);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

//! The demo's client: one held connection over real TLS, so that what happens to a live connection can be shown.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Something that the demo could not do; the text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ClientError(pub String);

fn because(what: &'static str) -> impl FnOnce(&dyn std::fmt::Display) -> ClientError {
    move |error| ClientError(format!("{what}: {error}"))
}

/// A certificate with its key, PEM.
#[derive(Clone)]
pub struct Credential {
    /// Certificate chain.
    pub certificate: String,
    /// Private key.
    pub key: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// A client's TLS settings: trusts one authority, presents a credential if it has one.
///
/// # Errors
/// [`ClientError`] if a PEM text cannot be read.
pub fn tls(server_ca_pem: &str, credential: Option<&Credential>) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(server_ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|e| because("server authority")(&e))?;
        roots.add(certificate).map_err(|e| because("server authority")(&e))?;
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let Some(credential) = credential else { return Ok(builder.with_no_client_auth()) };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(credential.certificate.as_bytes()).collect();
    let chain = chain.map_err(|e| because("client certificate")(&e))?;
    let key = PrivateKeyDer::from_pem_slice(credential.key.as_bytes()).map_err(|e| because("client key")(&e))?;
    builder.with_client_auth_cert(chain, key).map_err(|e| because("client certificate")(&e))
}

/// One answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body as JSON, of lines an array of them; `Null` if it is none.
    pub body: Value,
}

impl Answer {
    /// A header's text, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The problem's code, or nothing.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or("")
    }

    /// Text at a JSON pointer, or nothing.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }
}

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// HTTP method.
    pub method: &'static str,
    /// Path.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Call {
    /// A GET.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }

    /// A POST of nothing: the path says all.
    #[must_use]
    pub fn post(path: impl Into<String>) -> Self {
        Self { method: "POST", path: path.into(), ..Self::default() }
    }

    /// A DELETE.
    #[must_use]
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: "DELETE", path: path.into(), ..Self::default() }
    }

    /// A POST of JSON.
    #[must_use]
    pub fn json(path: impl Into<String>, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { method: "POST", path: path.into(), body, ..Self::default() }.with("content-type", "application/json")
    }

    /// A POST of a form.
    #[must_use]
    pub fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
        Self { method: "POST", path: path.into(), body, ..Self::default() }
            .with("content-type", "application/x-www-form-urlencoded")
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A live connection.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Opens a connection and does the TLS handshake.
    ///
    /// # Errors
    /// [`ClientError`]: refused, or the certificate was not accepted.
    pub async fn open(address: SocketAddr, tls: ClientConfig) -> Result<Self, ClientError> {
        Self::open_as("localhost", address, tls).await
    }

    /// As [`Self::open`], to a server whose certificate names it so.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_as(name: &str, address: SocketAddr, tls: ClientConfig) -> Result<Self, ClientError> {
        let stream = TcpStream::connect(address).await.map_err(|e| because("connect")(&e))?;
        stream.set_nodelay(true).map_err(|e| because("connect")(&e))?;
        let name = ServerName::try_from(name.to_owned()).map_err(|e| because("server name")(&e))?;
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(|e| because("tls")(&e))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| because("http")(&e))?;
        tokio::spawn(async move {
            // The sender's next call reports whatever ended the connection.
            let _ = connection.await;
        });
        Ok(Self { sender })
    }

    /// Sends one request and reads the answer whole.
    ///
    /// # Errors
    /// [`ClientError`] if the connection broke.
    pub async fn send(&mut self, call: Call) -> Result<Answer, ClientError> {
        let mut request = http::Request::builder().method(call.method).uri(call.path).header("host", "localhost");
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(call.body))).map_err(|e| because("request")(&e))?;
        // The connection may still be taking leave of the answer before.
        self.sender.ready().await.map_err(|e| because("send")(&e))?;
        let response = self.sender.send_request(request).await.map_err(|e| because("send")(&e))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|e| because("read")(&e))?.to_bytes();
        let lines = parts.headers.get("content-type").is_some_and(|kind| kind == "application/x-ndjson");
        let body = if lines { of_lines(&body) } else { serde_json::from_slice(&body).unwrap_or(Value::Null) };
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

fn of_lines(body: &[u8]) -> Value {
    body.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap_or(Value::Null))
        .collect()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

//! Notifications over HTTPS. An agency names the place, so it is not trusted to name only its own: a host's addresses are looked at
//! before one of them is called, and what is answered is not read.
//!
//! Where a name stands for an address behind our walls, nobody is called (server-side request forgery); operators name the networks
//! in which agencies are all the same. The addresses that were looked at are the ones that are called, so that a name cannot change
//! its mind in between; and no redirect is followed (CIBA Core 1.0 §10.2).

use std::{fmt, net::SocketAddr, pin::pin, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    networks::{in_networks, is_public},
    notify::NotifyUrl,
};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use zeroize::Zeroizing;

use super::{Courier, Delivery, Letter, limits};

/// Calls agencies.
pub struct HttpsCourier {
    tls: TlsConnector,
    networks: Vec<String>,
}

impl fmt::Debug for HttpsCourier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsCourier").field("networks", &self.networks).finish_non_exhaustive()
    }
}

impl HttpsCourier {
    /// One that trusts whom `tls` trusts, and calls public addresses and those of `networks` (CIDR).
    #[must_use]
    pub fn new(mut tls: rustls::ClientConfig, networks: Vec<String>) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { tls: TlsConnector::from(Arc::new(tls)), networks }
    }

    async fn post(&self, letter: &Letter) -> Result<StatusCode, &'static str> {
        let request = request(letter).map_err(|_| "it cannot be written as a request")?;
        let stream =
            timeout(limits::CONNECT, self.connect(&letter.url)).await.map_err(|_| "connecting took too long")??;
        let mut protocol = http1::Builder::new();
        protocol.max_buf_size(limits::HEAD_BYTES_MAX);
        let (mut sender, connection) =
            protocol.handshake(TokioIo::new(stream)).await.map_err(|_| "the connection ended at once")?;
        // The connection moves the bytes, and may end before the answer is read.
        let (mut connection, mut asking) = (pin!(connection), pin!(sender.send_request(request)));
        let answered = tokio::select! {
            biased;
            answer = &mut asking => answer,
            _ = &mut connection => asking.await,
        };
        answered.map(|answer| answer.status()).map_err(|_| "the connection ended before the answer")
    }

    async fn connect(&self, url: &NotifyUrl) -> Result<TlsStream<TcpStream>, &'static str> {
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| "its name is none for a certificate")?;
        let addresses = lookup_host((url.host(), url.port())).await.map_err(|_| "its name has no address")?;
        let ours: Vec<SocketAddr> =
            addresses.filter(|address| self.may_call(address)).take(limits::ADDRESSES_MAX).collect();
        if ours.is_empty() {
            return Err("its name stands for no address that may be called");
        }
        let socket = TcpStream::connect(ours.as_slice()).await.map_err(|_| "nobody listens there")?;
        self.tls.connect(name, socket).await.map_err(|_| "its certificate is not trusted, or none for its name")
    }

    fn may_call(&self, address: &SocketAddr) -> bool {
        is_public(address.ip()) || in_networks(address.ip(), &self.networks)
    }
}

#[async_trait]
impl Courier for HttpsCourier {
    async fn deliver(&self, letter: &Letter) -> Delivery {
        match timeout(limits::TRY, self.post(letter)).await {
            Err(_) => Delivery::Later("its answer took too long"),
            Ok(Err(why)) => Delivery::Later(why),
            Ok(Ok(status)) => meaning(status),
        }
    }
}

/// CIBA asks for 204 and lets 200 pass, RFC 8935 asks for 202. What a server says of itself passes with time; what it says of our
/// request stays, but for the two words by which it asks for time.
fn meaning(status: StatusCode) -> Delivery {
    match status.as_u16() {
        200..=299 => Delivery::Taken,
        408 | 429 => Delivery::Later("it asks for time"),
        500..=599 => Delivery::Later("it failed"),
        other => Delivery::Never(other),
    }
}

/// The bearer's copy in the header is marked as secret; it goes with the connection.
fn request(letter: &Letter) -> http::Result<Request<Full<Bytes>>> {
    let mut builder = Request::builder()
        .method("POST")
        .uri(letter.url.target())
        .header(header::HOST, letter.url.authority())
        .header(header::CONTENT_TYPE, letter.content_type)
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close");
    if let Some(bearer) = &letter.bearer {
        let text = Zeroizing::new(format!("Bearer {}", bearer.as_str()));
        let mut value = HeaderValue::from_str(&text)?;
        value.set_sensitive(true);
        builder = builder.header(header::AUTHORIZATION, value);
    }
    builder.body(Full::new(Bytes::copy_from_slice(letter.body.as_bytes())))
}

#[cfg(test)]
#[path = "https_tests.rs"]
mod tests;

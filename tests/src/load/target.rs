//! Whom to load: a loopback address and the bytes of one request.

use std::{net::SocketAddr, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::{
    LoadError,
    tls::Credentials,
    wire::{Connection, Stream},
};

/// One request, repeated.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method, such as `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Further headers, as `Name: value`.
    pub headers: Vec<String>,
    /// Body; may be empty.
    pub body: Vec<u8>,
}

impl Request {
    /// The bytes to send to `host`.
    #[must_use]
    pub fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        for header in &self.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        if !self.body.is_empty() {
            head.push_str("Content-Length: ");
            head.push_str(&self.body.len().to_string());
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// A server on this machine and what to send it.
#[derive(Clone, Debug)]
pub struct Target {
    address: SocketAddr,
    tls: Option<(Arc<Credentials>, ServerName<'static>)>,
    request: Arc<[u8]>,
}

impl Target {
    /// A target at `address`, over TLS with `credentials` unless there are none.
    ///
    /// # Errors
    /// [`LoadError::NotLoopback`] for any address that is not this machine's own.
    pub fn new(address: SocketAddr, credentials: Option<Credentials>, request: &Request) -> Result<Self, LoadError> {
        if !address.ip().is_loopback() {
            return Err(LoadError::NotLoopback(address));
        }
        let name = ServerName::from(address.ip());
        let tls = credentials.map(|credentials| (Arc::new(credentials), name));
        Ok(Self { address, tls, request: request.to_bytes(&address.to_string()).into() })
    }

    /// The bytes of the request.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Opens a connection with a full handshake, or a resumed one when `resume` is set and a ticket is at hand.
    ///
    /// # Errors
    /// [`LoadError::Io`] when the server does not take it.
    pub async fn connect(&self, resume: bool) -> Result<Connection, LoadError> {
        let socket = TcpStream::connect(self.address).await.map_err(LoadError::io("connecting"))?;
        socket.set_nodelay(true).map_err(LoadError::io("connecting"))?;
        let stream = match &self.tls {
            None => Stream::Plain(socket),
            Some((credentials, name)) => {
                let connector = TlsConnector::from(credentials.config(resume));
                let tls = connector.connect(name.clone(), socket).await.map_err(LoadError::io("handshake"))?;
                Stream::Tls(Box::new(tls))
            }
        };
        Ok(Connection::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        let headers = vec!["Ijazat-Purpose: KYC-101".to_owned()];
        Request { method: "POST".into(), path: "/v1".into(), headers, body: b"{}".to_vec() }
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let check = |address: &str, expected| {
            let target = Target::new(address.parse().unwrap(), None, &request());
            assert_eq!(target.is_ok(), expected, "{address}");
        };
        check("127.0.0.1:80", true);
        check("127.9.9.9:80", true);
        check("[::1]:80", true);
        check("10.0.0.1:80", false);
        check("0.0.0.0:80", false);
        check("[2001:db8::1]:80", false);
    }

    #[test]
    fn a_request_carries_its_headers_and_its_length() {
        let text = String::from_utf8(request().to_bytes("127.0.0.1:80")).unwrap();
        let expected =
            "POST /v1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\nIjazat-Purpose: KYC-101\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(text, expected);
    }
}

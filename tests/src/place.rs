//! An agency's own server, which notifications come to: TLS by an authority of its own, answers as it is told, keeps what it was asked.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::world::{Broken, until};

/// How the next request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// Sent elsewhere on the same server.
    Redirect,
    /// Read, and never answered.
    Silence,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// First line and headers.
    pub head: String,
    /// Body.
    pub body: String,
}

impl Asked {
    /// A header's value, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }

    /// The first line.
    #[must_use]
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Kept {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
    // Whoever waits for an answer waits on.
    silent: Vec<TlsStream<TcpStream>>,
}

/// The server. It ends with the runtime.
#[derive(Debug)]
pub struct Place {
    address: SocketAddr,
    authority: String,
    kept: Arc<Mutex<Kept>>,
}

impl Place {
    /// One that takes everything with 204 until it is told otherwise.
    ///
    /// # Errors
    /// Whatever could not be made.
    pub async fn start() -> Result<Self, Broken> {
        let mut of_authority = CertificateParams::new(Vec::new())?;
        of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate()?;
        let authority = of_authority.self_signed(&authority_key)?.pem();
        let key = KeyPair::generate()?;
        let issuer = Issuer::from_params(&of_authority, &authority_key);
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
        let secret = PrivateKeyDer::try_from(key.serialize_der())?;
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = TlsAcceptor::from(Arc::new(tls.with_single_cert(vec![leaf.der().clone()], secret)?));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, kept) = (listener.local_addr()?, Arc::<Mutex<Kept>>::default());
        tokio::spawn(serve(listener, tls, Arc::clone(&kept)));
        Ok(Self { address, authority, kept })
    }

    /// The authority of its certificate, PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where a path of it is.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// Answers the next request so, after those that were told before.
    pub fn answer(&self, answer: Answer) {
        lock(&self.kept).answers.push_back(answer);
    }

    /// What it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.kept).asked.clone()
    }

    /// Waits until it was asked so often.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn until_asked(&self, times: usize) -> Result<Vec<Asked>, Broken> {
        until(&format!("{times} notifications"), async || lock(&self.kept).asked.len() >= times).await?;
        Ok(self.asked())
    }
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, kept: Arc<Mutex<Kept>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (tls, kept) = (tls.clone(), Arc::clone(&kept));
        // Whoever breaks off has asked nothing.
        tokio::spawn(async move { drop(answer(socket, tls, &kept).await) });
    }
}

async fn answer(socket: TcpStream, tls: TlsAcceptor, kept: &Mutex<Kept>) -> Result<(), Broken> {
    let mut stream = tls.accept(socket).await?;
    let asked = read(&mut stream).await?;
    let answer = {
        let mut kept = lock(kept);
        kept.asked.push(asked);
        kept.answers.pop_front().unwrap_or(Answer::Status(204))
    };
    let head = match answer {
        Answer::Status(status) => format!("HTTP/1.1 {status} Told\r\nContent-Length: 0\r\n\r\n"),
        Answer::Redirect => "HTTP/1.1 307 Told\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned(),
        Answer::Silence => {
            lock(kept).silent.push(stream);
            return Ok(());
        }
    };
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}

async fn read(stream: &mut TlsStream<TcpStream>) -> Result<Asked, Broken> {
    let mut read = Vec::new();
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err("the request ended early".into());
        }
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let asked = Asked { head: head.to_owned(), body: body.to_owned() };
        if body.len() >= asked.header("content-length").parse::<usize>()? {
            return Ok(asked);
        }
    }
}

//! The bare answer that the bench compares us with: mTLS and a fixed reply of 600 bytes, no phases, no record.
//!
//! `--through pingora` is Pingora's own service as its guide writes it, with the peer read for each request; `--through
//! edge` is our listener before a door that does nothing, so that the difference is the price of our edge.
#![forbid(unsafe_code)]

use std::{io::Write as _, net::SocketAddr, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use exchange::{caller::Peer, codes::Code};
use gateway::{
    door::{BodyReader, Door, Head, Listener, Reply},
    listen::{self, ListenLimits, ListenOptions},
    tls::{self, CertificateFiles, ListenerTls, TrustFiles, identity},
};
use http::{HeaderValue, Response, header};
use pingora_core::{
    apps::http_app::ServeHttp,
    listeners::{ListenerConfig, TlsAccept, tls::TlsSettings},
    protocols::{http::ServerSession, tls::TlsRef},
    services::{Service as _, listening::Service},
};
use tokio::sync::watch;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of the reply, as in every row of the bench.
const REPLY_BYTES: usize = 600;

#[derive(Clone, Copy, ValueEnum)]
enum Through {
    Pingora,
    Edge,
}

/// Answers every request with the same 600 bytes.
#[derive(Parser)]
struct Arguments {
    /// Whose accept loop and HTTP loop.
    #[arg(long, value_enum)]
    through: Through,
    /// Address to listen on; port 0 only through the edge.
    #[arg(long)]
    listen: SocketAddr,
    /// Root certificates of clients, PEM.
    #[arg(long)]
    roots: PathBuf,
    /// Server certificate chain, PEM.
    #[arg(long)]
    chain: PathBuf,
    /// Server key, PEM.
    #[arg(long)]
    key: PathBuf,
    /// Worker threads.
    #[arg(long, default_value_t = 2)]
    workers: usize,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    tls::install_provider();
    let arguments = Arguments::parse();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.workers)
        .enable_all()
        .build()?
        .block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let roots = TrustFiles { roots: arguments.roots.clone(), lists: Vec::new() };
    let files = CertificateFiles { chain: arguments.chain.clone(), key: arguments.key.clone() };
    let tls = ListenerTls { certificate: files.load()?, clients: Some(roots.load()?) };
    match arguments.through {
        Through::Edge => {
            let options = ListenOptions { listener: Listener::Agency, tls, limits: ListenLimits::default() };
            let handle = listen::serve(arguments.listen, options, Arc::new(Fixed::new()))?;
            say(handle.address())?;
            tokio::signal::ctrl_c().await?;
            drop(handle);
        }
        Through::Pingora => {
            say(arguments.listen)?;
            // The sender lives as long as the service: nobody asks it to stop.
            let (_running, shutdown) = watch::channel(false);
            pingora(arguments.listen, &tls)?.start_service(None, shutdown, 1).await;
        }
    }
    Ok(())
}

fn say(address: SocketAddr) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "listening on {address}")
}

fn pingora(address: SocketAddr, tls: &ListenerTls) -> Result<Service<Fixed>, Failure> {
    let mut settings = TlsSettings::with_callbacks(Box::new(ReadPeer))?;
    settings.enable_h2();
    settings.set_cert_resolver(Arc::clone(&tls.certificate) as _);
    if let Some(trust) = &tls.clients {
        settings.set_client_cert_verifier(Arc::clone(trust) as _);
    }
    let mut service = Service::new("bare".to_owned(), Fixed::new());
    service.add_listener(ListenerConfig::tcp(address.to_string()).tls(settings));
    Ok(service)
}

/// Reads the peer once per connection, as our edge does.
struct ReadPeer;

#[async_trait]
impl TlsAccept for ReadPeer {
    async fn handshake_complete_callback(&self, tls: &TlsRef) -> Option<Arc<dyn std::any::Any + Send + Sync>> {
        Some(Arc::new(identity::read(tls.peer_certificate_der()?).ok()?))
    }
}

/// A fixed reply.
#[derive(Debug)]
struct Fixed(Bytes);

impl Fixed {
    fn new() -> Self {
        let padding = "x".repeat(REPLY_BYTES - r#"{"data":""}"#.len());
        Self(Bytes::from(format!(r#"{{"data":"{padding}"}}"#)))
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[async_trait]
impl Door for Fixed {
    async fn serve(&self, head: Head, body: &mut dyn BodyReader) -> Reply {
        let read = body.read(64 * 1024).await;
        let status = if read.is_ok() && head.peer.certificate.is_some() { 200 } else { 400 };
        Reply { status, headers: vec![(header::CONTENT_TYPE, JSON)], body: self.0.clone(), rest: None, close: false }
    }

    async fn unparsed(&self, _: Listener, _: Peer, code: Code) -> Reply {
        Reply { status: code.status(), headers: Vec::new(), body: Bytes::new(), rest: None, close: true }
    }
}

#[async_trait]
impl ServeHttp for Fixed {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let known = session
            .digest()
            .and_then(|digest| digest.ssl_digest.as_ref())
            .is_some_and(|tls| tls.extension.get::<exchange::caller::PeerCertificate>().is_some());
        let mut good = known;
        loop {
            match session.read_request_body().await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => {
                    good = false;
                    break;
                }
            }
        }
        let mut response = Response::new(self.0.to_vec());
        if !good {
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
        }
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(self.0.len()));
        response
    }
}

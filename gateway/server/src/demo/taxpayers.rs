//! A taxpayer service such as a tax authority would run, for the demo and the tests: a process of its own that asks for a
//! client certificate, answers honestly, or lies on command.

use std::{convert::Infallible, sync::Arc};

use aws_lc_rs::digest;
use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::client::{ClientError, Credential};

/// How the service answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Manner {
    /// As agreed.
    #[default]
    Honest,
    /// As agreed, and with fields that nobody asked for.
    Extra,
    /// About another person.
    WrongPerson,
    /// Bytes that are no JSON.
    Garbage,
    /// Without end.
    Endless,
    /// Never.
    Slow,
    /// With an error of its own.
    Failing,
}

/// Most frames of an endless answer, so that even a client that reads on is let go: 64 MiB.
const ENDLESS_FRAMES: u32 = 1024;

type Body = BoxBody<Bytes, Infallible>;

/// The service's TLS settings: shows its own certificate, demands one of the exchange's.
///
/// # Errors
/// [`ClientError`] if a PEM text cannot be read.
pub fn tls(own: &Credential, client_ca_pem: &str) -> Result<ServerConfig, ClientError> {
    let told = |error: &dyn std::fmt::Display| ClientError(format!("taxpayer service: {error}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(client_ca_pem.as_bytes()) {
        roots.add(certificate.map_err(|e| told(&e))?).map_err(|e| told(&e))?;
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().map_err(|e| told(&e))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(own.certificate.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).map_err(|e| told(&e))?;
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.map_err(|e| told(&e))?, key)
        .map_err(|e| told(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Serves until the task is dropped or the listener fails.
pub async fn serve(listener: TcpListener, tls: ServerConfig, manner: Manner) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(acceptor.clone(), stream, manner));
    }
}

async fn connection(acceptor: TlsAcceptor, stream: TcpStream, manner: Manner) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| async move { Ok::<_, Infallible>(answer(request, manner).await) });
    // A peer that goes away in the middle is no concern of a sample service.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, manner: Manner) -> Response<Body> {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let cnic = asked.get("cnic").and_then(Value::as_str).unwrap_or("").replace('-', "");
    match manner {
        Manner::Honest => whole(200, taxpayer(&cnic).to_string()),
        Manner::Extra => whole(200, with_extras(taxpayer(&cnic)).to_string()),
        Manner::WrongPerson => whole(200, taxpayer("9999999999999").to_string()),
        Manner::Garbage => whole(200, "<html>not json</html>".to_owned()),
        Manner::Failing => whole(500, json!({ "error": "database" }).to_string()),
        Manner::Slow => std::future::pending().await,
        Manner::Endless => endless(),
    }
}

/// What the service knows of a person: made up from the number's digest, so that the same number has the same answer.
fn taxpayer(cnic: &str) -> Value {
    let hash = digest::digest(&digest::SHA256, cnic.as_bytes());
    let [a, b, c, d, ..] = hash.as_ref() else { return Value::Null };
    let ntn = u32::from_be_bytes([0, *a, *b, *c]) % 10_000_000;
    json!({ "cnic": cnic, "ntn": format!("{ntn:07}"), "filer": d % 2 == 0, "active": d % 3 != 0, "city": "Multan" })
}

fn with_extras(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.insert("income".to_owned(), json!(1_250_000));
        members.insert("spouse".to_owned(), json!({ "cnic": "9999999999998", "name": "smuggled" }));
        members.insert("filer".to_owned(), json!({ "nested": "smuggled" }));
    }
    answer
}

fn whole(status: u16, body: String) -> Response<Body> {
    let mut response = Response::new(http_body_util::Full::new(Bytes::from(body)).boxed());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
}

fn endless() -> Response<Body> {
    let blank = Bytes::from(vec![b' '; 65_536]);
    let frames = (0..ENDLESS_FRAMES).map(move |_| Ok(Frame::data(blank.clone())));
    Response::new(StreamBody::new(futures_util::stream::iter(frames)).boxed())
}

#[cfg(test)]
#[path = "taxpayers_tests.rs"]
mod tests;

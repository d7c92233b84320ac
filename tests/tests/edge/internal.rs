//! The internal listener: a permit opens one request, and nothing else does.

use std::sync::Arc;

use axum::{Extension, Router, routing::post};
use bytes::Bytes;
use exchange::{
    classification::Role,
    ids::{AgencyId, DatatypeId, RequestId, ServiceId, UpstreamId},
    permit::{BoundTo, Grant, Permit, PermitKey, PermitMint, PermitVerifier, write_token},
    ports::clock::Clock,
    timestamp::Timestamp,
};
use gateway::{
    listen::{ListenHandle, ListenLimits, internal},
    tls::{ListenerTls, ServerCertificate, TrustState},
};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use rustls::version::TLS13;

use crate::kit::{
    client::{Tls, http2_over},
    loopback,
    pki::Pki,
    soon,
};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

fn registry() -> UpstreamId {
    UpstreamId::parse("registry").unwrap()
}

/// Says which datatypes the permit names.
async fn data(Extension(permit): Extension<Arc<Permit>>, body: Bytes) -> String {
    format!("{} {}", permit.grant().datatypes[0].as_str(), body.len())
}

fn open(pki: &Pki) -> ListenHandle {
    gateway::tls::install_provider();
    let (chain, key) = pki.server();
    let tls = ListenerTls {
        certificate: ServerCertificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap(),
        clients: Some(TrustState::from_pem(pki.roots().as_bytes(), b"").unwrap()),
    };
    let verifier = Arc::new(PermitVerifier::new(registry(), PermitKey::new(&[1; 32])));
    let router = Router::new().route("/v1/data", post(data));
    internal::serve(loopback(), tls, ListenLimits::default(), verifier, router, Arc::new(Fixed)).unwrap()
}

fn token(path: &str, body: &[u8], jti: u8) -> String {
    #[expect(clippy::disallowed_methods, reason = "the test stands for the gateway's process, which holds the mint")]
    let permit = PermitMint::new().mint(Grant {
        request: RequestId::parse("r1").unwrap(),
        service: ServiceId::parse("identity.kyc").unwrap(),
        version: 1,
        agency: Some(AgencyId::parse("bank-indus").unwrap()),
        user: None,
        certificate: None,
        role: Role::Standard,
        purpose: None,
        subject: None,
        datatypes: vec![DatatypeId::parse("names").unwrap()],
        rows: 1,
        consent: None,
        basis: None,
        subject_status: false,
        policies: Vec::new(),
        obligations: Vec::new(),
        at: NOW,
    });
    let bound = BoundTo { audience: &registry(), method: "POST", path, body };
    write_token(&permit, &PermitKey::new(&[1; 32]), bound, [jti; 16], NOW)
}

async fn ask(sender: &SendRequest<Full<Bytes>>, path: &str, body: &'static str, token: Option<&str>) -> (u16, String) {
    let mut request = Request::post(format!("https://gateway.test{path}"));
    if let Some(token) = token {
        request = request.header("ijazat-permit", token);
    }
    let sent = sender.clone().send_request(request.body(Full::new(Bytes::from(body))).unwrap());
    let answer = soon(sent).await.unwrap();
    let status = answer.status().as_u16();
    let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_permit_opens_its_own_request_once_and_nothing_else() {
    let pki = Pki::new();
    let handle = open(&pki);
    let own = pki.client("internal");
    let raw = Tls::with(pki.roots_der(), Some(&own), &TLS13).alpn(b"h2").connect_to(handle.address()).await.unwrap();
    let sender = http2_over(raw).await;
    let denied = (403, "{\"code\":\"policy_denied\"}".to_owned());
    let good = token("/v1/data", b"{}", 1);
    assert_eq!(ask(&sender, "/v1/data", "{}", Some(&good)).await, (200, "names 2".to_owned()));
    assert_eq!(ask(&sender, "/v1/data", "{}", Some(&good)).await, denied, "a second time");
    assert_eq!(ask(&sender, "/v1/data", "{}", None).await, denied, "no token");
    assert_eq!(ask(&sender, "/v1/data", "{}", Some("nonsense")).await, denied);
    assert_eq!(ask(&sender, "/v1/data", "{ }", Some(&token("/v1/data", b"{}", 2))).await, denied, "another body");
    assert_eq!(ask(&sender, "/v1/data", "{}", Some(&token("/v1/other", b"{}", 3))).await, denied, "another path");
    let ambiguous = ask(&sender, "/v1/../v1/data", "{}", Some(&token("/v1/data", b"{}", 4))).await;
    assert_eq!(ambiguous, (400, "{\"code\":\"path_ambiguous\"}".to_owned()));
    assert_eq!(ask(&sender, "/v1/data", "{}", Some(&token("/v1/data", b"{}", 5))).await.0, 200);
}

#[tokio::test]
async fn without_an_internal_certificate_nobody_gets_as_far_as_a_permit() {
    let pki = Pki::new();
    let handle = open(&pki);
    let tls = Tls::with(pki.roots_der(), None, &TLS13);
    let mut raw = tls.connect_to(handle.address()).await.unwrap();
    assert!(soon(raw.ask("GET /v1/data HTTP/1.1\r\nHost: a\r\n\r\n")).await.is_none());
}

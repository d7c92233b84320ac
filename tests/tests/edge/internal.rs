//! The internal listener: a permit opens one request, and nothing else does.

use std::sync::Arc;

use adapters::clock::ManualClock;
use axum::{Extension, Router, routing::post};
use bytes::Bytes;
use exchange::{
    classification::Role,
    ids::{AgencyId, DatatypeId, RequestId, ServiceId, UpstreamId},
    permit::{BoundTo, Grant, Permit, PermitKey, PermitMint, PermitVerifier, write_token},
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

fn registry() -> UpstreamId {
    UpstreamId::parse("registry").unwrap()
}

/// Says which headers came, but those of the protocol.
async fn headers(headers: http::HeaderMap) -> String {
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

/// Says which datatypes the permit names.
async fn data(Extension(permit): Extension<Arc<Permit>>, body: Bytes) -> String {
    format!("{} {}", permit.grant().datatypes[0].as_str(), body.len())
}

fn open(pki: &Pki, clock: &ManualClock) -> ListenHandle {
    gateway::tls::install_provider();
    let (chain, key) = pki.server();
    let tls = ListenerTls {
        certificate: ServerCertificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap(),
        clients: Some(TrustState::from_pem(pki.roots().as_bytes(), b"").unwrap()),
    };
    let verifier = Arc::new(PermitVerifier::new(registry(), PermitKey::new(&[1; 32])));
    let router = Router::new().route("/v1/data", post(data)).route("/v1/headers", post(headers));
    internal::serve(loopback(), tls, ListenLimits::default(), verifier, router, Arc::new(clock.clone())).unwrap()
}

/// What a token is made for; the default is what the listener wants.
struct Made<'a> {
    audience: &'a str,
    method: &'a str,
    path: &'a str,
    body: &'a [u8],
    key: u8,
    jti: u8,
    at: Timestamp,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self { audience: "registry", method: "POST", path: "/v1/data", body: b"{}", key: 1, jti: 1, at: NOW }
    }
}

impl Made<'_> {
    fn token(&self) -> String {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test stands for the gateway's process, which holds the mint"
        )]
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
            report: None,
            at: NOW,
        });
        let audience = UpstreamId::parse(self.audience).unwrap();
        let bound = BoundTo { audience: &audience, method: self.method, path: self.path, body: self.body };
        write_token(&permit, &PermitKey::new(&[self.key; 32]), bound, [self.jti; 16], self.at)
    }
}

fn token(path: &str, body: &[u8], jti: u8) -> String {
    Made { path, body, jti, ..Made::default() }.token()
}

async fn connected(pki: &Pki, handle: &ListenHandle) -> SendRequest<Full<Bytes>> {
    let own = pki.client("internal");
    let tls = Tls::with(pki.roots_der(), Some(&own), &TLS13).alpn(b"h2");
    http2_over(tls.connect_to(handle.address()).await.unwrap()).await
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
    let handle = open(&pki, &ManualClock::new(NOW));
    let sender = connected(&pki, &handle).await;
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
    let handle = open(&pki, &ManualClock::new(NOW));
    let tls = Tls::with(pki.roots_der(), None, &TLS13);
    let mut raw = tls.connect_to(handle.address()).await.unwrap();
    assert!(soon(raw.ask("GET /v1/data HTTP/1.1\r\nHost: a\r\n\r\n")).await.is_none());
}

#[tokio::test]
async fn a_token_for_anything_else_opens_nothing() {
    let pki = Pki::new();
    let handle = open(&pki, &ManualClock::new(NOW));
    let sender = connected(&pki, &handle).await;
    let check = async |name: &str, made: Made<'_>| {
        let answer = ask(&sender, "/v1/data", "{}", Some(&made.token())).await;
        assert_eq!(answer, (403, "{\"code\":\"policy_denied\"}".to_owned()), "{name}");
    };
    let good = Made::default;
    check("another upstream", Made { audience: "control", ..good() }).await;
    check("an upstream of a like name", Made { audience: "registry2", ..good() }).await;
    check("another method", Made { method: "GET", ..good() }).await;
    check("a method in other letters", Made { method: "post", ..good() }).await;
    check("a longer path", Made { path: "/v1/data/1", ..good() }).await;
    check("a path with a query", Made { path: "/v1/data?all=1", ..good() }).await;
    check("no body", Made { body: b"", ..good() }).await;
    check("a longer body", Made { body: b"{} ", ..good() }).await;
    check("another key", Made { key: 2, ..good() }).await;
    let answer = ask(&sender, "/v1/data", "{}", Some(&good().token())).await;
    assert_eq!(answer.0, 200, "what was refused used no token up");
}

#[tokio::test]
async fn a_token_lives_ten_seconds_by_the_upstreams_clock() {
    let pki = Pki::new();
    let clock = ManualClock::new(NOW);
    let handle = open(&pki, &clock);
    let sender = connected(&pki, &handle).await;
    let mut jti = 10;
    let mut check = async |later_s: i64, expected: u16| {
        jti += 1;
        clock.set(NOW.plus_seconds(later_s));
        let token = Made { jti, ..Made::default() }.token();
        assert_eq!(ask(&sender, "/v1/data", "{}", Some(&token)).await.0, expected, "{later_s} seconds later");
    };
    check(0, 200).await;
    check(9, 200).await;
    check(10, 200).await;
    check(11, 403).await;
    check(3_600, 403).await;
    // Clocks differ by a second at most; a token from further ahead was not made by one of ours.
    check(-1, 200).await;
    check(-2, 403).await;
    check(-3_600, 403).await;
}

#[tokio::test]
async fn of_many_who_bring_the_same_token_at_once_one_is_served() {
    let pki = Pki::new();
    let handle = open(&pki, &ManualClock::new(NOW));
    let token = Made::default().token();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let sender = connected(&pki, &handle).await;
        for _ in 0..8 {
            let (sender, token) = (sender.clone(), token.clone());
            asked.spawn(async move { ask(&sender, "/v1/data", "{}", Some(&token)).await.0 });
        }
    }
    let mut answers = Vec::new();
    while let Some(answer) = soon(asked.join_next()).await {
        answers.push(answer.unwrap());
    }
    answers.sort_unstable();
    assert_eq!((answers.len(), answers[0], answers[1]), (24, 200, 403));
}

#[tokio::test]
async fn a_bent_token_is_no_token_at_whatever_place() {
    let pki = Pki::new();
    let handle = open(&pki, &ManualClock::new(NOW));
    let sender = connected(&pki, &handle).await;
    let good = Made::default().token();
    let (payload, tag) = good.split_once('.').unwrap();
    let mut bent: Vec<String> = (0..good.len())
        .step_by(9)
        .map(|at| {
            let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{other}{}", good.get(..at).unwrap(), good.get(at + 1..).unwrap())
        })
        .collect();
    bent.extend([String::new(), ".".to_owned(), payload.to_owned(), format!("{payload}."), format!(".{tag}")]);
    bent.extend([
        format!("{good}."),
        format!("{good}A"),
        format!("{good}="),
        format!(" {good}x"),
        format!("{tag}.{payload}"),
    ]);
    bent.push(good.replace('.', ".."));
    for token in bent {
        let answer = ask(&sender, "/v1/data", "{}", Some(&token)).await;
        assert_eq!(answer, (403, "{\"code\":\"policy_denied\"}".to_owned()), "{token}");
    }
    assert_eq!(ask(&sender, "/v1/data", "{}", Some(&good)).await.0, 200);
}

#[tokio::test]
async fn the_service_is_not_shown_the_token_and_a_second_one_is_refused() {
    let pki = Pki::new();
    let handle = open(&pki, &ManualClock::new(NOW));
    let sender = connected(&pki, &handle).await;
    let token = Made { path: "/v1/headers", ..Made::default() }.token();
    let (status, names) = ask(&sender, "/v1/headers", "{}", Some(&token)).await;
    assert_eq!(status, 200);
    assert!(!names.contains("ijazat-permit"), "{names}");
    let request = Request::post("https://gateway.test/v1/data")
        .header("ijazat-permit", token.as_str())
        .header("ijazat-permit", Made { jti: 2, ..Made::default() }.token());
    let answer = soon(sender.clone().send_request(request.body(Full::new(Bytes::from("{}"))).unwrap())).await.unwrap();
    assert_eq!(answer.status(), 400, "two permits could be read in two ways");
}

#[tokio::test]
async fn an_unknown_route_and_a_large_body_are_answered_by_whom_they_concern() {
    let pki = Pki::new();
    let handle = open(&pki, &ManualClock::new(NOW));
    let sender = connected(&pki, &handle).await;
    let token = Made { path: "/v1/none", jti: 3, ..Made::default() }.token();
    assert_eq!(
        ask(&sender, "/v1/none", "{}", Some(&token)).await.0,
        404,
        "the permit held; the router knows no such path"
    );
    let large: &'static str = Box::leak("x".repeat(exchange::limits::REQUEST_BODY_BYTES_MAX + 1).into_boxed_str());
    let token = Made { body: large.as_bytes(), jti: 4, ..Made::default() }.token();
    assert_eq!(ask(&sender, "/v1/data", large, Some(&token)).await, (413, "{\"code\":\"body_too_large\"}".to_owned()));
    let most: &'static str = Box::leak("x".repeat(exchange::limits::REQUEST_BODY_BYTES_MAX).into_boxed_str());
    let token = Made { body: most.as_bytes(), jti: 5, ..Made::default() }.token();
    assert_eq!(ask(&sender, "/v1/data", most, Some(&token)).await.0, 200);
}

#[tokio::test]
async fn a_slow_head_of_our_own_process_is_refused_in_the_internal_form() {
    let pki = Pki::new();
    let handle = open(&pki, &ManualClock::new(NOW));
    let own = pki.client("internal");
    let mut raw = Tls::with(pki.roots_der(), Some(&own), &TLS13).connect_to(handle.address()).await.unwrap();
    raw.send("POST /v1/data HTTP/1.1\r\nHost: a\r\n").await;
    tokio::io::AsyncWriteExt::shutdown(&mut raw.stream).await.unwrap();
    let answer = soon(raw.answer()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (408, "{\"code\":\"head_incomplete\"}"));
}

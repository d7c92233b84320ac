//! The remote upstream against a peer that speaks raw bytes: what goes over the wire, and what comes back instead of an
//! answer.

use std::{sync::Arc, time::Duration};

use exchange::{
    permit::{PermitError, PermitVerifier},
    timestamp::Timestamp,
};
use tokio::net::TcpSocket;

use super::*;
use crate::{
    clock::ManualClock,
    entropy::SystemEntropy,
    upstream::fixtures::{Act, Peer, permit, request},
};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    versions.unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

/// Another agency's API.
fn external(base: &str) -> Remote {
    Remote::new(base, tls(), None)
}

/// One of our own processes, named `registry`.
fn ours(base: &str) -> Remote {
    let tokens = PermitTokens {
        audience: UpstreamId::parse("registry").unwrap(),
        key: PermitKey::new(&[1; 32]),
        clock: Arc::new(ManualClock::new(NOW)),
        entropy: Arc::new(SystemEntropy::default()),
    };
    Remote::new(base, tls(), Some(tokens))
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_request_reaches_the_peer_as_the_policies_saw_it() {
    let peer = Peer::new(|_| Act::Send(answer("200 OK", "{}"))).await;
    let remote = external(&format!("{}/", peer.base()));
    let path = "/v1/identity/yes-no%2F..;a=b?x=%00&y=+";
    let given = UpstreamRequest {
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        ..request(path)
    };
    let got = remote.call(&permit(), given).await.unwrap();
    assert_eq!((got.status, &got.body[..]), (200, &b"{}"[..]));
    let seen = peer.requests().remove(0);
    assert!(seen.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"cnic\":\"4210112345671\"}"), "{seen}");
    assert_eq!(header(&seen, "host"), Some(peer.address.to_string().as_str()));
    assert_eq!(header(&seen, "content-type"), Some("application/json"));
    assert_eq!(header(&seen, "traceparent"), Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    // A stranger gets neither the permit nor anything else that names the caller.
    let names: Vec<&str> = seen.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    for name in names {
        assert!(["host", "content-type", "accept", "traceparent", "content-length"].contains(&name), "{name}");
    }
    assert!(!remote.is_ours());
}

#[tokio::test]
async fn one_of_ours_gets_a_permit_bound_to_this_request_and_a_new_one_each_time() {
    let peer = Peer::new(|_| Act::Send(answer("200 OK", "{}"))).await;
    let remote = ours(&peer.base());
    for _ in 0..2 {
        remote.call(&permit(), request("/v1/x")).await.unwrap();
    }
    assert!(remote.is_ours());
    let tokens: Vec<String> =
        peer.requests().iter().map(|seen| header(seen, PERMIT_HEADER).unwrap().to_owned()).collect();
    let body = b"{\"cnic\":\"4210112345671\"}";
    let verifier =
        |audience: &str, key: u8| PermitVerifier::new(UpstreamId::parse(audience).unwrap(), PermitKey::new(&[key; 32]));
    let registry = verifier("registry", 1);
    for token in &tokens {
        let found = registry.verify(token, "POST", "/v1/x", body, NOW).unwrap();
        assert_eq!((found.subject(), found.allows("name"), found.grant().rows), (permit().subject(), true, 3));
        let again = registry.verify(token, "POST", "/v1/x", body, NOW);
        assert_eq!(again.unwrap_err(), PermitError::Replayed);
    }
    let check = |audience: &str, key, method: &str, path: &str, body: &[u8], now, expected| {
        let found = verifier(audience, key).verify(&tokens[0], method, path, body, now);
        assert_eq!(found.unwrap_err(), expected, "{audience} {method} {path}");
    };
    check("matcher", 1, "POST", "/v1/x", body, NOW, PermitError::OtherRequest);
    check("registry", 2, "POST", "/v1/x", body, NOW, PermitError::Forged);
    check("registry", 1, "PUT", "/v1/x", body, NOW, PermitError::OtherRequest);
    check("registry", 1, "POST", "/v1/x/", body, NOW, PermitError::OtherRequest);
    check("registry", 1, "POST", "/v1/x", b"{\"cnic\":\"4210112345672\"}", NOW, PermitError::OtherRequest);
    check("registry", 1, "POST", "/v1/x", b"", NOW, PermitError::OtherRequest);
    check("registry", 1, "POST", "/v1/x", body, NOW.plus_seconds(11), PermitError::Expired);
}

#[tokio::test]
async fn any_status_is_an_answer_and_a_redirect_is_never_followed() {
    let elsewhere = Peer::new(|_| Act::Send(answer("200 OK", "stolen"))).await;
    let location = format!("location: {}/v1/x\r\n", elsewhere.base());
    for status in
        ["200 OK", "201 Created", "301 Moved", "302 Found", "307 Again", "308 Moved", "404 None", "500 Broken"]
    {
        let sent = format!("HTTP/1.1 {status}\r\n{location}content-length: 4\r\n\r\nbody").into_bytes();
        let peer = Peer::new(move |_| Act::Send(sent.clone())).await;
        let got = ours(&peer.base()).call(&permit(), request("/v1/x")).await.unwrap();
        assert!(status.starts_with(&got.status.to_string()), "{status}: {}", got.status);
        assert_eq!(&got.body[..], b"body", "{status}");
        assert_eq!(peer.requests().len(), 1, "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn interim_answers_are_passed_over_and_an_answer_may_have_no_body() {
    let check = async |sent: &str, status: u16, body: &str| {
        let bytes = sent.as_bytes().to_vec();
        let peer = Peer::new(move |_| Act::SendAndClose(bytes.clone())).await;
        let got = external(&peer.base()).call(&permit(), request("/")).await.unwrap();
        assert_eq!((got.status, &got.body[..]), (status, body.as_bytes()), "{sent}");
    };
    check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, "ok").await;
    check("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", 403, "").await;
    check("HTTP/1.1 204 No Content\r\n\r\n", 204, "").await;
    check("HTTP/1.1 304 Same\r\ncontent-length: 9\r\n\r\n", 304, "").await;
    check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", 200, "abc").await;
    check("HTTP/1.0 200 OK\r\n\r\nuntil it closes", 200, "until it closes").await;
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_bound_and_not_a_byte_beyond() {
    let check = async |act: Act, max: usize, expected: Result<usize, UpstreamError>| {
        let shown = format!("{act:?}");
        let peer = Peer::new(move |_| act.clone()).await;
        let asked = UpstreamRequest { answer_bytes_max: max, ..request("/") };
        let got = external(&peer.base()).call(&permit(), asked).await;
        assert_eq!(got.map(|answer| answer.body.len()), expected, "{shown} within {max}");
    };
    let body = "x".repeat(100);
    check(Act::Send(answer("200 OK", &body)), 100, Ok(100)).await;
    check(Act::Send(answer("200 OK", &body)), 99, Err(UpstreamError::TooLarge)).await;
    check(Act::Send(answer("200 OK", "")), 0, Ok(0)).await;
    check(Act::Send(answer("200 OK", "x")), 0, Err(UpstreamError::TooLarge)).await;
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let three = [&chunked[..], b"20\r\n", &[b'x'; 32], b"\r\n20\r\n", &[b'y'; 32], b"\r\n1\r\nz\r\n0\r\n\r\n"].concat();
    check(Act::Send(three.clone()), 65, Ok(65)).await;
    check(Act::Send(three), 64, Err(UpstreamError::TooLarge)).await;
    check(Act::Endless(chunked, b"8\r\nendless!\r\n".to_vec()), 1 << 16, Err(UpstreamError::TooLarge)).await;
    let unending = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    check(Act::Endless(unending, vec![b'x'; 1_024]), 1 << 16, Err(UpstreamError::TooLarge)).await;
    // It says that it will be too long, then hangs: the first bytes beyond the bound already decide.
    let long = [b"HTTP/1.1 200 OK\r\ncontent-length: 4000000000\r\n\r\n".as_slice(), &[b'x'; 65]].concat();
    check(Act::SendAndHang(long), 64, Err(UpstreamError::TooLarge)).await;
}

#[tokio::test]
async fn a_peer_that_hangs_anywhere_runs_into_the_deadline_and_is_let_go() {
    let stages: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ];
    for stage in stages {
        let peer = Peer::new(move |_| Act::SendAndHang(stage.to_vec())).await;
        let asked = UpstreamRequest { deadline: Duration::from_millis(40), ..request("/") };
        let got = external(&peer.base()).call(&permit(), asked).await;
        assert_eq!(got, Err(UpstreamError::Timeout), "{stage:?}");
        peer.gone().await;
        assert_eq!(peer.requests().len(), 1, "{stage:?}");
    }
}

#[tokio::test]
async fn a_peer_that_sends_a_byte_now_and_then_does_not_outlive_the_deadline() {
    let slow = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    // Empty chunk extensions keep the connection busy without ever adding a byte to the answer.
    let peer = Peer::new(move |_| Act::Endless([&slow[..], b"1"].concat(), b";a".to_vec())).await;
    let asked = UpstreamRequest { deadline: Duration::from_millis(200), ..request("/") };
    let got = external(&peer.base()).call(&permit(), asked).await;
    assert!(matches!(got, Err(UpstreamError::Timeout | UpstreamError::Unreachable(_))), "{got:?}");
}

#[tokio::test]
async fn what_is_no_answer_is_unreachable_and_is_asked_only_once() {
    let long_head = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 1 << 20], b"\r\n\r\n".to_vec()].concat();
    let answers: [&[u8]; 14] = [
        b"",
        b"hello",
        b"\0\0\0\0\0\0\0\0",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n\xFF",
        &long_head,
    ];
    for sent in answers {
        let (bytes, shown) = (sent.to_vec(), String::from_utf8_lossy(&sent[..sent.len().min(80)]).into_owned());
        let peer = Peer::new(move |_| Act::SendAndClose(bytes.clone())).await;
        let got = external(&peer.base()).call(&permit(), request("/")).await;
        let upgraded = sent.starts_with(b"HTTP/1.1 101");
        let refused = matches!(&got, Err(UpstreamError::Unreachable(_)));
        assert!(refused || upgraded && got.as_ref().is_ok_and(|answer| answer.body.is_empty()), "{shown}: {got:?}");
        assert_eq!(peer.requests().len(), 1, "{shown}: what was sent once may have been done once");
    }
}

#[tokio::test]
async fn a_refused_connection_is_unreachable_and_the_next_call_finds_the_peer_that_came_back() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Bound, so that nobody else gets the port, and not yet listening.
    let remote = external(&format!("http://{}", socket.local_addr().unwrap()));
    for _ in 0..2 {
        let got = remote.call(&permit(), request("/")).await;
        assert!(matches!(got, Err(UpstreamError::Unreachable(_))), "{got:?}");
    }
    let peer = Peer::on(socket.listen(8).unwrap(), |_| Act::Send(answer("200 OK", "back")));
    let got = remote.call(&permit(), request("/")).await.unwrap();
    assert_eq!(&got.body[..], b"back");
    assert_eq!((peer.connections(), peer.requests().len()), (1, 1));
}

#[tokio::test]
async fn one_connection_serves_many_calls_and_a_closed_one_is_replaced() {
    let peer = Peer::new(|number| match number {
        2 => Act::SendAndClose(answer("200 OK", "last")),
        _ => Act::Send(answer("200 OK", "more")),
    })
    .await;
    let remote = external(&peer.base());
    for _ in 0..3 {
        remote.call(&permit(), request("/")).await.unwrap();
    }
    assert_eq!(peer.connections(), 1);
    // The idle connection is gone: nothing was sent over it, so that the request may take a new one.
    peer.gone().await;
    assert_eq!(&remote.call(&permit(), request("/")).await.unwrap().body[..], b"more");
    assert_eq!((peer.connections(), peer.requests().len()), (2, 4));
}

#[tokio::test]
async fn a_call_whose_connection_breaks_after_it_was_sent_is_not_sent_again() {
    // The second request of the connection is read and never answered: it may have been done.
    let peer = Peer::new(|number| match number {
        0 => Act::Send(answer("200 OK", "one")),
        _ => Act::SendAndClose(Vec::new()),
    })
    .await;
    let remote = external(&peer.base());
    remote.call(&permit(), request("/")).await.unwrap();
    let got = remote.call(&permit(), request("/")).await;
    assert!(matches!(got, Err(UpstreamError::Unreachable(_))), "{got:?}");
    assert_eq!((peer.connections(), peer.requests().len()), (1, 2));
}

#[tokio::test]
async fn many_calls_at_once_each_get_their_own_answer() {
    let peer = Peer::new(|number| Act::Send(answer("200 OK", &format!("answer {number}")))).await;
    let remote = Arc::new(external(&peer.base()));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let remote = Arc::clone(&remote);
            tokio::spawn(async move { remote.call(&permit(), request("/")).await.unwrap().body })
        })
        .collect();
    let mut bodies = Vec::new();
    for call in calls {
        bodies.push(call.await.unwrap());
    }
    bodies.sort();
    bodies.dedup();
    assert_eq!((bodies.len(), peer.requests().len()), (20, 20));
}

#[tokio::test]
async fn what_cannot_be_said_in_http_is_refused_before_anything_is_sent() {
    let peer = Peer::new(|_| Act::Send(answer("200 OK", ""))).await;
    let remote = ours(&peer.base());
    let check = async |what: &str, asked: UpstreamRequest| {
        let got = remote.call(&permit(), asked).await;
        assert!(matches!(got, Err(UpstreamError::Unreachable(_))), "{what}: {got:?}");
    };
    check("a space in the path", request("/a b")).await;
    check("a line break in the path", request("/a\r\nx: y")).await;
    check("a space in the method", UpstreamRequest { method: "GET /".into(), ..request("/") }).await;
    check("no method", UpstreamRequest { method: String::new(), ..request("/") }).await;
    check("a line break in the trace", UpstreamRequest { traceparent: Some("00\r\nx: y".into()), ..request("/") })
        .await;
    assert_eq!(peer.connections(), 0);
    let nowhere = external("http://");
    assert!(matches!(nowhere.call(&permit(), request("/")).await, Err(UpstreamError::Unreachable(_))));
}

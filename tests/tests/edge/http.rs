//! Requests that are well: both protocols, kept connections, bodies, headers.

use bytes::Bytes;
use exchange::path::CanonicalPath;
use gateway::{door::Listener, listen::ListenLimits};
use http::Request;
use http_body_util::{BodyExt, Full};

use crate::kit::{
    Edge,
    client::{Tls, get, http2, post},
    soon,
};

#[tokio::test]
async fn http_1_1_is_answered_again_and_again_over_one_connection() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    for n in 1..=3 {
        let answer = soon(raw.ask(post("/v1/x", "{\"a\":1}"))).await.unwrap();
        assert_eq!((answer.status, answer.body), (200, format!("request {n}")));
        assert!(answer.head.to_ascii_lowercase().contains("content-type: text/plain"));
    }
    let seen = edge.door.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].head.method, "POST");
    assert_eq!(seen[0].head.target, "/v1/x");
    assert_eq!(seen[0].body, Some(Ok(Bytes::from_static(b"{\"a\":1}"))));
    let peer = &seen[0].head.peer;
    assert_eq!(peer.address, edge.address().ip());
    assert_eq!(peer.certificate.as_ref().unwrap().agency.as_ref().unwrap().as_str(), "bank-indus");
}

#[tokio::test]
async fn http_2_is_answered_with_many_streams_at_once() {
    let edge = Edge::open();
    let own = edge.pki.client("telco-sarhad");
    let sender = http2(&edge, Some(&own)).await;
    let ask = |n: usize| {
        let mut sender = sender.clone();
        let request = Request::post(format!("https://gateway.test/v1/{n}")).body(Full::new(Bytes::from("{}"))).unwrap();
        async move {
            sender.ready().await.unwrap();
            let response = sender.send_request(request).await.unwrap();
            let status = response.status().as_u16();
            (status, response.into_body().collect().await.unwrap().to_bytes())
        }
    };
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..40 {
        asked.spawn(ask(n));
    }
    while let Some(answer) = soon(asked.join_next()).await {
        let (status, body) = answer.unwrap();
        assert_eq!(status, 200);
        assert!(body.starts_with(b"request "));
    }
    let seen = edge.door.seen();
    assert_eq!(seen.len(), 40);
    assert!(seen.iter().all(|seen| seen.body == Some(Ok(Bytes::from_static(b"{}")))));
    assert!(seen.iter().all(|seen| seen.head.peer.certificate.is_some()));
}

#[tokio::test]
async fn a_body_that_nobody_read_is_drained_and_the_connection_kept() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    assert_eq!(soon(raw.ask(post("/ignore", "GET /evil HTTP/1.1\r\n\r\n"))).await.unwrap().status, 200);
    assert_eq!(soon(raw.ask(get("/after"))).await.unwrap().body, "request 2");
    assert_eq!(edge.door.seen()[1].head.target, "/after");
}

#[tokio::test]
async fn identity_headers_from_outside_never_reach_the_door() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let foreign = [
        "X-User",
        "X-Org",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Client-Cert",
        "Forwarded",
        "X-Real-IP",
        "X-Client-Cert",
        "X-SSL-Client-Verify",
        "Ijazat-Agency",
        "Ijazat-Permit",
        "x_user",
    ];
    let lines = foreign.join(": fbr\r\n");
    let text = format!("GET /x HTTP/1.1\r\nHost: a\r\n{lines}: fbr\r\nIjazat-User: teller-1\r\n\r\n");
    assert_eq!(soon(raw.ask(text)).await.unwrap().status, 200);
    let headers = &edge.door.seen()[0].head.headers;
    assert_eq!(headers.get("ijazat-user").unwrap(), "teller-1");
    assert!(headers.values().all(|value| value != "fbr"), "{headers:?}");
}

#[tokio::test]
async fn an_ambiguous_path_reaches_the_door_as_it_was_sent_and_is_no_path() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let mut sender = http2(&edge, Some(&own)).await;
    let targets = [
        "/v1/%2e%2e/x",
        "/v1/%2E%2E/x",
        "/v1/..%2fx",
        "/v1/%252e/x",
        "/v1/%5cx",
        "/v1/%00",
        "/v1/%c0%ae%c0%ae/x",
        "//v1/x",
        "/v1//x",
        "/v1/./x",
        "/v1/../x",
        "/v1/x;a=b",
        "/v1/x/",
        "/v1/x?",
        "/v1/x?a=%2f",
        "/v1/%41",
        "/v1/%u002e",
    ];
    for target in targets {
        assert_eq!(soon(raw.ask(get(target))).await.unwrap().status, 200, "{target}");
        let request = Request::get(format!("https://gateway.test{target}")).body(Full::<Bytes>::default()).unwrap();
        assert_eq!(soon(sender.send_request(request)).await.unwrap().status(), 200, "{target}");
        for seen in &edge.door.seen()[edge.door.seen().len() - 2..] {
            assert_eq!(seen.head.target, target);
            assert!(CanonicalPath::parse(&seen.head.target).is_err(), "{target}");
        }
    }
    for target in ["/v1/x\\y", "/v1/\"x", "/v1/x|y", "/v1/<x>"] {
        let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
        let before = edge.door.seen().len();
        assert!(soon(raw.ask(get(target))).await.is_some(), "{target}");
        let refused = edge.door.seen().get(before).is_none_or(|seen| CanonicalPath::parse(&seen.head.target).is_err());
        assert!(refused, "{target}");
    }
}

#[tokio::test]
async fn a_reply_to_head_has_no_body_in_either_protocol() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let answer = soon(raw.ask("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(soon(raw.ask(get("/y"))).await.unwrap().body, "request 2", "nothing was left on the wire");
    let request = Request::head("https://gateway.test/x").body(Full::<Bytes>::default()).unwrap();
    let answer = soon(http2(&edge, Some(&own)).await.send_request(request)).await.unwrap();
    assert!(soon(answer.into_body().collect()).await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn the_public_listener_asks_for_no_certificate_and_takes_none() {
    let edge = Edge::open_as(Listener::Public, ListenLimits::default());
    let own = edge.pki.client("bank-indus");
    for own in [None, Some(&own)] {
        let mut raw = Tls::new(&edge.pki, own).connect(&edge).await.unwrap();
        assert_eq!(soon(raw.ask(get("/v1/reports/x"))).await.unwrap().status, 200);
        let seen = edge.door.seen().pop().unwrap();
        assert_eq!(seen.head.listener, Listener::Public);
        assert!(seen.head.peer.certificate.is_none());
    }
}

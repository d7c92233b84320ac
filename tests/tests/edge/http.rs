//! Requests that are well: both protocols, kept connections, bodies, headers.

use bytes::Bytes;
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

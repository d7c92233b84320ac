//! Clients that are slow, greedy, cut off or gone: bounded, and the others are served.

use std::time::Duration;

use bytes::Bytes;
use gateway::{door::BodyError, listen::ListenLimits};
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::kit::{
    Edge,
    client::{Tls, get, http2, post},
    soon,
};

const SHORT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_body_that_breaks_off_is_incomplete_and_the_connection_closed() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    let cut = [
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{}",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ];
    for text in cut {
        let mut raw = tls.connect(&edge).await.unwrap();
        raw.send(text).await;
        raw.stream.shutdown().await.unwrap();
        let answer = soon(raw.answer()).await.unwrap();
        assert_eq!(answer.status, 400, "{text:?}");
        assert!(answer.head.to_ascii_lowercase().contains("connection: close"), "{text:?}");
        assert!(soon(raw.is_closed()).await, "{text:?}");
        assert_eq!(edge.door.seen().last().unwrap().body, Some(Err(BodyError::Incomplete)), "{text:?}");
    }
}

#[tokio::test]
async fn chunks_that_lie_about_their_size_are_incomplete() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "ffffffffffffffffff\r\n{}", "-1\r\n{}\r\n", "2\r\n{}XX0\r\n\r\n"] {
        let mut raw = tls.connect(&edge).await.unwrap();
        raw.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).await;
        raw.stream.shutdown().await.unwrap();
        assert_eq!(soon(raw.answer()).await.unwrap().status, 400, "{chunks:?}");
        assert!(soon(raw.is_closed()).await, "{chunks:?}");
        let body = edge.door.seen().last().unwrap().body.clone();
        assert!(matches!(body, Some(Err(BodyError::Incomplete | BodyError::TooLarge))), "{chunks:?}: {body:?}");
    }
}

#[tokio::test]
async fn a_body_above_the_doors_bound_is_refused_before_it_is_sent() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let answer = soon(raw.ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")).await;
    assert_eq!(answer.unwrap().status, 400);
    assert_eq!(edge.door.seen()[0].body, Some(Err(BodyError::TooLarge)));
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400)).repeat(3);
    soon(raw.ask(format!("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"))).await.unwrap();
    assert_eq!(edge.door.seen()[1].body, Some(Err(BodyError::TooLarge)));
}

#[tokio::test]
async fn a_client_that_waits_for_leave_gets_it_when_the_body_is_wanted() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let head = "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(soon(raw.ask(head)).await.unwrap().status, 100);
    assert_eq!(soon(raw.ask("{}")).await.unwrap().status, 200);
    assert_eq!(edge.door.seen()[0].body, Some(Ok(Bytes::from_static(b"{}"))));
}

#[tokio::test]
async fn slow_handshakes_heads_bodies_and_silence_end_by_their_deadlines() {
    let limits = ListenLimits {
        handshake_time: SHORT * 10,
        head_time: SHORT,
        body_time: SHORT,
        idle_time: SHORT * 2,
        ..ListenLimits::default()
    };
    let edge = Edge::open_with(limits);
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    let mut silent = tls.connect(&edge).await.unwrap();
    assert!(soon(silent.is_closed()).await, "a connection without a request");
    let mut drip = tls.connect(&edge).await.unwrap();
    drip.send("GET / HTTP/1.1\r\nHos").await;
    let answer = soon(drip.answer()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (408, "head_incomplete"), "half a head");
    assert!(soon(drip.is_closed()).await);
    let mut body = tls.connect(&edge).await.unwrap();
    let answer = soon(body.ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(edge.door.seen()[0].body, Some(Err(BodyError::TooSlow)));
    let mut mute = TcpStream::connect(edge.address()).await.unwrap();
    mute.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
    assert_eq!(soon(mute.read(&mut [0; 8])).await.unwrap_or(0), 0, "half a handshake");
    let mut no_preface = Tls::new(&edge.pki, Some(&own)).alpn(b"h2").connect(&edge).await.unwrap();
    let _ = soon(no_preface.stream.read_to_end(&mut Vec::new())).await;
    let counts: std::collections::HashMap<_, _> = edge.handle.counters().all().into_iter().collect();
    assert_eq!((counts["heads_slow"], counts["handshakes_slow"]), (1, 1));
    assert_eq!(edge.door.seen().len(), 1);
}

#[tokio::test]
async fn a_head_that_never_ends_is_refused_at_its_bound() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    let line = format!("X: {}\r\n", "y".repeat(1_000));
    let answer = soon(raw.ask(format!("GET / HTTP/1.1\r\nHost: a\r\n{}", line.repeat(40)))).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (400, "header_invalid"));
    assert!(soon(raw.is_closed()).await);
}

#[tokio::test]
async fn connections_above_the_bound_are_closed_and_a_free_place_is_given_again() {
    let edge = Edge::open_with(ListenLimits { connections: 2, ..ListenLimits::default() });
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    let mut first = tls.connect(&edge).await.unwrap();
    let mut second = tls.connect(&edge).await.unwrap();
    assert!(soon(first.ask(get("/1"))).await.is_some() && soon(second.ask(get("/2"))).await.is_some());
    assert!(soon(tls.connect(&edge)).await.is_err(), "the third is one too many");
    drop(first);
    let served = async {
        loop {
            if let Ok(mut raw) = tls.connect(&edge).await
                && raw.ask(get("/3")).await.is_some()
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon(served).await;
    let one_each = Edge::open_with(ListenLimits { connections_per_address: 1, ..ListenLimits::default() });
    let tls = Tls::new(&one_each.pki, None);
    let held = TcpStream::connect(one_each.address()).await.unwrap();
    assert!(soon(tls.connect(&one_each)).await.is_err(), "one address has one place");
    drop(held);
}

#[tokio::test]
async fn clients_that_vanish_leave_the_listener_well() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    drop(TcpStream::connect(edge.address()).await.unwrap());
    let mut garbage = TcpStream::connect(edge.address()).await.unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let half = post("/x", &"y".repeat(100)).trim_end_matches('y').to_owned();
    for text in ["", "G", "GET / HTTP/1.1\r\n", &half, &post("/x", "{}"), &get("/close")] {
        let mut raw = tls.connect(&edge).await.unwrap();
        raw.send(text).await;
        drop(raw);
    }
    drop(http2(&edge, Some(&own)).await);
    let mut raw = tls.connect(&edge).await.unwrap();
    assert_eq!(soon(raw.ask(get("/after"))).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_stopping_listener_finishes_what_it_began() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    let mut idle = tls.connect(&edge).await.unwrap();
    assert!(soon(idle.ask(get("/"))).await.is_some());
    let mut sender = http2(&edge, Some(&own)).await;
    let mut busy = tls.connect(&edge).await.unwrap();
    busy.send(get("/wait")).await;
    soon(edge.door.arrived.notified()).await;
    let stream = sender.send_request(Request::get("https://gateway.test/wait").body(Full::default()).unwrap());
    let stream = tokio::spawn(stream);
    soon(edge.door.arrived.notified()).await;
    let (address, door) = (edge.address(), edge.door);
    let stopping = tokio::spawn(edge.handle.stop(Duration::from_secs(10)));
    assert!(soon(idle.is_closed()).await, "idle connections close at once");
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon(door.release_all()).await;
    let answer = soon(busy.answer()).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.head.to_ascii_lowercase().contains("connection: close"));
    let answer = soon(stream).await.unwrap().unwrap();
    assert_eq!(soon(answer.into_body().collect()).await.unwrap().to_bytes().len(), "request 3".len());
    drop(sender);
    assert_eq!(soon(stopping).await.unwrap(), 0);
}

#[tokio::test]
async fn a_stop_does_not_wait_beyond_its_deadline() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut busy = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    busy.send(get("/wait")).await;
    soon(edge.door.arrived.notified()).await;
    assert_eq!(soon(edge.handle.stop(SHORT)).await, 1);
    assert!(soon(busy.is_closed()).await);
}

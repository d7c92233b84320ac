//! HTTP/2 clients that open and reset, or send what must not be sent.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::kit::{
    Edge,
    client::{Raw, Tls, get, http2},
    soon,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One frame: length, type, flags, stream, payload.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

/// `:method GET`, `:scheme https`, `:path /x`, `:authority a`, in HPACK without tables.
fn request_block(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x87];
    let mut literal = |index: u8, value: &str| {
        block.extend([index, u8::try_from(value.len()).unwrap()]);
        block.extend(value.as_bytes());
    };
    literal(0x04, path);
    literal(0x01, "a");
    block
}

async fn open(edge: &Edge) -> Raw {
    let own = edge.pki.client("bank-indus");
    let mut raw = Tls::new(&edge.pki, Some(&own)).alpn(b"h2").connect(edge).await.unwrap();
    raw.send([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
    raw
}

/// Returns when the server has ended the connection, in whatever way.
async fn ended(raw: &mut Raw) {
    let _ = soon(raw.stream.read_to_end(&mut Vec::new())).await;
}

async fn is_well(edge: &Edge) {
    let own = edge.pki.client("bisp");
    let mut raw = Tls::new(&edge.pki, Some(&own)).connect(edge).await.unwrap();
    assert_eq!(soon(raw.ask(get("/well"))).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_client_that_resets_what_it_opens_is_cut_off() {
    let edge = Edge::open();
    let mut raw = open(&edge).await;
    let mut burst = Vec::new();
    for n in 0..4_000_u32 {
        burst.extend(frame(HEADERS, 0x5, 2 * n + 1, &request_block("/wait")));
        burst.extend(frame(RESET, 0, 2 * n + 1, &8_u32.to_be_bytes()));
    }
    raw.send(burst).await;
    ended(&mut raw).await;
    assert!(edge.door.seen().len() <= 300, "{} requests reached the door", edge.door.seen().len());
    is_well(&edge).await;
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let edge = Edge::open();
    let mut raw = open(&edge).await;
    raw.send(frame(HEADERS, 0, 1, &request_block("/x"))).await;
    let mut part = vec![0x00, 0x01, b'x', 0x7f, 0x81, 0x3e];
    part.extend(vec![b'y'; 8_000]);
    for _ in 0..200 {
        if raw.stream.write_all(&frame(CONTINUATION, 0, 1, &part)).await.is_err() {
            break;
        }
    }
    let _ = raw.stream.flush().await;
    ended(&mut raw).await;
    assert!(edge.door.seen().is_empty());
    is_well(&edge).await;
}

#[tokio::test]
async fn headers_that_http_1_refuses_are_refused_here_too() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let sender = http2(&edge, Some(&own)).await;
    let ask = async |name: &'static str, values: &[&'static str]| {
        let mut request = Request::get("https://gateway.test/x");
        for value in values {
            request = request.header(name, *value);
        }
        let sent = sender.clone().send_request(request.body(Full::<Bytes>::default()).unwrap());
        soon(sent).await.map(|response| response.status().as_u16()).ok()
    };
    assert_eq!(ask("ijazat-user", &["a", "b"]).await, Some(400));
    let sender = http2(&edge, Some(&own)).await;
    let request =
        Request::get("https://gateway.test/x").header("x-user", "root").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(soon(sender.clone().send_request(request)).await.unwrap().status(), 200);
    assert_eq!(edge.door.seen().len(), 1);
    assert!(edge.door.seen()[0].head.headers.get("x-user").is_none());
}

#[tokio::test]
async fn a_client_that_only_breaks_rules_is_cut_off() {
    let edge = Edge::open();
    let mut raw = open(&edge).await;
    let mut burst = Vec::new();
    for n in 0..200_u32 {
        burst.extend(frame(HEADERS, 0x5, 2 * n + 1, &request_block("http://other/")));
    }
    raw.send(burst).await;
    ended(&mut raw).await;
    assert!(edge.door.seen().is_empty());
    is_well(&edge).await;
}

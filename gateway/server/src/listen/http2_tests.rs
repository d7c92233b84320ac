//! One HTTP/2 connection over a pipe: frames by hand where a client misbehaves, hyper where it behaves.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use exchange::codes::Code;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{io::AsyncReadExt, time::Instant};

use super::{
    super::{
        ListenLimits, Side,
        testing::{BODY_MAX, Bench, Client},
    },
    *,
};
use crate::{door::BodyError, pki::testing::Fixture, tls::TrustState};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const WINDOW: u8 = 8;

/// Flags of a HEADERS frame that is the whole request.
const WHOLE: u8 = 0x5;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A header block without tables: each field as a literal with a new name.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0x00);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

fn request<'a>(path: &'a str, more: &[(&'a str, &'a str)]) -> Vec<u8> {
    let own = [(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "gateway.test")];
    block(&[&own, more].concat())
}

async fn greeted(bench: &Bench) -> Client {
    let mut client = bench.http2();
    client.send([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
    client
}

/// Everything that the server still says, as (kind, stream, payload).
async fn frames(client: &mut Client) -> Vec<(u8, u32, Vec<u8>)> {
    let mut bytes = Vec::new();
    let _ = client.pipe.read_to_end(&mut bytes).await;
    let (mut rest, mut all) = (bytes.as_slice(), Vec::new());
    while let [a, b, c, kind, _, s0, s1, s2, s3, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (payload, next) = after.split_at(length.min(after.len()));
        all.push((*kind, u32::from_be_bytes([*s0, *s1, *s2, *s3]), payload.to_vec()));
        rest = next;
    }
    all
}

async fn hyper_over(client: Client) -> SendRequest<Full<Bytes>> {
    let io = TokioIo::new(client.pipe);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(sender: &SendRequest<Full<Bytes>>, path: &str, body: Vec<u8>) -> Option<(u16, Bytes)> {
    let mut sender = sender.clone();
    sender.ready().await.ok()?;
    let request = Request::post(format!("https://gateway.test{path}")).body(Full::new(Bytes::from(body))).unwrap();
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.into_body().collect().await.ok()?.to_bytes()))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_greets_is_let_go_in_the_time_of_a_head() {
    let limits = ListenLimits { head_time: Duration::from_millis(500), ..ListenLimits::default() };
    for said in [b"".as_slice(), b"PRI * HTTP/2.0\r\n", PREFACE.split_at(PREFACE.len() - 1).0] {
        let bench = Bench::with(limits, Side::Outside, None);
        let mut client = bench.http2();
        client.send(said).await;
        let started = Instant::now();
        client.served.await.unwrap();
        let waited = started.elapsed().as_millis();
        assert!((500..=505).contains(&waited), "{said:?}: {waited} ms");
        assert!(bench.door.seen().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_greeting_is_no_connection() {
    for said in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        let bench = Bench::new();
        let mut client = bench.http2();
        client.send(said).await;
        let started = Instant::now();
        client.served.await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(1), "{said:?} is not waited for");
        assert!(bench.door.seen().is_empty() && bench.door.codes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_ends_and_one_with_a_request_at_the_door_does_not() {
    let limits = ListenLimits { idle_time: Duration::from_secs(3), ..ListenLimits::default() };
    let bench = Bench::with(limits, Side::Outside, None);
    let silent = greeted(&bench).await;
    let started = Instant::now();
    silent.served.await.unwrap();
    assert!((3_000..=3_010).contains(&started.elapsed().as_millis()));
    let sender = hyper_over(bench.http2()).await;
    let waiting = tokio::spawn(async move { (ask(&sender, "/wait", Vec::new()).await, sender) });
    bench.door.arrived.notified().await;
    tokio::time::advance(limits.idle_time * 3).await;
    tokio::task::yield_now().await;
    bench.door.release.notify_one();
    let (answer, _sender) = waiting.await.unwrap();
    assert_eq!(answer, Some((200, Bytes::from_static(b"request 1"))));
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_as_in_http_1_and_a_refused_one_ends_its_stream_alone() {
    let bench = Bench::new();
    let sender = hyper_over(bench.http2()).await;
    let check = async |path: &str, bytes: usize, status: u16, body: Option<Result<usize, BodyError>>| {
        let answer = ask(&sender, path, vec![b'x'; bytes]).await;
        assert_eq!(answer.map(|(status, _)| status), Some(status), "{path} of {bytes}");
        let seen = bench.door.seen().pop().unwrap().body;
        assert_eq!(seen.map(|read| read.map(|read| read.len())), body, "{path} of {bytes}");
    };
    check("/x", 0, 200, Some(Ok(0))).await;
    check("/x", BODY_MAX, 200, Some(Ok(BODY_MAX))).await;
    check("/x", BODY_MAX + 1, 400, Some(Err(BodyError::TooLarge))).await;
    check("/ignore", 200, 200, None).await;
    check("/x", 1, 200, Some(Ok(1))).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_body_stops_is_refused_in_its_time_while_others_go_on() {
    let limits = ListenLimits { body_time: Duration::from_millis(700), ..ListenLimits::default() };
    let bench = Bench::with(limits, Side::Outside, None);
    let mut client = greeted(&bench).await;
    client.send(frame(HEADERS, 0x4, 1, &request("/slow", &[]))).await;
    client.send(frame(DATA, 0, 1, b"{")).await;
    client.send(frame(HEADERS, WHOLE, 3, &request("/quick", &[]))).await;
    let started = Instant::now();
    while bench.door.seen().len() < 2 {
        tokio::time::advance(Duration::from_millis(1)).await;
        tokio::task::yield_now().await;
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    assert_eq!(bench.door.targets(), ["/quick", "/slow"]);
    assert_eq!(bench.door.seen()[1].body, Some(Err(BodyError::TooSlow)));
    assert!(started.elapsed() >= Duration::from_millis(699));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_reset_within_its_body_is_incomplete_and_still_seen_by_the_door() {
    let bench = Bench::new();
    let mut client = greeted(&bench).await;
    client.send(frame(HEADERS, 0x4, 1, &request("/x", &[]))).await;
    client.send(frame(DATA, 0, 1, b"{")).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    client.send(frame(RESET, 0, 1, &8_u32.to_be_bytes())).await;
    while bench.door.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.door.seen()[0].body, Some(Err(BodyError::Incomplete)));
    while bench.counters.in_flight.load(Ordering::Relaxed) > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn heads_that_http_1_refuses_are_recorded_refusals_here_too() {
    let check = async |path: &str, more: &[(&str, &str)], expected: &[Code], seen: usize| {
        let bench = Bench::new();
        let mut client = greeted(&bench).await;
        client.send(frame(HEADERS, WHOLE, 1, &request(path, more))).await;
        frames(&mut client).await;
        assert_eq!(bench.door.codes(), expected, "{path} {more:?}");
        assert_eq!(bench.door.seen().len(), seen, "{path} {more:?}");
    };
    check("/x", &[("ijazat-user", "a")], &[], 1).await;
    check("/x", &[("ijazat-user", "a"), ("ijazat-user", "a")], &[Code::HeaderInvalid], 0).await;
    check("/x", &[("authorization", "a"), ("authorization", "b")], &[Code::HeaderInvalid], 0).await;
    check("/x", &[("ijazat-user", "\u{6a9}")], &[Code::HeaderInvalid], 0).await;
    check("/x", &[("x-user", "root"), ("x-user", "admin")], &[], 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_protocol_forbids_never_reaches_the_door() {
    let check = async |name: &str, bytes: Vec<u8>| {
        let bench = Bench::new();
        let mut client = greeted(&bench).await;
        client.send(bytes).await;
        let said = frames(&mut client).await;
        assert!(bench.door.seen().is_empty(), "{name}");
        // Pingora answers some heads with 400 itself; everything else ends its stream or the connection.
        let refused = said.iter().any(|(kind, ..)| [HEADERS, RESET, GO_AWAY].contains(kind));
        assert!(refused, "{name}: {:?}", said.iter().map(|(kind, ..)| kind).collect::<Vec<_>>());
    };
    let whole = |fields: &[(&str, &str)]| frame(HEADERS, WHOLE, 1, &block(fields));
    let base = [(":method", "GET"), (":scheme", "https"), (":path", "/x")];
    let with = |more: (&'static str, &'static str)| whole(&[base.as_slice(), &[more]].concat());
    check("no method", whole(&base[1..])).await;
    check("no path", whole(&base[..2])).await;
    check("an upper-case name", with(("X-Upper", "y"))).await;
    check("a connection header", with(("connection", "keep-alive"))).await;
    check("a transfer encoding", with(("transfer-encoding", "chunked"))).await;
    check("a value with a line end", with(("x-split", "a\r\nijazat-user: power-1"))).await;
    check("a value with NUL", with(("x-nul", "a\0b"))).await;
    check(
        "a pseudo header after a plain one",
        with((":authority", "a"))
            .into_iter()
            .chain(whole(&[("x", "y"), (":path", "/x")]))
            .skip(with((":authority", "a")).len())
            .collect(),
    )
    .await;
    check("an unknown pseudo header", with((":agency", "fbr"))).await;
    check("an even stream", frame(HEADERS, WHOLE, 2, &request("/x", &[]))).await;
    check("stream zero", frame(HEADERS, WHOLE, 0, &request("/x", &[]))).await;
    check("a block of nonsense", frame(HEADERS, WHOLE, 1, &[0xff; 40])).await;
    check("data before a head", frame(DATA, 0, 1, b"{}")).await;
    check("settings of a wrong length", frame(SETTINGS, 0, 0, &[0; 5])).await;
    check("a window of nothing", frame(WINDOW, 0, 0, &0_u32.to_be_bytes())).await;
    check("a ping of a wrong length", frame(PING, 0, 0, &[0; 7])).await;
    check("a frame beyond the agreed size", frame(HEADERS, WHOLE, 1, &vec![0; 20_000])).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_differs_from_its_announced_length_is_incomplete() {
    for (announced, sent) in [("3", "{}"), ("1", "{}")] {
        let bench = Bench::new();
        let mut client = greeted(&bench).await;
        client.send(frame(HEADERS, 0x4, 1, &request("/x", &[("content-length", announced)]))).await;
        client.send(frame(DATA, 0x1, 1, sent.as_bytes())).await;
        frames(&mut client).await;
        let bodies: Vec<_> = bench.door.seen().into_iter().map(|seen| seen.body).collect();
        let whole = bodies.iter().any(|body| matches!(body, Some(Ok(_))));
        assert!(!whole, "{announced} announced, {sent} sent: {bodies:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_closing_answer_lets_the_other_streams_finish_and_takes_no_new_one() {
    let bench = Bench::new();
    let sender = hyper_over(bench.http2()).await;
    let waiting = tokio::spawn({
        let sender = sender.clone();
        async move { ask(&sender, "/wait", Vec::new()).await }
    });
    bench.door.arrived.notified().await;
    assert_eq!(ask(&sender, "/close", Vec::new()).await.unwrap().0, 200);
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&sender, "/late", Vec::new()).await, None, "no new stream after the closing answer");
    bench.door.release.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().0, 200);
    assert_eq!(bench.door.targets(), ["/wait", "/close"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_silent_connection_and_lets_a_busy_one_finish() {
    let bench = Bench::new();
    let silent = hyper_over(bench.http2()).await;
    assert_eq!(ask(&silent, "/first", Vec::new()).await.unwrap().0, 200);
    let busy = hyper_over(bench.http2()).await;
    let waiting = tokio::spawn(async move { ask(&busy, "/wait", Vec::new()).await });
    bench.door.arrived.notified().await;
    bench.stop.send_replace(true);
    let started = Instant::now();
    while !silent.is_closed() {
        tokio::task::yield_now().await;
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    bench.door.release.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().0, 200);
    assert_eq!(ask(&hyper_over(bench.http2()).await, "/late", Vec::new()).await, None);
}

#[tokio::test(start_paused = true)]
async fn when_the_roots_change_the_next_stream_ends_the_connection() {
    let fixture = Fixture::new();
    let trust = TrustState::from_pem(fixture.authorities.client.cert_pem().as_bytes(), b"").unwrap();
    let bench = Bench::with(ListenLimits::default(), Side::Outside, Some(Arc::clone(&trust)));
    let sender = hyper_over(bench.http2()).await;
    assert_eq!(ask(&sender, "/before", Vec::new()).await.unwrap().0, 200);
    trust.reload(fixture.authorities.server.cert_pem().as_bytes(), b"").unwrap();
    assert_eq!(ask(&sender, "/after", Vec::new()).await, None);
    assert_eq!(bench.door.targets(), ["/before"]);
}

#[tokio::test(start_paused = true)]
async fn more_requests_than_may_be_with_the_door_end_the_connection() {
    let bench = Bench::new();
    let mut client = greeted(&bench).await;
    // Each is reset at once, so h2 counts no open stream, but the door has every one of them until it is recorded.
    for n in 0..u32::try_from(2 * REQUESTS_MAX).unwrap() {
        client.send(frame(HEADERS, WHOLE, 2 * n + 1, &request("/wait", &[]))).await;
        for _ in 0..6 {
            tokio::task::yield_now().await;
        }
        client.send(frame(RESET, 0, 2 * n + 1, &8_u32.to_be_bytes())).await;
    }
    let seen = bench.door.seen().len();
    assert!(seen <= REQUESTS_MAX + 1, "{seen} requests were with the door");
    client.served.await.unwrap();
    assert_eq!(bench.slots.all_free(Duration::ZERO).await, usize::from(seen > 0), "those at the door keep its place");
}

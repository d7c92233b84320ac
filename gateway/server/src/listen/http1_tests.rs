//! One HTTP/1 connection over a pipe, with time that only moves when everybody waits.

use std::time::Duration;

use bytes::Bytes;
use exchange::codes::Code;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

use super::super::{
    ListenLimits, Side, limits,
    testing::{Bench, get, post},
};
use crate::{door::BodyError, pki::testing::Fixture, tls::TrustState};

/// Limits far enough apart to tell which one ended a connection.
const TIMES: ListenLimits = ListenLimits {
    connections: 64,
    connections_per_address: 64,
    handshakes: 1,
    handshake_time: Duration::from_millis(900),
    head_time: Duration::from_millis(500),
    body_time: Duration::from_millis(700),
    reply_time: Duration::from_millis(1_100),
    idle_time: Duration::from_secs(3),
};

fn bench() -> Bench {
    Bench::with(TIMES, Side::Outside, None)
}

async fn took(what: impl Future<Output = ()>) -> u128 {
    let started = Instant::now();
    what.await;
    started.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_slow_is_answered_recorded_and_closed() {
    let bench = bench();
    for (count, part) in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n", "\r"].iter().enumerate() {
        let mut client = bench.http1();
        client.send(part).await;
        let waited = took(async {
            let answer = client.answer().await.unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (408, "head_incomplete"), "{part:?}");
            assert!(answer.head.contains("connection: close"), "{part:?}: {}", answer.head);
        });
        assert!((500..=505).contains(&waited.await), "{part:?}");
        assert!(client.is_closed().await, "{part:?}");
        assert_eq!(bench.door.codes(), vec![Code::HeadIncomplete; count + 1], "{part:?}: recorded once");
        assert_eq!((bench.count("heads_slow"), bench.count("unparsed")), (count as u64 + 1, count as u64 + 1));
    }
    assert!(bench.door.unparsed_agencies().iter().all(|agency| agency.as_deref() == Some("bank-indus")));
    assert!(bench.door.seen().is_empty());
    assert_eq!(bench.count("heads_broken"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_has_one_time_however_often_a_byte_arrives() {
    let bench = bench();
    let mut client = bench.http1();
    let head = get("/slow");
    let mut tick = tokio::time::interval(Duration::from_millis(40));
    let started = Instant::now();
    for byte in head.as_bytes() {
        tick.tick().await;
        if client.pipe.write_all(&[*byte]).await.is_err() || bench.count("heads_slow") > 0 {
            break;
        }
    }
    assert_eq!(bench.count("heads_slow"), 1, "a byte each 40 ms does not buy more time");
    assert!(started.elapsed() < Duration::from_millis(600));
    assert_eq!(client.answer().await.unwrap().status, 408);
    assert!(bench.door.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_arrives_just_in_time_is_served_and_the_next_has_its_own_time() {
    let bench = bench();
    let mut client = bench.http1();
    for n in 1..=3 {
        let head = get("/in-time");
        let (first, rest) = head.split_at(10);
        client.send(first).await;
        tokio::time::advance(Duration::from_millis(480)).await;
        assert_eq!(client.ask(rest).await.unwrap().body, format!("request {n}"));
    }
    assert_eq!((bench.count("heads_slow"), bench.count("requests")), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_an_identified_peer_breaks_off_is_recorded_and_a_strangers_is_counted() {
    let check = async |agency: Option<&str>, recorded: &[Code], answer: Option<u16>| {
        let bench = bench();
        let mut client = bench.http1_of(agency);
        client.send("POST /x HTTP/1.1\r\nHo").await;
        client.pipe.shutdown().await.unwrap();
        assert_eq!(client.answer().await.map(|answer| answer.status), answer, "{agency:?}");
        client.served.await.unwrap();
        assert_eq!(bench.door.codes(), recorded, "{agency:?}");
        assert_eq!((bench.count("heads_broken"), bench.count("heads_slow")), (1, 0), "{agency:?}");
        assert!(bench.door.seen().is_empty());
    };
    check(Some("bank-indus"), &[Code::HeadIncomplete], Some(408)).await;
    check(Some("not an id"), &[Code::HeadIncomplete], Some(408)).await;
    check(None, &[], None).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_vanishes_within_its_head_is_recorded_though_nobody_reads_the_answer() {
    let bench = bench();
    let mut client = bench.http1();
    client.send("GET /x HTTP/1.1\r\n").await;
    drop(client.pipe);
    client.served.await.unwrap();
    assert_eq!(bench.door.codes(), [Code::HeadIncomplete]);
    assert_eq!(bench.door.unparsed_agencies(), [Some("bank-indus".to_owned())]);
    assert_eq!(bench.count("replies_lost"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_ends_silently_and_is_no_broken_head() {
    let bench = bench();
    let mut silent = bench.http1();
    assert!((3_000..=3_005).contains(&took(async { assert!(silent.is_closed().await) }).await));
    let mut left = bench.http1();
    left.pipe.shutdown().await.unwrap();
    assert!(left.is_closed().await);
    left.served.await.unwrap();
    for name in ["heads_slow", "heads_broken", "unparsed", "requests"] {
        assert_eq!(bench.count(name), 0, "{name}");
    }
    assert!(bench.door.codes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_time_of_silence_begins_anew_after_each_request() {
    let bench = bench();
    let mut client = bench.http1();
    for _ in 0..4 {
        tokio::time::advance(Duration::from_millis(2_950)).await;
        assert_eq!(client.ask(get("/again")).await.unwrap().status, 200);
    }
    assert!((3_000..=3_005).contains(&took(async { assert!(client.is_closed().await) }).await));
    assert_eq!(bench.count("requests"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_body_has_its_own_time() {
    let bench = bench();
    let mut client = bench.http1();
    let waited = took(async {
        let answer = client.ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{").await.unwrap();
        assert_eq!(answer.status, 400);
        assert!(answer.head.contains("connection: close"));
    });
    assert!((700..=705).contains(&waited.await));
    assert_eq!(bench.door.seen()[0].body, Some(Err(BodyError::TooSlow)));
    assert!(client.is_closed().await);
    assert_eq!((bench.count("heads_slow"), bench.count("requests")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_takes_is_lost_after_its_time() {
    let bench = bench();
    let mut client = bench.http1();
    // The pipe holds one such answer and a part of the next.
    for _ in 0..2 {
        client.send(get("/large")).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!((bench.count("requests"), bench.count("replies_lost")), (2, 0));
    let (mut reader, _writer) = tokio::io::split(client.pipe);
    client.served.await.unwrap();
    assert_eq!(bench.count("replies_lost"), 1);
    let mut got = Vec::new();
    reader.read_to_end(&mut got).await.unwrap();
    assert!(got.len() < 400_000, "the second answer was cut: {}", got.len());
}

#[tokio::test(start_paused = true)]
async fn requests_of_one_connection_are_answered_in_order_until_one_closes() {
    let bench = bench();
    let mut client = bench.http1();
    for (n, path) in ["/a", "/ignore", "/c"].iter().enumerate() {
        let answer = client.ask(post(path, "{}")).await.unwrap();
        assert_eq!((answer.status, answer.body), (200, format!("request {}", n + 1)));
        assert!(!answer.head.contains("connection: close"), "{}", answer.head);
    }
    let last = client.ask(get("/close")).await.unwrap();
    assert!(last.head.contains("connection: close"));
    assert!(client.is_closed().await);
    client.send(get("/never")).await;
    client.served.await.unwrap();
    assert_eq!(bench.door.targets(), ["/a", "/ignore", "/c", "/close"]);
}

#[tokio::test(start_paused = true)]
async fn http_1_0_is_served_once_and_never_kept() {
    let bench = bench();
    for head in ["GET /old HTTP/1.0\r\n\r\n", "GET /old HTTP/1.0\r\nHost: a\r\n\r\n"] {
        let mut client = bench.http1();
        assert_eq!(client.ask(head).await.unwrap().status, 200, "{head:?}");
        assert!(client.is_closed().await, "{head:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_asks_to_close_is_answered_and_closed() {
    let bench = bench();
    let mut client = bench.http1();
    let answer = client.ask("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(client.is_closed().await);
    assert_eq!(bench.count("requests"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_ends_the_connection_with_whatever_follows() {
    let bench = bench();
    let hidden = get("/hidden");
    for (head, code) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Code::HeaderInvalid),
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Code::PathAmbiguous),
        ("GET / HTTP/1.1\r\nHost: a\r\nIjazat-User: a\r\nIjazat-User: a\r\n\r\n", Code::HeaderInvalid),
    ] {
        let mut client = bench.http1();
        let answer = client.ask(format!("{head}{hidden}")).await.unwrap();
        assert_eq!((answer.status, answer.body), (code.status(), code.to_string()), "{head:?}");
        assert!(client.is_closed().await, "{head:?}");
        assert_eq!(bench.door.codes().last(), Some(&code), "{head:?}");
    }
    assert_eq!((bench.door.codes().len(), bench.door.seen().len()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn the_last_reply_can_be_read_though_the_client_still_sends() {
    let bench = bench();
    let mut client = bench.http1();
    let large = "x".repeat(60_000);
    client.send(format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n{large}")).await;
    assert_eq!(client.answer().await.unwrap().status, 400);
    assert_eq!(bench.door.seen()[0].body, Some(Err(BodyError::TooLarge)));
    assert!(client.is_closed().await);
    // What still comes is read away for a while, then the connection ends whether the client is done or not.
    let waited = took(async {
        client.served.await.unwrap();
    });
    assert!((995..=1_010).contains(&waited.await), "{:?}", limits::LINGER_TIME);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_stops_sending_is_read_away_only_so_far() {
    let bench = bench();
    let mut client = bench.http1();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").await;
    assert_eq!(client.answer().await.unwrap().status, 400);
    let started = Instant::now();
    let mut sent = 0;
    while client.pipe.write_all(&[b'x'; 1_000]).await.is_ok() {
        sent += 1_000;
        tokio::task::yield_now().await;
        assert!(sent < 4 * limits::DRAIN_BYTES_MAX, "{sent} bytes were read away");
    }
    client.served.await.unwrap();
    assert!(sent >= limits::DRAIN_BYTES_MAX - 1_000, "{sent}");
    assert!(started.elapsed() < limits::LINGER_TIME, "the bound on bytes ended it, not the time");
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_silence_at_once_and_a_request_after_its_answer() {
    let bench = bench();
    let mut idle = bench.http1();
    assert_eq!(idle.ask(get("/first")).await.unwrap().status, 200);
    let mut fresh = bench.http1();
    let mut busy = bench.http1();
    busy.send(get("/wait")).await;
    bench.door.arrived.notified().await;
    bench.stop.send_replace(true);
    for client in [&mut idle, &mut fresh] {
        let waited = took(async { assert!(client.is_closed().await) });
        assert!(waited.await <= 1, "idle connections do not wait");
    }
    bench.door.release.notify_one();
    let answer = busy.answer().await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("connection: close"));
    assert!(busy.is_closed().await);
    let mut late = bench.http1();
    assert!(late.ask(get("/late")).await.is_none(), "nothing is begun after the stop");
    assert_eq!(bench.door.targets(), ["/first", "/wait"]);
}

#[tokio::test(start_paused = true)]
async fn when_the_roots_change_an_idle_connection_is_not_served_and_a_busy_one_is_not_kept() {
    let fixture = Fixture::new();
    let (ours, successor) = (fixture.authorities.client.cert_pem(), fixture.authorities.internal.cert_pem());
    let trust = TrustState::from_pem(ours.as_bytes(), b"").unwrap();
    let bench = Bench::with(TIMES, Side::Outside, Some(std::sync::Arc::clone(&trust)));
    let mut idle = bench.http1();
    assert_eq!(idle.ask(get("/before")).await.unwrap().status, 200);
    let mut busy = bench.http1();
    busy.send(get("/wait")).await;
    bench.door.arrived.notified().await;
    trust.reload(ours.as_bytes(), b"").unwrap();
    assert_eq!(idle.ask(get("/same")).await.unwrap().status, 200, "the same roots again distrust nobody");
    trust.reload(successor.as_bytes(), b"").unwrap();
    assert!(idle.ask(get("/after")).await.is_none(), "not even a refusal: the peer has to show its certificate anew");
    bench.door.release.notify_one();
    let answer = busy.answer().await.unwrap();
    assert!(answer.status == 200 && answer.head.contains("connection: close"), "{}", answer.head);
    assert_eq!(bench.door.targets(), ["/before", "/wait", "/same"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_with_the_door_is_counted_while_it_is_there() {
    use std::sync::atomic::Ordering;
    let bench = bench();
    let in_flight = || bench.counters.in_flight.load(Ordering::Relaxed);
    let mut clients = [bench.http1(), bench.http1(), bench.http1()];
    for (n, client) in clients.iter_mut().enumerate() {
        client.send(get("/wait")).await;
        bench.door.arrived.notified().await;
        assert_eq!(in_flight(), n as u64 + 1);
    }
    for (n, client) in clients.iter_mut().enumerate() {
        bench.door.release.notify_one();
        assert_eq!(client.answer().await.unwrap().status, 200);
        assert_eq!(in_flight(), 2 - n as u64);
    }
    let mut refused = bench.http1();
    refused.ask("GET\r\n\r\n").await.unwrap();
    assert_eq!(in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_in_the_middle_gives_back_its_place_and_its_request() {
    use std::sync::atomic::Ordering;
    let bench = bench();
    let mut client = bench.http1();
    client.send(get("/wait")).await;
    bench.door.arrived.notified().await;
    assert_eq!(bench.slots.all_free(Duration::ZERO).await, 1);
    client.served.abort();
    assert!(client.served.await.unwrap_err().is_cancelled());
    assert_eq!(bench.counters.in_flight.load(Ordering::Relaxed), 0);
    assert_eq!(bench.slots.all_free(Duration::ZERO).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_the_same_wherever_the_network_cuts_it() {
    let text = post("/v1/x?a=b", "{\"n\":1}").replace("\r\n\r\n", "\r\nIjazat-User: teller-1\r\n\r\n");
    for cut in 1..text.len() {
        let bench = bench();
        let mut client = bench.http1();
        let (first, rest) = text.split_at(cut);
        client.send(first).await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        assert_eq!(client.ask(rest).await.unwrap().status, 200, "cut at {cut}");
        let seen = bench.door.seen().remove(0);
        assert_eq!((seen.head.method.as_str(), seen.head.target.as_str()), ("POST", "/v1/x?a=b"), "cut at {cut}");
        assert_eq!(seen.head.headers.get("ijazat-user").unwrap(), "teller-1", "cut at {cut}");
        assert_eq!(seen.body, Some(Ok(Bytes::from_static(b"{\"n\":1}"))), "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_internal_peer_keeps_its_permit_header_and_an_outside_one_does_not() {
    for (side, expected) in [(Side::Inside, Some("a.b")), (Side::Outside, None)] {
        let bench = Bench::with(TIMES, side, None);
        let mut client = bench.http1();
        client.ask("GET /x HTTP/1.1\r\nHost: a\r\nIjazat-Permit: a.b\r\n\r\n").await.unwrap();
        let headers = bench.door.seen().remove(0).head.headers;
        assert_eq!(headers.get("ijazat-permit").map(|value| value.to_str().unwrap()), expected, "{side:?}");
    }
}

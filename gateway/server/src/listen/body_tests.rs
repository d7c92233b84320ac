//! Bodies over a pipe: whole, broken, too large, too slow, and read away when nobody asked.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::{io::AsyncWriteExt, time::Instant};

use super::{
    super::{
        limits,
        testing::{BODY_MAX, Bench, Client, get, post},
    },
    *,
};

/// The door's reading of one body, and whether the connection was kept.
async fn read_of(request: impl AsRef<[u8]>) -> (Result<Bytes, BodyError>, bool) {
    let bench = Bench::new();
    let mut client = bench.http1();
    client.send(request).await;
    client.pipe.flush().await.unwrap();
    let kept = !client.answer().await.unwrap().head.contains("connection: close");
    (bench.door.seen().remove(0).body.unwrap(), kept)
}

fn chunked(chunks: &[&[u8]], trailers: &str) -> Vec<u8> {
    let mut text = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in chunks {
        text.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        text.extend(*chunk);
        text.extend(b"\r\n");
    }
    text.extend(format!("0\r\n{trailers}\r\n").into_bytes());
    text
}

fn sized(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_up_to_the_doors_bound_and_not_a_byte_beyond() {
    let check = async |request: Vec<u8>, expected: Result<usize, BodyError>, name: &str| {
        let (body, kept) = read_of(request).await;
        assert_eq!(body.as_ref().map(Bytes::len).map_err(|error| *error), expected, "{name}");
        assert_eq!(kept, expected.is_ok(), "{name}: kept only when the next head is what comes next");
    };
    check(post("/x", "").into_bytes(), Ok(0), "empty").await;
    check(get("/x").into_bytes(), Ok(0), "none").await;
    check(post("/x", &sized(BODY_MAX)).into_bytes(), Ok(BODY_MAX), "as long as allowed").await;
    check(post("/x", &sized(BODY_MAX + 1)).into_bytes(), Err(BodyError::TooLarge), "one byte more").await;
    let half = vec![b'y'; BODY_MAX / 2];
    check(chunked(&[&half, &half], ""), Ok(BODY_MAX), "two chunks that just fit").await;
    check(chunked(&[&half, &half, b"z"], ""), Err(BodyError::TooLarge), "one byte more in a chunk").await;
    check(chunked(&[], ""), Ok(0), "no chunk but the last").await;
}

#[tokio::test(start_paused = true)]
async fn an_announced_length_beyond_the_bound_is_refused_unread_and_without_waiting() {
    let started = Instant::now();
    let head = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", BODY_MAX + 1);
    let (body, kept) = read_of(head).await;
    assert_eq!((body, kept), (Err(BodyError::TooLarge), false));
    assert!(started.elapsed() < Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_once_fails_again_and_the_connection_closes() {
    let bench = Bench::new();
    let mut client = bench.http1();
    let answer = client.ask(post("/twice", &sized(BODY_MAX + 1))).await.unwrap();
    assert!(answer.head.contains("connection: close"));
    let body = bench.door.seen().remove(0).body.unwrap();
    assert!(body.is_err(), "what could not be read does not become an empty body: {body:?}");
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_is_incomplete_wherever_it_breaks() {
    let whole = chunked(&[b"{\"a\":", b"1}"], "");
    let start = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    for cut in start..whole.len() {
        let bench = Bench::new();
        let mut client = bench.http1();
        client.send(&whole[..cut]).await;
        client.pipe.shutdown().await.unwrap();
        let answer = client.answer().await.unwrap();
        assert_eq!(answer.status, 400, "cut at {cut}");
        assert_eq!(bench.door.seen()[0].body, Some(Err(BodyError::Incomplete)), "cut at {cut}");
        assert!(answer.head.contains("connection: close"), "cut at {cut}");
    }
    for sent in 0..4 {
        let bench = Bench::new();
        let mut client = bench.http1();
        let head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
        client.send(format!("{head}{}", sized(sent))).await;
        client.pipe.shutdown().await.unwrap();
        client.answer().await.unwrap();
        assert_eq!(bench.door.seen()[0].body, Some(Err(BodyError::Incomplete)), "{sent} of 4 bytes");
    }
}

/// Whether a request after this one is served over the same connection.
async fn keeps(bench: &Bench, request: impl AsRef<[u8]>) -> bool {
    let mut client = bench.http1();
    assert_eq!(client.ask(request).await.unwrap().status, 200);
    next(&mut client).await
}

async fn next(client: &mut Client) -> bool {
    client.ask(get("/next")).await.is_some_and(|answer| answer.status == 200)
}

#[tokio::test(start_paused = true)]
async fn a_small_body_that_nobody_asked_for_is_read_away_and_a_large_one_ends_the_connection() {
    let bench = Bench::new();
    let check = async |request: Vec<u8>, expected: bool, name: &str| {
        assert_eq!(keeps(&bench, request).await, expected, "{name}");
    };
    check(post("/ignore", "").into_bytes(), true, "empty").await;
    check(post("/ignore", "{}").into_bytes(), true, "small").await;
    check(post("/ignore", &sized(limits::DRAIN_BYTES_MAX)).into_bytes(), true, "as long as is read away").await;
    check(post("/ignore", &sized(limits::DRAIN_BYTES_MAX + 1)).into_bytes(), false, "a byte more").await;
    let ignored = |chunks: &[&[u8]]| {
        let text = String::from_utf8(chunked(chunks, "")).unwrap();
        text.replace("POST /x ", "POST /ignore ").into_bytes()
    };
    check(ignored(&[b"{}", b"{}"]), true, "chunks").await;
    let half = vec![b'y'; limits::DRAIN_BYTES_MAX / 2 + 1];
    check(ignored(&[&half, &half]), false, "chunks that are too long together").await;
    let hidden = get("/hidden");
    check(post("/ignore", &hidden).into_bytes(), true, "a request in a body").await;
    assert!(!bench.door.targets().contains(&"/hidden".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_unwanted_body_that_is_slow_is_not_waited_for_beyond_its_time() {
    let bench = Bench::new();
    let mut client = bench.http1();
    client.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{").await;
    let started = Instant::now();
    let answer = client.answer().await.unwrap();
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    let waited = started.elapsed();
    assert!(waited >= limits::DRAIN_TIME && waited < limits::DRAIN_TIME * 2, "{waited:?}");
    assert!(client.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn leave_is_given_when_the_body_is_wanted_and_only_then() {
    let bench = Bench::new();
    let head = |path: &str, length: usize| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
    };
    let mut wanted = bench.http1();
    assert_eq!(wanted.ask(head("/x", 2)).await.unwrap().status, 100);
    assert_eq!(wanted.ask("{}").await.unwrap().status, 200);
    assert!(next(&mut wanted).await, "what was waited for came whole");
    let mut unwanted = bench.http1();
    let answer = unwanted.ask(head("/ignore", 2)).await.unwrap();
    assert_eq!(answer.status, 200, "no leave for a body that nobody reads");
    assert!(answer.head.contains("connection: close"), "whether the body will come is not known");
    let mut greedy = bench.http1();
    let answer = greedy.ask(head("/x", BODY_MAX + 1)).await.unwrap();
    assert_eq!(answer.status, 400, "no leave for a body that is too large");
    assert_eq!(bench.door.seen().last().unwrap().body, Some(Err(BodyError::TooLarge)));
    let mut empty = bench.http1();
    assert_eq!(empty.ask(head("/x", 0)).await.unwrap().status, 200, "no leave for nothing");
}

#[tokio::test(start_paused = true)]
async fn trailers_are_no_headers_and_no_next_request() {
    let (body, _) = read_of(chunked(&[b"{}"], "Ijazat-User: power-1\r\n")).await;
    let body = body.unwrap_or_default();
    assert!(body == "{}" || body.is_empty(), "{body:?}");
    let bench = Bench::new();
    let mut client = bench.http1();
    let text = String::from_utf8(chunked(&[b"{}"], "Ijazat-User: power-1\r\n")).unwrap();
    client.ask(text).await.unwrap();
    assert!(bench.door.seen()[0].head.headers.get("ijazat-user").is_none());
    assert_eq!(bench.door.seen().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chunks_are_joined_as_they_were_cut(body in proptest::collection::vec(any::<u8>(), 0..600), cuts in proptest::collection::vec(1_usize..90, 1..12)) {
        let mut chunks: Vec<&[u8]> = Vec::new();
        let mut rest = body.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (read, kept) = runtime.block_on(read_of(chunked(&chunks, "")));
        prop_assert_eq!(read, Ok(Bytes::from(body.clone())));
        prop_assert!(kept);
    }
}

//! The ops listener: what it tells, to whom, in which form, and what it bears from those who misbehave.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::body::to_bytes;
use http::{Method, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
};

use super::*;

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new().unwrap())
}

/// Asks the routes without a socket: status, content type, body.
async fn ask(ops: Ops, method: Method, path: &str) -> (u16, String, String) {
    let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = router(Arc::new(ops)).oneshot(request).await.unwrap();
    let kind = response.headers().get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn ready_is_what_every_question_agrees_to_and_each_is_told() {
    let check = async |answers: &[(&'static str, Option<&'static str>)], status: u16, body: &str| {
        let ops = answers.iter().fold(Ops::new(metrics()), |ops, (name, fault)| {
            let fault = *fault;
            ops.ready_when(name, move || fault.map_or(Ok(()), |why| Err(why.to_owned())))
        });
        let (got, kind, text) = ask(ops, Method::GET, "/ready").await;
        assert_eq!((got, kind.as_str(), text.as_str()), (status, "application/json", body));
    };
    check(&[], 200, r#"{"ready":true,"questions":[]}"#).await;
    check(&[("log", None)], 200, r#"{"ready":true,"questions":[{"name":"log","ok":true}]}"#).await;
    let both = r#"{"ready":false,"questions":[{"name":"log","ok":true},{"name":"directory","ok":false,"reason":"directory_stale"}]}"#;
    check(&[("log", None), ("directory", Some("directory_stale"))], 503, both).await;
    let first =
        r#"{"ready":false,"questions":[{"name":"log","ok":false,"reason":"full"},{"name":"directory","ok":true}]}"#;
    check(&[("log", Some("full")), ("directory", None)], 503, first).await;
    let quoted = r#"{"ready":false,"questions":[{"name":"log","ok":false,"reason":"a \"b\"\n\\"}]}"#;
    check(&[("log", Some("a \"b\"\n\\"))], 503, quoted).await;
}

#[tokio::test]
async fn a_note_is_told_and_leaves_the_process_ready() {
    let check = async |note: Option<&'static str>, body: &str| {
        let ops = Ops::new(metrics()).ready_when("log", || Ok(())).telling("law", move || note.map(str::to_owned));
        let (status, _, text) = ask(ops, Method::GET, "/ready").await;
        assert_eq!((status, text.as_str()), (200, body));
    };
    check(None, r#"{"ready":true,"questions":[{"name":"log","ok":true}]}"#).await;
    let told = r#"{"ready":true,"questions":[{"name":"log","ok":true}],"notes":[{"name":"law","note":"generation 3 is refused"}]}"#;
    check(Some("generation 3 is refused"), told).await;
}

#[tokio::test]
async fn questions_are_asked_anew_each_time_and_all_of_them() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = |ops: Ops, name: &'static str, fails: bool| {
        let asked = Arc::clone(&asked);
        ops.ready_when(name, move || {
            asked.fetch_add(1, Ordering::SeqCst);
            if fails { Err("no".to_owned()) } else { Ok(()) }
        })
    };
    let ops = count(count(count(Ops::new(metrics()), "a", true), "b", true), "c", false);
    assert_eq!(format!("{ops:?}"), r#"Ops { questions: ["a", "b", "c"], .. }"#);
    let routes = router(Arc::new(ops));
    for round in 1..=3 {
        let request = http::Request::get("/ready").body(Body::empty()).unwrap();
        assert_eq!(routes.clone().oneshot(request).await.unwrap().status(), 503);
        assert_eq!(asked.load(Ordering::SeqCst), 3 * round, "a no does not keep the others from being asked");
    }
}

#[tokio::test]
async fn alive_asks_nobody() {
    let ops = Ops::new(metrics()).ready_when("never", || panic!("liveness must not depend on anything"));
    assert_eq!(
        ask(ops, Method::GET, "/live").await,
        (200, "text/plain; charset=utf-8".to_owned(), "alive\n".to_owned())
    );
}

#[tokio::test]
async fn metrics_are_told_in_the_form_that_prometheus_reads() {
    let metrics = metrics();
    metrics.before_render(|metrics| metrics.crl_age.set(77));
    let (status, kind, text) = ask(Ops::new(Arc::clone(&metrics)), Method::GET, "/metrics").await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4"));
    assert!(text.contains("ijazat_crl_age_seconds 77\n") && text.ends_with('\n'));
    assert_eq!(text, metrics.render().unwrap());
}

#[tokio::test]
async fn nothing_else_is_there_and_nothing_can_be_changed() {
    for path in ["/", "/metrics/", "/ready/x", "/LIVE", "/v1/self/whoami", "/debug/pprof", "/.well-known/x", "//live"] {
        assert_eq!(ask(Ops::new(metrics()), Method::GET, path).await.0, 404, "{path}");
    }
    for path in ["/metrics", "/ready", "/live"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert_eq!(ask(Ops::new(metrics()), method.clone(), path).await.0, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn only_loopback_addresses_are_bound() {
    let check = async |address: &str, expected: Option<io::ErrorKind>| {
        let bound = OpsServer::bind(address.parse().unwrap()).await;
        assert_eq!(bound.as_ref().err().map(io::Error::kind), expected, "{address}");
        if let Ok(server) = bound {
            assert!(server.address().unwrap().ip().is_loopback(), "{address}");
        }
    };
    check("127.0.0.1:0", None).await;
    check("127.0.0.53:0", None).await;
    for outside in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[::ffff:192.0.2.1]:0", "169.254.1.1:0", "255.255.255.255:0"]
    {
        check(outside, Some(io::ErrorKind::InvalidInput)).await;
    }
    let first = OpsServer::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let taken = OpsServer::bind(first.address().unwrap()).await.unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
}

/// A running ops listener that ends with its sender.
async fn run() -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let server = OpsServer::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(router(Arc::new(Ops::new(metrics()))), async { drop(stopped.await) }));
    (address, stop, running)
}

/// What comes back until the connection ends.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn those_who_speak_nonsense_are_refused_and_the_next_is_served() {
    let (address, _stop, _running) = run().await;
    for nonsense in [
        "\r\n\r\n\0\0",
        "GET\r\n\r\n",
        "GET /live HTTP/9.9\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\0\u{5}\r\n\r\n",
    ] {
        let answer = raw(address, nonsense.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{nonsense:?}: {answer}");
    }
    drop(TcpStream::connect(address).await.unwrap());
    let good = raw(address, b"GET /live HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n").await;
    assert!(good.starts_with("HTTP/1.1 200") && good.ends_with("alive\n"), "{good}");
}

#[tokio::test]
async fn a_scraper_may_keep_its_connection() {
    let (address, _stop, _running) = run().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /live HTTP/1.1\r\nHost: ops\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"alive\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn beyond_its_places_the_listener_lets_wait_and_then_serves() {
    let (address, _stop, _running) = run().await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /live HTTP/1.1\r\nHost: ops\r\n\r\n").await.unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).await.unwrap();
        held.push(stream);
    }
    let waiting = tokio::spawn(raw(address, b"GET /live HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n"));
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished(), "sixteen are served at once, the next one waits");
    drop(held.pop());
    let answer = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_stop_ends_the_listening_even_when_somebody_holds_a_connection() {
    let (address, stop, running) = run().await;
    let held = Mutex::new(TcpStream::connect(address).await.unwrap());
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    drop(held);
}

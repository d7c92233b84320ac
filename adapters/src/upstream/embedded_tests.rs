//! The embedded upstream: the request as the router sees it, and answers that come late, long or broken.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Extension, body::Bytes, http::HeaderMap, routing::post};
use hyper::body::Frame;

use super::*;
use crate::upstream::fixtures::{permit, request};

fn answering(body: impl Fn() -> Body + Clone + Send + Sync + 'static) -> Embedded {
    Embedded::new(Router::new().route("/", post(async move || body())))
}

#[tokio::test]
async fn the_router_sees_the_permit_itself_and_the_request_as_it_is() {
    let echo = async |Extension(permit): Extension<Arc<Permit>>, uri: http::Uri, headers: HeaderMap, body: Bytes| {
        let header = |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap());
        let (kind, trace) = (header("content-type"), header("traceparent"));
        format!("{} {uri} {kind} {trace} {} {}", permit.grant().request.as_str(), headers.len(), body.len())
    };
    let upstream = Embedded::new(Router::new().route("/v1/{*rest}", post(echo)));
    let ask = async |given| {
        let got = upstream.call(&permit(), UpstreamRequest { answer_bytes_max: 200, ..given }).await.unwrap();
        (got.status, String::from_utf8(got.body.to_vec()).unwrap())
    };
    let plain = ask(request("/v1/a%2Fb?c=d")).await;
    assert_eq!(plain, (200, "request-1 /v1/a%2Fb?c=d application/json - 1 24".into()));
    let traced = ask(UpstreamRequest { traceparent: Some("00-1-2-01".into()), ..request("/v1/x") }).await;
    assert_eq!(traced, (200, "request-1 /v1/x application/json 00-1-2-01 2 24".into()));
    assert_eq!(ask(request("/v2/x")).await.0, 404);
    assert_eq!(ask(UpstreamRequest { method: "GET".into(), ..request("/v1/x") }).await.0, 405);
    assert!(upstream.is_ours());
}

#[tokio::test]
async fn an_answer_within_its_bound_is_whole_and_one_beyond_it_is_none() {
    let check = async |bytes: usize, max: usize, expected: Result<usize, UpstreamError>| {
        let upstream = answering(move || Body::from(vec![1; bytes]));
        let asked = UpstreamRequest { answer_bytes_max: max, ..request("/") };
        let got = upstream.call(&permit(), asked).await.map(|answer| answer.body.len());
        assert_eq!(got, expected, "{bytes} within {max}");
    };
    check(64, 64, Ok(64)).await;
    check(65, 64, Err(UpstreamError::TooLarge)).await;
    check(0, 0, Ok(0)).await;
    check(1, 0, Err(UpstreamError::TooLarge)).await;
}

/// What a body does behind its first three pieces of eight bytes.
#[derive(Clone, Copy, Debug)]
enum Then {
    More,
    Silence,
    Broken,
}

struct Pieces(u32, Then);

impl axum::body::HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0 += 1;
        match (self.0, self.1) {
            (..=3, _) | (_, Then::More) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"8 bytes."))))),
            (_, Then::Silence) => Poll::Pending,
            (_, Then::Broken) => Poll::Ready(Some(Err(io::Error::other("the store went away")))),
        }
    }
}

#[tokio::test]
async fn a_body_that_never_ends_hangs_or_breaks_is_no_answer_and_each_is_told_apart() {
    let check = async |then: Then, max: usize, expected: &str| {
        let upstream = answering(move || Body::new(Pieces(0, then)));
        let asked = UpstreamRequest { deadline: Duration::from_millis(40), answer_bytes_max: max, ..request("/") };
        let got = upstream.call(&permit(), asked).await.unwrap_err();
        assert!(format!("{got:?}").starts_with(expected), "{then:?} within {max}: {got:?}");
    };
    check(Then::More, 100_000, "TooLarge").await;
    check(Then::Silence, 24, "Timeout").await;
    check(Then::Silence, 23, "TooLarge").await;
    // Broken is a failure of the upstream's, and must count against it; too long is a refused answer.
    check(Then::Broken, 24, "Unreachable").await;
    check(Then::Broken, 23, "TooLarge").await;
}

#[tokio::test]
async fn a_handler_that_never_answers_runs_into_the_deadline() {
    let upstream = Embedded::new(Router::new().route("/", post(std::future::pending::<()>)));
    let asked = UpstreamRequest { deadline: Duration::from_millis(20), ..request("/") };
    assert_eq!(upstream.call(&permit(), asked).await, Err(UpstreamError::Timeout));
}

#[tokio::test]
async fn what_is_no_request_never_reaches_the_router() {
    let upstream = Embedded::new(Router::new().fallback(async || "reached"));
    for asked in [
        request("/a b"),
        request("/a\r\nx: y"),
        UpstreamRequest { method: "GET /".into(), ..request("/") },
        UpstreamRequest { traceparent: Some("00\r\nx: y".into()), ..request("/") },
    ] {
        let got = upstream.call(&permit(), asked.clone()).await;
        assert!(matches!(got, Err(UpstreamError::Unreachable(_))), "{asked:?}: {got:?}");
    }
    assert_eq!(upstream.call(&permit(), request("/")).await.unwrap().body, "reached");
}

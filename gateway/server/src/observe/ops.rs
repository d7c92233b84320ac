//! The ops listener, loopback only: metrics for Prometheus, liveness and readiness for whoever starts processes.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Json, Router, body::Body, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceExt as _;

use super::metrics::Metrics;

/// Connections at once: a scraper, two probes and a curious operator need four.
const CONNECTIONS_MAX: usize = 16;

/// Seconds for a request's head.
const HEAD_TIMEOUT_S: u64 = 5;

/// Between two tries to accept after one failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A question whose answer decides whether this process should get requests; the text says why not, without naming anyone.
type Question = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What an operator should hear although requests may come; `None` where there is nothing to say.
type Note = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// What the ops listener tells about.
pub struct Ops {
    metrics: Arc<Metrics>,
    questions: Vec<(&'static str, Question)>,
    notes: Vec<(&'static str, Note)>,
}

impl Ops {
    /// Tells about these metrics; ready as long as nothing is asked.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, questions: Vec::new(), notes: Vec::new() }
    }

    /// Adds a question: the process is ready while each answers `Ok`. It must not block.
    #[must_use]
    pub fn ready_when(
        mut self,
        name: &'static str,
        question: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.questions.push((name, Box::new(question)));
        self
    }

    /// Adds something that is told beside the questions and makes nothing unready. It must not block.
    #[must_use]
    pub fn telling(mut self, name: &'static str, note: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.notes.push((name, Box::new(note)));
        self
    }
}

impl fmt::Debug for Ops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.questions.iter().map(|(name, _)| name).collect();
        f.debug_struct("Ops").field("questions", &names).finish_non_exhaustive()
    }
}

/// The routes: `/metrics`, `/live`, `/ready`.
pub fn router(ops: Arc<Ops>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .with_state(ops)
}

async fn metrics(State(ops): State<Arc<Ops>>) -> axum::response::Response {
    match ops.metrics.render() {
        Ok(text) => ([("content-type", "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether this process should get requests, and which question says no.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    questions: Vec<Answer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Told {
    name: &'static str,
    note: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

async fn ready(State(ops): State<Arc<Ops>>) -> axum::response::Response {
    let questions: Vec<Answer> = ops
        .questions
        .iter()
        .map(|(name, question)| {
            let reason = question().err();
            Answer { name, ok: reason.is_none(), reason }
        })
        .collect();
    let told = |(name, note): &(&'static str, Note)| note().map(|note| Told { name, note });
    let notes = ops.notes.iter().filter_map(told).collect();
    let ready = questions.iter().all(|answer| answer.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, questions, notes })).into_response()
}

/// The bound ops listener.
#[derive(Debug)]
pub struct OpsServer(TcpListener);

impl OpsServer {
    /// Binds the address.
    ///
    /// # Errors
    /// When it is not a loopback address or is taken.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let reason = "metrics and health stay on a loopback address";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        Ok(Self(TcpListener::bind(address).await?))
    }

    /// The address that was bound.
    ///
    /// # Errors
    /// When the host does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves until `stop` resolves; requests in flight then end with their connections.
    pub async fn run(self, router: Router, stop: impl Future<Output = ()> + Send) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        tokio::pin!(stop);
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let accepted = tokio::select! {
                () = &mut stop => return,
                accepted = self.0.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                // Most likely descriptors have run out: let others end first.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let router = router.clone();
            tokio::spawn(async move {
                serve(stream, router).await;
                drop(place);
            });
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    let answer = |request: Request<Incoming>| {
        let router = router.clone();
        async move { router.oneshot(request.map(Body::new)).await }
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_TIMEOUT_S))
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    // A scraper that hangs up concerns only itself.
    let _: Result<(), hyper::Error> = connection.await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_process_is_alive_before_it_is_ready_and_says_why_it_is_not() {
        let full = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&full);
        let ops = Ops::new(Arc::new(Metrics::new().unwrap())).ready_when("directory", || Ok(())).ready_when(
            "log",
            move || {
                if seen.load(Ordering::SeqCst) { Err("access log has no room on its disk".into()) } else { Ok(()) }
            },
        );
        let server = OpsServer::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(server.run(router(Arc::new(ops)), async { drop(stopped.await) }));

        assert!(get(address, "/live").await.starts_with("HTTP/1.1 200"));
        let not_ready = get(address, "/ready").await;
        assert!(not_ready.starts_with("HTTP/1.1 503"), "{not_ready}");
        assert!(not_ready.contains(r#"{"name":"log","ok":false,"reason":"access log has no room on its disk"}"#));
        full.store(false, Ordering::SeqCst);
        assert!(get(address, "/ready").await.starts_with("HTTP/1.1 200"));
        assert!(get(address, "/metrics").await.contains("ijazat_in_flight 0"));
        assert!(get(address, "/v1/self/whoami").await.starts_with("HTTP/1.1 404"));
        stop.send(()).unwrap();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn the_ops_listener_never_leaves_this_machine() {
        let refused = OpsServer::bind("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
}

#[cfg(test)]
#[path = "ops_tests.rs"]
mod routes;

//! A tax authority's service that answers only when it is let, so that two requests are at work at once for certain.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use tests::world::{World, until};
use tokio::{net::TcpListener, sync::Semaphore};

/// The service.
pub struct Held {
    address: SocketAddr,
    desk: Arc<Desk>,
}

struct Desk {
    asked: AtomicUsize,
    gate: Semaphore,
}

impl Held {
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Desk { asked: AtomicUsize::new(0), gate: Semaphore::new(0) });
        tokio::spawn(serve(listener, Arc::clone(&desk)));
        Self { address, desk }
    }

    /// A world whose tax authority is this one.
    pub async fn world(&self) -> World {
        World::builder().set("UPSTREAM__FBR__URL", format!("http://{}", self.address)).start().await.unwrap()
    }

    /// How many questions came.
    pub fn asked(&self) -> usize {
        self.desk.asked.load(Ordering::SeqCst)
    }

    /// Waits until the first question is here, unanswered.
    pub async fn busy(&self) {
        until("the authority is asked", async || self.asked() > 0).await.unwrap();
    }

    /// Answers what waits and what will come.
    pub fn answer_all(&self) {
        self.desk.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(answer(request, &desk).await) }
            });
            // A door that goes away is no concern of the authority.
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, desk: &Desk) -> Response<Full<Bytes>> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    desk.asked.fetch_add(1, Ordering::SeqCst);
    desk.gate.acquire().await.unwrap().forget();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let cnic = asked["cnic"].as_str().unwrap_or_default().replace('-', "");
    let answer = json!({ "cnic": cnic, "ntn": "1234567", "filer": true, "active": true, "city": "Multan" });
    Response::new(Full::new(Bytes::from(answer.to_string())))
}

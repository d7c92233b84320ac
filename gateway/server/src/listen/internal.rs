//! The internal listener: an upstream of ours in another process, reached over mTLS and opened only by permits.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use axum::{Router, body::Body};
use bytes::Bytes;
use exchange::{caller::Peer, codes::Code, limits, path::CanonicalPath, permit::PermitVerifier, ports::clock::Clock};
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use tower::ServiceExt;

use super::{ListenError, ListenHandle, ListenLimits, ListenOptions, Side, open};
use crate::{
    door::{BodyError, BodyReader, Door, Head, Listener, Reply},
    tls::ListenerTls,
};

/// The header that carries a permit token between our own processes.
pub const PERMIT_HEADER: HeaderName = HeaderName::from_static("ijazat-permit");

/// Serves a router to our own processes.
///
/// Each request must come with a permit token for its method, path and body; the router finds it as an
/// `Arc<exchange::permit::Permit>` among the extensions. Without one the answer is `{"code":"policy_denied"}` and the
/// router is not asked.
///
/// # Errors
/// [`ListenError`].
pub fn serve(
    address: SocketAddr,
    tls: ListenerTls,
    limits: ListenLimits,
    verifier: Arc<PermitVerifier>,
    router: Router,
    clock: Arc<dyn Clock>,
) -> Result<ListenHandle, ListenError> {
    let door = InternalDoor { verifier, router, clock };
    open(address, ListenOptions { listener: Listener::Agency, tls, limits }, Arc::new(door), Side::Inside)
}

/// Answers for one router, to whoever brings a permit.
#[derive(Debug)]
struct InternalDoor {
    verifier: Arc<PermitVerifier>,
    router: Router,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Door for InternalDoor {
    async fn serve(&self, head: Head, body: &mut dyn BodyReader) -> Reply {
        self.answer(head, body).await.unwrap_or_else(|code| refusal(code, false))
    }

    async fn unparsed(&self, _: Listener, _: Peer, code: Code) -> Reply {
        refusal(code, true)
    }
}

impl InternalDoor {
    async fn answer(&self, mut head: Head, body: &mut dyn BodyReader) -> Result<Reply, Code> {
        let path = CanonicalPath::parse(&head.target).map_err(|_| Code::PathAmbiguous)?;
        let token = head.headers.remove(PERMIT_HEADER).ok_or(Code::PolicyDenied)?;
        let body = body.read(limits::REQUEST_BODY_BYTES_MAX).await.map_err(|error| match error {
            BodyError::TooLarge => Code::BodyTooLarge,
            BodyError::Incomplete | BodyError::TooSlow => Code::BodyIncomplete,
        })?;
        let token = token.to_str().map_err(|_| Code::PolicyDenied)?;
        let permit = self
            .verifier
            .verify(token, &head.method, path.as_str(), &body, self.clock.now())
            .map_err(|_| Code::PolicyDenied)?;
        let request = request(&head.method, path.as_str(), head.headers, body).ok_or(Code::HeaderInvalid)?;
        let mut request = request;
        request.extensions_mut().insert(Arc::new(permit));
        self.ask(request).await
    }

    async fn ask(&self, request: Request<Body>) -> Result<Reply, Code> {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, limits::ANSWER_BYTES_MAX).await.map_err(|_| Code::Internal)?;
        let headers = parts.headers.get(header::CONTENT_TYPE).cloned();
        Ok(Reply {
            status: parts.status.as_u16(),
            headers: headers.into_iter().map(|value| (header::CONTENT_TYPE, value)).collect(),
            body,
            rest: None,
            close: false,
        })
    }
}

fn request(method: &str, path: &str, headers: HeaderMap, body: Bytes) -> Option<Request<Body>> {
    let mut request = Request::builder().method(method).uri(path).body(Body::from(body)).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

fn refusal(code: Code, close: bool) -> Reply {
    Reply {
        status: code.status(),
        headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body: Bytes::from(format!("{{\"code\":\"{code}\"}}")),
        rest: None,
        close,
    }
}

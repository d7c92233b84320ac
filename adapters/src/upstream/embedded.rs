//! An upstream in the same process: an axum router called as a service, without a socket.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{Router, body::Body};
use exchange::{
    permit::Permit,
    ports::upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tower::ServiceExt as _;

/// A router that answers behind the door in the same process; it finds the permit among the request's extensions.
#[derive(Clone, Debug)]
pub struct Embedded {
    router: Router,
}

impl Embedded {
    /// Wraps a router.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router }
    }

    async fn answer(&self, request: http::Request<Body>, max: usize) -> Result<UpstreamAnswer, UpstreamError> {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status().as_u16();
        match Limited::new(response.into_body(), max).collect().await {
            Ok(body) => Ok(UpstreamAnswer { status, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => Err(UpstreamError::TooLarge),
            Err(error) => Err(UpstreamError::Unreachable(error.to_string())),
        }
    }
}

#[async_trait]
impl Upstream for Embedded {
    async fn call(&self, permit: &Arc<Permit>, request: UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        let mut builder = http::Request::builder()
            .method(request.method.as_str())
            .uri(request.path.as_str())
            .header(http::header::CONTENT_TYPE, request.content_type)
            .extension(Arc::clone(permit));
        if let Some(trace) = &request.traceparent {
            builder = builder.header("traceparent", trace);
        }
        let built =
            builder.body(Body::from(request.body)).map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
        tokio::time::timeout(request.deadline, self.answer(built, request.answer_bytes_max))
            .await
            .map_err(|_| UpstreamError::Timeout)?
    }

    fn is_ours(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;

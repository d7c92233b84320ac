//! An upstream in another process: HTTP/2 or HTTP/1.1, over mTLS or, for a loopback bench peer, in the clear.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use exchange::{
    ids::UpstreamId,
    permit::{BoundTo, Permit, PermitKey, write_token},
    ports::{
        clock::Clock,
        entropy::Entropy,
        upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest},
    },
};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// Header that carries the permit between two of our own processes.
pub const PERMIT_HEADER: &str = "ijazat-permit";

/// What makes a remote upstream one of ours.
#[derive(Debug)]
pub struct PermitTokens {
    /// Name of the upstream, the token's audience.
    pub audience: UpstreamId,
    /// The key agreed with it.
    pub key: PermitKey,
    /// Time of issue.
    pub clock: Arc<dyn Clock>,
    /// Source of each token's `jti`.
    pub entropy: Arc<dyn Entropy>,
}

/// A remote upstream.
pub struct Remote {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    tokens: Option<PermitTokens>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Remote {
    /// A client of `base` such as `https://127.0.0.1:9443`, presenting the certificate in `tls`.
    ///
    /// With `tokens` the upstream is one of our own processes and gets the permit; without, it is an external agency's
    /// API, which gets our client certificate and nothing else.
    #[must_use]
    pub fn new(base: &str, tls: rustls::ClientConfig, tokens: Option<PermitTokens>) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, base: base.trim_end_matches('/').to_owned(), tokens }
    }

    fn build(&self, permit: &Permit, request: &UpstreamRequest) -> Result<http::Request<Full<Bytes>>, UpstreamError> {
        let mut builder = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{}{}", self.base, request.path))
            .header(http::header::CONTENT_TYPE, request.content_type)
            .header(http::header::ACCEPT, "application/json");
        if let Some(trace) = &request.traceparent {
            builder = builder.header("traceparent", trace);
        }
        if let Some(tokens) = &self.tokens {
            let mut jti = [0; 16];
            tokens.entropy.fill(&mut jti);
            let bound = BoundTo {
                audience: &tokens.audience,
                method: &request.method,
                path: &request.path,
                body: &request.body,
            };
            let token = write_token(permit, &tokens.key, bound, jti, tokens.clock.now());
            builder = builder.header(PERMIT_HEADER, token);
        }
        builder.body(Full::new(request.body.clone())).map_err(|error| UpstreamError::Unreachable(error.to_string()))
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>, max: usize) -> Result<UpstreamAnswer, UpstreamError> {
        let response =
            self.client.request(request).await.map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
            if let Some(data) = frame.data_ref() {
                if read.len() + data.len() > max {
                    return Err(UpstreamError::TooLarge);
                }
                read.extend_from_slice(data);
            }
        }
        Ok(UpstreamAnswer { status, body: read.freeze() })
    }
}

#[async_trait]
impl Upstream for Remote {
    async fn call(&self, permit: &Arc<Permit>, request: UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        let built = self.build(permit, &request)?;
        tokio::time::timeout(request.deadline, self.exchange(built, request.answer_bytes_max))
            .await
            .map_err(|_| UpstreamError::Timeout)?
    }

    fn is_ours(&self) -> bool {
        self.tokens.is_some()
    }
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;

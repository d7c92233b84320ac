//! The exchange as a client sees it: one server, one certificate, and the manners that its limits ask for.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header, uri::PathAndQuery};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::super::failure::Failure;
use crate::demo::client::{Credential, tls};

/// Longest wait that a server can talk a client into at once, seconds: beyond it a person should know.
const WAIT_S_MAX: u64 = 60;

/// Where and as whom to ask.
#[derive(Debug, Args)]
pub(super) struct At {
    /// The agency listener
    #[arg(long, value_name = "URL", default_value = "https://localhost:8443")]
    server: Uri,
    /// Authority of the server's certificate (PEM)
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The agency's client certificate (PEM)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A header of each request, such as 'Ijazat-User: teller-1'; may be said more than once
    #[arg(long, value_name = "NAME: VALUE", value_parser = read_header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

fn read_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("is not `Name: value`")?;
    let name = HeaderName::try_from(name.trim()).map_err(|error| error.to_string())?;
    let mut value = HeaderValue::try_from(value.trim()).map_err(|error| error.to_string())?;
    // It may be a token: not printed, not even in a complaint.
    value.set_sensitive(true);
    Ok((name, value))
}

/// The server, connected when it is first asked.
#[derive(Debug)]
pub(super) struct Server {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Uri,
    headers: HeaderMap,
    timeout: Duration,
}

/// Nothing was answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Whether the request was done is not known.
    #[error("{0}")]
    Lost(String),
    /// One side does not accept the other's certificate: nothing was asked, and asking again would change nothing.
    #[error("{0}\nthe certificates are not accepted: check --server, --ca, --cert and --key")]
    Untrusted(String),
}

impl At {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Failure::Usage`] naming what cannot be used.
    pub(super) fn server(&self) -> Result<Server, Failure> {
        crate::tls::install_provider();
        if self.server.scheme_str() != Some("https") || self.server.authority().is_none() {
            let why = "an https address such as https://localhost:8443 is needed";
            return Err(Failure::Usage(format!("--server {}: {why}", self.server)));
        }
        let credential = Credential { certificate: text(&self.cert)?, key: text(&self.key)? };
        let tls = tls(&text(&self.ca)?, Some(&credential)).map_err(|error| {
            let files = [&self.ca, &self.cert, &self.key].map(|path| path.display().to_string()).join(", ");
            Failure::Usage(format!("{files}: {error}"))
        })?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let headers = self.header.iter().cloned().collect();
        Ok(Server { client, base: self.server.clone(), headers, timeout: Duration::from_secs(self.timeout) })
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

impl Server {
    /// Longest that an answer, or the next piece of one, is waited for.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A request with the headers of all.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a path that is none.
    pub(super) fn request(&self, method: &Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let usage = |why: &dyn std::fmt::Display| Failure::Usage(format!("`{path}`: {why}"));
        if !path.starts_with('/') {
            return Err(usage(&"a path begins with `/`"));
        }
        let path = PathAndQuery::try_from(path).map_err(|error| usage(&error))?;
        let mut parts = self.base.clone().into_parts();
        parts.path_and_query = Some(path);
        let uri = Uri::from_parts(parts).map_err(|error| usage(&error))?;
        let has_body = !body.is_empty();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if has_body && !request.headers().contains_key(header::CONTENT_TYPE) {
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    /// Sends it once.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub(super) async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unanswered> {
        match tokio::time::timeout(self.timeout, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if is_of_certificates(&error) => Err(Unanswered::Untrusted(causes(&error))),
            Ok(Err(error)) => Err(Unanswered::Lost(causes(&error))),
            Err(_) => Err(Unanswered::Lost(format!("no answer within {} s", self.timeout.as_secs()))),
        }
    }
}

/// Whether a certificate is what an error is about: ours, as the server's alert says, or the server's.
fn is_of_certificates(error: &(dyn std::error::Error + 'static)) -> bool {
    use rustls::AlertDescription as Alert;
    let mut next = Some(error);
    while let Some(error) = next {
        let about = match of_tls(error) {
            Some(rustls::Error::InvalidCertificate(_)) => true,
            Some(rustls::Error::AlertReceived(alert)) => matches!(
                alert,
                Alert::BadCertificate
                    | Alert::CertificateExpired
                    | Alert::CertificateRequired
                    | Alert::CertificateRevoked
                    | Alert::CertificateUnknown
                    | Alert::DecryptError
                    | Alert::UnknownCA
                    | Alert::UnsupportedCertificate
            ),
            _ => false,
        };
        if about {
            return true;
        }
        next = error.source();
    }
    false
}

/// What TLS said, however often it was wrapped as the host's error: what that wraps is not among its sources.
fn of_tls<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => of_tls(wrapper.get_ref()?),
        None => error.downcast_ref(),
    }
}

/// An error with what is behind it: the client's own first words say little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(behind) = cause {
        let said = behind.to_string();
        // Some say their cause within their own words.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = behind.source();
    }
    text
}

/// How long the server asks to be left alone before the same request is sent again; `None` if it does not ask.
pub(super) fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    (seconds <= WAIT_S_MAX).then(|| Duration::from_secs(seconds))
}

/// How long to wait before any next request, so that none is refused: where a limit has nothing left, until it is whole again
/// (`RateLimit`, `phases/standing.rs`).
pub(super) fn pause(headers: &HeaderMap) -> Duration {
    let told = headers.get("ratelimit").and_then(|value| value.to_str().ok()).unwrap_or("");
    let seconds = told.split(',').filter_map(|limit| {
        let parameter = |name| limit.split(';').find_map(|part| part.trim().strip_prefix(name)?.parse::<u64>().ok());
        (parameter("r=") == Some(0)).then(|| parameter("t=").unwrap_or(1).min(WAIT_S_MAX))
    });
    Duration::from_secs(seconds.max().unwrap_or(0))
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;

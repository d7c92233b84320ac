//! What an aggregator calls: `/sms/mo` with a citizen's message, `/sms/dlr` with a receipt.
//!
//! * POST with JSON, signed by [`SIGNATURE_HEADER`]; its time may differ from ours by five minutes.
//! * GET with a query and a token in it, for Kannel and others that cannot sign. Whoever sees such a URL once can call it for
//!   ever, so it is for an aggregator on the same machine or behind mTLS, and off until [`Unsigned::Token`] says so.
//!
//! An answer of 200 with an empty text says that it is kept. Whatever was not kept is answered with 503 and `Retry-After`. The
//! same may come several times: within its five minutes a signed request can be repeated by whoever saw it, and the receiver
//! knows how to take the same twice.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use bytes::Bytes;
use exchange::ports::clock::Clock;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::{
    SIGNATURE_HEADER, WebhookSecret, limits,
    notice::{self, Kind, Notice},
    problem::Refused,
    signature::Signature,
};
use crate::sms::port::SmsReceiver;

/// How long a body may take: it has a few hundred bytes.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Whether an aggregator that cannot sign may call.
#[derive(Clone, Debug)]
pub enum Unsigned {
    /// It may not: GET is answered with 405.
    Refused,
    /// It may, by GET with this as `token`.
    Token(WebhookSecret),
}

#[derive(Debug)]
struct Hooks {
    receiver: Arc<dyn SmsReceiver>,
    key: hmac::Key,
    unsigned: Unsigned,
    clock: Arc<dyn Clock>,
}

/// The two webhooks. To be merged, not nested: the path that was signed is the path that is served.
pub fn webhooks(
    receiver: Arc<dyn SmsReceiver>,
    secret: &WebhookSecret,
    unsigned: Unsigned,
    clock: Arc<dyn Clock>,
) -> Router {
    let hooks = Hooks { receiver, key: secret.key(), unsigned, clock };
    let message = |State(hooks): State<Arc<Hooks>>, request| async move { hooks.answer(Kind::Message, request).await };
    let receipt = |State(hooks): State<Arc<Hooks>>, request| async move { hooks.answer(Kind::Receipt, request).await };
    Router::new().route("/sms/mo", any(message)).route("/sms/dlr", any(receipt)).with_state(Arc::new(hooks))
}

impl Hooks {
    async fn answer(&self, kind: Kind, request: Request) -> Response {
        match self.take(kind, request).await {
            Ok(()) => kept(),
            Err(refused) => {
                tracing::warn!(webhook.kind = ?kind, webhook.refused = ?refused, "a webhook was not taken");
                refused.into_response()
            }
        }
    }

    async fn take(&self, kind: Kind, request: Request) -> Result<(), Refused> {
        let (head, body) = request.into_parts();
        let notice = match (&head.method, &self.unsigned) {
            (&Method::POST, _) => {
                let body = self.signed(&head.method, &head.uri, &head.headers, body).await?;
                notice::from_json(kind, head.uri.query(), &body)?
            }
            (&Method::GET, Unsigned::Token(token)) => notice::from_query(kind, by_token(token, &head.uri)?)?,
            (_, Unsigned::Token(_)) => return Err(Refused::Method("GET, POST")),
            (_, Unsigned::Refused) => return Err(Refused::Method("POST")),
        };
        match notice {
            Notice::Message(message) => self.receiver.message(message).await?,
            Notice::Receipt(receipt) => self.receiver.receipt(receipt).await?,
            Notice::Stranger => tracing::info!("an SMS from no Pakistani mobile number was dropped"),
        }
        Ok(())
    }

    /// The body, once it is shown who sent it and when.
    async fn signed(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Bytes, Refused> {
        let mut sent = headers.get_all(SIGNATURE_HEADER).iter();
        let (Some(header), None) = (sent.next(), sent.next()) else { return Err(Refused::Unauthorised) };
        let header = header.to_str().map_err(|_| Refused::Unauthorised)?;
        // Before the body is read: most of what is not the aggregator's costs no more than this.
        let signature = Signature::read(header, self.clock.now()).ok_or(Refused::Unauthorised)?;
        let body = whole(body).await?;
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        if !signature.holds(&self.key, method.as_str(), path, &body) {
            return Err(Refused::Unauthorised);
        }
        if is_json(headers) { Ok(body) } else { Err(Refused::ContentType) }
    }
}

async fn whole(body: Body) -> Result<Bytes, Refused> {
    let collecting = Limited::new(body, limits::NOTICE_BYTES_MAX).collect();
    let collected = tokio::time::timeout(BODY_WITHIN, collecting).await.map_err(|_| Refused::Incomplete)?;
    let too_large = |large| if large { Refused::TooLarge } else { Refused::Incomplete };
    Ok(collected.map_err(|error| too_large(error.is::<LengthLimitError>()))?.to_bytes())
}

/// The query's parameters but the token, once that is shown to be ours. None may come twice.
fn by_token(token: &WebhookSecret, uri: &Uri) -> Result<HashMap<String, String>, Refused> {
    let query = uri.query().unwrap_or_default();
    if query.len() > limits::NOTICE_BYTES_MAX {
        return Err(Refused::TooLarge);
    }
    let mut said = HashMap::new();
    let mut twice = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        twice |= said.insert(name.into_owned(), value.into_owned()).is_some();
    }
    let given = said.remove("token").ok_or(Refused::Unauthorised)?;
    match (token.is(&given), twice) {
        (false, _) => Err(Refused::Unauthorised),
        (true, true) => Err(Refused::Parameter),
        (true, false) => Ok(said),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = sent.and_then(|sent| sent.split(';').next()).map(str::trim);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// Kannel makes an SMS of a text that is not empty, and of a kind of body that it does not know.
fn kept() -> Response {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

#[cfg(test)]
#[path = "webhooks_tests.rs"]
mod tests;

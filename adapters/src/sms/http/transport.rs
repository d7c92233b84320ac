//! Hands messages over to an aggregator, one request each.

use std::{
    fmt,
    pin::pin,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{Request, Uri, header, uri::Authority};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming as Body, client::conn::http1};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::{
    Method, Settings, SettingsError,
    answer::{self, Answer},
    coding::coding,
    limits,
    turn::Turns,
};
use crate::sms::port::{Link, NotTaken, Outgoing, SmsTransport};

/// An aggregator that is reached over HTTP. It cuts long messages itself, so each of ours goes out in one piece.
///
/// Each request has a connection of its own: when one that lay idle ends, nobody can tell whether the message had been read.
pub struct HttpSms {
    settings: Settings,
    sendsms: Uri,
    authority: Authority,
    connector: HttpsConnector<HttpConnector>,
    turns: Turns,
    link: Mutex<(Link, Instant)>,
}

impl fmt::Debug for HttpSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSms").field("sendsms", &self.sendsms).field("link", &self.link()).finish_non_exhaustive()
    }
}

impl HttpSms {
    /// A client of the aggregator, which trusts whom `tls` trusts. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError`] when the contract cannot be kept.
    pub fn new(settings: Settings, mut tls: rustls::ClientConfig) -> Result<Self, SettingsError> {
        let sendsms = settings.check()?;
        let authority = sendsms.authority().cloned().ok_or(SettingsError::Url("sendsms"))?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        // The connector chooses the protocol, and refuses a choice that was made for it.
        tls.alpn_protocols.clear();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(http);
        let turns = Turns::new(settings.a_second, settings.window);
        Ok(Self { settings, sendsms, authority, connector, turns, link: Mutex::new((Link::Up, Instant::now())) })
    }

    async fn send(&self, message: &Outgoing) -> answer::Meaning {
        let Ok(request) = self.request(message) else {
            return (Err(NotTaken::Never { why: "it is too long for a URL".to_owned() }), None);
        };
        let connecting = self.connector.clone().oneshot(self.sendsms.clone());
        // Nothing has left before the connection stands.
        let stream = match timeout(self.settings.connect, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(_)) => return unreachable_now("no connection to it, or not with a certificate that is trusted"),
            Err(_) => return unreachable_now("connecting took too long"),
        };
        let Ok((sender, connection)) = http1::handshake(stream).await else {
            return unreachable_now("the connection ended at once");
        };
        // The connection moves the bytes, and may end before the answer is read.
        let (mut connection, mut talk) = (pin!(connection), pin!(talk(sender, request)));
        let talked = timeout(self.settings.answer, async {
            tokio::select! {
                biased;
                answer = &mut talk => answer,
                _ = &mut connection => talk.await,
            }
        });
        match talked.await {
            Ok(Ok(answer)) => answer::read(&answer),
            Ok(Err(_)) => unknown("the connection ended before the answer"),
            Err(_) => unknown("its answer took too long"),
        }
    }

    fn request(&self, message: &Outgoing) -> http::Result<Request<Full<Bytes>>> {
        let form = self.form(message);
        let path = self.sendsms.path();
        let builder = Request::builder()
            .header(header::HOST, self.authority.as_str())
            .header(header::ACCEPT, "text/plain")
            .header(header::CONNECTION, "close");
        match self.settings.method {
            Method::Get => {
                let target = Zeroizing::new(format!("{path}?{}", form.as_str()));
                builder.method("GET").uri(target.as_str()).body(Full::default())
            }
            Method::Post => builder
                .method("POST")
                .uri(path)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::new(Bytes::from_owner(Zeroizing::new(form.as_bytes().to_vec())))),
        }
    }

    /// The same bytes at each try. Wiped when dropped; the copy in the connection's buffer ends with the connection.
    fn form(&self, message: &Outgoing) -> Zeroizing<String> {
        let settings = &self.settings;
        // Three bytes for each of UTF-8's, so that the text is not moved while it grows and no copy stays behind.
        let mut form = Serializer::new(String::with_capacity(4_096 + 3 * message.text.len()));
        form.append_pair("username", &settings.username)
            .append_pair("password", settings.password.reveal())
            .append_pair("from", &settings.from)
            .append_pair("to", &message.to.e164())
            .append_pair("text", &message.text)
            .append_pair("charset", "UTF-8")
            .append_pair("coding", coding(&message.text));
        if let Some(callback) = &settings.callback {
            form.append_pair("dlr-mask", "31").append_pair("dlr-url", &callback.receipts_of(&message.id));
        }
        Zeroizing::new(form.finish())
    }

    /// Notes how the link stands, and logs when that changes.
    fn note(&self, now: Link) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        link.1 = Instant::now();
        if link.0 == now {
            return;
        }
        if let Link::Down(why) = &now {
            tracing::warn!(aggregator = %self.authority, why, "the SMS aggregator takes no messages");
        } else {
            tracing::info!(aggregator = %self.authority, "the SMS aggregator takes messages again");
        }
        link.0 = now;
    }
}

#[async_trait]
impl SmsTransport for HttpSms {
    fn pieces(&self, _text: &str) -> u8 {
        1
    }

    async fn hand_over(&self, message: &Outgoing, piece: u8) -> Result<String, NotTaken> {
        if piece != 0 {
            return Err(NotTaken::Never { why: "the message has one piece".to_owned() });
        }
        let Some(_turn) = self.turns.take(limits::TURN_WITHIN).await else {
            return Err(NotTaken::Later { why: "no turn came within the contract's rate".to_owned(), after: None });
        };
        let (taken, link) = self.send(message).await;
        if let Some(link) = link {
            self.note(link);
        }
        // Kannel tells no name of its own; its receipt repeats ours.
        Ok(taken?.name.unwrap_or_else(|| message.id.clone()))
    }

    /// How the last message fared; up before the first.
    fn link(&self) -> Link {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// A while after a message fared badly, the next one finds out whether others would fare better.
    fn may_probe(&self) -> bool {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).1.elapsed() >= limits::PROBE_EVERY
    }
}

async fn talk(mut sender: http1::SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
    let response = sender.send_request(request).await?;
    let status = response.status();
    let told = response.headers().get(header::RETRY_AFTER);
    let retry_after_s = told.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Ok(Answer { status, retry_after_s, body: beginning(response.into_body()).await? })
}

/// What is read of a body; its rest is left with the connection.
async fn beginning(mut body: Body) -> hyper::Result<String> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            read.extend(data.iter().take(limits::ANSWER_BYTES_MAX - read.len()));
        }
        if read.len() == limits::ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn unreachable_now(why: &str) -> answer::Meaning {
    (Err(NotTaken::Later { why: why.to_owned(), after: None }), Some(Link::Down(why.to_owned())))
}

fn unknown(why: &str) -> answer::Meaning {
    (Err(NotTaken::Unknown { why: why.to_owned() }), Some(Link::Down(why.to_owned())))
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;

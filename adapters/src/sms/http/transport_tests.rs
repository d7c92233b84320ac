//! The transport against a peer that speaks raw bytes: what goes out, and what each end of it means.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use exchange::mobile::Mobile;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::sms::http::{Callback, Password, WebhookSecret};

const ID: &str = "00112233445566778899aabbccddeeff";

/// What the peer does once it has a request.
#[derive(Clone, Debug)]
enum Act {
    /// Answers so, and ends the connection.
    Send(String),
    /// Ends the connection.
    End,
    /// Says nothing more, and keeps it open.
    Hang,
}

/// An aggregator that acts in this order, once for each connection, and keeps what it was sent.
struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    async fn new(acts: Vec<Act>) -> Self {
        Self::with(acts, None).await
    }

    async fn with(acts: Vec<Act>, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut kept_open = Vec::new();
            for act in acts {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream: Box<dyn Stream> = match &tls {
                    None => Box::new(stream),
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => continue,
                    },
                };
                let request = whole_request(&mut stream).await;
                noted.lock().unwrap().push(request);
                match act {
                    Act::Send(answer) => {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                        stream.shutdown().await.unwrap();
                    }
                    Act::End => {}
                    Act::Hang => kept_open.push(stream),
                }
            }
        });
        Self { address, seen }
    }

    fn seen(&self, number: usize) -> String {
        self.seen.lock().unwrap()[number].clone()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Reads a head and as much of a body as it announces.
async fn whole_request(stream: &mut Box<dyn Stream>) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8(read.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= announced.unwrap_or(0) {
                return text;
            }
        }
        if stream.read_buf(&mut read).await.unwrap() == 0 {
            return text;
        }
    }
}

fn says(status: &str, body: &str) -> Act {
    Act::Send(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

fn tls(roots: rustls::RootCertStore) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    versions.unwrap().with_root_certificates(roots).with_no_client_auth()
}

fn settings(sendsms: String) -> Settings {
    Settings {
        sendsms,
        method: Method::Get,
        username: "ijazat".to_owned(),
        password: Password::new("p&ss wörd".to_owned()),
        from: "8009".to_owned(),
        callback: Some(Callback {
            base: "http://127.0.0.1:8090/".to_owned(),
            token: WebhookSecret::parse(&"t".repeat(32)).ok(),
        }),
        a_second: 10_000,
        window: 4,
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(10),
    }
}

fn client(address: SocketAddr) -> HttpSms {
    let settings = settings(format!("http://{address}/cgi-bin/sendsms"));
    HttpSms::new(settings, tls(rustls::RootCertStore::empty())).unwrap()
}

fn message(text: &str) -> Outgoing {
    Outgoing { id: ID.to_owned(), to: Mobile::parse("03001234567").unwrap(), text: text.to_owned() }
}

fn pairs(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

fn expected(text: &str, coding: &str) -> BTreeMap<String, String> {
    let receipts =
        format!("http://127.0.0.1:8090/sms/dlr?token={}&id={ID}&status=%d&message_id=%F&to=%p", "t".repeat(32));
    [
        ("username", "ijazat"),
        ("password", "p&ss wörd"),
        ("from", "8009"),
        ("to", "+923001234567"),
        ("text", text),
        ("charset", "UTF-8"),
        ("coding", coding),
        ("dlr-mask", "31"),
        ("dlr-url", &receipts),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[tokio::test]
async fn a_message_goes_out_as_kannel_takes_it_and_the_same_each_time() {
    let peer = Peer::new(vec![says("202 Accepted", "0: Accepted for delivery"); 3]).await;
    let sms = client(peer.address);
    let roman = message("Code 482913 & kisi ko na batayen +100%");
    for _ in 0..2 {
        assert_eq!(sms.hand_over(&roman, 0).await, Ok(ID.to_owned()));
    }
    sms.hand_over(&message("کوڈ 482913"), 0).await.unwrap();
    assert_eq!(peer.seen(0), peer.seen(1));
    let (line, head) = peer.seen(0).split_once("\r\n").map(|(line, head)| (line.to_owned(), head.to_owned())).unwrap();
    let query = line.strip_prefix("GET /cgi-bin/sendsms?").and_then(|rest| rest.strip_suffix(" HTTP/1.1")).unwrap();
    assert_eq!(pairs(query), expected(&roman.text, "0"));
    assert!(head.contains(&format!("host: {}\r\n", peer.address)), "{head}");
    let urdu = peer.seen(2);
    let query = urdu.split_once('?').and_then(|(_, rest)| rest.split_once(' ')).unwrap().0;
    assert_eq!(pairs(query), expected("کوڈ 482913", "2"));
    assert_eq!((sms.pieces(&"x".repeat(1_000)), sms.link()), (1, Link::Up));
}

#[tokio::test]
async fn by_post_the_form_is_the_body_and_the_url_tells_nothing() {
    let peer = Peer::new(vec![says("200 OK", "0: Accepted for delivery: far-1")]).await;
    let by_post =
        Settings { method: Method::Post, callback: None, ..settings(format!("http://{}/sendsms", peer.address)) };
    let sms = HttpSms::new(by_post, tls(rustls::RootCertStore::empty())).unwrap();
    assert_eq!(sms.hand_over(&message("کوڈ 482913"), 0).await, Ok("far-1".to_owned()));
    let seen = peer.seen(0);
    let (head, body) = seen.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /sendsms HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    let mut without_receipts = expected("کوڈ 482913", "2");
    without_receipts.retain(|name, _| !name.starts_with("dlr-"));
    assert_eq!(pairs(body), without_receipts);
}

#[tokio::test]
async fn an_answer_means_over_the_wire_what_it_means() {
    let busy = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".to_owned();
    let peer = Peer::new(vec![
        says("403 Forbidden", "Authorization failed for sendsms"),
        Act::Send(busy),
        says("400 Bad Request", "Number(s) has/have been denied by white- and/or black-lists."),
        says("202 Accepted", "3: Queued for later delivery"),
        says("200 OK", &"x".repeat(1_000_000)),
    ])
    .await;
    let sms = client(peer.address);
    let mut found = Vec::new();
    for _ in 0..5 {
        let handed = match sms.hand_over(&message("x"), 0).await {
            Ok(id) => id,
            Err(NotTaken::Later { after, .. }) => format!("later {after:?}"),
            Err(NotTaken::Never { .. }) => "never".to_owned(),
            Err(NotTaken::Unknown { .. }) => "unknown".to_owned(),
        };
        found.push((handed, sms.link() == Link::Up));
    }
    let expected =
        [("later Some(60s)", false), ("later Some(7s)", false), ("never", true), (ID, true), ("unknown", false)];
    assert_eq!(found, expected.map(|(handed, up)| (handed.to_owned(), up)));
}

#[tokio::test]
async fn what_never_left_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sms = client(address);
    assert_eq!(sms.link(), Link::Up);
    let handed = sms.hand_over(&message("x"), 0).await;
    assert!(matches!(handed, Err(NotTaken::Later { after: None, .. })), "{handed:?}");
    assert!(matches!(sms.link(), Link::Down(_)));
}

#[tokio::test]
async fn nobody_knows_what_became_of_a_request_without_a_whole_answer() {
    let cut = Act::Send("HTTP/1.1 202 Accepted\r\ncontent-length: 24\r\n\r\n0: Acc".to_owned());
    let garbage = Act::Send("220 smtp.example ESMTP\r\n".to_owned());
    let peer = Peer::new(vec![Act::End, cut, garbage, Act::Hang, says("202 Accepted", "0: Accepted")]).await;
    let patience = Duration::from_millis(200);
    let settings = Settings { answer: patience, ..settings(format!("http://{}/sendsms", peer.address)) };
    let sms = HttpSms::new(settings, tls(rustls::RootCertStore::empty())).unwrap();
    for act in ["end", "cut", "garbage", "hang"] {
        let handed = sms.hand_over(&message("x"), 0).await;
        assert!(matches!(handed, Err(NotTaken::Unknown { .. })), "{act}: {handed:?}");
        assert!(matches!(sms.link(), Link::Down(_)), "{act}");
    }
    assert_eq!(sms.hand_over(&message("x"), 0).await, Ok(ID.to_owned()));
    assert_eq!(sms.link(), Link::Up);
}

#[tokio::test]
async fn a_message_goes_out_over_tls_to_whom_we_trust_and_to_nobody_else() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let server = versions.unwrap().with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let peer = Peer::with(vec![says("202 Accepted", "0: Accepted"); 2], Some(acceptor)).await;
    let url = format!("https://localhost:{}/sendsms", peer.address.port());
    let stranger = HttpSms::new(settings(url.clone()), tls(rustls::RootCertStore::empty())).unwrap();
    let handed = stranger.hand_over(&message("x"), 0).await;
    assert!(matches!(handed, Err(NotTaken::Later { .. })), "{handed:?}");
    assert!(peer.seen.lock().unwrap().is_empty());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let sms = HttpSms::new(settings(url), tls(roots)).unwrap();
    assert_eq!(sms.hand_over(&message("x"), 0).await, Ok(ID.to_owned()));
}

#[tokio::test]
async fn a_peer_that_does_not_finish_its_handshake_got_nothing() {
    // The system connects on its behalf; nobody ever speaks.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/sendsms", silent.local_addr().unwrap());
    let settings = Settings { connect: Duration::from_millis(200), ..settings(url) };
    let sms = HttpSms::new(settings, tls(rustls::RootCertStore::empty())).unwrap();
    let handed = sms.hand_over(&message("x"), 0).await;
    assert!(matches!(handed, Err(NotTaken::Later { .. })), "{handed:?}");
}

#[tokio::test]
async fn there_is_one_piece_and_it_fits_a_url() {
    let sms = client("127.0.0.1:9".parse().unwrap());
    for (text, piece) in [("x".to_owned(), 1), ("ک".repeat(20_000), 0)] {
        let handed = sms.hand_over(&message(&text), piece).await;
        assert!(matches!(handed, Err(NotTaken::Never { .. })), "{handed:?}");
    }
    assert_eq!(sms.link(), Link::Up);
}

#[test]
fn the_client_prints_neither_password_nor_token() {
    let shown = format!("{:?}", client("127.0.0.1:9".parse().unwrap()));
    assert!(!shown.contains("wörd") && !shown.contains("ttt"), "{shown}");
}

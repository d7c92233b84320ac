//! A real Kannel between us and an SMSC: messages out, receipts back, and citizens' messages in.

#[path = "kannel/gateway.rs"]
pub mod gateway;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use exchange::mobile::Mobile;
use gateway::{Gateway, PASSWORD, Programs};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};
use tower::ServiceExt as _;

use adapters::{
    clock::SystemClock,
    sms::{
        http::{Callback, HttpSms, Method, Password, Settings, Unsigned, WebhookSecret, webhooks},
        port::{Fate, Incoming, Link, NotKept, NotTaken, Outgoing, Receipt, SmsReceiver, SmsTransport as _},
    },
};

const ENGLISH: &str = "Ijazat code 482913 for Bank Indus, Lahore. Tell it to nobody on the telephone.";
const ROMAN_URDU: &str = "Ijazat code 482913. Bank Indus aap ka naam aur pata dekhna chahta hai. Kisi ko na batayen!";
const URDU: &str = "اجازت کوڈ 482913۔ بینک انڈس آپ کا نام اور پتا دیکھنا چاہتا ہے۔ \
                    یہ کوڈ فون پر کسی کو نہ بتائیں۔ نہ چاہیں تو NO لکھ کر بھیجیں۔";
const CITIZEN: &str = "923001234567";

/// Passes on what it is told; the first of the messages it cannot keep.
#[derive(Debug)]
struct Teller {
    refused: AtomicUsize,
    messages: UnboundedSender<Incoming>,
    receipts: UnboundedSender<Receipt>,
}

#[async_trait]
impl SmsReceiver for Teller {
    async fn message(&self, message: Incoming) -> Result<(), NotKept> {
        if self.refused.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(NotKept);
        }
        self.messages.send(message).map_err(|_| NotKept)
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), NotKept> {
        self.receipts.send(receipt).map_err(|_| NotKept)
    }
}

#[tokio::test]
async fn messages_receipts_and_answers_pass_through_kannel() {
    let programs = match Programs::find("kannel").await {
        Ok(programs) => programs,
        Err(missing) => return eprintln!("SKIPPED, nothing was tried with Kannel: {missing}"),
    };
    let token = "kannel-token-".repeat(3);
    let (messages_in, mut messages) = unbounded_channel();
    let (receipts_in, mut receipts) = unbounded_channel();
    let teller = Teller { refused: AtomicUsize::new(0), messages: messages_in, receipts: receipts_in };
    let hooks = serve(Arc::new(teller), &token).await;
    let mut kannel = Gateway::start(&programs, hooks, &token).await;
    let sms = client(kannel.sendsms, hooks, &token, PASSWORD, "/cgi-bin/sendsms");

    for (number, (text, coding, parts)) in [(ENGLISH, 0, 1), (ROMAN_URDU, 0, 1), (URDU, 8, 2)].into_iter().enumerate() {
        let message = outgoing(number, text);
        assert_eq!(sms.hand_over(&message, 0).await, Ok(message.id.clone()), "Kannel tells no name of its own");
        arrives(&mut kannel, text, coding, parts).await;
        has_its_receipts(&mut receipts, &message.id).await;
    }
    assert_eq!(sms.link(), Link::Up);
    answers_come_in(&mut kannel, &mut messages).await;
    no_answer_of_ours_became_an_sms(&mut kannel, &sms).await;
    mistakes_of_the_operators_lose_nothing(kannel.sendsms, hooks, &token).await;
    kannel.stop().await;
}

/// The SMSC got the text, cut where it does not fit in one SMS, and nothing else.
async fn arrives(kannel: &mut Gateway, text: &str, coding: u8, parts: usize) {
    let mut whole = String::new();
    for number in 1..=parts {
        let part = kannel.submitted().await;
        assert_eq!((&part["from"], &part["to"], &part["coding"]), (&"8009".into(), &CITIZEN.into(), &coding.into()));
        assert_eq!(part["udh"].as_array().unwrap().len(), usize::from(parts > 1), "{number} of {parts}");
        whole.push_str(part["text"].as_str().unwrap());
    }
    assert_eq!(whole, text);
}

/// Two receipts, in any order: the network has it, the handset has it.
async fn has_its_receipts(receipts: &mut UnboundedReceiver<Receipt>, id: &str) {
    let mut fates = Vec::new();
    for _ in 0..2 {
        let receipt = soon(receipts).await;
        assert_eq!(receipt.reference, Some((id.to_owned(), 0)));
        assert_eq!(receipt.to, Mobile::parse(CITIZEN).ok());
        assert!(receipt.message_id.starts_with('M'), "{receipt:?}");
        fates.push(receipt.fate);
    }
    assert!(fates.contains(&Fate::Underway) && fates.contains(&Fate::Delivered), "{fates:?}");
}

/// The first cannot be kept when it comes first, and Kannel brings it again. A stranger's is taken and told to nobody.
async fn answers_come_in(kannel: &mut Gateway, messages: &mut UnboundedReceiver<Incoming>) {
    let from = Mobile::parse(CITIZEN).unwrap();
    for (text, coding) in [("OK  482913 +&%", 0), ("ہاں ۴۸۲۹۱۳", 8), ("3520112345671", 0)] {
        kannel.handset_sends("447700900123", "hello", 0).await;
        kannel.handset_sends(CITIZEN, text, coding).await;
        assert_eq!(soon(messages).await, Incoming { from, text: text.to_owned(), part: None });
    }
}

async fn no_answer_of_ours_became_an_sms(kannel: &mut Gateway, sms: &HttpSms) {
    sms.hand_over(&outgoing(9, "the last"), 0).await.unwrap();
    arrives(kannel, "the last", 0, 1).await;
}

async fn mistakes_of_the_operators_lose_nothing(sendsms: SocketAddr, hooks: SocketAddr, token: &str) {
    let message = outgoing(10, ENGLISH);
    for (password, path) in [("another", "/cgi-bin/sendsms"), (PASSWORD, "/sendsms")] {
        let sms = client(sendsms, hooks, token, password, path);
        let handed = sms.hand_over(&message, 0).await;
        assert!(matches!(handed, Err(NotTaken::Later { after: Some(_), .. })), "{path}: {handed:?}");
        assert!(matches!(sms.link(), Link::Down(_)), "{path}");
    }
}

fn outgoing(number: usize, text: &str) -> Outgoing {
    Outgoing { id: format!("{number:032x}"), to: Mobile::parse(CITIZEN).unwrap(), text: text.to_owned() }
}

async fn soon<T>(channel: &mut UnboundedReceiver<T>) -> T {
    timeout(Duration::from_secs(20), channel.recv()).await.expect("Kannel does not call").unwrap()
}

fn client(sendsms: SocketAddr, hooks: SocketAddr, token: &str, password: &str, path: &str) -> HttpSms {
    let settings = Settings {
        sendsms: format!("http://{sendsms}{path}"),
        method: Method::Get,
        username: "ijazat".to_owned(),
        password: Password::new(password.to_owned()),
        from: "8009".to_owned(),
        callback: Some(Callback { base: format!("http://{hooks}"), token: WebhookSecret::parse(token).ok() }),
        a_second: 100,
        window: 2,
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(15),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = versions.unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    HttpSms::new(settings, tls).unwrap()
}

/// Our webhooks on a port of their own, for Kannel with its token.
async fn serve(receiver: Arc<dyn SmsReceiver>, token: &str) -> SocketAddr {
    let (secret, token) = (WebhookSecret::parse(&"s".repeat(32)).unwrap(), WebhookSecret::parse(token).unwrap());
    let router = webhooks(receiver, &secret, Unsigned::Token(token), Arc::new(SystemClock));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let router: Router = router.clone();
            let answer = service_fn(move |request: hyper::Request<_>| router.clone().oneshot(request.map(Body::new)));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

//! The SMPP link itself: how it comes up, falls, comes up again and is taken down.

use std::{sync::Arc, time::Duration};

use super::common::{self, CITIZEN, Inbox, Pair, account, bound, bound_with, config, pair};
use adapters::sms::{
    port::{Link, NotTaken, SmsTransport as _},
    smpp::{
        Smpp,
        config::{Password, SmppConfig, SmppTls},
    },
};
use rcgen::{CertificateParams, KeyPair};
use rusmpp::CommandStatus;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tests::smsc::{BindFault, Counts, Fault, PATIENCE, Smsc, message};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

async fn down_because(smpp: &Smpp, words: &str) {
    let down = smpp.until(|link| matches!(link, Link::Down(why) if why.contains(words)));
    timeout(PATIENCE, down).await.unwrap_or_else(|_| panic!("never down because `{words}`: {:?}", smpp.link()));
}

#[tokio::test]
async fn c49_a_refused_bind_is_told_and_tried_again() {
    let many = |smsc: &Smsc| (0..3).for_each(|_| smsc.fail_bind(BindFault::Refuse(0x0D)));
    let pair = pair(Inbox::default(), |_| {}, many).await;
    down_because(&pair.smpp, "the bind was refused: EsmeRbindfail").await;
    let refused = pair.send("OK").await;
    assert!(matches!(refused, Err(NotTaken::Later { .. })), "{refused:?}");
    pair.up().await;
    assert_eq!(pair.smsc.counts().bind_tries, 4);
    pair.send("OK").await.unwrap();
    assert_eq!(pair.smsc.texts(CITIZEN), ["OK"]);
}

#[tokio::test]
async fn c49_a_bind_that_meets_no_answer_or_nonsense_is_tried_again() {
    for (fault, words) in [
        (BindFault::HangUp, "hung up"),
        (BindFault::NoAnswer, "not answered in time"),
        (BindFault::Garbage, "not SMPP"),
    ] {
        let slow = |config: &mut SmppConfig| config.response_timeout = Duration::from_millis(400);
        let pair = pair(Inbox::default(), slow, |smsc| smsc.fail_bind(fault)).await;
        down_because(&pair.smpp, words).await;
        pair.up().await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let wrong = |config: &mut SmppConfig| config.password = Password::new("guess".to_owned());
    let pair = pair(Inbox::default(), wrong, |_| {}).await;
    down_because(&pair.smpp, "the bind was refused: EsmeRinvpaswd").await;
    assert!(!format!("{:?}", pair.smpp).contains("guess"));
    assert_eq!(pair.smsc.counts().binds, 0);
}

#[tokio::test]
async fn a_far_end_that_is_not_there_is_told_and_nothing_counts_as_sent() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let inbox = Arc::new(Inbox::default());
    let smpp = Smpp::start(config(nobody.to_string()), inbox, Arc::new(common::Fixed)).unwrap();
    down_because(&smpp, "cannot connect").await;
    let outcome = smpp.hand_over(&common::outgoing("OK"), 0).await;
    assert!(matches!(outcome, Err(NotTaken::Later { after: Some(_), .. })), "{outcome:?}");
}

#[tokio::test]
async fn c49_a_connection_that_is_cut_is_made_again_each_time() {
    let pair = bound().await;
    for round in 2..6 {
        pair.smsc.hang_up();
        pair.smsc.until_counts("a bind", |counts| counts.binds == round).await.unwrap();
        pair.up().await;
        assert_eq!(pair.smsc.deliver(message(CITIZEN, "HELP")).await, Ok(CommandStatus::EsmeRok));
    }
    assert_eq!(pair.inbox.messages().len(), 4);
}

#[tokio::test]
async fn c49_a_pdu_too_long_or_too_short_ends_the_connection_and_not_the_transport() {
    let header = |length: u32, command: u32| [length, command, 0, 1].map(u32::to_be_bytes).concat();
    let pair = bound().await;
    let mut huge = header(0x1_0000, 5);
    huge.resize(0x1_0000, 0);
    for (round, octets) in (2..).zip([huge, header(7, 5), header(u32::MAX, 5), vec![0xFF; 300]]) {
        pair.smsc.send_raw(octets);
        pair.smsc.until_counts("a bind", |counts| counts.binds == round).await.unwrap();
        pair.up().await;
    }
    pair.send("OK").await.unwrap();
}

#[tokio::test]
async fn c49_deliveries_of_any_octets_never_end_the_connection() {
    let pair = bound().await;
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..1_000 {
        // xorshift: the same octets at each run.
        let mut draw = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_be_bytes()[0]
        };
        let length = 16 + u32::from(draw());
        let mut octets = [length, 5, 0, 1].map(u32::to_be_bytes).concat();
        octets.resize_with(length as usize, || if draw() < 128 { 0 } else { draw() });
        pair.smsc.send_raw(octets);
    }
    // The sign of life comes after all of them were read.
    pair.smsc.enquire();
    pair.smsc.until_counts("a sign of life", |counts| counts.signs_of_life == 1).await.unwrap();
    assert_eq!((pair.smsc.counts().binds, pair.smsc.counts().ended), (1, 0), "on the first connection");
    pair.up().await;
    pair.send("OK").await.unwrap();
}

#[tokio::test]
async fn c49_a_far_end_without_a_sign_of_life_is_left_and_found_again() {
    let quick = |config: &mut SmppConfig| {
        config.enquire_link = Duration::from_millis(20);
        config.response_timeout = Duration::from_millis(500);
    };
    let pair = pair(Inbox::default(), quick, |_| {}).await;
    pair.smsc.until_counts("enquiries", |counts| counts.enquiries >= 2).await.unwrap();
    assert_eq!(pair.smsc.counts().binds, 1, "a far end that answers is not left");
    pair.smsc.keep_silent(true);
    down_because(&pair.smpp, "no sign of life").await;
    pair.smsc.keep_silent(false);
    pair.up().await;
    pair.send("OK").await.unwrap();
}

#[tokio::test]
async fn the_far_ends_enquiry_is_answered_and_an_unknown_command_refused() {
    let pair = bound().await;
    pair.smsc.enquire();
    // query_sm, a request that only we could make, and a command that does not exist.
    for command in [0x03_u32, 0x0001_FFFF] {
        pair.smsc.send_raw([16, command, 0, 77].map(u32::to_be_bytes).concat());
    }
    let understood = |counts: &Counts| counts.signs_of_life == 1 && counts.nacks == 2;
    pair.smsc.until_counts("a sign of life and two refusals", understood).await.unwrap();
    assert_eq!((pair.smpp.link(), pair.smsc.counts().binds), (Link::Up, 1));
}

#[tokio::test]
async fn a_far_end_that_takes_leave_is_bound_again() {
    let pair = bound().await;
    pair.smsc.unbind();
    pair.smsc.until_counts("a second bind", |counts| counts.binds == 2).await.unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way_and_takes_leave() {
    let pair = pair(Inbox::shut(), |_| {}, |_| {}).await;
    pair.up().await;
    let answer = pair.smsc.begin_delivery(message(CITIZEN, "HELP")).unwrap();
    pair.inbox.arrived.acquire().await.unwrap().forget();
    let stopping = tokio::spawn({
        let smpp = pair.smpp.clone();
        async move { smpp.stop().await }
    });
    down_because(&pair.smpp, "stopping").await;
    assert!(matches!(pair.send("OK").await, Err(NotTaken::Later { .. })));
    assert_eq!(pair.smsc.counts().unbinds, 0, "not before the delivery is answered");
    pair.inbox.gate.add_permits(1);
    assert_eq!(timeout(PATIENCE, answer).await.unwrap(), Ok(CommandStatus::EsmeRok));
    timeout(PATIENCE, stopping).await.unwrap().unwrap();
    assert_eq!((pair.smsc.counts().unbinds, pair.smpp.link()), (1, Link::Down("stopped".to_owned())));
    pair.smpp.stop().await;
}

#[tokio::test]
async fn a_stop_ends_though_the_far_end_says_nothing_any_more() {
    let pair = bound_with(|config| config.response_timeout = Duration::from_millis(50)).await;
    pair.smsc.fail_submit(Fault::NoAnswer);
    let (sent, ()) = tokio::join!(pair.send("OK"), async {
        pair.smsc.until_submitted(1).await.unwrap();
        timeout(PATIENCE, pair.smpp.stop()).await.expect("it stops");
    });
    assert!(matches!(sent, Err(NotTaken::Unknown { .. })), "{sent:?}");
}

#[tokio::test]
async fn a_transport_that_is_dropped_ends_its_session() {
    let Pair { smsc, smpp, .. } = bound().await;
    drop(smpp);
    smsc.until_counts("the end of the session", |counts| counts.ended == 1).await.unwrap();
}

#[tokio::test]
async fn over_tls_only_the_named_far_end_is_spoken_to() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["smsc.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let smsc = Smsc::start(account(), Some(TlsAcceptor::from(Arc::new(server)))).await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Arc::new(client);
    let start = |name: &'static str| {
        let server_name = ServerName::try_from(name).unwrap();
        let tls = Some(SmppTls { server_name, client: client.clone() });
        Smpp::start(SmppConfig { tls, ..config(smsc.address()) }, Arc::new(Inbox::default()), Arc::new(common::Fixed))
    };
    let right = start("smsc.example").unwrap();
    timeout(PATIENCE, right.until(|link| *link == Link::Up)).await.unwrap();
    right.hand_over(&common::outgoing("OK"), 0).await.unwrap();
    assert_eq!(smsc.texts(CITIZEN), ["OK"]);
    down_because(&start("other.example").unwrap(), "no TLS").await;
}

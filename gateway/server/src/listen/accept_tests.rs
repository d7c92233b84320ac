//! The accept loop over real sockets: places, stops, and what is counted when nobody gets in.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::{ListenHandle, ListenLimits, ListenOptions, serve, testing::Remembering};
use super::*;
use crate::{
    door::Listener,
    pki::testing::Fixture,
    tls::{CertificateFiles, ListenerTls, TrustFiles},
};

fn open(fixture: &Fixture, limits: ListenLimits) -> ListenHandle {
    crate::tls::install_provider();
    let path = |name: &str| fixture.folder.path().join(name);
    let certificate = CertificateFiles { chain: path("server.pem"), key: path("server.key") }.load().unwrap();
    let clients = TrustFiles { roots: path("client-ca.pem"), lists: Vec::new() }.load().unwrap();
    let tls = ListenerTls { certificate, clients: Some(clients) };
    let options = ListenOptions { listener: Listener::Agency, tls, limits };
    serve("127.0.0.1:0".parse().unwrap(), options, Arc::new(Remembering::default())).unwrap()
}

fn counts(handle: &ListenHandle) -> BTreeMap<&'static str, u64> {
    handle.counters().all().into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Waits until the condition holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(Duration::from_secs(10), waiting).await.is_ok(), "{what} did not happen");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_a_free_one_is_told() {
    let fixture = Fixture::new();
    let first = open(&fixture, ListenLimits::default());
    assert_ne!(first.address().port(), 0);
    let path = |name: &str| fixture.folder.path().join(name);
    let certificate = CertificateFiles { chain: path("server.pem"), key: path("server.key") }.load().unwrap();
    let options = ListenOptions {
        listener: Listener::Public,
        tls: ListenerTls { certificate, clients: None },
        limits: ListenLimits::default(),
    };
    let taken = serve(first.address(), options, Arc::new(Remembering::default())).unwrap_err();
    assert!(taken.to_string().starts_with(&format!("{} cannot be listened on: ", first.address())), "{taken}");
}

#[tokio::test]
async fn a_port_can_be_taken_again_at_once_after_a_stop() {
    let fixture = Fixture::new();
    let first = open(&fixture, ListenLimits::default());
    let address = first.address();
    let mut client = TcpStream::connect(address).await.unwrap();
    until("the connection is taken", || first.counters().open.load(Ordering::Relaxed) == 1).await;
    assert_eq!(first.stop(Duration::ZERO).await, 1, "half a handshake is cut");
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    let path = |name: &str| fixture.folder.path().join(name);
    let certificate = CertificateFiles { chain: path("server.pem"), key: path("server.key") }.load().unwrap();
    let tls = ListenerTls { certificate, clients: None };
    let options = ListenOptions { listener: Listener::Public, tls, limits: ListenLimits::default() };
    let again = serve(address, options, Arc::new(Remembering::default())).unwrap();
    assert_eq!(again.address(), address);
}

#[tokio::test]
async fn beyond_the_bound_a_connection_is_closed_unread_and_counted() {
    let fixture = Fixture::new();
    let handle = open(&fixture, ListenLimits { connections: 2, ..ListenLimits::default() });
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(TcpStream::connect(handle.address()).await.unwrap());
    }
    until("both are taken", || handle.counters().open.load(Ordering::Relaxed) == 2).await;
    for _ in 0..3 {
        let mut beyond = TcpStream::connect(handle.address()).await.unwrap();
        let _ = beyond.write_all(b"hello").await;
        assert_eq!(beyond.read(&mut [0; 8]).await.unwrap_or(0), 0, "not a byte is said to those beyond the bound");
    }
    let counted = counts(&handle);
    assert_eq!((counted["accepted"], counted["over_bound"]), (5, 3));
    assert_eq!(handle.counters().open.load(Ordering::Relaxed), 2);
    held.clear();
    until("both left", || handle.counters().open.load(Ordering::Relaxed) == 0).await;
    assert_eq!(counts(&handle)["handshakes_failed"], 2, "who leaves before a handshake failed it");
}

#[tokio::test]
async fn a_dropped_listener_takes_its_connections_along() {
    let fixture = Fixture::new();
    let handle = open(&fixture, ListenLimits::default());
    let (address, counters) = (handle.address(), handle.counters());
    let mut client = TcpStream::connect(address).await.unwrap();
    until("the connection is taken", || counters.open.load(Ordering::Relaxed) == 1).await;
    drop(handle);
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    until("its task ended", || counters.open.load(Ordering::Relaxed) == 0).await;
}

#[tokio::test]
async fn limits_beyond_the_bounds_are_brought_down_before_they_count() {
    let fixture = Fixture::new();
    let none = ListenLimits { connections: 0, handshake_time: Duration::ZERO, ..ListenLimits::default() };
    let handle = open(&fixture, none);
    let mut client = TcpStream::connect(handle.address()).await.unwrap();
    // One place and one millisecond: enough to be let in and to be found slow.
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    until("it was slow", || handle.counters().all().contains(&("handshakes_slow", 1))).await;
    assert_eq!(counts(&handle).get("over_bound"), None);
}

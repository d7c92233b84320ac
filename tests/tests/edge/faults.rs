//! Why handshakes fail, counted by the reason that an operator acts upon, through real handshakes.

use std::{collections::BTreeMap, time::Duration};

use gateway::{
    door::Listener,
    listen::{Fault, ListenLimits},
};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::version::TLS12;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::kit::{
    Edge,
    client::{Tls, get},
    pki::{Issued, Pki, VALID},
    soon,
};

fn counted(edge: &Edge) -> BTreeMap<&'static str, u64> {
    let counters = edge.handle.counters();
    counters.faults.all().filter(|(_, count)| *count > 0).map(|(fault, count)| (fault.as_str(), count)).collect()
}

/// Waits until this is what was counted; the server counts when its own side of the handshake has ended.
async fn counts(edge: &Edge, name: &str, expected: &[(&'static str, u64)]) {
    let expected: BTreeMap<_, _> = expected.iter().copied().collect();
    let waiting = async {
        while counted(edge) != expected {
            tokio::task::yield_now().await;
        }
    };
    let came = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(came.is_ok(), "{name}: {:?} instead of {expected:?}", counted(edge));
}

async fn refused(edge: &Edge, own: Option<&Issued>) {
    let tls = Tls::new(&edge.pki, own);
    assert!(soon(tls.alert(edge)).await.is_some());
}

#[tokio::test]
async fn each_way_to_fail_a_handshake_is_counted_under_its_reason() {
    let edge = Edge::open();
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    refused(&edge, None).await;
    counts(&edge, "none", &[("no_certificate", 1)]).await;
    refused(&edge, Some(&edge.pki.client_with("bisp", (2020, 2021), client.clone()))).await;
    refused(&edge, Some(&edge.pki.client_with("bisp", (2080, 2090), client))).await;
    counts(&edge, "expired, not yet valid", &[("no_certificate", 1), ("outside_dates", 2)]).await;
    refused(&edge, Some(&Pki::named("another").client("bisp"))).await;
    refused(&edge, Some(&Pki::new().client("bisp"))).await;
    let server = edge.pki.client_with("bisp", VALID, ExtendedKeyUsagePurpose::ServerAuth);
    refused(&edge, Some(&server)).await;
    let so_far = [("no_certificate", 1), ("outside_dates", 2), ("untrusted", 3)];
    counts(&edge, "stranger, impostor, wrong use", &so_far).await;
    let mut garbage = TcpStream::connect(edge.address()).await.unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    drop(TcpStream::connect(edge.address()).await.unwrap());
    counts(&edge, "not TLS, gone", &[so_far.as_slice(), &[("broken", 2)]].concat()).await;
    let totals: BTreeMap<_, _> = edge.handle.counters().all().into_iter().collect();
    assert_eq!((totals["handshakes_failed"], totals["handshakes"], totals["handshakes_slow"]), (8, 0, 0));
}

#[tokio::test]
async fn what_a_revocation_list_does_to_handshakes_is_told_apart() {
    let edge = Edge::open();
    let (good, revoked) = (edge.pki.client("bisp"), edge.pki.client("fbr"));
    let reload = |list: String| edge.trust.reload(edge.pki.roots().as_bytes(), list.as_bytes()).unwrap();
    reload(edge.pki.list(&[&revoked], 2090));
    refused(&edge, Some(&revoked)).await;
    counts(&edge, "revoked", &[("revoked", 1)]).await;
    reload(edge.pki.list(&[], 2021));
    refused(&edge, Some(&good)).await;
    counts(&edge, "the list ran out", &[("revoked", 1), ("list_expired", 1)]).await;
    let other = Edge::open();
    let stranger = Pki::named("another authority");
    other.trust.reload(other.pki.roots().as_bytes(), stranger.list(&[], 2090).as_bytes()).unwrap();
    refused(&other, Some(&other.pki.client("bisp"))).await;
    counts(&other, "only another's list", &[("list_missing", 1)]).await;
}

#[tokio::test]
async fn a_slow_handshake_is_its_own_reason_and_waiting_for_a_turn_counts_as_time() {
    let limits = ListenLimits { handshake_time: Duration::from_millis(80), handshakes: 1, ..ListenLimits::default() };
    let edge = Edge::open_with(limits);
    let mut mute = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(edge.address()).await.unwrap();
        stream.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
        mute.push(stream);
    }
    counts(&edge, "one at its turn, two before it", &[("slow", 3)]).await;
    let own = edge.pki.client("bisp");
    let served = async {
        loop {
            if let Ok(mut raw) = Tls::new(&edge.pki, Some(&own)).connect(&edge).await
                && raw.ask(get("/after")).await.is_some_and(|answer| answer.status == 200)
            {
                return;
            }
        }
    };
    soon(served).await;
}

#[tokio::test]
async fn a_good_handshake_counts_as_no_failure_in_either_version_or_when_resumed() {
    let edge = Edge::open();
    let own = edge.pki.client("bisp");
    let tls = Tls::new(&edge.pki, Some(&own));
    for _ in 0..2 {
        assert_eq!(soon(tls.connect(&edge).await.unwrap().ask(get("/"))).await.unwrap().status, 200);
    }
    let old = Tls::with(edge.pki.roots_der(), Some(&own), &TLS12);
    assert_eq!(soon(old.connect(&edge).await.unwrap().ask(get("/"))).await.unwrap().status, 200);
    assert!(counted(&edge).is_empty(), "{:?}", counted(&edge));
    let totals: BTreeMap<_, _> = edge.handle.counters().all().into_iter().collect();
    assert_eq!((totals["handshakes"], totals["handshakes_failed"]), (3, 0));
}

#[tokio::test]
async fn the_public_listener_fails_nobody_for_a_certificate() {
    let edge = Edge::open_as(Listener::Public, ListenLimits::default());
    let stranger = Pki::named("another").client("bisp");
    for own in [None, Some(&stranger)] {
        let mut raw = Tls::new(&edge.pki, own).connect(&edge).await.unwrap();
        assert_eq!(soon(raw.ask(get("/"))).await.unwrap().status, 200);
    }
    assert!(counted(&edge).is_empty());
    assert_eq!(edge.handle.counters().faults.all().count(), Fault::ALL.len());
}

#[tokio::test]
async fn open_connections_are_counted_while_they_are_open() {
    use std::sync::atomic::Ordering;
    let edge = Edge::open();
    let own = edge.pki.client("bisp");
    let counters = edge.handle.counters();
    let open = async |expected: u64| {
        let waiting = async {
            while counters.open.load(Ordering::Relaxed) != expected {
                tokio::task::yield_now().await;
            }
        };
        soon(waiting).await;
    };
    let tls = Tls::new(&edge.pki, Some(&own));
    let mut held = Vec::new();
    for n in 1..=4 {
        let mut raw = tls.connect(&edge).await.unwrap();
        assert_eq!(soon(raw.ask(get("/"))).await.unwrap().status, 200);
        held.push(raw);
        open(n).await;
    }
    let half = TcpStream::connect(edge.address()).await.unwrap();
    open(5).await;
    drop(half);
    open(4).await;
    held.truncate(1);
    open(1).await;
    drop(held);
    open(0).await;
}

//! Files that change while connections live: in force within a tick, and a bad file changes nothing.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use gateway::tls::{CertificateFiles, TrustFiles, Watcher};
use rustls::{
    AlertDescription, HandshakeKind, SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

use crate::kit::{
    Edge,
    client::{Raw, Tls, get},
    pki::{Issued, Pki},
    soon,
};

async fn served(raw: &mut Raw) -> bool {
    soon(raw.ask(get("/"))).await.is_some_and(|answer| answer.status == 200)
}

fn serial_seen_last(edge: &Edge) -> String {
    edge.door.seen().last().unwrap().head.peer.certificate.as_ref().unwrap().serial.clone()
}

#[tokio::test]
async fn a_resumed_session_brings_its_certificate_and_a_revocation_finds_it() {
    for version in [&TLS13, &TLS12] {
        resumed_and_revoked(version).await;
    }
}

async fn resumed_and_revoked(version: &'static SupportedProtocolVersion) {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::with(edge.pki.roots_der(), Some(&own), version);
    let mut living = tls.connect(&edge).await.unwrap();
    assert!(served(&mut living).await);
    let serial = serial_seen_last(&edge);
    let mut resumed = tls.connect(&edge).await.unwrap();
    assert!(served(&mut resumed).await);
    assert_eq!(resumed.stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
    assert_eq!(serial_seen_last(&edge), serial, "the certificate of the first handshake");
    assert!(!edge.trust.is_revoked(&serial));
    let list = edge.pki.list(&[&own], 2090);
    edge.trust.reload(edge.pki.roots().as_bytes(), list.as_bytes()).unwrap();
    // The verifier does not run again for either; the door asks for every request.
    for raw in [&mut living, &mut resumed, &mut tls.connect(&edge).await.unwrap()] {
        assert!(served(raw).await);
        assert!(edge.trust.is_revoked(&serial_seen_last(&edge)), "{version:?}");
    }
    assert_eq!(edge.trust.revoked_count(), 1);
    let fresh = Tls::with(edge.pki.roots_der(), Some(&own), version);
    assert_eq!(soon(fresh.alert(&edge)).await, Some(AlertDescription::CertificateRevoked), "{version:?}");
}

#[tokio::test]
async fn when_the_roots_change_living_connections_and_sessions_end() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    let mut living = tls.connect(&edge).await.unwrap();
    assert!(served(&mut living).await);
    let successor = Pki::named("next authority");
    edge.trust.reload(successor.roots().as_bytes(), b"").unwrap();
    assert!(!served(&mut living).await, "what the old roots admitted is not served");
    assert!(soon(tls.alert(&edge)).await.is_some(), "and cannot resume");
    let heir = successor.client("bank-indus");
    let mut raw = Tls::with(edge.pki.roots_der(), Some(&heir), &TLS13).connect(&edge).await.unwrap();
    assert!(served(&mut raw).await);
    assert_eq!(edge.door.seen().len(), 2);
}

#[tokio::test]
async fn an_expired_list_refuses_rather_than_guesses() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    edge.trust.reload(edge.pki.roots().as_bytes(), edge.pki.list(&[], 2021).as_bytes()).unwrap();
    assert!(soon(Tls::new(&edge.pki, Some(&own)).alert(&edge)).await.is_some());
}

#[tokio::test]
async fn changed_files_are_in_force_after_a_tick_and_bad_ones_never() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let folder = Folder::new("reload");
    let (chain, key) = edge.pki.server();
    let roots = folder.write("roots.pem", &edge.pki.roots());
    let list = folder.path("list.pem");
    let files = CertificateFiles { chain: folder.write("chain.pem", &chain), key: folder.write("key.pem", &key) };
    let trust = TrustFiles { roots: roots.clone(), lists: vec![list.clone()] };
    assert!(trust.load().is_ok() && files.load().is_ok(), "a list that does not exist yet is no list");
    let mut watcher = Watcher::new().certificate(files, edge.certificate.clone()).trust(trust, edge.trust.clone());
    let counters = watcher.counters();
    let counts = || (counters.reloads.load(Ordering::Relaxed), counters.failures.load(Ordering::Relaxed));
    watcher.tick();
    assert_eq!(counts(), (2, 0));
    watcher.tick();
    assert_eq!(counts(), (2, 0), "nothing changed");
    let shown = shown(&edge, &own).await;
    let (chain, key) = edge.pki.server();
    folder.write("chain.pem", &chain);
    watcher.tick();
    assert_eq!(counts(), (2, 1), "a chain without its key");
    assert_eq!(self::shown(&edge, &own).await, shown);
    folder.write("key.pem", &key);
    watcher.tick();
    assert_eq!(counts(), (3, 1));
    assert_ne!(self::shown(&edge, &own).await, shown, "the new certificate is shown");
    folder.write("list.pem", &edge.pki.list(&[&own], 2090));
    watcher.tick();
    assert_eq!(edge.trust.revoked_count(), 1);
    for bad in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no pem"] {
        folder.write("roots.pem", bad);
        watcher.tick();
    }
    fs::remove_file(&roots).unwrap();
    watcher.tick();
    assert_eq!(counts(), (4, 5));
    assert_eq!(edge.trust.revoked_count(), 1, "the last good files stay in force");
    assert_eq!(soon(Tls::new(&edge.pki, Some(&own)).alert(&edge)).await, Some(AlertDescription::CertificateRevoked));
}

#[tokio::test]
async fn a_list_that_changes_on_disk_is_in_force_within_a_second() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let mut living = Tls::new(&edge.pki, Some(&own)).connect(&edge).await.unwrap();
    assert!(served(&mut living).await);
    let serial = serial_seen_last(&edge);
    let folder = Folder::new("second");
    let files =
        TrustFiles { roots: folder.write("roots.pem", &edge.pki.roots()), lists: vec![folder.path("list.pem")] };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let watching = tokio::spawn(Watcher::new().trust(files, edge.trust.clone()).run(stopped));
    let changed = Instant::now();
    folder.write("list.pem", &edge.pki.list(&[&own], 2090));
    soon(async {
        while !edge.trust.is_revoked(&serial) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(changed.elapsed() < Duration::from_secs(1), "{:?}", changed.elapsed());
    stop.send_replace(true);
    soon(watching).await.unwrap();
}

async fn shown(edge: &Edge, own: &Issued) -> Vec<u8> {
    let raw = Tls::new(&edge.pki, Some(own)).connect(edge).await.unwrap();
    raw.stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// A folder of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ijazat-edge-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Replaces a file as an operator's tool does: written beside, then renamed.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let (beside, path) = (self.path("beside"), self.path(name));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, &path).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

//! Handshakes against a small mTLS server of this process: resumed or full, counted as what they were.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::load::{LoadError, target::Request, tls::Credentials};

/// Files of one authority, in a folder that goes with the value.
struct Pki {
    folder: PathBuf,
    config: Arc<ServerConfig>,
}

impl Drop for Pki {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn certificate(issuer: &Issuer<'static, KeyPair>, usage: ExtendedKeyUsagePurpose) -> (String, String) {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

impl Pki {
    fn make(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let (server, server_key) = certificate(&issuer, ExtendedKeyUsagePurpose::ServerAuth);
        let (client, client_key) = certificate(&issuer, ExtendedKeyUsagePurpose::ClientAuth);
        let folder = std::env::temp_dir().join(format!("loadgen-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in [("ca.pem", &authority.pem()), ("client.pem", &client), ("client.key", &client_key)] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
        let chain = vec![CertificateDer::from_pem_slice(server.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(server_key.as_bytes()).unwrap();
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap();
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
        Self { folder, config: Arc::new(config) }
    }

    fn credentials(&self, own: bool) -> Credentials {
        let (cert, key) = (self.folder.join("client.pem"), self.folder.join("client.key"));
        Credentials::read(&self.folder.join("ca.pem"), own.then_some((cert.as_path(), key.as_path()))).unwrap()
    }

    /// A server that answers every request of every connection; its thread ends with the test's process.
    fn serve(&self) -> std::net::SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((socket, _)) = listener.accept().await {
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        let Ok(mut tls) = acceptor.accept(socket).await else { return };
                        let mut asked = [0; 1024];
                        while tls.read(&mut asked).await.is_ok_and(|read| read > 0) {
                            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                        }
                    });
                }
            });
        });
        address
    }
}

fn target(pki: &Pki, own: bool) -> Target {
    let request = Request { method: "GET".into(), path: "/".into(), headers: Vec::new(), body: Vec::new() };
    Target::new(pki.serve(), Some(pki.credentials(own)), &request).unwrap()
}

fn plan(count: u64, at_once: u64, resume: bool) -> Plan {
    Plan { count, at_once, duration_ms: 10_000, resume, expect: Expect { status: 200, keep: None } }
}

#[test]
fn full_handshakes_are_never_resumed_and_all_are_made() {
    let pki = Pki::make("full");
    let tally = run(&target(&pki, true), &[], &plan(12, 3, false)).unwrap().tally;
    assert_eq!((tally.latencies.count(), tally.resumed, tally.failures), (12, 0, 0));
}

#[test]
fn resumed_handshakes_are_counted_as_such_once_tickets_are_at_hand() {
    let pki = Pki::make("resumed");
    let tally = run(&target(&pki, true), &[], &plan(12, 2, true)).unwrap().tally;
    assert_eq!((tally.latencies.count(), tally.failures), (12, 0));
    assert!(tally.resumed >= 10, "{} of 12 resumed", tally.resumed);
}

#[test]
fn a_client_without_a_certificate_is_not_let_in() {
    let pki = Pki::make("anonymous");
    let refused = run(&target(&pki, false), &[], &plan(3, 1, false)).unwrap_err();
    assert!(matches!(refused, LoadError::Io { .. } | LoadError::Answer(_)), "{refused}");
}

#[test]
fn a_server_of_another_authority_is_not_spoken_to() {
    let (ours, theirs) = (Pki::make("ours"), Pki::make("theirs"));
    let request = Request { method: "GET".into(), path: "/".into(), headers: Vec::new(), body: Vec::new() };
    let target = Target::new(theirs.serve(), Some(ours.credentials(true)), &request).unwrap();
    let refused = run(&target, &[], &plan(1, 1, false)).unwrap_err().to_string();
    assert!(refused.starts_with("handshake: "), "{refused}");
}

#[test]
fn a_plan_of_handshakes_is_bounded_before_any_is_made() {
    let pki = Pki::make("bounds");
    let target = target(&pki, true);
    let check = |plan: Plan, expected: &str| {
        let said = run(&target, &[], &plan).unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
    };
    check(plan(0, 1, false), "count = 0");
    check(plan(limits::REQUESTS_MAX + 1, 1, false), "count = 10000001");
    check(plan(1, 0, false), "at_once = 0");
    check(plan(1, limits::CONNECTIONS_MAX + 1, false), "at_once = 4097");
    check(Plan { duration_ms: 0, ..plan(1, 1, false) }, "duration_ms = 0");
    check(Plan { duration_ms: limits::DURATION_MAX_MS + 1, ..plan(1, 1, false) }, "duration_ms = 120001");
}

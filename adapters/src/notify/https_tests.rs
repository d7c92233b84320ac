//! A courier before servers of its own: what each answer means, and whom it does not call.

use std::{net::Ipv4Addr, sync::Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;

/// An agency's server: answers each request with the same bytes, and keeps what it was asked.
struct Place {
    url: NotifyUrl,
    asked: Arc<Mutex<Vec<String>>>,
    authority: CertificateDer<'static>,
}

impl Place {
    async fn answering(answer: &'static str) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut of_ca = CertificateParams::new(Vec::new()).unwrap();
        of_ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let authority = of_ca.self_signed(&ca_key).unwrap().der().clone();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&of_ca, &ca_key)).unwrap();
        let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], secret);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(tls.unwrap())), Arc::clone(&asked), answer));
        let url = NotifyUrl::parse(&format!("https://localhost:{port}/told?of=it")).unwrap();
        Self { url, asked, authority }
    }

    /// A courier that trusts this place and may call loopback addresses.
    fn courier(&self, networks: &[&str]) -> HttpsCourier {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        HttpsCourier::new(tls, networks.iter().map(|network| (*network).to_owned()).collect())
    }

    fn letter(&self) -> Letter {
        Letter {
            url: self.url.clone(),
            content_type: "application/json",
            bearer: Some(Zeroizing::new("the-agency's-own".to_owned())),
            body: Zeroizing::new("{}".to_owned()),
        }
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, asked: Arc<Mutex<Vec<String>>>, answer: &'static str) {
    while let Ok((socket, _)) = listener.accept().await {
        let Ok(mut stream) = tls.accept(socket).await else { continue };
        let mut read = Vec::new();
        // The body of all these is `{}`.
        while !read.ends_with(b"\r\n\r\n{}") && stream.read_buf(&mut read).await.is_ok_and(|n| n > 0) {}
        asked.lock().unwrap().push(String::from_utf8(read).unwrap());
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1/128"];

#[tokio::test]
async fn c28_an_answer_means_taken_later_or_never_and_a_redirect_is_not_followed() {
    let check = async |answer, expected: fn(Delivery) -> bool| {
        let place = Place::answering(answer).await;
        let found = place.courier(LOOPBACK).deliver(&place.letter()).await;
        assert!(expected(found), "{answer}: {found:?}");
        assert_eq!(place.asked.lock().unwrap().len(), 1, "{answer}");
    };
    let taken: fn(Delivery) -> bool = |found| found == Delivery::Taken;
    let later: fn(Delivery) -> bool = |found| matches!(found, Delivery::Later(_));
    check("HTTP/1.1 204 No Content\r\n\r\n", taken).await;
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", taken).await;
    // Whatever it says beyond the head, it is not waited for.
    check("HTTP/1.1 202 Accepted\r\nContent-Length: 99999999\r\n\r\n", taken).await;
    check("HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\n\r\n", |found| found == Delivery::Never(302)).await;
    check("HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\n\r\n", |found| found == Delivery::Never(307)).await;
    check("HTTP/1.1 401 Unauthorized\r\n\r\n", |found| found == Delivery::Never(401)).await;
    check("HTTP/1.1 404 Not Found\r\n\r\n", |found| found == Delivery::Never(404)).await;
    check("HTTP/1.1 429 Too Many Requests\r\n\r\n", later).await;
    check("HTTP/1.1 500 Internal Server Error\r\n\r\n", later).await;
    check("HTTP/1.1 503 Service Unavailable\r\n\r\n", later).await;
    check("nonsense\r\n\r\n", later).await;
    check("", later).await;
}

#[tokio::test]
async fn c28_the_request_names_its_host_and_carries_the_agencys_own_bearer() {
    let place = Place::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(place.courier(LOOPBACK).deliver(&place.letter()).await, Delivery::Taken);
    let asked = place.asked.lock().unwrap().remove(0).to_lowercase();
    for line in [
        "post /told?of=it http/1.1".to_owned(),
        format!("host: localhost:{}", place.url.port()),
        "content-type: application/json".to_owned(),
        "authorization: bearer the-agency's-own".to_owned(),
        "content-length: 2".to_owned(),
    ] {
        assert!(asked.lines().any(|each| each == line), "{line} is not in {asked}");
    }
}

#[tokio::test]
async fn a_name_that_stands_for_an_address_behind_the_walls_is_not_called() {
    let place = Place::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    for networks in [&[][..], &["10.0.0.0/8"]] {
        let found = place.courier(networks).deliver(&place.letter()).await;
        assert_eq!(found, Delivery::Later("its name stands for no address that may be called"), "{networks:?}");
    }
    assert!(place.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn whoever_is_not_trusted_is_told_nothing() {
    let (place, other) = (Place::answering("HTTP/1.1 204 No Content\r\n\r\n").await, Place::answering("").await);
    let found = other.courier(LOOPBACK).deliver(&place.letter()).await;
    assert_eq!(found, Delivery::Later("its certificate is not trusted, or none for its name"));
    assert!(place.asked.lock().unwrap().is_empty());
}

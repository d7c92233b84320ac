//! Who gets through the handshake, who does not, and what a change of files does to living connections.

use gateway::tls::identity;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::{AlertDescription, version::TLS12};

use crate::kit::{
    Edge,
    client::{Tls, get},
    pki::{Pki, VALID},
    soon,
};

#[tokio::test]
async fn a_client_without_a_good_certificate_is_refused_by_an_alert() {
    let edge = Edge::open();
    let other = Pki::named("another authority");
    let impostor = Pki::new();
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    let good = edge.pki.client("bank-indus");
    let expired = edge.pki.client_with("bank-indus", (2020, 2021), client.clone());
    let future = edge.pki.client_with("bank-indus", (2080, 2090), client);
    let wrong_use = edge.pki.client_with("bank-indus", VALID, ExtendedKeyUsagePurpose::ServerAuth);
    let stranger = other.client("bank-indus");
    let same_name = impostor.client("bank-indus");
    let revoked = edge.pki.client("bank-indus");
    edge.trust.reload(edge.pki.roots().as_bytes(), edge.pki.list(&[&revoked], 2090).as_bytes()).unwrap();
    let check = async |name, own, expected| {
        let tls = Tls::new(&edge.pki, own);
        assert_eq!(soon(tls.alert(&edge)).await, expected, "{name}");
    };
    check("none", None, Some(AlertDescription::CertificateRequired)).await;
    check("expired", Some(&expired), Some(AlertDescription::CertificateExpired)).await;
    check("not yet valid", Some(&future), Some(AlertDescription::CertificateExpired)).await;
    check("wrong use", Some(&wrong_use), Some(AlertDescription::UnsupportedCertificate)).await;
    check("unknown authority", Some(&stranger), Some(AlertDescription::UnknownCA)).await;
    check("authority of the same name", Some(&same_name), Some(AlertDescription::DecryptError)).await;
    check("revoked", Some(&revoked), Some(AlertDescription::CertificateRevoked)).await;
    let mut raw = Tls::new(&edge.pki, Some(&good)).connect(&edge).await.unwrap();
    assert_eq!(soon(raw.ask(get("/"))).await.unwrap().status, 200);
    assert_eq!(edge.door.seen().len(), 1, "the others never reached the door");
}

#[tokio::test]
async fn the_door_sees_the_certificate_over_tls_1_2_too() {
    let edge = Edge::open();
    let own = edge.pki.client("bisp");
    let tls = Tls::with(edge.pki.roots_der(), Some(&own), &TLS12);
    let mut raw = tls.connect(&edge).await.unwrap();
    assert_eq!(soon(raw.ask(get("/"))).await.unwrap().status, 200);
    let peer = edge.door.seen()[0].head.peer.certificate.clone().unwrap();
    assert_eq!(peer.agency.as_ref().unwrap().as_str(), "bisp");
    assert_eq!(peer.serial, identity::serial_hex(&own.serial));
}

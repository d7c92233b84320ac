//! Certificates that may not speak: refused by an alert in the handshake, or by name where the peer was identified.

use exchange::ids::AgencyId;
use gateway::demo::client::{Call, Credential};
use rustls::AlertDescription;
use tests::world::{Broken, Flaw, World, client_certificate, until, wire::bytes_of};

use crate::kit::{Bad, recorded};

fn whoami() -> Vec<u8> {
    bytes_of(&Call::get("/v1/self/whoami"))
}

/// The alert that ends the handshake; in TLS 1.3 it comes in the place of the first answer.
async fn alert(world: &World, credential: Option<&Credential>) -> Option<AlertDescription> {
    let failed: Broken = match world.wire(credential).await {
        Ok(mut wire) => wire.ask(&whoami()).await.err()?,
        Err(error) => error,
    };
    let failed = failed.downcast_ref::<std::io::Error>()?.get_ref()?;
    match failed.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_good_ends_the_handshake() {
    let world = World::start().await.unwrap();
    let of = |flaw| client_certificate(&world, "bank-indus", flaw).unwrap();
    let table = [
        ("none", None, AlertDescription::CertificateRequired),
        ("expired", Some(of(Flaw::Expired)), AlertDescription::CertificateExpired),
        ("not yet valid", Some(of(Flaw::NotYetValid)), AlertDescription::CertificateExpired),
        ("a server's", Some(of(Flaw::WrongUse)), AlertDescription::UnsupportedCertificate),
        ("an unknown authority's", Some(of(Flaw::Stranger)), AlertDescription::UnknownCA),
    ];
    for (name, credential, expected) in &table {
        assert_eq!(alert(&world, credential.as_ref()).await, Some(*expected), "{name}");
    }
    assert!(world.recorded().unwrap().is_empty(), "nobody was identified");
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_revoked_certificate_ends_the_handshake() {
    let world = World::start().await.unwrap();
    world.stage.operators.revoke("telco-sarhad").await.unwrap();
    let telco = &world.credentials["telco-sarhad"];
    let shut = async || alert(&world, Some(telco)).await == Some(AlertDescription::CertificateRevoked);
    until("a revoked certificate is refused", shut).await.unwrap();
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_maps_to_nobody_is_refused_and_recorded() {
    let world = World::start().await.unwrap();
    for agency in ["bank-indus", "no-such-agency"] {
        let credential = client_certificate(&world, agency, Flaw::Unregistered).unwrap();
        let before = world.recorded().unwrap().len();
        let reply = world.wire(Some(&credential)).await.unwrap().ask(&whoami()).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (401, "certificate_unmapped"), "{agency}");
        // The name in a certificate whose key nobody registered is no identity: the record names no agency.
        recorded(&world, before, "", &Bad::new(agency, "", 401, "certificate_unmapped"));
    }
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_suspended_agency_is_refused_and_recorded_by_name() {
    let world = World::start().await.unwrap();
    let bank = AgencyId::parse("bank-indus").unwrap();
    world.store.set_agency_suspended(&bank, true).await.unwrap();
    let mut wire = world.agency("bank-indus").await.unwrap();
    let refused = async || wire.ask(&whoami()).await.is_ok_and(|reply| reply.code() == "agency_suspended");
    until("a suspended agency is refused", refused).await.unwrap();
    recorded(&world, world.recorded().unwrap().len() - 1, "bank-indus", &Bad::new("", "", 403, "agency_suspended"));
    world.serves().await.unwrap();
}

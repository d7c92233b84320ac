//! Rule 6: revocation is checked on every request and is effective in under a second: on a live connection, on a resumed
//! session, and for certificate, user, agency, agreement and consent alike.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use exchange::{
    ids::{AgencyId, UserId},
    ports::citizen_keys::CitizenKeys as _,
};
use gateway::demo::client::{Call, tls};
use serde_json::json;
use tests::world::{World, until, wire::Wire};

/// Most that a revocation may take (rule 6).
const LIMIT: Duration = Duration::from_secs(1);

/// A world whose users may ask without a pause: a connection that asked too often is closed, which would show nothing.
pub async fn world() -> World {
    World::builder().set("LIMITS__USER_PER_S", "100000").start().await.unwrap()
}

/// Asks on a live connection until the code comes; measures from the call on.
async fn effective(wire: &mut Wire, call: &Call, code: &str) {
    effective_for(wire, || call.clone(), code).await;
}

/// As [`effective`], with calls that cannot be sent twice.
pub async fn effective_for(wire: &mut Wire, mut next: impl FnMut() -> Call, code: &str) {
    let began = Instant::now();
    let mut last = String::new();
    let told = async || {
        last = wire.call(&next()).await.unwrap().code();
        last == code
    };
    until(code, told).await.unwrap();
    assert!(began.elapsed() < LIMIT, "{code} after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_certificate_revoked_on_a_live_connection() {
    let world = World::start().await.unwrap();
    let whoami = Call::get("/v1/self/whoami");
    let mut wire = world.agency("telco-sarhad").await.unwrap();
    assert_eq!(wire.call(&whoami).await.unwrap().status, 200);
    world.stage.operators.revoke("telco-sarhad").await.unwrap();
    effective(&mut wire, &whoami, "certificate_revoked").await;
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_certificate_revoked_and_its_session_resumed() {
    let world = World::start().await.unwrap();
    let whoami = Call::get("/v1/self/whoami");
    let remembers = Arc::new(tls(&world.stage.server_ca, Some(&world.credentials["telco-sarhad"])).unwrap());
    let connect = async || Wire::open_with(world.stage.agency, Arc::clone(&remembers)).await;
    let mut first = connect().await.unwrap();
    assert_eq!(first.call(&whoami).await.unwrap().status, 200);
    let mut second = connect().await.unwrap();
    assert_eq!(second.call(&whoami).await.unwrap().status, 200);
    assert!(second.resumed(), "without resumption the test would show nothing");
    world.stage.operators.revoke("telco-sarhad").await.unwrap();
    effective(&mut first, &whoami, "certificate_revoked").await;
    let mut third = connect().await.unwrap();
    let reply = third.call(&whoami).await.unwrap();
    assert!(third.resumed(), "the verifier of the handshake was not asked again");
    assert_eq!((reply.status, reply.code().as_str()), (401, "certificate_revoked"));
}

#[tokio::test]
async fn a_serial_revoked_in_the_directory() {
    let world = World::start().await.unwrap();
    let whoami = Call::get("/v1/self/whoami");
    let mut wire = world.agency("telco-sarhad").await.unwrap();
    assert_eq!(wire.call(&whoami).await.unwrap().status, 200);
    let facts = gateway::pki::inspect::facts(&world.credentials["telco-sarhad"].certificate).unwrap();
    world.store.revoke_serial(&facts.serial).await.unwrap();
    effective(&mut wire, &whoami, "certificate_revoked").await;
}

#[tokio::test]
async fn a_certificate_that_runs_out_on_a_live_connection() {
    let world = World::start().await.unwrap();
    let whoami = Call::get("/v1/self/whoami");
    let mut wire = world.agency("telco-sarhad").await.unwrap();
    assert_eq!(wire.call(&whoami).await.unwrap().status, 200);
    world.clock.advance(31 * 86_400);
    let reply = wire.call(&whoami).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (401, "certificate_expired"));
}

#[tokio::test]
async fn an_agency_suspended_and_let_back() {
    let world = world().await;
    let bisp = AgencyId::parse("bisp").unwrap();
    let mut wire = world.agency("bisp").await.unwrap();
    assert_eq!(wire.call(&world.household()).await.unwrap().status, 200);
    world.store.set_agency_suspended(&bisp, true).await.unwrap();
    effective(&mut wire, &world.household(), "agency_suspended").await;
    world.store.set_agency_suspended(&bisp, false).await.unwrap();
    effective(&mut wire, &world.household(), "").await;
}

#[tokio::test]
async fn a_user_disabled_between_two_requests() {
    let world = world().await;
    let (bisp, user) = (AgencyId::parse("bisp").unwrap(), UserId::parse("standard-1").unwrap());
    let mut wire = world.agency("bisp").await.unwrap();
    assert_eq!(wire.call(&world.household()).await.unwrap().status, 200);
    world.store.set_user_disabled(&bisp, &user, true).await.unwrap();
    effective(&mut wire, &world.household(), "user_disabled").await;
}

#[tokio::test]
async fn an_agreement_revoked_between_two_requests() {
    let world = world().await;
    let mut wire = world.agency("bisp").await.unwrap();
    assert_eq!(wire.call(&world.household()).await.unwrap().status, 200);
    world.store.revoke_agreement("agr-bisp-1").await.unwrap();
    effective(&mut wire, &world.household(), "agreement_required").await;
}

#[tokio::test]
async fn a_consent_withdrawn_before_its_token_is_used() {
    let world = World::start().await.unwrap();
    let citizen = world.stage.cast.citizen;
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let given = world.store.consents_of(world.store.subject_key(citizen)).await.unwrap();
    for consent in &given {
        assert!(world.store.revoke_consent(consent).await.unwrap());
    }
    assert_eq!(given.len(), 1);
    let call = Call::json("/v1/identity/kyc", &json!({ "cnic": citizen.digits() }))
        .with("ijazat-user", "teller-1")
        .with("ijazat-purpose", "KYC-101")
        .with("authorization", format!("Bearer {}", granted.token));
    // At once: the token would be used up by the first answer, so there is no asking again.
    let reply = world.agency("bank-indus").await.unwrap().call(&call).await.unwrap();
    assert!(reply.status >= 400 && reply.json().get("data").is_none(), "{} {}", reply.status, reply.code());
}

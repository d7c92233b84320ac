//! Phase 1 alone: who is let in, who is not, and what the record knows of each by then.

use exchange::ids::AgencyId;

use super::*;
use crate::phases::testing::{AT, Call, Trial, certificate_of};

fn bank() -> Call {
    Call::get("/v1/self/whoami").by("bank-indus", "teller-1")
}

fn identified(trial: &Trial, call: &Call) -> (Result<Caller, Code>, Trail) {
    let mut trail = trial.trail(call);
    let caller = identify(&trial.parts, &call.head(), &mut trail);
    (caller.map(|(caller, _)| caller).map_err(|refusal| refusal.code), trail)
}

#[tokio::test(start_paused = true)]
async fn an_agency_and_its_user_are_known_by_certificate_and_header() {
    let trial = Trial::new().await;
    let (caller, trail) = identified(&trial, &bank());
    let Ok(Caller::Agency { agency, user, asserted, certificate }) = caller else { panic!("no agency") };
    assert_eq!((agency.id.as_str(), user.as_ref().unwrap().id.as_str()), ("bank-indus", "teller-1"));
    assert!(!asserted, "a header is no signature");
    assert_eq!(certificate, certificate_of("bank-indus").thumbprint);
    assert_eq!((trail.agency.unwrap().as_str(), trail.user.unwrap().id.as_str()), ("bank-indus", "teller-1"));
    assert_eq!(trail.directory, 3, "the generation that decided");
}

#[tokio::test(start_paused = true)]
async fn a_bare_client_has_no_user_and_the_lowest_role() {
    let trial = Trial::new().await;
    let (caller, trail) = identified(&trial, &bank().without("ijazat-user"));
    let caller = caller.unwrap();
    assert!(caller.user().is_none() && trail.user.is_none());
    assert_eq!(caller.role(), exchange::classification::Role::Basic);
}

#[tokio::test(start_paused = true)]
async fn the_public_listener_knows_nobody_whatever_is_claimed() {
    let trial = Trial::new().await;
    let (caller, trail) = identified(&trial, &bank().publicly());
    assert!(matches!(caller, Ok(Caller::Public)));
    assert!(trail.agency.is_none() && trail.user.is_none(), "a header on the public listener names nobody");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_must_name_an_agency_and_hold_its_registered_key() {
    let trial = Trial::new().await;
    let check = |name: &str, spoil: &dyn Fn(&mut PeerCertificate)| {
        let mut call = bank();
        spoil(call.certificate.as_mut().unwrap());
        let (caller, trail) = identified(&trial, &call);
        assert_eq!(caller.unwrap_err(), Code::CertificateUnmapped, "{name}");
        assert!(trail.agency.is_none(), "{name}: the record would blame an agency that did not call");
    };
    check("no SAN", &|certificate| certificate.agency = None);
    check("an unknown agency", &|certificate| certificate.agency = AgencyId::parse("nobody").ok());
    check("another's agency", &|certificate| certificate.agency = AgencyId::parse("bisp").ok());
    check("an unregistered key", &|certificate| certificate.spki_sha256 = "00".repeat(32));
    check("a key in capitals", &|certificate| certificate.spki_sha256.make_ascii_uppercase());
    check("no key", &|certificate| certificate.spki_sha256.clear());
    let mut none = bank();
    none.certificate = None;
    assert_eq!(identified(&trial, &none).0.unwrap_err(), Code::CertificateUnmapped);
}

#[tokio::test(start_paused = true)]
async fn an_agency_may_register_several_keys_and_lose_them_all() {
    let trial = Trial::new().await;
    trial.change(|data| data.agencies[0].keys.insert(0, "ab".repeat(32))).await;
    assert!(identified(&trial, &bank()).0.is_ok(), "the second key of two");
    trial.change(|data| data.agencies[0].keys.clear()).await;
    assert_eq!(identified(&trial, &bank()).0.unwrap_err(), Code::CertificateUnmapped);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_holds_from_its_first_second_to_its_last() {
    let trial = Trial::new().await;
    let (first, last) = (AT.seconds() - 1_000, AT.seconds() + 100_000);
    for (second, expected) in [
        (first - 1, Err(Code::CertificateExpired)),
        (first, Ok(())),
        (last, Ok(())),
        (last + 1, Err(Code::CertificateExpired)),
    ] {
        trial.clock.set(Timestamp::from_micros(second * 1_000_000));
        let (caller, trail) = identified(&trial, &bank());
        assert_eq!(caller.map(drop), expected, "{}", second - first);
        assert_eq!(trail.agency.unwrap().as_str(), "bank-indus", "an expired certificate still tells whose it was");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_certificate_is_refused_by_list_or_by_directory() {
    let trial = Trial::new().await;
    let serial = certificate_of("bank-indus").serial;
    trial.revoked.0.lock().unwrap().insert(serial.clone());
    let (caller, trail) = identified(&trial, &bank());
    assert_eq!(caller.unwrap_err(), Code::CertificateRevoked);
    assert_eq!(trail.agency.unwrap().as_str(), "bank-indus");
    assert!(trail.user.is_none(), "of a revoked certificate no user is believed");
    trial.revoked.0.lock().unwrap().clear();
    assert!(identified(&trial, &bank()).0.is_ok());
    trial.change(|data| data.revoked_serials.push(serial)).await;
    assert_eq!(identified(&trial, &bank()).0.unwrap_err(), Code::CertificateRevoked);
}

#[tokio::test(start_paused = true)]
async fn revocation_is_told_before_expiry_and_both_before_suspension() {
    let trial = Trial::new().await;
    trial.change(|data| data.agencies.iter_mut().for_each(|agency| agency.suspended = true)).await;
    trial.clock.advance(200_000);
    trial.revoked.0.lock().unwrap().insert(certificate_of("bank-indus").serial);
    assert_eq!(identified(&trial, &bank()).0.unwrap_err(), Code::CertificateRevoked);
    trial.revoked.0.lock().unwrap().clear();
    assert_eq!(identified(&trial, &bank()).0.unwrap_err(), Code::CertificateExpired);
    trial.clock.set(AT);
    assert_eq!(identified(&trial, &bank()).0.unwrap_err(), Code::AgencySuspended);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_agency_is_refused_and_the_others_are_not() {
    let trial = Trial::new().await;
    trial.change(|data| data.agencies[0].suspended = true).await;
    let (caller, trail) = identified(&trial, &bank());
    assert_eq!((caller.unwrap_err(), trail.agency.unwrap().as_str()), (Code::AgencySuspended, "bank-indus"));
    assert!(identified(&trial, &Call::household()).0.is_ok());
    trial.change(|data| data.agencies[0].suspended = false).await;
    assert!(identified(&trial, &bank()).0.is_ok(), "at once, without a new connection");
}

#[tokio::test(start_paused = true)]
async fn a_user_belongs_to_the_agency_that_calls() {
    let trial = Trial::new().await;
    trial.change(|data| data.users[0].disabled = true).await;
    let check = |user: &str, expected: Code| {
        let (caller, trail) = identified(&trial, &bank().with("ijazat-user", user));
        assert_eq!(caller.unwrap_err(), expected, "{user}");
        assert!(trail.user.is_none(), "{user}");
        assert_eq!(trail.agency.unwrap().as_str(), "bank-indus", "{user}");
    };
    check("standard-1", Code::UserUnknown);
    check("nobody", Code::UserUnknown);
    check("", Code::UserUnknown);
    check("Teller-1", Code::UserUnknown);
    check("teller-1 ", Code::UserUnknown);
    check("teller-1", Code::UserDisabled);
    check("کلرک", Code::HeaderInvalid);
}

#[tokio::test(start_paused = true)]
async fn a_stale_directory_lets_nobody_in() {
    let trial = Trial::new().await;
    tokio::time::advance(std::time::Duration::from_millis(1_001)).await;
    for call in [bank(), bank().publicly()] {
        let (caller, trail) = identified(&trial, &call);
        assert_eq!(caller.unwrap_err(), Code::DirectoryStale);
        assert!(trail.agency.is_none());
    }
}

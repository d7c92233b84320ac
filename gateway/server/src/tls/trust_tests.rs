//! Whom the verifier lets in at which instant, and what a reload changes.

use std::time::Duration;

use exchange::{ids::AgencyId, timestamp::Timestamp};
use rustls::CertificateError;

use super::*;
use crate::pki::{Authorities, DAY_S, Request, Validity, facts, testing::Fixture};

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(at.seconds().unsigned_abs()))
}

/// What the verifier says of a certificate at an instant: nothing, or the error without its context.
fn verdict(trust: &TrustState, pem: &str, at: Timestamp) -> Result<(), String> {
    let verified = trust.verify_client_cert(&der(pem), &[], unix(at)).map(drop);
    verified.map_err(|error| match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { .. }) => "Expired".to_owned(),
        Error::InvalidCertificate(CertificateError::NotValidYetContext { .. }) => "NotValidYet".to_owned(),
        Error::InvalidCertificate(CertificateError::ExpiredRevocationListContext { .. }) => "ListExpired".to_owned(),
        Error::InvalidCertificate(CertificateError::InvalidPurposeContext { .. }) => "InvalidPurpose".to_owned(),
        Error::InvalidCertificate(other) => format!("{other:?}"),
        other => format!("{other}"),
    })
}

fn said(word: &str) -> Result<(), String> {
    Err(word.to_owned())
}

fn list(authorities: &Authorities) -> String {
    std::fs::read_to_string(authorities.client.crl_path()).unwrap()
}

fn trust(fixture: &Fixture, lists: &str) -> Arc<TrustState> {
    TrustState::from_pem(fixture.authorities.client.cert_pem().as_bytes(), lists.as_bytes()).unwrap()
}

#[test]
fn a_client_is_let_in_from_its_first_instant_to_its_last() {
    let fixture = Fixture::new();
    let trust = trust(&fixture, "");
    let own = fixture.client();
    let dates = facts(&own).unwrap();
    let check = |at: Timestamp, expected: Result<(), String>| assert_eq!(verdict(&trust, &own, at), expected, "{at:?}");
    check(fixture.clock_now(), Ok(()));
    check(dates.not_before, Ok(()));
    check(dates.not_before.plus_seconds(-1), said("NotValidYet"));
    check(dates.not_after, Ok(()));
    check(dates.not_after.plus_seconds(1), said("Expired"));
    check(dates.not_after.plus_seconds(DAY_S), said("Expired"));
}

#[test]
fn only_our_client_authority_makes_clients() {
    let (fixture, stranger) = (Fixture::new(), Fixture::new());
    let trust = trust(&fixture, "");
    let now = fixture.clock_now();
    let read = |name: &str| std::fs::read_to_string(fixture.folder.path().join(name)).unwrap();
    // The stranger's authority has the same name and another key.
    assert_eq!(verdict(&trust, &stranger.client(), now), said("BadSignature"));
    assert_eq!(verdict(&trust, &read("internal.pem"), now), said("UnknownIssuer"), "our own processes are no agency");
    assert_eq!(verdict(&trust, &read("server.pem"), now), said("InvalidPurpose"));
    assert_ne!(verdict(&trust, fixture.authorities.client.cert_pem(), now), Ok(()), "nor is the authority itself");
    let validity = Validity::days(now, 30).unwrap();
    let names = ["bank.example".to_owned()];
    let server = fixture.authorities.client.issue_server(&names, validity, &fixture.entropy).unwrap();
    assert_eq!(verdict(&trust, &server.cert_pem, now), said("InvalidPurpose"), "a server's certificate is no client's");
}

#[test]
fn a_changed_byte_of_a_certificate_is_not_let_in() {
    let fixture = Fixture::new();
    let trust = trust(&fixture, "");
    let own = der(&fixture.client()).to_vec();
    let now = unix(fixture.clock_now());
    for at in (0..own.len()).step_by(7) {
        let mut bent = own.clone();
        bent[at] ^= 0x01;
        let verified = trust.verify_client_cert(&CertificateDer::from(bent), &[], now);
        assert!(verified.is_err(), "byte {at}");
    }
}

#[test]
fn a_list_refuses_whom_it_names_and_everyone_once_it_is_out_of_date() {
    let fixture = Fixture::new();
    let (own, revoked) = (fixture.client(), fixture.client());
    let serial = facts(&revoked).unwrap().serial;
    let crl = fixture.authorities.client.revoke(&serial, &fixture.clock).unwrap();
    let trust = trust(&fixture, &crl);
    let now = fixture.clock_now();
    assert_eq!(verdict(&trust, &own, now), Ok(()));
    assert_eq!(verdict(&trust, &revoked, now), said("Revoked"));
    assert!(trust.is_revoked(&serial) && !trust.is_revoked(&facts(&own).unwrap().serial));
    assert_eq!(trust.revoked_count(), 1);
    let week = crate::pki::CRL_DAYS * DAY_S;
    assert_eq!(verdict(&trust, &own, now.plus_seconds(week - 1)), Ok(()));
    assert_eq!(verdict(&trust, &own, now.plus_seconds(week + 1)), said("ListExpired"));
    assert!(trust.is_revoked(&serial), "what an old list revoked stays revoked");
}

#[test]
fn another_authoritys_list_says_nothing_of_our_clients() {
    let (fixture, other) = (Fixture::new(), Fixture::new());
    let own = fixture.client();
    let now = fixture.clock_now();
    let foreign = other.authorities.client.crl_pem(&other.clock).unwrap();
    // Once lists are given, a client of whom none speaks is not let in.
    assert_ne!(verdict(&trust(&fixture, &foreign), &own, now), Ok(()));
    let internal = fixture.authorities.internal.crl_pem(&fixture.clock).unwrap();
    assert_eq!(verdict(&trust(&fixture, &internal), &own, now), said("UnknownRevocationStatus"));
    let both = format!("{internal}\n{}", list(&fixture.authorities));
    assert_eq!(verdict(&trust(&fixture, &both), &own, now), Ok(()));
}

#[test]
fn a_serial_on_any_list_is_refused_by_the_door_whoever_listed_it() {
    let fixture = Fixture::new();
    let serial = facts(&fixture.client()).unwrap().serial;
    let foreign = fixture.authorities.internal.revoke(&serial, &fixture.clock).unwrap();
    let trust = trust(&fixture, &format!("{foreign}\n{}", list(&fixture.authorities)));
    assert!(trust.is_revoked(&serial), "a clash refuses, it never admits");
}

#[test]
fn what_cannot_be_read_is_refused_whole_and_changes_nothing() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let root = ca.cert_pem().to_owned();
    let revoked = facts(&fixture.client()).unwrap().serial;
    let crl = ca.revoke(&revoked, &fixture.clock).unwrap();
    let trust = trust(&fixture, &crl);
    let own = fixture.client();
    let check = |roots: &str, lists: &str, expected: &str| {
        let made = TrustState::from_pem(roots.as_bytes(), lists.as_bytes()).map(drop).unwrap_err();
        let reloaded = trust.reload(roots.as_bytes(), lists.as_bytes()).unwrap_err();
        assert_eq!(made, reloaded, "{expected}");
        assert!(made.to_string().contains(expected), "{made}");
        assert!(trust.is_revoked(&revoked) && trust.generation() == 0, "{expected}");
        assert_eq!(verdict(&trust, &own, fixture.clock_now()), Ok(()), "{expected}");
    };
    let cut = |pem: &str| pem.split_at(pem.len() - 40).0.to_owned();
    let bent = |pem: &str| pem.replacen('M', "!", 1);
    check("", &crl, "tls configuration is refused");
    check("no pem at all", &crl, "tls configuration is refused");
    check(&crl, &crl, "tls configuration is refused");
    check(&cut(&root), &crl, "root certificate");
    check(&bent(&root), &crl, "root certificate");
    check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &crl, "root certificate");
    check(&root, &cut(&crl), "certificate revocation list");
    check(&root, &bent(&crl), "certificate revocation list");
    check(&root, &format!("{crl}\n{}", cut(&crl)), "certificate revocation list");
    check(&root, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "certificate revocation list");
}

#[test]
fn a_list_that_goes_back_or_goes_away_does_not_let_the_revoked_in_again() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let root = ca.cert_pem().as_bytes();
    let first = list(&fixture.authorities);
    let revoked = fixture.client();
    let serial = facts(&revoked).unwrap().serial;
    let second = ca.revoke(&serial, &fixture.clock).unwrap();
    let trust = trust(&fixture, &first);
    assert!(!trust.is_revoked(&serial));
    trust.reload(root, second.as_bytes()).unwrap();
    for back in [first.as_str(), ""] {
        let refused = trust.reload(root, back.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("older than the one in force"), "{refused}");
        assert!(trust.is_revoked(&serial));
        assert_eq!(verdict(&trust, &revoked, fixture.clock_now()), said("Revoked"));
    }
    trust.reload(root, second.as_bytes()).unwrap();
    trust.reload(root, format!("{first}\n{second}").as_bytes()).unwrap();
    assert!(trust.is_revoked(&serial));
    let third = ca.crl_pem(&fixture.clock).unwrap();
    trust.reload(root, third.as_bytes()).unwrap();
    assert!(trust.reload(root, second.as_bytes()).is_err(), "each list in force raises the bar");
    let successor = fixture.authorities.internal.cert_pem();
    trust.reload(successor.as_bytes(), b"").unwrap();
    assert!(!trust.is_revoked(&serial), "an authority that is not trusted any more needs no list");
}

#[test]
fn the_generation_grows_only_when_the_roots_change() {
    let fixture = Fixture::new();
    let (client, internal) = (fixture.authorities.client.cert_pem(), fixture.authorities.internal.cert_pem());
    let trust = trust(&fixture, "");
    let both = format!("{client}\n{internal}");
    let mut expected = 0;
    let mut check = |roots: &str, changed: bool| {
        trust.sessions.forget();
        rustls::server::StoresServerSessions::put(trust.sessions().as_ref(), vec![1], vec![2]);
        trust.reload(roots.as_bytes(), b"").unwrap();
        expected += u64::from(changed);
        assert_eq!(trust.generation(), expected);
        let kept = rustls::server::StoresServerSessions::get(trust.sessions().as_ref(), &[1]).is_some();
        assert_eq!(kept, !changed, "sessions are forgotten with the roots that admitted them");
    };
    check(client, false);
    check(&both, true);
    check(&both, false);
    check(&format!("{internal}\n{client}"), true);
    check(internal, true);
    check(client, true);
}

#[test]
fn with_two_roots_both_authorities_clients_are_let_in_until_one_is_taken_away() {
    let (old, new) = (Fixture::new(), Fixture::new());
    // As in a change of authorities: the new one signs under another name.
    let agency = AgencyId::parse("bank-indus").unwrap();
    let request = Request::make(&agency).unwrap();
    let now = old.clock_now();
    let validity = Validity::days(now, 30).unwrap();
    let heir = new.authorities.internal.issue_client(&request.csr_pem, &agency, validity, &new.entropy).unwrap();
    let both = format!("{}\n{}", old.authorities.client.cert_pem(), new.authorities.internal.cert_pem());
    let trust = TrustState::from_pem(both.as_bytes(), b"").unwrap();
    let of_old = old.client();
    assert_eq!((verdict(&trust, &of_old, now), verdict(&trust, &heir, now)), (Ok(()), Ok(())));
    trust.reload(new.authorities.internal.cert_pem().as_bytes(), b"").unwrap();
    assert_eq!((verdict(&trust, &of_old, now), verdict(&trust, &heir, now)), (said("UnknownIssuer"), Ok(())));
}

#[test]
fn a_stranger_is_not_told_who_our_authorities_are() {
    let fixture = Fixture::new();
    let trust = trust(&fixture, "");
    assert!(trust.root_hint_subjects().is_empty());
    assert!(trust.client_auth_mandatory() && trust.offer_client_auth());
    let weak = [SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1_Legacy];
    assert!(trust.supported_verify_schemes().iter().all(|scheme| !weak.contains(scheme)));
    assert!(trust.supported_verify_schemes().contains(&SignatureScheme::ECDSA_NISTP256_SHA256));
}

#[test]
fn readers_never_see_half_of_a_reload() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let revoked = fixture.client();
    let serial = facts(&revoked).unwrap().serial;
    let mut lists = vec![list(&fixture.authorities), ca.revoke(&serial, &fixture.clock).unwrap()];
    lists.extend((0..30).map(|_| ca.crl_pem(&fixture.clock).unwrap()));
    let trust = trust(&fixture, &lists[0]);
    let now = fixture.clock_now();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut before = false;
            while trust.revoked_count() == 0 || !before {
                // What the handshake refuses as revoked, a request is refused for too.
                if verdict(&trust, &revoked, now) == said("Revoked") {
                    assert!(trust.is_revoked(&serial));
                    before = true;
                }
            }
        });
        for next in &lists[1..] {
            trust.reload(ca.cert_pem().as_bytes(), next.as_bytes()).unwrap();
        }
        reading.join().unwrap();
    });
    assert!(trust.is_revoked(&serial));
}

//! Which lists are believed without rustls, and what they say.

use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;

use super::*;
use crate::pki::{CRL_DAYS, DAY_S, facts, testing::Fixture};

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn crl(pem: &str) -> CertificateRevocationListDer<'static> {
    CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn seconds(fixture: &Fixture, later_s: i64) -> UnixTime {
    let at = fixture.clock_now().plus_seconds(later_s).seconds().unsigned_abs();
    UnixTime::since_unix_epoch(Duration::from_secs(at))
}

#[test]
fn a_verified_list_refuses_whom_it_names_and_everyone_from_its_last_second_on() {
    let fixture = Fixture::new();
    let (own, revoked) = (fixture.client(), fixture.client());
    let list = fixture.authorities.client.revoke(&facts(&revoked).unwrap().serial, &fixture.clock).unwrap();
    let lists = VerifiedLists::of(&[der(fixture.authorities.client.cert_pem())], &[crl(&list)]);
    let check = |pem: &str, later_s: i64, expected: &str| {
        let said = lists.verdict(&der(pem), seconds(&fixture, later_s)).unwrap();
        let word = match said {
            Ok(()) => "welcome",
            Err(Error::InvalidCertificate(CertificateError::Revoked)) => "revoked",
            Err(Error::InvalidCertificate(CertificateError::ExpiredRevocationListContext { .. })) => "list expired",
            Err(_) => "another",
        };
        assert_eq!(word, expected, "{later_s}");
    };
    let week = CRL_DAYS * DAY_S;
    check(&own, 0, "welcome");
    check(&revoked, 0, "revoked");
    check(&own, week - 1, "welcome");
    check(&own, week, "list expired");
    check(&revoked, week, "list expired");
}

#[test]
fn a_list_is_believed_only_if_the_one_root_of_its_name_signed_it() {
    let (fixture, twin) = (Fixture::new(), Fixture::new());
    let root = der(fixture.authorities.client.cert_pem());
    // Another authority of the same name.
    let other = der(twin.authorities.client.cert_pem());
    let own = der(&fixture.client());
    let list = crl(&fixture.authorities.client.crl_pem(&fixture.clock).unwrap());
    let now = seconds(&fixture, 0);
    let speaks = |roots: &[CertificateDer<'static>], list: &CertificateRevocationListDer<'static>| {
        VerifiedLists::of(roots, std::slice::from_ref(list)).verdict(&own, now).is_some()
    };
    assert!(speaks(std::slice::from_ref(&root), &list));
    assert!(!speaks(std::slice::from_ref(&other), &list), "signed by another key");
    assert!(!speaks(&[root.clone(), other], &list), "whose list it is cannot be told by the name");
    assert!(!speaks(&[], &list));
    let bytes = list.to_vec();
    let (_, parsed) = CertificateRevocationList::from_der(&bytes).unwrap();
    let signed = parsed.tbs_cert_list.as_ref().len() + 3;
    for at in (0..signed).step_by(5).chain([bytes.len() - 40, bytes.len() - 1]) {
        let mut bent = bytes.clone();
        bent[at] ^= 0x01;
        assert!(!speaks(std::slice::from_ref(&root), &CertificateRevocationListDer::from(bent)), "byte {at}");
    }
}

#[test]
fn of_another_authoritys_certificates_nothing_is_said() {
    let fixture = Fixture::new();
    let list = crl(&fixture.authorities.client.crl_pem(&fixture.clock).unwrap());
    let lists = VerifiedLists::of(&[der(fixture.authorities.client.cert_pem())], &[list]);
    let internal = std::fs::read_to_string(fixture.folder.path().join("internal.pem")).unwrap();
    assert!(lists.verdict(&der(&internal), seconds(&fixture, 0)).is_none());
    assert!(lists.verdict(&CertificateDer::from(vec![1, 2, 3]), seconds(&fixture, 0)).is_none());
}

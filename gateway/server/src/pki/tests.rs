//! The PKI as its users see it, read back with another library than the one that signs.

use exchange::{ids::AgencyId, ports::clock::Clock, timestamp::Timestamp};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use x509_parser::{
    certificate::X509Certificate, extensions::ParsedExtension, pem::parse_x509_pem, prelude::FromDer,
    revocation_list::CertificateRevocationList,
};

use super::{testing::Fixture, *};

fn with_certificate(pem: &str, look: impl FnOnce(&X509Certificate<'_>)) {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
    look(&X509Certificate::from_der(&pem.contents).unwrap().1);
}

/// Number and serials of a list, after checking its signature against the authority.
fn list(crl_pem: &str, ca_pem: &str) -> (u64, Vec<String>) {
    let (_, ca_pem) = parse_x509_pem(ca_pem.as_bytes()).unwrap();
    let ca = X509Certificate::from_der(&ca_pem.contents).unwrap().1;
    let (_, pem) = parse_x509_pem(crl_pem.as_bytes()).unwrap();
    let crl = CertificateRevocationList::from_der(&pem.contents).unwrap().1;
    crl.verify_signature(ca.public_key()).unwrap();
    let number = crl.crl_number().unwrap().to_u64_digits().first().copied().unwrap();
    (number, crl.iter_revoked_certificates().map(|r| r.user_certificate.to_str_radix(16)).collect())
}

#[test]
fn a_certificate_says_what_we_say_whatever_the_request_asked_for() {
    let fixture = Fixture::new();
    let key = KeyPair::generate().unwrap();
    let mut greedy = CertificateParams::new(vec!["exchange.example".to_owned()]).unwrap();
    greedy.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    greedy.distinguished_name.push(rcgen::DnType::CommonName, "auditor-general");
    let csr = greedy.serialize_request(&key).unwrap().pem().unwrap();
    let agency = AgencyId::parse("bank-indus").unwrap();
    let validity = Validity::days(fixture.clock.now(), 30).unwrap();
    let pem = fixture.authorities.client.issue_client(&csr, &agency, validity, &fixture.entropy).unwrap();

    with_certificate(&pem, |certificate| {
        assert_eq!(certificate.subject().to_string(), "CN=bank-indus");
        assert!(!certificate.is_ca());
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names.len(), 1);
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.client_auth && !usage.server_auth && !usage.any);
        assert!(certificate.raw_serial().len() <= 16 && certificate.raw_serial()[0] & 0x80 == 0);
        let known = |e: &&x509_parser::extensions::X509Extension<'_>| {
            matches!(e.parsed_extension(), ParsedExtension::AuthorityKeyIdentifier(_))
        };
        assert!(certificate.extensions().iter().find(known).is_some());
    });
    let facts = facts(&pem).unwrap();
    assert_eq!(facts.agency, Some(agency));
    assert_eq!(facts.days_left(fixture.clock.now()), 30);
    assert_eq!(facts.serial.len(), 32);
    assert!(facts.not_before < fixture.clock.now());
    let spki = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    assert_eq!(spki_sha256_hex(&pem).unwrap(), hex::encode(spki));
}

#[test]
fn only_a_well_formed_request_for_a_p_256_key_is_signed() {
    let fixture = Fixture::new();
    let agency = AgencyId::parse("bank-indus").unwrap();
    let validity = Validity::days(fixture.clock.now(), 30).unwrap();
    let check = |csr: &str, expected: &str| {
        let refused = fixture.authorities.client.issue_client(csr, &agency, validity, &fixture.entropy).unwrap_err();
        assert!(refused.to_string().starts_with(expected), "{refused}");
    };
    let request = |algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap()
    };
    check("", "certificate request: not a signed request in PEM");
    check(fixture.authorities.client.cert_pem(), "certificate request: not a signed request in PEM");
    check(&request(&rcgen::PKCS_ECDSA_P384_SHA384).pem().unwrap(), "certificate request: key is not P-256");
    check(&request(&rcgen::PKCS_ED25519).pem().unwrap(), "certificate request: key is not P-256");
    let mut forged = request(&rcgen::PKCS_ECDSA_P256_SHA256).der().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = rcgen::CertificateSigningRequestParams::from_der(&forged.into());
    assert!(forged.is_err(), "a request whose signature does not hold is no proof of the key");
}

#[test]
fn validity_is_bounded() {
    let check = |days, expected| {
        let given = Validity::days(Timestamp::from_micros(0), days).map(|v| v.until.seconds() / DAY_S);
        assert_eq!(given.map_err(|e| e.to_string()), expected);
    };
    check(1, Ok(1));
    check(397, Ok(397));
    check(0, Err("validity of 0 days: 1 to 397 (pki::DAYS_MAX)".to_owned()));
    check(398, Err("validity of 398 days: 1 to 397 (pki::DAYS_MAX)".to_owned()));
    check(i64::MAX, Err(format!("validity of {} days: 1 to 397 (pki::DAYS_MAX)", i64::MAX)));
}

#[test]
fn a_revoked_serial_stays_on_every_later_list_and_numbers_only_rise() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let first = facts(&fixture.client()).unwrap().serial;
    let second = facts(&fixture.client()).unwrap().serial;
    let on_disk = std::fs::read_to_string(ca.crl_path()).unwrap();
    assert_eq!(list(&on_disk, ca.cert_pem()), (1, vec![]));

    let crl = ca.revoke(&first, &fixture.clock).unwrap();
    assert_eq!(list(&crl, ca.cert_pem()), (2, vec![first.clone()]));
    assert_eq!(std::fs::read_to_string(ca.crl_path()).unwrap(), crl);

    fixture.clock.advance(3_600);
    let again = Ca::load(fixture.folder.path(), CaKind::Client).unwrap();
    let shouted = format!("00:{}", second.to_uppercase());
    let (number, serials) = list(&again.revoke(&shouted, &fixture.clock).unwrap(), ca.cert_pem());
    assert_eq!(number, 3);
    assert!(serials.contains(&first) && serials.contains(&second) && serials.len() == 2);
    assert_eq!(list(&ca.crl_pem(&fixture.clock).unwrap(), ca.cert_pem()).0, 4);
    assert!(ca.is_revoked(&first).unwrap());
}

#[test]
fn two_revocations_at_once_are_both_kept() {
    let fixture = Fixture::new();
    let serials: Vec<String> = (1..=8).map(|n| format!("4{n}")).collect();
    std::thread::scope(|scope| {
        for serial in &serials {
            let (folder, clock) = (fixture.folder.path(), &fixture.clock);
            scope.spawn(move || Ca::load(folder, CaKind::Client).unwrap().revoke(serial, clock).unwrap());
        }
    });
    let crl = std::fs::read_to_string(fixture.authorities.client.crl_path()).unwrap();
    assert_eq!(list(&crl, fixture.authorities.client.cert_pem()), (9, serials));
}

#[test]
fn a_renewed_certificate_keeps_agency_and_key_and_a_revoked_one_is_not_renewed() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let old = fixture.client();
    fixture.clock.advance(29 * DAY_S);
    let validity = Validity::days(fixture.clock.now(), 30).unwrap();
    let new = ca.renew_client(&old, validity, &fixture.entropy).unwrap();
    let (before, after) = (facts(&old).unwrap(), facts(&new).unwrap());
    assert_eq!((&before.agency, &before.spki_sha256), (&after.agency, &after.spki_sha256));
    assert_ne!(before.serial, after.serial);
    assert_eq!(after.days_left(fixture.clock.now()), 30);

    ca.revoke(&after.serial, &fixture.clock).unwrap();
    assert!(matches!(ca.renew_client(&new, validity, &fixture.entropy), Err(PkiError::Revoked)));
    let foreign = Fixture::new();
    assert!(matches!(ca.renew_client(&foreign.client(), validity, &fixture.entropy), Err(PkiError::Foreign)));
}

#[test]
fn an_authority_is_never_made_over_another() {
    let fixture = Fixture::new();
    let before = fixture.authorities.client.cert_pem().to_owned();
    let made = Ca::create(fixture.folder.path(), CaKind::Client, &fixture.clock, &fixture.entropy);
    assert!(matches!(made, Err(PkiError::Exists(_))));
    let server = std::fs::read_to_string(fixture.folder.path().join("server.pem")).unwrap();
    let again = Authorities::ensure(fixture.folder.path(), "node-1", "ijazat.example", fixture.world()).unwrap();
    assert_eq!(again.client.cert_pem(), before);
    assert_eq!(std::fs::read_to_string(fixture.folder.path().join("server.pem")).unwrap(), server);
    let nowhere = fixture.folder.path().join("nowhere");
    assert!(matches!(Ca::load(&nowhere, CaKind::Client), Err(PkiError::NoAuthority(_))));
}

#[test]
fn every_key_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let mut keys = 0;
    for file in std::fs::read_dir(fixture.folder.path()).unwrap().map(Result::unwrap) {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        let text = std::fs::read_to_string(file.path()).unwrap();
        if text.contains("PRIVATE KEY") {
            keys += 1;
            assert_eq!(mode, 0o600, "{:?}", file.path());
        }
    }
    assert_eq!(keys, 5);
    assert!(!format!("{:?}", fixture.authorities).contains("PRIVATE"));
}

#[test]
fn the_server_answers_to_its_names_and_the_internal_one_is_both_sides() {
    let fixture = Fixture::new();
    let read = |name: &str| std::fs::read_to_string(fixture.folder.path().join(name)).unwrap();
    with_certificate(&read("server.pem"), |certificate| {
        let names = format!("{:?}", certificate.subject_alternative_name().unwrap().unwrap().value.general_names);
        assert!(
            names.contains("ijazat.example") && names.contains("localhost") && names.contains("127, 0, 0, 1"),
            "{names}"
        );
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && !usage.client_auth);
    });
    with_certificate(&read("internal.pem"), |certificate| {
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && usage.client_auth);
    });
    assert_eq!(facts(&read("internal.pem")).unwrap().agency, None);
}

#[test]
fn a_serial_is_hex_in_one_form() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(canonical_serial(text).ok().as_deref(), expected, "{text}");
    };
    check("0A:1b", Some("a1b"));
    check(" 7f ", Some("7f"));
    check("", None);
    check("00", None);
    check("xyz", None);
    check(&"f".repeat(33), None);
}

#[test]
fn a_damaged_ledger_stops_the_list_instead_of_emptying_it() {
    let fixture = Fixture::new();
    std::fs::write(fixture.folder.path().join("client-ca.revoked.json"), "{").unwrap();
    let ca = &fixture.authorities.client;
    assert!(matches!(ca.crl_pem(&fixture.clock), Err(PkiError::Ledger { .. })));
    assert!(matches!(ca.revoke("42", &fixture.clock), Err(PkiError::Ledger { .. })));
}

//! What the authorities sign, read back with another library; and what they do not sign.

use adapters::clock::ManualClock;
use proptest::prelude::*;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    pem::parse_x509_pem,
    prelude::FromDer,
};

use super::*;
use crate::pki::{
    Request, facts,
    testing::{Fixture, Folder},
};

/// Gives the same byte for ever.
#[derive(Debug)]
struct Same(u8);

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn with<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
    look(&X509Certificate::from_der(&pem.contents).unwrap().1)
}

/// Usages of a certificate, as words.
fn usages(pem: &str) -> Vec<&'static str> {
    with(pem, |certificate| {
        let mut words = Vec::new();
        if let Some(usage) = certificate.key_usage().unwrap().map(|usage| usage.value) {
            let all = [
                (usage.digital_signature(), "sign"),
                (usage.key_cert_sign(), "sign certificates"),
                (usage.crl_sign(), "sign lists"),
                (usage.key_encipherment() || usage.data_encipherment(), "encipher"),
                (usage.key_agreement(), "agree"),
            ];
            words.extend(all.iter().filter(|(has, _)| *has).map(|(_, word)| *word));
        }
        if let Some(usage) = certificate.extended_key_usage().unwrap().map(|usage| usage.value) {
            let all = [
                (usage.server_auth, "server"),
                (usage.client_auth, "client"),
                (usage.any, "any"),
                (usage.code_signing, "code"),
            ];
            words.extend(all.iter().filter(|(has, _)| *has).map(|(_, word)| *word));
        }
        words
    })
}

fn uris(pem: &str) -> Vec<String> {
    with(pem, |certificate| {
        let names = certificate.subject_alternative_name().unwrap();
        let uri = |name: &GeneralName<'_>| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        };
        names.map_or_else(Vec::new, |names| names.value.general_names.iter().filter_map(uri).collect())
    })
}

fn validity(fixture: &Fixture, days: i64) -> Validity {
    Validity::days(fixture.clock_now(), days).unwrap()
}

#[test]
fn each_authority_signs_for_its_own_use_and_no_further() {
    let fixture = Fixture::new();
    let read = |name: &str| std::fs::read_to_string(fixture.folder.path().join(name)).unwrap();
    let check = |pem: &str, usage: &[&str], names: &[&str], authority: bool| {
        assert_eq!(usages(pem), usage, "{names:?}");
        assert_eq!(uris(pem), names);
        assert_eq!(with(pem, |certificate| certificate.is_ca()), authority, "{names:?}");
    };
    check(&fixture.client(), &["sign", "client"], &["urn:pk:ijazat:agency:bank-indus"], false);
    check(&read("server.pem"), &["sign", "server"], &[], false);
    check(&read("internal.pem"), &["sign", "server", "client"], &["urn:pk:ijazat:node:node-1"], false);
    for kind in CaKind::ALL {
        check(&read(&format!("{}.pem", kind.file_stem())), &["sign certificates", "sign lists"], &[], true);
    }
}

#[test]
fn an_authority_signs_no_other_authority_and_lasts_ten_years() {
    let fixture = Fixture::new();
    let pem = fixture.authorities.client.cert_pem();
    with(pem, |certificate| {
        let constraints = certificate.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        assert_eq!(certificate.subject(), certificate.issuer());
        certificate.verify_signature(None).unwrap();
    });
    let (facts, now) = (facts(pem).unwrap(), fixture.clock_now());
    assert_eq!(facts.days_left(now), CA_DAYS);
    assert_eq!(facts.not_before, now.plus_seconds(-SKEW_S));
    let names: std::collections::BTreeSet<_> =
        [&fixture.authorities.client, &fixture.authorities.server, &fixture.authorities.internal]
            .iter()
            .map(|ca| with(ca.cert_pem(), |certificate| certificate.subject().to_string()))
            .collect();
    assert_eq!(names.len(), 3, "three authorities under one name could be taken for each other");
}

#[test]
fn every_certificate_points_to_the_key_that_signed_it() {
    let fixture = Fixture::new();
    let identifier = |pem: &str, own: bool| {
        with(pem, |certificate| {
            let mut all = certificate.extensions().iter().map(|extension| extension.parsed_extension().clone());
            all.find_map(|extension| match extension {
                ParsedExtension::AuthorityKeyIdentifier(id) if !own => id.key_identifier.map(|id| id.0.to_vec()),
                ParsedExtension::SubjectKeyIdentifier(id) if own => Some(id.0.to_vec()),
                _ => None,
            })
        })
    };
    let read = |name: &str| std::fs::read_to_string(fixture.folder.path().join(name)).unwrap();
    let pairs = [
        (fixture.client(), "client-ca.pem"),
        (read("server.pem"), "server-ca.pem"),
        (read("internal.pem"), "internal-ca.pem"),
    ];
    for (pem, ca) in pairs {
        let signer = identifier(&read(ca), true).unwrap();
        assert_eq!(identifier(&pem, false), Some(signer), "{ca}");
        with(&read(ca), |ca| with(&pem, |leaf| leaf.verify_signature(Some(ca.public_key())).unwrap()));
    }
}

#[test]
fn dates_are_those_that_were_asked_for_to_the_second() {
    let fixture = Fixture::new();
    let agency = AgencyId::parse("bank-indus").unwrap();
    let request = Request::make(&agency).unwrap();
    let now = fixture.clock_now();
    for days in [1, 30, 365, DAYS_MAX] {
        let pem = fixture.authorities.client.issue_client(
            &request.csr_pem,
            &agency,
            validity(&fixture, days),
            &fixture.entropy,
        );
        let facts = facts(&pem.unwrap()).unwrap();
        assert_eq!(facts.not_before, now.plus_seconds(-300), "{days} days");
        assert_eq!(facts.not_after, now.plus_seconds(days * 86_400), "{days} days");
        assert_eq!(facts.days_left(now), days);
    }
}

#[test]
fn a_long_name_stands_in_the_uri_and_not_in_the_subject() {
    let fixture = Fixture::new();
    let check = |letters: usize, subject: &str| {
        let agency = AgencyId::parse(&"a".repeat(letters)).unwrap();
        let request = Request::make(&agency).unwrap();
        let pem = fixture
            .authorities
            .client
            .issue_client(&request.csr_pem, &agency, validity(&fixture, 1), &fixture.entropy)
            .unwrap();
        assert_eq!(with(&pem, |certificate| certificate.subject().to_string()), subject, "{letters} letters");
        assert_eq!(facts(&pem).unwrap().agency, Some(agency), "{letters} letters");
    };
    check(64, &format!("CN={}", "a".repeat(64)));
    check(65, "");
    check(96, "");
}

#[test]
fn a_request_that_was_changed_on_the_way_is_not_signed_for_another_key() {
    let fixture = Fixture::new();
    let agency = AgencyId::parse("bank-indus").unwrap();
    let request = Request::make(&agency).unwrap();
    let (_, pem) = parse_x509_pem(request.csr_pem.as_bytes()).unwrap();
    let sign = |der: &[u8]| {
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        let text = format!("-----BEGIN CERTIFICATE REQUEST-----\n{base64}\n-----END CERTIFICATE REQUEST-----\n");
        fixture.authorities.client.issue_client(&text, &agency, validity(&fixture, 30), &fixture.entropy)
    };
    let key = facts(&sign(&pem.contents).unwrap()).unwrap().spki_sha256;
    let mut harmless = 0;
    for at in 0..pem.contents.len() {
        let mut bent = pem.contents.clone();
        bent[at] ^= 0x01;
        // Tags around the signature are outside of what is signed: a change there changes nothing that counts.
        match sign(&bent) {
            Ok(pem) => {
                assert_eq!(facts(&pem).unwrap().spki_sha256, key, "byte {at}");
                harmless += 1;
            }
            Err(refused) => assert!(matches!(refused, PkiError::Request(_)), "byte {at}: {refused}"),
        }
    }
    assert!(harmless <= 3, "{harmless} changes went unseen");
    for cut in [0, 1, 50, pem.contents.len() - 1] {
        assert!(matches!(sign(&pem.contents[..cut]), Err(PkiError::Request(_))), "cut at {cut}");
    }
}

#[test]
fn a_request_is_for_a_p_256_key_whatever_else_it_holds() {
    let fixture = Fixture::new();
    let agency = AgencyId::parse("bank-indus").unwrap();
    let check = |algorithm: &'static rcgen::SignatureAlgorithm, expected: bool| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(vec!["bank.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "\u{628}\u{6cc}\u{646}\u{6a9}");
        let csr = params.serialize_request(&key).unwrap().pem().unwrap();
        let signed = fixture.authorities.client.issue_client(&csr, &agency, validity(&fixture, 30), &fixture.entropy);
        assert_eq!(signed.is_ok(), expected, "{algorithm:?}: {signed:?}");
        if let Ok(pem) = signed {
            assert_eq!(with(&pem, |certificate| certificate.subject().to_string()), "CN=bank-indus");
            assert_eq!(uris(&pem), ["urn:pk:ijazat:agency:bank-indus"]);
        }
    };
    check(&rcgen::PKCS_ECDSA_P256_SHA256, true);
    check(&rcgen::PKCS_ECDSA_P384_SHA384, false);
    check(&rcgen::PKCS_ECDSA_P521_SHA512, false);
    check(&rcgen::PKCS_ED25519, false);
}

#[test]
fn a_server_needs_names_that_are_names() {
    let fixture = Fixture::new();
    let issue = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        fixture.authorities.server.issue_server(&names, validity(&fixture, 30), &fixture.entropy)
    };
    let issued = issue(&["exchange.example", "192.0.2.1", "2001:db8::1"]).unwrap();
    let kinds: Vec<String> = with(&issued.cert_pem, |certificate| {
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        names.value.general_names.iter().map(|name| format!("{name:?}").split('(').next().unwrap().to_owned()).collect()
    });
    assert_eq!(kinds, ["DNSName", "IPAddress", "IPAddress"]);
    assert_eq!(with(&issued.cert_pem, |certificate| certificate.subject().to_string()), "CN=exchange.example");
    assert!(matches!(issue(&["\u{628}\u{6cc}\u{646}\u{6a9}.example"]), Err(PkiError::Signing(_))), "not plain ASCII");
    let spki = |pem: &str| facts(pem).unwrap().spki_sha256;
    assert_ne!(
        spki(&issue(&["a.example"]).unwrap().cert_pem),
        spki(&issue(&["a.example"]).unwrap().cert_pem),
        "each a key of its own"
    );
    let shown = format!("{issued:?}");
    assert!(shown.contains("BEGIN CERTIFICATE") && !shown.contains("PRIVATE"), "{shown}");
    let key = KeyPair::from_pem(&issued.key_pem).unwrap();
    assert_eq!(
        with(&issued.cert_pem, |certificate| certificate.public_key().raw.to_vec()),
        key.subject_public_key_info()
    );
}

#[test]
fn authorities_of_two_folders_have_nothing_in_common() {
    let (one, other) = (Fixture::new(), Fixture::new());
    let own = one.client();
    assert!(inspect::check_issued_by(&own, one.authorities.client.cert_pem()).is_ok());
    for ca in [&other.authorities.client, &one.authorities.server, &one.authorities.internal] {
        assert!(matches!(inspect::check_issued_by(&own, ca.cert_pem()), Err(PkiError::Foreign)));
        assert!(matches!(ca.renew_client(&own, validity(&one, 30), &one.entropy), Err(PkiError::Foreign)));
    }
}

#[test]
fn only_a_certificate_that_names_an_agency_is_renewed() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let renew = |pem: &str| ca.renew_client(pem, validity(&fixture, 30), &fixture.entropy);
    let nobody = ca.issue_server(&["bank.example".to_owned()], validity(&fixture, 30), &fixture.entropy).unwrap();
    assert!(renew(&nobody.cert_pem).unwrap_err().to_string().contains("names no agency"));
    assert!(renew(ca.cert_pem()).is_err(), "the authority itself");
    assert!(matches!(renew("no pem"), Err(PkiError::Certificate(_))));
    let own = fixture.client();
    ca.revoke(&facts(&own).unwrap().serial.to_uppercase(), &fixture.clock).unwrap();
    assert!(matches!(renew(&own), Err(PkiError::Revoked)), "revoked in whatever letters");
}

#[test]
fn a_key_that_is_not_the_authoritys_is_not_opened_as_one() {
    let (one, other) = (Fixture::new(), Fixture::new());
    let path = |fixture: &Fixture, name: &str| fixture.folder.path().join(name);
    assert!(Ca::load(one.folder.path(), CaKind::Client).is_ok());
    std::fs::write(path(&one, "client-ca.key"), "no key").unwrap();
    assert!(matches!(Ca::load(one.folder.path(), CaKind::Client), Err(PkiError::Signing(_))));
    std::fs::remove_file(path(&one, "client-ca.key")).unwrap();
    assert!(
        matches!(Ca::load(one.folder.path(), CaKind::Client), Err(PkiError::NoAuthority(at)) if at.ends_with("client-ca.pem"))
    );
    std::fs::remove_file(path(&other, "server-ca.pem")).unwrap();
    assert!(matches!(Ca::load(other.folder.path(), CaKind::Server), Err(PkiError::NoAuthority(_))));
}

#[test]
fn an_authority_opened_again_signs_as_before() {
    let fixture = Fixture::new();
    let again = Ca::load(fixture.folder.path(), CaKind::Client).unwrap();
    let agency = AgencyId::parse("bisp").unwrap();
    let request = Request::make(&agency).unwrap();
    let pem = again.issue_client(&request.csr_pem, &agency, validity(&fixture, 30), &fixture.entropy).unwrap();
    inspect::check_issued_by(&pem, fixture.authorities.client.cert_pem()).unwrap();
    assert_eq!((again.kind(), again.cert_pem()), (CaKind::Client, fixture.authorities.client.cert_pem()));
}

#[test]
fn a_date_outside_the_calendar_is_said_and_not_signed() {
    let folder = Folder::new();
    let clock = ManualClock::new(Timestamp::from_micros(i64::MAX));
    let made = Ca::create(folder.path(), CaKind::Client, &clock, &Same(1));
    assert!(matches!(made, Err(PkiError::Certificate(_) | PkiError::Signing(_))), "{made:?}");
    assert!(!folder.path().join("client-ca.key").exists(), "nothing half-made stays");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_chance_gives_a_serial_is_positive_and_has_32_digits(byte in any::<u8>()) {
        let fixture = Folder::new();
        let clock = ManualClock::new(Timestamp::from_micros(1_800_000_000_000_000));
        let ca = Ca::create(fixture.path(), CaKind::Server, &clock, &Same(byte)).unwrap();
        let raw = with(ca.cert_pem(), |certificate| certificate.raw_serial().to_vec());
        prop_assert_eq!(raw.len(), 16);
        prop_assert!(raw[0] & 0x80 == 0 && raw[0] & 0x40 != 0);
        prop_assert_eq!(facts(ca.cert_pem()).unwrap().serial.len(), 32);
        prop_assert!(raw[1..].iter().all(|other| *other == byte), "the rest is as random as it was given");
    }

    #[test]
    fn days_are_bounded_at_both_ends(days in -500_i64..900) {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let given = Validity::days(now, days);
        prop_assert_eq!(given.is_ok(), (1..=397).contains(&days));
        if let Ok(validity) = given {
            prop_assert_eq!(validity.until.seconds() - validity.from.seconds(), days * 86_400 + 300);
        }
    }
}

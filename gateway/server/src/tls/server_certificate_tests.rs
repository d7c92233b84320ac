//! What a listener shows: only what holds together, and the last good one as long as nothing better comes.

use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::pki::testing::Fixture;

fn pair(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn shown(certificate: &ServerCertificate) -> Vec<Vec<u8>> {
    certificate.0.load().cert.iter().map(|der| der.to_vec()).collect()
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

#[test]
fn a_chain_is_shown_as_it_stands_in_its_file() {
    let ((leaf, key), (middle, _), (root, _)) = (pair("leaf.example"), pair("middle"), pair("root"));
    let chain = format!("# comment of an operator\n{leaf}\n\n{middle}text between\n{root}");
    let certificate = ServerCertificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(shown(&certificate), [der(&leaf), der(&middle), der(&root)]);
    // A key before the chain in one file, as some tools write it.
    let one_file = format!("{key}{leaf}");
    let certificate = ServerCertificate::from_pem(one_file.as_bytes(), one_file.as_bytes()).unwrap();
    assert_eq!(shown(&certificate), [der(&leaf)]);
}

#[test]
fn what_does_not_hold_together_is_refused_and_what_was_shown_stays() {
    let ((leaf, key), (other, other_key)) = (pair("leaf.example"), pair("other.example"));
    let certificate = ServerCertificate::from_pem(leaf.as_bytes(), key.as_bytes()).unwrap();
    let check = |chain: &str, key: &str, expected: &str| {
        let refused = ServerCertificate::from_pem(chain.as_bytes(), key.as_bytes()).map(drop).unwrap_err();
        assert_eq!(certificate.reload(chain.as_bytes(), key.as_bytes()), Err(refused.clone()), "{expected}");
        assert!(refused.to_string().starts_with(expected), "{refused}");
        assert_eq!(shown(&certificate), [der(&leaf)], "{expected}");
    };
    check("", &key, "server certificate is missing");
    check("no pem", &key, "server certificate is missing");
    check(&key, &key, "server certificate is missing");
    check(&leaf.replacen('M', "!", 1), &key, "server certificate is missing");
    check(leaf.split_at(leaf.len() - 30).0, &key, "server certificate is missing");
    check(&leaf, "", "server key is missing");
    check(&leaf, &leaf, "server key is missing");
    check(&leaf, key.split_at(key.len() - 30).0, "server key is missing");
    check(&leaf, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "tls configuration is refused");
    check(&leaf, &other_key, "tls configuration is refused");
    check(&format!("{other}{leaf}"), &key, "tls configuration is refused");
    certificate.reload(other.as_bytes(), other_key.as_bytes()).unwrap();
    assert_eq!(shown(&certificate), [der(&other)]);
}

#[test]
fn a_refusal_never_prints_the_key() {
    let ((leaf, _), (_, other_key)) = (pair("leaf.example"), pair("other.example"));
    let refused = ServerCertificate::from_pem(leaf.as_bytes(), other_key.as_bytes()).map(drop).unwrap_err();
    let secret: String = other_key.lines().nth(1).unwrap().to_owned();
    assert!(!format!("{refused} {refused:?}").contains(&secret));
}

#[test]
fn a_handshake_shows_one_certificate_whole_while_another_comes() {
    let ((first, first_key), (second, second_key)) = (pair("a.example"), pair("b.example"));
    let certificate = ServerCertificate::from_pem(first.as_bytes(), first_key.as_bytes()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let held = certificate.0.load_full();
                    assert!(held.keys_match().is_ok(), "a chain with another one's key");
                }
            });
        }
        for n in 0..40 {
            let (chain, key) = if n % 2 == 0 { (&second, &second_key) } else { (&first, &first_key) };
            certificate.reload(chain.as_bytes(), key.as_bytes()).unwrap();
        }
    });
}

#[test]
fn what_our_own_authority_issues_can_be_shown() {
    let fixture = Fixture::new();
    for stem in ["server", "internal"] {
        let read = |end: &str| std::fs::read(fixture.folder.path().join(format!("{stem}.{end}"))).unwrap();
        let certificate = ServerCertificate::from_pem(&read("pem"), &read("key")).unwrap();
        assert_eq!(shown(&certificate).len(), 1, "{stem}");
    }
    let read = |name: &str| std::fs::read(fixture.folder.path().join(name)).unwrap();
    assert!(ServerCertificate::from_pem(&read("server.pem"), &read("internal.key")).is_err());
}

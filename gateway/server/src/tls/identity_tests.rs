//! Who a certificate names, whatever stands in its names: every form of a SAN, well or badly made.

use proptest::prelude::*;
use rcgen::{CertificateParams, CustomExtension, DnType, KeyPair, SerialNumber};

use super::*;
use crate::pki;

/// Tags of general names (RFC 5280 §4.2.1.6).
const OTHER: u8 = 0xa0;
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const DIRECTORY: u8 = 0xa4;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;
const REGISTERED: u8 = 0x88;

/// One DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match length {
        0..=127 => element.push(u8::try_from(length).unwrap()),
        128..=255 => element.extend([0x81, u8::try_from(length).unwrap()]),
        _ => element.extend([&[0x82], u16::try_from(length).unwrap().to_be_bytes().as_slice()].concat()),
    }
    element.extend(content);
    element
}

fn names(all: &[(u8, &[u8])]) -> Vec<u8> {
    der(0x30, &all.iter().flat_map(|(tag, content)| der(*tag, content)).collect::<Vec<_>>())
}

/// A certificate with these SAN extensions, each given as the bytes of its content.
fn certificate(extensions: &[Vec<u8>]) -> rcgen::Certificate {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "urn:pk:ijazat:agency:fbr");
    params.custom_extensions =
        extensions.iter().map(|content| CustomExtension::from_oid_content(&[2, 5, 29, 17], content.clone())).collect();
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

/// The agency that both of our readers find, the listener's and the authority's.
fn agency(extensions: &[Vec<u8>]) -> Option<String> {
    let certificate = certificate(extensions);
    let listener = read(certificate.der()).unwrap().agency;
    let authority = pki::facts(&certificate.pem()).unwrap().agency;
    assert_eq!(listener, authority, "two readers must not differ on who it is");
    listener.map(|agency| agency.to_string())
}

fn urn(name: &str) -> Vec<u8> {
    format!("{AGENCY_URN}{name}").into_bytes()
}

#[test]
fn one_uri_in_our_form_names_the_agency_and_nothing_else_does() {
    let check = |all: &[(u8, &[u8])], expected: Option<&str>| {
        assert_eq!(agency(&[names(all)]).as_deref(), expected, "{all:?}");
    };
    let (bisp, fbr) = (urn("bisp"), urn("fbr"));
    check(&[(URI, &bisp)], Some("bisp"));
    check(&[], None);
    check(&[(URI, b"")], None);
    // Other kinds of name that say the same.
    for tag in [EMAIL, DNS, REGISTERED] {
        check(&[(tag, &bisp)], None);
    }
    // Beside harmless names it still counts, in any place.
    check(&[(DNS, b"bank.example"), (URI, &bisp), (EMAIL, b"it@bank.example")], Some("bisp"));
    check(&[(ADDRESS, &[192, 0, 2, 1]), (URI, b"https://bank.example"), (URI, &bisp)], Some("bisp"));
    check(&[(URI, b"urn:pk:ijazat:node:node-1"), (URI, &bisp)], Some("bisp"));
    // Two of our names are none, even twice the same, even when one of them is malformed.
    check(&[(URI, &bisp), (URI, &fbr)], None);
    check(&[(URI, &bisp), (URI, &bisp)], None);
    check(&[(URI, &bisp), (URI, &urn(""))], None);
    check(&[(URI, &urn("two words")), (URI, &bisp)], None);
}

#[test]
fn an_agencys_name_is_taken_to_the_letter_or_not_at_all() {
    let check = |uri: &[u8], expected: Option<&str>| {
        assert_eq!(agency(&[names(&[(URI, uri)])]).as_deref(), expected, "{}", String::from_utf8_lossy(uri));
    };
    check(&urn("bank-indus"), Some("bank-indus"));
    check(&urn("Bank.Indus_2@x"), Some("Bank.Indus_2@x"));
    for other in [
        "URN:pk:ijazat:agency:bisp",
        "urn:PK:ijazat:agency:bisp",
        "urn:pk:ijazat:agencybisp",
        "urn:pk:ijazat:agency/bisp",
    ] {
        check(other.as_bytes(), None);
    }
    for other in [
        " urn:pk:ijazat:agency:bisp",
        "xurn:pk:ijazat:agency:bisp",
        "urn:pk:ijazat:node:bisp",
        "https://urn:pk:ijazat:agency:bisp",
    ] {
        check(other.as_bytes(), None);
    }
    for name in [
        "",
        " bisp",
        "bisp ",
        "bisp\n",
        "bisp\0",
        "bisp\0.fbr",
        "a/b",
        "a:b",
        "a%2fb",
        "b\u{456}sp",
        "bisp\u{200b}",
        "\u{202e}psib",
    ] {
        check(&urn(name), None);
    }
    check(&urn(&"a".repeat(96)), Some(&"a".repeat(96)));
    check(&urn(&"a".repeat(97)), None);
    check(&urn(&"a".repeat(40_000)), None);
    check(b"urn:pk:ijazat:agency:bi\xffsp", None);
    check(&[&urn("bisp"), b"\xc3".as_slice()].concat(), None);
}

#[test]
fn names_that_are_badly_made_name_nobody() {
    let check = |extensions: &[Vec<u8>], name: &str| assert_eq!(agency(extensions), None, "{name}");
    let good = names(&[(URI, &urn("bisp"))]);
    check(&[], "no SAN at all: the common name does not count");
    check(&[good.clone(), good.clone()], "the extension twice");
    check(&[good.clone(), names(&[(DNS, b"a")])], "two extensions, one harmless");
    check(&[good[..good.len() - 1].to_vec()], "cut short");
    check(&[vec![]], "nothing");
    check(&[vec![0x30]], "a tag without a length");
    check(&[vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff]], "a length beyond the end");
    check(&[der(0x31, &der(URI, &urn("bisp")))], "a set instead of a sequence");
    check(&[der(URI, &urn("bisp"))], "a name without its sequence");
    check(&[names(&[(OTHER, &der(URI, &urn("bisp")))])], "a name within another name");
    check(&[names(&[(DIRECTORY, &der(0x30, &[]))])], "a directory name");
    check(&[names(&[(0x06, &urn("bisp"))])], "an object identifier's tag");
}

#[test]
fn dates_and_keys_are_the_certificates_own() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_before = rcgen::date_time_ymd(2026, 11, 22);
    params.not_after = rcgen::date_time_ymd(2027, 11, 22);
    params.serial_number = Some(SerialNumber::from_slice(&[0, 0, 0x0b, 0xcd]));
    let first = params.self_signed(&key).unwrap();
    let peer = read(first.der()).unwrap();
    assert_eq!((peer.not_before_s, peer.not_after_s), (1_795_305_600, 1_826_841_600));
    assert_eq!(peer.serial, "bcd");
    params.serial_number = Some(SerialNumber::from_slice(&[0x7f]));
    let second = read(params.self_signed(&key).unwrap().der()).unwrap();
    assert_eq!(second.spki_sha256, peer.spki_sha256, "the key is the same");
    assert_ne!(second.thumbprint, peer.thumbprint, "the certificate is another");
    let other = read(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der()).unwrap();
    assert_ne!(other.spki_sha256, peer.spki_sha256);
    let facts = pki::facts(&first.pem()).unwrap();
    assert_eq!((facts.serial, facts.spki_sha256), (peer.serial, peer.spki_sha256), "the authority reads the same");
}

#[test]
fn a_certificate_cut_anywhere_or_lengthened_is_nobodys() {
    let whole = certificate(&[names(&[(URI, &urn("bisp"))])]).der().to_vec();
    for cut in 0..whole.len() {
        assert_eq!(read(&whole[..cut]), Err(IdentityError::Malformed), "cut at {cut}");
    }
    for more in [b"\0".as_slice(), b"\x30\x00", &whole] {
        assert_eq!(read(&[whole.as_slice(), more].concat()), Err(IdentityError::Malformed));
    }
    assert_eq!(read(&whole).unwrap().agency.unwrap().as_str(), "bisp");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_name_is_an_agency_exactly_when_it_is_an_identifier(name in "[ -~]{0,24}") {
        let read = agency(&[names(&[(URI, &urn(&name))])]);
        let expected = AgencyId::parse(&name).ok().map(|id| id.to_string());
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_serial_has_one_form_for_all_paddings(bytes in proptest::collection::vec(any::<u8>(), 0..20), zeros in 0_usize..4) {
        let plain = serial_hex(&bytes);
        let padded = [vec![0; zeros], bytes.clone()].concat();
        prop_assert_eq!(serial_hex(&padded), plain.as_str());
        prop_assert!(plain == "0" || !plain.starts_with('0'));
        prop_assert!(plain.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit)));
        if plain != "0" {
            prop_assert_eq!(pki::canonical_serial(&plain).ok(), (plain.len() <= 32).then(|| plain.clone()), "what is read can be revoked");
        }
    }

    #[test]
    fn a_flipped_bit_never_makes_two_readers_differ(at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let mut der = certificate(&[names(&[(URI, &urn("bisp")), (DNS, b"bank.example")])]).der().to_vec();
        let at = at.index(der.len());
        der[at] ^= 1 << bit;
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        if let (Ok(peer), Ok(facts)) = (read(&der), pki::facts(&pem)) {
            prop_assert_eq!(peer.agency, facts.agency);
            prop_assert_eq!(peer.serial, facts.serial);
            prop_assert_eq!(peer.spki_sha256, facts.spki_sha256);
        }
    }
}

//! What is read out of a certificate's text: the first whole certificate, its dates to the second, nothing else.

use proptest::prelude::*;

use super::*;
use crate::pki::{DAY_S, testing::Fixture};

fn ending(at_s: i64) -> Facts {
    Facts {
        serial: "1".to_owned(),
        not_before: from_seconds(0),
        not_after: from_seconds(at_s),
        agency: None,
        spki_sha256: String::new(),
    }
}

#[test]
fn days_are_whole_and_turn_negative_in_the_second_after_the_end() {
    let check = |left_s: i64, days: i64| {
        let now = from_seconds(1_000 * DAY_S);
        assert_eq!(ending(now.seconds() + left_s).days_left(now), days, "{left_s} seconds left");
    };
    check(0, 0);
    check(1, 0);
    check(DAY_S - 1, 0);
    check(DAY_S, 1);
    check(2 * DAY_S - 1, 1);
    check(-1, -1);
    check(-DAY_S, -1);
    check(-DAY_S - 1, -2);
}

#[test]
fn the_first_certificate_of_a_text_counts() {
    let fixture = Fixture::new();
    let (own, ca) = (fixture.client(), fixture.authorities.client.cert_pem().to_owned());
    let own_facts = facts(&own).unwrap();
    for text in [format!("{own}{ca}"), format!("Bag attributes\n  subject: x\n{own}"), own.replace('\n', "\r\n")] {
        assert_eq!(facts(&text).unwrap(), own_facts);
        assert_eq!(spki_sha256_hex(&text).unwrap(), own_facts.spki_sha256);
        assert_eq!(spki_der(&text).unwrap(), spki_der(&own).unwrap());
    }
    assert_ne!(facts(&format!("{ca}{own}")).unwrap(), own_facts);
    assert_eq!(facts(&ca).unwrap().agency, None);
}

#[test]
fn what_is_no_certificate_is_said_in_words() {
    let fixture = Fixture::new();
    let own = fixture.client();
    let check = |text: &str, expected: &str| {
        let failed = facts(text).unwrap_err();
        assert_eq!(failed.to_string(), format!("certificate: {expected}"));
        assert!(matches!(failed, PkiError::Certificate(_)));
    };
    check("", "not PEM");
    check("certificate", "not PEM");
    check(own.split_at(own.len() - 40).0, "not PEM");
    check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not an X.509 certificate");
    let relabelled = |label: &str| own.replace("CERTIFICATE", label);
    check(&relabelled("X509 CRL"), "a X509 CRL where a CERTIFICATE is needed");
    check(&relabelled("PRIVATE KEY"), "a PRIVATE KEY where a CERTIFICATE is needed");
    let request = crate::pki::Request::make(&AgencyId::parse("bisp").unwrap()).unwrap();
    check(&request.csr_pem, "a CERTIFICATE REQUEST where a CERTIFICATE is needed");
    let key = check_key_is_never_echoed(&request.key_pem);
    assert!(key.contains("PRIVATE KEY where a CERTIFICATE is needed"));
}

fn check_key_is_never_echoed(key_pem: &str) -> String {
    let said = facts(key_pem).unwrap_err().to_string();
    assert!(key_pem.lines().filter(|line| line.len() > 20).all(|line| !said.contains(line)), "{said}");
    said
}

#[test]
fn a_signature_is_checked_against_the_authority_that_is_named() {
    let (one, other) = (Fixture::new(), Fixture::new());
    let own = one.client();
    let check = |pem: &str, ca: &str, good: bool| {
        let checked = check_issued_by(pem, ca);
        assert_eq!(checked.is_ok(), good);
        assert!(good || matches!(checked, Err(PkiError::Foreign | PkiError::Certificate(_))));
    };
    check(&own, one.authorities.client.cert_pem(), true);
    check(one.authorities.client.cert_pem(), one.authorities.client.cert_pem(), true);
    check(&own, other.authorities.client.cert_pem(), false);
    check(&own, &own, false);
    check(one.authorities.client.cert_pem(), &own, false);
    check("no pem", one.authorities.client.cert_pem(), false);
    check(&own, "no pem", false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn one_more_day_of_validity_is_one_more_day_left(end in -4_000_000_000_i64..4_000_000_000, now in -4_000_000_000_i64..4_000_000_000) {
        let now = from_seconds(now);
        let left = ending(end).days_left(now);
        prop_assert_eq!(ending(end + DAY_S).days_left(now), left + 1);
        prop_assert_eq!(left < 0, end < now.seconds());
        prop_assert!(left * DAY_S <= end - now.seconds() && end - now.seconds() < (left + 1) * DAY_S);
    }

    #[test]
    fn bytes_become_lower_case_hex_without_leading_zeros(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
        let hex = trimmed_hex(&bytes);
        prop_assert_eq!(&hex, &crate::tls::identity::serial_hex(&bytes), "both readers print a serial alike");
        let number = bytes.iter().skip_while(|byte| **byte == 0).count();
        prop_assert!(hex.len() <= 2 * number.max(1) && hex.len() + 1 >= 2 * number);
    }

    #[test]
    fn a_text_of_noise_is_no_certificate(noise in "[ -~\n]{0,200}") {
        prop_assert!(facts(&noise).is_err());
        prop_assert!(list_dates(&noise).is_none());
    }
}

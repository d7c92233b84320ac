//! The ledger of revocations against a plain set, what a failing disk leaves, and the one form of a serial.

use std::collections::BTreeSet;

use proptest::prelude::*;
use x509_parser::{pem::parse_x509_pem, prelude::FromDer, revocation_list::CertificateRevocationList};

use super::*;
use crate::pki::{CaKind, list_dates, testing::Fixture};

/// Number and (serial, seconds of revocation) of a list.
fn read(pem: &str) -> (u64, Vec<(String, i64)>) {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).unwrap();
    let (_, list) = CertificateRevocationList::from_der(&pem.contents).unwrap();
    let entry = |entry: &x509_parser::revocation_list::RevokedCertificate<'_>| {
        (entry.user_certificate.to_str_radix(16), entry.revocation_date.timestamp())
    };
    let number = list.crl_number().unwrap().to_u64_digits().first().copied().unwrap_or(0);
    (number, list.iter_revoked_certificates().map(entry).collect())
}

fn serials(pem: &str) -> BTreeSet<String> {
    read(pem).1.into_iter().map(|(serial, _)| serial).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_list_holds_exactly_what_was_revoked_and_each_has_a_higher_number(steps in proptest::collection::vec(prop_oneof![3 => (1_u16..12).prop_map(Some), 1 => Just(None)], 1..14)) {
        let fixture = Fixture::new();
        let mut model: BTreeMap<String, i64> = BTreeMap::new();
        let mut last = 1;
        for step in steps {
            fixture.clock.advance(61);
            // Each time from the files, as another process would.
            let ca = Ca::load(fixture.folder.path(), CaKind::Client).unwrap();
            let pem = match step {
                Some(serial) => {
                    model.entry(format!("{serial:x}")).or_insert(fixture.clock_now().seconds());
                    ca.revoke(&format!("{serial:04X}"), &fixture.clock).unwrap()
                }
                None => ca.crl_pem(&fixture.clock).unwrap(),
            };
            let (number, listed) = read(&pem);
            prop_assert_eq!(number, last + 1);
            last = number;
            let listed: BTreeMap<String, i64> = listed.into_iter().collect();
            prop_assert_eq!(&listed, &model, "a second revocation keeps the first date");
            prop_assert_eq!(std::fs::read_to_string(ca.crl_path()).unwrap(), pem);
            prop_assert!(model.keys().all(|serial| ca.is_revoked(serial).unwrap()));
        }
    }

    #[test]
    fn a_serial_has_one_form_however_it_is_written(bytes in proptest::collection::vec(any::<u8>(), 1..16), zeros in 0_usize..4) {
        let plain = hex::encode(&bytes);
        let expected = plain.trim_start_matches('0').to_owned();
        let colons: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        for text in [plain.clone(), plain.to_uppercase(), colons.join(":"), format!("{}{plain}", "0".repeat(zeros)), format!("  {plain}\n")] {
            let read = canonical_serial(&text);
            if expected.is_empty() {
                prop_assert!(read.is_err(), "{text:?}");
            } else {
                prop_assert_eq!(read.unwrap(), expected.as_str(), "{:?}", text);
            }
        }
    }
}

#[test]
fn what_is_no_serial_is_refused_and_revokes_nothing() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let before = std::fs::read_to_string(ca.crl_path()).unwrap();
    for text in [
        "",
        " ",
        "0",
        "0000",
        ":",
        "xyz",
        "12 34",
        "-1",
        "0x1f",
        "1f\0",
        "\u{661}\u{662}",
        "\u{ff11}",
        "a1b2c3\u{200b}",
        "+7",
    ] {
        assert!(matches!(ca.revoke(text, &fixture.clock), Err(PkiError::Serial(_))), "{text:?}");
    }
    assert!(ca.revoke(&"f".repeat(33), &fixture.clock).is_err());
    assert_eq!(std::fs::read_to_string(ca.crl_path()).unwrap(), before, "no list was signed for nothing");
    assert!(ca.revoke(&"f".repeat(32), &fixture.clock).is_ok());
    assert!(
        ca.revoke(&format!("{}{}", "0".repeat(40), "e".repeat(32)), &fixture.clock).is_ok(),
        "leading zeros do not count"
    );
}

#[test]
fn a_list_is_due_again_after_a_week_and_says_when_it_was_made() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let dates = |pem: &str| list_dates(pem).map(|(from, until)| (from.seconds(), until.seconds())).unwrap();
    let start = fixture.clock_now().seconds();
    assert_eq!(dates(&std::fs::read_to_string(ca.crl_path()).unwrap()), (start, start + 7 * 86_400));
    fixture.clock.advance(3_600);
    assert_eq!(dates(&ca.crl_pem(&fixture.clock).unwrap()), (start + 3_600, start + 3_600 + 7 * 86_400));
    for text in ["", "no pem", ca.cert_pem()] {
        assert_eq!(list_dates(text), None, "{text:?}");
    }
}

#[test]
fn a_damaged_ledger_is_named_and_never_begun_anew() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let path = fixture.folder.path().join("client-ca.revoked.json");
    ca.revoke("42", &fixture.clock).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let list = std::fs::read_to_string(ca.crl_path()).unwrap();
    let damages = [
        String::new(),
        good.split_at(good.len() / 2).0.to_owned(),
        good.replace("\"number\": 2", "\"number\": -2"),
        good.replace("\"number\": 2", "\"number\": \"2\""),
        good.replacen('{', "{\"note\": 1,", 1),
        good.replace("\"revoked\"", "\"revokked\""),
        "[]".to_owned(),
    ];
    for damage in damages {
        assert_ne!(damage, good);
        std::fs::write(&path, &damage).unwrap();
        let check = |result: Result<String, PkiError>| {
            assert!(matches!(&result, Err(PkiError::Ledger { path: at, .. }) if *at == path), "{damage}: {result:?}");
        };
        check(ca.crl_pem(&fixture.clock));
        check(ca.revoke("43", &fixture.clock));
        check(ca.is_revoked("42").map(|is| is.to_string()));
        assert_eq!(std::fs::read_to_string(ca.crl_path()).unwrap(), list, "{damage}: the last list stays");
    }
    std::fs::write(&path, good).unwrap();
    assert_eq!(serials(&ca.revoke("43", &fixture.clock).unwrap()), ["42", "43"].map(str::to_owned).into());
}

#[test]
fn a_ledger_that_cannot_be_written_leaves_the_certificate_good() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let list = std::fs::read_to_string(ca.crl_path()).unwrap();
    let ledger = fixture.folder.path().join("client-ca.revoked.json");
    // A folder stands where the ledger's new text would be written.
    let blocked = fixture.folder.path().join(format!("client-ca.revoked.json.{}.tmp", std::process::id()));
    std::fs::create_dir(&blocked).unwrap();
    assert!(matches!(ca.revoke("42", &fixture.clock), Err(PkiError::File { .. })));
    assert!(!ca.is_revoked("42").unwrap());
    assert_eq!(std::fs::read_to_string(ca.crl_path()).unwrap(), list);
    std::fs::remove_dir(&blocked).unwrap();
    assert_eq!(read(&ca.revoke("42", &fixture.clock).unwrap()).0, 2, "no number was used up");
    assert!(ledger.exists());
}

#[test]
fn a_list_that_cannot_be_written_is_made_up_for_by_the_next() {
    let fixture = Fixture::new();
    let ca = &fixture.authorities.client;
    let blocked = fixture.folder.path().join(format!("client-ca.crl.{}.tmp", std::process::id()));
    std::fs::create_dir(&blocked).unwrap();
    let failed = ca.revoke("42", &fixture.clock);
    assert!(matches!(&failed, Err(PkiError::File { path, .. }) if path.ends_with("client-ca.crl")), "{failed:?}");
    std::fs::remove_dir(&blocked).unwrap();
    let (number, listed) = read(&ca.crl_pem(&fixture.clock).unwrap());
    assert_eq!(listed.len(), 1, "what the ledger noted stands on the next list");
    assert_eq!(number, 3, "the number of the list that never was is not used again");
}

#[test]
fn the_ledger_reads_as_its_operators_know_it() {
    let fixture = Fixture::new();
    fixture.authorities.client.revoke("00:AB:cd", &fixture.clock).unwrap();
    fixture.clock.advance(90);
    fixture.authorities.client.revoke("7", &fixture.clock).unwrap();
    let text = std::fs::read_to_string(fixture.folder.path().join("client-ca.revoked.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["number"], 3);
    let revoked = value["revoked"].as_object().unwrap();
    assert_eq!(revoked.keys().collect::<Vec<_>>(), ["7", "abcd"]);
    assert_ne!(revoked["7"], revoked["abcd"]);
    assert_eq!(value.as_object().unwrap().len(), 2);
}

#[test]
fn each_authority_keeps_its_own_ledger() {
    let fixture = Fixture::new();
    fixture.authorities.internal.revoke("42", &fixture.clock).unwrap();
    assert!(fixture.authorities.internal.is_revoked("42").unwrap());
    assert!(!fixture.authorities.client.is_revoked("42").unwrap());
    assert!(!fixture.authorities.server.is_revoked("42").unwrap());
    assert_ne!(fixture.authorities.internal.crl_path(), fixture.authorities.client.crl_path());
    assert!(serials(&fixture.authorities.client.crl_pem(&fixture.clock).unwrap()).is_empty());
}

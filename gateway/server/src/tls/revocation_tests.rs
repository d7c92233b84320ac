//! Revocation lists as files bring them: several, foreign, cut, bent, and going back.

use exchange::timestamp::Timestamp;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::*;

/// An authority that signs whatever a test wants.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn root(&self) -> CertificateDer<'static> {
        self.0.as_ref().der().clone()
    }

    fn list(&self, number: &[u8], serials: &[&[u8]]) -> CertificateRevocationListDer<'static> {
        let revoked = |serial: &&[u8]| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2026, 1, 8),
            crl_number: SerialNumber::from_slice(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().der().clone()
    }
}

fn serials(lists: &[CertificateRevocationListDer<'_>]) -> RevokedSerials {
    RevokedSerials::from_lists(lists).unwrap()
}

#[test]
fn the_serials_of_all_lists_are_revoked_in_their_one_form() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let lists = [ours.list(&[1], &[&[0x0a, 0xff], &[0x7f]]), other.list(&[9], &[&[0x7f], &[0x00, 0x80]])];
    let revoked = serials(&lists);
    for (serial, expected) in
        [("aff", true), ("7f", true), ("80", true), ("0aff", false), ("AFF", false), ("0", false), ("", false)]
    {
        assert_eq!(revoked.contains(serial), expected, "{serial}");
    }
    assert_eq!((revoked.len(), revoked.is_empty()), (3, false));
    let none = serials(&[]);
    assert_eq!((none.len(), none.is_empty(), none.contains("7f")), (0, true, false));
    assert!(serials(&[ours.list(&[2], &[])]).is_empty());
}

#[test]
fn a_list_cut_anywhere_or_lengthened_is_no_list_and_spoils_its_neighbours() {
    let ours = Authority::new("ours");
    let good = ours.list(&[1], &[&[0x11]]);
    let whole = good.to_vec();
    let malformed = Err(TlsError::Malformed("certificate revocation list"));
    for cut in 0..whole.len() {
        let lists = [good.clone(), whole[..cut].to_vec().into()];
        assert_eq!(RevokedSerials::from_lists(&lists), malformed, "cut at {cut}");
    }
    let longer = [whole.as_slice(), b"\0"].concat();
    assert_eq!(RevokedSerials::from_lists(&[longer.into(), good]), malformed);
    assert_eq!(RevokedSerials::from_lists(&[ours.root().to_vec().into()]), malformed, "a certificate is no list");
}

#[test]
fn a_list_goes_forth_and_never_back_while_its_authority_stays() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let list = |number: &[u8]| serials(&[ours.list(number, &[])]);
    let check = |before: &[u8], after: &[u8], older: bool| {
        assert_eq!(list(after).is_older_than(&list(before), &[ours.root()]), older, "{before:?} to {after:?}");
    };
    check(&[5], &[5], false);
    check(&[5], &[6], false);
    check(&[5], &[4], true);
    check(&[0x7f], &[1, 0], false);
    check(&[1, 0], &[0x7f], true);
    check(&[1; 20], &[1; 19], true);
    let nothing = RevokedSerials::default();
    assert!(nothing.is_older_than(&list(&[1]), &[ours.root()]), "gone is older than any");
    assert!(!list(&[1]).is_older_than(&nothing, &[ours.root()]), "the first list is welcome");
    assert!(!nothing.is_older_than(&list(&[1]), &[other.root()]), "an authority that left takes its list along");
    assert!(!nothing.is_older_than(&list(&[1]), &[]));
    let foreign = serials(&[other.list(&[9], &[])]);
    assert!(foreign.is_older_than(&list(&[1]), &[other.root(), ours.root()]), "another's list does not stand for ours");
}

#[test]
fn of_several_lists_of_one_authority_the_highest_number_counts() {
    let ours = Authority::new("ours");
    let both = serials(&[ours.list(&[3], &[&[0x33]]), ours.list(&[7], &[&[0x77]]), ours.list(&[5], &[])]);
    assert!(both.contains("33") && both.contains("77"), "what either revokes is revoked");
    let alone = |number| serials(&[ours.list(&[number], &[])]);
    assert!(alone(6).is_older_than(&both, &[ours.root()]));
    assert!(!alone(7).is_older_than(&both, &[ours.root()]));
}

#[test]
fn an_authority_made_anew_under_the_same_name_may_begin_again() {
    let (old, new) = (Authority::new("same"), Authority::new("same"));
    let (before, after) = (serials(&[old.list(&[9], &[])]), serials(&[new.list(&[1], &[])]));
    // Only roots that stay are asked about; the old one left, and the new one was not there.
    assert!(!after.is_older_than(&before, &[]));
    assert!(after.is_older_than(&before, &[old.root()]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn exactly_what_is_listed_is_revoked(listed in proptest::collection::btree_set(1_u64..1_000, 0..20), asked in 1_u64..1_000) {
        let ours = Authority::new("ours");
        let bytes: Vec<[u8; 8]> = listed.iter().map(|serial| serial.to_be_bytes()).collect();
        let slices: Vec<&[u8]> = bytes.iter().map(<[u8; 8]>::as_slice).collect();
        let revoked = serials(&[ours.list(&[1], &slices)]);
        prop_assert_eq!(revoked.len(), listed.len());
        prop_assert_eq!(revoked.contains(&format!("{asked:x}")), listed.contains(&asked));
        let all = listed.iter().all(|serial| revoked.contains(&format!("{serial:x}")));
        prop_assert!(all);
    }

    #[test]
    fn whatever_the_authority_writes_the_listener_reads(count in 0_usize..6, revoked in 1_u8..255) {
        let fixture = crate::pki::testing::Fixture::new();
        let ca = &fixture.authorities.client;
        let serial = format!("{revoked:02x}{revoked:02x}");
        let mut last = ca.revoke(&serial, &fixture.clock).unwrap();
        for _ in 0..count {
            last = ca.crl_pem(&fixture.clock).unwrap();
        }
        let list = <CertificateRevocationListDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(last.as_bytes()).unwrap();
        let read = serials(&[list]);
        prop_assert!(read.contains(serial.trim_start_matches('0')));
        prop_assert_eq!(crate::pki::list_dates(&last).unwrap().0, Timestamp::from_micros(fixture.clock_now().seconds() * 1_000_000));
    }
}

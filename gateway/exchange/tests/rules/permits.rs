//! Permit tokens: they carry a grant unchanged to one upstream, for one request, once, for ten seconds.

use exchange::{
    classification::{BasisKind, Role},
    decision::Obligation,
    ids::UpstreamId,
    permit::{BoundTo, Grant, Permit, PermitError, PermitKey, PermitVerifier, write_token},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{NOON, bare_grant, full_grant, id, ids, permit};

const KEY: [u8; 32] = [1; 32];

fn verifier() -> PermitVerifier {
    PermitVerifier::new(id("registry"), PermitKey::new(&KEY))
}

fn bound(audience: &UpstreamId) -> BoundTo<'_> {
    BoundTo { audience, method: "POST", path: "/v1/identity/kyc", body: b"{\"a\":1}" }
}

/// A token for the registry, its `jti` sixteen times this byte.
fn token(permit: &Permit, jti: u8, now: Timestamp) -> String {
    write_token(permit, &PermitKey::new(&KEY), bound(&id("registry")), [jti; 16], now)
}

fn verify(verifier: &PermitVerifier, token: &str, now: Timestamp) -> Result<Permit, PermitError> {
    verifier.verify(token, "POST", "/v1/identity/kyc", b"{\"a\":1}", now)
}

/// Everything of a grant that crosses to another process.
fn crossing(grant: &Grant) -> String {
    format!(
        "{:?} {:?}",
        Grant { obligations: Vec::new(), ..grant.clone() },
        grant.subject.map(exchange::cnic::Cnic::digits)
    )
}

#[test]
fn a_grant_crosses_unchanged() {
    let check = |grant: Grant| {
        let sent = permit(grant);
        let got = verify(&verifier(), &token(&sent, 1, NOON), NOON).unwrap();
        assert_eq!(crossing(got.grant()), crossing(sent.grant()));
    };
    check(full_grant(&["nser.pmt", "citizen.name"]));
    check(bare_grant());
    for role in [Role::Basic, Role::Standard, Role::Power] {
        check(Grant { role, ..bare_grant() });
    }
    for basis in BasisKind::ALL {
        check(Grant { basis: Some(*basis), ..bare_grant() });
    }
    check(Grant { rows: u32::MAX, version: u16::MAX, at: Timestamp::from_micros(i64::MIN), ..bare_grant() });
    check(Grant { rows: 0, version: 0, at: Timestamp::from_micros(i64::MAX), ..bare_grant() });
    check(Grant { subject: exchange::cnic::Cnic::parse("0000000000000").ok(), ..full_grant(&[]) });
}

#[test]
fn what_the_upstream_must_do_crosses_to_it() {
    let all = vec![Obligation::Log, Obligation::Sample];
    let sent = permit(Grant { obligations: all.clone(), ..full_grant(&["a"]) });
    let got = verify(&verifier(), &token(&sent, 1, NOON), NOON).unwrap();
    assert_eq!(got.grant().obligations, all);
}

#[test]
fn a_permit_allows_the_datatypes_it_names_and_no_others() {
    let asked = ["b.two", "a.one", "b.two", "c", "B.TWO"];
    for permit in [permit(full_grant(&asked)), {
        let sent = permit(full_grant(&asked));
        verify(&verifier(), &token(&sent, 1, NOON), NOON).unwrap()
    }] {
        assert_eq!(permit.grant().datatypes, ids::<exchange::ids::DatatypeId>(&["B.TWO", "a.one", "b.two", "c"]));
        for named in asked {
            assert!(permit.allows(named), "{named}");
        }
        for other in ["", "a", "a.one ", "a.on", "a.one.x", "A.ONE", "d", "b", "b.two\0"] {
            assert!(!permit.allows(other), "{other:?}");
        }
    }
    assert!(!permit(bare_grant()).allows("a.one"));
}

#[test]
fn a_token_lives_ten_seconds_of_the_clock() {
    let check = |elapsed_ms: i64, expected: Option<PermitError>| {
        let sent = token(&permit(bare_grant()), 1, NOON);
        let now = Timestamp::from_micros(NOON.micros() + elapsed_ms * 1_000);
        assert_eq!(verify(&verifier(), &sent, now).err(), expected, "{elapsed_ms} ms");
    };
    check(0, None);
    check(1, None);
    check(9_999, None);
    check(10_999, None);
    check(11_000, Some(PermitError::Expired));
    check(3_600_000, Some(PermitError::Expired));
    // The other process's clock may be a second behind ours, not more.
    check(-1_000, None);
    check(-1_001, Some(PermitError::Expired));
    check(-3_600_000, Some(PermitError::Expired));
}

#[test]
fn a_token_speaks_for_one_request_only() {
    let sent = token(&permit(bare_grant()), 1, NOON);
    let check = |method: &str, path: &str, body: &[u8], expected: Option<PermitError>| {
        let got = verifier().verify(&sent, method, path, body, NOON);
        assert_eq!(got.err(), expected, "{method} {path} {body:?}");
    };
    let (path, body): (_, &[u8]) = ("/v1/identity/kyc", b"{\"a\":1}");
    check("POST", path, body, None);
    let other = Some(PermitError::OtherRequest);
    for method in ["GET", "post", "POST ", "", "POS"] {
        check(method, path, body, other);
    }
    for path in ["/v1/identity/kyc/", "/v1/identity/ky", "/v1/Identity/kyc", "/v1/identity/kyc?", "", "/"] {
        check("POST", path, body, other);
    }
    for body in [&b""[..], b"{}", b"{\"a\":2}", b"{\"a\": 1}", b"{\"a\":1}\n", b"{\"a\":1}\0"] {
        check("POST", path, body, other);
    }
}

#[test]
fn a_token_speaks_to_one_upstream_only() {
    for (audience, expected) in [
        ("registry", None),
        ("matcher", Some(PermitError::OtherRequest)),
        ("registry2", Some(PermitError::OtherRequest)),
        ("Registry", Some(PermitError::OtherRequest)),
    ] {
        let upstream: UpstreamId = id(audience);
        let sent = write_token(&permit(bare_grant()), &PermitKey::new(&KEY), bound(&upstream), [1; 16], NOON);
        assert_eq!(verify(&verifier(), &sent, NOON).err(), expected, "{audience}");
    }
}

#[test]
fn a_token_opens_once_at_one_upstream() {
    let sent = permit(bare_grant());
    let registry = verifier();
    let first = token(&sent, 1, NOON);
    assert!(verify(&registry, &first, NOON).is_ok());
    for later in [0, 1, 5, 10] {
        assert_eq!(verify(&registry, &first, NOON.plus_seconds(later)).err(), Some(PermitError::Replayed), "{later}");
    }
    assert!(verify(&registry, &token(&sent, 2, NOON), NOON).is_ok(), "another token of the same grant");
    let rewritten = write_token(&sent, &PermitKey::new(&KEY), bound(&id("registry")), [1; 16], NOON.plus_seconds(1));
    assert_eq!(
        verify(&registry, &rewritten, NOON.plus_seconds(1)).err(),
        Some(PermitError::Replayed),
        "a jti is used once"
    );
}

#[test]
fn a_refused_token_is_not_used_up() {
    let registry = verifier();
    let sent = token(&permit(bare_grant()), 1, NOON);
    let elsewhere = registry.verify(&sent, "POST", "/v1/other", b"{\"a\":1}", NOON);
    assert_eq!(elsewhere.err(), Some(PermitError::OtherRequest));
    assert_eq!(verify(&registry, &sent, NOON.plus_seconds(-60)).err(), Some(PermitError::Expired));
    assert!(verify(&registry, &sent, NOON).is_ok(), "its own request still opens it");
}

#[test]
fn thousands_of_tokens_later_a_living_one_is_still_remembered() {
    let registry = verifier();
    let sent = permit(bare_grant());
    let with = |number: u32, now: Timestamp| {
        let mut jti = [0; 16];
        jti[..4].copy_from_slice(&number.to_be_bytes());
        write_token(&sent, &PermitKey::new(&KEY), bound(&id("registry")), jti, now)
    };
    // Old ones up to the edge of the memory, a living one that fills it, and one more that has it swept.
    for number in 0..4_096 {
        assert!(verify(&registry, &with(number, NOON), NOON).is_ok(), "{number}");
    }
    let later = NOON.plus_seconds(9);
    let living = with(5_000, later);
    assert!(verify(&registry, &living, later).is_ok());
    let last = NOON.plus_seconds(12);
    assert!(verify(&registry, &with(5_001, last), last).is_ok(), "this one sweeps");
    assert_eq!(verify(&registry, &living, last).err(), Some(PermitError::Replayed));
    assert_eq!(verify(&registry, &with(5_001, last), last).err(), Some(PermitError::Replayed));
    assert_eq!(verify(&registry, &with(0, NOON), last).err(), Some(PermitError::Expired), "what was swept has expired");
}

#[test]
fn of_many_who_race_with_one_token_one_wins() {
    let registry = verifier();
    let sent = token(&permit(bare_grant()), 1, NOON);
    let won = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16).map(|_| scope.spawn(|| verify(&registry, &sent, NOON).is_ok())).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_grant_crosses_and_allows_the_same(
        named in prop::collection::vec("[a-c.]{1,3}", 0..6), probe in "[a-c.]{1,3}", rows: u32, version: u16, at: i64,
    ) {
        let grant = Grant {
            datatypes: named.iter().map(|text| id(text)).collect(),
            rows,
            version,
            at: Timestamp::from_micros(at),
            ..full_grant(&[])
        };
        let sent = permit(grant);
        let got = verify(&verifier(), &token(&sent, 1, NOON), NOON).unwrap();
        prop_assert_eq!(crossing(got.grant()), crossing(sent.grant()));
        prop_assert_eq!(got.allows(&probe), named.contains(&probe));
    }

    #[test]
    fn a_token_is_good_for_its_own_body_alone(own: Vec<u8>, other: Vec<u8>) {
        let audience: UpstreamId = id("registry");
        let bound = BoundTo { body: &own, ..bound(&audience) };
        let sent = write_token(&permit(bare_grant()), &PermitKey::new(&KEY), bound, [1; 16], NOON);
        let got = verifier().verify(&sent, "POST", "/v1/identity/kyc", &other, NOON);
        prop_assert_eq!(got.is_ok(), own == other);
    }
}

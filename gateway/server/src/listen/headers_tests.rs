//! Rule 9 as laws: however a claim of identity is written, it goes; whatever is not one stays as it came.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn map(lines: &[(&str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
    map
}

/// A name written with letters of either case, and with `_` for some of its hyphens.
fn disguised(name: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec((any::<bool>(), any::<bool>()), name.len()).prop_map(move |choices| {
        let letters = name.chars().zip(choices);
        let disguise = |(letter, (upper, underscore)): (char, (bool, bool))| match letter {
            '-' if underscore => '_',
            letter if upper => letter.to_ascii_uppercase(),
            letter => letter,
        };
        letters.map(disguise).collect()
    })
}

fn claim() -> impl Strategy<Value = String> {
    let listed = proptest::sample::select(IDENTITY).prop_flat_map(disguised);
    let family = (proptest::sample::select(IDENTITY_PREFIXES).prop_flat_map(disguised), "[a-z0-9_-]{0,12}")
        .prop_map(|(prefix, rest)| prefix + &rest);
    prop_oneof![listed, family]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn however_a_claim_is_written_it_is_taken_away(name in claim(), values in proptest::collection::vec("[ -~]{0,40}", 1..4)) {
        let mut headers = map(&[("accept", b"*/*"), ("ijazat-user", b"teller-1")]);
        let kept = headers.clone();
        for value in &values {
            headers.append(HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        prop_assert_eq!(clean(&mut headers), Ok(()), "{}", name);
        prop_assert_eq!(headers, kept, "{}", name);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(names in proptest::collection::vec(prop_oneof![claim(), "[a-z][a-z0-9-]{0,14}"], 0..12)) {
        let mut once = HeaderMap::new();
        for name in &names {
            once.append(HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_static("v"));
        }
        let first = clean(&mut once);
        let mut twice = once.clone();
        prop_assert_eq!(clean(&mut twice), first);
        prop_assert_eq!(&twice, &once);
        let identity = once.keys().any(|name| names_identity(name.as_str()));
        prop_assert!(!identity);
    }

    #[test]
    fn a_value_that_we_read_is_plain_or_refused(value in proptest::collection::vec(prop_oneof![32_u8..127, Just(b'\t'), 128_u8..=255], 1..40)) {
        let plain = value.iter().all(|byte| (32..127).contains(byte));
        for name in ["ijazat-user", "ijazat-purpose", "authorization", "content-type", "host", "traceparent", "idempotency-key"] {
            prop_assert_eq!(check(&map(&[(name, &value)])).is_ok(), plain, "{}", name);
        }
        prop_assert_eq!(check(&map(&[("user-agent", &value)])), Ok(()));
    }
}

#[test]
fn what_only_resembles_a_claim_is_left_alone() {
    for name in [
        "x-forwarded",
        "x-forwardedfor",
        "xx-forwarded-for",
        "user",
        "x-users",
        "viaduct",
        "x-via",
        "x-roles",
        "x-authorization",
        "x-auth",
        "x-ssl",
        "tls-version",
        "client",
        "ijazat-user",
        "ijazat-purpose",
        "ijazat-basis",
        "ijazat-case",
        "ijazat-dry-run",
        "ijazat-user-assertion",
        "ijazat-roles",
        "authorization",
        "idempotency-key",
        "traceparent",
        "accept",
        "cookie",
    ] {
        assert!(!names_identity(name), "{name}");
        let mut headers = map(&[(name, b"v")]);
        assert_eq!(clean(&mut headers), Ok(()), "{name}");
        assert_eq!(headers.len(), 1, "{name}");
    }
}

#[test]
fn each_bound_stands_where_its_number_says() {
    let check = |name: &str, bytes: usize, expected: bool| {
        let value = vec![b'x'; bytes];
        assert_eq!(check(&map(&[(name, &value)])).is_ok(), expected, "{name} of {bytes}");
    };
    let (own, token) = (limits::OWN_HEADER_BYTES_MAX, limits::TOKEN_HEADER_BYTES_MAX);
    for name in
        ["ijazat-user", "ijazat-purpose", "ijazat-unknown", "host", "content-type", "traceparent", "idempotency-key"]
    {
        check(name, own, true);
        check(name, own + 1, false);
    }
    for name in ["authorization", "ijazat-user-assertion", "ijazat-second-assertion", "ijazat-permit"] {
        check(name, token, true);
        check(name, token + 1, false);
    }
    check("x-other", token + 1, true);
    check("ijazat-user", 0, true);
}

#[test]
fn every_header_of_our_family_comes_once_whether_we_know_it_or_not() {
    let check = |first: &str, second: &str, expected: bool| {
        assert_eq!(check(&map(&[(first, b"a"), (second, b"a")])).is_ok(), expected, "{first}, {second}");
    };
    for name in ["ijazat-user", "ijazat-user-assertion", "ijazat-dry-run", "ijazat-of-tomorrow", "traceparent"] {
        check(name, name, false);
        check(name, &name.to_uppercase(), false);
    }
    check("accept", "accept", true);
    check("ijazat-user", "ijazat-purpose", true);
    check("tracestate", "tracestate", true);
}

#[test]
fn lines_are_counted_with_their_repetitions() {
    let many = |count: usize| {
        let mut headers = HeaderMap::new();
        for _ in 0..count {
            headers.append("accept", HeaderValue::from_static("*/*"));
        }
        headers
    };
    assert_eq!(check(&many(limits::HEADERS_MAX)), Ok(()));
    assert_eq!(check(&many(limits::HEADERS_MAX + 1)), Err(HeaderFault));
    let mut stripped = many(limits::HEADERS_MAX);
    stripped.append("x-user", HeaderValue::from_static("root"));
    assert_eq!(check(&stripped), Err(HeaderFault));
    assert_eq!(clean(&mut stripped), Ok(()), "what is taken away does not count");
}

#[test]
fn an_underscore_does_not_make_a_second_user() {
    let mut headers = map(&[("ijazat-user", b"teller-1"), ("ijazat_user", b"power-1")]);
    let cleaned = clean(&mut headers);
    let others: Vec<_> =
        headers.iter().filter(|(_, value)| *value == "power-1").map(|(name, _)| name.as_str()).collect();
    // It is not one of the headers that we read, so nobody can take it for one.
    assert_eq!((cleaned, headers.get_all("ijazat-user").iter().count()), (Ok(()), 1));
    assert_eq!(others, ["ijazat_user"]);
}

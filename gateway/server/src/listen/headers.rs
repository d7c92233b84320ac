//! Takes from a request's headers what only we may say, and refuses those that could be read in two ways (rule 9).

use http::{HeaderMap, HeaderName, header};

use super::limits;

/// Headers by which proxies and applications tell each other who a client is. Nobody outside may tell us.
const IDENTITY: &[&str] = &[
    "forwarded",
    "via",
    "client-cert",
    "client-cert-chain",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "remote-user",
    "remote-addr",
    "proxy-authorization",
    "ijazat-agency",
    "ijazat-role",
    "ijazat-permit",
    "ijazat-request-id",
    "ijazat-receipt",
    "x-user",
    "x-user-id",
    "x-org",
    "x-agency",
    "x-role",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "x-remote-user",
    "x-client-cert",
    "x-client-dn",
    "x-client-verify",
    "x-xfcc",
];

/// Families of such headers.
const IDENTITY_PREFIXES: &[&str] =
    &["x-forwarded-", "x-ssl-", "x-client-ssl-", "x-auth-", "x-authenticated-", "x-tls-"];

/// Headers outside our own family that may come once only.
const ONCE: &[HeaderName] = &[header::AUTHORIZATION, header::CONTENT_TYPE, header::HOST];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A header that is repeated, too long or not plain text; the request is refused as `header_invalid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderFault;

/// Strips identity headers of a request from outside, then checks what is left.
///
/// # Errors
/// [`HeaderFault`].
pub fn clean(headers: &mut HeaderMap) -> Result<(), HeaderFault> {
    let foreign: Vec<HeaderName> = headers.keys().filter(|name| names_identity(name.as_str())).cloned().collect();
    for name in foreign {
        headers.remove(name);
    }
    check(headers)
}

/// Checks the headers of a request without stripping any.
///
/// # Errors
/// [`HeaderFault`].
pub fn check(headers: &HeaderMap) -> Result<(), HeaderFault> {
    if headers.len() > limits::HEADERS_MAX {
        return Err(HeaderFault);
    }
    for name in headers.keys().filter(|name| is_read_by_us(name)) {
        let mut values = headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(HeaderFault) };
        let printable = value.as_bytes().iter().all(|&byte| byte == b' ' || byte.is_ascii_graphic());
        if value.len() > bytes_max(name) || !printable {
            return Err(HeaderFault);
        }
    }
    Ok(())
}

/// Whether the name (lower case) belongs to the headers that only we may set.
#[must_use]
pub fn names_identity(name: &str) -> bool {
    IDENTITY.contains(&name) || IDENTITY_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        // Some servers read `_` as `-`; nobody honest sends it.
        || (name.contains('_') && names_identity(&name.replace('_', "-")))
}

fn is_read_by_us(name: &HeaderName) -> bool {
    name.as_str().starts_with("ijazat-") || *name == IDEMPOTENCY_KEY || *name == TRACEPARENT || ONCE.contains(name)
}

fn bytes_max(name: &HeaderName) -> usize {
    if *name == header::AUTHORIZATION
        || matches!(name.as_str(), "ijazat-user-assertion" | "ijazat-second-assertion" | "ijazat-permit")
    {
        limits::TOKEN_HEADER_BYTES_MAX
    } else {
        limits::OWN_HEADER_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(lines: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn headers_that_claim_an_identity_are_taken_away() {
        let foreign = [
            "X-User",
            "X-Org",
            "X-Forwarded-For",
            "X-Forwarded-Client-Cert",
            "Forwarded",
            "X-Real-IP",
            "X-Client-Cert",
            "X-SSL-Client-S-DN",
            "Ijazat-Agency",
            "Ijazat-Permit",
            "Via",
            "x_forwarded_for",
            "X_Real_IP",
            "X-Authenticated-Userid",
            "X-HTTP-Method-Override",
        ];
        for name in foreign {
            let mut headers = map(&[(name, "bank-indus"), ("Ijazat-User", "teller-1"), ("Accept", "*/*")]);
            assert_eq!(clean(&mut headers), Ok(()), "{name}");
            assert_eq!(headers, map(&[("Ijazat-User", "teller-1"), ("Accept", "*/*")]), "{name}");
        }
    }

    #[test]
    fn what_we_read_comes_once_and_is_short_and_plain() {
        let long = "x".repeat(limits::OWN_HEADER_BYTES_MAX + 1);
        let check = |lines: &[(&str, &str)], expected| assert_eq!(clean(&mut map(lines)), expected, "{lines:?}");
        check(&[("Ijazat-User", "a"), ("Accept", "a"), ("Accept", "b")], Ok(()));
        check(&[("Authorization", &long)], Ok(()));
        check(&[("X-Whatever", &long)], Ok(()));
        check(&[("X-Forwarded-For", "a"), ("X-Forwarded-For", "b")], Ok(()));
        check(&[("Ijazat-User", "a"), ("Ijazat-User", "a")], Err(HeaderFault));
        check(&[("Authorization", "a"), ("authorization", "b")], Err(HeaderFault));
        check(&[("Content-Type", "a"), ("Content-Type", "b")], Err(HeaderFault));
        check(&[("Host", "a"), ("Host", "b")], Err(HeaderFault));
        check(&[("Idempotency-Key", "a"), ("Idempotency-Key", "b")], Err(HeaderFault));
        check(&[("Ijazat-Purpose", &long)], Err(HeaderFault));
        check(&[("Ijazat-User", "a\tb")], Err(HeaderFault));
        let mut many = HeaderMap::new();
        for n in 0..=limits::HEADERS_MAX {
            many.append(HeaderName::try_from(format!("x-{n}")).unwrap(), HeaderValue::from_static("v"));
        }
        assert_eq!(clean(&mut many), Err(HeaderFault));
    }
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod laws;

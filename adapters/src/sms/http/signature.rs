//! The signature of a webhook: who sent it, and when.

use aws_lc_rs::hmac;
use exchange::timestamp::Timestamp;

use super::limits;

/// Header with `t=SECONDS,v1=HEX`: seconds since 1970, and HMAC-SHA256 of `SECONDS.METHOD PATH.BODY` by the shared secret. PATH is
/// written as in the request's first line, with its query if it has one.
pub const SIGNATURE_HEADER: &str = "ijazat-sms-signature";

/// A signature as it was sent, of about now; by whom is not known before [`Signature::holds`].
#[derive(Debug)]
pub struct Signature<'a> {
    seconds: &'a str,
    digest: [u8; 32],
}

impl<'a> Signature<'a> {
    /// Reads the header; nothing when it is malformed, or of another time than now.
    pub fn read(header: &'a str, now: Timestamp) -> Option<Self> {
        let (seconds, hex_digest) = header.strip_prefix("t=")?.split_once(",v1=")?;
        if !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let at: i64 = seconds.parse().ok()?;
        if now.seconds().abs_diff(at) > limits::SIGNED_WITHIN_S {
            return None;
        }
        let mut digest = [0; 32];
        hex::decode_to_slice(hex_digest, &mut digest).ok()?;
        Some(Self { seconds, digest })
    }

    /// Whether it is the key's holder's, for this request. How long that takes tells nothing.
    pub fn holds(&self, key: &hmac::Key, method: &str, path: &str, body: &[u8]) -> bool {
        let mut signed = format!("{}.{method} {path}.", self.seconds).into_bytes();
        signed.extend_from_slice(body);
        hmac::verify(key, &signed, &self.digest).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1795000000.POST /sms/mo.{}' | openssl dgst -sha256 -hmac aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`.
    const DIGEST: &str = "6b58ca3fcc7ddbfbf7d3c791223c8c300e778cab82a65dabf5ad7f7b343e9596";

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[b'a'; 32])
    }

    fn read(header: &str, at_s: i64) -> Option<Signature<'_>> {
        Signature::read(header, Timestamp::from_micros(at_s * 1_000_000))
    }

    #[test]
    fn a_signature_holds_for_its_own_request_alone() {
        let header = format!("t=1795000000,v1={DIGEST}");
        let signature = read(&header, 1_795_000_000).unwrap();
        assert!(signature.holds(&key(), "POST", "/sms/mo", b"{}"));
        assert!(!signature.holds(&key(), "POST", "/sms/dlr", b"{}"));
        assert!(!signature.holds(&key(), "PUT", "/sms/mo", b"{}"));
        assert!(!signature.holds(&key(), "POST", "/sms/mo", b"{ }"));
        assert!(!signature.holds(&hmac::Key::new(hmac::HMAC_SHA256, &[b'b'; 32]), "POST", "/sms/mo", b"{}"));
        let moved = format!("t=1795000001,v1={DIGEST}");
        assert!(!read(&moved, 1_795_000_000).unwrap().holds(&key(), "POST", "/sms/mo", b"{}"));
    }

    #[test]
    fn a_signature_is_of_now_within_five_minutes() {
        let header = format!("t=1795000000,v1={DIGEST}");
        let check =
            |late_s: i64, expected| assert_eq!(read(&header, 1_795_000_000 + late_s).is_some(), expected, "{late_s}");
        check(0, true);
        check(300, true);
        check(-300, true);
        check(301, false);
        check(-301, false);
        check(360, false);
    }

    #[test]
    fn a_malformed_signature_is_none() {
        let short = DIGEST.get(2..).unwrap();
        for header in [
            String::new(),
            format!("v1={DIGEST},t=1795000000"),
            format!("t=1795000000, v1={DIGEST}"),
            format!("t=+1795000000,v1={DIGEST}"),
            format!("t=,v1={DIGEST}"),
            format!("t=99999999999999999999,v1={DIGEST}"),
            format!("t=9223372036854775807,v1={DIGEST}"),
            format!("t=1795000000,v1={short}"),
            format!("t=1795000000,v1={short}zz"),
            format!("t=1795000000,v1={DIGEST},v1={DIGEST}"),
        ] {
            assert!(read(&header, 1_795_000_000).is_none(), "{header}");
        }
    }
}

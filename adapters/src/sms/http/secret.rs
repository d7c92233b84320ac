//! Secrets of the aggregator's contract: they print masked and are wiped when dropped.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use zeroize::Zeroizing;

use super::limits;

/// Why a text is no secret of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// So short that it can be guessed, or too long for a URL.
    #[error("a webhook's secret has {} to {} bytes", limits::SECRET_BYTES_MIN, limits::SECRET_BYTES_MAX)]
    Length,
    /// A character that URLs or Kannel would change.
    #[error("a webhook's secret consists of letters, digits, `-` and `_`")]
    Character,
}

/// What an aggregator and we share: the key of its signatures, or a token where it cannot sign.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<String>);

impl WebhookSecret {
    /// Reads 32 to 128 letters, digits, `-` and `_`: base64url or hexadecimal digits of something random.
    ///
    /// # Errors
    /// [`SecretError`], without repeating the text.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        if !(limits::SECRET_BYTES_MIN..=limits::SECRET_BYTES_MAX).contains(&text.len()) {
            return Err(SecretError::Length);
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if plain { Ok(Self(Zeroizing::new(text.to_owned()))) } else { Err(SecretError::Character) }
    }

    /// The key of signatures: the text's bytes as they are.
    pub(super) fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes())
    }

    /// Whether the text is the token; how long it takes tells nothing but the length.
    pub(super) fn is(&self, given: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), given.as_bytes()).is_ok()
    }

    /// The token, for the URL of receipts only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_plain_and_never_printed() {
        let check = |text: &str, expected| assert_eq!(WebhookSecret::parse(text).map(|_| ()), expected, "{text}");
        check(&"a".repeat(32), Ok(()));
        check(&"Az-_".repeat(32), Ok(()));
        check(&"a".repeat(31), Err(SecretError::Length));
        check(&"a".repeat(129), Err(SecretError::Length));
        check(&"%".repeat(32), Err(SecretError::Character));
        let secret = WebhookSecret::parse(&"a".repeat(32)).unwrap();
        assert_eq!(
            format!("{secret:?} {:?}", crate::sms::password::Password::new("aaa".to_owned())),
            "WebhookSecret(***) Password(***)"
        );
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let secret = WebhookSecret::parse(&"a".repeat(32)).unwrap();
        assert!(secret.is(&"a".repeat(32)));
        for other in ["", "a", &"a".repeat(31), &"a".repeat(33), &"b".repeat(32)] {
            assert!(!secret.is(other), "{other}");
        }
    }
}

//! The six digits that a citizen reads to the clerk or texts, the two of the clerk's screen, and the code that stands for them.

use std::fmt;

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{
    ids::{AgencyId, UserId},
    ports::entropy::Entropy,
};

/// How many passcodes there are.
const PASSCODES: u32 = 1_000_000;

/// Draws before a biased one is taken: each is refused once in 4,500 times, so this never happens.
const DRAWS_MAX: usize = 64;

/// Bytes below this are two digits without favour: twice a hundred.
const FAIR_BYTES: u8 = 200;

/// Names the form of what the code of an answer by SMS covers.
const REPLY_LABEL: &[u8] = b"ijazat-sms-reply-1";

/// Six digits. Prints masked; its text leaves it only through [`Self::expose`].
#[derive(Clone)]
pub struct Passcode(Zeroizing<String>);

impl Passcode {
    /// Draws one, each of the million as likely as any other.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let fair_below = u32::MAX - u32::MAX % PASSCODES;
        let mut value = 0;
        for _ in 0..DRAWS_MAX {
            let mut bytes = [0; 4];
            entropy.fill(&mut bytes);
            value = u32::from_le_bytes(bytes);
            if value < fair_below {
                break;
            }
        }
        Self(Zeroizing::new(format!("{:06}", value % PASSCODES)))
    }

    /// Reads exactly six ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The digits, for the message to the citizen only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Passcode {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Passcode {}

impl fmt::Debug for Passcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passcode(******)")
    }
}

/// The two digits on the agency's screen, which the citizen texts behind the passcode: a yes that nobody stands before is none
/// (design/consent.md, decision 2). Prints masked.
#[derive(Clone)]
pub struct ScreenNumber(Zeroizing<String>);

impl ScreenNumber {
    /// Draws one, each of the hundred as likely as any other.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 1];
        for _ in 0..DRAWS_MAX {
            entropy.fill(&mut bytes);
            if bytes < [FAIR_BYTES] {
                break;
            }
        }
        let [value] = bytes;
        Self(Zeroizing::new(format!("{:02}", value % 100)))
    }

    /// Reads exactly two ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The digits, for the agency's screen only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for ScreenNumber {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for ScreenNumber {}

impl fmt::Debug for ScreenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScreenNumber(**)")
    }
}

/// What a passcode is a yes to: change any of it, and the passcode is another's (design/consent.md, decision 3).
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The request's handle as the agency holds it.
    pub auth_req_id: &'a str,
    /// SHA-256 of the canonical authorization details.
    pub details_sha256: &'a [u8; 32],
    /// The agency that asked.
    pub agency: &'a AgencyId,
    /// The user who asked.
    pub user: &'a UserId,
}

/// The same for an answer by SMS, which does not carry the request's handle: the handle's hash stands for it, and the digits of the
/// screen are part of what must be right.
#[derive(Clone, Copy, Debug)]
pub struct ReplyBinding<'a> {
    /// The hash that the request's handle is stored under.
    pub id_hash: &'a str,
    /// SHA-256 of the canonical authorization details.
    pub details_sha256: &'a [u8; 32],
    /// The agency that asked.
    pub agency: &'a AgencyId,
    /// The user who asked.
    pub user: &'a UserId,
    /// What stands on the user's screen, or what the citizen says stands there.
    pub screen: &'a ScreenNumber,
}

/// HMAC-SHA-256 of a passcode and all that it is bound to: what stores keep in its place.
#[derive(Clone)]
pub struct PasscodeMac([u8; 32]);

impl PasscodeMac {
    /// From the bytes that a store kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes for a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for PasscodeMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasscodeMac(…)")
    }
}

/// The key without which a million guesses at a stolen store find nothing; never in a database or its backup.
pub struct Pepper(hmac::Key);

impl Pepper {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The code of a passcode in its binding.
    #[must_use]
    pub fn mac(&self, binding: Binding<'_>, passcode: &Passcode) -> PasscodeMac {
        self.code(&[
            binding.auth_req_id.as_bytes(),
            binding.details_sha256,
            binding.agency.as_str().as_bytes(),
            binding.user.as_str().as_bytes(),
            passcode.expose().as_bytes(),
        ])
    }

    /// The code of a passcode that is texted, with the digits of the screen. It has two parts more than [`Self::mac`] covers and begins
    /// with a name of its own: no code of one way of answering is ever one of the other.
    #[must_use]
    pub fn reply_mac(&self, binding: ReplyBinding<'_>, passcode: &Passcode) -> PasscodeMac {
        self.code(&[
            REPLY_LABEL,
            binding.id_hash.as_bytes(),
            binding.details_sha256,
            binding.agency.as_str().as_bytes(),
            binding.user.as_str().as_bytes(),
            passcode.expose().as_bytes(),
            binding.screen.expose().as_bytes(),
        ])
    }

    /// Each part is preceded by its length, so that no two lists of parts read alike.
    fn code(&self, parts: &[&[u8]]) -> PasscodeMac {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut mac = [0; 32];
        mac.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        PasscodeMac(mac)
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Gives the listed words, then zeros.
    #[derive(Debug)]
    struct Words(Mutex<Vec<u32>>);
    impl Entropy for Words {
        fn fill(&self, bytes: &mut [u8]) {
            let mut words = self.0.lock().unwrap();
            let word = if words.is_empty() { 0 } else { words.remove(0) };
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }

    #[test]
    fn a_draw_that_would_favour_low_numbers_is_drawn_again() {
        let check = |words: &[u32], expected| {
            assert_eq!(Passcode::draw(&Words(Mutex::new(words.to_vec()))).expose(), expected, "{words:?}");
        };
        check(&[7], "000007");
        check(&[4_293_999_999], "999999");
        check(&[4_294_000_000, 482_913], "482913");
        check(&[u32::MAX, u32::MAX, 1_000_001], "000001");
    }

    #[test]
    fn a_passcode_is_six_digits_and_prints_masked() {
        for (text, expected) in
            [("482913", true), ("48291", false), ("4829130", false), ("48291a", false), ("۴۸۲", false)]
        {
            assert_eq!(Passcode::parse(text).is_some(), expected, "{text}");
        }
        assert_eq!(format!("{:?}", Passcode::parse("482913").unwrap()), "Passcode(******)");
    }

    #[test]
    fn a_screen_number_is_two_fair_digits_and_prints_masked() {
        /// Gives the listed bytes, then zeros.
        #[derive(Debug)]
        struct Bytes(Mutex<Vec<u8>>);
        impl Entropy for Bytes {
            fn fill(&self, bytes: &mut [u8]) {
                let mut left = self.0.lock().unwrap();
                bytes.fill_with(|| if left.is_empty() { 0 } else { left.remove(0) });
            }
        }
        let check = |bytes: &[u8], expected| {
            assert_eq!(ScreenNumber::draw(&Bytes(Mutex::new(bytes.to_vec()))).expose(), expected, "{bytes:?}");
        };
        check(&[7], "07");
        check(&[99], "99");
        check(&[100], "00");
        check(&[199], "99");
        check(&[200, 255, 42], "42");
        check(&[255; 70], "55");
        for (text, expected) in [("47", true), ("4", false), ("471", false), ("4a", false), ("۴", false)] {
            assert_eq!(ScreenNumber::parse(text).is_some(), expected, "{text}");
        }
        assert_eq!(format!("{:?}", ScreenNumber::parse("47").unwrap()), "ScreenNumber(**)");
    }

    #[test]
    fn any_change_of_the_request_makes_the_passcode_anothers() {
        let (bank, telco) = (AgencyId::parse("bank-indus").unwrap(), AgencyId::parse("telco-sarhad").unwrap());
        let (teller, clerk) = (UserId::parse("teller-1").unwrap(), UserId::parse("clerk-1").unwrap());
        let own = Binding { auth_req_id: "abc", details_sha256: &[1; 32], agency: &bank, user: &teller };
        let pepper = Pepper::new(&[5; 32]);
        let code = Passcode::parse("482913").unwrap();
        let mac = pepper.mac(own, &code);
        assert!(mac.matches(&pepper.mac(own, &Passcode::parse("482913").unwrap())));
        let check = |other: PasscodeMac| assert!(!mac.matches(&other));
        check(pepper.mac(Binding { auth_req_id: "abd", ..own }, &code));
        check(pepper.mac(Binding { details_sha256: &[2; 32], ..own }, &code));
        check(pepper.mac(Binding { agency: &telco, ..own }, &code));
        check(pepper.mac(Binding { user: &clerk, ..own }, &code));
        check(pepper.mac(own, &Passcode::parse("482914").unwrap()));
        check(Pepper::new(&[6; 32]).mac(own, &code));
    }
}

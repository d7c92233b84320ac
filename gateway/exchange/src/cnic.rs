//! The number on the identity card.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A computerised national identity card number: thirteen digits, checked once.
///
/// The parity of the last digit and the prefix are only hints (design/registry.md, 2.4), so nothing else is checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cnic(u64);

impl Cnic {
    /// Digits in a CNIC: five of locality, seven of family, one of gender.
    pub const DIGITS: usize = 13;

    /// Reads `42101-1234567-1` or `4210112345671`.
    ///
    /// # Errors
    /// [`CnicError`] says which rule the text broke, without repeating the text.
    pub fn parse(text: &str) -> Result<Self, CnicError> {
        let mut value = 0_u64;
        let mut count = 0;
        let mut hyphens = 0;
        for (place, byte) in text.bytes().enumerate() {
            match byte {
                b'-' if place == 5 || place == 13 => hyphens += 1,
                b'0'..=b'9' if count == Self::DIGITS => return Err(CnicError::TooLong),
                b'0'..=b'9' => {
                    value = value * 10 + u64::from(byte - b'0');
                    count += 1;
                }
                _ => return Err(CnicError::NotADigit),
            }
        }
        match (count, hyphens) {
            (Self::DIGITS, 0 | 2) => Ok(Self(value)),
            // One of the two hyphens, or one behind the last digit: a third spelling of the same number.
            (Self::DIGITS, _) => Err(CnicError::NotADigit),
            _ => Err(CnicError::TooShort),
        }
    }

    /// The thirteen digits without hyphens. For upstreams and sealed records only: never for a log line.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:013}", self.0)
    }

    /// The number as an integer, for stores that index it.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// Reads back [`Self::as_u64`].
    ///
    /// # Errors
    /// [`CnicError::TooLong`] if the value has more than thirteen digits.
    pub fn from_u64(value: u64) -> Result<Self, CnicError> {
        if value < 10_u64.pow(13) { Ok(Self(value)) } else { Err(CnicError::TooLong) }
    }
}

impl TryFrom<String> for Cnic {
    type Error = CnicError;
    fn try_from(text: String) -> Result<Self, CnicError> {
        Self::parse(&text)
    }
}

impl From<Cnic> for String {
    fn from(cnic: Cnic) -> String {
        cnic.digits()
    }
}

/// Shows the last two digits only, so that a log line cannot name a citizen.
impl fmt::Debug for Cnic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cnic(***********{:02})", self.0 % 100)
    }
}

/// Why a text is not a [`Cnic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CnicError {
    /// A character other than a digit or a hyphen in its place.
    #[error("cnic has a character that is not a digit")]
    NotADigit,
    /// More than thirteen digits.
    #[error("cnic has more than thirteen digits")]
    TooLong,
    /// Fewer than thirteen digits.
    #[error("cnic has fewer than thirteen digits")]
    TooShort,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cnic_is_thirteen_digits_with_or_without_hyphens() {
        let check = |text, expected| assert_eq!(Cnic::parse(text).map(|c| format!("{c:?}")), expected, "{text}");
        check("42101-1234567-1", Ok("Cnic(***********71)".into()));
        check("4210112345671", Ok("Cnic(***********71)".into()));
        check("421011234567", Err(CnicError::TooShort));
        check("42101123456710", Err(CnicError::TooLong));
        check("4210112345e71", Err(CnicError::NotADigit));
        check("4210-11234567-1", Err(CnicError::NotADigit));
        check("", Err(CnicError::TooShort));
    }

    #[test]
    fn leading_zeros_survive() {
        let cnic = Cnic::parse("0000000000017").unwrap();
        assert_eq!(cnic.digits(), "0000000000017");
        assert_eq!(Cnic::from_u64(cnic.as_u64()), Ok(cnic));
    }
}

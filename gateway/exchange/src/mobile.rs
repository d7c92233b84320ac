//! A Pakistani mobile number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A mobile number of Pakistan: `+92 3` and nine more digits; nothing else is ever dialled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mobile(u64);

impl Mobile {
    /// Reads `+923001234567`, `923001234567` or `03001234567`.
    ///
    /// # Errors
    /// [`MobileError`], without repeating the text.
    pub fn parse(text: &str) -> Result<Self, MobileError> {
        let national = text
            .strip_prefix("+92")
            .or_else(|| text.strip_prefix("92"))
            .or_else(|| text.strip_prefix('0'))
            .ok_or(MobileError)?;
        let plain = national.len() == 10 && national.starts_with('3') && national.bytes().all(|b| b.is_ascii_digit());
        if !plain {
            return Err(MobileError);
        }
        national.parse().map(Self).map_err(|_| MobileError)
    }

    /// The number in E.164 form, for the SMS transport only.
    #[must_use]
    pub fn e164(self) -> String {
        format!("+92{}", self.0)
    }
}

impl TryFrom<String> for Mobile {
    type Error = MobileError;
    fn try_from(text: String) -> Result<Self, MobileError> {
        Self::parse(&text)
    }
}

impl From<Mobile> for String {
    fn from(mobile: Mobile) -> String {
        mobile.e164()
    }
}

/// Shows the last two digits only.
impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mobile(+92********{:02})", self.0 % 100)
    }
}

/// The text is not a mobile number of Pakistan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mobile number of Pakistan (+923xxxxxxxxx)")]
pub struct MobileError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pakistani_mobiles_are_dialled() {
        let check = |text, expected: Option<&str>| {
            assert_eq!(Mobile::parse(text).ok().map(Mobile::e164).as_deref(), expected, "{text}");
        };
        check("+923001234567", Some("+923001234567"));
        check("923001234567", Some("+923001234567"));
        check("03001234567", Some("+923001234567"));
        check("+447700900123", None);
        check("0211234567", None);
        check("+92300123456", None);
        assert_eq!(format!("{:?}", Mobile::parse("03001234567").unwrap()), "Mobile(+92********67)");
    }
}

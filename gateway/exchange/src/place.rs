//! The name of a place that a user works in: a district, an office, a branch.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::limits;

/// The plain name of a district or office, as its agency writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(Arc<str>);

/// Why a text is not the name of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Nothing was given, or there are blanks around it.
    #[error("a place has a name without blanks around it")]
    Blank,
    /// Longer than [`limits::PLACE_CHARS_MAX`].
    #[error("the name of a place has at most {} characters", limits::PLACE_CHARS_MAX)]
    TooLong,
    /// A character other than a letter, a digit, a space or one of `-.,'()/`.
    #[error("the name of a place has letters, digits, spaces and -.,'()/ only")]
    Character,
}

impl Place {
    /// Reads the name of a place.
    ///
    /// # Errors
    /// [`PlaceError`] says which rule the text broke.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        if text.is_empty() || text.trim() != text {
            return Err(PlaceError::Blank);
        }
        if text.chars().count() > limits::PLACE_CHARS_MAX {
            return Err(PlaceError::TooLong);
        }
        let plain = |c: char| c.is_alphanumeric() || " -.,'()/".contains(c);
        if text.chars().all(plain) { Ok(Self(Arc::from(text))) } else { Err(PlaceError::Character) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        Self::parse(&text)
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_plain_name() {
        let check = |text: &str, expected| assert_eq!(Place::parse(text).map(|_| ()), expected, "{text}");
        for name in ["Badin", "Dera Ghazi Khan", "Branch 7 (Saddar), Karachi", "بدین", &"x".repeat(60)] {
            check(name, Ok(()));
            let text = serde_json::to_string(&Place::parse(name).unwrap()).unwrap();
            assert_eq!(serde_json::from_str::<Place>(&text).unwrap().to_string(), name);
        }
        check("", Err(PlaceError::Blank));
        check(" Badin", Err(PlaceError::Blank));
        check("Badin\n", Err(PlaceError::Blank));
        check(&"x".repeat(61), Err(PlaceError::TooLong));
        for name in ["a\nb", "a\u{202e}b", "a\"b", "a\0b", "a=b"] {
            check(name, Err(PlaceError::Character));
        }
        assert!(serde_json::from_str::<Place>("\"\"").is_err());
    }
}

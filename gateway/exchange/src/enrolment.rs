//! What is enrolled of a body: which part, of whom by age, and why something is missing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{day::Day, directory::User};

/// Years that nobody has lived: a birth before them is a slip of the pen.
pub const AGE_YEARS_MAX: u16 = 150;

/// Part of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Photograph.
    Face,
    /// Fingers.
    Fingerprint,
    /// Irises.
    Iris,
}

/// Why a sample lacks something, or there is none. The first three are OSIA's own words for what is not there; the others are
/// what S0 §9.5.6.2 exempts beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It was cut off.
    Amputated,
    /// It is under a bandage.
    Bandaged,
    /// It is hurt.
    Damaged,
    /// Tried, and never good enough: worn skin, age, a child that does not hold still.
    UnableToCapture,
    /// A physician's reason.
    Medical,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal,)* }) => {
        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads a word exactly as [`Self::as_str`] writes it.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! { Modality { Face = "face", Fingerprint = "fingerprint", Iris = "iris", } }
words! {
    Missing {
        Amputated = "amputated",
        Bandaged = "bandaged",
        Damaged = "damaged",
        UnableToCapture = "unable_to_capture",
        Medical = "medical",
    }
}

/// What the policies must know of an enrolment. Neither the sample nor a name is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrolmentFacts {
    /// Part of the body.
    pub modality: Modality,
    /// Day of birth.
    pub born: Day,
    /// Whether the request carries a sample.
    pub sample: bool,
    /// Why the sample lacks something or there is none.
    pub missing: Option<Missing>,
    /// The user who stands by the one who asks, as the directory knows them.
    pub supervisor: Option<Arc<User>>,
}

/// Which parameter of an enrolment is wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// No such part of the body is enrolled.
    #[error("`modality` is not one of face, fingerprint, iris")]
    Modality,
    /// No day, or one that nobody alive can have been born on.
    #[error("`born` is not a day within the last {AGE_YEARS_MAX} years, up to today")]
    Born,
    /// A reason that no list has.
    #[error("`missing_reason` is not one of amputated, bandaged, damaged, unable_to_capture, medical")]
    Missing,
}

impl EnrolmentError {
    /// The parameter's name.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Modality => "modality",
            Self::Born => "born",
            Self::Missing => "missing_reason",
        }
    }
}

impl EnrolmentFacts {
    /// Reads the parameters of `biometrics.enrol`; `today` is the day in Asia/Karachi. The caller adds sample and supervisor.
    ///
    /// # Errors
    /// [`EnrolmentError`] names the parameter.
    pub fn read(modality: &str, born: &str, missing: Option<&str>, today: Day) -> Result<Self, EnrolmentError> {
        let modality = Modality::parse(modality).ok_or(EnrolmentError::Modality)?;
        let born = Day::parse(born).map_err(|_| EnrolmentError::Born)?;
        if born > today || born.age_on(today) > AGE_YEARS_MAX {
            return Err(EnrolmentError::Born);
        }
        let missing = missing.map(|word| Missing::parse(word).ok_or(EnrolmentError::Missing)).transpose()?;
        Ok(Self { modality, born, sample: false, missing, supervisor: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enrolment_is_read_or_its_parameter_named() {
        let today = Day::parse("2026-11-22").unwrap();
        let check = |modality: &str, born: &str, missing: Option<&str>, wrong: Option<&str>| {
            let read = EnrolmentFacts::read(modality, born, missing, today);
            assert_eq!(read.map_or_else(|error| Some(error.parameter()), |_| None), wrong, "{modality} {born}");
        };
        check("fingerprint", "2020-02-29", None, None);
        check("face", "2026-11-22", None, None);
        check("iris", "1876-11-21", Some("medical"), None);
        check("iris", "1875-11-23", None, None);
        check("iris", "1875-11-22", None, Some("born"));
        check("face", "2026-11-23", None, Some("born"));
        check("face", "2025-02-29", None, Some("born"));
        check("face", "", None, Some("born"));
        check("voice", "2020-02-29", None, Some("modality"));
        check("Face", "2020-02-29", None, Some("modality"));
        check("face", "2020-02-29", Some("shy"), Some("missing_reason"));
    }

    #[test]
    fn a_word_is_what_it_is_on_the_wire() {
        for &modality in Modality::ALL {
            assert_eq!(Modality::parse(modality.as_str()), Some(modality));
            assert_eq!(serde_json::to_value(modality).unwrap(), modality.as_str());
        }
        for &missing in Missing::ALL {
            assert_eq!(Missing::parse(missing.as_str()), Some(missing));
            assert_eq!(serde_json::to_value(missing).unwrap(), missing.as_str());
        }
    }
}

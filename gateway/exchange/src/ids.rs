//! Identifiers: short text that names one thing, checked once.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("identifier is empty")]
    Empty,
    /// Longer than [`limits::ID_BYTES_MAX`].
    #[error("identifier has more than {} bytes", limits::ID_BYTES_MAX)]
    TooLong,
    /// A character other than a letter, a digit or one of `._@-`.
    #[error("identifier has a character that is not a letter, a digit or one of ._@-")]
    Character,
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > limits::ID_BYTES_MAX {
        return Err(IdError::TooLong);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    if text.bytes().all(allowed) { Ok(()) } else { Err(IdError::Character) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads an identifier: 1 to 96 letters, digits and `._@-`.
            ///
            /// # Errors
            /// [`IdError`] says which rule the text broke.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

ids! {
    /// An organisation with a certificate, such as `bank-indus`.
    AgencyId;
    /// A person of an agency, unique within that agency.
    UserId;
    /// A data-sharing agreement.
    AgreementId;
    /// A registered reason such as `KYC-101`.
    PurposeCode;
    /// One catalogue entry such as `identity.kyc`.
    ServiceId;
    /// A named group of fields with one classification, such as `nser.pmt`.
    DatatypeId;
    /// A Cedar policy's `@id`.
    PolicyId;
    /// A citizen's consent.
    ConsentId;
    /// A forum's recorded decision.
    ApprovalId;
    /// A standing instrument that lets an agency read without an SMS each.
    ProgrammeId;
    /// An upstream behind the door, such as `registry`.
    UpstreamId;
    /// One request, given to the client in `Ijazat-Request-Id`.
    RequestId;
    /// A line of the tariff such as `yes-no`.
    TariffKey;
    /// A decision to serve an agency for nothing.
    GratisId;
    /// A bound on what a kind of agency, an agency, a place or a user may have in each period.
    QuotaId;
    /// Version of a rate book, such as `2026-07`.
    RateVersion;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_short_and_plain() {
        let check = |text: &str, expected| assert_eq!(AgencyId::parse(text).map(|_| ()), expected, "{text}");
        check("bank-indus", Ok(()));
        check("agr-7@rev3", Ok(()));
        check("", Err(IdError::Empty));
        check("a b", Err(IdError::Character));
        check("a\nb", Err(IdError::Character));
        check("بینک", Err(IdError::Character));
        check(&"x".repeat(97), Err(IdError::TooLong));
    }
}

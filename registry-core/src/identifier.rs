//! Numbers that name a person, and whether they may still be relied on.

use exchange::cnic::Cnic;

use crate::date::Day;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every word, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in stores and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads the word back.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}
pub(crate) use words;

words! {
    /// What kind of number it is. All kinds share thirteen digits, so that one number names one person (decisions.md).
    IdentifierKind {
        /// Computerised national identity card, from 18 years on.
        Cnic = "CNIC",
        /// Child registration certificate; the same number later stands on the card.
        Crc = "CRC",
        /// Unique identification number, issued at birth.
        Uin = "UIN",
        /// Card for overseas Pakistanis.
        Nicop = "NICOP",
        /// Pakistan Origin Card.
        Poc = "POC",
        /// Proof of registration of a refugee.
        Por = "PoR",
    }
    /// What was decided about the number. Expiry is not a decision: it follows from the date.
    IdentifierState {
        /// In use.
        Active = "active",
        /// Blocked by the registrar.
        Blocked = "blocked",
        /// Impounded under a case; nothing of the person is released (design/registry.md, invariant 14).
        Impounded = "impounded",
        /// Ended for good.
        Cancelled = "cancelled",
    }
}

/// One number of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// What kind of number it is.
    pub kind: IdentifierKind,
    /// The number.
    pub value: Cnic,
    /// What was decided about it.
    pub state: IdentifierState,
    /// Last day on which the card is valid; `None` for numbers that never expire.
    pub expires: Option<Day>,
}

impl Identifier {
    /// Whether the card's last day lies before this one.
    #[must_use]
    pub fn expired_on(&self, day: Day) -> bool {
        self.expires.is_some_and(|last| last < day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_valid_through_its_last_day() {
        let day = |text| Day::parse(text).unwrap();
        let card = |expires| Identifier {
            kind: IdentifierKind::Cnic,
            value: Cnic::parse("4010112345671").unwrap(),
            state: IdentifierState::Active,
            expires,
        };
        let check = |expires, on, expected| assert_eq!(card(expires).expired_on(day(on)), expected, "{on}");
        check(Some(day("2026-11-22")), "2026-11-22", false);
        check(Some(day("2026-11-22")), "2026-11-23", true);
        check(None, "2026-11-23", false);
    }

    #[test]
    fn every_word_reads_back() {
        for &kind in IdentifierKind::ALL {
            assert_eq!(IdentifierKind::parse(kind.as_str()), Some(kind));
        }
        for &state in IdentifierState::ALL {
            assert_eq!(IdentifierState::parse(state.as_str()), Some(state));
        }
        assert_eq!(IdentifierKind::parse("cnic"), None);
    }
}

//! The closed vocabularies of the law: classes, roles, forums, sectors, channels.

use serde::{Deserialize, Serialize};

macro_rules! vocabulary {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Every word of the vocabulary, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as it stands in Cedar, records, SQL, JSON and text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads a word of the vocabulary exactly as [`Self::as_str`] writes it.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

vocabulary! {
    /// Class of a datatype (S3 §6.2), in rising order.
    Classification {
        /// Needs no authorisation.
        Public = "Public",
        /// Needs an authorised forum, a secure channel and a non-disclosure agreement.
        Confidential = "Confidential",
        /// Needs the Board's approval for each request, Government only.
        Secret = "Secret",
    }
    /// Role of a user or of an agreement (S3 §8.2.1), in rising order.
    Role {
        /// Confidential data with anonymised identity and a row limit.
        Basic = "Basic",
        /// Confidential data without a row limit.
        Standard = "Standard",
        /// Secret and confidential data.
        Power = "Power",
    }
    /// Who must approve (S3 §7.3).
    Forum {
        /// Published data needs nobody.
        NotRequired = "NotRequired",
        /// Director General NSER.
        DgNser = "DG_NSER",
        /// Secretary BISP.
        SecretaryBisp = "SecretaryBISP",
        /// The BISP Board.
        BispBoard = "BISPBoard",
        /// NADRA, for services of the citizen registry.
        Nadra = "NADRA",
    }
    /// Kind of clientage (S3 §7.2).
    Sector {
        /// Federal Government.
        Federal = "Federal",
        /// A Provincial Government.
        Provincial = "Provincial",
        /// A local government.
        Local = "Local",
        /// A donor with an office in Pakistan.
        Donor = "Donor",
        /// A registered local non-governmental organisation.
        LocalNgo = "LocalNGO",
        /// An international one with the Ministry of Interior's leave.
        IntlNgo = "IntlNGO",
        /// A business registered with the SECP or its regulator.
        Private = "Private",
        /// A citizen with a valid card, for statistics only.
        Citizen = "Citizen",
        /// Any other, with the Secretary's approval.
        Other = "Other",
    }
    /// Lawful ground of one access (decisions.md, Policy).
    BasisKind {
        /// The citizen's own consent.
        Consent = "Consent",
        /// A court's order.
        CourtOrder = "CourtOrder",
        /// An Act.
        Statute = "Statute",
        /// Life or limb.
        VitalInterest = "VitalInterest",
        /// National security.
        NationalSecurity = "NationalSecurity",
        /// A standing instrument naming agency, purpose, datatypes and dates.
        Programme = "Programme",
    }
    /// How the request reached the door.
    Channel {
        /// The mTLS interface for agencies' systems.
        Api = "Api",
        /// The public listener.
        Public = "Public",
        /// A citizen's browser.
        Portal = "Portal",
        /// The short code 8009.
        Sms = "Sms",
        /// One of our own processes.
        Internal = "Internal",
    }
}

impl Sector {
    /// Whether the agency is the State: the only one that Secret data may go to (S3 §6.2).
    #[must_use]
    pub const fn is_public_sector(self) -> bool {
        matches!(self, Self::Federal | Self::Provincial | Self::Local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_roles_rise() {
        assert!(Classification::Public < Classification::Confidential);
        assert!(Classification::Confidential < Classification::Secret);
        assert!(Role::Basic < Role::Standard && Role::Standard < Role::Power);
    }

    #[test]
    fn every_word_reads_back() {
        for &forum in Forum::ALL {
            assert_eq!(Forum::parse(forum.as_str()), Some(forum));
        }
        assert_eq!(Classification::parse("Sercet"), None);
    }
}

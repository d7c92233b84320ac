//! Where a list looks: a district, or one tehsil of it, by the names that addresses have.

use crate::{address::Address, service::RegistryError};

/// An area as a caller names it.
///
/// Blanks around a name and the case of ASCII letters do not count; every other difference does. Folding is done here
/// and not in a database, since no two of them fold alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// District.
    pub district: String,
    /// Tehsil; `None` is the whole district.
    pub tehsil: Option<String>,
}

impl Area {
    /// The area as stores compare it.
    ///
    /// # Errors
    /// [`RegistryError::Parameter`] naming `district` or `tehsil` when it is blank.
    pub fn within(&self) -> Result<Within, RegistryError> {
        let named = |name: &str, what| match folded(name) {
            name if name.is_empty() => Err(RegistryError::Parameter(what)),
            name => Ok(name),
        };
        let district = named(&self.district, "district")?;
        Ok(match &self.tehsil {
            None => Within::District(district),
            Some(tehsil) => Within::Tehsil(TehsilKey { district, tehsil: named(tehsil, "tehsil")? }),
        })
    }
}

/// An area as stores compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Within {
    /// A whole district, folded.
    District(String),
    /// One tehsil.
    Tehsil(TehsilKey),
    /// The whole register.
    Everywhere,
}

impl Within {
    /// Whether a tehsil belongs to the area.
    #[must_use]
    pub fn holds(&self, key: &TehsilKey) -> bool {
        match self {
            Self::District(district) => key.district == *district,
            Self::Tehsil(tehsil) => key == tehsil,
            Self::Everywhere => true,
        }
    }
}

/// A tehsil, folded: the unit of which a sample is one in a hundred.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TehsilKey {
    /// District.
    pub district: String,
    /// Tehsil.
    pub tehsil: String,
}

impl TehsilKey {
    /// The tehsil of these names.
    #[must_use]
    pub fn new(district: &str, tehsil: &str) -> Self {
        Self { district: folded(district), tehsil: folded(tehsil) }
    }

    /// The tehsil of an address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self::new(&address.district, &address.tehsil)
    }
}

fn folded(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(district: &str, tehsil: Option<&str>) -> Area {
        Area { district: district.to_owned(), tehsil: tehsil.map(str::to_owned) }
    }

    #[test]
    fn blanks_and_ascii_case_do_not_count_and_all_else_does() {
        let check = |district, tehsil, expected| {
            let within = area(district, tehsil).within().unwrap();
            assert_eq!(within.holds(&TehsilKey::new("Dera Bugti", "Sui")), expected, "{district} {tehsil:?}");
        };
        check("Dera Bugti", None, true);
        check("Dera Bugti", Some("Sui"), true);
        check("  dera BUGTI\t", Some(" sUI "), true);
        check("Dera  Bugti", None, false);
        check("DeraBugti", None, false);
        check("Dera Bugti", Some("Su"), false);
        check("Dera Bugti", Some("Suí"), false);
        check("Dera", None, false);
        check("Dera%", None, false);
        check("Sui", Some("Dera Bugti"), false);
    }

    #[test]
    fn a_blank_name_is_refused_by_its_parameter() {
        let check = |district, tehsil, name| {
            assert_eq!(area(district, tehsil).within(), Err(RegistryError::Parameter(name)), "{district:?} {tehsil:?}");
        };
        check("", None, "district");
        check(" \t", Some("Sui"), "district");
        check("Dera Bugti", Some(""), "tehsil");
        check("Dera Bugti", Some("  "), "tehsil");
    }

    #[test]
    fn an_address_belongs_to_its_own_tehsil() {
        let address = |district: &str, tehsil: &str| Address {
            province: "Sindh".into(),
            district: district.into(),
            tehsil: tehsil.into(),
            text: "House 1".into(),
        };
        assert_eq!(TehsilKey::of(&address(" THATTA", "Keti Bandar ")), TehsilKey::new("Thatta", "keti bandar"));
        assert_ne!(TehsilKey::of(&address("Keti Bandar", "Thatta")), TehsilKey::new("Thatta", "Keti Bandar"));
    }
}

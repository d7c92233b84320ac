//! Where somebody lives: real areas, free text beneath them.

use std::fmt;

/// A postal address down to the tehsil by name and below it by text.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Province or territory.
    pub province: String,
    /// District.
    pub district: String,
    /// Tehsil or taluka.
    pub tehsil: String,
    /// House, street, village.
    pub text: String,
}

/// Shows the province only, as statistics do.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.province)
    }
}

//! What is really so of a synthetic person, and which errors the register was given: for measuring whoever looks for them.

use crate::{date::Day, identifier::words, name::Name, person::PersonId};

words! {
    /// An error that the generator put into a record.
    Slip {
        /// Only the year of birth was written down (R010).
        YearOnly = "year_only",
        /// The first of January was written down for an unknown day of birth.
        FirstOfJanuary = "first_of_january",
        /// The name is misspelt.
        NameMisspelt = "name_misspelt",
        /// The husband's name stands where the father's belongs.
        HusbandAsFather = "husband_as_father",
        /// The death was never registered.
        DeathUnregistered = "death_unregistered",
        /// The person has no number.
        NoNumber = "no_number",
    }
}

/// The truth of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Whose.
    pub pid: PersonId,
    /// Name without misspelling.
    pub name: Name,
    /// Father's name.
    pub father: Name,
    /// Day of birth.
    pub born: Day,
    /// Day of death.
    pub died: Option<Day>,
    /// Father and mother, if the population has them.
    pub parents: Option<(PersonId, PersonId)>,
    /// Husband or wife.
    pub spouse: Option<PersonId>,
    /// Errors in the record, in the order of the vocabulary.
    pub slips: Vec<Slip>,
}

//! A notice of death: somebody's word that holds a record, until a registrar decides.

use std::fmt;

use exchange::{cnic::Cnic, ids::AgencyId, timestamp::Timestamp};

use crate::{date::Day, person::PersonId};

/// What a feeder says.
#[derive(Clone, PartialEq, Eq)]
pub struct DeathNotice {
    /// Day of death.
    pub died: Day,
    /// Place of death.
    pub place: String,
    /// Who told the feeder.
    pub informant: Option<Cnic>,
    /// Cause, in the feeder's words.
    pub cause: Option<String>,
}

/// A notice tells of a person's death, so nothing of it is shown.
impl fmt::Debug for DeathNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeathNotice(…)")
    }
}

/// A notice as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id: random, so that it says nothing of the person.
    pub id: String,
    /// The person.
    pub person: PersonId,
    /// The agency that sent it.
    pub source: AgencyId,
    /// When it came.
    pub received: Timestamp,
    /// What it says.
    pub content: DeathNotice,
}

/// Where a notice stands after it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Id of the open notice of this person and source: the given one, or that of the notice that was there before.
    pub id: String,
    /// Whether this call placed it.
    pub fresh: bool,
}

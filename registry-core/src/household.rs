//! A household of the socio-economic register, and who belongs to it.

use std::{fmt, sync::Arc};

use serde::Serialize;

use crate::{
    address::Address,
    identifier::words,
    person::{Person, PersonId},
};

/// The register's number of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdId(pub u64);

words! {
    /// Relation of a member to the head.
    Relation {
        /// The head.
        Head = "head",
        /// Husband or wife.
        Spouse = "spouse",
        /// Son.
        Son = "son",
        /// Daughter.
        Daughter = "daughter",
        /// Father.
        Father = "father",
        /// Mother.
        Mother = "mother",
        /// Father of the spouse.
        FatherInLaw = "father_in_law",
        /// Mother of the spouse.
        MotherInLaw = "mother_in_law",
        /// Any other relative.
        Other = "other",
    }
}

words! {
    /// What a member does only with a lot of difficulty or not at all: the six domains of functioning in the Washington
    /// Group's Short Set of questions (2001), which censuses and surveys ask.
    Disability {
        /// No difficulty of that degree.
        None = "none",
        /// Seeing, with glasses if worn.
        Seeing = "seeing",
        /// Hearing, with an aid if worn.
        Hearing = "hearing",
        /// Walking or climbing steps.
        Walking = "walking",
        /// Remembering or concentrating.
        Remembering = "remembering",
        /// Washing or dressing.
        SelfCare = "self_care",
        /// Communicating in the usual language.
        Communicating = "communicating",
        /// More than one of them.
        Several = "several",
    }

    /// The highest level that a member has completed, in the levels of ISCED 2011.
    Education {
        /// Less than primary.
        None = "none",
        /// Level 1.
        Primary = "primary",
        /// Level 2.
        LowerSecondary = "lower_secondary",
        /// Levels 3 and 4.
        UpperSecondary = "upper_secondary",
        /// Levels 5 to 8.
        Tertiary = "tertiary",
    }

    /// What a member lives by: the groups of status in employment of ICSE-93, and those without work.
    Employment {
        /// Works for pay.
        Employee = "employee",
        /// Employs others.
        Employer = "employer",
        /// Works on own account.
        OwnAccount = "own_account",
        /// Works unpaid in the family's business or field.
        FamilyWorker = "family_worker",
        /// Has no work and looks for some.
        Unemployed = "unemployed",
        /// Outside the labour force: in school, at home, retired, unable.
        Outside = "outside_labour_force",
    }
}

/// What the survey wrote of one member; nothing where it asked nothing, as of small children.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// Disability.
    pub disability: Option<Disability>,
    /// Education; asked from five years on.
    pub education: Option<Education>,
    /// Employment; asked from ten years on.
    pub employment: Option<Employment>,
}

/// A person's answers about body and work are not shown.
impl fmt::Debug for Surveyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surveyed(…)")
    }
}

/// A person's place in one household; a person has at most one (design/registry.md, invariant 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The member.
    pub pid: PersonId,
    /// Relation to the head.
    pub relation: Relation,
    /// What the survey wrote of the member.
    pub surveyed: Surveyed,
}

/// One payment of the programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Payment {
    /// Month as `2026-10`.
    pub month: String,
    /// Rupees.
    pub amount: u32,
}

/// A point in millionths of a degree, so that two stores cannot round it differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// North, millionths of a degree.
    pub latitude_e6: i32,
    /// East, millionths of a degree.
    pub longitude_e6: i32,
}

/// A position is somebody's front door, so it is not shown.
impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position(…)")
    }
}

/// A household as surveyed.
#[derive(Clone, PartialEq, Eq)]
pub struct Household {
    /// The register's number.
    pub id: HouseholdId,
    /// Address.
    pub address: Address,
    /// Where the surveyor stood.
    pub position: Option<Position>,
    /// Proxy means test, hundredths of a point, 0 to 10000.
    pub pmt: u16,
    /// What the household owns.
    pub assets: Vec<String>,
    /// Whether the programme pays it.
    pub beneficiary: bool,
    /// Payments, oldest first.
    pub payments: Vec<Payment>,
    /// Members, the head first.
    pub members: Vec<Membership>,
}

/// Shows the register's number only.
impl fmt::Debug for Household {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Household({})", self.id.0)
    }
}

/// A household together with the persons who belong to it, in the order of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gharana {
    /// The household.
    pub household: Household,
    /// Its members, the head first.
    pub persons: Vec<(Relation, Arc<Person>)>,
}

impl Gharana {
    /// What the survey wrote of a member; nothing of who is none.
    #[must_use]
    pub fn surveyed(&self, pid: PersonId) -> Surveyed {
        let member = self.household.members.iter().find(|member| member.pid == pid);
        member.map(|member| member.surveyed).unwrap_or_default()
    }
}

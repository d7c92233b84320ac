//! Which households of an area are meant: by what they own and by who lives there.

use crate::{
    date::{Age, Day},
    household::{Disability, Employment, Gharana, Relation},
    limits::LIST_ASSETS_MAX,
    person::{Gender, LifeStatus, Person},
    service::RegistryError,
};

/// What a household must meet: all that is given. The default is met by every household.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// Assets, all of which it owns. Blanks around a name and the case of ASCII letters do not count.
    pub assets: Vec<String>,
    /// Gender of the head.
    pub head_gender: Option<Gender>,
    /// Members at least, as the register lists them.
    pub members_min: Option<u32>,
    /// Members at most.
    pub members_max: Option<u32>,
    /// Age in whole years that one member has at least: the same member who meets [`Self::member_age_max`].
    pub member_age_min: Option<u32>,
    /// Age in whole years that this member has at most.
    pub member_age_max: Option<u32>,
    /// Disability that this member has.
    pub member_disability: Option<DisabilityAsked>,
    /// What this member lives by.
    pub member_employment: Option<Employment>,
}

/// Which disability is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabilityAsked {
    /// Any, of whatever domain.
    Any,
    /// This one; who has several is found under `several`.
    Of(Disability),
}

impl DisabilityAsked {
    /// Reads `any` or the word of a disability. Who has none cannot be asked for: a list of the healthy serves nobody.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "any" => Some(Self::Any),
            word => Disability::parse(word).filter(|it| *it != Disability::None).map(Self::Of),
        }
    }

    fn is_met_by(self, disability: Option<Disability>) -> bool {
        match self {
            Self::Any => disability.is_some_and(|it| it != Disability::None),
            Self::Of(asked) => disability == Some(asked),
        }
    }
}

impl Criteria {
    /// Whether every household meets them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether they can be met at all.
    ///
    /// # Errors
    /// [`RegistryError::Parameter`] naming the lower of two bounds that leave nothing between them, or `assets` where
    /// there are too many or a blank one.
    pub fn check(&self) -> Result<(), RegistryError> {
        if self.assets.len() > LIST_ASSETS_MAX || self.assets.iter().any(|asset| asset.trim().is_empty()) {
            return Err(RegistryError::Parameter("assets"));
        }
        let crossed = |least: Option<u32>, most: Option<u32>| least.zip(most).is_some_and(|(least, most)| least > most);
        if crossed(self.members_min, self.members_max) {
            return Err(RegistryError::Parameter("members_min"));
        }
        if crossed(self.member_age_min, self.member_age_max) {
            return Err(RegistryError::Parameter("member_age_min"));
        }
        Ok(())
    }

    /// Whether a household meets them on this day.
    #[must_use]
    pub fn are_met_by(&self, gharana: &Gharana, on: Day) -> bool {
        let owned = &gharana.household.assets;
        let owns = |asset: &String| owned.iter().any(|owned| owned.trim().eq_ignore_ascii_case(asset.trim()));
        let members = u32::try_from(gharana.persons.len()).unwrap_or(u32::MAX);
        self.assets.iter().all(owns)
            && self.head_gender.is_none_or(|gender| head(gharana).is_some_and(|head| head.gender == gender))
            && self.members_min.is_none_or(|least| members >= least)
            && self.members_max.is_none_or(|most| members <= most)
            && self.some_member_fits(gharana, on)
    }

    /// How many living members meet all that is asked of a member, in a household that meets the rest on this day.
    #[must_use]
    pub fn members_met_by(&self, gharana: &Gharana, on: Day) -> u64 {
        if !self.are_met_by(gharana, on) {
            return 0;
        }
        gharana.persons.iter().map(|(_, person)| u64::from(self.member_fits(gharana, person, on))).sum()
    }

    /// One member meets all that is asked of a member.
    fn some_member_fits(&self, gharana: &Gharana, on: Day) -> bool {
        let unasked = [self.member_age_min, self.member_age_max] == [None, None]
            && self.member_disability.is_none()
            && self.member_employment.is_none();
        unasked || gharana.persons.iter().any(|(_, person)| self.member_fits(gharana, person, on))
    }

    /// A member meets all that is asked of one. An age is a range where the birthday is unknown, and fits only if the whole
    /// range does: whoever asks for those of age gets nobody who may be younger. The dead have no age.
    fn member_fits(&self, gharana: &Gharana, person: &Person, on: Day) -> bool {
        let (from, to) = match person.birth.age_on(on) {
            Age::Exactly(years) => (years, years),
            Age::Between(from, to) => (from, to),
        };
        let (least, most) = (self.member_age_min.unwrap_or(0), self.member_age_max.unwrap_or(u32::MAX));
        let surveyed = gharana.surveyed(person.pid);
        !matches!(person.life, LifeStatus::Deceased(_))
            && u32::from(from) >= least
            && u32::from(to) <= most
            && self.member_disability.is_none_or(|asked| asked.is_met_by(surveyed.disability))
            && self.member_employment.is_none_or(|asked| surveyed.employment == Some(asked))
    }
}

fn head(gharana: &Gharana) -> Option<&Person> {
    gharana.persons.iter().find(|(relation, _)| *relation == Relation::Head).map(|(_, person)| &**person)
}

#[cfg(test)]
#[path = "criteria_tests.rs"]
mod tests;

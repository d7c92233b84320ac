//! Public statistics: the tables of the register's own, and designs that a forum approved. What of a count may be published,
//! [`crate::suppression`] says.

use exchange::report::{Counts, Design, Level};

use crate::{
    date::Day,
    household::{Employment, Gharana},
    identifier::words,
    listing::{Criteria, DisabilityAsked},
    person::Gender,
};

words! {
    /// A table that a store can count and anyone may ask for; the word is the report's name in its path.
    Table {
        /// Living persons by province or territory of their permanent address.
        PersonsByProvince = "persons-by-province",
        /// Living persons by district of their permanent address.
        PersonsByDistrict = "persons-by-district",
        /// Households that the programme pays, by province or territory.
        BeneficiariesByProvince = "beneficiary-households-by-province",
        /// Households that the programme pays, by district.
        BeneficiariesByDistrict = "beneficiary-households-by-district",
    }
}

impl Table {
    /// Areas by which it is published.
    #[must_use]
    pub const fn by(self) -> Level {
        match self {
            Self::PersonsByProvince | Self::BeneficiariesByProvince => Level::Province,
            Self::PersonsByDistrict | Self::BeneficiariesByDistrict => Level::District,
        }
    }

    /// The table of the same count by the smallest areas that are published: what may be said of the larger ones depends on
    /// them.
    #[must_use]
    pub const fn finest(self) -> Self {
        match self {
            Self::PersonsByProvince => Self::PersonsByDistrict,
            Self::BeneficiariesByProvince => Self::BeneficiariesByDistrict,
            finest => finest,
        }
    }

    /// English title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PersonsByProvince => "Living persons by province or territory",
            Self::PersonsByDistrict => "Living persons by district",
            Self::BeneficiariesByProvince => "Beneficiary households by province or territory",
            Self::BeneficiariesByDistrict => "Beneficiary households by district",
        }
    }

    /// Urdu title.
    #[must_use]
    pub const fn title_ur(self) -> &'static str {
        match self {
            Self::PersonsByProvince => "زندہ افراد بلحاظ صوبہ یا علاقہ",
            Self::PersonsByDistrict => "زندہ افراد بلحاظ ضلع",
            Self::BeneficiariesByProvince => "مستفید گھرانے بلحاظ صوبہ یا علاقہ",
            Self::BeneficiariesByDistrict => "مستفید گھرانے بلحاظ ضلع",
        }
    }
}

/// One counted cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Province or territory.
    pub province: String,
    /// District; empty in tables by province.
    pub district: String,
    /// Tehsil; empty in tables by district or province.
    pub tehsil: String,
    /// How many.
    pub count: u64,
}

/// One published row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// Province, `district, province` or `tehsil, district, province`.
    pub area: String,
    /// How many; `null` where too few to publish.
    pub count: Option<u64>,
}

/// A design as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    counts: Counts,
    beneficiary: Option<bool>,
    criteria: Criteria,
}

impl Counted {
    /// Reads a design; `None` for one with a word that this register does not know.
    #[must_use]
    pub fn parse(design: &Design) -> Option<Self> {
        /// A word that the register does not know.
        struct Unknown;
        fn read<T>(word: Option<&str>, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Unknown> {
            word.map(|word| parse(word).ok_or(Unknown)).transpose()
        }
        let criteria = Criteria {
            assets: design.assets.clone(),
            head_gender: read(design.head_gender.as_deref(), Gender::parse).ok()?,
            members_min: design.members_min,
            members_max: design.members_max,
            member_age_min: design.member_age_min,
            member_age_max: design.member_age_max,
            member_disability: read(design.member_disability.as_deref(), DisabilityAsked::parse).ok()?,
            member_employment: read(design.member_employment.as_deref(), Employment::parse).ok()?,
        };
        criteria.check().ok()?;
        Some(Self { counts: design.counts, beneficiary: design.beneficiary, criteria })
    }

    /// How many a household brings to the count: its members who fit, or itself.
    #[must_use]
    pub fn in_household(&self, gharana: &Gharana, on: Day) -> u64 {
        if self.beneficiary.is_some_and(|paid| paid != gharana.household.beneficiary) {
            return 0;
        }
        match self.counts {
            Counts::Members => self.criteria.members_met_by(gharana, on),
            Counts::Households => self.criteria.are_met_by(gharana, on).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_has_a_title_in_both_languages() {
        for &table in Table::ALL {
            assert_eq!(Table::parse(table.as_str()), Some(table));
            assert!(!table.title().is_empty());
            assert!(table.title_ur().chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)));
        }
    }
}

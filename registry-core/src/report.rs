//! Public statistics: counts by area, small cells hidden so that nobody can be picked out (R155).

use std::collections::BTreeMap;

use exchange::report::Design;

use crate::{
    date::Day,
    household::{Employment, Gharana},
    identifier::words,
    limits::REPORT_CELL_MIN,
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
        Some(Self { beneficiary: design.beneficiary, criteria })
    }

    /// How many a household brings to the count: its members who fit, or itself.
    #[must_use]
    pub fn in_household(&self, members: bool, gharana: &Gharana, on: Day) -> u64 {
        if self.beneficiary.is_some_and(|paid| paid != gharana.household.beneficiary) {
            return 0;
        }
        if members { self.criteria.members_met_by(gharana, on) } else { self.criteria.are_met_by(gharana, on).into() }
    }
}

/// Turns counts into what may be published, in the order of the areas.
///
/// A cell under [`REPORT_CELL_MIN`] is hidden. A table by province is published too, so a reader could subtract: within
/// a province the smallest cells are hidden further until at least two are, they sum to the floor or more, and they are
/// not all the least or all the most that a hidden cell can be, which their sum would tell. The same again holds within a
/// district, of its tehsils.
#[must_use]
pub fn publish(mut cells: Vec<Cell>) -> Vec<Row> {
    cells.sort();
    let mut provinces: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    let mut districts: BTreeMap<(&str, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| !cell.district.is_empty()) {
        provinces.entry(&cell.province).or_default().push(cell);
        if !cell.tehsil.is_empty() {
            districts.entry((&cell.province, &cell.district)).or_default().push(cell);
        }
    }
    let of_province = |(name, cells)| (name, floor_of(cells, REPORT_CELL_MIN));
    let by_province: BTreeMap<&str, u64> = provinces.into_iter().map(of_province).collect();
    let floor_in = |province: &str| by_province.get(province).copied().unwrap_or(REPORT_CELL_MIN);
    let by_district: BTreeMap<_, u64> =
        districts.into_iter().map(|(name, cells)| (name, floor_of(cells, floor_in(name.0)))).collect();
    let row = |cell: &Cell| {
        let (province, district) = (cell.province.as_str(), cell.district.as_str());
        let floor = by_district.get(&(province, district)).copied().unwrap_or_else(|| floor_in(province));
        let names = [cell.tehsil.as_str(), district, province];
        let area = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
        Row { area, count: (cell.count >= floor).then_some(cell.count) }
    };
    cells.iter().map(row).collect()
}

/// The smallest count, not under `least`, that may be shown among the areas of one larger area.
fn floor_of(mut cells: Vec<&Cell>, least: u64) -> u64 {
    cells.sort_by_key(|cell| cell.count);
    let mut floor = least;
    let (mut hidden, mut sum, mut largest) = (0, 0_u64, 0);
    let smallest = cells.first().map_or(0, |cell| cell.count);
    for cell in cells {
        let told = smallest == largest && [1, REPORT_CELL_MIN - 1].contains(&largest);
        let exposed = hidden > 0 && (hidden < 2 || sum < REPORT_CELL_MIN || told);
        if cell.count >= floor {
            if !exposed {
                break;
            }
            floor = cell.count.saturating_add(1);
        }
        hidden += 1;
        sum = sum.saturating_add(cell.count);
        largest = cell.count;
    }
    floor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(province: &str, district: &str, count: u64) -> Cell {
        Cell { province: province.into(), district: district.into(), tehsil: String::new(), count }
    }

    #[test]
    fn a_small_cell_is_hidden_and_cannot_be_subtracted() {
        let check = |counts: &[u64], expected: &[Option<u64>]| {
            let cells = counts.iter().enumerate().map(|(i, &n)| cell("P", &format!("d{i}"), n)).collect();
            let got: Vec<_> = publish(cells).into_iter().map(|row| row.count).collect();
            assert_eq!(got, expected, "{counts:?}");
        };
        check(&[10, 11, 12], &[Some(10), Some(11), Some(12)]);
        check(&[9, 11, 12], &[None, None, Some(12)]);
        check(&[9, 2, 12], &[None, None, Some(12)]);
        check(&[3, 2, 12, 40], &[None, None, None, Some(40)]);
        check(&[9, 12, 12], &[None, None, None]);
        check(&[9], &[None]);
        check(&[], &[]);
    }

    #[test]
    fn provinces_do_not_hide_each_other() {
        let rows = publish(vec![cell("B", "", 9), cell("A", "", 10)]);
        let got: Vec<_> = rows.iter().map(|row| (row.area.as_str(), row.count)).collect();
        assert_eq!(got, [("A", Some(10)), ("B", None)]);
    }

    #[test]
    fn every_report_has_a_title_in_both_languages() {
        for &table in Table::ALL {
            assert_eq!(Table::parse(table.as_str()), Some(table));
            assert!(!table.title().is_empty());
            assert!(table.title_ur().chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)));
        }
    }
}

#[cfg(test)]
#[path = "report_laws.rs"]
mod laws;

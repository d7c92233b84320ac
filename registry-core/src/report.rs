//! Public statistics: counts by area, small cells hidden so that nobody can be picked out (R155).

use std::collections::BTreeMap;

use crate::{identifier::words, limits::REPORT_CELL_MIN};

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
    /// How many.
    pub count: u64,
}

/// One published row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// Province, or `district, province`.
    pub area: String,
    /// How many; `null` where too few to publish.
    pub count: Option<u64>,
}

/// Turns counts into what may be published, in the order of the areas.
///
/// A cell under [`REPORT_CELL_MIN`] is hidden. A table by province is published too, so a reader could subtract: within
/// a province the smallest cells are hidden further until at least two are, they sum to the floor or more, and they are
/// not all the least or all the most that a hidden cell can be, which their sum would tell.
#[must_use]
pub fn publish(mut cells: Vec<Cell>) -> Vec<Row> {
    cells.sort();
    let mut provinces: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| !cell.district.is_empty()) {
        provinces.entry(&cell.province).or_default().push(cell);
    }
    let floors: BTreeMap<&str, u64> = provinces.into_iter().map(|(name, cells)| (name, floor_of(cells))).collect();
    let row = |cell: &Cell| {
        let floor = floors.get(cell.province.as_str()).copied().unwrap_or(REPORT_CELL_MIN);
        let area = match cell.district.as_str() {
            "" => cell.province.clone(),
            district => format!("{district}, {}", cell.province),
        };
        Row { area, count: (cell.count >= floor).then_some(cell.count) }
    };
    cells.iter().map(row).collect()
}

/// The smallest count that may be shown among the districts of one province.
fn floor_of(mut cells: Vec<&Cell>) -> u64 {
    cells.sort_by_key(|cell| cell.count);
    let mut floor = REPORT_CELL_MIN;
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
        Cell { province: province.into(), district: district.into(), count }
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

//! Real provinces, districts and tehsils, and where people live among them.

use std::sync::LazyLock;

use super::prng::Chance;

/// One tehsil with what a number and an address say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    /// Province or territory.
    pub(super) province: &'static Province,
    /// District.
    pub(super) district: &'static str,
    /// Tehsil.
    pub(super) tehsil: &'static str,
    /// Place of the district within its province, from 0.
    pub(super) district_code: u8,
    /// Place of the tehsil within its district, from 0.
    pub(super) tehsil_code: u8,
}

/// A province or territory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Province {
    /// Its name in the data.
    pub(super) name: &'static str,
    /// First digit of its numbers. Five sources agree on 1 to 7 (design/registry.md, 2.4); 8 for Azad Kashmir is common
    /// belief and not confirmed.
    pub(super) digit: u8,
    /// Share of the population, in thousandths (census of 2023, rounded; the two territories outside it estimated).
    pub(super) per_mille: u64,
    /// South, north, west, east in whole degrees, well inside its borders: points are spread over it at random, since no
    /// position of any tehsil was at hand.
    pub(super) degrees: [i32; 4],
}

const PROVINCES: &[Province] = &[
    Province { name: "Punjab", digit: 3, per_mille: 514, degrees: [29, 32, 71, 73] },
    Province { name: "Sindh", digit: 4, per_mille: 225, degrees: [25, 28, 67, 69] },
    Province { name: "Khyber Pakhtunkhwa", digit: 1, per_mille: 165, degrees: [33, 35, 71, 72] },
    Province { name: "Balochistan", digit: 5, per_mille: 60, degrees: [27, 30, 64, 67] },
    Province { name: "Islamabad Capital Territory", digit: 6, per_mille: 10, degrees: [33, 34, 73, 74] },
    Province { name: "Azad Kashmir", digit: 8, per_mille: 18, degrees: [33, 34, 73, 74] },
    Province { name: "Gilgit-Baltistan", digit: 7, per_mille: 8, degrees: [35, 36, 74, 76] },
];

static AREAS: LazyLock<Vec<Vec<Vec<Area>>>> = LazyLock::new(|| read(include_str!("../../data/admin_units.csv")));

/// Provinces by districts by tehsils, in the order of [`PROVINCES`] and of the file.
fn read(csv: &'static str) -> Vec<Vec<Vec<Area>>> {
    PROVINCES.iter().map(|province| districts(csv, province)).collect()
}

fn districts(csv: &'static str, province: &'static Province) -> Vec<Vec<Area>> {
    let mut districts: Vec<Vec<Area>> = Vec::new();
    for line in csv.lines() {
        let mut columns = line.split(',');
        let (Some(name), Some(district), Some(tehsil)) = (columns.next(), columns.next(), columns.next()) else {
            continue;
        };
        if name != province.name {
            continue;
        }
        // A district without tehsils in the data is its own.
        let tehsil = if tehsil.is_empty() { district } else { tehsil };
        if districts.last().and_then(|last| last.first()).is_none_or(|area| area.district != district) {
            districts.push(Vec::new());
        }
        let district_code = u8::try_from(districts.len().saturating_sub(1)).unwrap_or(u8::MAX);
        if let Some(last) = districts.last_mut() {
            let tehsil_code = u8::try_from(last.len()).unwrap_or(u8::MAX);
            last.push(Area { province, district, tehsil, district_code, tehsil_code });
        }
    }
    districts
}

/// A tehsil: provinces by their share, districts and tehsils within them alike.
pub(super) fn anywhere(chance: &mut Chance) -> Option<Area> {
    let mut left = chance.below(1000);
    let place = PROVINCES.iter().position(|province| match left.checked_sub(province.per_mille) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    let districts = AREAS.get(place.unwrap_or(0))?;
    chance.pick(districts).and_then(|district| chance.pick(district)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_has_149_districts_and_601_tehsils() {
        let districts: usize = AREAS.iter().map(Vec::len).sum();
        let tehsils: usize = AREAS.iter().flatten().map(Vec::len).sum();
        let own = AREAS.iter().flatten().flatten().filter(|a| a.province.name == "Gilgit-Baltistan").count();
        assert_eq!((districts, tehsils - own), (149, 601));
    }

    #[test]
    fn people_live_in_every_province_by_its_share() {
        assert_eq!(PROVINCES.iter().map(|province| province.per_mille).sum::<u64>(), 1000);
        let mut chance = Chance::new(1, 1);
        let areas: Vec<_> = (0..10_000).filter_map(|_| anywhere(&mut chance)).collect();
        for province in PROVINCES {
            let expected = usize::try_from(province.per_mille * 10).unwrap();
            let lived = areas.iter().filter(|area| area.province == province).count();
            assert!(lived.abs_diff(expected) < 30 + expected / 10, "{}: {lived}", province.name);
        }
    }
}

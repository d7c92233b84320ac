//! Cell suppression: which counts of a table by area may be published, so that nobody can be picked out (R155).
//!
//! Of one count there can be a table by province, by district and by tehsil, and a reader who has all three subtracts. So all
//! three are decided together: an area is hidden in a table for what it would tell together with the others.

use std::collections::BTreeMap;

use exchange::report::Level;

use crate::{
    limits::REPORT_CELL_MIN,
    report::{Cell, Row},
};

/// What is hidden among the areas of one larger area.
struct Hidden<'a> {
    areas: Vec<&'a str>,
    /// Whether even so the total of the larger area would tell one of them: then that total is hidden too.
    telling: bool,
}

/// Turns counts by the smallest areas that they know into the rows of a table, in the order of the areas. A count that knows no
/// tehsils, or no districts, leaves them empty.
///
/// Within a larger area an area under [`REPORT_CELL_MIN`] is hidden, and so many of the smallest others that at least two are,
/// that they sum to the floor or more, and that they are not all the least or all the most that such an area can count, which
/// their sum would tell. Where nothing more is left to hide, the larger area is. Of a hidden area no part is shown.
#[must_use]
pub fn publish(cells: &[Cell], by: Level) -> Vec<Row> {
    let mut provinces: BTreeMap<&str, BTreeMap<&str, BTreeMap<&str, u64>>> = BTreeMap::new();
    for cell in cells {
        let districts = provinces.entry(&cell.province).or_default();
        let count = districts.entry(&cell.district).or_default().entry(&cell.tehsil).or_default();
        *count = count.saturating_add(cell.count);
    }
    provinces.iter().flat_map(|(province, districts)| of_province(province, districts, by)).collect()
}

fn of_province(province: &str, districts: &BTreeMap<&str, BTreeMap<&str, u64>>, by: Level) -> Vec<Row> {
    let total = |tehsils: &BTreeMap<&str, u64>| tehsils.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    let tehsils: BTreeMap<&str, Hidden<'_>> = districts
        .iter()
        .map(|(district, tehsils)| (*district, hide(tehsils.iter().map(|(tehsil, count)| (*tehsil, *count, false)))))
        .collect();
    let telling = |district: &str| tehsils.get(district).is_some_and(|hidden| hidden.telling);
    let hidden = hide(districts.iter().map(|(district, of)| (*district, total(of), telling(district))));
    let whole = districts.values().fold(0, |sum: u64, of| sum.saturating_add(total(of)));
    let row = |area: &[&str], count: u64, hides: bool| {
        let named: Vec<_> = area.iter().copied().filter(|name| !name.is_empty()).collect();
        Row { area: named.join(", "), count: (!hides).then_some(count) }
    };
    let hides = |district: &str| hidden.areas.contains(&district);
    match by {
        Level::Province => vec![row(&[province], whole, hidden.telling || whole < REPORT_CELL_MIN)],
        Level::District => {
            districts.iter().map(|(district, of)| row(&[district, province], total(of), hides(district))).collect()
        }
        Level::Tehsil => {
            let of_district = |(district, of): (&&str, &BTreeMap<&str, u64>)| {
                let of_tehsil = |(tehsil, count): (&&str, &u64)| {
                    let own = tehsils.get(district).is_none_or(|hidden| hidden.areas.contains(tehsil));
                    row(&[tehsil, district, province], *count, own || hides(district))
                };
                of.iter().map(of_tehsil).collect::<Vec<_>>()
            };
            districts.iter().flat_map(of_district).collect()
        }
    }
}

/// Hides among areas with their counts; an area whose own parts would tell it is hidden whatever it counts.
fn hide<'a>(areas: impl Iterator<Item = (&'a str, u64, bool)>) -> Hidden<'a> {
    let small = |area: &(&str, u64, bool)| area.2 || area.1 < REPORT_CELL_MIN;
    let (mut hidden, mut shown): (Vec<_>, Vec<_>) = areas.partition(small);
    shown.sort_by_key(|(_, count, _)| *count);
    while exposed(&hidden) && !shown.is_empty() {
        let smallest = shown.first().map(|(_, count, _)| *count);
        // Equal counts go together, so that names do not decide.
        let equal = shown.iter().take_while(|(_, count, _)| Some(*count) == smallest).count();
        hidden.extend(shown.drain(..equal));
    }
    let telling = shown.is_empty() && exposed(&hidden);
    Hidden { areas: hidden.into_iter().map(|(area, ..)| area).collect(), telling }
}

/// Whether a reader who knows the sum of these hidden areas, and this rule, works one of them out.
fn exposed(hidden: &[(&str, u64, bool)]) -> bool {
    let sum = hidden.iter().fold(0, |sum: u64, (_, count, _)| sum.saturating_add(*count));
    let all = |least: u64| hidden.iter().all(|(_, count, _)| *count == least);
    !hidden.is_empty() && (hidden.len() < 2 || sum < REPORT_CELL_MIN || all(1) || all(REPORT_CELL_MIN - 1))
}

#[cfg(test)]
#[path = "suppression_laws.rs"]
mod laws;

//! A published report cannot single out a person: held against a reader who subtracts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn cell(province: &str, district: &str, count: u64) -> Cell {
    Cell { province: province.into(), district: district.into(), tehsil: String::new(), count }
}

/// Districts of one province with these counts.
fn districts(province: &str, counts: &[u64]) -> Vec<Cell> {
    counts.iter().enumerate().map(|(place, &count)| cell(province, &format!("d{place:03}"), count)).collect()
}

fn told(cells: &[Cell], by: Level) -> Vec<Option<u64>> {
    publish(cells, by).into_iter().map(|row| row.count).collect()
}

fn shown(cells: &[Cell]) -> Vec<Option<u64>> {
    told(cells, Level::District)
}

/// What a reader of both tables sees of one province: its districts and its total.
fn seen(counts: &[u64]) -> (Vec<Option<u64>>, Option<u64>) {
    let cells = districts("P", counts);
    (told(&cells, Level::District), told(&cells, Level::Province)[0])
}

/// Every vector of so many counts from 1 to `most`.
fn vectors(districts: usize, most: u64) -> Vec<Vec<u64>> {
    (0..districts).fold(vec![Vec::new()], |shorter, _| {
        let longer = |start: Vec<u64>| (1..=most).map(move |count| [start.clone(), vec![count]].concat());
        shorter.into_iter().flat_map(longer).collect()
    })
}

#[test]
fn a_reader_who_subtracts_cannot_work_out_a_hidden_cell() {
    // All registers of two or three districts that look alike to the reader: each hidden cell must differ among them.
    for (number, most) in [(1, 30), (2, 30), (3, 22)] {
        let mut alike: BTreeMap<_, Vec<Vec<u64>>> = BTreeMap::new();
        for counts in vectors(number, most) {
            alike.entry(seen(&counts)).or_default().push(counts);
        }
        for ((rows, total), registers) in alike {
            let hidden: Vec<_> = (0..number).filter(|place| rows[*place].is_none()).collect();
            let shown: u64 = rows.iter().flatten().sum();
            // Registers with larger counts were not tried: what sums beyond them has fewer twins than it should.
            if total.is_some_and(|total| total - shown > most) {
                continue;
            }
            for place in hidden {
                let candidates: BTreeSet<_> = registers.iter().map(|counts| counts[place]).collect();
                assert!(candidates.len() > 1, "district {place} of {rows:?}, total {total:?}, is {candidates:?}");
            }
        }
    }
}

#[test]
fn what_is_shown_reaches_the_floor_and_is_the_count() {
    for counts in vectors(3, 13) {
        let rows = shown(&districts("P", &counts));
        for (row, &count) in rows.iter().zip(&counts) {
            assert!(row.is_none_or(|shown| shown == count && shown >= REPORT_CELL_MIN), "{counts:?} {rows:?}");
            assert!(count >= REPORT_CELL_MIN || row.is_none(), "{counts:?} {rows:?}");
        }
    }
}

#[test]
fn the_floor_is_ten_to_the_person() {
    let check = |counts: &[u64], expected: &[Option<u64>]| {
        assert_eq!(shown(&districts("P", counts)), expected, "{counts:?}");
    };
    check(&[10], &[Some(10)]);
    check(&[9], &[None]);
    check(&[9, 9], &[None, None]);
    check(&[9, 9, 10, 11], &[None, None, None, Some(11)]);
    check(&[8, 9, 10, 11], &[None, None, Some(10), Some(11)]);
    check(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 30, 31], &[[None; 11].as_slice(), &[Some(31)]].concat());
    check(&[5, 5, 10], &[None, None, Some(10)]);
    check(&[4, 5, 10], &[None, None, None]);
    check(&[4, 5, 10, 11], &[None, None, None, Some(11)]);
    check(&[1, 500, 500, 501], &[None, None, None, Some(501)]);
    check(&[1, 1, 500], &[None, None, None]);
    check(&[u64::MAX], &[Some(u64::MAX)]);
    check(&[9, 9, u64::MAX - 1], &[None, None, None]);
}

#[test]
fn a_province_is_hidden_for_its_own_smallness_only() {
    let rows = publish(&[cell("C", "", 9), cell("A", "d", 10), cell("B", "d", 1_000)], Level::Province);
    let got: Vec<_> = rows.iter().map(|row| (row.area.as_str(), row.count)).collect();
    assert_eq!(got, [("A", Some(10)), ("B", Some(1_000)), ("C", None)]);
}

#[test]
fn districts_of_the_same_name_stay_in_their_provinces() {
    let cells = vec![cell("B", "Same", 9), cell("A", "Same", 50), cell("B", "Other", 60), cell("A", "Other", 70)];
    let rows = publish(&cells, Level::District);
    let got: Vec<_> = rows.iter().map(|row| (row.area.as_str(), row.count)).collect();
    assert_eq!(got, [("Other, A", Some(70)), ("Same, A", Some(50)), ("Other, B", None), ("Same, B", None)]);
}

#[test]
fn a_row_in_json_says_null_where_it_may_not_say() {
    let rows = publish(&[cell("A", "One", 3), cell("A", "Two", 30), cell("A", "Three", 300)], Level::District);
    let golden = r#"[{"area":"One, A","count":null},{"area":"Three, A","count":300},{"area":"Two, A","count":null}]"#;
    assert_eq!(serde_json::to_string(&rows).unwrap(), golden);
}

fn registers() -> impl Strategy<Value = Vec<Vec<u64>>> {
    prop::collection::vec(prop::collection::vec(1_u64..40, 1..12), 1..5)
}

fn cells(register: &[Vec<u64>]) -> Vec<Cell> {
    let provinces = register.iter().enumerate();
    provinces.flat_map(|(place, counts)| districts(&format!("P{place}"), counts)).collect()
}

/// Whether hidden cells cannot be worked out from their sum, smallest shown count and the rule itself.
fn safe(hidden: &[u64]) -> bool {
    let all = |count| hidden.iter().all(|other| *other == count);
    hidden.len() >= 2 && hidden.iter().sum::<u64>() >= REPORT_CELL_MIN && !all(1) && !all(REPORT_CELL_MIN - 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn hidden_cells_are_at_least_two_and_sum_to_the_floor(register in registers()) {
        for counts in &register {
            let rows = shown(&districts("P", counts));
            let hidden: Vec<_> = counts.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(n, _)| *n).collect();
            prop_assert!(hidden.is_empty() || hidden.len() == counts.len() || safe(&hidden), "{:?} {:?}", counts, rows);
        }
    }

    #[test]
    fn no_more_is_hidden_than_must_be(register in registers()) {
        for counts in &register {
            let rows = shown(&districts("P", counts));
            let mut hidden: Vec<_> =
                counts.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(n, _)| *n).collect();
            hidden.sort_unstable();
            // Without the largest hidden count, and all equal to it, the rest would be too few or too small.
            if let Some(&largest) = hidden.last().filter(|largest| **largest >= REPORT_CELL_MIN) {
                let rest: Vec<_> = hidden.iter().copied().filter(|count| *count < largest).collect();
                prop_assert!(!rest.is_empty() && !safe(&rest), "{:?} {:?}", counts, rows);
            }
            let smallest_shown = rows.iter().flatten().min().copied().unwrap_or(u64::MAX);
            prop_assert!(hidden.iter().all(|count| *count < smallest_shown), "{:?} {:?}", counts, rows);
        }
    }

    #[test]
    fn provinces_and_the_order_of_cells_do_not_matter(register in registers(), turn in 0_usize..40) {
        let whole = publish(&cells(&register), Level::District);
        let mut turned = cells(&register);
        let by = turn % turned.len();
        turned.rotate_left(by);
        prop_assert_eq!(&publish(&turned, Level::District), &whole);
        let apart: Vec<_> = register.iter().enumerate()
            .flat_map(|(place, counts)| publish(&districts(&format!("P{place}"), counts), Level::District))
            .collect();
        prop_assert_eq!(apart, whole);
    }

    #[test]
    fn a_report_has_a_row_for_every_cell_and_sums_to_no_more(register in registers()) {
        let rows = publish(&cells(&register), Level::District);
        prop_assert_eq!(rows.len(), register.iter().map(Vec::len).sum::<usize>());
        let told: u64 = rows.iter().filter_map(|row| row.count).sum();
        prop_assert!(told <= register.iter().flatten().sum());
        let areas: BTreeSet<_> = rows.iter().map(|row| &row.area).collect();
        prop_assert_eq!(areas.len(), rows.len());
    }
}

/// Tehsils of two districts of one province.
fn tehsils(counts: [&[u64]; 2]) -> Vec<Cell> {
    let of = |(district, counts): (usize, &&[u64])| {
        let cell = |(place, &count): (usize, &u64)| Cell {
            province: "P".into(),
            district: format!("d{district}"),
            tehsil: format!("t{place}"),
            count,
        };
        counts.iter().enumerate().map(cell).collect::<Vec<_>>()
    };
    counts.iter().enumerate().flat_map(of).collect()
}

/// What a reader of all three tables sees.
type Seen = [Vec<Option<u64>>; 3];

fn all_seen(cells: &[Cell]) -> Seen {
    [Level::Province, Level::District, Level::Tehsil].map(|by| told(cells, by))
}

#[test]
fn a_tehsil_is_hidden_from_a_reader_of_its_district_and_of_its_province() {
    let check = |counts: [&[u64]; 2], expected: &[Option<u64>]| {
        assert_eq!(told(&tehsils(counts), Level::Tehsil), expected, "{counts:?}");
    };
    check([&[20, 30], &[40, 50]], &[Some(20), Some(30), Some(40), Some(50)]);
    check([&[5, 20, 30], &[40, 50]], &[None, None, Some(30), Some(40), Some(50)]);
    // A district that is hidden takes another with it, and no tehsil of either is shown.
    check([&[5], &[40, 50, 60]], &[None, None, None, None]);
    check([&[5], &[40]], &[None, None]);
}

#[test]
fn a_district_that_its_only_tehsil_would_tell_is_not_told() {
    // Five are hidden beside twelve in the table by district: the twelve may not stand in the table by tehsil.
    let cells = [("D1", "t", 5), ("D2", "t", 12), ("D3", "t", 10), ("D3", "u", 30)];
    let cells = cells.map(|(district, tehsil, count)| Cell { tehsil: tehsil.into(), ..cell("P", district, count) });
    assert_eq!(told(&cells, Level::District), [None, None, Some(40)]);
    assert_eq!(told(&cells, Level::Tehsil), [None, None, Some(10), Some(30)]);
    assert_eq!(told(&cells, Level::Province), [Some(57)]);
}

#[test]
fn a_total_that_tells_all_of_its_parts_is_hidden() {
    let province = |counts: &[u64]| told(&districts("P", counts), Level::Province)[0];
    assert_eq!(province(&[1; 12]), None, "twelve hidden districts of a total of twelve are one each");
    assert_eq!(province(&[9; 3]), None, "three of 27 are nine each, the most that a small one counts");
    assert_eq!(province(&[1, 1, 10]), Some(12));
    let ones = tehsils([&[1; 12], &[40, 50]]);
    assert_eq!(told(&ones, Level::District), [None, None], "nor does the district of twelve ones say twelve");
}

/// Registers of two districts with so many tehsils each, every count from 1 to `most`.
fn shapes(first: usize, second: usize, most: u64) -> impl Iterator<Item = Vec<Cell>> {
    vectors(first + second, most).into_iter().map(move |counts| {
        let (a, b) = counts.split_at(first);
        tehsils([a, b])
    })
}

#[test]
fn a_reader_of_all_three_tables_cannot_work_out_a_hidden_area() {
    for (first, second, most) in [(1, 1, 24), (1, 2, 20), (2, 2, 13)] {
        let mut alike: BTreeMap<Seen, Vec<Vec<u64>>> = BTreeMap::new();
        for cells in shapes(first, second, most) {
            alike.entry(all_seen(&cells)).or_default().push(cells.iter().map(|cell| cell.count).collect());
        }
        for (seen, registers) in alike {
            // Registers with larger counts were not tried: what could be beyond them has fewer twins than it should.
            if registers.iter().any(|counts| counts.iter().any(|count| *count + 1 >= most)) {
                continue;
            }
            let [_, by_district, by_tehsil] = &seen;
            let of_district = |counts: &[u64], place: usize| -> u64 {
                if place == 0 { counts[..first].iter().sum() } else { counts[first..].iter().sum() }
            };
            for (place, _) in by_tehsil.iter().enumerate().filter(|(_, row)| row.is_none()) {
                let candidates: BTreeSet<_> = registers.iter().map(|counts| counts[place]).collect();
                assert!(candidates.len() > 1, "tehsil {place} of {seen:?} is {candidates:?}");
            }
            for (place, _) in by_district.iter().enumerate().filter(|(_, row)| row.is_none()) {
                let candidates: BTreeSet<_> = registers.iter().map(|counts| of_district(counts, place)).collect();
                assert!(candidates.len() > 1, "district {place} of {seen:?} is {candidates:?}");
            }
        }
    }
}

//! The truth table, and that the rules are data: another day or another list is another answer.

use super::*;
use crate::Bundle;

const TABLE: &str = "cases/citizenship.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    as_of: Day,
    facts: Facts,
    basis: Basis,
    section: String,
    version: String,
}

fn table() -> Vec<Row> {
    parse::read::<Table>(TABLE, Source::embedded().file(TABLE).unwrap()).unwrap().case
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// The embedded rules with one passage changed.
fn changed(from: &str, to: &str) -> Source {
    let text = Source::embedded().file(FILE).unwrap().to_owned();
    assert!(text.contains(from), "{FILE} has no `{from}` any more");
    Source::embedded().with(FILE, &text.replacen(from, to, 1))
}

#[test]
fn every_row_of_the_table_holds() {
    let bundle = Bundle::embedded().unwrap();
    let rows = table();
    for row in &rows {
        let found = bundle.citizenship().as_of(row.as_of).unwrap().find(&row.facts);
        assert_eq!((found.basis, found.version), (row.basis, row.version.as_str()), "{}", row.name);
        assert!(found.section.contains(&row.section), "{}: {}", row.name, found.section);
    }
    let names: BTreeSet<_> = rows.iter().map(|row| &row.name).collect();
    assert!(rows.len() >= 40 && names.len() == rows.len(), "{} rows", rows.len());
    let bases = [Basis::Birth, Basis::Descent, Basis::Migration, Basis::Naturalisation, Basis::NotDetermined];
    assert!(bases.iter().all(|basis| rows.iter().any(|row| row.basis == *basis)));
}

#[test]
fn the_same_facts_as_of_two_days_have_two_answers() {
    let rules = read(&changed("id = \"draft-17.3\"", "id = \"draft-17.3\"\nsince = \"2027-07-01\"")).unwrap();
    let find = |facts: &Facts, on: &str| {
        let found = rules.as_of(day(on)).unwrap().find(facts);
        (found.basis, found.version.to_owned())
    };
    let born_here = Facts {
        place: Place::Pakistan,
        born: day("2010-01-01"),
        father: Parent::Foreign,
        mother: Parent::Foreign,
        migration: None,
        naturalised: None,
    };
    assert_eq!(find(&born_here, "2027-06-30"), (Basis::Birth, "ordinance-2000".to_owned()));
    assert_eq!(find(&born_here, "2027-07-01"), (Basis::NotDetermined, "draft-17.3".to_owned()));
    let by_mother =
        Facts { place: Place::Abroad, born: day("1980-01-01"), mother: Parent::Citizen, ..born_here.clone() };
    assert_eq!(find(&by_mother, "2027-06-30").0, Basis::NotDetermined);
    assert_eq!(find(&by_mother, "2027-07-01").0, Basis::Descent, "section 5 reaches back");
}

#[test]
fn a_draft_finds_nothing_and_nothing_is_found_before_the_act() {
    let rules = read(&Source::embedded()).unwrap();
    assert_eq!(rules.as_of(day("9999-12-31")).unwrap().id, "ordinance-2000");
    assert_eq!(rules.as_of(day("1951-04-12")), None);
}

#[test]
fn a_second_nationality_is_kept_if_it_is_listed() {
    let rules = read(&Source::embedded()).unwrap();
    assert_eq!(rules.second_nationality("XX"), Second::Case, "the papers list none");
    let rules = read(&changed("kept = []", "kept = [\"XA\"]")).unwrap();
    assert_eq!(rules.second_nationality("XA"), Second::Kept);
    assert_eq!(rules.second_nationality("XB"), Second::Case);
}

#[test]
fn rules_that_are_not_whole_are_refused_with_their_file() {
    let check = |from: &str, to: &str, reason: &str| {
        let error = Bundle::load(&changed(from, to)).unwrap_err();
        let found = error.problems().iter().any(|problem| problem.file == FILE && problem.reason.contains(reason));
        assert!(found, "wanted `{reason}`: {error}");
    };
    check("id = \"ordinance-2000\"", "id = \"act-1951\"", "`act-1951` is listed twice");
    check("since = \"2000-04-18\"", "since = \"1951-04-13\"", "begins on the day of another");
    check("since = \"2000-04-18\"", "since = \"2000-02-30\"", "not a day of the calendar");
    check("title = \"Pakistan Citizenship Act, 1951\"", "title = \"\"", "`act-1951` needs a title and a source");
    check("kept = []", "kept = [\"uk\"]", "`uk` is not a country's code");
    check("section_4 = true", "section_five = true", "unknown field `section_five`");
    let error = Bundle::load(&Source::embedded().without(FILE)).unwrap_err();
    assert_eq!(error.problems(), [Problem::new(FILE, "is missing")]);
}
